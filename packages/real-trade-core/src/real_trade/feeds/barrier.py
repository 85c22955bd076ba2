"""When a feed without a bar may hold the others up: bars of one time reach `next()` together."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from real_trade.runtime import Clock

__all__ = ["Barrier"]


class Barrier:
    """Decides how long a feed that has no bar is waited for.

    Cerebro asks its feeds one after another, round after round; the bars of one round reach
    `next()` together. While no feed has a bar, a round may wait for any news. Once one has, it
    waits only for feeds whose own bar of that time, or of an earlier one, is due, and not for long:
    a feed that is late is not waited for again until its next bar has come.

    All feeds wait until the history of each is there, since bars that are a day apart must not
    reach `next()` side by side.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._without_history: set[Hashable] = set()
        self._late: set[Hashable] = set()
        self._asked: set[Hashable] = set()
        self._bar_end: datetime | None = None
        self._bar_s = 0.0
        self._next_bar_end: datetime | None = None
        self._round_s = 0.0

    def join(self, feed: Hashable) -> None:
        """Take in a feed, whose history is not there yet."""
        self._without_history.add(feed)

    def loaded(self, feed: Hashable) -> None:
        """Note that a feed's history is there."""
        self._without_history.discard(feed)

    @property
    def is_open(self) -> bool:
        """Return whether bars may be delivered: the history of all feeds is there."""
        return not self._without_history

    def ask(self, feed: Hashable) -> None:
        """Note that Cerebro turns to a feed; one that was asked before begins a new round."""
        if feed in self._asked:
            self._asked.clear()
        if not self._asked:
            self._round_s = self._bar_s = self._clock.monotonic()
            self._bar_end, self._next_bar_end = self._next_bar_end, None
        self._asked.add(feed)

    def expect(self, end: datetime) -> None:
        """Note that a bar is ready for the next round, before that begins."""
        self._next_bar_end = end

    def deliver(self, feed: Hashable, end: datetime) -> None:
        """Note that a feed gave its bar to the round."""
        self._late.discard(feed)
        if self._bar_end is None:
            self._bar_s = self._clock.monotonic()
        if self._bar_end is None or end < self._bar_end:
            self._bar_end = end

    def has_bar(self) -> bool:
        """Return whether this round has a bar."""
        return self._bar_end is not None

    def is_due(self, feed: Hashable, next_end: datetime | None) -> bool:
        """Return whether the round's bar waits for this feed's, which ends then."""
        if self._bar_end is None or next_end is None or feed in self._late:
            return False
        return next_end <= self._bar_end

    def wait_s(
        self, feed: Hashable, next_end: datetime | None, idle_s: float, patience_s: float
    ) -> float:
        """Return for how many seconds the round may still wait for this feed.

        Args:
            next_end: when the feed's next bar ends.
            idle_s: how long a round without any bar may last.
            patience_s: how long a bar waits for others of its time.
        """
        now = self._clock.monotonic()
        if self._bar_end is None:
            return self._round_s + idle_s - now
        return self._bar_s + patience_s - now if self.is_due(feed, next_end) else 0.0

    def give_up(self, feed: Hashable, next_end: datetime | None) -> datetime | None:
        """Note that a feed's bar did not come in time; return which it was, if any was due."""
        if not self.is_due(feed, next_end):
            return None
        self._late.add(feed)
        return next_end
