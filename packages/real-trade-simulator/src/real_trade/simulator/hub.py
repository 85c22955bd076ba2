"""Who listens to which stream, and the connections that carry market streams.

Source: spot documentation, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams" and
"Error Messages".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from real_trade.simulator.messages import Message, MessageFaults
from real_trade.simulator.mishaps import Mishaps
from real_trade.simulator.replies import Reply
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.time_units import event_in_microseconds

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
            self._send(name, value)
            return
        self._faults.pass_on(
            f"stream:{name}",
            value,
            lambda found: self._send(name, found),
            lambda message: self._raw(name, message),
            lambda code, reason, reset: self._close(name, code, reason, reset),
        )

    def _send(self, name: str, value: Any) -> None:
        """Encode once for each of the ways in which sockets want it."""
        encoded: dict[tuple[bool, bool], Message] = {}
        for socket in tuple(self._listeners.get(name, ())):
            way = (socket.combined, socket.microseconds)
            message = encoded.get(way)
            if message is None:
                payload = orjson.dumps(event_in_microseconds(value) if way[1] else value)
                if way[0]:
                    payload = b'{"stream":"%b","data":%b}' % (name.encode(), payload)
                message = encoded[way] = Message(payload)
            socket.deliver(message)

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

    def __init__(
        self,
        *,
        hub: Hub,
        mishaps: Mishaps,
        combined: bool,
        streams: Iterable[str],
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.combined = combined
        self._hub = hub
        self._mishaps = mishaps
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
        method, params = request["method"], request.get("params", [])
        answer = self._mishaps.answer(
            f"api:{method}",
            lambda: Reply(200, orjson.dumps(self._handle(number, method, params))),
            limits=None,
            ip=self.ip,
            cache_key=f"{method} {params}",
            facts=lambda: request,
        )
        self.settle(answer, lambda reply: self.deliver(Message(reply.body)))

    def gone(self) -> None:
        """Leave all streams."""
        for name in self._streams:
            self._hub.leave(name, self)
        self._streams.clear()
        super().gone()

    def _handle(self, number: Any, method: Any, params: Any) -> dict[str, Any]:
        if method not in _METHODS:
            known = ", ".join(f"`{one}`" for one in _METHODS)
            return _error(
                number,
                2,
                f"Invalid request: unknown variant `{method}`, expected one of {known} "
                "at line 1 column 1",
            )
        if method == "LIST_SUBSCRIPTIONS":
            return _result(number, list(self._streams))
        if method == "GET_PROPERTY":
            if params == ["combined"]:
                return _result(number, self.combined)
            return _error(number, 0, "Unknown property")
        if method == "SET_PROPERTY":
            return self._set_property(number, params)
        if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            return _error(number, 2, "Invalid request: params must be a list of stream names")
        if method == "SUBSCRIBE":
            return self._subscribe(number, params)
        for name in params:
            if name in self._streams:
                del self._streams[name]
                self._hub.leave(name, self)
        return _result(number, None)

    def _subscribe(self, number: Any, names: list[str]) -> dict[str, Any]:
        if len(self._streams.keys() | set(names)) > _MOST_STREAMS:
            return _error(number, 2, "Invalid request: too many streams")
        for name in names:
            self._join(name)
        return _result(number, None)

    def _join(self, name: str) -> None:
        if name and name not in self._streams and len(self._streams) < _MOST_STREAMS:
            self._streams[name] = None
            self._hub.join(name, self)

    def _set_property(self, number: Any, params: Any) -> dict[str, Any]:
        if not isinstance(params, list) or len(params) != 2 or params[0] != "combined":
            return _error(number, 0, "Unknown property")
        if not isinstance(params[1], bool):
            return _error(number, 1, "Invalid value type: expected Boolean")
        self.combined = params[1]
        return _result(number, None)

    def _refuse(self, number: Any, code: int, message: str) -> None:
        self.send_json(_error(number, code, message))


def _result(number: Any, result: Any) -> dict[str, Any]:
    return {"result": result, "id": number}


def _error(number: Any, code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "msg": message}, "id": number}
