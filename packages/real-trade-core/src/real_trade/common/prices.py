"""The last known price of each symbol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from real_trade.model import Bar
from real_trade.runtime import Clock

__all__ = ["Prices"]


class Prices:
    """Prices by symbol, with their times; an older one never takes the place of a newer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Decimal, datetime]] = {}

    def last(self, symbol: str) -> Decimal | None:
        """Return the last known price, None if there is none."""
        known = self._known.get(symbol)
        return None if known is None else known[0]

    def all(self) -> Mapping[str, tuple[Decimal, datetime]]:
        """Return price and time by symbol."""
        return dict(self._known)

    def take_bar(self, bar: Bar) -> None:
        """Take a bar's close; one that still forms is as new as the clock."""
        self.take(bar.symbol, bar.close, bar.end_time if bar.closed else self._clock.now())

    def take(self, symbol: str, price: Decimal, time: datetime) -> None:
        """Take a price, unless a newer one is known."""
        known = self._known.get(symbol)
        if known is None or time >= known[1]:
            self._known[symbol] = (price, time)
