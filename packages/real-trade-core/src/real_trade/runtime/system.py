"""The real world: the machine's clock, threads, and chance from the operating system."""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import secrets
import string
import threading
from collections.abc import Callable

from real_trade.runtime.clock import SystemClock
from real_trade.runtime.inbox import Inbox
from real_trade.runtime.lanes import ThreadLane

__all__ = ["SystemRuntime"]

_LOG = logging.getLogger("real_trade.runtime")
_ALPHABET = string.digits + string.ascii_lowercase


class SystemRuntime:
    """Threads and the machine's clock. One timer thread serves all `call_later`s."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.random = random.Random(secrets.randbits(64))  # noqa: S311 - jitter, not secrets
        self._timers = _TimerThread(self.clock)
        self._lanes: list[ThreadLane] = []

    def inbox(self) -> Inbox:
        """Return a new inbox."""
        return Inbox()

    def lane(self, name: str) -> ThreadLane:
        """Return a new lane on a thread called `name`."""
        lane = ThreadLane(name, _report)
        # Lanes that ended are forgotten here: a stream makes a new one at every reconnect.
        self._lanes = [each for each in self._lanes if each.is_running] + [lane]
        return lane

    def call_later(self, delay_s: float, function: Callable[[], None]) -> _Timer:
        """Call `function` once, after `delay_s` seconds, on the timer thread."""
        return self._timers.add(delay_s, function)

    def token(self, length: int) -> str:
        """Return `length` random characters of 0-9a-z."""
        return "".join(secrets.choice(_ALPHABET) for _ in range(length))

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop timers and lanes; a lane that takes longer than `timeout_s` is left, and told."""
        self._timers.close()
        for lane in self._lanes:
            if not lane.close(timeout_s):
                _LOG.warning("lane %s did not stop within %s s", lane.name, timeout_s)
        self._lanes.clear()


def _report(where: str, error: BaseException) -> None:
    _LOG.error("%s: %s", where, error, exc_info=error)


class _Timer:
    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        self.function = None


class _TimerThread:
    """A heap of due calls and a thread that starts with the first of them."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, delay_s: float, function: Callable[[], None]) -> _Timer:
        timer = _Timer(function)
        with self._changed:
            if self._closed:
                return timer
            at = self._clock.monotonic() + max(0.0, delay_s)
            heapq.heappush(self._due, (at, next(self._order), timer))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
                self._thread.start()
            self._changed.notify()
        return timer

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def _run(self) -> None:
        while (timer := self._next()) is not None:
            function, timer.function = timer.function, None
            if function is None:
                continue
            try:
                function()
            except Exception as error:  # noqa: BLE001 - one broken call must not stop the others
                _report("timers", error)

    def _next(self) -> _Timer | None:
        with self._changed:
            while not self._closed:
                if not self._due:
                    self._changed.wait()
                    continue
                wait = self._due[0][0] - self._clock.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None
