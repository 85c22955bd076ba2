"""Who listens to which stream, and the connections that carry market streams.

Source: spot documentation, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams" and
"Error Messages".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from real_trade.simulator.messages import Message, MessageFaults
from real_trade.simulator.sockets import SocketEnd

__all__ = ["Hub", "StreamSocket"]

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_MOST_STREAMS = 1024


class Hub:
    """Streams by name. A stream exists while somebody listens to it.

    Args:
        on_first, on_last: called when a stream gets its first and loses its last listener.
    """

    def __init__(
        self,
        faults: MessageFaults,
        *,
        on_first: Callable[[str], None] | None = None,
        on_last: Callable[[str], None] | None = None,
    ) -> None:
        self._faults = faults
        self._listeners: dict[str, dict[StreamSocket, None]] = {}
        self._on_first = on_first
        self._on_last = on_last
        self.published = 0

    def __contains__(self, name: str) -> bool:
        return name in self._listeners

    @property
    def names(self) -> Iterable[str]:
        """Return the streams that somebody listens to."""
        return self._listeners.keys()

    def join(self, name: str, socket: StreamSocket) -> None:
        """Let `socket` listen to `name`."""
        listeners = self._listeners.get(name)
        if listeners is None:
            listeners = self._listeners[name] = {}
            if self._on_first is not None:
                self._on_first(name)
        listeners[socket] = None

    def leave(self, name: str, socket: StreamSocket) -> None:
        """Let `socket` listen no more."""
        listeners = self._listeners.get(name)
        if listeners is not None:
            listeners.pop(socket, None)
            if not listeners:
                del self._listeners[name]
                if self._on_last is not None:
                    self._on_last(name)

    def publish(self, name: str, value: Any) -> None:
        """Send `value` to all who listen to `name`."""
        listeners = self._listeners.get(name)
        if listeners is None:
            return
        self.published += 1
        if not self._faults.active:
            self._send(name, orjson.dumps(value))
            return
        self._faults.pass_on(
            f"stream:{name}",
            value,
            lambda payload: self._send(name, payload),
            lambda message: self._raw(name, message),
            lambda code, reason, reset: self._close(name, code, reason, reset),
        )

    def _send(self, name: str, payload: bytes) -> None:
        plain: Message | None = None
        combined: Message | None = None
        for socket in tuple(self._listeners.get(name, ())):
            if socket.combined:
                if combined is None:
                    combined = Message(b'{"stream":"%b","data":%b}' % (name.encode(), payload))
                socket.deliver(combined)
            else:
                if plain is None:
                    plain = Message(payload)
                socket.deliver(plain)

    def _raw(self, name: str, message: Message) -> None:
        for socket in tuple(self._listeners.get(name, ())):
            socket.deliver(message)

    def _close(self, name: str, code: int, reason: str, reset: bool) -> None:
        for socket in tuple(self._listeners.get(name, ())):
            if reset:
                socket.abort()
            else:
                socket.close(code, reason)


class StreamSocket(SocketEnd):
    """A connection to /ws or /stream: subscriptions by path and by message."""

    def __init__(self, *, hub: Hub, combined: bool, streams: Iterable[str], **rest: Any) -> None:
        super().__init__(**rest)
        self.combined = combined
        self._hub = hub
        self._streams: dict[str, None] = {}
        for name in streams:
            self._join(name)

    def take(self, text: bytes) -> None:
        """Do what a subscription message asks for."""
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._refuse(None, 3, f"Invalid JSON: {error.msg} at line 1 column {error.colno}")
            return
        if not isinstance(request, dict) or "method" not in request:
            self._refuse(None, 2, "Invalid request: missing field `method` at line 1 column 1")
            return
        number = request.get("id")
        if isinstance(number, bool) or not (
            number is None or isinstance(number, str) or (isinstance(number, int) and number >= 0)
        ):
            self._refuse(None, 2, "Invalid request: request ID must be an unsigned integer")
            return
        self._handle(number, request["method"], request.get("params", []))

    def gone(self) -> None:
        """Leave all streams."""
        for name in self._streams:
            self._hub.leave(name, self)
        self._streams.clear()
        super().gone()

    def _handle(self, number: Any, method: Any, params: Any) -> None:
        if method not in _METHODS:
            known = ", ".join(f"`{one}`" for one in _METHODS)
            self._refuse(
                number,
                2,
                f"Invalid request: unknown variant `{method}`, expected one of {known} "
                "at line 1 column 1",
            )
        elif method == "LIST_SUBSCRIPTIONS":
            self._answer(number, list(self._streams))
        elif method == "GET_PROPERTY":
            self._get_property(number, params)
        elif method == "SET_PROPERTY":
            self._set_property(number, params)
        elif not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            self._refuse(number, 2, "Invalid request: params must be a list of stream names")
        elif method == "SUBSCRIBE":
            self._subscribe(number, params)
        else:
            for name in params:
                if name in self._streams:
                    del self._streams[name]
                    self._hub.leave(name, self)
            self._answer(number, None)

    def _subscribe(self, number: Any, names: list[str]) -> None:
        if len(self._streams.keys() | set(names)) > _MOST_STREAMS:
            self._refuse(number, 2, "Invalid request: too many streams")
            return
        self._answer(number, None)
        for name in names:
            self._join(name)

    def _join(self, name: str) -> None:
        if name and name not in self._streams and len(self._streams) < _MOST_STREAMS:
            self._streams[name] = None
            self._hub.join(name, self)

    def _get_property(self, number: Any, params: Any) -> None:
        if params == ["combined"]:
            self._answer(number, self.combined)
        else:
            self._refuse(number, 0, "Unknown property")

    def _set_property(self, number: Any, params: Any) -> None:
        if not isinstance(params, list) or len(params) != 2 or params[0] != "combined":
            self._refuse(number, 0, "Unknown property")
        elif not isinstance(params[1], bool):
            self._refuse(number, 1, "Invalid value type: expected Boolean")
        else:
            self.combined = params[1]
            self._answer(number, None)

    def _answer(self, number: Any, result: Any) -> None:
        self.send_bytes(orjson.dumps({"result": result, "id": number}))

    def _refuse(self, number: Any, code: int, message: str) -> None:
        self.send_bytes(orjson.dumps({"error": {"code": code, "msg": message}, "id": number}))
