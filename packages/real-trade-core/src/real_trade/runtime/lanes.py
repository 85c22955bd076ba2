"""Lanes: named workers that do what may block, one piece after another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Protocol

__all__ = ["Lane", "ThreadLane"]


class Lane(Protocol):
    """A worker with a queue. Pieces run in the order they came, never two at once."""

    def submit(self, work: Callable[[], None]) -> None:
        """Queue `work`; never blocks. `work` must handle its own errors: it may not raise."""

    def close(self, timeout_s: float = 5.0) -> bool:
        """Finish what is queued, then stop; return False if that took longer than `timeout_s`."""


class ThreadLane:
    """A lane on a daemon thread of its own."""

    def __init__(self, name: str, on_error: Callable[[str, BaseException], None]) -> None:
        self._name = name
        self._on_error = on_error
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Return the thread's name."""
        return self._name

    @property
    def is_running(self) -> bool:
        """Whether the thread is there; it ends once a closed lane has finished its work."""
        return self._thread.is_alive()

    def submit(self, work: Callable[[], None]) -> None:
        """Queue `work`; never blocks."""
        self._queue.put(work)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Finish what is queued, then stop; return False if that took longer than `timeout_s`."""
        self._queue.put(None)
        if threading.current_thread() is self._thread:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            # SystemExit too: it would end this thread, and with it all that is queued, in silence.
            except BaseException as error:  # noqa: BLE001 - a lane outlives work that breaks
                self._on_error(self._name, error)
