"""Whole runs in virtual time, on an exchange that streams as the test says, with a real store."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import backtrader as bt
import pytest

from real_trade.engine import TradingRunner
from real_trade.exchange import Exchange
from real_trade.model import Mode, OrderType
from real_trade.plugins import API_VERSION, ExchangeSpec, PluginManager, hookimpl
from real_trade.runtime import VirtualRuntime
from real_trade.storage.commands import post_command
from real_trade.storage.engine import open_engine
from real_trade.storage.runs import RunReader

_SPEC = importlib.util.spec_from_file_location(
    "common_kit", Path(__file__).parent.parent / "common" / "conftest.py"
)
kit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(kit)


class Market(kit.FakeExchange):
    """Fills market orders soon, at the tape's price; limit orders rest."""

    def submit(self, intent):
        report = super().submit(intent)
        if intent.type is OrderType.MARKET and report.client_order_id in self.reports:
            fill = lambda: self.fill(intent.client_order_id, intent.amount, "100")  # noqa: E731
            self.runtime.call_later(0.05, fill)
        return report


class Watcher:
    """An observer plugin that notes what it hears."""

    REAL_TRADE_API = API_VERSION

    def __init__(self):
        self.halts, self.resumed, self.accounts, self.bars = [], [], [], []
        self.runs, self.ends, self.reports, self.messages = [], [], [], []

    @hookimpl
    def run_started(self, run):
        self.runs.append(run)

    @hookimpl
    def run_stopped(self, reason):
        self.ends.append(reason)

    @hookimpl
    def trading_halted(self, reason):
        self.halts.append(reason)

    @hookimpl
    def trading_resumed(self, by):
        self.resumed.append(by)

    @hookimpl
    def account_updated(self, account):
        self.accounts.append(account)

    @hookimpl
    def bar_closed(self, bar):
        self.bars.append(bar)

    @hookimpl
    def report_ready(self, summary):
        self.reports.append(summary)

    @hookimpl
    def deliver(self, message):
        self.messages.append(message)


class Doer(bt.Strategy):
    """Does on each live bar what `plan` says, by the number of the live bar, from 1."""

    params = (("plan", None),)

    def __init__(self):
        self.live_bars = 0
        self.ended = []

    def notify_order(self, order):
        if not order.alive():
            self.ended.append((order.getstatusname(), order.info.get("reason", "")))

    def next(self):
        if not all(data._laststatus == data.LIVE for data in self.datas):
            return
        self.live_bars += 1
        act = (self.p.plan or {}).get(self.live_bars)
        if act is not None:
            act(self)


class World:
    """An exchange, a store and the runs on them."""

    def __init__(self, folder: Path, symbols=(kit.SYMBOL,)):
        self.url = f"sqlite:///{folder / 'store.sqlite'}"
        self.runtime = VirtualRuntime(start=kit.START + timedelta(minutes=10))
        self.symbols = symbols
        tape = [
            bar
            for symbol in symbols
            for bar in kit.flat_bars([100 + n % 7 for n in range(120)], symbol=symbol)
        ]
        self.tape = sorted(tape, key=lambda bar: bar.open_time)
        self.exchange = self.new_exchange()
        self.watcher = Watcher()
        self.plugins = PluginManager([], {})
        self.plugins.register("watcher", self.watcher)
        self.plugins.register("fake", self._provider())

    def new_exchange(self):
        instruments = [kit.instrument_of(symbol) for symbol in self.symbols]
        return Market(self.runtime, self.tape, {"USDT": 10000}, instruments)

    def _provider(self):
        def open_(settings) -> Exchange:
            del settings
            return self.exchange

        return SimpleNamespace(
            REAL_TRADE_API=API_VERSION,
            register_exchanges=hookimpl(
                lambda: [ExchangeSpec(name="fake", title="Fake", open=open_)]
            ),
        )

    def runner(self, plan=None, *, bars=10, strategy=Doer, **options):
        params = {"strategy_params": {"plan": plan}} if strategy is Doer else {}
        return TradingRunner(
            **{
                "exchange": "fake",
                "symbols": self.symbols,
                "timeframe": "1m",
                "strategy_cls": strategy,
                "mode": Mode.TESTNET,
                "warm_up": 5,
                "max_bars": bars,
                "plugins": self.plugins,
                "db_url": self.url,
                "runtime": self.runtime,
                **params,
                **options,
            }
        )

    def run(self, plan=None, **options):
        runner = self.runner(plan, **options)
        runner.run()
        return runner

    def ask(self, verb, **more):
        """Post a command as another program does."""
        engine = open_engine(self.url)
        now = self.runtime.clock.now()
        values = {"bot": "main", "time": now, "asked_by": "ann", **more}
        posted = post_command(engine, verb=verb, **values)
        engine.dispose()
        return posted

    def reader(self):
        return RunReader(self.url)

    def command(self, asked):
        with self.reader() as reader:
            return reader.command(asked.id)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def make_world(tmp_path):
    return lambda *symbols: World(tmp_path, symbols)
