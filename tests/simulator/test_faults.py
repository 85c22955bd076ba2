"""Faults as data: what can be written, and what each rule does."""

from __future__ import annotations

import json
from typing import Any

import pytest


def _orders(desk: Any) -> list[str]:
    return [one["client_order_id"] for one in desk.books()["orders"]]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ([], None),
        ("x", "a rule is an object with the keys on, do, when, where, args, id"),
        ({"on": "POST /api/v3/order"}, "needs 'do'"),
        ({"on": "nowhere", "do": "delay"}, "write 'POST /api/v3/order'"),
        ({"on": "/api/v3/order", "do": "explode"}, "unknown action 'explode'"),
        ({"on": "/api/v3/order", "do": "explode"}, "drop_request, drop_response"),
        ({"on": "stream:*", "do": "status"}, "known there: drop, duplicate"),
        ({"on": "/x", "do": "delay", "args": {"hours": 1}}, "unknown argument of 'delay': 'hours'"),
        ({"on": "/x", "do": "delay"}, "'delay' needs the argument 'seconds'"),
        ({"on": "/x", "do": "delay", "args": {"seconds": "1"}}, "must be int or float"),
        ({"on": "/x", "do": "delay", "args": {"seconds": -1}}, "must not be negative"),
        ({"on": "/x", "do": "code", "args": {"code": True}}, "must be int"),
        ({"on": "/x", "do": "stale", "when": {"moon": "full"}}, "unknown condition: 'moon'"),
        ({"on": "/x", "do": "stale", "colour": "red"}, "unknown key: 'colour'"),
        ({"on": "/x", "do": "stale", "when": 3}, "'when' is an object"),
        ({"on": "stream:*", "do": "raw", "args": {"kind": "odd"}}, "known: malformed, utf8"),
        ({"on": "order:*", "do": "partial_fill", "args": {"share": "x"}}, "between 0 and 1"),
        ({"on": "order:*", "do": "partial_fill", "args": {"share": 1}}, "between 0 and 1"),
        ({"on": "/x", "do": "reset", "args": {"part": 1.5}}, "between 0 and 1"),
        ({"on": "/x", "do": "status", "args": {"status": 42}}, "an HTTP status"),
        ({"on": "/x", "do": "slow", "args": {"bytes_per_s": 0}}, "at least 1"),
        ({"on": "/x", "do": "body", "args": {"body": "html"}, "when": {"nth": 1.5}}, "must be int"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_what_would(
    desk: Any, rule: Any, words: str | None
) -> None:
    told = desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    if words is None:
        assert told.body == []
        return
    assert told.status == 400
    assert words in told.body["error"]
    assert desk.ask("GET", "/control/faults").body == []


def test_one_wrong_rule_refuses_the_whole_list(desk: Any) -> None:
    rules = [{"on": "/x", "do": "stale"}, {"on": "/x", "do": "explode"}]
    assert desk.send("POST", "/control/faults", body=json.dumps(rules).encode()).status == 400
    assert desk.ask("GET", "/control/faults").body == []
    assert desk.send("POST", "/control/faults", body=b"{").status == 400


def test_rules_are_listed_with_their_hits_and_removed(desk: Any) -> None:
    rule = {"on": "GET /api/v3/time", "do": "status", "args": {"status": 500}, "id": "mine"}
    desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    again = desk.send("POST", "/control/faults", body=json.dumps(rule).encode())
    assert "already" in again.body["error"]
    desk.ask("GET", "/time")
    (shown,) = desk.ask("GET", "/control/faults").body
    assert (shown["id"], shown["seen"], shown["hits"]) == ("mine", 1, 1)
    assert desk.send("DELETE", "/control/faults/other").status == 404
    assert desk.send("DELETE", "/control/faults/mine").body == {"removed": 1}
    assert desk.ask("GET", "/time").status == 200
    desk.fault("/api/v3/time", "stale")
    assert desk.send("DELETE", "/control/faults").body == {"removed": 1}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"nth": 2}, [0, 1, 0, 0, 0, 0]),
        ({"times": 2}, [1, 1, 0, 0, 0, 0]),
        ({"every": 3}, [0, 0, 1, 0, 0, 1]),
        ({"after_s": 3}, [0, 0, 0, 1, 1, 1]),
        ({"for_s": 2}, [1, 1, 0, 0, 0, 0]),
        ({"after_s": 1, "for_s": 2}, [0, 1, 1, 0, 0, 0]),
        ({"probability": 0.0}, [0, 0, 0, 0, 0, 0]),
        ({"probability": 1.0}, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_conditions(desk: Any, when: dict[str, Any], expected: list[int]) -> None:
    desk.fault("GET /api/v3/time", "status", when=when, status=500)
    hits = []
    for _ in expected:
        hits.append(int(desk.ask("GET", "/time").status == 500))
        desk.wait(1)
    assert hits == expected


def test_chance_comes_from_the_seed(make_desk: Any) -> None:
    seen = []
    for _ in range(2):
        desk = make_desk()
        desk.fault("GET /api/v3/time", "status", when={"probability": 0.5}, status=500)
        seen.append([desk.ask("GET", "/time").status for _ in range(40)])
    assert seen[0] == seen[1]
    assert {200, 500} == set(seen[0])


def test_N04_a_dropped_request_never_happened(desk: Any) -> None:
    desk.fault("POST /api/v3/order", "drop_request", when={"times": 1})
    told = desk.limit(newClientOrderId="lost")
    assert told.reply.delivery.lost
    assert _orders(desk) == []
    assert desk.limit(newClientOrderId="next").status == 200


def test_N05_N06_a_dropped_response_did_happen(desk: Any) -> None:
    desk.fault("POST /api/v3/order", "drop_response")
    assert desk.limit(newClientOrderId="rests").reply.delivery.lost
    assert desk.market(newClientOrderId="fills").reply.delivery.lost
    states = {one["client_order_id"]: one["status"] for one in desk.books()["orders"]}
    assert states == {"rests": "NEW", "fills": "FILLED"}


def test_N07_a_reset_or_half_a_response_after_execution(desk: Any) -> None:
    desk.fault("POST /api/v3/order", "reset", when={"nth": 1})
    desk.fault("POST /api/v3/order", "half_response", when={"nth": 1}, part=0.3)
    desk.fault("POST /api/v3/order", "reset", when={"nth": 1}, executed=False)
    ways = [desk.limit(newClientOrderId=name).reply.delivery for name in ("a", "b", "c")]
    assert [way.reset for way in ways] == [True, False, True]
    assert ways[1].part == 0.3
    assert _orders(desk) == ["a", "b"]


@pytest.mark.parametrize("executed", [True, False])
def test_N08_N14_html_with_and_without_execution(desk: Any, executed: bool) -> None:
    desk.fault("POST /api/v3/order", "status", status=502, body="html", executed=executed)
    told = desk.limit(newClientOrderId="x")
    assert (told.status, told.headers["Content-Type"]) == (502, "text/html")
    assert told.body.startswith(b"<html>")
    assert _orders(desk) == (["x"] if executed else [])


@pytest.mark.parametrize(
    ("args", "status", "code", "words"),
    [
        ({"code": -1006}, 500, -1006, "Execution status unknown"),
        ({"code": -1007, "executed": True}, 408, -1007, "Send status unknown"),
        ({"code": -1008}, 503, -1008, "overloaded"),
        ({"code": -1015, "retry_after_s": 10}, 429, -1015, "Too many new orders"),
        ({"code": -2015}, 401, -2015, "Invalid API-key"),
        ({"code": -1021, "message": "soon", "status": 400}, 400, -1021, "soon"),
    ],
)
def test_N10_N25_codes_with_and_without_execution(
    desk: Any, args: dict[str, Any], status: int, code: int, words: str
) -> None:
    desk.fault("POST /api/v3/order", "code", **args)
    told = desk.limit(newClientOrderId="x")
    assert (told.status, told.code) == (status, code)
    assert words in told.body["msg"]
    assert _orders(desk) == (["x"] if args.get("executed") else [])
    assert told.headers.get("Retry-After") == (
        str(args["retry_after_s"]) if "retry_after_s" in args else None
    )


def test_N09_texts_that_decide(desk: Any) -> None:
    desk.fault(
        "POST /api/v3/order", "status", status=503, code=-1001, executed=True,
        message="Unknown error, please check your request or try again later.",
    )  # fmt: skip
    told = desk.limit(newClientOrderId="x")
    assert told.body["msg"].startswith("Unknown error")
    assert _orders(desk) == ["x"]


def test_N12_N13_limits_and_bans_on_demand(desk: Any) -> None:
    desk.fault("GET /api/v3/time", "status", status=429, retry_after_s=7, when={"times": 1})
    told = desk.ask("GET", "/time")
    assert (told.status, told.code, told.headers["Retry-After"]) == (429, -1003, "7")
    desk.fault("GET /api/v3/time", "ban", seconds=30, when={"times": 1})
    assert desk.ask("GET", "/time").status == 418
    assert desk.ask("GET", "/ping").status == 418
    desk.wait(31)
    assert desk.ask("GET", "/ping").status == 200


def test_N15_a_redirect_elsewhere(desk: Any) -> None:
    desk.fault("GET /api/v3/time", "status", status=302, location="http://elsewhere.test/")
    told = desk.ask("GET", "/time")
    assert (told.status, told.headers["Location"]) == (302, "http://elsewhere.test/")


@pytest.mark.parametrize("kind", ["html", "empty", "truncated", "binary", "utf8", "deep"])
def test_N16_a_body_that_is_none(desk: Any, kind: str) -> None:
    desk.fault("POST /api/v3/order", "body", body=kind)
    told = desk.limit(newClientOrderId="x")
    assert told.status == 200
    assert isinstance(told.body, bytes) or kind == "deep"
    assert _orders(desk) == ["x"]


def test_N17_N18_a_reply_that_was_changed_on_the_way(desk: Any) -> None:
    desk.fault(
        "POST /api/v3/order", "change",
        set={"symbol": "ETHUSDT", "colour": "red"}, remove=["status"], nulls=["price"],
    )  # fmt: skip
    told = desk.limit(newClientOrderId="x").body
    assert (told["symbol"], told["colour"], told["price"]) == ("ETHUSDT", "red", None)
    assert "status" not in told
    assert desk.books()["orders"][0]["native"] == "BTCUSDT"


def test_N20_a_late_reply_and_a_late_request(desk: Any) -> None:
    desk.fault("POST /api/v3/order", "delay", seconds=20, when={"times": 1})
    told = desk.limit(newClientOrderId="late reply")
    assert told.code == -1100
    desk.fault("POST /api/v3/order", "delay", seconds=20, when={"times": 1})
    assert desk.limit(newClientOrderId="late-reply").reply.delivery.delay_ms == 20_000
    assert _orders(desk) == ["late-reply"]


def test_a_request_that_arrives_too_late_is_refused_by_the_second_check(desk: Any) -> None:
    desk.fault("POST /api/v3/order", "delay", seconds=4, before=True, when={"times": 1})
    assert desk.limit(newClientOrderId="in-time").body["status"] == "NEW"
    desk.fault("POST /api/v3/order", "delay", seconds=6, before=True, when={"times": 1})
    assert desk.limit(newClientOrderId="too-late").code == -1021
    assert _orders(desk) == ["in-time"]


def test_N21_N22_slow_and_oversized_bodies(desk: Any) -> None:
    desk.fault("GET /api/v3/time", "slow", bytes_per_s=10, when={"times": 1})
    assert desk.ask("GET", "/time").reply.delivery.bytes_per_s == 10
    desk.fault("GET /api/v3/time", "body", body="oversized", bytes=5_000_000)
    assert len(desk.ask("GET", "/time").reply.body) > 5_000_000


def test_N24_weight_that_somebody_else_used(desk: Any) -> None:
    desk.fault("GET /api/v3/time", "weight", weight=5990, when={"times": 1})
    assert int(desk.ask("GET", "/time").headers["X-MBX-USED-WEIGHT-1M"]) >= 5991
    assert desk.ask("GET", "/exchangeInfo").status == 429


def test_N30_a_stale_read(desk: Any) -> None:
    first = desk.limit(newClientOrderId="a").body["orderId"]
    desk.fault("GET /api/v3/openOrders", "stale", when={"for_s": 600})
    assert len(desk.signed("GET", "/openOrders").body) == 1
    desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=first)
    assert len(desk.signed("GET", "/openOrders").body) == 1
    desk.wait(601)
    assert desk.signed("GET", "/openOrders").body == []


