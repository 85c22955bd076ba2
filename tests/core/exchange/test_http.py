"""The real transport against servers that misbehave; the names carry the catalogue's ids."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time

import pytest

pytest.importorskip("urllib3")

from real_trade.exchange.http import PooledTransport
from real_trade.exchange.transport import HttpRequest, NotSent, ReplyLost
from real_trade.runtime import SystemClock
from real_trade.utils.errors import ConfigurationError

SIGNED = "/api/v3/order?symbol=BTCUSDT&signature=0123456789abcdef"


@pytest.fixture
def transport():
    transport = PooledTransport(SystemClock())
    yield transport
    transport.close()


def get(server, path="/x", **kwargs):
    kwargs.setdefault("deadline_s", 5.0)
    return HttpRequest(method="GET", url=server.url + path, **kwargs)


def post(server, path="/x", body=b"a=1", **kwargs):
    kwargs.setdefault("deadline_s", 5.0)
    return HttpRequest(method="POST", url=server.url + path, body=body, **kwargs)


def test_a_reply_comes_whole_with_lower_case_headers(transport, answering, wire):
    server = answering(wire.reply(b'{"a":1}', headers="X-MBX-USED-WEIGHT-1M: 7\r\n"))
    reply = transport.send(get(server))
    assert (reply.status, reply.body) == (200, b'{"a":1}')
    assert reply.headers["x-mbx-used-weight-1m"] == "7"


def test_a_post_sends_path_headers_and_body_in_one_piece(transport, answering, wire):
    server = answering(wire.reply(b"{}"))
    transport.send(post(server, SIGNED, b"side=BUY", headers={"X-MBX-APIKEY": "k"}))
    sent = server.requests[0]
    assert sent.startswith(b"POST /api/v3/order?symbol=BTCUSDT&signature=")
    assert b"\r\nX-MBX-APIKEY: k\r\n" in sent
    assert b"\r\naccept-encoding: gzip\r\n" in sent
    assert sent.endswith(b"\r\n\r\nside=BUY")


def test_a_connection_is_kept_and_used_again(transport, answering, wire):
    server = answering(wire.reply(b"{}"))
    for _ in range(3):
        transport.send(get(server))
    assert server.connections == 1


def test_a_connection_that_rested_too_long_is_not_used_again(answering, wire):
    transport = PooledTransport(SystemClock(), idle_limit_s=0.0)
    server = answering(wire.reply(b"{}"))
    for _ in range(2):
        transport.send(get(server))
    assert server.connections == 2


def test_a_kept_connection_that_the_server_closed_meanwhile_is_not_used_again(
    transport, answering, wire
):
    server = answering(wire.reply(b"{}"), then_close=True)
    for _ in range(3):
        assert transport.send(post(server)).status == 200
        time.sleep(0.05)  # the server's farewell arrives
    assert server.connections == 3


def test_n01_a_name_that_does_not_resolve_is_not_sent(transport):
    with pytest.raises(NotSent, match=r"cannot connect to https://nowhere\.invalid:443"):
        transport.send(HttpRequest(method="POST", url="https://nowhere.invalid" + SIGNED))


def test_n02_a_refused_connection_is_not_sent(transport):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotSent, match="refused"):
        transport.send(HttpRequest(method="POST", url=f"http://127.0.0.1:{port}/x"))


def test_n02_a_server_that_never_accepts_is_not_sent_within_the_connect_timeout():
    transport = PooledTransport(SystemClock(), connect_timeout_s=0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        started = time.monotonic()
        with pytest.raises(NotSent, match="too long"):
            transport.send(HttpRequest(method="POST", url=f"http://127.0.0.1:{address[1]}/x"))
        assert time.monotonic() - started < 2
        for one in crowd:
            one.close()


def test_n03_a_certificate_of_a_strange_authority_is_refused_and_nothing_is_sent(
    transport, raw_server, server_side, trusting
):
    received = []

    def script(connection):
        with server_side.wrap_socket(connection, server_side=True) as secure:
            received.append(secure.recv(100))
            secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    server = raw_server(script)
    request = HttpRequest(method="POST", url=f"https://127.0.0.1:{server.port}/x", body=b"key")
    with pytest.raises(NotSent, match="certificate is not trusted"):
        transport.send(request)
    assert received == []
    ours = PooledTransport(SystemClock(), ssl_context=trusting)
    assert ours.send(request).body == b"{}"


def test_n04_n05_no_reply_within_the_deadline_is_lost(transport, raw_server, wire):
    server = raw_server(lambda connection: (wire.read_request(connection), time.sleep(3)))
    started = time.monotonic()
    with pytest.raises(ReplyLost, match="too long"):
        transport.send(post(server, deadline_s=0.4))
    assert 0.3 < time.monotonic() - started < 1.5


def test_n07_a_reset_after_the_request_is_lost(transport, raw_server, wire):
    def script(connection):
        wire.read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with pytest.raises(ReplyLost, match="reset"):
        transport.send(post(raw_server(script)))


def test_n07_half_a_reply_is_lost(transport, raw_server, wire):
    def script(connection):
        wire.read_request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"orderId":')
        connection.close()

    with pytest.raises(ReplyLost):
        transport.send(post(raw_server(script)))


def test_n07_an_end_without_any_reply_is_lost(transport, raw_server, wire):
    def script(connection):
        wire.read_request(connection)
        connection.close()

    with pytest.raises(ReplyLost):
        transport.send(post(raw_server(script)))


def test_n15_a_redirect_is_returned_and_not_followed(transport, answering, wire):
    elsewhere = answering(wire.reply(b"stolen"))
    there = f"Location: {elsewhere.url}/x\r\n"
    for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
        server = answering(wire.reply(b"", status, there))
        assert transport.send(post(server, SIGNED)).status == int(status[:3])
    assert elsewhere.requests == []


@pytest.mark.parametrize("headers", ["", "Transfer-Encoding: chunked\r\n"])
def test_n21_a_reply_that_drips_is_lost_at_the_overall_deadline(
    transport, raw_server, wire, headers
):
    stop = threading.Event()

    def script(connection):
        wire.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + headers.encode())
        while not stop.wait(0.05):
            connection.sendall(b"x-drip: 1\r\n")

    started = time.monotonic()
    with pytest.raises(ReplyLost):
        transport.send(post(raw_server(script), deadline_s=0.6))
    stop.set()
    assert time.monotonic() - started < 2


def test_n21_a_body_that_drips_is_lost_at_the_overall_deadline(transport, raw_server, wire):
    stop = threading.Event()

    def script(connection):
        wire.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b" ")

    started = time.monotonic()
    with pytest.raises(ReplyLost, match="too long"):
        transport.send(post(raw_server(script), deadline_s=0.6))
    stop.set()
    assert time.monotonic() - started < 2


def test_n22_a_gzip_bomb_is_lost_before_it_unpacks(answering, wire):
    transport = PooledTransport(SystemClock(), max_body_bytes=1 << 20)
    bomb = gzip.compress(bytes(64 << 20))
    server = answering(wire.reply(bomb, headers="content-encoding: gzip\r\n"))
    with pytest.raises(ReplyLost, match="exceeds 1048576 bytes"):
        transport.send(get(server))


def test_n22_a_body_above_the_cap_is_lost(answering, wire):
    transport = PooledTransport(SystemClock(), max_body_bytes=1000)
    with pytest.raises(ReplyLost, match="exceeds"):
        transport.send(get(answering(wire.reply(bytes(1001)))))
    assert len(transport.send(get(answering(wire.reply(bytes(1000))))).body) == 1000


def test_a_packed_body_is_unpacked_and_a_torn_one_is_lost(transport, answering, wire):
    packed = gzip.compress(b'{"a":1}' * 100)
    headers = "content-encoding: gzip\r\n"
    server = answering(wire.reply(packed, headers=headers))
    assert transport.send(get(server)).body == b'{"a":1}' * 100
    torn = answering(wire.reply(packed[:-9], headers=headers))
    with pytest.raises(ReplyLost, match="cut short"):
        transport.send(get(torn))


def test_n23_the_environments_proxy_is_ignored(transport, answering, wire, monkeypatch):
    trap = answering(wire.reply(b"trap"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url)
    server = answering(wire.reply(b"{}"))
    assert transport.send(get(server)).body == b"{}"
    assert trap.requests == []


def test_loopback_never_goes_through_the_proxy(answering, wire):
    trap = answering(wire.reply(b"trap"))
    server = answering(wire.reply(b"{}"))
    transport = PooledTransport(SystemClock(), proxy=trap.url)
    assert transport.send(get(server)).body == b"{}"
    named = HttpRequest(method="GET", url=f"http://localhost:{server.port}/x")
    assert transport.send(named).body == b"{}"
    assert trap.requests == []


def test_an_explicit_proxy_gets_the_whole_address_and_its_credentials(answering, wire):
    proxy = answering(wire.reply(b"{}"))
    address = proxy.url.replace("//", "//user:pass%40word@")
    transport = PooledTransport(SystemClock(), proxy=address)
    transport.send(HttpRequest(method="GET", url="http://exchange.invalid/x?y=1"))
    assert proxy.requests[0].startswith(b"GET http://exchange.invalid/x?y=1 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic dXNlcjpwYXNzQHdvcmQ=" in proxy.requests[0].lower().replace(
        b"basic dxnlcjpwyxnzqhdvcmq=", b"Basic dXNlcjpwYXNzQHdvcmQ="
    )


def test_https_through_a_proxy_is_a_tunnel_and_a_refused_one_is_not_sent(answering, wire):
    proxy = answering(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n")
    transport = PooledTransport(SystemClock(), proxy=proxy.url)
    with pytest.raises(NotSent, match="407"):
        transport.send(HttpRequest(method="POST", url="https://exchange.invalid" + SIGNED))
    assert proxy.requests[0].startswith(b"CONNECT exchange.invalid:443 ")
    assert b"signature" not in proxy.requests[0]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "ftp://h:1", "http://h:x"])
def test_a_proxy_that_cannot_be_used_is_refused_at_once(proxy):
    with pytest.raises(ConfigurationError, match="proxy"):
        PooledTransport(SystemClock(), proxy=proxy)


def test_no_error_shows_what_was_signed(transport, raw_server, wire):
    def script(connection):
        wire.read_request(connection)
        connection.close()

    try:
        transport.send(post(raw_server(script), SIGNED))
    except ReplyLost as error:
        chain: BaseException | None = error
        while chain is not None:
            assert "signature" not in repr(chain)
            chain = chain.__cause__ or chain.__context__
    else:
        pytest.fail("a lost reply went unnoticed")
