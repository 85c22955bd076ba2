"""Bars, an exchange that streams as the test says, and runs of Cerebro in virtual time."""

from __future__ import annotations

import itertools
import random
from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import attrs
import backtrader as bt
import pytest

from real_trade.common import BaseStore
from real_trade.exchange import Capabilities, OrderNotFound
from real_trade.model import (
    Balance,
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    Fill,
    Instrument,
    Mode,
    OrderReport,
    OrderState,
    OrderType,
    Ticker,
    Timeframe,
    TimeInForce,
)
from real_trade.paper import FeeAsset, FeeSchedule, PaperExchange
from real_trade.plugins import PluginManager
from real_trade.runtime import VirtualRuntime

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL = "BTC/USDT"


def instrument_of(symbol=SYMBOL, amount_step="0.00000001", price_step="0.00000001", **fields):
    base, quote = symbol.split("/")
    return Instrument(
        symbol=symbol, native=base + quote, base=base, quote=quote, settle=quote,
        price_step=D(price_step), amount_step=D(amount_step), **fields,
    )  # fmt: skip


def flat_bars(closes, timeframe=Timeframe.M1, start=START, symbol=SYMBOL, reach="1"):
    """Bars that open at the close before and reach a little further on both sides."""
    found, opened, time = [], D(str(closes[0])), start
    for close in closes:
        close = D(str(close))
        found.append(
            Bar(
                symbol=symbol,
                timeframe=timeframe,
                open_time=time,
                open=opened,
                high=max(opened, close) + D(reach),
                low=min(opened, close) - D(reach),
                close=close,
                volume=D(1000),
            )
        )
        opened, time = close, timeframe.add(time)
    return found


def random_bars(seed, count=300, timeframe=Timeframe.M1, start=START):
    """A random walk on a tick of 0.01, with gaps."""
    chance = random.Random(seed)
    found, close, time = [], 10000, start
    for _ in range(count):
        opened = max(2000, close + chance.randint(-40, 40))
        close = max(2000, opened + chance.randint(-150, 150))
        high = max(opened, close) + chance.randint(0, 80)
        low = min(opened, close) - chance.randint(0, 80)
        found.append(
            Bar(
                symbol=SYMBOL,
                timeframe=timeframe,
                open_time=time,
                open=D(opened) / 100,
                high=D(high) / 100,
                low=D(low) / 100,
                close=D(close) / 100,
                volume=D(chance.randint(1, 10**6)) / 1000,
            )
        )
        time = timeframe.add(time)
    return found


class Recorder(bt.Strategy):
    """Notes all it is told; `plan` maps a bar's number (from 1) to what is done then."""

    params = (("plan", None), ("on_bar", None))

    def __init__(self):
        self.seen, self.bars, self.trades = [], [], []
        self.statuses, self.notes = [], []
        self.sent, self.raw = [], []

    def notify_order(self, order):
        self.raw.append(order)
        self.seen.append((order.ref, order.getstatusname()))

    def notify_trade(self, trade):
        self.trades.append(trade)

    def notify_data(self, data, status, *args, **kwargs):
        self.statuses.append((data._getstatusname(status), len(data)))

    def notify_store(self, message, *args, **kwargs):
        self.notes.append(message)

    def next(self):
        end = bt.num2date(self.data.datetime[0]).replace(tzinfo=UTC)
        self.bars.append((end, self.data.close[0], self.data._laststatus == self.data.LIVE))
        act = (self.p.plan or {}).get(len(self))
        if act is not None:
            self.sent.append(act(self))
        if self.p.on_bar is not None:
            self.p.on_bar(self)

    def told(self, order=None):
        """Return the statuses in the order they were told, of one order or of all."""
        return [name for ref, name in self.seen if order is None or ref == order.ref]

    def last(self, order):
        """Return the last copy of an order that was told."""
        return [one for one in self.raw if one.ref == order.ref][-1]


_TRADES = itertools.count(1)  # an exchange made anew goes on: it stands for one account