def test_an_order_that_is_not_found_for_a_while(desk: Any) -> None:
    desk.fault("GET /api/v3/order", "not_found", seconds=2)
    order = desk.limit().body["orderId"]
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=order).code == -2013
    desk.wait(2)
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=order).status == 200


def test_a_limit_order_fills_in_two_parts(desk: Any) -> None:
    desk.fault("order:BTCUSDT", "partial_fill", share="0.3", seconds=1, when={"times": 1})
    ask = desk.ask("GET", "/ticker/bookTicker", symbol="BTCUSDT").body["askPrice"]
    order = desk.limit(price=f"{float(ask) * 1.01:.2f}", quantity="0.1").body
    assert (order["status"], order["executedQty"]) == ("PARTIALLY_FILLED", "0.03000000")
    desk.wait(0.9)
    ids = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert desk.signed("GET", "/order", **ids).body["status"] == "PARTIALLY_FILLED"
    desk.wait(2)
    assert desk.signed("GET", "/order", **ids).body["status"] == "FILLED"
    whole = desk.limit(price=f"{float(ask) * 1.01:.2f}", quantity="0.1").body
    assert whole["status"] == "FILLED"


def test_a_market_order_fills_in_two_parts(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    desk.fault("order:BTCUSDT", "partial_fill", when={"times": 1})
    for side in ("BUY", "SELL"):
        told = desk.market(side, "0.1").body
        assert told["status"] == "FILLED"
        assert len(told["fills"]) == (2 if side == "BUY" else 1)
    states = [
        one["event"]["X"]
        for one in session.take()
        if one.get("event", {}).get("e") == "executionReport"
    ]
    assert states[:3] == ["NEW", "PARTIALLY_FILLED", "FILLED"]


def test_a_resting_order_fills_in_two_parts_when_the_market_comes(desk: Any) -> None:
    bid = float(desk.ask("GET", "/ticker/bookTicker", symbol="BTCUSDT").body["bidPrice"])
    desk.fault("order:BTCUSDT", "partial_fill", seconds=1, when={"times": 1})
    order = desk.limit(price=f"{bid * 0.9995:.2f}", quantity="0.1").body
    assert order["status"] == "NEW"
    ids = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    seen = []
    for _ in range(60 * 60 * 4):
        status = desk.signed("GET", "/order", **ids, recvWindow=60_000).body.get("status")
        if status not in seen:
            seen.append(status)
        if status == "FILLED":
            break
        desk.wait(0.5)
        if desk.now % 60_000 < 1000:
            desk.simulator.spot.limits.refund(desk.ip, desk.now, 6000)
        desk.simulator.spot.limits.refund(desk.ip, desk.now, 4)
    assert seen == ["NEW", "PARTIALLY_FILLED", "FILLED"]


def test_faults_reach_the_websocket_api_too(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.fault("api:time", "code", code=-1007, when={"times": 1})
    desk.api(end, "time")
    desk.fault("api:time", "drop_response", when={"times": 1})
    desk.api(end, "time")
    desk.fault("api:time", "delay", seconds=3, when={"times": 1})
    desk.api(end, "time")
    (told,) = session.take()
    assert (told["status"], told["error"]["code"]) == (408, -1007)
    desk.wait(3)
    assert session.take()[0]["status"] == 200
    desk.fault("api:time", "reset")
    desk.api(end, "time")
    assert session.aborted
    assert not end.open


@pytest.mark.parametrize(
    ("do", "args"),
    [
        ("weight", {"weight": 5}),
        ("ban", {}),
        ("change", {"set": {"a": 1}}),
        ("stale", {}),
        ("body", {"body": "utf8"}),
        ("status", {"status": 500}),
        ("half_response", {}),
    ],
)
def test_faults_on_paths_that_lead_nowhere_break_nothing(
    desk: Any, do: str, args: dict[str, Any]
) -> None:
    desk.fault("* *", do, **args)
    assert desk.ask("GET", "/nowhere").status in {404, 500}
    assert desk.ask("GET", "/time").status in {200, 418, 500}
