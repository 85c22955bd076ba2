"""Websockets on threads: websocket-client's handshake, proxies and TLS; our own loop of frames.

Each socket has a thread that reads all there is at a time and hands messages over one by one. It
neither reconnects nor judges silence; `streams.ReconnectingSocket` does.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

import websocket

from real_trade.exchange._frames import FrameReader, Opcode, ProtocolError
from real_trade.exchange.addresses import Proxy, proxy_for
from real_trade.exchange.outcomes import clean
from real_trade.exchange.transport import SocketHandler
from real_trade.runtime import Clock, Lane, Runtime

__all__ = ["ThreadConnector"]

_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_FAILURES = (OSError, ValueError, websocket.WebSocketException)
_SEND_TIMEOUT_S = 5.0
_IDLE_S = 60.0


class ThreadConnector:
    """The real `Connector`.

    Args:
        proxy: an HTTP proxy; never used for this machine. The environment's are never used.
        max_message_bytes: a larger message ends the connection.
        ssl_context: for an authority of one's own; the system's authorities without one.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        proxy: str = "",
        connect_timeout_s: float = 10.0,
        max_message_bytes: int = 8 << 20,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._runtime = runtime
        self._proxy = Proxy.parse(proxy) if proxy else None
        self._connect_timeout_s = connect_timeout_s
        self._max_message_bytes = max_message_bytes
        self._ssl_context = ssl_context

    def open(self, url: str, handler: SocketHandler) -> ThreadSocket:
        """Start to connect and return at once; `handler` hears the rest, on the socket's thread."""
        lane = self._runtime.lane(f"websocket {urlsplit(url).hostname}")
        reader = FrameReader(self._max_message_bytes)
        found = ThreadSocket(handler, lane, self._runtime.clock, reader)
        options = self._options(url)
        lane.submit(lambda: found.run(url, options))
        return found

    def _options(self, url: str) -> dict[str, Any]:
        proxy = proxy_for(urlsplit(url).hostname or "", self._proxy)
        options: dict[str, Any] = {
            "timeout": self._connect_timeout_s,
            "redirect_limit": 0,
            "suppress_origin": True,
            **_proxy_options(proxy),
        }
        if urlsplit(url).scheme == "wss":
            self._ssl_context = self._ssl_context or ssl.create_default_context()
            options["sslopt"] = {"context": self._ssl_context, "cert_reqs": ssl.CERT_REQUIRED}
        return options


def _proxy_options(proxy: Proxy | None) -> dict[str, Any]:
    if proxy is None:
        # Without a proxy's name the library asks the environment, whatever else it is told.
        return {"http_proxy_host": "-", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    return {
        "http_proxy_host": proxy.host,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": (proxy.user, proxy.password) if proxy.user else None,
        "http_no_proxy": ["-"],  # an empty list would ask the environment again
    }


class ThreadSocket:
    """One websocket with its thread."""

    def __init__(
        self, handler: SocketHandler, lane: Lane, clock: Clock, reader: FrameReader
    ) -> None:
        self._handler = handler
        self._lane = lane
        self._clock = clock
        self._reader = reader
        self._client: Any = None
        self._sock: socket.socket | None = None
        # One thread reads while others write, and OpenSSL wants one at a time. A frame may take
        # several goes; reading goes on between them.
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._end: tuple[int, str] | None = None
        self._heard = clock.monotonic()

    @property
    def last_heard(self) -> float:
        """Return the monotonic time of the last byte that came, pongs included."""
        return self._heard

    def send(self, text: str) -> None:
        """Send a text message; an error ends the connection and shows in `on_close`."""
        self._write(text.encode(), Opcode.TEXT)

    def ping(self) -> None:
        """Send a ping; `last_heard` moves when the pong comes."""
        self._write(b"", Opcode.PING)

    def close(self) -> None:
        """Close from this side; `on_close` follows on the socket's thread."""
        self._finish(1000, "closed from this side")

    def run(self, url: str, options: dict[str, Any]) -> None:
        """Live: connect, read, end. Runs on the socket's own thread, once."""
        try:
            self._connect(url, options)
            if self._end is None:
                self._handler.on_open()
                self._read_all()
        except ProtocolError as error:
            self._finish(error.code, error.reason)
        except _FAILURES as error:
            self._end = self._end or (1006, clean(str(error)) or type(error).__name__)
        finally:
            self._drop()
            code, reason = self._end or (1006, "the connection was cut")
            self._handler.on_close(code, reason)
            self._lane.close()

    def _connect(self, url: str, options: dict[str, Any]) -> None:
        sslopt = options.pop("sslopt", None)
        self._client = websocket.WebSocket(skip_utf8_validation=True, sslopt=sslopt)
        self._client.connect(url, **options)
        sock: socket.socket = self._client.sock
        sock.setblocking(False)
        self._heard = self._clock.monotonic()
        with self._lock:
            self._sock = sock

    def _read_all(self) -> None:
        sock = self._sock
        if sock is None:
            return
        with selectors.DefaultSelector() as ready:
            ready.register(sock, selectors.EVENT_READ)
            while self._end is None:
                ready.select(_IDLE_S)
                while (count := self._receive(sock)) > 0:
                    self._heard = self._clock.monotonic()
                    self._take(self._reader.received(count))
                if count == 0:
                    return

    def _receive(self, sock: socket.socket) -> int:
        """Return how many bytes came: 0 at the end, -1 if none are there now."""
        if self._end is not None:
            return 0
        with self._lock:
            try:
                return sock.recv_into(self._reader.space())
            except _WAIT:
                return -1

    def _take(self, frames: list[tuple[int, bytes]]) -> None:
        on_message = self._handler.on_message
        for opcode, payload in frames:
            if opcode <= Opcode.BINARY:
                on_message(payload)
            elif opcode == Opcode.PING:
                self._write(payload, Opcode.PONG)
            elif opcode == Opcode.CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                self._finish(code, clean(payload[2:].decode("utf-8", "replace")))

    def _write(self, payload: bytes, opcode: Opcode) -> None:
        frame: bytes = websocket.ABNF.create_frame(payload, opcode).format()
        problem = ""
        with self._writing:
            try:
                self._send_all(frame)
            except OSError as error:
                problem = clean(str(error)) or type(error).__name__
        if problem:
            self._finish(1006, problem)

    def _send_all(self, frame: bytes) -> None:
        give_up = self._clock.monotonic() + _SEND_TIMEOUT_S
        rest = memoryview(frame)
        while rest and self._end is None:
            with self._lock:
                sock = self._sock
                if sock is None:
                    return
                with contextlib.suppress(*_WAIT):
                    rest = rest[sock.send(rest) :]
                    continue
            if self._clock.monotonic() > give_up:
                raise TimeoutError("the server does not take what is sent")
            with selectors.DefaultSelector() as ready:
                ready.register(sock, selectors.EVENT_WRITE)
                ready.select(0.05)

    def _finish(self, code: int, reason: str) -> None:
        """Say good-bye if that is possible at once, and wake the thread."""
        if self._end is not None:
            return
        self._end = (code, reason)
        sock = self._sock or getattr(self._client, "sock", None)
        if sock is None:
            return
        said = code if code in {1000, 1002, 1009} else 1000
        frame = websocket.ABNF.create_frame(said.to_bytes(2, "big"), Opcode.CLOSE).format()
        with contextlib.suppress(OSError, ValueError):
            if self._sock is not None:
                with self._lock:
                    sock.send(frame)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        with self._lock:
            sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown()
