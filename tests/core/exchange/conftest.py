"""Servers on loopback that misbehave on purpose."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from real_trade.exchange.transport import SocketHandler
from real_trade.runtime import Clock, VirtualRuntime


class RawServer:
    """Gives each connection to a script: a function of the connected socket."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._script(connection)


def read_request(connection: socket.socket) -> bytes:
    """Return one whole request, or b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


def accept_websocket(connection: socket.socket) -> bytes:
    """Answer the handshake; return the request."""
    request = read_request(connection)
    key = next(
        line.split(b":", 1)[1].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )
    return request


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A server's frame; `first` is its first byte."""
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 1 << 16:
        return bytes([first, 126]) + size.to_bytes(2, "big") + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    """Return opcode and payload of a client's frame, which must be masked."""
    first, second = _exactly(connection, 2)
    assert second & 0x80, "a client must mask"
    size = second & 0x7F
    if size >= 126:
        size = int.from_bytes(_exactly(connection, 2 if size == 126 else 8), "big")
    mask = _exactly(connection, 4)
    payload = _exactly(connection, size)
    return first & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


class Wire:
    """What the tests need of raw HTTP and websockets."""

    read_request = staticmethod(read_request)
    reply = staticmethod(reply)
    accept_websocket = staticmethod(accept_websocket)
    frame = staticmethod(frame)
    read_frame = staticmethod(read_frame)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], RawServer]]:
    servers: list[RawServer] = []

    def start(script: Callable[[socket.socket], None]) -> RawServer:
        servers.append(RawServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def answering(
    raw_server: Callable[..., RawServer],
) -> Callable[..., RawServer]:
    """A server that answers every request with one raw reply, and notes the requests."""

    def start(raw: bytes, *, then_close: bool = False) -> RawServer:
        def script(connection: socket.socket) -> None:
            while request := read_request(connection):
                server.requests.append(request)
                connection.sendall(raw)
                if then_close:
                    connection.close()
                    return

        server = raw_server(script)
        return server

    return start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 of nobody's authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "c.pem", folder / "k.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return str(certificate), str(key)


@pytest.fixture
def server_side(certificate: tuple[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[str, str]) -> ssl.SSLContext:
    """A client's context that trusts that certificate."""
    return ssl.create_default_context(cafile=certificate[0])


class FakeSocket:
    """One end of a websocket without a wire: the test plays the server."""

    def __init__(self, clock: Clock, url: str, handler: SocketHandler) -> None:
        self.url = url
        self.handler = handler
        self.sent: list[str] = []
        self.sent_at: list[float] = []
        self.pings = 0
        self.answers_pings = True
        self.closed = False
        self._clock = clock
        self.last_heard = clock.monotonic()

    def send(self, text: str) -> None:
        self.sent.append(text)
        self.sent_at.append(self._clock.monotonic())

    def ping(self) -> None:
        self.pings += 1
        if self.answers_pings:
            self.last_heard = self._clock.monotonic()

    def close(self) -> None:
        self.closed = True

    def grant(self) -> None:
        self.last_heard = self._clock.monotonic()
        self.handler.on_open()

    def say(self, frame: bytes) -> None:
        self.last_heard = self._clock.monotonic()
        self.handler.on_message(frame)

    def cut(self, code: int = 1006, reason: str = "cut") -> None:
        self.closed = True
        self.handler.on_close(code, reason)


class FakeConnector:
    """Opens `FakeSocket`s; `granting` grants each handshake at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sockets: list[FakeSocket] = []
        self.opened_at: list[float] = []
        self.granting = True

    def open(self, url: str, handler: SocketHandler) -> FakeSocket:
        made = FakeSocket(self._clock, url, handler)
        self.sockets.append(made)
        self.opened_at.append(self._clock.monotonic())
        if self.granting:
            made.grant()
        return made


@pytest.fixture
def virtual() -> VirtualRuntime:
    return VirtualRuntime(seed=7)


@pytest.fixture
def connector(virtual: VirtualRuntime) -> FakeConnector:
    return FakeConnector(virtual.clock)
