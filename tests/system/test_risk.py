"""Limits on the simulated exchange: a runaway, a falling market, a restart amid a drawdown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import attrs
import backtrader as bt
import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.risk")
pytest.importorskip("real_trade.simulator")

from real_trade.cli.app import run as real_trade
from real_trade.engine import TradingRunner
from real_trade.engine.parity import ParityPlan, run_modes
from real_trade.model import Bar, Mode, Timeframe
from real_trade.plugins import PluginManager, SimulatedMarket, manager
from real_trade.risk import Limits
from real_trade.risk.plugin import configure
from real_trade.runtime import VirtualRuntime
from real_trade.storage.bar_files import BarTable

START = datetime(2026, 1, 5, tzinfo=UTC)
KEY, SECRET = "k" * 64, "s" * 64


def bars(*prices):
    """Bars of a minute that open at the price before and close at the next one."""
    found = []
    for number, (opened, close) in enumerate(pairwise(prices)):
        top, low = max(opened, close), min(opened, close)
        found.append(
            Bar(
                symbol="BTC/USDT",
                timeframe=Timeframe.M1,
                open_time=START + timedelta(minutes=number),
                open=Decimal(opened),
                high=Decimal(top),
                low=Decimal(low),
                close=Decimal(close),
                volume=Decimal(10),
            )
        )
    return found


def compare(strategy, prices, **limits):
    table = BarTable.from_bars("BTC/USDT", Timeframe.M1, bars(*prices))
    plan = ParityPlan(strategy_cls=strategy, tables=(table,), sections={"limits": Limits(**limits)})
    runs, _ = run_modes(plan, manager())
    return runs


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield
    configure(None)


class Runaway(bt.Strategy):
    """A thousand orders in one bar."""

    def next(self):
        if len(self) == 5:
            for _ in range(1000):
                self.buy(size=0.001)
        if len(self) == 8:
            self.buy(size=0.001)


def test_a_runaway_is_stopped_alike_in_every_mode():
    runs = compare(Runaway, [50000] * 13, runaway="50/1s", max_total_value=100_000)
    verdicts = [[one.verdict for one in run.decisions] for run in runs]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    told = verdicts[0]
    assert len(told) == 1001
    assert told[:50] == [""] * 50
    assert set(told[50:]) <= {"runaway", "halted"}
    assert told[-1] == "halted"  # three bars later, too
    assert [len(run.deals) for run in runs] == [50, 50, 50]


class Stubborn(bt.Strategy):
    """Buys at every bar, and sells a little at every fifth."""

    def next(self):
        if len(self) % 5 == 0 and self.position.size > 0.001:
            self.sell(size=0.001)
        else:
            self.buy(size=0.002)


def test_in_a_falling_market_entries_end_and_exits_go_on_alike_in_every_mode():
    prices = [50000 - 400 * number for number in range(60)]
    runs = compare(Stubborn, prices, max_drawdown_pct="2%")
    first, *others = runs
    for run in others:
        assert [one.verdict for one in run.decisions] == [one.verdict for one in first.decisions]
    verdicts = [(one.side, one.verdict) for one in first.decisions]
    fell = next(number for number, (_, verdict) in enumerate(verdicts) if verdict)
    assert verdicts[fell][0] == "buy"
    after = verdicts[fell:]
    assert {verdict for side, verdict in after if side == "sell"} == {""}
    assert "" not in {verdict for side, verdict in after if side == "buy"}
    assert first.equity > 10_000 * 0.9


class Rerouted(PluginManager):
    """The installed plugins; Binance is in this process."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def open_exchange(self, name, settings):
        return super().open_exchange(
            name,
            attrs.evolve(
                settings, transport=self.network.transport, connector=self.network.connector
            ),
        )


class Holder(bt.Strategy):
    """Buys once, and asks for more at each later bar."""

    def __init__(self):
        self.told = []

    def notify_order(self, order):
        if not order.alive():
            self.told.append((order.getstatusname(), order.info.get("reason", "")))

    def next(self):
        if self.data._laststatus == self.data.LIVE:
            self.buy(size=0.05 if not self.position else 0.001)


