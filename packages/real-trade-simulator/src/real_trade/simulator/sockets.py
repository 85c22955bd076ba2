"""One websocket connection, seen from the exchange: its life, its pings, its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs
import orjson

from real_trade.runtime.chance import seeded
from real_trade.simulator.messages import Message
from real_trade.simulator.replies import Answer, Later, Reply
from real_trade.simulator.schedule import Schedule

__all__ = ["Session", "SocketEnd", "SocketRules"]


class Session(Protocol):
    """The wire below a websocket: frames out. What comes in is told to the `SocketEnd`."""

    def send(self, message: Message) -> None:
        """Send a message."""

    def ping(self, payload: bytes) -> None:
        """Send a ping."""

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and end the connection."""

    def abort(self) -> None:
        """End the connection by RST, without a word."""


@attrs.frozen(kw_only=True)
class SocketRules:
    """Limits of a kind of connection.

    Attributes:
        ping_ms: a ping leaves so often.
        pong_ms: without a pong for so long the connection is cut.
        messages_per_s: more incoming messages cut it, pings and pongs included; 0 for no limit.
        life_ms: it is cut when it is so old.
    """

    ping_ms: int = 20_000
    pong_ms: int = 60_000
    messages_per_s: int = 5
    life_ms: int = 86_400_000


class SocketEnd:
    """What all connections share. Subclasses say what a text message means."""

    def __init__(
        self,
        *,
        session: Session,
        schedule: Schedule,
        path: str,
        ip: str,
        rules: SocketRules,
        number: int,
        on_gone: Callable[[SocketEnd], None],
        microseconds: bool = False,
    ) -> None:
        self.path = path
        self.ip = ip
        self.number = number
        self.microseconds = microseconds
        self.opened_ms = schedule.now
        self.open = True
        self.silent_until = -1
        self.pings = True
        self.sent = 0
        self._session = session
        self._schedule = schedule
        self._rules = rules
        self._on_gone = on_gone
        self._heard_ms = schedule.now
        self._second = -1
        self._incoming = 0
        # Binance's pings are not aligned to the connection's start.
        chance = seeded("ping", number)
        self._next_ping = schedule.after(chance.randrange(1, rules.ping_ms), self._ping)
        self._end = schedule.after(rules.life_ms, self._expire)

    def deliver(self, message: Message) -> None:
        """Send a message, unless a fault keeps this connection silent."""
        if self.open and self._schedule.now >= self.silent_until:
            self.sent += 1
            self._session.send(message)

    def send_json(self, value: Any) -> None:
        """Send a message of this connection alone."""
        self.deliver(Message(orjson.dumps(value)))

    def settle(self, answer: Answer, tell: Callable[[Reply], None]) -> None:
        """Let `tell` send an answer, as and when a fault lets it through."""
        if isinstance(answer, Later):
            self._schedule.at(answer.at_ms, lambda: self.settle(answer.run(), tell))
            return
        way = answer.delivery
        if way.lost:
            return
        if way.refuse or way.reset:
            self.abort()
        elif way.part < 1.0:
            self.close(1006, "")
        elif way.delay_ms:
            self._schedule.after(way.delay_ms, lambda: tell(answer))
        else:
            tell(answer)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection from this side."""
        if self.open:
            self._session.close(code, reason)
            self.gone()

    def abort(self) -> None:
        """Cut the connection."""
        if self.open:
            self._session.abort()
            self.gone()

    def on_text(self, text: bytes) -> None:
        """Take a text message from the client."""
        if self._counted():
            self.take(text)

    def on_ping(self, payload: bytes) -> None:
        """Take a ping and answer it."""
        self._heard_ms = self._schedule.now
        if self._counted() and self.pings:
            self._session.pong(payload)

    def on_pong(self, payload: bytes) -> None:  # noqa: ARG002 - any pong proves life
        """Take a pong."""
        self._heard_ms = self._schedule.now
        self._counted()

    def on_closed(self) -> None:
        """The client has gone."""
        self.gone()

    def take(self, text: bytes) -> None:
        """Do what the message asks for."""
        raise NotImplementedError

    def gone(self) -> None:
        """Forget everything about this connection."""
        if self.open:
            self.open = False
            self._next_ping.cancel()
            self._end.cancel()
            self._on_gone(self)

    def _counted(self) -> bool:
        """Count an incoming message; cut the connection that sends too many."""
        limit = self._rules.messages_per_s
        if not limit or not self.open:
            return self.open
        second = self._schedule.now // 1000
        if second != self._second:
            self._second, self._incoming = second, 0
        self._incoming += 1
        if self._incoming > limit:
            self.close(1008, "Too many requests")
        return self.open

    def _ping(self) -> None:
        if self._schedule.now - self._heard_ms > self._rules.pong_ms:
            self.close(1008, "Pong timeout")
            return
        if self.pings:
            self._session.ping(str(self._schedule.now).encode())
        self._next_ping = self._schedule.after(self._rules.ping_ms, self._ping)

    def _expire(self) -> None:
        self.close(1001, "Connection is too old")
