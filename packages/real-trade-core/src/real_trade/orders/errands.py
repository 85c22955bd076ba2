"""Work that may block, done on a lane, with the outcome handed back on Cerebro's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import attrs

from real_trade.runtime import Inbox, Lane, Runtime, Timer

__all__ = ["Errands", "Outcome", "Turn"]

_T = TypeVar("_T")


@attrs.frozen
class Outcome(Generic[_T]):
    """What came of a piece of work: a value or an error, and when, on the monotonic clock."""

    value: _T | None
    error: Exception | None
    ended_s: float


@attrs.frozen(eq=False)
class Turn:
    """Something to do on Cerebro's thread, brought by the inbox to `owner`."""

    owner: Errands
    run: Callable[[], None]


class Errands:
    """Sends work out and takes answers in; one for each desk."""

    def __init__(self, runtime: Runtime, inbox: Inbox) -> None:
        self._runtime = runtime
        self._inbox = inbox
        self._closed = False

    @property
    def now_s(self) -> float:
        """Return the monotonic clock."""
        return self._runtime.clock.monotonic()

    def run(self, lane: Lane, work: Callable[[], _T], then: Callable[[Outcome[_T]], None]) -> None:
        """Do `work` on the lane; `then` gets what came of it, on Cerebro's thread."""

        def errand() -> None:
            outcome = self._outcome(work)
            self.soon(lambda: then(outcome))

        lane.submit(errand)

    def soon(self, action: Callable[[], None]) -> None:
        """Do `action` on Cerebro's thread; may be called from any thread."""
        self._inbox.put(Turn(self, action))

    def later(self, delay_s: float, action: Callable[[], None]) -> Timer:
        """Do `action` on Cerebro's thread once `delay_s` have passed."""
        return self._runtime.call_later(delay_s, lambda: self.soon(action))

    def take(self, turn: Turn) -> None:
        """Do what an errand brought back; only Cerebro's thread may call this."""
        if not self._closed:
            turn.run()

    def close(self) -> None:
        """Do nothing any more with what still comes back."""
        self._closed = True

    def _outcome(self, work: Callable[[], _T]) -> Outcome[_T]:
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - what an error means, Cerebro's thread decides
            return Outcome(None, error, self.now_s)
        return Outcome(value, None, self.now_s)
