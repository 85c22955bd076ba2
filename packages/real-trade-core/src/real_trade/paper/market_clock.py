"""Time as the market data tell it."""

from __future__ import annotations

from datetime import datetime

from real_trade.model.times import EPOCH
from real_trade.utils.errors import DataError

__all__ = ["MarketClock"]


class MarketClock:
    """A clock that shows the time of the newest bar: a backtest's time."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the newest time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the epoch."""
        return (self._now - EPOCH).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Refuse: time comes from the bars."""
        raise DataError(f"cannot sleep {seconds} s: a backtest's time comes from its bars")

    def advance(self, time: datetime) -> None:
        """Go to `time`, never back."""
        self._now = max(self._now, time)
