"""The real websocket against servers that misbehave."""

from __future__ import annotations

import socket
import threading
import time

import pytest

pytest.importorskip("websocket")

from real_trade.exchange.sockets import ThreadConnector
from real_trade.runtime import SystemRuntime


class Heard:
    """A handler that notes what it hears."""

    def __init__(self):
        self.messages = []
        self.opened = threading.Event()
        self.closed = threading.Event()
        self.end = None
        self.closings = 0
        self.arrived = threading.Condition()

    def on_open(self):
        self.opened.set()

    def on_message(self, frame):
        with self.arrived:
            self.messages.append(frame)
            self.arrived.notify_all()

    def on_close(self, code, reason):
        self.closings += 1
        self.end = (code, reason)
        self.closed.set()

    def wait_for(self, count, timeout=5):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, timeout)


@pytest.fixture
def runtime():
    runtime = SystemRuntime()
    yield runtime
    runtime.close()


@pytest.fixture
def opened(runtime, raw_server, wire):
    """Open a socket to a script that runs after the handshake."""
    sockets = []

    def start(script, **options):
        def serve(connection):
            wire.accept_websocket(connection)
            script(connection)

        server = raw_server(serve)
        heard = Heard()
        connector = ThreadConnector(runtime, **options)
        found = connector.open(f"ws://127.0.0.1:{server.port}/stream", heard)
        sockets.append(found)
        return found, heard

    yield start
    for one in sockets:
        one.close()


def wait_for_end(connection):
    while connection.recv(4096):
        pass


def test_messages_come_in_order_and_go_out_masked(opened, wire):
    received = []

    def script(connection):
        received.append(wire.read_frame(connection))
        for n in range(1000):
            connection.sendall(wire.frame(b"%d" % n))
        wait_for_end(connection)

    found, heard = opened(script)
    assert heard.opened.wait(5)
    found.send('{"id":1}')
    heard.wait_for(1000)
    assert heard.messages == [b"%d" % n for n in range(1000)]
    assert received == [(1, b'{"id":1}')]


def test_a_ping_is_answered_at_once_with_its_payload(opened, wire):
    answers = []

    def script(connection):
        connection.sendall(wire.frame(b"1234", 0x89))
        answers.append(wire.read_frame(connection))
        connection.sendall(wire.frame(b"done"))
        wait_for_end(connection)

    _, heard = opened(script)
    heard.wait_for(1)
    assert answers == [(10, b"1234")]


def test_a_pong_moves_last_heard(opened, wire):
    def script(connection):
        opcode, payload = wire.read_frame(connection)
        assert opcode == 9
        connection.sendall(wire.frame(payload, 0x8A))
        wait_for_end(connection)

    found, heard = opened(script)
    assert heard.opened.wait(5)
    before = found.last_heard
    time.sleep(0.02)
    found.ping()
    deadline = time.monotonic() + 5
    while found.last_heard == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_w01_a_servers_close_tells_code_and_reason_once(opened, wire):
    def script(connection):
        connection.sendall(wire.frame(b"\x03\xf0too slow", 0x88))
        wait_for_end(connection)

    _, heard = opened(script)
    assert heard.closed.wait(5)
    assert heard.end == (1008, "too slow")
    time.sleep(0.05)
    assert heard.closings == 1


def test_a_cut_without_a_word_is_1006(opened):
    _, heard = opened(lambda connection: connection.close())
    assert heard.closed.wait(5)
    assert heard.end[0] == 1006


