"""One queue per account: other threads put values in, Cerebro's thread takes them out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["Inbox"]


class Inbox:
    """A thread-safe queue with a wake-up; the only thing that threads share with Cerebro's.

    `wait` is how the runtime lets time pass: the real one blocks on a condition, the virtual one
    runs its timers.
    """

    def __init__(self, wait: Callable[[Inbox, float], bool] | None = None) -> None:
        self._values: deque[Any] = deque()
        self._ready = threading.Event()
        self._wait = wait

    def put(self, value: Any) -> None:
        """Add `value`; never blocks, may be called from any thread."""
        self._values.append(value)
        self._ready.set()

    def drain(self) -> list[Any]:
        """Return everything that is waiting, oldest first, at once."""
        self._ready.clear()
        values = []
        while self._values:
            values.append(self._values.popleft())
        return values

    def wait(self, timeout_s: float) -> bool:
        """Block until something is there or `timeout_s` passes; return whether something is."""
        if self._values:
            return True
        if self._wait is not None:
            return self._wait(self, timeout_s)
        return self._ready.wait(timeout_s)

    def __len__(self) -> int:
        return len(self._values)
