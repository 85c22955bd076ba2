"""Market streams: subscriptions, what they say and when, pings, limits, the end of a connection."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest

from real_trade.simulator.schedule import Schedule
from real_trade.simulator.sockets import SocketEnd, SocketRules


def _say(end: Any, **message: Any) -> None:
    end.on_text(json.dumps(message).encode())


def _heard(session: Any, kind: str) -> list[Any]:
    return [one for one in session.take() if isinstance(one, dict) and one.get("e") == kind]


def test_a_raw_stream_tells_bars_and_says_when_they_close(desk: Any) -> None:
    _, session = desk.socket("/ws/btcusdt@kline_1m")
    desk.wait(125)
    bars = [one["k"] for one in _heard(session, "kline")]
    closed = [bar for bar in bars if bar["x"]]
    assert len(closed) == 2
    assert closed[1]["t"] == closed[0]["t"] + 60_000
    assert len(bars) >= 60
    for bar in closed:
        (row,) = desk.ask(
            "GET", "/klines", symbol="BTCUSDT", interval="1m", startTime=bar["t"], limit=1
        ).body
        assert row[:6] == [bar["t"], bar["o"], bar["h"], bar["l"], bar["c"], bar["v"]]
        assert (row[6], row[7], row[8]) == (bar["T"], bar["q"], bar["n"])
    for before, after in itertools.pairwise(bars):
        assert after["t"] >= before["t"]


def test_bars_of_a_second_close_every_second(desk: Any) -> None:
    _, session = desk.socket("/ws/btcusdt@kline_1s")
    desk.wait(10.5)
    events = _heard(session, "kline")
    starts = [one["k"]["t"] for one in events]
    assert starts == list(range(starts[0], starts[0] + 10_000, 1000))
    assert all(one["k"]["x"] for one in events)
    assert all(one["E"] == one["k"]["T"] + 1 for one in events)


def test_combined_streams_are_wrapped(desk: Any) -> None:
    _, session = desk.socket("/stream", "streams=btcusdt@trade/ethusdt@bookTicker")
    desk.wait(5)
    heard = session.take()
    assert {one["stream"] for one in heard} == {"btcusdt@trade", "ethusdt@bookTicker"}
    top = next(one["data"] for one in heard if one["stream"] == "ethusdt@bookTicker")
    assert Decimal(top["b"]) < Decimal(top["a"])


def test_trades_and_aggregates_are_those_of_rest(desk: Any) -> None:
    end, session = desk.socket("/ws")
    _say(end, method="SUBSCRIBE", params=["btcusdt@trade", "btcusdt@aggTrade"], id=1)
    desk.wait(10)
    heard = session.take()
    trades = [one for one in heard if one.get("e") == "trade"]
    aggregates = [one for one in heard if one.get("e") == "aggTrade"]
    shown = desk.ask("GET", "/trades", symbol="BTCUSDT", limit=len(trades)).body
    assert [one["t"] for one in trades] == [one["id"] for one in shown]
    assert [one["p"] for one in aggregates] == [one["price"] for one in shown]


def test_subscriptions_come_and_go_by_message(desk: Any) -> None:
    end, session = desk.socket("/ws")
    _say(end, method="SUBSCRIBE", params=["btcusdt@kline_1s", "ethusdt@trade"], id=7)
    assert session.take() == [{"result": None, "id": 7}]
    _say(end, method="LIST_SUBSCRIPTIONS", id="list")
    assert session.take() == [{"result": ["btcusdt@kline_1s", "ethusdt@trade"], "id": "list"}]
    _say(end, method="UNSUBSCRIBE", params=["ethusdt@trade"], id=8)
    assert session.take() == [{"result": None, "id": 8}]
    desk.wait(4)
    assert {one["e"] for one in session.take()} == {"kline"}


def test_a_raw_connection_may_become_a_combined_one(desk: Any) -> None:
    end, session = desk.socket("/ws/btcusdt@kline_1s")
    _say(end, method="SET_PROPERTY", params=["combined", True], id=1)
    _say(end, method="GET_PROPERTY", params=["combined"], id=2)
    assert session.take() == [{"result": None, "id": 1}, {"result": True, "id": 2}]
    desk.wait(2)
    assert session.take()[0]["stream"] == "btcusdt@kline_1s"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 3, "Invalid JSON"),
        ("[]", 2, "missing field `method`"),
        ('{"method":"SING","id":1}', 2, "unknown variant `SING`"),
        ('{"method":"SUBSCRIBE","params":[],"id":-1}', 2, "unsigned integer"),
        ('{"method":"SUBSCRIBE","params":"x","id":1}', 2, "list of stream names"),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1, "expected Boolean"),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0, "Unknown property"),
    ],
)
def test_a_wrong_message_is_answered_with_an_error(
    desk: Any, text: str, code: int, words: str
) -> None:
    end, session = desk.socket("/ws")
    end.on_text(text.encode())
    (told,) = session.take()
    assert told["error"]["code"] == code
    assert words in told["error"]["msg"]
    assert end.open


def test_an_unknown_stream_is_taken_and_stays_silent(desk: Any) -> None:
    _, session = desk.socket("/ws/BTCUSDT@trade")
    _, other = desk.socket("/ws/btcusdt@kline_7m")
    desk.wait(5)
    assert session.take() == other.take() == []


def test_a_book_is_kept_from_differences(desk: Any) -> None:
    _, session = desk.socket("/ws/btcusdt@depth@100ms")
    snapshot = desk.ask("GET", "/depth", symbol="BTCUSDT", limit=5000).body
    book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
    desk.wait(20)
    events = [one for one in session.take() if one["u"] > snapshot["lastUpdateId"]]
    assert events[0]["U"] <= snapshot["lastUpdateId"] + 1 <= events[0]["u"]
    for before, after in itertools.pairwise(events):
        assert after["U"] == before["u"] + 1
    for event in events:
        for side, changes in (("bids", event["b"]), ("asks", event["a"])):
            for price, amount in changes:
                book[side][price] = amount
                if Decimal(amount) == 0:
                    del book[side][price]
    now = desk.ask("GET", "/depth", symbol="BTCUSDT", limit=5000).body
    assert {side: dict(now[side]) for side in ("bids", "asks")} == book


def test_partial_books_and_tickers(desk: Any) -> None:
    names = "btcusdt@depth5/btcusdt@ticker/btcusdt@miniTicker/btcusdt@avgPrice/!miniTicker@arr"
    _, session = desk.socket("/stream", f"streams={names}")
    desk.wait(2.5)
    heard = {one["stream"]: one["data"] for one in session.take()}
    assert heard.keys() == set(names.split("/"))
    assert len(heard["btcusdt@depth5"]["bids"]) == 5
    assert [one["s"] for one in heard["!miniTicker@arr"]] == ["BTCUSDT", "ETHUSDT"]
    day = desk.ask("GET", "/ticker/24hr", symbol="BTCUSDT").body
    assert heard["btcusdt@ticker"]["o"] == day["openPrice"]
    assert heard["btcusdt@avgPrice"]["i"] == "5m"


def test_the_exchange_pings_and_cuts_who_does_not_answer(desk: Any) -> None:
    answering, silent = desk.socket("/ws"), desk.socket("/ws")
    silent[1].answers = False
    desk.wait(150)
    assert answering[0].open
    assert not silent[0].open
    assert silent[1].closed == (1008, "Pong timeout")
    assert 3 <= len(silent[1].pings) <= 4


def test_five_messages_a_second_and_no_more(desk: Any) -> None:
    end, session = desk.socket("/ws")
    desk.wait(1 - desk.now / 1000 % 1)
    for number in range(5):
        _say(end, method="LIST_SUBSCRIPTIONS", id=number)
    assert end.open
    end.on_ping(b"")
    assert session.closed == (1008, "Too many requests")


def test_pings_of_the_client_are_answered(desk: Any) -> None:
    end, session = desk.socket("/ws")
    end.on_ping(b"hello")
    assert session.pongs == [b"hello"]


def test_no_more_than_1024_streams(desk: Any) -> None:
    end, session = desk.socket("/ws")
    _say(end, method="SUBSCRIBE", params=[f"a{n}@trade" for n in range(1025)], id=1)
    assert session.take()[0]["error"]["code"] == 2
    _say(end, method="SUBSCRIBE", params=[f"a{n}@trade" for n in range(1024)], id=2)
    assert session.take() == [{"result": None, "id": 2}]


def test_a_connection_ends_after_a_day(desk: Any) -> None:
    session = desk.socket("/ws")[1]
    schedule = Schedule(0)
    end = SocketEnd(
        session=session, schedule=schedule, path="/ws", ip="", rules=SocketRules(),
        number=1, on_gone=lambda _: None,
    )  # fmt: skip
    session.end = end
    schedule.run(86_399_999)
    assert end.open
    schedule.run(86_400_000)
    assert session.closed == (1001, "Connection is too old")


def test_connections_are_limited_by_address(desk: Any) -> None:
    from real_trade.simulator.replies import Reply

    session = desk.socket("/ws")[1]
    opened = [desk.simulator.gateway.open_socket("/ws", "", session, desk.ip) for _ in range(300)]
    refused = [one for one in opened if isinstance(one, Reply)]
    assert [one.status for one in refused] == [429]
    nowhere = desk.simulator.gateway.open_socket("/nowhere", "", session, "10.0.0.9")
    assert isinstance(nowhere, Reply)
    assert nowhere.status == 404
