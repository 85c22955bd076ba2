"""The control plane: health, the truth, and what the owner does by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


def test_health_tells_what_runs(desk: Any) -> None:
    desk.socket("/ws/btcusdt@trade")
    health = desk.ask("GET", "/control/health").body
    assert health["status"] == "ok"
    assert (health["seed"], health["time_ms"], health["running_s"]) == (7, desk.now, 2.0)
    assert health["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert health["sockets"] == 1
    assert health["tape_events"] > 0


def test_the_ledger_is_the_truth_in_exact_numbers(desk: Any) -> None:
    order = desk.market(newClientOrderId="mine").body
    ledger = desk.ask("GET", "/control/ledger").body
    books = ledger["accounts"]["default"]["spot"]
    assert ledger["time_ms"] == desk.now
    (shown,) = books["orders"]
    assert (shown["client_order_id"], shown["status"]) == ("mine", "FILLED")
    assert books["positions"] == []
    paid = sum(Decimal(fill["quote_amount"]) for fill in books["fills"])
    assert paid == Decimal(order["cummulativeQuoteQty"])
    assert Decimal(books["balances"]["USDT"]["free"]) == 1_000_000 - paid
    fee = sum(Decimal(fill["fee"]) for fill in books["fills"])
    assert Decimal(books["balances"]["BTC"]["free"]) == 10 + Decimal("0.01") - fee


def test_unknown_pages_say_which_there_are(desk: Any) -> None:
    told = desk.ask("GET", "/control/nothing")
    assert told.status == 404
    assert "GET /control/ledger" in told.body["error"]
    assert desk.send("PUT", "/control/faults").status == 404


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"do": "dance"}, "known: order, cancel"),
        ({"do": "transfer", "amount": "1"}, "needs 'asset'"),
        ({"do": "transfer", "asset": "USDT", "amount": "x"}, "'amount' must be a number"),
        ({"do": "transfer", "asset": "USDT", "amount": "NaN"}, "'amount' must be finite"),
        ({"do": "transfer", "asset": "USDT", "amount": "-9999999999"}, "insufficient_balance"),
        ({"do": "trading", "symbol": "BTCUSDT", "status": "OPEN"}, "'status' is one of TRADING"),
        ({"do": "trading", "symbol": "NOPE", "status": "HALT"}, "-1121 Invalid symbol."),
        ({"do": "filters", "symbol": "BTCUSDT"}, "'set' is an object"),
        ({"do": "filters", "symbol": "BTCUSDT", "set": {"colour": 1}}, "unknown setting 'colour'"),
        ({"do": "key", "set": {"owner": "me"}}, "unknown setting 'owner'"),
        ({"do": "switch", "set": {"read_lag_ms": "1"}}, "must be int"),
        ({"do": "cancel_all", "symbol": "BTCUSDT", "account": "nobody"}, "no account 'nobody'"),
        ({"do": "order", "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}, "-1102"),
    ],
)
def test_actions_that_make_no_sense_are_refused_with_a_remedy(
    desk: Any, action: dict[str, Any], words: str
) -> None:
    told = desk.act(**action)
    assert told.status == 400
    assert words in told.body["error"]


def test_X26_X27_manual_orders_and_cancels_are_told_like_any(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    ours = desk.limit().body["orderId"]
    session.take()
    manual = desk.act("order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.02").body
    assert manual["status"] == "FILLED"
    desk.act("cancel", symbol="BTCUSDT", order_id=ours)
    reports = [one["event"] for one in session.take() if one["event"]["e"] == "executionReport"]
    assert (reports[-1]["i"], reports[-1]["x"]) == (ours, "CANCELED")
    assert {one["i"] for one in reports} == {ours, manual["orderId"]}
    assert desk.act("cancel", symbol="BTCUSDT", order_id=ours).status == 400


def test_X18_a_transfer_changes_the_balance(desk: Any) -> None:
    told = desk.act("transfer", asset="USDT", amount="-250.5").body
    assert told["free"] == "999749.50000000"


def test_X22_a_halted_symbol_takes_no_orders_and_tells_so(desk: Any) -> None:
    order = desk.limit().body["orderId"]
    desk.act("trading", symbol="BTCUSDT", status="HALT")
    assert desk.limit().body == {"code": -2010, "msg": "Market is closed."}
    info = desk.ask("GET", "/exchangeInfo", symbol="BTCUSDT").body["symbols"][0]
    assert info["status"] == "HALT"
    gone = desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=order)
    assert gone.body["status"] == "CANCELED"
    desk.act("trading", symbol="BTCUSDT", status="TRADING")
    assert desk.limit().status == 200


def test_X23_filters_change_while_running(desk: Any) -> None:
    desk.act("filters", symbol="BTCUSDT", set={"price_step": "10", "max_orders": 1})
    info = desk.ask("GET", "/exchangeInfo", symbol="BTCUSDT").body["symbols"][0]
    filters = {one["filterType"]: one for one in info["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "10.00000000"
    assert desk.limit(price="90001").body["msg"] == "Filter failure: PRICE_FILTER"
    assert desk.limit(price="90010").status == 200
    assert desk.limit(price="90010").body["msg"] == "Filter failure: MAX_NUM_ORDERS"


def test_N28_a_key_is_revoked_or_loses_a_right(desk: Any) -> None:
    desk.act("key", set={"can_trade_spot": False})
    assert desk.limit().code == -2015
    desk.act("key", set={"can_trade_spot": True, "can_withdraw": True})
    assert desk.limit().status == 200
    rights = desk.signed("GET", "/sapi/v1/account/apiRestrictions").body
    assert rights["enableWithdrawals"] is True
    desk.act("key", set={"revoked": True})
    assert desk.signed("GET", "/account").code == -2015


def test_the_market_can_be_held_still(desk: Any) -> None:
    before = desk.ask("GET", "/trades", symbol="BTCUSDT", limit=1).body
    desk.act("hold", symbol="BTCUSDT", seconds=30)
    desk.wait(29)
    assert desk.ask("GET", "/trades", symbol="BTCUSDT", limit=1).body == before
    desk.wait(5)
    assert desk.ask("GET", "/trades", symbol="BTCUSDT", limit=1).body != before


def test_switches_change_while_running(desk: Any) -> None:
    told = desk.act("switch", set={"read_lag_ms": 1000}).body
    assert told["read_lag_ms"] == 1000
    order = desk.limit().body["orderId"]
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=order).code == -2013


def test_a_web_page_cannot_reach_the_control_plane(desk: Any) -> None:
    told = desk.send("GET", "/control/ledger", headers={"origin": "https://evil.test"})
    assert told.status == 403
