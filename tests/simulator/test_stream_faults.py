"""Faults of messages and of connections."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest


def _klines(session: Any) -> list[int]:
    return [one["k"]["t"] for one in session.take() if isinstance(one, dict) and "k" in one]


@pytest.fixture
def bars(desk: Any) -> Any:
    return (desk, *desk.socket("/ws/btcusdt@kline_1s"))


def _steps(starts: list[int]) -> list[int]:
    return [(after - before) // 1000 for before, after in itertools.pairwise(starts)]


def test_W13_W20_a_message_is_missing(bars: Any) -> None:
    desk, _, session = bars
    desk.fault("stream:btcusdt@kline_1s", "drop", when={"nth": 3})
    desk.wait(6.5)
    assert _steps(_klines(session)) == [1, 2, 1, 1]


def test_W11_a_message_comes_twice(bars: Any) -> None:
    desk, _, session = bars
    desk.fault("stream:*@kline_*", "duplicate", when={"nth": 2})
    desk.wait(4.5)
    assert _steps(_klines(session)) == [1, 0, 1, 1]


def test_W12_messages_change_places(bars: Any) -> None:
    desk, _, session = bars
    desk.fault("stream:btcusdt@kline_1s", "reorder", when={"nth": 2}, hold=2)
    desk.wait(6.5)
    assert _steps(_klines(session)) == [2, 1, -2, 3, 1]


def test_a_message_comes_late(bars: Any) -> None:
    desk, _, session = bars
    desk.fault("stream:btcusdt@kline_1s", "delay", seconds=2.5, when={"nth": 1})
    desk.wait(5.5)
    assert _steps(_klines(session)) == [1, -2, 3, 1]


def test_W20_a_bar_that_never_closes_and_one_that_is_corrected(bars: Any) -> None:
    desk, _, session = bars
    desk.fault("stream:btcusdt@kline_1s", "change", when={"nth": 1}, set={"k.x": False})
    desk.fault("stream:btcusdt@kline_1s", "change", when={"nth": 1}, set={"k.c": "1.0"})
    desk.wait(2.5)
    first, second = (one["k"] for one in session.take())
    assert first["x"] is False
    assert second["c"] == "1.0"


@pytest.mark.parametrize(
    "kind",
    ["malformed", "utf8", "nul", "numbers", "duplicate_keys", "deep", "binary", "empty", "huge"],
)
def test_W22_W23_a_frame_with_a_bad_payload(bars: Any, kind: str) -> None:
    desk, end, session = bars
    desk.fault("stream:btcusdt@kline_1s", "raw", when={"nth": 1}, kind=kind, bytes=1 << 20)
    desk.wait(2.5)
    assert len(session.raw) == 1
    assert end.open
    assert len(session.messages) == 2


@pytest.mark.parametrize("kind", ["masked", "opcode", "compressed", "endless"])
def test_W24_a_frame_that_breaks_the_protocol(bars: Any, kind: str) -> None:
    desk, _, session = bars
    desk.fault("stream:btcusdt@kline_1s", "raw", when={"nth": 1}, kind=kind, bytes=1 << 20)
    desk.wait(1.5)
    assert len(session.raw) == 1
    assert session.messages == []


def test_user_events_are_lost_doubled_and_changed_by_kind(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    desk.fault("user:executionReport", "drop", when={"nth": 2})
    desk.fault("user:outboundAccountPosition", "duplicate", when={"nth": 1})
    desk.market()
    kinds = [one["event"]["e"] for one in session.take() if "event" in one]
    assert kinds == ["executionReport", "outboundAccountPosition", "outboundAccountPosition"]


def test_W01_sockets_are_closed_by_path(desk: Any) -> None:
    streams, api = desk.socket("/ws/btcusdt@trade"), desk.socket("/ws-api/v3")
    desk.fault("socket:/ws/*", "close_sockets", code=1008, reason="go away")
    desk.wait(0.1)
    assert streams[1].closed == (1008, "go away")
    assert api[0].open
    desk.fault("socket:*", "close_sockets", reset=True, when={"after_s": 5})
    desk.wait(4)
    assert api[0].open
    desk.wait(2)
    assert api[1].aborted
    (first, second) = desk.ask("GET", "/control/faults").body
    assert (first["hits"], second["hits"]) == (1, 1)


def test_sockets_are_closed_again_and_again(desk: Any) -> None:
    desk.fault("socket:*", "close_sockets", when={"after_s": 5, "times": 3})
    cut = 0
    for _ in range(4):
        end, _ = desk.socket("/ws/btcusdt@trade")
        desk.wait(5.1)
        cut += not end.open
    assert cut == 3


def test_W02_W03_a_silent_connection_with_and_without_pings(desk: Any) -> None:
    end, session = desk.socket("/ws/btcusdt@kline_1s")
    desk.fault("socket:/ws/*", "silence", seconds=10)
    desk.wait(9.5)
    end.on_ping(b"x")
    assert session.take() == []
    assert session.pongs == [b"x"]
    desk.wait(2)
    assert len(session.take()) == 2
    desk.fault("socket:/ws/*", "silence", seconds=10, pings=False)
    desk.wait(1)
    end.on_ping(b"y")
    assert session.pongs == [b"x"]
    desk.wait(10)
    end.on_ping(b"z")
    assert session.pongs == [b"x", b"z"]


def test_W05_a_shutdown_is_announced(desk: Any) -> None:
    raw, combined = desk.socket("/ws"), desk.socket("/stream", "streams=btcusdt@depth")
    api = desk.socket("/ws-api/v3")
    desk.fault("socket:*", "shutdown", seconds=10)
    desk.wait(0.01)
    assert raw[1].take()[0]["e"] == "serverShutdown"
    assert combined[1].take()[0]["stream"] == "!serverShutdown"
    assert api[1].take()[0]["event"]["e"] == "serverShutdown"
    assert raw[0].open
    desk.wait(10)
    assert raw[1].closed == (1001, "Server shutdown")


def test_W06_connections_are_refused(desk: Any) -> None:
    from real_trade.simulator.replies import Reply

    desk.fault("socket:/ws*", "refuse_connections", status=502, when={"times": 2})
    session = desk.socket("/stream")[1]
    opened = [desk.simulator.gateway.open_socket("/ws", "", session, desk.ip) for _ in range(3)]
    assert [one.status if isinstance(one, Reply) else 101 for one in opened] == [502, 502, 101]


def test_W17_W19_a_gapped_and_a_crossed_book(desk: Any) -> None:
    _, session = desk.socket("/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    desk.fault("stream:btcusdt@depth@100ms", "drop", when={"nth": 2})
    desk.fault("stream:btcusdt@bookTicker", "change", when={"nth": 1}, set={"b": "999999999"})
    desk.wait(10)
    heard = session.take()
    updates = [one["data"] for one in heard if one["stream"].endswith("@100ms")]
    gaps = [after["U"] - before["u"] for before, after in itertools.pairwise(updates)]
    assert [gap for gap in gaps if gap != 1]
    top = next(one["data"] for one in heard if one["stream"].endswith("bookTicker"))
    assert float(top["b"]) > float(top["a"])


def test_W08_a_subscription_is_confirmed_and_not_done_or_done_and_not_confirmed(desk: Any) -> None:
    end, session = desk.socket("/ws")
    ask = b'{"method":"SUBSCRIBE","params":["btcusdt@kline_1s"],"id":1}'
    desk.fault("api:SUBSCRIBE", "drop_request", when={"nth": 1})
    end.on_text(ask)
    desk.wait(2)
    assert session.take() == []
    desk.fault("api:SUBSCRIBE", "drop_response", when={"nth": 1})
    end.on_text(ask)
    desk.wait(2)
    assert [one["e"] for one in session.take()] == ["kline", "kline"]
    desk.fault("api:LIST_SUBSCRIPTIONS", "change", set={"result": []})
    end.on_text(b'{"method":"LIST_SUBSCRIPTIONS","id":2}')
    assert session.take() == [{"result": [], "id": 2}]


def test_W20_a_bar_is_closed_twice_by_its_content(desk: Any) -> None:
    _, session = desk.socket("/ws/btcusdt@kline_1m")
    rule = {"on": "stream:*", "do": "duplicate", "where": {"k.x": True}}
    desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    desk.wait(61)
    bars = [one["k"] for one in session.take()]
    assert [bar["x"] for bar in bars].count(True) == 2
    assert len({(bar["t"], bar["c"]) for bar in bars if bar["x"]}) == 1


def test_W13_only_the_fill_is_lost(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    rule = {"on": "user:executionReport", "do": "drop", "where": {"x": "TRADE"}}
    desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    desk.market()
    reports = [one["event"] for one in session.take() if "event" in one]
    assert [one.get("x") for one in reports] == ["NEW", None]


def test_requests_are_told_apart_by_their_parameters(desk: Any) -> None:
    rule = {"on": "POST /api/v3/order", "do": "drop_response", "where": {"side": "SELL"}}
    desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    assert not desk.market("BUY").reply.delivery.lost
    assert desk.market("SELL").reply.delivery.lost
