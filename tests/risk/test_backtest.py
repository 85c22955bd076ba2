"""Guards in a whole backtest: what a strategy sees, and that bars tell the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import backtrader as bt
import pytest

from real_trade.engine.runner import TradingRunner
from real_trade.model import Mode, Timeframe, to_ms
from real_trade.plugins import PluginManager
from real_trade.risk import FixedRatioSizer, Limits, RiskGuard, TradingState
from real_trade.storage.bar_table import BarTable

FIRST = datetime(2019, 5, 6, tzinfo=UTC)


def table(closes):
    rows = BarTable(symbol="BTC/USDT", timeframe=Timeframe.H1)
    for number, close in enumerate(closes):
        rows.open_ms.append(to_ms(FIRST + timedelta(hours=number)))
        for column in (rows.open, rows.high, rows.low, rows.close):
            column.append(float(close))
        rows.volume.append(1000.0)
    return rows


@pytest.fixture
def backtest():
    def run(strategy, closes, limits):
        guard = RiskGuard(Limits(**limits))
        plugins = PluginManager([], {})
        plugins.register("risk", guard)
        runner = TradingRunner(
            strategy_cls=strategy,
            mode=Mode.BACKTEST,
            history=table(closes),
            plugins=plugins,
            commission=0.0,
        )
        runner.run()
        return runner.results[0], guard

    return run


class Told(bt.Strategy):
    """Remembers what became of its orders."""

    def __init__(self):
        self.told = []
        self.done = []

    def notify_order(self, order):
        if order.status == order.Rejected:
            self.told.append(order.info.reason)
        if order.status == order.Completed:
            self.done.append(order.executed.size)


class Runaway(Told):
    """Sends 1,000 orders in one bar."""

    def next(self):
        if len(self) == 2:
            for _ in range(1000):
                self.buy(size=0.001)


def test_V09_a_thousand_orders_in_one_bar_are_stopped_at_the_limit(backtest):
    strategy, guard = backtest(Runaway, [100] * 5, {"runaway": "100/1s"})
    assert len(strategy.done) == 100
    assert len(strategy.told) == 900
    assert strategy.told[0].startswith("halted: ")
    assert guard.state is TradingState.HALTED


class Eager(Told):
    """Buys every bar."""

    def next(self):
        self.buy(size=1)


def test_days_of_a_backtest_are_those_of_its_bars(backtest):
    strategy, guard = backtest(Eager, [100] * 60, {"max_daily_trades": 3})
    assert len(strategy.done) == 9  # 60 hours touch three days
    assert strategy.told[0].startswith("max_daily_trades: ")
    assert guard.memory.now <= FIRST + timedelta(hours=61)


def test_a_falling_market_leaves_exits_only(backtest):
    class Holds(Told):
        def next(self):
            if len(self) == 2:
                self.buy(size=50)
            elif len(self) in {5, 7}:
                self.buy(size=1)
            elif len(self) == 9:
                self.sell(size=50)

    closes = [100, 100, 100, 60, 50, 50, 100, 100, 100, 100, 100]
    strategy, guard = backtest(Holds, closes, {"max_drawdown_pct": "20%"})
    assert strategy.done == [50, -50]
    assert [text.split(":")[0] for text in strategy.told] == ["reducing", "reducing"]
    assert guard.state is TradingState.REDUCING


def test_sizer_and_limit_agree_on_the_largest_position(backtest):
    class Sized(Told):
        def start(self):
            self.setsizer(FixedRatioSizer(risk_pct=0.3))

        def next(self):
            if len(self) == 2:
                self.buy()
                self.buy()

    strategy, _ = backtest(Sized, [100] * 6, {"max_position_pct": "30%"})
    assert strategy.done == [30.0]
    assert strategy.told[0].startswith("max_position_pct: ")
