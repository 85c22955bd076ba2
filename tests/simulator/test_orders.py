"""Placing, looking up, canceling, replacing and amending orders over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "90000",
}
STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_LOSS",
    "quantity": "0.01",
    "stopPrice": "80000",
}


def _books(desk: Any) -> dict[str, Any]:
    found: dict[str, Any] = desk.books()
    return found


def test_a_limit_order_rests_locks_funds_and_is_canceled(desk: Any) -> None:
    placed = desk.limit(newClientOrderId="mine").body
    assert (placed["status"], placed["clientOrderId"]) == ("NEW", "mine")
    assert placed["fills"] == []
    account = desk.signed("GET", "/account").body
    usdt = next(one for one in account["balances"] if one["asset"] == "USDT")
    assert usdt["locked"] == "900.00000000"
    found = desk.signed("GET", "/order", symbol="BTCUSDT", origClientOrderId="mine").body
    assert found["orderId"] == placed["orderId"]
    assert found["isWorking"] is True
    assert [one["orderId"] for one in desk.signed("GET", "/openOrders").body] == [found["orderId"]]
    canceled = desk.signed(
        "DELETE", "/order", symbol="BTCUSDT", orderId=placed["orderId"], newClientOrderId="bye"
    ).body
    assert canceled["status"] == "CANCELED"
    assert (canceled["origClientOrderId"], canceled["clientOrderId"]) == ("mine", "bye")
    assert desk.signed("GET", "/openOrders").body == []
    assert _books(desk)["balances"]["USDT"]["locked"] in {"0", "0.00"}


def test_a_market_order_fills_with_fees_in_what_it_receives(desk: Any) -> None:
    bought = desk.market().body
    assert bought["status"] == "FILLED"
    assert sum(Decimal(fill["qty"]) for fill in bought["fills"]) == Decimal("0.01")
    assert {fill["commissionAsset"] for fill in bought["fills"]} == {"BTC"}
    assert bought["fills"][0]["commission"] == "0.00001000"
    sold = desk.market("SELL").body
    assert {fill["commissionAsset"] for fill in sold["fills"]} == {"USDT"}
    trades = desk.signed("GET", "/myTrades", symbol="BTCUSDT").body
    assert [trade["isBuyer"] for trade in trades] == [True, False]
    assert [trade["orderId"] for trade in trades] == [bought["orderId"], sold["orderId"]]
    books = _books(desk)
    spent = Decimal(bought["cummulativeQuoteQty"])
    got = Decimal(sold["cummulativeQuoteQty"]) - sum(
        Decimal(fill["commission"]) for fill in sold["fills"]
    )
    assert Decimal(books["balances"]["USDT"]["free"]) == 1_000_000 - spent + got


def test_a_market_order_by_quote_amount_spends_no_more(desk: Any) -> None:
    told = desk.signed(
        "POST", "/order", symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="500"
    ).body
    assert told["status"] == "FILLED"
    assert told["origQuoteOrderQty"] == "500.00000000"
    assert 499 < Decimal(told["cummulativeQuoteQty"]) <= 500


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ACK", {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}),
        ("RESULT", {"status", "executedQty", "workingTime"}),
        ("FULL", {"fills"}),
    ],
)
def test_the_reply_tells_as_much_as_was_asked(desk: Any, kind: str, fields: set[str]) -> None:
    told = desk.limit(newOrderRespType=kind).body
    assert fields <= told.keys()
    assert ("fills" in told) is (kind == "FULL")
    assert ("status" in told) is (kind != "ACK")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"symbol": None}, -1102, "Mandatory parameter 'symbol'"),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"side": None}, -1102, "'side'"),
        ({"type": "HOPE"}, -1116, "Invalid orderType."),
        ({"timeInForce": None}, -1102, "'timeInForce'"),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"quantity": None}, -1102, "'quantity'"),
        ({"quantity": ""}, -1102, "'quantity'"),
        ({"quantity": "x"}, -1100, "legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'"),
        ({"quantity": "1e-3"}, -1100, "Illegal characters"),
        ({"quantity": "-1"}, -1100, "Illegal characters"),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"quantity": "0.000000001"}, -1111, "too much precision"),
        ({"price": "0"}, -1013, "Invalid price."),
        ({"price": None}, -1102, "'price'"),
        ({"stopPrice": "1"}, -1106, "'stopPrice' sent when not required"),
        ({"quoteOrderQty": "1"}, -1106, "'quoteOrderQty' sent when not required"),
        ({"newClientOrderId": "a b"}, -1100, "'newClientOrderId'"),
        ({"newClientOrderId": "a" * 37}, -1100, "'newClientOrderId'"),
        ({"newOrderRespType": "SOME"}, -1130, "'newOrderRespType'"),
        ({"selfTradePreventionMode": "SOME"}, -1130, "'selfTradePreventionMode'"),
        ({"strategyType": "5"}, -1134, "strategyType"),
        ({"pegPriceType": "PRIMARY_PEG"}, -2010, "Pegged orders are not supported"),
        ({"colour": "red"}, -1104, "read '8' parameter(s) but was sent '9'"),
        ({"price": "90000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "500"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "20", "price": "97000"}, -2010, "insufficient balance"),
        ({"icebergQty": "0.02"}, -2010, "IcebergQty exceeds QTY."),
        ({"icebergQty": "0.00001"}, -1013, "Filter failure: ICEBERG_PARTS"),
        ({"type": "LIMIT_MAKER", "timeInForce": None, "price": "200000"}, -2010, "match and take"),
    ],
)
def test_a_wrong_limit_order_gets_binances_code_and_text(
    desk: Any, change: dict[str, Any], code: int, words: str
) -> None:
    params = {**LIMIT, **change}
    told = desk.signed("POST", "/order", **{k: v for k, v in params.items() if v is not None})
    assert (told.status, told.code) == (400, code), told.body
    assert words in told.body["msg"]
    assert _books(desk)["orders"] == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": "MARKET"}, -1102),
        ({"type": "MARKET", "quantity": "1", "quoteOrderQty": "1"}, -1128),
        ({"type": "MARKET", "quantity": "1", "price": "1"}, -1106),
        ({"type": "MARKET", "quantity": "1", "timeInForce": "GTC"}, -1106),
        ({"type": "STOP_LOSS", "quantity": "0.01"}, -1102),
        ({"type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "1", "price": "1"}, -1106),
        ({"type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "0"}, -1013),
        ({"type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "200000"}, -2010),
        ({"type": "STOP_LOSS", "quantity": "0.01", "trailingDelta": "5000"}, -1013),
        ({"type": "LIMIT_MAKER", "quantity": "0.01"}, -1102),
        (
            {"type": "LIMIT", "timeInForce": "IOC", "quantity": "1", "price": "1", "icebergQty": 1},
            -1106,
        ),
    ],
)
def test_types_take_only_their_own_parameters(desk: Any, params: dict[str, Any], code: int) -> None:
    told = desk.signed("POST", "/order", symbol="BTCUSDT", side="SELL", **params)
    assert told.code == code, told.body


def test_malformed_requests_get_a_code_and_never_a_failure_of_ours(desk: Any) -> None:
    for query in ("", "=&&=", "symbol", "symbol=%", "%ff=%ff", "a=1&a=2", "symbol=" + "A" * 5000):
        for method, path in (("POST", "/order"), ("GET", "/klines"), ("DELETE", "/openOrders")):
            told = desk.send(method, path, query)
            assert 400 <= told.status < 500, (query, told)
            assert told.code < 0
    told = desk.send("POST", "/order", "", b"\xff\xfe\x00")
    assert told.code < 0


def test_duplicate_parameters_are_refused(desk: Any) -> None:
    query = f"symbol=BTCUSDT&symbol=ETHUSDT&timestamp={desk.now}"
    assert desk.send("GET", "/openOrders", f"{query}&signature={desk.sign(query)}").code == -1101


def test_parameters_may_come_in_the_body(desk: Any) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT"
    body = f"timeInForce=GTC&quantity=0.01&price=90000&timestamp={desk.now}"
    body += f"&signature={desk.sign(query + body)}"
    assert desk.send("POST", "/order", query, body.encode()).body["status"] == "NEW"


def test_a_client_id_is_unique_among_open_orders_only(desk: Any) -> None:
    first = desk.limit(newClientOrderId="same").body
    again = desk.limit(newClientOrderId="same")
    assert (again.code, again.body["msg"]) == (-2010, "Duplicate order sent.")
    desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=first["orderId"])
    second = desk.limit(newClientOrderId="same").body
    assert second["orderId"] != first["orderId"]
    found = desk.signed("GET", "/order", symbol="BTCUSDT", origClientOrderId="same").body
    assert found["orderId"] == second["orderId"]


def test_looking_up_and_canceling_what_is_not_there(desk: Any) -> None:
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=1).code == -2013
    assert desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=1).code == -2011
    assert desk.signed("DELETE", "/openOrders", symbol="BTCUSDT").code == -2011
    assert desk.signed("GET", "/order", symbol="BTCUSDT").code == -1102
    assert desk.signed("DELETE", "/order", symbol="BTCUSDT").code == -1102
    filled = desk.market().body
    gone = desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=filled["orderId"])
    assert gone.body == {"code": -2011, "msg": "Unknown order sent."}


def test_an_id_of_another_order_is_told_apart(desk: Any) -> None:
    first, second = desk.limit(newClientOrderId="a").body, desk.limit(newClientOrderId="b").body
    told = desk.signed(
        "DELETE", "/order", symbol="BTCUSDT", orderId=first["orderId"], origClientOrderId="b"
    )
    assert told.code == -2039
    assert second["status"] == "NEW"


def test_cancel_restrictions(desk: Any) -> None:
    order = desk.limit().body["orderId"]
    params = {"symbol": "BTCUSDT", "orderId": order}
    told = desk.signed("DELETE", "/order", cancelRestrictions="ONLY_PARTIALLY_FILLED", **params)
    assert told.body["msg"] == "Order was not canceled due to cancel restrictions."
    assert desk.signed("DELETE", "/order", cancelRestrictions="NONE", **params).code == -1145
    told = desk.signed("DELETE", "/order", cancelRestrictions="ONLY_NEW", **params)
    assert told.body["status"] == "CANCELED"


def test_immediate_and_all_or_nothing_orders_expire(desk: Any) -> None:
    for time_in_force in ("IOC", "FOK"):
        told = desk.limit(timeInForce=time_in_force).body
        assert told["status"] == "EXPIRED"
        assert told["executedQty"] == "0.00000000"
        assert told["expiryReason"].startswith("UNFILLED_")


def test_a_stop_waits_and_sells_when_the_price_falls(desk: Any) -> None:
    placed = desk.signed("POST", "/order", newOrderRespType="RESULT", **STOP).body
    assert (placed["status"], placed["workingTime"]) == ("NEW", -1)
    assert placed["stopPrice"] == "80000.00000000"
    desk.act("price", symbol="BTCUSDT", price="79999")
    found = desk.signed("GET", "/order", symbol="BTCUSDT", orderId=placed["orderId"]).body
    assert (found["status"], found["type"]) == ("FILLED", "STOP_LOSS")


def test_cancel_replace_tells_both_halves(desk: Any) -> None:
    old = desk.limit().body["orderId"]
    new = {**LIMIT, "price": "89000", "cancelReplaceMode": "STOP_ON_FAILURE"}
    good = desk.signed("POST", "/order/cancelReplace", cancelOrderId=old, **new)
    assert good.status == 200
    assert good.body["cancelResult"] == good.body["newOrderResult"] == "SUCCESS"
    assert good.body["cancelResponse"]["orderId"] == old
    stopped = desk.signed("POST", "/order/cancelReplace", cancelOrderId=old, **new)
    assert (stopped.status, stopped.code) == (400, -2022)
    assert stopped.body["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    new["cancelReplaceMode"] = "ALLOW_FAILURE"
    half = desk.signed("POST", "/order/cancelReplace", cancelOrderId=old, **new)
    assert (half.status, half.code) == (409, -2021)
    assert half.body["data"]["newOrderResponse"]["status"] == "NEW"
    live = good.body["newOrderResponse"]["orderId"]
    new["price"] = "89000.001"
    other = desk.signed("POST", "/order/cancelReplace", cancelOrderId=live, **new)
    assert (other.status, other.code) == (409, -2021)
    assert other.body["data"]["newOrderResponse"]["code"] == -1013
    both = desk.signed("POST", "/order/cancelReplace", cancelOrderId=live, **new)
    assert (both.status, both.code) == (400, -2022)
    assert desk.signed("POST", "/order/cancelReplace", **new).code == -1102


def test_an_amendment_lowers_the_amount_and_keeps_the_order(desk: Any) -> None:
    order = desk.limit(quantity="0.02", newClientOrderId="old").body["orderId"]
    path, ids = "/order/amend/keepPriority", {"symbol": "BTCUSDT", "orderId": order}
    told = desk.signed("PUT", path, newQty="0.01", newClientOrderId="new", **ids).body
    amended = told["amendedOrder"]
    assert (amended["orderId"], amended["qty"]) == (order, "0.01000000")
    assert (amended["origClientOrderId"], amended["clientOrderId"]) == ("old", "new")
    assert desk.signed("PUT", path, newQty="0.05", **ids).code == -2038
    assert desk.signed("PUT", path, newQty="0.01", **ids).code == -2038
    assert desk.signed("PUT", path, newQty="0.01", symbol="BTCUSDT", orderId=1).code == -2013
    assert desk.signed("PUT", path, **ids).code == -1102


def test_a_test_order_is_checked_and_not_placed(desk: Any) -> None:
    assert desk.signed("POST", "/order/test", **LIMIT).body == {}
    rates = desk.signed("POST", "/order/test", computeCommissionRates="true", **LIMIT).body
    assert rates["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    bad = desk.signed("POST", "/order/test", **{**LIMIT, "price": "90000.001"})
    assert bad.code == -1013
    assert _books(desk)["orders"] == []


def test_history_is_paged_by_id_and_by_time(desk: Any) -> None:
    ids = []
    for number in range(4):
        ids.append(desk.limit(price=str(90_000 + number)).body["orderId"])
        desk.wait(1)
    path, symbol = "/allOrders", {"symbol": "BTCUSDT"}

    def listed(**params: Any) -> list[int]:
        return [one["orderId"] for one in desk.signed("GET", path, **symbol, **params).body]

    assert listed() == ids
    assert listed(limit=2) == ids[-2:]
    assert listed(orderId=ids[1], limit=2) == ids[1:3]
    assert listed(startTime=desk.now - 2500) == ids[2:]
    late = desk.signed("GET", path, startTime=1, endTime=100_000_000, **symbol)
    assert late.code == -1127
    for _ in range(3):
        desk.market()
    trades = desk.signed("GET", "/myTrades", **symbol).body
    again = desk.signed("GET", "/myTrades", fromId=trades[1]["id"], limit=1, **symbol).body
    assert [one["id"] for one in again] == [trades[1]["id"]]
    one = desk.signed("GET", "/myTrades", orderId=trades[2]["orderId"], **symbol).body
    assert one == [trades[2]]


def test_reads_may_lag_behind_the_matching_engine(make_desk: Any) -> None:
    desk = make_desk(switches={"read_lag_ms": 500})
    desk.wait(2)
    order = desk.limit().body["orderId"]
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=order).code == -2013
    assert desk.signed("GET", "/openOrders").body == []
    desk.wait(0.6)
    assert desk.signed("GET", "/order", symbol="BTCUSDT", orderId=order).body["status"] == "NEW"


def test_cancel_all_takes_lists_as_a_whole(desk: Any) -> None:
    desk.limit()
    desk.signed(
        "POST", "/orderList/oco", symbol="BTCUSDT", side="SELL", quantity="0.01",
        aboveType="LIMIT_MAKER", abovePrice="150000",
        belowType="STOP_LOSS", belowStopPrice="50000",
    )  # fmt: skip
    told = desk.signed("DELETE", "/openOrders", symbol="BTCUSDT").body
    assert len(told) == 2
    assert told[0]["status"] == "CANCELED"
    assert told[1]["listOrderStatus"] == "ALL_DONE"
    assert desk.signed("GET", "/openOrders").body == []
