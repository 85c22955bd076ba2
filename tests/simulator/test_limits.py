"""Request weight, bans, unfilled orders, and what the headers say of them."""

from __future__ import annotations

from typing import Any


def test_weights_are_charged_and_shown(desk: Any) -> None:
    desk.wait(60 - desk.now / 1000 % 60)
    assert desk.ask("GET", "/ping").headers["X-MBX-USED-WEIGHT-1M"] == "1"
    assert desk.ask("GET", "/exchangeInfo").headers["X-MBX-USED-WEIGHT-1M"] == "21"
    assert desk.ask("GET", "/depth", symbol="BTCUSDT").headers["X-MBX-USED-WEIGHT"] == "26"
    deep = desk.ask("GET", "/depth", symbol="BTCUSDT", limit=5000)
    assert deep.headers["X-MBX-USED-WEIGHT"] == "276"
    desk.wait(60)
    assert desk.ask("GET", "/ping").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_orders_and_cancels_that_succeed_weigh_nothing(desk: Any) -> None:
    before = int(desk.ask("GET", "/ping").headers["X-MBX-USED-WEIGHT-1M"])
    order = desk.limit()
    desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=order.body["orderId"])
    assert order.headers["X-MBX-USED-WEIGHT-1M"] == str(before)
    assert desk.limit(price="1.001").headers["X-MBX-USED-WEIGHT-1M"] == str(before + 1)


def test_too_much_weight_gets_429_and_then_a_ban_that_grows(make_desk: Any) -> None:
    desk = make_desk(weight_per_minute=10)
    desk.wait(60 - desk.now / 1000 % 60 + 20)
    for _ in range(10):
        assert desk.ask("GET", "/ping").status == 200
    told = desk.ask("GET", "/ping")
    assert (told.status, told.code, told.headers["Retry-After"]) == (429, -1003, "40")
    for _ in range(60):
        told = desk.ask("GET", "/ping")
    assert (told.status, told.code, told.headers["Retry-After"]) == (418, -1003, "120")
    assert "IP banned until" in told.body["msg"]
    desk.wait(121)
    assert desk.ask("GET", "/ping").status == 200
    for _ in range(80):
        told = desk.ask("GET", "/ping")
    assert told.headers["Retry-After"] == "240"


def test_unfilled_orders_are_counted_until_they_fill(make_desk: Any) -> None:
    desk = make_desk(orders_per_10s=3)
    desk.wait(10 - desk.now / 1000 % 10)
    assert desk.limit().headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert desk.market().headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert desk.limit().headers["X-MBX-ORDER-COUNT-1D"] == "2"
    desk.limit()
    told = desk.limit()
    assert (told.status, told.code) == (429, -1015)
    assert told.body["msg"] == "Too many new orders; current limit is 3 orders per 10 SECOND."
    counts = desk.signed("GET", "/rateLimit/order").body
    assert [(one["interval"], one["count"]) for one in counts] == [("SECOND", 3), ("DAY", 3)]
    desk.wait(10)
    assert desk.limit().status == 200


def test_filters_and_rights_of_the_account_are_told(desk: Any) -> None:
    names = {
        one["filterType"]
        for one in desk.signed("GET", "/myFilters", symbol="BTCUSDT").body["symbolFilters"]
    }
    assert {"PRICE_FILTER", "LOT_SIZE", "NOTIONAL", "MAX_NUM_ORDERS"} <= names
    rights = desk.signed("GET", "/sapi/v1/account/apiRestrictions").body
    assert rights["enableReading"] is rights["enableSpotAndMarginTrading"] is True
    assert rights["enableWithdrawals"] is rights["ipRestrict"] is False
    rates = desk.signed("GET", "/account/commission", symbol="BTCUSDT").body
    assert rates["standardCommission"]["taker"] == "0.00100000"


def test_fees_may_be_paid_in_bnb(make_desk: Any) -> None:
    desk = make_desk(
        discount_in_bnb=True,
        symbols=("BTCUSDT", "BNBBTC"),
        balances={"USDT": 100_000, "BNB": 5},
    )
    desk.wait(3)
    fill = desk.market().body["fills"][0]
    assert fill["commissionAsset"] == "BNB"
    assert desk.signed("GET", "/account/commission", symbol="BTCUSDT").body["discount"] == {
        "enabledForAccount": True,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.75000000",
    }


def test_the_number_of_open_orders_is_limited(desk: Any) -> None:
    for _ in range(5):
        desk.signed(
            "POST", "/order", symbol="BTCUSDT", side="SELL", type="STOP_LOSS",
            quantity="0.01", stopPrice="80000",
        )  # fmt: skip
    told = desk.signed(
        "POST", "/order", symbol="BTCUSDT", side="SELL", type="STOP_LOSS",
        quantity="0.01", stopPrice="80000",
    )  # fmt: skip
    assert told.body == {"code": -1013, "msg": "Filter failure: MAX_NUM_ALGO_ORDERS"}
