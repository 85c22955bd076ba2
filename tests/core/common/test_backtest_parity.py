"""The same strategy on the same bars: Backtrader's own broker and ours tell the same.

By design spot cannot be sold short, so these strategies sell what they hold; Backtrader's broker
would let a position go below zero.
"""

from __future__ import annotations

from datetime import timedelta

import backtrader as bt
import pytest

SEEDS = range(6)
FEE = 0.001
Order = bt.Order


class PlainFeed(bt.feed.DataBase):
    """The bars for Backtrader's own broker, one by one, stamped at their end."""

    params = (("bars", ()),)

    def start(self):
        super().start()
        self._rest = iter(self.p.bars)

    def _load(self):
        bar = next(self._rest, None)
        if bar is None:
            return False
        self.lines.datetime[0] = bt.date2num(bar.end_time.replace(tzinfo=None))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = float(getattr(bar, name))
        self.lines.openinterest[0] = 0.0
        return True


class Noting(bt.Strategy):
    """Notes notifications by order, trades, and the account at each bar."""

    def __init__(self):
        self.by_order, self.trades, self.account = {}, [], []
        self.completed = set()
        self.entry = self.exit = None
        self.make()

    def notify_order(self, order):
        done = order.executed
        self.by_order.setdefault(order.ref, []).append(
            (
                len(self),
                order.getstatusname(),
                done.dt,
                done.size,
                done.price,
                done.value,
                done.comm,
                done.pnl,
                done.remsize,
            )
        )
        if not order.alive():
            if self.entry is not None and order.ref == self.entry.ref:
                self.entry = None
            if self.exit is not None and order.ref == self.exit.ref:
                self.exit = None
        if order.status == order.Completed:
            self.completed.add(order.getordername())
        if order.status == order.Completed and order.isbuy():
            self.bought(order)

    def notify_trade(self, trade):
        self.trades.append(
            (
                len(self),
                trade.isopen,
                trade.isclosed,
                trade.size,
                trade.price,
                trade.value,
                trade.pnl,
                trade.pnlcomm,
                trade.commission,
                trade.dtopen,
                trade.dtclose,
                trade.barlen,
            )
        )

    def note(self):
        position = self.broker.getposition(self.data)
        self.account.append(
            (self.broker.getcash(), self.broker.getvalue(), position.size, position.price)
        )

    def prenext(self):
        self.note()

    def next(self):
        self.note()
        self.trade()

    def bought(self, order):
        pass


class MarketCross(Noting):
    """Market orders on a crossing of averages, with a fractional size."""

    def make(self):
        fast, slow = bt.ind.SMA(period=5), bt.ind.EMA(period=12)
        self.cross = bt.ind.CrossOver(fast, slow)

    def trade(self):
        if self.cross > 0 and not self.position:
            self.buy(size=1.37)
        elif self.cross < 0 and self.position:
            self.close()


class LimitBelow(Noting):
    """Limit entries that expire, stop or limit exits, cancels."""

    def make(self):
        self.rsi = bt.ind.RSI(period=7, safediv=True)

    def trade(self):
        close = self.data.close[0]
        if not self.position and self.entry is None and self.rsi < 45:
            valid = (None, timedelta(minutes=4), timedelta(), self.data.datetime.datetime() +
                     timedelta(minutes=2))[len(self) % 4]  # fmt: skip
            self.entry = self.buy(
                size=0.25, exectype=Order.Limit, price=round(close * 0.995, 2), valid=valid
            )
        elif self.entry is not None and self.rsi > 60:
            self.cancel(self.entry)
        elif self.position and self.exit is not None and self.rsi > 70:
            self.cancel(self.exit)
        elif self.position and self.exit is None:
            self.exit = self.sell(
                size=self.position.size, exectype=Order.Limit, price=round(close * 1.01, 2)
            )

    def bought(self, order):
        self.exit = self.sell(
            size=order.executed.size, exectype=Order.Stop,
            price=round(order.executed.price * 0.98, 2),
        )  # fmt: skip


