"""What the operator does by hand on a futures market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def _act(futures: Any, do: str, **more: Any) -> Any:
    told = futures.desk.act(do, market=futures.market_name, **more)
    assert told.status == 200, told.body
    return told.body


def test_a_position_is_liquidated_by_force(futures: Any) -> None:
    futures.market()
    order = _act(futures, "liquidate", symbol=futures.symbol)
    assert order["clientOrderId"].startswith("autoclose-")
    assert futures.books()["positions"] == []


def test_funding_is_paid_when_told(futures: Any) -> None:
    futures.market()
    assert _act(futures, "funding", symbol=futures.symbol, rate="0.001")["payments"] == 1
    (row,) = futures.signed("GET", "/v1/income", incomeType="FUNDING_FEE").body
    assert Decimal(row["income"]) < 0


def test_a_mark_price_set_by_hand_stays_until_it_is_let_go(futures: Any) -> None:
    price = futures.price("0.99")
    _act(futures, "mark_price", symbol=futures.symbol, price=price)
    futures.wait(5)
    body = futures.get("/v1/premiumIndex", symbol=futures.symbol).body
    body = body[0] if isinstance(body, list) else body
    assert Decimal(body["markPrice"]) == Decimal(price)
    let_go = _act(futures, "mark_price", symbol=futures.symbol)
    assert Decimal(let_go["mark_price"]) > Decimal(price)


def test_money_comes_and_goes_by_transfer(futures: Any) -> None:
    asset = "USDT" if futures.market_name == "usdm" else "BTC"
    before = Decimal(futures.books()["wallets"][asset]["wallet"])
    _act(futures, "transfer", asset=asset, amount="1.5")
    _act(futures, "transfer", asset=asset, amount="-0.5")
    assert Decimal(futures.books()["wallets"][asset]["wallet"]) == before + 1
    incomes = futures.signed("GET", "/v1/income", incomeType="TRANSFER").body
    assert sum(Decimal(row["income"]) for row in incomes[-2:]) == 1


def test_a_price_by_hand_triggers_a_stop(futures: Any) -> None:
    _act(futures, "order", symbol=futures.symbol, side="BUY", type="MARKET",
         quantity=futures.quantity)  # fmt: skip
    futures.algo(triggerPrice=futures.price("0.98"), closePosition="true", quantity="0")
    _act(futures, "hold", symbol=futures.symbol, seconds=5)
    _act(futures, "price", symbol=futures.symbol, price=futures.price("0.97"))
    assert futures.books()["positions"] == []


def test_deleveraging_takes_a_part(futures: Any) -> None:
    quantity = "0.02" if futures.market_name == "usdm" else "2"
    futures.market(quantity=quantity)
    order = _act(futures, "deleverage", symbol=futures.symbol, amount=futures.quantity)
    assert order["clientOrderId"] == "adl_autoclose"
    (position,) = futures.books()["positions"]
    assert Decimal(position["amount"]) == Decimal(futures.quantity)


def test_trading_stops_and_orders_are_canceled_by_hand(futures: Any) -> None:
    futures.limit()
    futures.algo(triggerPrice=futures.price("0.9"))
    canceled = _act(futures, "cancel_all", symbol=futures.symbol)
    assert canceled == {"canceled": 1, "canceled_algos": 1}
    _act(futures, "trading", symbol=futures.symbol, status="HALT")
    assert futures.limit().code == -4108


def test_a_market_that_is_not_there_is_named(futures: Any) -> None:
    told = futures.desk.act("hold", market="options", symbol="BTCUSDT", seconds=1)
    assert told.status == 400
    assert "known: spot, usdm, coinm" in told.body["error"]
