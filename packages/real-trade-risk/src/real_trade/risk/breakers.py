"""Breakers: what stops a strategy that repeats itself or runs away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from real_trade.model import Order, OrderState
from real_trade.risk.rates import RateWindow
from real_trade.risk.units import Rate

__all__ = ["RejectBreaker", "RunawayBreaker"]


class RejectBreaker:
    """Counts rejects in a row with the same symbol, side, type and reason."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        self._key: tuple[str, ...] = ()
        self._last = ""

    def told(self, order: Order) -> str:
        """Take an order's new state; return why to stop, or ""."""
        if order.state in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.FILLED}:
            if self._key[:1] == (order.symbol,):
                self.reset()
            return ""
        if order.state is not OrderState.REJECTED or order.client_order_id == self._last:
            return ""
        self._last = order.client_order_id
        intent = order.intent
        key = (intent.symbol, intent.side.value, intent.type.value, order.reason)
        self.count = self.count + 1 if key == self._key else 1
        self._key = key
        if self.count < self.limit:
            return ""
        return (
            f"{self.count} identical rejects of {intent.type.value} {intent.side.value} "
            f"{intent.symbol}: {order.reason or 'no reason told'}"
        )

    def reset(self) -> None:
        """Begin to count anew."""
        self.count, self._key = 0, ()

    def plain(self) -> list[Any]:
        """Return the count as values that JSON can hold."""
        return [self.count, list(self._key), self._last]

    def restore(self, plain: list[Any]) -> None:
        """Take back what `plain` returned."""
        self.count, self._key, self._last = plain[0], tuple(plain[1]), plain[2]


class RunawayBreaker:
    """Counts attempts to order, denied ones too."""

    def __init__(self, rate: Rate) -> None:
        self._window = RateWindow(rate)

    def attempted(self, now: datetime) -> str:
        """Count an attempt; return why to stop, or ""."""
        if self._window.full(now):
            return f"more than {self._window.rate} attempts to order: a runaway strategy"
        self._window.add(now)
        return ""