class Breakout(Noting):
    """Stop and stop-limit entries above the highest high, trailing exits by percent."""

    def make(self):
        self.high = bt.ind.Highest(self.data.high, period=8)

    def trade(self):
        if self.position or self.entry is not None or self.exit is not None:
            return
        top = round(self.high[0] + 0.05, 2)
        if len(self) % 2:
            self.entry = self.buy(
                size=2, exectype=Order.Stop, price=top, valid=timedelta(minutes=9)
            )
        else:
            self.entry = self.buy(
                size=2,
                exectype=Order.StopLimit,
                price=top,
                plimit=round(top + 0.3, 2),
                valid=timedelta(minutes=15),
            )

    def bought(self, order):
        self.exit = self.sell(
            size=order.executed.size, exectype=Order.StopTrail, trailpercent=0.0137
        )


class Trailing(Noting):
    """Trailing entries by an amount, trailing stop-limit exits, both from a told price or not."""

    def make(self):
        self.atr = bt.ind.ATR(period=6)

    def trade(self):
        close = self.data.close[0]
        if not self.position and self.entry is None and self.exit is None:
            price = None if len(self) % 2 else round(close * 1.002, 2)
            self.entry = self.buy(
                size=0.5,
                exectype=Order.StopTrail,
                price=price,
                trailamount=round(self.atr[0], 2),
                valid=timedelta(minutes=20),
            )

    def bought(self, order):
        close = self.data.close[0]
        self.exit = self.sell(
            size=order.executed.size, exectype=Order.StopTrailLimit, price=round(close, 2),
            plimit=round(close - 0.2, 2), trailamount=0.9,
        )  # fmt: skip


class TrailingLimitEntry(Noting):
    """Trailing stop-limit entries with the limit above and below the trigger."""

    def make(self):
        self.rsi = bt.ind.RSI(period=5, safediv=True)

    def trade(self):
        close = self.data.close[0]
        if self.position and self.rsi > 60 and self.exit is None:
            self.exit = self.close()
        elif not self.position and self.entry is None:
            away = 0.4 if len(self) % 2 else -0.3
            self.entry = self.buy(
                size=1,
                exectype=Order.StopTrailLimit,
                price=round(close, 2),
                plimit=round(close + away, 2),
                trailpercent=0.0071,
                valid=timedelta(minutes=8),
            )


class Bracketed(Noting):
    """Brackets around market, limit and stop entries; some are canceled by a child or the entry."""

    def make(self):
        self.ema = bt.ind.EMA(period=6)
        self.legs = []

    def trade(self):
        close = self.data.close[0]
        if any(leg.alive() for leg in self.legs):
            if len(self) % 23 == 0:
                self.cancel(self.legs[len(self) % 3])
            return
        if self.position:
            self.close()
            return
        if abs(close - self.ema[0]) < 0.1:
            return
        kind = (Order.Market, Order.Limit, Order.Stop)[len(self) % 3]
        price = round(close * {Order.Limit: 0.997, Order.Stop: 1.003}.get(kind, 1.0), 2)
        self.legs = self.buy_bracket(
            size=1.5,
            exectype=kind,
            price=None if kind == Order.Market else price,
            stopprice=round(close * 0.985, 2),
            limitprice=round(close * 1.02, 2),
            valid=timedelta(minutes=12) if kind != Order.Market else None,
        )


class OneOfTwo(Noting):
    """A limit below and a stop above the market, of which one cancels the other; so the exits."""

    def make(self):
        self.entries, self.exits = [], []

    def trade(self):
        close = self.data.close[0]
        if self.position:
            if not any(one.alive() for one in self.exits):
                size = self.position.size
                stop = self.sell(
                    size=size, exectype=Order.StopTrail, trailpercent=0.009,
                )  # fmt: skip
                self.exits = [stop, self.sell(
                    size=size, exectype=Order.Limit, price=round(close * 1.012, 2), oco=stop
                )]  # fmt: skip
        elif not any(one.alive() for one in self.entries):
            low = self.buy(size=1, exectype=Order.Limit, price=round(close * 0.992, 2))
            high = self.buy(
                size=1, exectype=Order.Stop, price=round(close * 1.008, 2), oco=low
            )  # fmt: skip
            self.entries = [low, high]
        elif len(self) % 17 == 0:
            self.cancel(self.entries[0])


