"""How often something happened lately: sliding windows that a restart does not empty."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from real_trade.risk._plain import plain_time, read_time
from real_trade.risk.units import Rate

__all__ = ["RateWindow", "RateWindows"]


class RateWindow:
    """Events of one rate: at most `rate.count` may lie in any `rate.period`."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._times: deque[datetime] = deque(maxlen=rate.count)

    def full(self, now: datetime) -> bool:
        """Return whether one more at `now` would be too many."""
        times = self._times
        return len(times) == self.rate.count and now - times[0] < self.rate.period

    def add(self, now: datetime) -> None:
        """Count one event."""
        self._times.append(now)

    def used(self, now: datetime) -> int:
        """Return how many lie within the period that ends at `now`."""
        return sum(1 for time in self._times if now - time < self.rate.period)

    def free_at(self) -> datetime:
        """Return when there is room again."""
        return self._times[0] + self.rate.period

    def times(self) -> Iterable[datetime]:
        """Return the events that are remembered, oldest first."""
        return self._times


class RateWindows:
    """The windows of several rates that count the same events."""

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        self.windows = tuple(RateWindow(rate) for rate in rates)

    def full(self, now: datetime) -> RateWindow | None:
        """Return a window that has no room for one more, or None."""
        for window in self.windows:
            if window.full(now):
                return window
        return None

    def add(self, now: datetime) -> None:
        """Count one event in every window."""
        for window in self.windows:
            window.add(now)

    def remembered(self) -> list[int]:
        """Return the events to remember over a restart, as plain values."""
        longest = max(self.windows, key=lambda one: len(one._times), default=None)
        return [] if longest is None else [plain_time(time) for time in longest.times()]

    def restore(self, remembered: Iterable[int]) -> None:
        """Take back what `remembered` returned."""
        for time in remembered:
            self.add(read_time(time))
