"""The strategy that `real-trade demo` runs: two moving averages, an order at a time."""

from __future__ import annotations

from typing import Any

import backtrader as bt

__all__ = ["DemoStrategy"]


class DemoStrategy(bt.Strategy):
    """Buys when the fast average is above the slow one, sells when it is not.

    It trades on live bars only, waits for each order to finish before it decides again, and, so
    that there is always something to see, changes its mind after `patience` bars in any case.

    Args (params):
        fast, slow: lengths of the averages, in bars.
        share: part of the cash that a purchase spends.
        patience: bars after which it turns around whatever the averages say.
    """

    params = (("fast", 3), ("slow", 8), ("share", 0.5), ("patience", 6))

    def __init__(self) -> None:
        self.trend = bt.ind.SMA(period=self.p.fast) - bt.ind.SMA(period=self.p.slow)
        self.order: Any = None
        self.live = False
        self.since_change = 0

    def notify_data(self, data: Any, status: int, *_: Any, **__: Any) -> None:
        """Remember whether the newest bar is being traded on."""
        self.live = status == data.LIVE

    def notify_order(self, order: Any) -> None:
        """Forget an order once it has ended."""
        if not order.alive():
            self.order = None

    def next(self) -> None:
        """Decide once a bar."""
        self.since_change += 1
        if self.order is not None or not self.live:
            return
        impatient = self.since_change >= self.p.patience
        if not self.position and (self.trend[0] > 0 or impatient):
            size = self.broker.getcash() * self.p.share / self.data.close[0]
            self.order = self.buy(size=size)
            self.since_change = 0
        elif self.position and (self.trend[0] < 0 or impatient):
            self.order = self.close()
            self.since_change = 0