class FakeExchange:
    """An exchange whose bars appear as time passes, and whose answers go as the test says.

    Args:
        tape: all bars there will ever be, oldest first.
        balances: by asset.

    Attributes:
        hidden: open times that history does not give.
        unsent: open times that the stream does not send.
        outcomes: what the next submits do: called with (exchange, intent).
        history_errors: raised by the next calls of `bars`.
        calls: names of the methods that were called, in order.
    """

    name = "fake"

    def __init__(self, runtime, tape=(), balances=None, instruments=()):
        self.runtime = runtime
        self.clock = runtime.clock
        self.tape = list(tape)
        self.known = {one.symbol: one for one in instruments or [instrument_of()]}
        self.held = {asset: D(str(held)) for asset, held in (balances or {"USDT": 1000}).items()}
        self.hidden, self.unsent = set(), set()
        self.outcomes, self.history_errors = deque(), deque()
        self.calls, self.intents = [], []
        self.reports, self.trades, self.pairs = {}, [], {}
        self.sinks = []
        self.is_cut = False
        self.latency_s = 0.05
        self.capabilities = Capabilities(
            order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
            times_in_force=frozenset({TimeInForce.GTC, TimeInForce.GTD}),
            timeframes=frozenset({Timeframe.S1, Timeframe.M1}),
            channels=frozenset({Channel.BARS, Channel.ACCOUNT}),
            max_bars=100,
        )

    def connect(self):
        self.calls.append("connect")

    def close(self):
        self.calls.append("close")

    def server_time(self):
        self.calls.append("server_time")
        return self.clock.now()

    def instruments(self):
        return self.known

    def ticker(self, symbol):
        self.calls.append("ticker")
        last = [bar for bar in self.tape if bar.open_time <= self.clock.now()][-1].close
        return Ticker(symbol=symbol, last=last, bid=last, ask=last, time=self.clock.now())

    def bars(self, symbol, timeframe, since, limit):
        self.calls.append("bars")
        if self.history_errors:
            raise self.history_errors.popleft()
        now = self.clock.now()
        found = [
            attrs.evolve(bar, closed=bar.end_time <= now)
            for bar in self.tape
            if bar.symbol == symbol and bar.open_time <= now and bar.open_time not in self.hidden
        ]
        if since is None:
            return found[-limit:]
        return [bar for bar in found if bar.open_time >= since][:limit]

    def balances(self):
        self.calls.append("balances")
        return {asset: Balance(asset=asset, free=held) for asset, held in self.held.items()}

    def positions(self):
        return []

    # Orders

    def submit(self, intent):
        self.calls.append("submit")
        self.intents.append(intent)
        if self.outcomes:
            return self.outcomes.popleft()(self, intent)
        return self.accept(intent)

    def submit_oco(self, first, second):
        self.calls.append("submit_oco")
        self.intents += [first, second]
        self.pairs[first.client_order_id] = second.client_order_id
        self.pairs[second.client_order_id] = first.client_order_id
        return [self.accept(first), self.accept(second)]

    def accept(self, intent):
        self.reports[intent.client_order_id] = OrderReport(
            client_order_id=intent.client_order_id, symbol=intent.symbol,
            state=OrderState.ACCEPTED, side=intent.side, type=intent.type, amount=intent.amount,
            exchange_order_id=str(len(self.reports) + 1), time=self.clock.now(),
        )  # fmt: skip
        return self.reports[intent.client_order_id]

    def fill(self, name, amount, price, fee="0", fee_asset="USDT"):
        """Execute part of an order and tell it by the stream."""
        report = self.reports[name]
        trade = Fill(
            trade_id=str(next(_TRADES)), symbol=report.symbol, client_order_id=name,
            exchange_order_id=report.exchange_order_id, side=report.side, amount=D(amount),
            price=D(price), fee=D(fee), fee_asset=fee_asset, time=self.clock.now(),
        )  # fmt: skip
        self.trades.append(trade)
        filled = report.filled + trade.amount
        state = OrderState.FILLED if filled == report.amount else OrderState.PARTIALLY_FILLED
        self.reports[name] = attrs.evolve(report, state=state, filled=filled, time=trade.time)
        told = attrs.evolve(self.reports[name], fills=(trade,))
        self.tell(told)
        partner = self.pairs.pop(name, None)
        if partner in self.reports and not self.reports[partner].state.is_terminal:
            ended = attrs.evolve(self.reports[partner], state=OrderState.EXPIRED)
            self.reports[partner] = ended
            self.tell(ended)
        return told

    def cancel(self, symbol, name):
        self.calls.append("cancel")
        if name not in self.reports or self.reports[name].state.is_terminal:
            raise OrderNotFound(f"{name} is not open")
        self.reports[name] = attrs.evolve(self.reports[name], state=OrderState.CANCELED)
        return self.reports[name]

    def order(self, symbol, name):
        self.calls.append("order")
        if name not in self.reports:
            raise OrderNotFound(name)
        return self.reports[name]

    def open_orders(self, symbol=None):
        self.calls.append("open_orders")
        return [one for one in self.reports.values() if one.state.is_open]

    def fills(self, symbol, since):
        self.calls.append("fills")
        return [one for one in self.trades if one.time >= since]

    # Streams

    def stream(self, subscriptions, sink):
        self.sinks.append(sink)
        handle = SimpleNamespace(add=self._subscribe, close=self.sinks.clear)
        handle.add(subscriptions)
        return handle

    def _subscribe(self, subscriptions):
        for one in subscriptions:
            self.runtime.call_later(
                0.01, lambda one=one: self.connection(one.channel, symbol=one.symbol)
            )
            if one.channel is Channel.BARS:
                for bar in self.tape:
                    self._schedule(bar)

    def _schedule(self, bar):
        delay = (bar.end_time - self.clock.now()).total_seconds() + self.latency_s
        if delay > self.latency_s:
            self.runtime.call_later(delay, lambda: self._send(bar))

    def _send(self, bar):
        if not self.is_cut and bar.open_time not in self.unsent:
            self.tell(bar)

    def tell(self, value):
        for sink in self.sinks:
            sink(value)

    def connection(self, channel, state=ConnectionState.CONNECTED, symbol=""):
        symbols = (symbol,) if symbol else ()
        self.tell(
            ConnectionChanged(channel=channel, state=state, time=self.clock.now(), symbols=symbols)
        )

    def cut(self, after_s, for_s):
        """Cut the stream of bars for a while."""

        def lose():
            self.is_cut = True
            self.connection(Channel.BARS, ConnectionState.LOST)

        def restore():
            self.is_cut = False
            self.connection(Channel.BARS)

        self.runtime.call_later(after_s, lose)
        self.runtime.call_later(after_s + for_s, restore)


