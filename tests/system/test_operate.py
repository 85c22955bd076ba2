"""A bot in a process of its own, driven from a second one through every verb, killed, restarted."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

STRATEGY = '''
import os
import time

import backtrader as bt


class Busy(bt.Strategy):
    """Buys a little on every other live bar; rests one far order; hangs while a file is there."""

    params = (("hang", ""),)

    def __init__(self):
        self.order = None
        self.resting = None
        self.live = False

    def notify_data(self, data, status, *args, **kwargs):
        self.live = status == data.LIVE

    def notify_order(self, order):
        if self.order is not None and order.ref == self.order.ref and not order.alive():
            self.order = None

    def next(self):
        if not self.live:
            return
        if self.resting is None:
            price = self.data.close[0] / 2
            self.resting = self.buy(size=0.001, exectype=bt.Order.Limit, price=price)
        while self.p.hang and os.path.exists(self.p.hang):
            self.buy(size=0.001)
            time.sleep(0.02)
        if self.order is None:
            self.order = self.buy(size=0.001)
'''


class Bot:
    """The bot's process, and a second terminal."""

    def __init__(self, folder, simulator):
        self.folder = folder
        self.simulator = simulator
        self.hang = folder / "hang"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("RT_")}
        self.environment = clean | {
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        (folder / "busy.py").write_text(STRATEGY)
        self.process = None

    def start(self):
        keys = {
            "RT_ENDPOINT": self.simulator.endpoint,
            "RT_APIKEY": self.simulator.apikey.reveal(),
            "RT_SECRET": self.simulator.secret.reveal(),
        }
        words = "run -s busy.py --timeframe 1s --warm-up 10 --mode testnet --bot busy"
        self.log = (self.folder / "bot.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "real_trade.cli", *words.split(), "-p", f"hang={self.hang}"],
            cwd=self.folder,
            env=self.environment | keys,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def type(self, *words, code=0):
        """Type a command in the second terminal, which has no keys."""
        done = subprocess.run(
            [sys.executable, "-m", "real_trade.cli", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}{self.words()}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def ask(self, *words, code=0):
        return json.loads(self.type(*words, "--output", "json", code=code))

    def words(self):
        return (self.folder / "bot.log").read_text()[-3000:]

    def until(self, what, *words, limit_s=30):
        """Look again and again until `what` is true of what is shown."""
        deadline = time.monotonic() + limit_s
        while True:
            try:
                shown = self.ask(*(words or ("status",)))
            except AssertionError:
                shown = None
            if shown is not None and what(shown):
                return shown
            assert self.process.poll() is None, self.words()
            assert time.monotonic() < deadline, f"{shown}\n{self.words()}"
            time.sleep(0.2)

    def sent(self):
        """Return the orders that the exchange has from this account."""
        return self.simulator.ledger()["accounts"]["default"]["spot"]["orders"]

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None:
            self.log.close()


@pytest.fixture
def bot(tmp_path, simulator):
    bot = Bot(tmp_path, simulator)
    yield bot
    bot.end()


def traded(shown):
    return shown["alive"] and shown["state"] == "live" and shown["positions"]


def none_open(orders):
    return [one for one in orders if one["status"].lower() in {"new", "partially_filled"}]


@pytest.mark.timeout(180)
def test_every_verb_works_from_a_second_terminal_and_a_kill_survives_sigkill(bot):
    before = bot.type("status", code=9)
    assert before == ""
    bot.start()
    shown = bot.until(traded)
    assert (shown["mode"], shown["bot"], shown["pid"]) == ("testnet", "busy", bot.process.pid)
    assert shown["open_orders"] >= 1
    assert shown["schema_version"] == 1

    # Looks
    resting = bot.ask("orders", "--open")["orders"]
    far = [one for one in resting if one["type"] == "limit"]
    assert [one["state"] for one in far] == ["accepted"]
    listed = list(csv.DictReader(io.StringIO(bot.type("trades", "--output", "csv"))))
    assert {one["side"] for one in listed} == {"buy"}
    ledger = {one["client_order_id"] for one in bot.sent()}
    assert {one["client_order_id"] for one in listed} <= ledger
    balance = {one["asset"]: one["total"] for one in bot.ask("balance")["balances"]}
    assert float(balance["BTC"]) > 0
    for verb in ("status", "orders", "trades", "balance"):
        assert "testnet" in bot.type(verb)

    # Cancel, pause, resume
    told = bot.ask("cancel", far[0]["client_order_id"])
    assert (told["verb"], told["state"]) == ("cancel", "done")
    assert bot.ask("cancel", "nonsense", code=1)["state"] == "failed"
    assert bot.ask("pause", "--reason", "lunch")["state"] == "done"
    count = len(bot.sent())
    bot.until(lambda shown: shown["state"] == "paused" and shown["hold_reason"] == "lunch")
    time.sleep(2.5)
    assert len(bot.sent()) == count
    assert bot.ask("resume")["state"] == "done"
    bot.until(lambda _: len(bot.sent()) > count)

    # Flatten
    told = bot.ask("flatten")
    assert told["state"] == "done", told
    assert "closed" in told["detail"]
    assert bot.ask("status")["positions"] == {}
    assert bot.ask("orders", "--open")["orders"] == []
    assert bot.ask("resume")["state"] == "done"
    bot.until(traded)

    # Kill, and a death without a word
    killed = bot.ask("kill", "--reason", "enough")
    assert killed["state"] == "done", killed
    count = len(bot.sent())
    bot.process.send_signal(signal.SIGKILL)
    bot.process.wait()
    shown = bot.ask("status")
    assert (shown["alive"], shown["state"], shown["hold"]) == (False, "dead", "kill")
    assert bot.type("stop", code=3) == ""

    # It comes up killed, and nothing leaves until a person confirms
    bot.start()
    bot.until(lambda shown: shown["alive"] and shown["state"] == "killed")
    time.sleep(2.5)
    assert len(bot.sent()) == count
    assert bot.ask("resume", code=1)["state"] == "failed"
    assert bot.ask("resume", "--confirm")["state"] == "done"
    bot.until(lambda _: len(bot.sent()) > count)

    # Stop
    assert bot.ask("stop")["state"] == "done"
    assert bot.process.wait(10) == 0, bot.words()
    shown = bot.ask("status")
    assert (shown["alive"], shown["state"]) == (False, "stopped")
    assert "stopped by" in shown["reason"]


@pytest.mark.timeout(120)
def test_L2_P10_a_kill_works_while_the_strategy_hangs(bot):
    bot.start()
    bot.until(traded)
    bot.hang.touch()
    count = len(bot.sent())
    deadline = time.monotonic() + 20
    while len(bot.sent()) < count + 5:  # it hangs, and sends order after order
        assert time.monotonic() < deadline, bot.words()
        time.sleep(0.1)
    asked = time.monotonic()
    told = bot.ask("kill")
    assert time.monotonic() - asked < 10
    assert told["state"] == "done", told
    count = len(bot.sent())
    time.sleep(1.0)
    assert len(bot.sent()) == count
    resting = SimpleNamespace(orders=none_open(bot.sent()))
    assert resting.orders == []
    bot.hang.unlink()
    bot.until(lambda shown: shown["state"] == "killed")
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(12) == 6, bot.words()


@pytest.mark.timeout(120)
def test_L2_a_kill_with_flatten_leaves_no_position_and_no_order(bot):
    bot.start()
    bot.until(traded)
    asked = time.monotonic()
    told = bot.ask("kill", "--flatten")
    assert time.monotonic() - asked < 20
    assert (told["verb"], told["state"]) == ("kill", "done")
    shown = bot.ask("status")
    assert (shown["state"], shown["positions"]) == ("killed", {})
    assert none_open(bot.sent()) == []


@pytest.mark.timeout(120)
def test_P03_a_signal_ends_in_order_and_sigusr1_kills(bot):
    bot.start()
    bot.until(traded)
    bot.process.send_signal(signal.SIGUSR1)
    shown = bot.until(lambda shown: shown["state"] == "killed")
    assert "SIGUSR1" in shown["hold_reason"]
    bot.type("resume", "--confirm")
    began = time.monotonic()
    bot.process.send_signal(signal.SIGHUP)
    assert bot.process.wait(12) == 0, bot.words()
    assert time.monotonic() - began < 10
    assert bot.ask("status")["reason"] == "SIGHUP"
