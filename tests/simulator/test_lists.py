"""Order lists over REST: OCO, OTO, OTOCO."""

from __future__ import annotations

from typing import Any

import pytest

SELL = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
OCO = {
    **SELL,
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "150000",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "50000",
    "belowPrice": "49000",
    "belowTimeInForce": "GTC",
}
WORKING = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "90000",
    "workingQuantity": "0.01",
    "workingTimeInForce": "GTC",
}


def _place(desk: Any, kind: str, **params: Any) -> Any:
    return desk.signed("POST", f"/orderList/{kind}", **params)


def _statuses(desk: Any) -> list[tuple[str, str]]:
    return [
        (one["type"], one["status"])
        for one in desk.signed("GET", "/allOrders", symbol="BTCUSDT").body
    ]


def test_an_oco_has_two_orders_and_one_cancels_the_other(desk: Any) -> None:
    placed = _place(desk, "oco", listClientOrderId="pair", **OCO).body
    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert placed["listClientOrderId"] == "pair"
    assert {one["type"] for one in placed["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"}
    desk.act("price", symbol="BTCUSDT", price="150001")
    assert sorted(_statuses(desk)) == [("LIMIT_MAKER", "FILLED"), ("STOP_LOSS_LIMIT", "EXPIRED")]
    found = desk.signed("GET", "/orderList", orderListId=placed["orderListId"]).body
    assert found["listOrderStatus"] == "ALL_DONE"


def test_canceling_one_leg_cancels_the_list(desk: Any) -> None:
    placed = _place(desk, "oco", **OCO).body
    leg = placed["orders"][0]["orderId"]
    told = desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=leg).body
    assert told["listOrderStatus"] == "ALL_DONE"
    assert {one["status"] for one in told["orderReports"]} == {"CANCELED"}


def test_an_oto_sends_its_pending_order_when_the_working_one_has_filled(desk: Any) -> None:
    placed = _place(
        desk, "oto", pendingType="MARKET", pendingSide="SELL", pendingQuantity="0.01", **WORKING
    ).body
    assert placed["contingencyType"] == "OTO"
    assert [one["status"] for one in placed["orderReports"]] == ["NEW", "PENDING_NEW"]
    desk.act("price", symbol="BTCUSDT", price="89000")
    assert _statuses(desk)[0] == ("LIMIT", "FILLED")
    assert _statuses(desk)[1][0] == "MARKET"
    assert _statuses(desk)[1][1] in {"FILLED", "EXPIRED"}


def test_an_otoco_arms_its_pair_when_the_working_order_has_filled(desk: Any) -> None:
    placed = _place(
        desk, "otoco", pendingSide="SELL", pendingQuantity="0.01",
        pendingAboveType="LIMIT_MAKER", pendingAbovePrice="150000",
        pendingBelowType="STOP_LOSS", pendingBelowStopPrice="50000", **WORKING,
    ).body  # fmt: skip
    assert len(placed["orders"]) == 3
    assert [one["status"] for one in placed["orderReports"]].count("PENDING_NEW") == 2
    desk.act("price", symbol="BTCUSDT", price="89000")
    assert sorted(status for _, status in _statuses(desk)) == ["FILLED", "NEW", "NEW"]


def test_the_deprecated_oco_still_works(desk: Any) -> None:
    placed = desk.signed(
        "POST", "/order/oco", price="150000", stopPrice="50000",
        stopLimitPrice="49000", stopLimitTimeInForce="GTC", **SELL,
    ).body  # fmt: skip
    assert {one["type"] for one in placed["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aboveType": "STOP_LOSS"}, -1197),
        ({"belowType": "LIMIT_MAKER"}, -1168),
        ({"belowType": "TAKE_PROFIT"}, -1199),
        ({"aboveType": "MARKET"}, -1158),
        ({"aboveType": "HOPE"}, -1116),
        ({"side": "BUY", "aboveType": "LIMIT_MAKER"}, -1165),
        ({"side": "BUY", "aboveType": "TAKE_PROFIT", "belowType": "LIMIT_MAKER"}, -1198),
        ({"side": "BUY", "aboveType": "STOP_LOSS", "belowType": "STOP_LOSS"}, -1196),
        ({"belowType": None}, -1102),
        ({"quantity": None}, -1102),
        ({"abovePrice": "60000"}, -2010),
        ({"listClientOrderId": "a b"}, -1100),
        ({"colour": "red"}, -1104),
        ({"quantity": "20"}, -2010),
    ],
)
def test_a_wrong_oco_is_refused_whole(desk: Any, change: dict[str, Any], code: int) -> None:
    params = {name: value for name, value in {**OCO, **change}.items() if value is not None}
    told = _place(desk, "oco", **params)
    assert told.code == code, told.body
    assert desk.books()["orders"] == []


def test_lists_are_looked_up_and_canceled(desk: Any) -> None:
    first = _place(desk, "oco", listClientOrderId="a", **OCO).body
    second = _place(desk, "oco", listClientOrderId="b", **OCO).body
    open_lists = desk.signed("GET", "/openOrderList").body
    assert [one["listClientOrderId"] for one in open_lists] == ["a", "b"]
    told = desk.signed("DELETE", "/orderList", symbol="BTCUSDT", listClientOrderId="a").body
    assert (told["orderListId"], told["listStatusType"]) == (first["orderListId"], "ALL_DONE")
    assert [one["listClientOrderId"] for one in desk.signed("GET", "/openOrderList").body] == ["b"]
    every = desk.signed("GET", "/allOrderList", fromId=second["orderListId"]).body
    assert [one["orderListId"] for one in every] == [second["orderListId"]]
    assert desk.signed("GET", "/orderList", origClientOrderId="a").body["symbol"] == "BTCUSDT"
    gone = desk.signed("DELETE", "/orderList", symbol="BTCUSDT", orderListId=999_999)
    assert gone.body == {"code": -2011, "msg": "Unknown order list sent."}
    assert desk.signed("GET", "/orderList", orderListId=999_999).code == -2018
    assert desk.signed("GET", "/orderList").code == -1102