def test_a_restart_amid_a_drawdown_changes_nothing_and_a_person_lifts_it(tmp_path):
    prices = [50000] * 4 + [50000 - 1500 * number for number in range(9)] + [38000] * 30
    runtime = VirtualRuntime(start=START)
    network = manager().simulators["binance"].open(
        SimulatedMarket(
            runtime=runtime, bars={"BTC/USDT": tuple(bars(*prices))},
            balances={"USDT": Decimal(10000)}, apikey=KEY, secret=SECRET,
        )
    )  # fmt: skip
    plugins = Rerouted(network)
    limits = Limits(max_drawdown_pct="5%")

    def run(bars, on_bar=None):
        runner = TradingRunner(
            "binance", KEY, SECRET, timeframe="1m", strategy_cls=Holder, mode=Mode.TESTNET,
            endpoint="http://127.0.0.1:1", runtime=runtime, plugins=plugins, warm_up=0,
            max_bars=bars, db_url=f"sqlite:///{tmp_path / 'store.sqlite'}",
            sections={"limits": limits}, on_bar=on_bar,
        )  # fmt: skip
        runner.run()
        return runner.results[0].told

    first = run(14)
    assert first[0][0] == "Completed"
    assert first[-1][0] == "Rejected"
    assert first[-1][1].startswith("reducing")

    second = run(5)
    assert {status for status, _ in second} == {"Rejected"}
    assert all(reason.startswith("reducing") for _, reason in second)

    def lift(bar):
        if bar == 2:
            plugins.tell("trading_resumed", by="ann")

    third = run(5, lift)
    assert third[0][0] == "Rejected"
    assert third[-1][0] == "Completed"


BUYER = """
import backtrader as bt

class Buyer(bt.Strategy):
    def next(self):
        if self.data._laststatus == self.data.LIVE:
            self.buy(size=0.001)
"""


def test_limits_of_a_file_are_shown_before_a_run_enforced_and_in_status(
    simulator, tmp_path, capfd, monkeypatch
):
    monkeypatch.setenv("RT_ENDPOINT", simulator.endpoint)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "buyer.py").write_text(BUYER, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(
        'timeframe = "1s"\n[limits]\nmax_daily_trades = 2\nmax_drawdown_pct = "10%"\n'
    )
    words = ["run", "-s", str(tmp_path / "buyer.py"), "-c", str(tmp_path / "mine.toml")]
    code = real_trade([*words, "--bars", "4", "--output", "json"])
    told = capfd.readouterr()
    assert code == 0, told.err
    assert "max_daily_trades         2" in told.err
    run = json.loads(told.out)
    assert (run["timeframe"], run["completed"]) == ("1s", 2)
    assert run["refused"] >= 1
    assert real_trade(["status", "--output", "json"]) == 0
    status = json.loads(capfd.readouterr().out)
    uses = {one["name"]: one for one in status["risk"]["limits"]}
    assert uses["max_daily_trades"]["used"] == "2"
    assert uses["max_daily_trades"]["part"] == 1.0
    assert status["health"]["risk"]["state"] in {"ok", "fail"}
    assert real_trade(["status"]) == 0
    shown = capfd.readouterr().out
    assert "max daily trades" in shown
    assert "2 used (100%)" in shown


def test_an_unknown_limit_in_the_file_is_refused_with_the_nearest(tmp_path, capfd):
    (tmp_path / "buyer.py").write_text(BUYER, encoding="utf-8")
    (tmp_path / "mine.toml").write_text("[limits]\nmax_daily_trade = 2\n")
    words = ["run", "-s", str(tmp_path / "buyer.py"), "-c", str(tmp_path / "mine.toml")]
    assert real_trade(words) == 3
    assert "max_daily_trades" in capfd.readouterr().err
