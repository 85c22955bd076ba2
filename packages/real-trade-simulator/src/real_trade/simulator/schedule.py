"""The exchange's own time: whole milliseconds since the epoch, and what is due when.

Nothing here waits. Whoever runs the exchange asks `next_due` and calls `run` then.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

__all__ = ["Due", "Schedule"]


class Due:
    """A call that is due later."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Forget the call."""
        self.function = None


class Schedule:
    """A heap of due calls. Time never goes back; equal times run in the order they were asked."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._heap: list[tuple[int, int, Due]] = []
        self._order = itertools.count()

    def at(self, ms: int, function: Callable[[], None]) -> Due:
        """Call `function` once, at `ms` or as soon after as somebody runs the schedule."""
        due = Due(function)
        heapq.heappush(self._heap, (max(ms, self.now), next(self._order), due))
        return due

    def after(self, ms: int, function: Callable[[], None]) -> Due:
        """Call `function` once, `ms` milliseconds from now."""
        return self.at(self.now + ms, function)

    def run(self, now: int) -> None:
        """Run everything that is due at or before `now`, each at its own time."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, due = heapq.heappop(heap)
            function, due.function = due.function, None
            if function is not None:
                self.now = max(self.now, at)
                function()
        self.now = max(self.now, now)

    def next_due(self) -> int | None:
        """Return when the next call is due, or None."""
        heap = self._heap
        while heap and heap[0][2].function is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None
