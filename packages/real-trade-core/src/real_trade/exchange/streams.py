"""Keeps a websocket alive without end: backs off, resubscribes, notices death, rolls over in time.

What is said on a connection is a `Session`'s business; each connection gets a new one. The same
code runs on threads and in virtual time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs

from real_trade.exchange.errors import ExchangeError
from real_trade.exchange.outcomes import clean
from real_trade.exchange.transport import Connector, Socket
from real_trade.runtime import Lane, Runtime, Timer

__all__ = ["Link", "Listener", "ReconnectingSocket", "Reconnection", "Session"]

_LOG = logging.getLogger("real_trade.exchange.streams")
_CLOCK_STEP_S = 1e-6


@attrs.frozen(kw_only=True)
class Reconnection:
    """How a connection is kept. Times are in seconds.

    Attributes:
        first_delay_s, longest_delay_s: the wait doubles from the one to the other, jittered.
        least_gap_s: between two attempts, whatever the wait: exchanges count connections.
        max_attempts: give up after so many in a row; None for never.
        stable_s: a connection that lasted so long starts the count anew.
        ready_timeout_s: from the start to connect until subscriptions are confirmed.
        ping_interval_s, pong_timeout_s: their sum bounds how long a dead peer goes unnoticed.
        silence_s: without a message for so long it counts as dead although it answers pings.
        life_s: replace the connection by a new one before the exchange cuts it.
        messages_per_s: what the exchange accepts from us, pings included.
    """

    first_delay_s: float = 0.5
    longest_delay_s: float = 15.0
    least_gap_s: float = 5.0
    max_attempts: int | None = None
    stable_s: float = 30.0
    ready_timeout_s: float = 10.0
    ping_interval_s: float = 10.0
    pong_timeout_s: float = 4.5
    silence_s: float | None = None
    life_s: float = 23 * 3600.0
    messages_per_s: float = 4.0


class Session(Protocol):
    """What is said on one connection."""

    def opened(self) -> None:
        """The connection is there: subscribe, and call `Link.ready` once that is confirmed."""

    def message(self, frame: bytes) -> None:
        """A message came. Called one at a time."""


class Listener(Protocol):
    """Hears how the connection fares."""

    def connected(self) -> None:
        """It is there (again); what happened before may have been missed."""

    def lost(self, detail: str) -> None:
        """It is gone; another attempt follows."""

    def gave_up(self, detail: str) -> None:
        """It is gone and no attempt follows: `max_attempts` is reached."""


class Link:
    """One connection of a `ReconnectingSocket`, as its session sees it."""

    def __init__(self, owner: ReconnectingSocket, runtime: Runtime) -> None:
        self._owner = owner
        self._runtime = runtime
        self._socket: Socket | None = None
        self._session: Session | None = None
        self._waiting: deque[str] = deque()
        self._next_send = 0.0
        self._opened_early = False
        self._timers: list[Timer] = []
        self._life_s = owner.policy.life_s * runtime.random.uniform(0.98, 1.0)
        self.gone = False
        self.ready_since: float | None = None
        self.last_message = runtime.clock.monotonic()

    # For the session.

    def send(self, text: str) -> None:
        """Send `text` as soon as the exchange's limit on messages allows."""
        self._waiting.append(text)
        if len(self._waiting) == 1:
            self._send_waiting()

    def ready(self) -> None:
        """Say that the subscriptions are confirmed: what comes now can be relied on."""
        if self.ready_since is None and not self.gone:
            self.ready_since = self._runtime.clock.monotonic()
            self._owner.is_ready(self)

    def fail(self, reason: str) -> None:
        """End this connection as one that is of no use; another follows."""
        self._owner.ended(self, reason)

    def roll(self, reason: str) -> None:
        """Have this connection replaced: the new one is there before this one goes."""
        self._owner.roll(self, reason)

    # For the owner.

    def start(self, connector: Connector, url: str, session: Session) -> None:
        self._session = session
        self._socket = connector.open(url, self)
        if self._opened_early:
            self.on_open()

    def drop(self) -> None:
        self.gone = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        if self._socket is not None:
            self._socket.close()

    def later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Call `function` under the owner's gate, unless this connection has gone by then."""

        def call() -> None:
            with self._owner.gate:
                if not self.gone:
                    function()

        self._timers.append(self._runtime.call_later(delay_s, call))
        if len(self._timers) > 100:  # those that ran long ago
            del self._timers[:90]

    def expect_ready(self) -> None:
        if self.ready_since is None:
            self.fail("not ready in time")

    def heartbeat(self, policy: Reconnection) -> None:
        """Ping, look for the pong, and come back; also look for silence and for old age."""
        now = self._runtime.clock.monotonic()
        if self.ready_since is not None and now - self.ready_since > self._life_s:
            self.roll("its time is up")
        quiet_s = now - self.last_message
        if policy.silence_s is not None and quiet_s > policy.silence_s:
            self.fail(f"no message for {quiet_s:.0f} s")
            return
        if self._socket is not None:
            self._socket.ping()
            self.later(policy.pong_timeout_s, lambda: self._expect_pong(now, policy))
        self.later(policy.ping_interval_s, lambda: self.heartbeat(policy))

    def _expect_pong(self, since: float, policy: Reconnection) -> None:
        if self._socket is not None and self._socket.last_heard < since:
            self.fail(f"no pong within {policy.pong_timeout_s:g} s")

    def _send_waiting(self) -> None:
        if not self._waiting or self._socket is None:
            return
        now = self._runtime.clock.monotonic()
        wait_s = self._next_send - now
        if wait_s > _CLOCK_STEP_S:  # less may be lost in the clock's own digits, and never pass
            self.later(wait_s, self._send_waiting)
            return
        self._next_send = now + 1 / self._owner.policy.messages_per_s
        self._socket.send(self._waiting.popleft())
        if self._waiting:
            self.later(self._next_send - now, self._send_waiting)

    # SocketHandler: on the socket's thread.

    def on_open(self) -> None:
        with self._owner.gate:
            if self._socket is None or self._session is None:
                self._opened_early = True
            elif not self.gone:
                self._session.opened()
                self.heartbeat(self._owner.policy)

    def on_message(self, frame: bytes) -> None:
        with self._owner.gate:
            if not self.gone and self._session is not None:
                self.last_message = self._runtime.clock.monotonic()
                self._session.message(frame)

    def on_close(self, code: int, reason: str) -> None:
        self._owner.ended(self, f"{reason or 'closed'} ({code})")


