"""A bot that is killed and started again, as real processes on a simulated exchange."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("real_trade.binance")

STRATEGY = """
import backtrader as bt


class Keep(bt.Strategy):
    def __init__(self):
        self.live_bars = 0

    def start(self):
        found = [order.info.name for order in self.broker.get_orders_open()]
        print("FOUND", found, self.getposition().size, flush=True)

    def notify_order(self, order):
        print("TOLD", order.getstatusname(), order.info.get("name"), flush=True)

    def next(self):
        if self.data._laststatus != self.data.LIVE:
            return
        self.live_bars += 1
        if self.live_bars == 1 and not self.position:
            self.buy(size=0.01, name="entry")
            price = self.data.close[0] * 1.1
            self.sell(size=0.005, price=price, exectype=bt.Order.Limit, name="target")
"""


class Bots:
    """Starts `real-trade` on one simulator, with one store, in one folder."""

    def __init__(self, folder: Path, simulator) -> None:
        self.folder = folder
        (folder / "keep.py").write_text(STRATEGY, encoding="utf-8")
        self.environment = os.environ | {
            "RT_ENDPOINT": simulator.endpoint,
            "RT_APIKEY": simulator.apikey.reveal(),
            "RT_SECRET": simulator.secret.reveal(),
            "XDG_DATA_HOME": str(folder / "data"),
        }

    def start(self, log: str) -> subprocess.Popen[bytes]:
        words = ["run", "-s", "keep.py", "--mode", "testnet", "--timeframe", "1s"]
        with (self.folder / log).open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "real_trade.cli", *words],
                cwd=self.folder, env=self.environment, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def ask(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "real_trade.cli", *words],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout or done.stderr

    def open_states(self, seconds: float = 20) -> list[str]:
        """Return the states of open orders as `orders` tells them, once it tells any."""
        end = time.monotonic() + seconds
        states: list[str] = []
        while not states and time.monotonic() < end:
            code, told = self.ask("orders", "--open", "--output", "json")
            assert code == 0, told
            states = [row["state"] for row in json.loads(told)["orders"]]
        return states

    def wait(self, log: str, text: str, seconds: float = 45) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = (self.folder / log).read_text(encoding="utf-8")
            if text in told:
                return told
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come:\n{told}")


@pytest.fixture
def bots(tmp_path, simulator):
    return Bots(tmp_path, simulator)


def test_a_bot_that_is_killed_finds_its_order_and_its_position_and_is_told_nothing_twice(bots):
    first = bots.start("first.log")
    try:
        bots.wait("first.log", "TOLD Completed entry")
        bots.wait("first.log", "TOLD Accepted target")
        second = bots.start("second.log")
        assert second.wait(60) == 8
        assert f"process {first.pid} on" in (bots.folder / "second.log").read_text()
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()

    code, told = bots.ask("reconcile", "--output", "json")
    assert code == 0, told
    compared = json.loads(told)["compared"]
    assert [(row["what"], row["action"]) for row in compared] == [("order", "none")]

    again = bots.start("again.log")
    try:
        told = bots.wait("again.log", "FOUND ['target'] 0.00999")
        bots.wait("again.log", "  equity ")  # bars come
        assert bots.open_states() == ["accepted"]
        code, answer = bots.ask("stop", "--output", "json")
        assert code == 0, answer
        assert again.wait(30) == 0
    finally:
        if again.poll() is None:
            again.kill()
            again.wait()
    assert "TOLD" not in (bots.folder / "again.log").read_text()
