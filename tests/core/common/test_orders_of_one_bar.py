"""What a strategy decides on one bar reaches the venue before the next bar does, all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import backtrader as bt
import pytest

from real_trade.engine.runner import TradingRunner
from real_trade.model import Bar, Timeframe
from real_trade.storage.bar_table import BarTable

START = datetime(2026, 1, 1, tzinfo=UTC)


class Several(bt.Strategy):
    """Places orders on its third bar and notes at which bar each one ended."""

    params = (("decide", None),)

    def __init__(self):
        self.ends = []

    def next(self):
        if len(self) == 3:
            self.p.decide(self)

    def notify_order(self, order):
        if not order.alive():
            self.ends.append((len(self), order.getstatusname(), order.executed.price))


def run(decide):
    hour = timedelta(hours=1)
    bars = [
        Bar(
            symbol="BTC/USDT",
            timeframe=Timeframe("1h"),
            open_time=START + hour * number,
            open=str(100 + number),
            high=str(105 + number),
            low=str(95 + number),
            close=str(102 + number),
            volume="10",
            closed=True,
        )
        for number in range(8)
    ]
    table = BarTable.from_bars("BTC/USDT", Timeframe("1h"), bars)
    runner = TradingRunner(
        strategy_cls=Several, strategy_params={"decide": decide}, history=table, backtest=True
    )
    runner.run()
    return runner.results[0].ends


@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_market_orders_of_one_bar_fill_at_the_next_open(count):
    def decide(strategy):
        for _ in range(count):
            strategy.buy(size=0.1)

    ends = run(decide)
    assert [(bar, status) for bar, status, _ in ends] == [(4, "Completed")] * count
    assert [price for *_, price in ends] == pytest.approx([103.0] * count)


def test_an_order_that_is_canceled_on_its_own_bar_never_meets_the_market():
    def decide(strategy):
        strategy.cancel(strategy.buy(size=0.1))
        strategy.cancel(strategy.buy(size=0.1, exectype=bt.Order.Limit, price=90))
        strategy.buy(size=0.2)

    assert sorted(status for _, status, _ in run(decide)) == ["Canceled", "Canceled", "Completed"]
