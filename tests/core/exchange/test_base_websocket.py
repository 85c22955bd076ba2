"""The seed's websocket, in virtual time and on a real socket."""

from __future__ import annotations

import threading

import orjson
import pytest

from real_trade.common import BaseWebSocket
from real_trade.utils.errors import ConfigurationError


@pytest.fixture
def told():
    return []


@pytest.fixture
def make(virtual, connector, told):
    made = []

    def build(**options):
        found = BaseWebSocket("ws://x/ws", runtime=virtual, connector=connector, **options)
        for event in ("connected", "disconnected", "message", "error", "max_reconnect"):
            found.on(event, lambda data, event=event: told.append((event, data)))
        made.append(found)
        return found

    yield build
    for one in made:
        one.stop()


def test_it_subscribes_and_tells_once_that_is_confirmed(make, connector, told):
    socket = make()
    socket.start(["btcusdt@trade"])
    server = connector.sockets[0]
    assert orjson.loads(server.sent[0]) == {
        "method": "SUBSCRIBE",
        "params": ["btcusdt@trade"],
        "id": 1,
    }
    assert not socket.is_connected
    server.say(b'{"result":null,"id":1}')
    server.say(b'{"p":"1.5"}')
    assert socket.is_connected
    assert told == [("connected", ["btcusdt@trade"]), ("message", {"p": "1.5"})]


def test_more_channels_and_messages_go_out_on_the_same_connection(make, connector, virtual):
    socket = make()
    socket.start(["a"])
    connector.sockets[0].say(b'{"id":1}')
    socket.start(["a", "b"])
    socket.send({"method": "PING"})
    virtual.clock.sleep(2)
    sent = [orjson.loads(text) for text in connector.sockets[0].sent]
    assert [one.get("params") for one in sent] == [["a"], ["b"], None]
    assert len(connector.sockets) == 1


def test_by_default_it_reconnects_without_end_and_subscribes_to_everything(
    make, connector, virtual, told
):
    make().start(["a"])
    for _ in range(50):
        connector.sockets[-1].cut()
        virtual.clock.sleep(75)
    assert len(connector.sockets) > 50
    assert "max_reconnect" not in [event for event, _ in told]
    assert orjson.loads(connector.sockets[-1].sent[0])["params"] == ["a"]


def test_attempts_are_spaced_by_the_delay_at_least(make, connector, virtual):
    make(reconnect_delay=5.0).start()
    for _ in range(200):
        if not connector.sockets[-1].closed:
            connector.sockets[-1].cut()
        virtual.clock.sleep(1)
    gaps = [b - a for a, b in zip(connector.opened_at, connector.opened_at[1:], strict=False)]
    assert min(gaps) >= 5


def test_a_limit_on_attempts_is_kept_although_each_connection_opens(make, connector, virtual, told):
    make(max_reconnect_attempts=10).start()
    for _ in range(100):
        if not connector.sockets[-1].closed:
            connector.sockets[-1].cut()
        virtual.clock.sleep(10)
    assert len(connector.sockets) == 11
    assert told[-1][0] == "max_reconnect"


def test_a_dead_peer_is_noticed_by_pings(make, connector, virtual, told):
    make(ping_interval=20.0).start()
    connector.sockets[0].answers_pings = False
    virtual.clock.sleep(26)
    assert ("disconnected", "no pong within 4.5 s") in told


def test_a_callback_that_raises_becomes_an_error_and_stops_nothing(make, connector, told):
    socket = make()
    socket.on("message", lambda data: 1 / 0)
    socket.start()
    connector.sockets[0].say(b'{"a":1}')
    connector.sockets[0].say(b"no json")
    connector.sockets[0].say(b'{"a":2}')
    kinds = [event for event, _ in told]
    assert kinds == ["connected", "message", "error", "error", "message", "error"]


def test_after_stop_nothing_is_told_and_sending_is_refused(make, connector, virtual, told):
    socket = make()
    socket.start()
    socket.stop()
    connector.sockets[0].say(b'{"a":1}')
    virtual.clock.sleep(600)
    assert told == [("connected", [])]
    assert not socket.is_connected
    with pytest.raises(ConnectionError, match="not connected"):
        socket.send({})


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigurationError, match="no websocket address"):
        BaseWebSocket("http://127.0.0.1")


def test_it_works_on_a_real_socket_by_itself(raw_server, wire):
    def script(connection):
        wire.accept_websocket(connection)
        request = orjson.loads(wire.read_frame(connection)[1])
        connection.sendall(wire.frame(orjson.dumps({"id": request["id"]})))
        connection.sendall(wire.frame(orjson.dumps({"of": request["params"]})))
        while connection.recv(100):
            pass

    server = raw_server(script)
    socket = BaseWebSocket(f"ws://127.0.0.1:{server.port}/ws")
    came = threading.Event()
    heard = []
    socket.on("message", lambda data: (heard.append(data), came.set()))
    socket.start(["x"])
    assert came.wait(5)
    assert heard == [{"of": ["x"]}]
    assert socket.is_connected
    socket.stop()
