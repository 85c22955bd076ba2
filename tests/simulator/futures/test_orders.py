"""Orders of USDⓈ-M and COIN-M: taken, refused, looked up, canceled."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def test_ping_and_time(futures: Any) -> None:
    assert futures.get("/v1/ping").body == {}
    assert futures.get("/v1/time").body == {"serverTime": futures.now}


def test_exchange_info_states_what_the_venue_applies(futures: Any) -> None:
    body = futures.get("/v1/exchangeInfo").body
    one = next(row for row in body["symbols"] if row["symbol"] == futures.symbol)
    filters = {row["filterType"]: row for row in one["filters"]}
    tick = Decimal(filters["PRICE_FILTER"]["tickSize"])
    off = futures.limit(price=str(Decimal(futures.price("0.97")) + tick / 2))
    assert off.code == -4014
    assert one["contractType"] == "PERPETUAL"
    assert one["status" if futures.market_name == "usdm" else "contractStatus"] == "TRADING"


def test_a_limit_order_rests_and_is_canceled(futures: Any) -> None:
    placed = futures.limit(newClientOrderId="mine-1")
    assert placed.status == 200
    assert (placed.body["status"], placed.body["clientOrderId"]) == ("NEW", "mine-1")
    (resting,) = futures.signed("GET", "/v1/openOrders", symbol=futures.symbol).body
    assert resting["orderId"] == placed.body["orderId"]
    gone = futures.signed(
        "DELETE", "/v1/order", symbol=futures.symbol, origClientOrderId="mine-1"
    ).body
    assert gone["status"] == "CANCELED"
    seen = futures.signed("GET", "/v1/order", symbol=futures.symbol, orderId=gone["orderId"]).body
    assert seen["status"] == "CANCELED"
    assert futures.signed("GET", "/v1/openOrders").body == []


def test_a_market_order_opens_a_position_that_the_ledger_shows(futures: Any) -> None:
    done = futures.market()
    assert done.body["status"] == "FILLED"
    books = futures.books()
    (position,) = books["positions"]
    assert Decimal(position["amount"]) == Decimal(futures.quantity)
    (order,) = books["orders"]
    assert order["status"] == "FILLED"
    assert sum(Decimal(fill["amount"]) for fill in books["fills"]) == Decimal(futures.quantity)


def test_an_acknowledgement_does_not_tell_fills(futures: Any) -> None:
    told = futures.market(newOrderRespType="ACK").body
    assert (told["status"], Decimal(told["executedQty"])) == ("NEW", 0)
    seen = futures.signed("GET", "/v1/order", symbol=futures.symbol, orderId=told["orderId"]).body
    assert seen["status"] == "FILLED"
    assert Decimal(seen["avgPrice"]) > 0


def test_weights_and_order_counts_stand_in_the_headers(futures: Any) -> None:
    headers = futures.limit().headers
    assert headers["X-MBX-ORDER-COUNT-10S"] == headers["X-MBX-ORDER-COUNT-1M"] == "1"
    before = int(futures.get("/v1/ping").headers["X-MBX-USED-WEIGHT-1M"])
    after = futures.signed("GET", "/v1/openOrders").headers["X-MBX-USED-WEIGHT-1M"]
    assert int(after) == before + 40


def test_what_is_refused(futures: Any) -> None:
    assert futures.limit(symbol="NOPE").code == -1121
    assert futures.limit(quantity="0").code == -4003
    assert futures.limit(price=futures.price("3")).code in {-4016, -2019}
    assert futures.limit(timeInForce="GTX", price=futures.price("1.02")).code == -5022
    assert futures.limit(positionSide="LONG").code == -4061
    assert futures.market(reduceOnly="true").code == -2022
    assert futures.limit(newClientOrderId="twice").status == 200
    assert futures.limit(newClientOrderId="twice").code == -4116
    gone = futures.signed("DELETE", "/v1/order", symbol=futures.symbol, orderId=1)
    assert (gone.code, gone.body["msg"]) == (-2011, "Unknown order sent.")
    missing = futures.signed("GET", "/v1/order", symbol=futures.symbol, orderId=1)
    assert missing.code == -2013
    neither = futures.signed("GET", "/v1/order", symbol=futures.symbol)
    assert neither.code == -1102


def test_conditional_orders_are_sent_to_the_algo_endpoints(make_futures: Any) -> None:
    stop = {"type": "STOP_MARKET", "side": "SELL", "symbol": "BTCUSDT", "quantity": "0.01"}
    new = make_futures()
    stop["stopPrice"] = new.price("0.9")
    assert new.signed("POST", "/v1/order", **stop).code == -4120
    old = make_futures(switches={"conditional_on_order": True})
    placed = old.signed("POST", "/v1/order", **stop).body
    assert (placed["status"], placed["type"]) == ("NEW", "STOP_MARKET")


def test_modify_changes_price_and_quantity(futures: Any) -> None:
    order = futures.limit().body
    changed = futures.signed(
        "PUT", "/v1/order", symbol=futures.symbol, orderId=order["orderId"], side="BUY",
        quantity="0.02" if futures.market_name == "usdm" else "2", price=futures.price("0.96"),
    ).body  # fmt: skip
    assert changed["orderId"] == order["orderId"]
    assert Decimal(changed["origQty"]) == 2 * Decimal(order["origQty"])
    missing = futures.signed(
        "PUT", "/v1/order", symbol=futures.symbol, orderId=order["orderId"], side="BUY",
        quantity="1",
    )  # fmt: skip
    assert missing.code == -1102


def test_batches_take_and_refuse_each_order_on_its_own(futures: Any) -> None:
    good = {
        "symbol": futures.symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": futures.quantity, "price": futures.price("0.97"),
    }  # fmt: skip
    orders = json.dumps([good, {**good, "quantity": "0"}])
    first, second = futures.signed("POST", "/v1/batchOrders", batchOrders=orders).body
    assert first["status"] == "NEW"
    assert second["code"] == -4003
    canceled = futures.signed(
        "DELETE", "/v1/batchOrders", symbol=futures.symbol,
        orderIdList=json.dumps([first["orderId"], 1]),
    ).body  # fmt: skip
    assert canceled[0]["status"] == "CANCELED"
    assert canceled[1]["code"] == -2011


def test_a_list_of_order_ids_must_be_numbers(futures: Any) -> None:
    for ids in ('["a"]', "[[]]", "{}", "x"):
        told = futures.signed("DELETE", "/v1/batchOrders", symbol=futures.symbol, orderIdList=ids)
        assert told.code == -1100


def test_all_open_orders_are_canceled_at_once(futures: Any) -> None:
    futures.limit()
    futures.limit()
    told = futures.signed("DELETE", "/v1/allOpenOrders", symbol=futures.symbol)
    assert told.body["code"] == 200
    statuses = {
        one["status"] for one in futures.signed("GET", "/v1/allOrders", symbol=futures.symbol).body
    }
    assert statuses == {"CANCELED"}


def test_the_countdown_cancels_unless_it_is_renewed(futures: Any) -> None:
    futures.limit()
    start = {"symbol": futures.symbol, "countdownTime": 10_000}
    futures.signed("POST", "/v1/countdownCancelAll", **start)
    futures.wait(8)
    futures.signed("POST", "/v1/countdownCancelAll", **start)
    futures.wait(8)
    assert len(futures.signed("GET", "/v1/openOrders").body) == 1
    futures.wait(3)
    assert futures.signed("GET", "/v1/openOrders").body == []


def test_order_test_checks_and_places_nothing(futures: Any) -> None:
    order = {
        "symbol": futures.symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": futures.quantity, "price": futures.price("0.97"),
    }  # fmt: skip
    assert futures.signed("POST", "/v1/order/test", **order).body == {}
    refused = futures.signed("POST", "/v1/order/test", **{**order, "quantity": "0"})
    assert refused.code == -4003
    assert futures.books()["orders"] == []


def test_both_markets_share_weights_and_order_counts(make_futures: Any) -> None:
    usdm = make_futures("usdm")
    coinm = type(usdm)(usdm.desk, "coinm")
    usdm.limit()
    assert coinm.limit().headers["X-MBX-ORDER-COUNT-1M"] == "2"
    used = int(usdm.get("/v1/ping").headers["X-MBX-USED-WEIGHT-1M"])
    assert int(coinm.get("/v1/ping").headers["X-MBX-USED-WEIGHT-1M"]) == used + 1
