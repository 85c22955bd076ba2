"""HTTP over urllib3's connections: kept alive, sent once, bounded in time and in size.

No redirects (a signed request must not go elsewhere), no retries (a write is sent once), no
cookies, no proxy from the environment, and certificates are always verified.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import attrs
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.util import Url, make_headers, wait_for_read

from real_trade.exchange._bound_socket import BoundSocket
from real_trade.exchange.addresses import Proxy, proxy_for
from real_trade.exchange.transport import HttpReply, HttpRequest, NotSent, ReplyLost
from real_trade.runtime import Clock

__all__ = ["PooledTransport"]

_CHUNK = 65536
_FAILURES = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError, zlib.error)


class _BadBody(OSError):
    """The body is too large, or does not unpack."""


@attrs.frozen
class _Origin:
    """Scheme, host and port: what a connection can be reused for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> _Origin:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname or "", port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@attrs.define
class _Idle:
    connection: HTTPConnection
    since: float


class PooledTransport:
    """The real `Transport`. May be used from several threads.

    Args:
        proxy: an HTTP proxy such as `http://127.0.0.1:7890`; never used for this machine.
        connect_timeout_s: how long reaching the server may take, within the request's deadline.
        idle_limit_s: a kept connection that rested longer is not used again: the server may be
            about to close it, and a request that meets the closing has an unknown outcome.
        max_body_bytes: a larger body, once unpacked, counts as lost.
        ssl_context: for an authority of one's own; the system's authorities without one.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        proxy: str = "",
        connect_timeout_s: float = 5.0,
        idle_limit_s: float = 20.0,
        max_body_bytes: int = 16 << 20,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._proxy = Proxy.parse(proxy) if proxy else None
        self._connect_timeout_s = connect_timeout_s
        self._idle_limit_s = idle_limit_s
        self._max_body_bytes = max_body_bytes
        self._ssl_context = ssl_context
        self._idle: dict[_Origin, deque[_Idle]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: HttpRequest) -> HttpReply:
        """Send once and return the whole reply; see `Transport`."""
        origin = _Origin.of(request.url)
        deadline = self._clock.monotonic() + request.deadline_s
        connection = self._take(origin) or self._connect(origin, deadline)
        wire = _wire(connection)
        wire.begin(deadline)
        problem = ""
        try:
            reply = self._talk(connection, wire, origin, request)
        except _FAILURES as error:
            problem = _describe(error)
        if problem:  # raised here, so that no library's error with an address in it is chained
            connection.close()
            _fail(origin, wire.sent, problem)
        if connection.sock is not None:
            self._keep(origin, connection)
        return reply

    def close(self) -> None:
        """Close kept connections."""
        with self._lock:
            self._closed = True
            idle = [entry for entries in self._idle.values() for entry in entries]
            self._idle.clear()
        for entry in idle:
            entry.connection.close()

    def _talk(
        self, connection: HTTPConnection, wire: BoundSocket, origin: _Origin, request: HttpRequest
    ) -> HttpReply:
        connection.request(
            request.method,
            self._target(origin, request.url),
            body=request.body or None,
            headers=self._headers(origin, request.headers),
            preload_content=False,
            decode_content=False,
        )
        wire.flush()
        response = connection.getresponse()
        body = self._body(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpReply(status=response.status, headers=headers, body=body)

    def _body(self, response: Any) -> bytes:
        unpack, whole = _unpacker(response.headers.get("content-encoding", ""))
        parts: list[bytes] = []
        left = self._max_body_bytes
        while chunk := response.read(_CHUNK):
            part = unpack(chunk, left + 1)
            left -= len(part)
            if left < 0:
                raise _BadBody(f"the body exceeds {self._max_body_bytes} bytes")
            parts.append(part)
        if not whole():
            raise _BadBody("the packed body is cut short")
        return b"".join(parts)

    def _take(self, origin: _Origin) -> HTTPConnection | None:
        while True:
            with self._lock:
                entries = self._idle.get(origin)
                entry = entries.pop() if entries else None
            if entry is None:
                return None
            rested = self._clock.monotonic() - entry.since
            # What is readable now is the server's farewell, or bytes that answer no question.
            if rested <= self._idle_limit_s and not wait_for_read(_wire(entry.connection), 0.0):  # type: ignore[arg-type]  # needs a descriptor only
                return entry.connection
            entry.connection.close()

    def _keep(self, origin: _Origin, connection: HTTPConnection) -> None:
        with self._lock:
            if not self._closed:
                entry = _Idle(connection, self._clock.monotonic())
                self._idle.setdefault(origin, deque()).append(entry)
                return
        connection.close()

    def _connect(self, origin: _Origin, deadline: float) -> HTTPConnection:
        left = min(self._connect_timeout_s, deadline - self._clock.monotonic())
        connection = self._connection(origin, max(left, 0.001))
        problem = ""
        try:
            connection.connect()
        except _FAILURES as error:
            problem = _describe(error)
        if problem:
            connection.close()
            raise NotSent(f"cannot connect to {origin}: {problem}")
        connection.sock = BoundSocket(connection.sock, self._clock)
        return connection

    def _connection(self, origin: _Origin, timeout_s: float) -> HTTPConnection:
        proxy = proxy_for(origin.host, self._proxy)
        host, port = (proxy.host, proxy.port) if proxy else (origin.host, origin.port)
        via = Url("http", host=proxy.host, port=proxy.port) if proxy else None
        if origin.scheme == "http":
            return HTTPConnection(host, port, timeout=timeout_s, proxy=via)
        if origin.scheme != "https":
            raise NotSent(f"cannot connect to {origin}: the scheme must be http or https")
        connection = HTTPSConnection(
            host,
            port,
            timeout=timeout_s,
            ssl_context=self._verifying(),
            proxy=via,
            proxy_config=ProxyConfig(None, False, None, None) if via else None,
        )
        if proxy:
            connection.set_tunnel(origin.host, origin.port, _credentials(proxy))
        return connection

    def _verifying(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        return self._ssl_context

    def _target(self, origin: _Origin, url: str) -> str:
        if origin.scheme == "http" and proxy_for(origin.host, self._proxy):
            return url
        parts = urlsplit(url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _headers(self, origin: _Origin, headers: Mapping[str, str]) -> dict[str, str]:
        merged = {
            "host": origin.host if origin.port in {80, 443} else f"{origin.host}:{origin.port}",
            "accept-encoding": "gzip",
        }
        proxy = proxy_for(origin.host, self._proxy)
        if proxy and origin.scheme == "http":
            merged |= _credentials(proxy)
        names = {"host", "accept-encoding"}
        return merged | {k: v for k, v in headers.items() if k.lower() not in names}


def _wire(connection: HTTPConnection) -> BoundSocket:
    wire = connection.sock
    assert isinstance(wire, BoundSocket)
    return wire


def _credentials(proxy: Proxy) -> dict[str, str]:
    if not proxy.user:
        return {}
    return dict(make_headers(proxy_basic_auth=f"{proxy.user}:{proxy.password}"))


def _unpacker(encoding: str) -> tuple[Callable[[bytes, int], bytes], Callable[[], bool]]:
    """Return a function that unpacks up to so many bytes, and one that tells whether all came."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return (lambda data, _: data), (lambda: True)
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise _BadBody(f"the body is packed as {name[:20]!r}, which was not asked for")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    return unpacking.decompress, (lambda: unpacking.eof)


def _fail(origin: _Origin, sent: int, problem: str) -> NoReturn:
    # TLS may have passed bytes on before it failed; only a plain count of zero proves anything.
    if sent == 0 and origin.scheme == "http":
        raise NotSent(f"nothing could be sent to {origin}: {problem}")
    raise ReplyLost(f"no whole reply from {origin}: {problem}")


def _describe(error: BaseException) -> str:
    """Return the reason without an address: urllib3's texts may hold a signed query."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, TimeoutError):
            return "it took too long"
        if isinstance(cause, (_BadBody, ssl.SSLError)):
            return str(cause)
        if isinstance(cause, OSError):
            return cause.strerror or str(cause) or type(cause).__name__
        cause = cause.__cause__ or cause.__context__
    return "the reply is malformed" if isinstance(error, zlib.error) else type(error).__name__
