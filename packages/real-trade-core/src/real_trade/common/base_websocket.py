"""The seed's websocket: callbacks by event name, on a connection that comes back by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from real_trade.exchange.streams import Link, ReconnectingSocket, Reconnection
from real_trade.exchange.transport import Connector
from real_trade.runtime import Runtime, SystemRuntime
from real_trade.utils.errors import ConfigurationError

__all__ = ["BaseWebSocket"]

_LOG = logging.getLogger("real_trade.common.websocket")

Callback = Callable[[Any], None]


class BaseWebSocket:
    """A websocket that tells of events by name.

    Events: `connected` (with the channels), `disconnected` (with the reason), `message` (with what
    the JSON says), `error` (with a text), `max_reconnect` (with a text). Callbacks run on the
    connection's thread; what one raises becomes an `error`.

    A subclass may replace `subscription` (what to send for channels) and `confirms` (whether a
    message is the answer to it), and put `message` events into other words by `received`.

    Args:
        url: `ws://` or `wss://`.
        ping_interval: seconds between pings; a peer that does not answer within 5 s is dead.
        reconnect_delay: seconds before the first attempt to reconnect; it doubles up to a minute,
            jittered.
        max_reconnect_attempts: give up after so many failures in a row; None for never. A
            connection must last to start the count anew.
        runtime, connector: replace threads and the network.
        proxy: an HTTP proxy; never used for this machine.
    """

    def __init__(
        self,
        url: str,
        ping_interval: float = 20.0,
        reconnect_delay: float = 5.0,
        max_reconnect_attempts: int | None = None,
        *,
        proxy: str | None = None,
        runtime: Runtime | None = None,
        connector: Connector | None = None,
    ) -> None:
        if not url.startswith(("ws://", "wss://")):
            raise ConfigurationError(
                f"{url.partition('?')[0]!r} is no websocket address",
                remedy="it starts with ws:// or wss://",
            )
        self.url = url
        self._runtime = runtime or SystemRuntime()
        self._connector = connector or _threads(self._runtime, proxy or "")
        self._policy = Reconnection(
            first_delay_s=reconnect_delay,
            longest_delay_s=max(60.0, reconnect_delay),
            least_gap_s=reconnect_delay,
            max_attempts=max_reconnect_attempts,
            ping_interval_s=ping_interval,
        )
        self._callbacks: dict[str, list[Callback]] = {}
        self._channels: list[str] = []
        self._socket: ReconnectingSocket | None = None
        self._lock = threading.RLock()

    # For the user

    def on(self, event: str, callback: Callback) -> None:
        """Have `callback` called with the data of each `event`."""
        self._callbacks.setdefault(event, []).append(callback)

    def emit(self, event: str, data: Any = None) -> None:
        """Call the callbacks of `event`; one that raises does not keep the others from it."""
        for callback in tuple(self._callbacks.get(event, ())):
            try:
                callback(data)
            except Exception as error:  # noqa: BLE001 - a user's callback may raise anything
                _LOG.exception("a callback of %s failed", event)
                if event != "error":
                    self.emit("error", f"a callback of {event} failed: {error}")

    def start(self, channels: Iterable[str] = ()) -> None:
        """Connect and subscribe to `channels`; returns at once. Again: subscribe to more."""
        with self._lock:
            fresh = [name for name in channels if name not in self._channels]
            self._channels += fresh
            if self._socket is None:
                self._socket = ReconnectingSocket(
                    self._runtime,
                    self._connector,
                    lambda: self.url,
                    self._session,
                    self,
                    policy=self._policy,
                )
                self._socket.start()
            elif fresh and self._socket.link is not None:
                self._say(self._socket.link, self.subscription(fresh))

    def stop(self) -> None:
        """Close for good; no event comes after this returns. `start` begins anew."""
        with self._lock:
            socket, self._socket = self._socket, None
            self._channels.clear()
        if socket is not None:
            socket.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as JSON.

        Raises:
            ConnectionError: there is no connection.
        """
        socket = self._socket
        link = None if socket is None else socket.link
        if link is None:
            raise ConnectionError("not connected: wait for the event 'connected'")
        self._say(link, message)

    @property
    def is_connected(self) -> bool:
        """Return whether the connection is there and subscribed."""
        socket = self._socket
        return socket is not None and socket.link is not None

    # For a subclass

    def subscription(self, channels: list[str]) -> dict[str, Any] | None:
        """Return what subscribes to `channels`, as Binance and many others have it."""
        return {"method": "SUBSCRIBE", "params": channels, "id": 1}

    def confirms(self, message: Any) -> bool:
        """Return whether `message` answers the subscription."""
        return isinstance(message, dict) and message.get("id") == 1

    def received(self, message: Any) -> None:
        """Tell of a message."""
        self.emit("message", message)

    # Listener of the connection

    def connected(self) -> None:
        """Tell that the connection is there."""
        self.emit("connected", list(self._channels))

    def lost(self, detail: str) -> None:
        """Tell that the connection is gone; another attempt follows."""
        self.emit("disconnected", detail)

    def gave_up(self, detail: str) -> None:
        """Tell that no other attempt follows."""
        self.emit("max_reconnect", detail)

    def _session(self, link: Link) -> _Session:
        return _Session(link, self)

    def opened_on(self, link: Link) -> None:
        """Subscribe on a fresh connection; without channels it is ready at once."""
        message = self.subscription(list(self._channels)) if self._channels else None
        if message is None:
            link.ready()
        else:
            self._say(link, message)

    def _say(self, link: Link, message: dict[str, Any] | None) -> None:
        if message is not None:
            link.send(orjson.dumps(message).decode())


class _Session:
    def __init__(self, link: Link, owner: BaseWebSocket) -> None:
        self._link = link
        self._owner = owner

    def opened(self) -> None:
        self._owner.opened_on(self._link)

    def message(self, frame: bytes) -> None:
        try:
            message = orjson.loads(frame)
        except ValueError as error:
            self._owner.emit("error", f"a message is no JSON: {error}")
            return
        if self._owner.confirms(message):
            self._link.ready()
        else:
            self._owner.received(message)


def _threads(runtime: Runtime, proxy: str) -> Connector:
    from real_trade.exchange.sockets import ThreadConnector

    return ThreadConnector(runtime, proxy=proxy)
