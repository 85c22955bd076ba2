"""The exchange's clock, as the venue sees it."""

from __future__ import annotations

from datetime import datetime

from real_trade.model import from_ms
from real_trade.simulator.schedule import Schedule

__all__ = ["ScheduleClock"]


class ScheduleClock:
    """Reads the schedule's time; it moves only when the schedule runs."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._start = schedule.now
        self._known = (schedule.now, from_ms(schedule.now))

    def now(self) -> datetime:
        """Return the exchange's time."""
        ms = self._schedule.now
        if ms != self._known[0]:
            self._known = (ms, from_ms(ms))
        return self._known[1]

    def milliseconds(self) -> int:
        """Return the exchange's time in milliseconds since the epoch."""
        return self._schedule.now

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return (self._schedule.now - self._start) / 1000

    def sleep(self, seconds: float) -> None:
        """Let time pass by running what is due."""
        self._schedule.run(self._schedule.now + round(seconds * 1000))
