"""The websocket API of spot, and user data over it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from real_trade.simulator.signing import ApiKey, KeyKind


@pytest.fixture
def api(desk: Any) -> Any:
    return (desk, *desk.socket("/ws-api/v3"))


def _ask(api: Any, method: str, *, sign: bool = False, **params: Any) -> Any:
    desk, end, session = api
    desk.api(end, method, sign=sign, **params)
    replies = [one for one in session.messages if isinstance(one, dict) and "status" in one]
    session.messages = [one for one in session.messages if one not in replies]
    assert len(replies) == 1
    return replies[0]


def _events(api: Any) -> list[Any]:
    return [one["event"] for one in api[2].take() if "event" in one]


def test_public_methods_answer_in_an_envelope_with_limits(api: Any) -> None:
    told = _ask(api, "time")
    assert told["id"] == 1
    assert told["status"] == 200
    assert told["result"] == {"serverTime": api[0].now}
    (weight,) = told["rateLimits"]
    assert (weight["rateLimitType"], weight["limit"]) == ("REQUEST_WEIGHT", 6000)
    assert _ask(api, "ping")["result"] == {}
    assert _ask(api, "exchangeInfo", symbol="BTCUSDT")["result"]["symbols"][0]["status"]
    assert len(_ask(api, "depth", symbol="BTCUSDT", limit=5)["result"]["bids"]) == 5
    rows = _ask(api, "klines", symbol="BTCUSDT", interval="1m", limit=3)["result"]
    assert len(rows) == 3
    assert _ask(api, "ticker.price", symbols=["BTCUSDT"])["result"][0]["symbol"] == "BTCUSDT"


def test_limits_are_left_out_on_request(api: Any) -> None:
    assert "rateLimits" not in _ask(api, "time", returnRateLimits=False)
    desk = api[0]
    quiet = (desk, *desk.socket("/ws-api/v3", "returnRateLimits=false"))
    assert "rateLimits" not in _ask(quiet, "time")


def test_orders_are_placed_queried_replaced_and_canceled(api: Any) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "90000",
        "quantity": "0.01",
    }
    placed = _ask(api, "order.place", sign=True, newClientOrderId="x", **order)
    assert placed["result"]["status"] == "NEW"
    kinds = [one["rateLimitType"] for one in placed["rateLimits"]]
    assert kinds == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
    assert _ask(api, "order.test", sign=True, **order)["result"] == {}
    number = placed["result"]["orderId"]
    status = _ask(api, "order.status", sign=True, symbol="BTCUSDT", orderId=number)
    assert status["result"]["clientOrderId"] == "x"
    assert len(_ask(api, "openOrders.status", sign=True)["result"]) == 1
    replaced = _ask(
        api, "order.cancelReplace", sign=True, cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=number, **order,
    )  # fmt: skip
    new = replaced["result"]["newOrderResponse"]["orderId"]
    canceled = _ask(api, "order.cancel", sign=True, symbol="BTCUSDT", orderId=new)
    assert canceled["result"]["status"] == "CANCELED"
    gone = _ask(api, "order.cancel", sign=True, symbol="BTCUSDT", orderId=new)
    assert (gone["status"], gone["error"]["code"]) == (400, -2011)
    account = _ask(api, "account.status", sign=True)["result"]
    assert account["accountType"] == "SPOT"


def test_wrong_requests_are_refused(api: Any) -> None:
    desk, end, session = api
    assert _ask(api, "order.sing")["status"] == 400
    assert _ask(api, "order.place")["error"]["code"] == -1102
    assert _ask(api, "account.status", sign=True, timestamp=desk.now - 6000)["error"]["code"] == (
        -1021
    )
    assert _ask(api, "account.status", apiKey="a" * 64, timestamp=1, signature="x")["error"] == {
        "code": -2015,
        "msg": "Invalid API-key, IP, or permissions for action.",
    }
    wrong = _ask(api, "account.status", apiKey=desk.key.key, timestamp=desk.now, signature="x")
    assert (wrong["status"], wrong["error"]["code"]) == (400, -1022)
    for text in (b"{", b"[]", b'{"id":{},"method":"ping"}', b'{"id":1}', b'{"id":"a b"}'):
        end.on_text(text)
        (told,) = session.take()
        assert told["error"]["code"] < 0
    assert end.open


def test_an_ed25519_session_needs_no_more_signatures(api: Any) -> None:
    desk, end, _ = api
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = ApiKey(key="e" * 64, secret=public.decode(), kind=KeyKind.ED25519)
    desk.simulator.accounts.add(key)
    payload = f"apiKey={key.key}&timestamp={desk.now}"
    signature = base64.b64encode(private.sign(payload.encode())).decode()
    told = _ask(api, "session.logon", apiKey=key.key, timestamp=desk.now, signature=signature)[
        "result"
    ]
    assert (told["apiKey"], told["authorizedSince"]) == (key.key, desk.now)
    assert _ask(api, "openOrders.status", timestamp=desk.now)["result"] == []
    assert _ask(api, "userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    assert _ask(api, "session.status")["result"]["userDataStream"] is True
    desk.market()
    assert {one["e"] for one in _events(api)} == {"executionReport", "outboundAccountPosition"}
    assert _ask(api, "session.logout")["result"]["apiKey"] is None
    assert _ask(api, "userDataStream.subscribe")["status"] == 401
    assert end.open


def test_a_session_is_for_ed25519_keys_only(api: Any) -> None:
    told = _ask(api, "session.logon", sign=True)
    assert told["error"] == {"code": -4056, "msg": "HMAC_SHA256 API key is not supported."}


def test_a_subscription_tells_every_step_of_an_order(api: Any) -> None:
    desk = api[0]
    told = _ask(api, "userDataStream.subscribe.signature", sign=True)
    assert told["result"] == {"subscriptionId": 0}
    placed = desk.limit(newClientOrderId="mine").body
    desk.signed(
        "DELETE", "/order", symbol="BTCUSDT", orderId=placed["orderId"], newClientOrderId="bye"
    )
    bought = desk.market(newClientOrderId="now").body
    events = _events(api)
    reports = [one for one in events if one["e"] == "executionReport"]
    assert [(one["x"], one["X"]) for one in reports] == [
        ("NEW", "NEW"),
        ("CANCELED", "CANCELED"),
        ("NEW", "NEW"),
        ("TRADE", "FILLED"),
    ]
    assert (reports[0]["c"], reports[0]["C"]) == ("mine", "")
    assert (reports[1]["c"], reports[1]["C"]) == ("bye", "mine")
    trade = reports[3]
    assert trade["t"] == bought["fills"][0]["tradeId"]
    assert (trade["n"], trade["N"]) == (bought["fills"][0]["commission"], "BTC")
    assert (trade["z"], trade["Z"]) == (bought["executedQty"], bought["cummulativeQuoteQty"])
    assert [one["I"] for one in reports] == sorted({one["I"] for one in reports})
    position = [one for one in events if one["e"] == "outboundAccountPosition"][-1]
    account = desk.signed("GET", "/account").body["balances"]
    for balance in position["B"]:
        assert {"asset": balance["a"], "free": balance["f"], "locked": balance["l"]} in account


def test_lists_deposits_and_withdrawals_are_told(api: Any) -> None:
    desk = api[0]
    _ask(api, "userDataStream.subscribe.signature", sign=True)
    desk.signed(
        "POST", "/orderList/oco", symbol="BTCUSDT", side="SELL", quantity="0.01",
        aboveType="LIMIT_MAKER", abovePrice="150000", belowType="STOP_LOSS",
        belowStopPrice="50000", listClientOrderId="pair",
    )  # fmt: skip
    status = next(one for one in _events(api) if one["e"] == "listStatus")
    assert (status["C"], status["c"], status["L"]) == ("pair", "OCO", "EXECUTING")
    assert len(status["O"]) == 2
    desk.act("transfer", asset="USDT", amount="5")
    desk.act("transfer", asset="USDT", amount="-3")
    deltas = [one["d"] for one in _events(api) if one["e"] == "balanceUpdate"]
    assert deltas == ["5.00000000", "-3.00000000"]


def test_one_subscription_per_account_and_connection(api: Any) -> None:
    desk = api[0]
    _ask(api, "userDataStream.subscribe.signature", sign=True)
    again = _ask(api, "userDataStream.subscribe.signature", sign=True)
    assert again["error"]["code"] == -2035
    assert _ask(api, "session.subscriptions")["result"] == [{"subscriptionId": 0}]
    assert _ask(api, "userDataStream.unsubscribe", subscriptionId=3)["error"]["code"] == -2036
    assert _ask(api, "userDataStream.unsubscribe")["result"] == {}
    assert [one["e"] for one in _events(api)] == ["eventStreamTerminated"]
    assert _ask(api, "userDataStream.unsubscribe")["error"]["code"] == -2036
    desk.market()
    assert _events(api) == []


def test_other_accounts_hear_nothing_of_it(make_desk: Any) -> None:
    desk = make_desk(accounts={"other": {"USDT": 1000}})
    desk.wait(2)
    key = desk.simulator.accounts.first_key("other")
    mine, theirs = desk.socket("/ws-api/v3"), desk.socket("/ws-api/v3")
    desk.api(mine[0], "userDataStream.subscribe.signature", sign=True)
    default, desk.key = desk.key, key
    desk.api(theirs[0], "userDataStream.subscribe.signature", sign=True)
    desk.key = default
    desk.market()
    assert len(mine[1].messages) > 1
    assert len(theirs[1].messages) == 1


def test_a_revoked_key_ends_its_streams(api: Any) -> None:
    desk = api[0]
    _ask(api, "userDataStream.subscribe.signature", sign=True)
    desk.act("key", set={"revoked": True})
    assert [one["e"] for one in _events(api)] == ["eventStreamTerminated"]
    assert desk.signed("GET", "/account").code == -2015


def test_listen_keys_are_gone(desk: Any) -> None:
    for method in ("POST", "PUT", "DELETE"):
        told = desk.send(method, "/userDataStream")
        assert (told.status, told.headers["Content-Type"]) == (410, "text/html")
        assert told.body.startswith(b"<html>")
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.start", apiKey=desk.key.key)
    assert session.take()[0]["error"]["msg"] == "Unknown method."


def test_listen_keys_of_old_work_by_switch(make_desk: Any) -> None:
    desk = make_desk(switches={"listen_keys_on_spot": True})
    desk.wait(2)
    key = desk.send("POST", "/userDataStream").body["listenKey"]
    assert desk.send("POST", "/userDataStream").body["listenKey"] == key
    _, session = desk.socket(f"/ws/{key}")
    desk.market()
    assert session.take()[0]["e"] == "executionReport"
    assert desk.send("PUT", "/userDataStream", f"listenKey={key}").body == {}
    assert desk.send("DELETE", "/userDataStream", f"listenKey={key}").body == {}
    assert desk.send("PUT", "/userDataStream", f"listenKey={key}").code == -1125