class ReconnectingSocket:
    """A websocket that comes back.

    Args:
        address: returns the URL, anew for each attempt. With a `lane` it runs there, may block,
            and its ExchangeError counts as a failed attempt.
        session: makes the session of a new connection.
    """

    def __init__(
        self,
        runtime: Runtime,
        connector: Connector,
        address: Callable[[], str],
        session: Callable[[Link], Session],
        listener: Listener,
        *,
        policy: Reconnection | None = None,
        lane: Lane | None = None,
    ) -> None:
        self.policy = policy or Reconnection()
        self.gate = threading.RLock()
        self._runtime = runtime
        self._connector = connector
        self._address = address
        self._new_session = session
        self._listener = listener
        self._lane = lane
        self._current: Link | None = None
        self._next: Link | None = None
        self._retry: Timer | None = None
        self._attempts = 0
        self._last_attempt: float | None = None
        self._started = False

    @property
    def link(self) -> Link | None:
        """Return the connection in use, if there is one that is ready."""
        return self._current

    def start(self) -> None:
        """Start to connect; returns at once."""
        with self.gate:
            if not self._started:
                self._started = True
                self._attempts = 0
                self._open()

    def close(self) -> None:
        """End it for good; nothing is called any more once this returns."""
        with self.gate:
            self._started = False
            if self._retry is not None:
                self._retry.cancel()
            for link in (self._current, self._next):
                if link is not None:
                    link.drop()
            self._current = self._next = None

    def is_ready(self, link: Link) -> None:
        """Put a connection whose subscriptions are confirmed into use."""
        if link is not self._next:
            return
        before, self._current, self._next = self._current, link, None
        if before is not None:
            before.drop()
        else:
            self._listener.connected()

    def roll(self, link: Link, reason: str) -> None:
        """Open the successor of the connection in use."""
        with self.gate:
            if link is self._current and self._next is None and self._retry is None:
                self._again(f"rolled over: {reason}", counts=False)
            elif link is self._next:
                self.ended(link, reason)

    def ended(self, link: Link, reason: str) -> None:
        """Take note that a connection is gone, and see to the next one."""
        with self.gate:
            if link.gone:
                return
            link.drop()
            if link is self._next:
                self._next = None
            elif link is self._current:
                self._current = None
                if self._lasted(link):
                    self._attempts = 0
                self._listener.lost(reason)
            if self._started and self._next is None and self._retry is None:
                self._again(reason)

    def _lasted(self, link: Link) -> bool:
        since = link.ready_since
        return since is not None and self._runtime.clock.monotonic() - since > self.policy.stable_s

    def _again(self, reason: str, *, counts: bool = True) -> None:
        self._attempts += counts
        most = self.policy.max_attempts
        if most is not None and self._attempts > most and self._current is None:
            self._started = False
            self._listener.gave_up(f"{most} attempts failed; the last: {reason}")
            return
        delay_s = self._delay()
        _LOG.warning("a connection ended: %s; the next attempt is in %.1f s", reason, delay_s)
        self._retry = self._runtime.call_later(delay_s, self._open_again)

    def _delay(self) -> float:
        policy, chance = self.policy, self._runtime.random
        doubled = policy.first_delay_s * 2.0 ** min(max(self._attempts - 1, 0), 20)
        delay = min(policy.longest_delay_s, doubled) * chance.uniform(0.5, 1.0)
        if self._last_attempt is None:
            return delay
        since = self._runtime.clock.monotonic() - self._last_attempt
        return max(delay, policy.least_gap_s * chance.uniform(1.0, 1.2) - since)

    def _open_again(self) -> None:
        with self.gate:
            self._retry = None
            if self._started:
                self._open()

    def _open(self) -> None:
        self._last_attempt = self._runtime.clock.monotonic()
        link = self._next = Link(self, self._runtime)
        link.later(self.policy.ready_timeout_s, link.expect_ready)
        if self._lane is None:
            self._connect(link, self._address())
        else:
            self._lane.submit(lambda: self._prepare(link))

    def _prepare(self, link: Link) -> None:
        try:
            url = self._address()
        except ExchangeError as error:
            link.fail(clean(str(error)))
            return
        self._connect(link, url)

    def _connect(self, link: Link, url: str) -> None:
        with self.gate:
            if not link.gone:
                link.start(self._connector, url, self._new_session(link))
