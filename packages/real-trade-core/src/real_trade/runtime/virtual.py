"""Virtual time on one thread: a heap of due calls, run when somebody waits."""

from __future__ import annotations

import heapq
import itertools
import random
import string
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from real_trade.runtime.inbox import Inbox

__all__ = ["VirtualClock", "VirtualRuntime"]

_ALPHABET = string.digits + string.ascii_lowercase
_START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A clock that moves only when told. `sleep` runs what falls due meanwhile.

    `skew` is the error of the machine's clock against true time: `now` has it, `true_now` has not.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._start = start
        self._elapsed_us = 0
        self._due: list[tuple[int, int, VirtualTimer]] = []
        self._order = itertools.count()
        self.skew = timedelta(0)

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC, as the machine believes it."""
        return self.true_now() + self.skew

    def true_now(self) -> datetime:
        """Return the time of day without the machine's error."""
        return self._start + timedelta(microseconds=self._elapsed_us)

    def monotonic(self) -> float:
        """Return seconds since the clock's start."""
        return self._elapsed_us / 1e6

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass and run what falls due in them."""
        self.run(seconds, lambda: False)

    def call_later(self, delay_s: float, function: Callable[[], None]) -> VirtualTimer:
        """Call `function` once, `delay_s` seconds from now."""
        timer = VirtualTimer(function)
        at = self._elapsed_us + max(0, round(delay_s * 1e6))
        heapq.heappush(self._due, (at, next(self._order), timer))
        return timer

    def run(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Run due calls until `until()` or `seconds` have passed; return `until()`."""
        end = self._elapsed_us + round(seconds * 1e6)
        while not until():
            if not self._due or self._due[0][0] > end:
                self._elapsed_us = max(self._elapsed_us, end)
                return until()
            at, _, timer = heapq.heappop(self._due)
            self._elapsed_us = max(self._elapsed_us, at)
            function, timer.function = timer.function, None
            if function is not None:
                function()
        return True


class VirtualTimer:
    """A call that is due in virtual time."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Forget the call."""
        self.function = None


class _VirtualLane:
    """A lane whose work is due at once, in order, when somebody next waits.

    Work that sleeps lets everything else run meanwhile, but not the next piece of its own lane.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._queue: deque[Callable[[], None]] = deque()
        self._busy = False
        self._due = False

    def submit(self, work: Callable[[], None]) -> None:
        self._queue.append(work)
        self._call_soon()

    def close(self, timeout_s: float = 5.0) -> bool:
        # Work that is under way is below us on the stack: waiting for it would never end.
        return self._clock.run(timeout_s, lambda: self._busy or not self._queue)

    def _call_soon(self) -> None:
        if self._queue and not self._busy and not self._due:
            self._due = True
            self._clock.call_later(0.0, self._run)

    def _run(self) -> None:
        self._due, self._busy = False, True
        try:
            self._queue.popleft()()
        finally:
            self._busy = False
            self._call_soon()


class VirtualRuntime:
    """One thread, virtual time, chance from a seed: the same seed gives the same run."""

    def __init__(self, seed: int = 0, start: datetime = _START) -> None:
        self.clock = VirtualClock(start)
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def inbox(self) -> Inbox:
        """Return an inbox whose `wait` lets virtual time pass."""
        return Inbox(lambda box, timeout_s: self.clock.run(timeout_s, lambda: len(box) > 0))

    def lane(self, name: str) -> _VirtualLane:  # noqa: ARG002 - a name helps only real threads
        """Return a lane that runs in virtual time."""
        return _VirtualLane(self.clock)

    def call_later(self, delay_s: float, function: Callable[[], None]) -> VirtualTimer:
        """Call `function` once, `delay_s` seconds of virtual time from now."""
        return self.clock.call_later(delay_s, function)

    def token(self, length: int) -> str:
        """Return `length` characters of 0-9a-z, drawn from the seed."""
        return "".join(self.random.choices(_ALPHABET, k=length))

    def close(self) -> None:
        """Nothing runs outside the caller's thread, so there is nothing to stop."""
