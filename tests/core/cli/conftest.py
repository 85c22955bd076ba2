"""The command line as a user types it, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out.splitlines()[-1])


Typed = Callable[..., Outcome]


@pytest.fixture
def typed(tmp_path) -> Typed:
    """Run `real-trade WORDS…` in an empty folder, without any RT_ variable."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RT_")}

    def run(*words: str, **variables: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "real_trade.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**clean, **variables},
            timeout=100,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def strategy_file(tmp_path):
    path = tmp_path / "cross.py"
    path.write_text(
        "import backtrader as bt\n\n"
        "class Cross(bt.Strategy):\n"
        "    params = (('fast', 5), ('slow', 20))\n"
        "    def __init__(self):\n"
        "        fast = bt.ind.SMA(period=self.p.fast)\n"
        "        self.cross = bt.ind.CrossOver(fast, bt.ind.SMA(period=self.p.slow))\n"
        "    def next(self):\n"
        "        if self.cross[0] > 0 and not self.position:\n"
        "            self.buy()\n"
        "        elif self.cross[0] < 0 and self.position:\n"
        "            self.close()\n"
    )
    return path