def test_closing_from_this_side_says_good_bye_and_ends_the_thread(opened, wire):
    last = []

    def script(connection):
        last.append(wire.read_frame(connection))

    found, heard = opened(script)
    assert heard.opened.wait(5)
    found.close()
    assert heard.closed.wait(5)
    assert heard.end[0] == 1000
    deadline = time.monotonic() + 5
    while not last:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert last == [(8, b"\x03\xe8")]
    while any(thread.name.startswith("websocket") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_w23_a_message_above_the_cap_ends_the_connection_with_1009(opened, wire):
    codes = []

    def script(connection):
        connection.sendall(b"\x81\x7f" + (64 << 20).to_bytes(8, "big"))
        codes.append(wire.read_frame(connection))

    _, heard = opened(script)
    assert heard.closed.wait(5)
    assert heard.end[0] == 1009
    assert heard.messages == []


def test_w24_a_masked_frame_ends_the_connection_with_1002(opened):
    _, heard = opened(lambda c: (c.sendall(b"\x81\x81abcdx"), wait_for_end(c)))
    assert heard.closed.wait(5)
    assert heard.end[0] == 1002


def test_w22_bytes_that_are_no_utf8_are_passed_on_and_the_stream_is_kept(opened, wire):
    def script(connection):
        connection.sendall(wire.frame(b"\xff\xfe") + wire.frame(b"fine"))
        wait_for_end(connection)

    _, heard = opened(script)
    heard.wait_for(2)
    assert heard.messages == [b"\xff\xfe", b"fine"]
    assert not heard.closed.is_set()


def test_a_refused_connection_shows_in_on_close(runtime):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    heard = Heard()
    ThreadConnector(runtime).open(f"ws://127.0.0.1:{port}/x", heard)
    assert heard.closed.wait(5)
    assert heard.end[0] == 1006
    assert "refused" in heard.end[1]
    assert not heard.opened.is_set()


@pytest.mark.parametrize("status", ["302 Found\r\nLocation: ws://127.0.0.1:1/x", "403 Forbidden"])
def test_n15_a_handshake_that_is_not_granted_is_not_followed_elsewhere(
    runtime, raw_server, wire, status
):
    def script(connection):
        wire.read_request(connection)
        connection.sendall(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())

    server = raw_server(script)
    heard = Heard()
    ThreadConnector(runtime).open(f"ws://127.0.0.1:{server.port}/x?listenKey=abcdef12345", heard)
    assert heard.closed.wait(5)
    assert not heard.opened.is_set()
    assert "abcdef12345" not in heard.end[1]
    assert server.connections == 1


def test_n23_neither_the_environments_proxy_nor_an_explicit_one_is_used_for_loopback(
    runtime, raw_server, wire, monkeypatch
):
    trap = raw_server(lambda connection: connection.recv(10))
    monkeypatch.setenv("http_proxy", trap.url)
    monkeypatch.setenv("HTTP_PROXY", trap.url)
    monkeypatch.setenv("no_proxy", "example.com")

    def script(connection):
        wire.accept_websocket(connection)
        wait_for_end(connection)

    server = raw_server(script)
    for host, proxy in (("127.0.0.1", ""), ("localhost", ""), ("127.0.0.1", trap.url)):
        heard = Heard()
        found = ThreadConnector(runtime, proxy=proxy).open(f"ws://{host}:{server.port}/x", heard)
        assert heard.opened.wait(5)
        found.close()
    assert trap.connections == 0


def test_an_explicit_proxy_is_asked_for_a_tunnel(runtime, raw_server, wire):
    asked = []

    def script(connection):
        asked.append(wire.read_request(connection))
        connection.sendall(b"HTTP/1.1 407 Who are you\r\n\r\n")
        connection.close()

    proxy = raw_server(script)
    heard = Heard()
    ThreadConnector(runtime, proxy=proxy.url).open("ws://exchange.invalid:80/x", heard)
    assert heard.closed.wait(5)
    assert asked[0].startswith(b"CONNECT exchange.invalid:80 ")


def test_p13_a_hundred_connections_leave_no_thread_behind(runtime, raw_server, wire):
    def script(connection):
        wire.accept_websocket(connection)
        connection.close()

    server = raw_server(script)
    before = threading.active_count()
    for _ in range(100):
        heard = Heard()
        ThreadConnector(runtime).open(f"ws://127.0.0.1:{server.port}/x", heard)
        assert heard.closed.wait(5)
    deadline = time.monotonic() + 5
    while threading.active_count() > before + 2:
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.01)


def test_n03_w_tls_needs_a_trusted_certificate_and_large_messages_come_whole(
    runtime, raw_server, wire, server_side, trusting
):
    received = []

    def script(connection):
        with server_side.wrap_socket(connection, server_side=True) as secure:
            wire.accept_websocket(secure)
            secure.sendall(wire.frame(bytes(1 << 20)) + wire.frame(b"last"))
            received.append(wire.read_frame(secure))
            wait_for_end(secure)

    server = raw_server(script)
    url = f"wss://127.0.0.1:{server.port}/x"
    refused = Heard()
    ThreadConnector(runtime).open(url, refused)
    assert refused.closed.wait(5)
    assert "certificate" in refused.end[1].lower()
    heard = Heard()
    found = ThreadConnector(runtime, ssl_context=trusting).open(url, heard)
    heard.wait_for(2)
    assert [len(message) for message in heard.messages] == [1 << 20, 4]
    found.send("x" * 200000)
    deadline = time.monotonic() + 5
    while not received:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert received == [(1, b"x" * 200000)]
    found.close()
    assert heard.closed.wait(5)
