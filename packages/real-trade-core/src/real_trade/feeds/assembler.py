"""From history and stream to bars in order: every bar once, closed ones only, no gap. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from real_trade.model import Bar, Timeframe

__all__ = ["Assembler"]


class Assembler:
    """Puts bars of one symbol and timeframe in order.

    Live bars wait until the history before them is there. A live bar that leaves a gap behind it
    waits too, and `needs_since` says from when history must be fetched.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self._ready: deque[Bar] = deque()
        self._waiting: dict[datetime, Bar] = {}
        self._next_open: datetime | None = None
        self._synced = False
        self._gaps: list[tuple[datetime, datetime]] = []
        self.repeated = 0
        self.faulty = 0

    @property
    def next_open(self) -> datetime | None:
        """Return the open time of the bar that must come next; None before the first."""
        return self._next_open

    @property
    def is_synced(self) -> bool:
        """Return whether history has been joined to the stream, with no gap known."""
        return self._synced and not self._waiting

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def first(self) -> Bar:
        """Return the next bar in order, and keep it."""
        return self._ready[0]

    def pop(self) -> Bar:
        """Return the next bar in order."""
        return self._ready.popleft()

    def lose(self) -> None:
        """Note that the stream was cut: what comes next may leave a gap, so history is asked
        first."""
        self._synced = False

    def history(self, bars: Iterable[Bar]) -> None:
        """Take fetched bars; those that are known, open or unsound are left out."""
        for bar in bars:
            self._append(bar)
        self._synced = True
        self._join()

    def live(self, bar: Bar) -> bool:
        """Take a bar from the stream; return whether history is needed before it can be used."""
        if not bar.closed:
            return False
        if self._next_open is not None and bar.open_time < self._next_open:
            self.repeated += 1
            return False
        self._waiting[bar.open_time] = bar
        if not self._synced:
            return False
        self._join()
        return bool(self._waiting)

    def accept_gap(self) -> None:
        """Go on after a gap that history does not fill: the exchange has no bars there."""
        if self._waiting:
            self._append(self._waiting.pop(min(self._waiting)))
            self._join()

    def take_gaps(self) -> list[tuple[datetime, datetime]]:
        """Return the gaps that were passed over since the last call: first open time that is
        missing, and the open time of the next bar there is."""
        gaps, self._gaps = self._gaps, []
        return gaps

    @property
    def has_gap(self) -> bool:
        """Return whether a bar waits for others that must come before it."""
        return self._synced and bool(self._waiting)

    def _join(self) -> None:
        for open_time in sorted(self._waiting):
            if self._next_open is not None and open_time > self._next_open:
                return
            self._append(self._waiting.pop(open_time))

    def _append(self, bar: Bar) -> None:
        if not bar.closed:
            return
        if bar.fault():
            self.faulty += 1
            return
        if self._next_open is not None and bar.open_time < self._next_open:
            self.repeated += 1
            return
        if self._next_open is not None and bar.open_time > self._next_open:
            self._gaps.append((self._next_open, bar.open_time))
        self._ready.append(bar)
        self._next_open = bar.end_time
