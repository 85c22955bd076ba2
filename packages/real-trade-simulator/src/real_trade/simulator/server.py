"""The exchange on a port: HTTP and websockets on one loopback address, byte by byte.

Not an HTTP framework: faults need the bytes (a reset, half a response, a slow body, a frame that
breaks the protocol), and a hundred thousand messages a second need frames that are encoded once
and written together. See docs/adr/0005-simulator-server.md.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus

import httptools

from real_trade.simulator.frames import (
    Frame,
    FrameError,
    FrameReader,
    Opcode,
    accept_key,
    close_frame,
    encode,
)
from real_trade.simulator.gateway import Gateway
from real_trade.simulator.messages import Message
from real_trade.simulator.replies import Answer, Later, Reply, Request
from real_trade.simulator.sockets import SocketEnd

__all__ = ["Server"]

_HOST = "127.0.0.1"
_LARGEST_BODY = 1 << 20
_MOST_WAITING = 96 << 20
_TRICKLE_S = 0.05
_KEPT = "Connection: keep-alive\r\n"


class Server:
    """Serves a gateway. `clock_ms` is the exchange's time now.

    Attributes:
        most_waiting: a client that leaves more bytes unread than this is cut off.
    """

    def __init__(self, gateway: Gateway, clock_ms: Callable[[], int]) -> None:
        self.gateway = gateway
        self.clock_ms = clock_ms
        self.most_waiting = _MOST_WAITING
        self.port = 0
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._connections: set[Connection] = set()
        self._pace = 1.0

    async def start(self, port: int, pace: float = 1.0) -> None:
        """Listen on loopback; port 0 takes a free one.

        Args:
            pace: how many of the exchange's seconds pass in a real one.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._pace = pace
        self._server = await loop.create_server(
            lambda: Connection(self), _HOST, port, reuse_address=True, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.wake()

    async def stop(self) -> None:
        """Stop listening and drop all connections."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.drop()
        # Connections tell their ends in the loop's next turn.
        await asyncio.sleep(0)

    def wake(self) -> None:
        """Run what is due, and come back when the next thing is."""
        if self._timer is not None:
            self._timer.cancel()
        schedule = self.gateway.schedule
        try:
            schedule.run(self.clock_ms())
        finally:
            # A call that breaks is reported by the loop, and the market goes on.
            due = schedule.next_due()
            wait_s = 1.0 if due is None else max(0.0, (due - self.clock_ms()) / 1000 / self._pace)
            self._timer = asyncio.get_running_loop().call_later(min(wait_s, 1.0), self.wake)

    def joined(self, connection: Connection) -> None:
        """Note a new connection."""
        self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        self._connections.discard(connection)


class Connection(asyncio.Protocol):
    """One TCP connection: HTTP requests one after another, or a websocket."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._reader: FrameReader | None = None
        self._end: SocketEnd | None = None
        self._out: list[bytes] = []
        self._flushing = False
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = b""
        self._queue: list[tuple[Request, bool]] = []
        self._busy = False
        self._wanted: Request | None = None
        self._ip = _HOST

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP transport is needed")
        self._transport = transport
        transport.set_write_buffer_limits(high=self._server.most_waiting)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = transport.get_extra_info("peername")
        self._ip = peer[0] if peer else _HOST
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Tell the exchange that the client has gone."""
        self._server.left(self)
        self._transport = None
        if self._end is not None:
            self._end.on_closed()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._reader is not None:
            self._read_frames(data)
            return
        rest = b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except httptools.HttpParserError:
            self._write(_encoded(Reply(400, b""), keep=False))
            self._finish()
            return
        # Answered here and not in the parser's callbacks, which would hide what goes wrong.
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self._upgrade(wanted)
            if rest:
                self._read_frames(rest)
        self._next()

    def pause_writing(self) -> None:
        """Cut off a client that does not read."""
        if self._transport is not None:
            self._transport.abort()

    # httptools

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url, self._headers, self._body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if len(self._body) + len(body) <= _LARGEST_BODY:
            self._body += body

    def on_message_complete(self) -> None:
        """Answer a request when those before it are answered."""
        path, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            method=self._parser.get_method().decode(),
            path=path,
            query=query,
            headers=self._headers,
            body=self._body,
        )
        if self._headers.get("upgrade", "").lower() == "websocket":
            self._wanted = request
            return
        self._queue.append((request, self._parser.should_keep_alive()))

    # HTTP

    def _next(self) -> None:
        while self._queue and not self._busy and self._transport is not None:
            request, keep = self._queue.pop(0)
            server = self._server
            answer = server.gateway.http(request, self._ip, server.clock_ms())
            self._busy = True
            self._answer(answer, keep)
            server.wake()

    def _answer(self, answer: Answer, keep: bool) -> None:
        schedule = self._server.gateway.schedule
        if isinstance(answer, Later):
            schedule.at(answer.at_ms, lambda: self._answer(answer.run(), keep))
            return
        way = answer.delivery
        if way.lost:
            return  # the connection stays busy for ever
        if way.delay_ms:
            schedule.after(way.delay_ms, lambda: self._deliver(answer, keep))
        else:
            self._deliver(answer, keep)

    def _deliver(self, reply: Reply, keep: bool) -> None:
        way = reply.delivery
        if self._transport is None:
            return
        if way.refuse:
            self.reset()
            return
        data = _encoded(reply, keep=keep)
        if way.part < 1.0 or way.reset:
            self._write(data[: int(len(data) * way.part)])
            if way.reset:
                self.reset()
            else:
                self._finish()
        elif way.bytes_per_s:
            self._trickle(data, max(1, int(way.bytes_per_s * _TRICKLE_S)), way.bytes_per_s, keep)
        else:
            self._write(data)
            self._done(keep)

    def _trickle(self, data: bytes, size: int, bytes_per_s: int, keep: bool) -> None:
        if self._transport is None:
            return
        self._write(data[:size])
        if len(data) <= size:
            self._done(keep)
            return
        asyncio.get_running_loop().call_later(
            size / bytes_per_s, self._trickle, data[size:], size, bytes_per_s, keep
        )

    def _done(self, keep: bool) -> None:
        self._busy = False
        if keep:
            self._next()
        else:
            self._finish()

    # Websocket

    def _upgrade(self, request: Request) -> None:
        key = self._headers.get("sec-websocket-key", "")
        server = self._server
        server.gateway.schedule.run(server.clock_ms())
        if not key or request.method != "GET":
            self._write(_encoded(Reply(400, b"not a websocket handshake"), keep=False))
            self._finish()
            return
        # The reply must leave before what the new socket may send at once.
        self._write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept_key(key).encode()
        )
        opened = server.gateway.open_socket(request.path, request.query, self, self._ip)
        if isinstance(opened, Reply):
            self._out.pop()
            self._write(_encoded(opened, keep=False))
            self._finish()
            return
        self._end = opened
        self._reader = FrameReader()
        server.wake()

    def _read_frames(self, data: bytes) -> None:
        reader, end, server = self._reader, self._end, self._server
        if reader is None or end is None:
            return
        server.gateway.schedule.run(server.clock_ms())
        try:
            for frame in reader.feed(data):
                self._take(frame, end)
        except FrameError as error:
            end.close(error.code, str(error))
        server.wake()

    def _take(self, frame: Frame, end: SocketEnd) -> None:
        if not end.open:
            return
        if frame.opcode is Opcode.PING:
            end.on_ping(frame.payload)
        elif frame.opcode is Opcode.PONG:
            end.on_pong(frame.payload)
        elif frame.opcode is Opcode.CLOSE:
            self._write(encode(frame.payload[:125], Opcode.CLOSE))
            self._finish()
            end.on_closed()
        else:
            end.on_text(frame.payload)

    # Session

    def send(self, message: Message) -> None:
        """Send a message."""
        self._write(message.frame)

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._write(encode(payload, Opcode.PING))

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        self._write(encode(payload, Opcode.PONG))

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, unless the code is one that never travels, and end."""
        if code != 1006:
            self._write(close_frame(code, reason))
        self._finish()

    def abort(self) -> None:
        """End by RST."""
        self.reset()

    # Bytes

    def reset(self) -> None:
        """Send what is waiting, then RST."""
        if self._transport is None:
            return
        self._flush()
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def drop(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def _write(self, data: bytes) -> None:
        """Write soon: what one turn of the loop has for a client leaves in one piece."""
        self._out.append(data)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _finish(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()


def _encoded(reply: Reply, *, keep: bool) -> bytes:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    head = [f"HTTP/1.1 {reply.status} {phrase}\r\n"]
    head.extend(f"{name}: {value}\r\n" for name, value in reply.headers)
    head.append(f"Content-Length: {len(reply.body)}\r\n")
    head.append(_KEPT if keep else "Connection: close\r\n")
    head.append("\r\n")
    return "".join(head).encode("latin-1", "replace") + reply.body
