"""The tutorial's commands, as they are printed there, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("real_trade.binance")

ROOT = Path(__file__).parents[2]


def commands():
    text = (ROOT / "docs/tutorial/first-bot.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def typed(tmp_path, simulator):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RT_")}
    clean |= {
        "RT_ENDPOINT": simulator.endpoint,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }

    def type_(line, *more, code=0):
        words = shlex.split(line)
        assert words[0] == "real-trade"
        done = subprocess.run(
            [sys.executable, "-m", "real_trade.cli", *words[1:], *more],
            cwd=tmp_path, env=clean, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        assert done.returncode == code, f"{line}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    return type_


def test_the_tutorial_works_as_it_is_printed(typed, tmp_path):
    lines = commands()
    assert len(lines) >= 7
    for line in lines:
        # The run would go on for hours: this one ends by itself, on bars of a second.
        more = ("--bars", "2", "--timeframe", "1s") if line.startswith("real-trade run") else ()
        told = typed(line, *more)
        assert told
    assert (tmp_path / "real-trade.toml").exists()
    assert (tmp_path / "my_strategy.py").exists()


def test_settings_that_are_there_are_not_overwritten(typed, tmp_path):
    (tmp_path / "real-trade.toml").write_text("# mine\n")
    assert "is there already" in typed("real-trade init", code=3)
    assert (tmp_path / "real-trade.toml").read_text() == "# mine\n"


def test_a_strategy_that_is_there_stays(typed, tmp_path):
    (tmp_path / "my_strategy.py").write_text("# mine\n")
    typed("real-trade init")
    assert (tmp_path / "my_strategy.py").read_text() == "# mine\n"


def test_what_would_be_wrong_is_refused_before_anything_is_written(typed, tmp_path):
    assert "7h" in typed("real-trade init --timeframe 7h", code=3)
    told = typed('real-trade init --symbol "BTC\\"USDT"', code=3)
    assert "leave out quotes" in told
    assert list(tmp_path.glob("*.toml")) == []


def test_what_is_written_is_right_and_limited(typed):
    typed("real-trade init --symbol ETH/USDT --timeframe 15m --cash 500")
    told = typed("real-trade config check")
    assert "ok: paper, ETH/USDT 15m on binance spot" in told
    pytest.importorskip("real_trade.risk")
    assert "max_drawdown_pct" in told