STRATEGIES = [MarketCross, LimitBelow, Breakout, Trailing, TrailingLimitEntry, Bracketed, OneOfTwo]


def backtrader_own(bars, strategy, cash=100000):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=FEE)
    cerebro.adddata(PlainFeed(bars=bars))
    cerebro.addstrategy(strategy)
    return cerebro.run()[0]


def is_same(got, wanted):
    """Floats to a billionth, all else to the letter."""
    if isinstance(got, float) and isinstance(wanted, float):
        return got == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    return got == wanted


def assert_same(ours, theirs):
    for row, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        assert all(map(is_same, got, wanted)), f"row {row}: {got} is not {wanted}"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_orders_trades_cash_and_value_are_those_of_backtraders_broker(kit, strategy, seed):
    bars = kit.random_bars(seed)
    theirs, ours = backtrader_own(bars, strategy), kit.run_backtest(bars, strategy)

    assert len(theirs.by_order) >= 4, "the bars must give something to compare"
    assert len(ours.by_order) == len(theirs.by_order)
    pairs = zip(ours.by_order.values(), theirs.by_order.values(), strict=True)
    for got, wanted in pairs:
        assert_same(got, wanted)
    assert_same(ours.trades, theirs.trades)
    assert_same(ours.account, theirs.account)


def test_every_type_completes_and_every_end_occurs_in_these_runs(kit):
    ends, completed = set(), set()
    for seed in SEEDS:
        for strategy in STRATEGIES:
            found = backtrader_own(kit.random_bars(seed), strategy)
            ends |= {rows[-1][1] for rows in found.by_order.values()}
            completed |= found.completed
    assert {"Completed", "Canceled", "Expired"} <= ends
    assert completed == {
        "Market", "Limit", "Stop", "StopLimit", "StopTrail", "StopTrailLimit",
    }  # fmt: skip


def test_the_venues_ledger_agrees_with_the_brokers_cash_and_position(kit):
    for strategy in STRATEGIES:
        found = kit.run_backtest(kit.random_bars(11), strategy)
        balances = found.exchange.balances()
        held = balances["BTC"].total if "BTC" in balances else 0
        assert float(balances["USDT"].total) == found.broker.getcash()
        assert float(held) == found.broker.getposition(found.data).size


class TooBig(Noting):
    """Buys for more than there is."""

    def make(self):
        pass

    def trade(self):
        if len(self) == 3:
            self.buy(size=10)
        if len(self) == 5:
            self.buy(size=0.5, exectype=Order.Limit, price=round(self.data.close[0] * 1.01, 2))


def test_an_order_without_the_funds_is_told_margin_as_backtraders_broker_tells_it(kit):
    bars = kit.random_bars(3, count=20)
    theirs = backtrader_own(bars, TooBig, cash=100)
    ours = kit.run_backtest(bars, TooBig, cash=100)
    names = [[row[:2] for row in rows] for rows in ours.by_order.values()]
    assert names == [[row[:2] for row in rows] for rows in theirs.by_order.values()]
    assert [name for _, name in names[0]] == ["Submitted", "Margin"]
    assert_same(ours.account, theirs.account)


def test_selling_what_is_not_held_is_margin_by_design_where_backtrader_goes_short(kit):
    found = kit.run_backtest(kit.random_bars(1, count=10), kit.Recorder, plan={
        3: lambda strategy: strategy.sell(size=1),
    })  # fmt: skip
    assert found.told() == ["Submitted", "Margin"]
    assert found.broker.getposition(found.data).size == 0.0
