"""Conditional orders by the algo endpoints of both markets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def test_a_stop_waits_is_seen_and_is_canceled(futures: Any) -> None:
    placed = futures.algo(triggerPrice=futures.price("0.9"), clientAlgoId="stop-1").body
    assert (placed["algoStatus"], placed["orderType"]) == ("NEW", "STOP_MARKET")
    (waiting,) = futures.signed("GET", "/v1/openAlgoOrders").body
    assert waiting["algoId"] == placed["algoId"]
    assert futures.signed("GET", "/v1/openOrders").body == []
    gone = futures.signed("DELETE", "/v1/algoOrder", algoId=placed["algoId"]).body
    assert (gone["code"], gone["clientAlgoId"]) == ("200", "stop-1")
    seen = futures.signed("GET", "/v1/algoOrder", clientAlgoId="stop-1").body
    assert seen["algoStatus"] == "CANCELED"
    assert futures.signed("DELETE", "/v1/algoOrder", algoId=placed["algoId"]).code == -2011


def test_a_triggered_stop_leads_to_its_order(futures: Any) -> None:
    futures.market()
    symbol = next(iter(futures.venue.instruments))
    stop = futures.algo(triggerPrice=futures.price("0.99"), reduceOnly="true").body
    last = futures.venue.last_price(symbol)
    futures.desk.simulator.futures[0].driver.hold(symbol, 5000)
    assert last is not None
    _print(futures, symbol, Decimal(futures.price("0.985")))
    seen = futures.signed("GET", "/v1/algoOrder", algoId=stop["algoId"]).body
    assert seen["algoStatus"] == "FINISHED"
    order = futures.signed(
        "GET", "/v1/order", symbol=futures.symbol, orderId=int(seen["actualOrderId"])
    ).body
    assert (order["status"], order["type"]) == ("FILLED", "MARKET")
    assert order["clientOrderId"] == stop["clientAlgoId"]
    assert futures.books()["positions"] == []


def test_what_is_refused(futures: Any) -> None:
    assert futures.algo(triggerPrice=futures.price("1.1")).code == -2021
    assert futures.algo().code == -1102
    assert futures.algo("LIMIT", triggerPrice="1").code == -1116
    assert futures.algo("TRAILING_STOP_MARKET", callbackRate="50").code == -2007
    first = futures.algo(triggerPrice=futures.price("0.9"), clientAlgoId="twice")
    assert first.status == 200
    assert futures.algo(triggerPrice=futures.price("0.9"), clientAlgoId="twice").code == -4116
    assert futures.signed("GET", "/v1/algoOrder").code == -1102
    assert futures.signed("GET", "/v1/algoOrder", algoId=99).code == -2013


def test_all_algo_orders_of_a_symbol_are_canceled_at_once(futures: Any) -> None:
    futures.algo(triggerPrice=futures.price("0.9"))
    futures.algo("TAKE_PROFIT_MARKET", triggerPrice=futures.price("1.1"))
    futures.algo("TRAILING_STOP_MARKET", callbackRate="1")
    told = futures.signed("DELETE", "/v1/algoOpenOrders", symbol=futures.symbol)
    assert told.body["code"] == 200
    every = futures.signed("GET", "/v1/allAlgoOrders", symbol=futures.symbol).body
    assert [one["algoStatus"] for one in every] == ["CANCELED"] * 3


def _print(futures: Any, symbol: str, price: Decimal) -> None:
    """Let somebody trade at `price`."""
    from real_trade.model import MarketTrade, from_ms

    instrument = futures.venue.instruments[symbol]
    futures.venue.on_trade(
        MarketTrade(
            symbol=symbol, trade_id="0", price=price, amount=instrument.amount_step,
            buyer_is_maker=True, time=from_ms(futures.now),
        )
    )  # fmt: skip
