"""One queue per account: other threads put values in, Cerebro's thread takes them out."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["Inbox"]


class Inbox:
    """A thread-safe queue with a wake-up; the only thing that threads share with Cerebro's.

    Any thread may put, one thread waits and drains. A signal handler may put as well, even while
    its own thread waits here: `queue.SimpleQueue` is made for that, an event or a lock is not.

    `wait` is how the runtime lets time pass: the real one blocks, the virtual one runs its timers.
    """

    def __init__(self, wait: Callable[[Inbox, float], bool] | None = None) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._taken: deque[Any] = deque()
        self._wait = wait

    def put(self, value: Any) -> None:
        """Add `value`; never blocks, may be called from any thread."""
        self._queue.put(value)

    def drain(self) -> list[Any]:
        """Return everything that is waiting, oldest first, at once."""
        values = list(self._taken)
        self._taken.clear()
        # As many as there are now: a writer that is faster must not keep the reader here.
        values += [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        return values

    def wait(self, timeout_s: float) -> bool:
        """Block until something is there or `timeout_s` passes; return whether something is."""
        if len(self):
            return True
        if self._wait is not None:
            return self._wait(self, timeout_s)
        try:
            self._taken.append(self._queue.get(timeout=max(0.0, timeout_s)))
        except queue.Empty:
            return False
        return True

    def __len__(self) -> int:
        return len(self._taken) + self._queue.qsize()
