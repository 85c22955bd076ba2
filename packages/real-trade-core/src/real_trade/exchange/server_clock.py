"""The exchange's clock, as seen from here.

It is carried forward by the monotonic clock, so that a wrong or jumping clock of this machine does
not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from real_trade.runtime import Clock

__all__ = ["ServerClock"]

# Clocks drift up to 200 ppm apart: 0.12 s in ten minutes.
_FRESH_S = 600.0
# A suspended machine's monotonic clock stands still while its wall clock goes on.
_JUMP = timedelta(seconds=1)


@attrs.frozen
class _Measured:
    server: datetime
    monotonic: float
    wall: datetime


class ServerClock:
    """Knows the exchange's time once it has been measured; the machine's before that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._measured: _Measured | None = None
        self._doubted = False

    def measure(self, ask: Callable[[], datetime]) -> datetime:
        """Ask the exchange for its time and set this clock by it; return its time now.

        The answer is taken to have been true half way between asking and hearing.
        """
        before = self._clock.monotonic()
        server = ask()
        after = self._clock.monotonic()
        middle = (before + after) / 2
        self._measured = _Measured(server, middle, self._clock.now())
        self._doubted = False
        return self.now()

    def now(self) -> datetime:
        """Return the exchange's time."""
        if self._measured is None:
            return self._clock.now()
        passed = self._clock.monotonic() - self._measured.monotonic
        return self._measured.server + timedelta(seconds=passed)

    @property
    def offset(self) -> timedelta:
        """Return by how much the exchange's clock is ahead of this machine's."""
        return self.now() - self._clock.now()

    @property
    def is_fresh(self) -> bool:
        """Whether the last measurement can still be relied on."""
        if self._measured is None or self._doubted:
            return False
        passed = self._clock.monotonic() - self._measured.monotonic
        passed_on_wall = self._clock.now() - self._measured.wall
        jumped = abs(passed_on_wall - timedelta(seconds=passed)) > _JUMP
        return passed < _FRESH_S and not jumped

    def forget(self) -> None:
        """Make the next user measure anew; the last known time stays in use until then."""
        self._doubted = True
