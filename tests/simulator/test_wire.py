"""The exchange on a port: bytes, faults of bytes, websockets as others' clients see them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from real_trade.runtime import SystemClock

CLOCK = SystemClock()


@pytest.fixture
def connect(wired: Any) -> Iterator[Any]:
    """Return an opener of websockets; they are closed in the end."""
    with contextlib.ExitStack() as stack:

        def opener(path: str, **options: Any) -> websocket.WebSocket:
            one = websocket.create_connection(f"{wired.ws}{path}", timeout=5, **options)
            stack.callback(one.shutdown)
            return one

        yield opener


def _get(wired: Any, path: str, timeout: float = 5.0) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", wired.server.port, timeout=timeout)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def _fault(wired: Any, on: str, do: str, when: Any = None, **args: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", wired.server.port, timeout=5)
    rule = {"on": on, "do": do, "when": when or {}, "args": args}
    connection.request("POST", "/control/faults", json.dumps(rule))
    assert connection.getresponse().status == 200
    connection.close()


def _raw(wired: Any, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", wired.server.port), timeout=5) as one:
        one.sendall(data)
        found = b""
        while part := one.recv(65536):
            found += part
            if found.endswith((b"}", b"\r\n\r\n")):
                break
        return found


def test_a_connection_serves_many_requests(wired: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", wired.server.port, timeout=5)
    for _ in range(20):
        connection.request("GET", "/api/v3/ping")
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b"{}")
        assert connection.sock is not None
    connection.close()


def test_pipelined_requests_are_answered_in_order(wired: Any) -> None:
    one = b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"GET /api/v3/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", wired.server.port), timeout=5) as wire:
        wire.sendall(one + two)
        found = b""
        while part := wire.recv(65536):
            found += part
    assert found.index(b"200 OK") < found.index(b"404 Not Found")


def test_a_request_may_arrive_in_pieces(wired: Any) -> None:
    with socket.create_connection(("127.0.0.1", wired.server.port), timeout=5) as wire:
        for piece in (b"GET /api/v", b"3/ping HT", b"TP/1.1\r\nHost", b": x\r\n\r\n"):
            wire.sendall(piece)
        assert b"200 OK" in wire.recv(65536)


def test_what_is_not_http_gets_400(wired: Any) -> None:
    assert b"400 Bad Request" in _raw(wired, b"\x16\x03\x01 hello\r\n\r\n")
    assert b"400 Bad Request" in _raw(wired, b"FLY / HTTP/1.1\r\n\r\n")
    assert _get(wired, "/api/v3/ping")[0] == 200


def test_it_listens_on_loopback_alone(wired: Any) -> None:
    addresses = [one.getsockname()[0] for one in wired.server._server.sockets]
    assert addresses == ["127.0.0.1"]


def test_N07_the_reset_is_a_reset(wired: Any) -> None:
    _fault(wired, "GET /api/v3/time", "reset")
    with pytest.raises(ConnectionResetError):
        _get(wired, "/api/v3/time")


def test_N07_half_a_response_is_half(wired: Any) -> None:
    whole = len(_raw(wired, b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n"))
    _fault(wired, "GET /api/v3/time", "half_response", part=0.5)
    with socket.create_connection(("127.0.0.1", wired.server.port), timeout=5) as wire:
        wire.sendall(b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n")
        found = b""
        while part := wire.recv(65536):
            found += part
    assert abs(len(found) - whole / 2) < 8


def test_a_lost_reply_hangs_and_a_closed_one_ends(wired: Any) -> None:
    _fault(wired, "GET /api/v3/time", "drop_response", {"nth": 1})
    with pytest.raises(TimeoutError):
        _get(wired, "/api/v3/time", timeout=0.3)
    _fault(wired, "GET /api/v3/time", "drop_response", {"nth": 1}, close=True)
    with pytest.raises(http.client.RemoteDisconnected):
        _get(wired, "/api/v3/time")


def test_N20_N21_late_and_slow_replies(wired: Any) -> None:
    _fault(wired, "GET /api/v3/time", "delay", {"nth": 1}, seconds=0.3)
    began = CLOCK.monotonic()
    assert _get(wired, "/api/v3/time")[0] == 200
    assert CLOCK.monotonic() - began >= 0.3
    _fault(wired, "GET /api/v3/time", "delay", {"nth": 1}, seconds=0.3, before=True)
    began = CLOCK.monotonic()
    assert _get(wired, "/api/v3/time")[0] == 200
    assert CLOCK.monotonic() - began >= 0.3
    _fault(wired, "GET /api/v3/time", "slow", bytes_per_s=500)
    began = CLOCK.monotonic()
    assert _get(wired, "/api/v3/time")[0] == 200
    assert CLOCK.monotonic() - began >= 0.2


def test_one_late_reply_does_not_hold_up_others(wired: Any) -> None:
    _fault(wired, "GET /api/v3/time", "delay", seconds=30)
    with socket.create_connection(("127.0.0.1", wired.server.port), timeout=5) as wire:
        wire.sendall(b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _get(wired, "/api/v3/ping")[0] == 200


def test_streams_arrive_at_a_foreign_client(connect: Any) -> None:
    one = connect("/stream?streams=btcusdt@kline_1s/btcusdt@trade")
    kinds = {json.loads(one.recv())["data"]["e"] for _ in range(12)}
    assert kinds == {"kline", "trade"}


def test_a_client_that_asks_for_compression_gets_none(connect: Any) -> None:
    one = connect("/ws/btcusdt@kline_1s", header=["Sec-WebSocket-Extensions: permessage-deflate"])
    assert "sec-websocket-extensions" not in one.headers
    assert json.loads(one.recv())["e"] == "kline"


def test_a_websocket_to_nowhere_is_refused(wired: Any) -> None:
    told = _raw(
        wired,
        b"GET /elsewhere HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert told.startswith(b"HTTP/1.1 404")


def test_pings_closes_and_large_messages(connect: Any) -> None:
    one = connect("/ws-api/v3")
    one.ping("hello")
    assert one.recv_data_frame(control_frame=True)[1].data == b"hello"
    one.send(json.dumps({"id": "x" * 36, "method": "ping", "params": {"a": "b" * 100_000}}))
    assert json.loads(one.recv())["error"]["code"] == -1101
    one.send(json.dumps({"id": 1, "method": "exchangeInfo"}))
    assert json.loads(one.recv())["status"] == 200
    one.send_close(1000)
    assert one.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE


def test_an_unmasked_frame_is_a_protocol_error(connect: Any) -> None:
    one = connect("/ws")
    one.sock.sendall(b"\x81\x05hello")
    opcode, data = one.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(data[:2], "big") == 1002


def test_W01_a_closed_and_a_reset_websocket(wired: Any, connect: Any) -> None:
    one = connect("/ws")
    _fault(wired, "socket:/ws", "close_sockets", code=1008, reason="policy")
    opcode, data = one.recv_data()
    assert (opcode, data) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xf0policy")
    two = connect("/ws")
    _fault(wired, "socket:/ws", "close_sockets", reset=True)
    with pytest.raises(ConnectionResetError):
        two.recv()


def _handshake(wired: Any) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", wired.server.port), timeout=10)
    one.sendall(
        b"GET /ws/btcusdt@kline_1s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" in one.recv(1000)
    return one


def test_W23_a_frame_of_64_mib(wired: Any) -> None:
    with _handshake(wired) as one:
        _fault(wired, "stream:btcusdt@kline_1s", "raw", {"nth": 1}, kind="huge")
        read = 0
        while read < 64 << 20:
            part = one.recv(1 << 20)
            assert part
            read += len(part)


def test_a_client_that_does_not_read_is_cut_off(wired: Any) -> None:
    wired.server.most_waiting = 1 << 20
    with _handshake(wired):
        _fault(wired, "stream:btcusdt@kline_1s", "raw", kind="huge", bytes=16 << 20)
        for _ in range(50):
            if not wired.simulator.gateway.sockets:
                break
            CLOCK.sleep(0.1)
        assert not wired.simulator.gateway.sockets
