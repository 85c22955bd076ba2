"""Figures against worked cases and against Backtrader's own analyzers."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import backtrader as bt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import (
    Bar,
    Fill,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Side,
    Timeframe,
)
from real_trade.monitor import PerformanceTracker, figures
from real_trade.plugins import PluginManager

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MONEY = st.floats(min_value=1, max_value=1e6)


def tracked(*equities, start=100.0):
    tracker = PerformanceTracker(start)
    for number, equity in enumerate(equities):
        tracker.update(equity, START + number * DAY)
    return tracker


def order(kind=OrderType.MARKET, price=None, **more):
    intent = OrderIntent(
        client_order_id="rt-1",
        symbol="BTC/USDT",
        side=Side.BUY,
        type=kind,
        amount=1,
        price=price,
        created_at=START,
    )
    return Order(intent=intent, **more)


def fill(price, seconds=0.5, fee="0.1"):
    return Fill(
        trade_id="1",
        symbol="BTC/USDT",
        client_order_id="rt-1",
        exchange_order_id="1",
        side=Side.BUY,
        amount=1,
        price=price,
        fee=fee,
        fee_asset="USDT",
        time=START + timedelta(seconds=seconds),
    )


def test_worked_figures():
    """100 -> 110 -> 99 -> 121: the fall is 11 of 110; the return 21 %."""
    tracker = tracked(110, 99, 121)
    for profit in (30, -10, -5, 0):
        tracker.record_trade(profit, symbol="BTC/USDT")
    assert tracker.max_drawdown == pytest.approx(0.1)
    assert tracker.return_pct == pytest.approx(21.0)
    assert tracker.trade_count == 4
    assert tracker.net_pnl == 15
    assert tracker.win_rate == 0.25
    assert tracker.profit_factor == 2.0
    summary = tracker.summary()
    assert summary["expectancy"] == 3.75
    assert summary["best"], summary["worst"] == (30, -10)
    assert summary["symbols"]["BTC/USDT"]["trade_count"] == 4


def test_nothing_yet_is_told_as_nothing_and_never_as_infinity():
    tracker = PerformanceTracker(1000)
    summary = tracker.summary()
    assert summary["win_rate"] is None
    assert summary["sharpe"] is None
    tracker.record_trade(5)
    assert tracker.profit_factor is None  # nothing was lost: no ratio says how good that is
    assert "Infinity" not in json.dumps(tracker.summary())
    assert "NaN" not in json.dumps(tracker.summary())


@pytest.mark.parametrize("bad", [math.nan, math.inf, "money"])
def test_what_is_no_money_is_refused(bad):
    with pytest.raises(ValueError):
        PerformanceTracker(100).update(bad)
    with pytest.raises(ValueError):
        PerformanceTracker(100).record_trade(bad)


class Prices(bt.feed.DataBase):
    """One bar a day at one price."""

    params = (("prices", ()),)

    def start(self):
        super().start()
        self.left = list(enumerate(self.p.prices))

    def _load(self):
        if not self.left:
            return False
        number, price = self.left.pop(0)
        self.lines.datetime[0] = bt.date2num(START.replace(tzinfo=None) + number * DAY)
        for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close):
            line[0] = price
        self.lines.volume[0] = 1
        return True


class Follow(bt.Strategy):
    """Holds one unit of the data all the time: the equity is cash plus price."""

    def next(self):
        if not self.position:
            self.buy(size=1)


def backtraders(prices):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(1000)
    cerebro.adddata(Prices(prices=prices, timeframe=bt.TimeFrame.Days))
    cerebro.addstrategy(Follow)
    cerebro.addanalyzer(
        bt.analyzers.SharpeRatio,
        _name="sharpe",
        timeframe=bt.TimeFrame.Days,
        riskfreerate=0.0,
        factor=365,
        annualize=True,
        stddev_sample=True,
    )
    cerebro.addanalyzer(bt.analyzers.DrawDown, _name="fall")
    cerebro.addanalyzer(bt.analyzers.TimeReturn, _name="value", timeframe=bt.TimeFrame.Days)
    return cerebro.run()[0].analyzers


def test_sharpe_and_drawdown_equal_backtraders_analyzers():
    prices = [100.0, 103, 101, 99, 107, 104, 110, 108, 95, 120]
    theirs = backtraders(prices)
    returns = list(theirs.value.get_analysis().values())
    equity, tracker = 1000.0, PerformanceTracker(1000)
    for number, one in enumerate(returns):
        equity *= 1 + one
        tracker.update(equity, START + number * DAY)
    summary = tracker.summary()
    assert summary["sharpe"] == pytest.approx(theirs.sharpe.get_analysis()["sharperatio"])
    fall = theirs.fall.get_analysis()["max"]["drawdown"] / 100
    assert tracker.max_drawdown == pytest.approx(fall)


def test_sortino_by_hand():
    """Returns 2 %, -1 %, 3 %: mean 4/300; downside sqrt(0.0001/3)."""
    expected = (0.04 / 3) / math.sqrt(0.0001 / 3) * math.sqrt(365)
    assert figures.sortino([0.02, -0.01, 0.03]) == pytest.approx(expected)
    assert figures.sortino([0.02, 0.01]) is None


def test_calmar_is_the_yearly_return_over_the_deepest_fall():
    tracker = tracked(*[100 + n * 0.1 for n in range(200)], 100)
    summary = tracker.summary()
    yearly = (100 / 100) ** (365 / 200) - 1
    assert summary["annual_return"] == pytest.approx(yearly)
    assert summary["calmar"] == pytest.approx(yearly / summary["max_drawdown"])


def test_a_day_without_a_point_is_a_day_of_no_return():
    curve = [(START, 110.0), (START + 3 * DAY, 121.0)]
    assert figures.daily_returns(curve, 100.0) == pytest.approx([0.1, 0.0, 0.0, 0.1])


@given(st.lists(MONEY, min_size=1, max_size=300), MONEY)
def test_figures_are_always_finite_or_nothing(equities, start):
    summary = tracked(*equities, start=start).summary()
    json.dumps(summary, allow_nan=False)
    assert 0 <= summary["max_drawdown"] <= 1


def test_a_long_run_keeps_a_bounded_curve_and_its_deepest_fall():
    tracker = PerformanceTracker(100)
    for number in range(100_000):
        tracker.update(100.0 if number != 77_777 else 50.0, START + number * timedelta(minutes=1))
    assert len(tracker.equity_curve) <= 20_001
    assert tracker.max_drawdown == pytest.approx(0.5)
    times = [time for time, _ in tracker.equity_curve]
    assert times == sorted(times)


def test_fees_slippage_and_latency_come_from_fills():
    tracker = PerformanceTracker(100)
    tracker.bar_closed(bar(100))
    market = order()
    tracker.order_updated(market)
    tracker.bar_closed(bar(105))
    tracker.fill_received(fill(101), order(fills=(fill(101),)))
    told = tracker.summary()
    assert told["fees"] == {"USDT": pytest.approx(0.1)}
    assert told["orders"]["BTC/USDT"]["slippage"] == pytest.approx(0.01)
    assert told["orders"]["BTC/USDT"]["latency_s"] == pytest.approx(0.5)


def test_a_limit_order_is_measured_by_its_own_price():
    tracker = PerformanceTracker(100)
    limit = order(OrderType.LIMIT, price=100, state=OrderState.FILLED, fills=(fill(99),))
    tracker.fill_received(fill(99), limit)
    assert tracker.summary()["orders"]["BTC/USDT"]["slippage"] == pytest.approx(-0.01)


def test_it_hears_the_hooks_of_a_run():
    plugins, tracker = PluginManager(), PerformanceTracker(100)
    assert plugins.register("tracker", tracker).status.value == "loaded"
    plugins.tell("fill_received", fill=fill(100, fee="2.5"), order=order(fills=(fill(100),)))
    assert tracker.fees == {"USDT": 2.5}


def bar(close):
    return Bar(
        symbol="BTC/USDT",
        timeframe=Timeframe.M1,
        open_time=START,
        open=close,
        high=close,
        low=close,
        close=Decimal(close),
        volume=1,
        closed=True,
    )
