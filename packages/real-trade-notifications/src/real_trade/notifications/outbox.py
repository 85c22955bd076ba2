"""The way to one channel: bounded, off the caller's thread, one incident told once, tried again."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

import attrs

from real_trade.notifications.channel import Channel, NotDelivered
from real_trade.notifications.note import Note, at_least
from real_trade.plugins import Severity
from real_trade.runtime import Runtime

__all__ = ["Outbox", "Pace"]

_LOG = logging.getLogger("real_trade.notifications")
Done = Callable[[Note, bool], None]


@attrs.frozen(kw_only=True)
class Pace:
    """How much, and how often.

    Attributes:
        digest_s: after a note, others of the same key are held so long, and told as one.
        a_minute: more notes than this in a minute are held and told as one digest; alarms are not.
        waiting: the longest line; the oldest are dropped, and counted.
        tries_after_s: how long to wait before each further try.
    """

    digest_s: float = 60.0
    a_minute: int = 20
    waiting: int = 100
    tries_after_s: tuple[float, ...] = (1.0, 4.0)


@attrs.define
class _Held:
    """What came for one key while its digest was on its way."""

    first: Severity
    last: Note | None = None
    count: int = 0


class Outbox:
    """Thread-safe; `put` never blocks.

    Attributes:
        dropped: how many notes were given up because too many waited.
        failing: why the last note did not arrive; empty while the channel works.
    """

    def __init__(
        self, channel: Channel, runtime: Runtime, pace: Pace | None = None, done: Done | None = None
    ) -> None:
        self.channel = channel
        self.dropped = 0
        self.failing = ""
        self._runtime = runtime
        self._pace = pace or Pace()
        self._done = done
        self._lane = runtime.lane(f"notify-{channel.name}")
        self._waiting: deque[Note] = deque()
        self._held: dict[str, _Held] = {}
        self._sent_at: deque[float] = deque()
        self._lock = threading.Lock()
        self._open = 0
        self._idle = threading.Condition(self._lock)

    def put(self, note: Note) -> bool:
        """Take a note; return False if it is held for a digest."""
        with self._lock:
            if not self._may_go(note):
                return False
            self._queue(note)
        return True

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Send what is held, wait for what waits; return whether all of it has been tried."""
        with self._lock:
            for key in list(self._held):
                self._end(key)
        return self._settle(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush, then stop."""
        self.flush(timeout_s)
        self._lane.close(0.1)

    # What may go

    def _may_go(self, note: Note) -> bool:
        held = self._held.get(note.key)
        if held is not None and not _is_worse(note, held.first):
            held.last, held.count = note, held.count + 1
            return False
        if held is None:
            self._hold(note)
        now = self._runtime.clock.monotonic()
        while self._sent_at and now - self._sent_at[0] >= 60.0:
            self._sent_at.popleft()
        if len(self._sent_at) < self._pace.a_minute or at_least(note.severity, Severity.ERROR):
            self._sent_at.append(now)
            return True
        self._keep_for_storm(note)
        return False

    def _hold(self, note: Note) -> None:
        key = note.key
        self._held[key] = _Held(note.severity)
        self._runtime.call_later(self._pace.digest_s, lambda: self._end_later(key))

    def _keep_for_storm(self, note: Note) -> None:
        storm = self._held.get("")
        if storm is None:
            storm = self._held[""] = _Held(Severity.CRITICAL)
            self._runtime.call_later(60.0, lambda: self._end_later(""))
        storm.last, storm.count = note, storm.count + 1

    def _end_later(self, key: str) -> None:
        with self._lock:
            self._end(key)

    def _end(self, key: str) -> None:
        held = self._held.pop(key, None)
        if held is None or held.last is None:
            return
        more = held.count - 1
        title = held.last.title if more == 0 else f"{held.last.title} (and {more} more)"
        self._queue(attrs.evolve(held.last, title=title))

    # What is sent

    def _queue(self, note: Note) -> None:
        if len(self._waiting) >= self._pace.waiting:
            lost = self._waiting.popleft()
            self.dropped += 1
            self._open -= 1
            _LOG.warning(
                "%s is too slow: %r was dropped, %d so far",
                self.channel.name,
                lost.title,
                self.dropped,
            )
        self._waiting.append(note)
        self._open += 1
        self._lane.submit(self._send_next)

    def _send_next(self) -> None:
        with self._lock:
            note = self._waiting.popleft() if self._waiting else None
        if note is None:
            return
        arrived = False
        try:
            arrived = self._try(note)
        finally:
            with self._lock:
                self._open -= 1
                self._idle.notify_all()
            if self._done is not None:
                self._done(note, arrived)

    def _try(self, note: Note) -> bool:
        for wait_s in (*self._pace.tries_after_s, None):
            try:
                self.channel.send(note)
            except NotDelivered as failure:
                self.failing = str(failure)
                if wait_s is None:
                    _LOG.error("not delivered: %r: %s", note.title, failure)
                    return False
                self._runtime.clock.sleep(wait_s)
            else:
                self.failing = ""
                return True
        return False

    def _settle(self, timeout_s: float) -> bool:
        clock = self._runtime.clock
        end = clock.monotonic() + timeout_s
        while self._open > 0 and clock.monotonic() < end:
            clock.sleep(0.02)
        return self._open == 0


def _is_worse(note: Note, than: Severity) -> bool:
    return note.severity is not than and at_least(note.severity, than)
