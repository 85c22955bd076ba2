"""The seams to the network: one way to ask over HTTP, one way to hold a websocket.

Both have a real side (`http.py`, `sockets.py`) and an in-process one in the simulator, so that the
same stack runs on the wire and in virtual time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

__all__ = [
    "Connector",
    "HttpReply",
    "HttpRequest",
    "NotSent",
    "ReplyLost",
    "Socket",
    "SocketHandler",
    "Transport",
    "TransportError",
]


def _without_query(url: str) -> str:
    return repr(url.partition("?")[0])  # the query may hold a signature


@attrs.frozen(kw_only=True)
class HttpRequest:
    """One HTTP request. `deadline_s` bounds all of it, connection to last byte."""

    method: str
    url: str = attrs.field(repr=_without_query)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    deadline_s: float = 10.0


@attrs.frozen(kw_only=True)
class HttpReply:
    """A whole reply. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


class TransportError(Exception):
    """No whole reply came."""


class NotSent(TransportError):
    """No byte of the request left this machine for the server: it cannot have happened."""


class ReplyLost(TransportError):
    """The request went out, at least in part, and no whole reply came: it may have happened."""


class Transport(Protocol):
    """Sends one request once: no redirects, no retries, no cookies."""

    def send(self, request: HttpRequest) -> HttpReply:
        """Return the reply, whatever its status.

        Raises:
            NotSent: nothing went out.
            ReplyLost: something went out, and no whole reply came back.
        """

    def close(self) -> None:
        """Close kept connections."""


class SocketHandler(Protocol):
    """Gets what a websocket tells, one call at a time; must be quick and must not raise."""

    def on_open(self) -> None:
        """The handshake is done; `Socket.send` works now."""

    def on_message(self, frame: bytes) -> None:
        """A whole text or binary message came."""

    def on_close(self, code: int, reason: str) -> None:
        """The connection has ended or never came to be: the last call.

        `code` is as RFC 6455 has it; 1006 where none came.
        """


class Socket(Protocol):
    """An open or opening websocket."""

    def send(self, text: str) -> None:
        """Send a text message; an error ends the connection and shows in `on_close`."""

    def ping(self) -> None:
        """Send a ping; `last_heard` moves when the pong comes."""

    @property
    def last_heard(self) -> float:
        """Return the monotonic time of the last byte that came, pongs included."""

    def close(self) -> None:
        """Close; `on_close` follows unless it has come already."""


class Connector(Protocol):
    """Opens websockets."""

    def open(self, url: str, handler: SocketHandler) -> Socket:
        """Start to connect and return at once; `handler` hears the rest."""