def no_plugins():
    return PluginManager([], {})


def run_live(
    exchange, strategy=Recorder, *, seconds=600, plan=None, on_bar=None, mode=Mode.TESTNET,
    options=None, feeds=(SYMBOL,), setup=None, runtime=None, db_url=None, **params,
):  # fmt: skip
    """Run a strategy on an exchange in its virtual time for so long; return the strategy."""
    runtime = runtime or exchange.runtime
    store = BaseStore(
        mode=mode, exchange=exchange, runtime=runtime, plugins=no_plugins(), db_url=db_url
    )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(store.getbroker())
    options = {"ccxt_timeframe": "1m", "historical_limit": 5} | (options or {})
    for symbol in feeds:
        cerebro.adddata(store.getdata(symbol=symbol, **options))
    cerebro.addstrategy(strategy, plan=plan, on_bar=on_bar, **params)
    runtime.call_later(seconds, store.request_stop)
    if setup is not None:
        setup(cerebro, store)
    try:
        strategies = cerebro.run()
    finally:
        store.stop()
    found = strategies[0]
    found.store = store
    return found


def paper_exchange(instruments, balances, fees=None):
    fees = fees or FeeSchedule(
        maker=D("0.001"), taker=D("0.001"), asset=FeeAsset.QUOTE, digits=None
    )
    return PaperExchange(
        balances={asset: D(str(held)) for asset, held in balances.items()},
        instruments=instruments, fees=fees,
    )  # fmt: skip


def run_backtest(
    bars, strategy=Recorder, *, fees=None, cash=100000, instrument=None, setup=None,
    balances=None, run=None, data=None, **params,
):  # fmt: skip
    """Run a strategy on bars with our broker; return the strategy."""
    instrument = instrument or instrument_of()
    exchange = paper_exchange([instrument], balances or {"USDT": cash}, fees)
    store = BaseStore(mode=Mode.BACKTEST, exchange=exchange, plugins=no_plugins())
    cerebro = bt.Cerebro(stdstats=False, **(run or {}))
    cerebro.setbroker(store.getbroker())
    timeframe = bars[0].timeframe.value
    feed = store.getdata(
        symbol=instrument.symbol, ccxt_timeframe=timeframe, historical_data=bars, **(data or {})
    )
    cerebro.adddata(feed)
    cerebro.addstrategy(strategy, **params)
    if setup is not None:
        setup(cerebro, store)
    found = cerebro.run()[0]
    found.store, found.exchange = store, exchange
    return found


def all_lengths(capabilities):
    return attrs.evolve(capabilities, timeframes=frozenset(Timeframe))


def pages_of(capabilities, bars):
    return attrs.evolve(capabilities, max_bars=bars)


@pytest.fixture
def kit():
    """The helpers of this folder: there is no package to import them from."""
    return SimpleNamespace(
        SYMBOL=SYMBOL, START=START, Recorder=Recorder, FakeExchange=FakeExchange,
        instrument_of=instrument_of, flat_bars=flat_bars, random_bars=random_bars,
        run_live=run_live, run_backtest=run_backtest, no_plugins=no_plugins,
        paper_exchange=paper_exchange, all_lengths=all_lengths, pages_of=pages_of,
    )  # fmt: skip


@pytest.fixture
def runtime():
    """Virtual time that starts ten minutes into the tape."""
    return VirtualRuntime(start=START + timedelta(minutes=10))


@pytest.fixture
def exchange(runtime):
    """An exchange with an hour of minute bars."""
    closes = [100 + number % 7 for number in range(60)]
    return FakeExchange(runtime, flat_bars(closes))
