"""Accounts of USDⓈ-M and COIN-M: balances, positions, settings, income."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from real_trade.model import Side


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def _account(futures: Any) -> Any:
    version = "v2" if futures.market_name == "usdm" else "v1"
    return futures.signed("GET", f"/{version}/account").body


def _risk(futures: Any) -> Any:
    version = "v2" if futures.market_name == "usdm" else "v1"
    rows = futures.signed("GET", f"/{version}/positionRisk").body
    return next(row for row in rows if row["symbol"] == futures.symbol)


def test_a_fill_stands_in_balance_position_trades_and_income(futures: Any) -> None:
    version = "v2" if futures.market_name == "usdm" else "v1"
    asset = "USDT" if futures.market_name == "usdm" else "BTC"

    def wallet() -> Decimal:
        rows = futures.signed("GET", f"/{version}/balance").body
        return next(Decimal(row["balance"]) for row in rows if row["asset"] == asset)

    before = wallet()
    order = futures.market().body
    trades = futures.signed("GET", "/v1/userTrades", symbol=futures.symbol).body
    fees = sum(Decimal(trade["commission"]) for trade in trades)
    assert {trade["orderId"] for trade in trades} == {order["orderId"]}
    assert fees > 0
    assert wallet() == before - fees
    income = futures.signed("GET", "/v1/income", incomeType="COMMISSION").body
    assert sum(Decimal(row["income"]) for row in income) == -fees
    position = _risk(futures)
    assert Decimal(position["positionAmt"]) == Decimal(futures.quantity)
    assert Decimal(position["entryPrice"]) > 0
    shown = next(row for row in _account(futures)["positions"] if row["symbol"] == futures.symbol)
    assert Decimal(shown["positionAmt"]) == Decimal(futures.quantity)
    assert Decimal(shown["initialMargin"]) > 0


def test_closing_books_profit_as_income(futures: Any) -> None:
    futures.market()
    futures.wait(30)
    closed = futures.market("SELL", reduceOnly="true")
    assert closed.body["reduceOnly"] is True
    trades = futures.signed("GET", "/v1/userTrades", symbol=futures.symbol).body
    profit = sum(Decimal(trade["realizedPnl"]) for trade in trades)
    income = futures.signed("GET", "/v1/income", incomeType="REALIZED_PNL").body
    assert sum(Decimal(row["income"]) for row in income) == profit
    assert futures.books()["positions"] == []


def test_leverage_is_set_and_bounded(futures: Any) -> None:
    told = futures.signed("POST", "/v1/leverage", symbol=futures.symbol, leverage=7).body
    assert told["leverage"] == 7
    assert _risk(futures)["leverage"] == "7"
    assert futures.signed("POST", "/v1/leverage", symbol=futures.symbol, leverage=126).code == -4028


def test_margin_type_is_set_once(futures: Any) -> None:
    isolate = {"symbol": futures.symbol, "marginType": "ISOLATED"}
    assert futures.signed("POST", "/v1/marginType", **isolate).body["code"] == 200
    assert futures.signed("POST", "/v1/marginType", **isolate).code == -4046
    assert _risk(futures)["marginType"] == "isolated"
    futures.market()
    crossed = futures.signed("POST", "/v1/marginType", symbol=futures.symbol, marginType="CROSSED")
    assert crossed.code == -4048


def test_margin_is_moved_into_an_isolated_position(futures: Any) -> None:
    futures.signed("POST", "/v1/marginType", symbol=futures.symbol, marginType="ISOLATED")
    futures.market()
    before = Decimal(_risk(futures)["isolatedMargin"])
    amount = "5" if futures.market_name == "usdm" else "0.0005"
    move = {"symbol": futures.symbol, "amount": amount, "type": 1}
    assert futures.signed("POST", "/v1/positionMargin", **move).body["code"] == 200
    assert Decimal(_risk(futures)["isolatedMargin"]) == before + Decimal(amount)
    (row,) = futures.signed("GET", "/v1/positionMargin/history", symbol=futures.symbol).body
    assert row["amount"] == amount


def test_hedge_mode_holds_both_sides_and_is_shared_by_both_markets(make_futures: Any) -> None:
    usdm = make_futures("usdm")
    coinm = type(usdm)(usdm.desk, "coinm")
    set_mode = ("POST", "/v1/positionSide/dual")
    assert usdm.signed(*set_mode, dualSidePosition="true").body["code"] == 200
    assert usdm.signed(*set_mode, dualSidePosition="true").code == -4059
    assert coinm.signed("GET", "/v1/positionSide/dual").body == {"dualSidePosition": True}
    usdm.market("BUY", positionSide="LONG")
    usdm.market("SELL", positionSide="SHORT")
    held = {one["side"]: Decimal(one["amount"]) for one in usdm.books()["positions"]}
    assert held == {"LONG": Decimal("0.01"), "SHORT": Decimal("-0.01")}
    assert coinm.signed(*set_mode, dualSidePosition="false").code == -4068


def test_brackets_are_those_of_the_venue(futures: Any) -> None:
    if futures.market_name == "usdm":
        body = futures.signed("GET", "/v1/leverageBracket", symbol=futures.symbol).body
        assert body["brackets"][0]["notionalCap"] == 300000
    else:
        (body,) = futures.signed("GET", "/v2/leverageBracket", symbol=futures.symbol).body
        assert body["brackets"][0]["qtyCap"] == 5
    assert body["brackets"][0]["initialLeverage"] == 125


def test_rates_and_modes_that_bots_ask_for(futures: Any) -> None:
    rates = futures.signed("GET", "/v1/commissionRate", symbol=futures.symbol).body
    assert (rates["makerCommissionRate"], rates["takerCommissionRate"]) == ("0.0002", "0.0004")
    if futures.market_name == "usdm":
        modes = futures.signed("GET", "/v1/multiAssetsMargin").body
        assert modes == {"multiAssetsMargin": False}
        assert futures.signed("GET", "/v1/apiTradingStatus").body["indicators"] == {}


def test_one_contract_costs_its_known_fee(make_futures: Any) -> None:
    """1 contract of 100 USD at 82945.2, taker 0.04 %: 100 / 82945.2 x 0.0004 BTC."""
    coinm = make_futures("coinm")
    instrument = next(iter(coinm.venue.instruments.values()))
    price = Decimal("82945.2")
    value = instrument.notional(Decimal(1), price)
    fee = coinm.running.exchange.fees.rate(instrument.symbol, is_maker=False) * value
    assert round(fee, 8) == Decimal("0.00000048")
    coinm.market()
    (trade,) = coinm.signed("GET", "/v1/userTrades", symbol="BTCUSD_PERP").body
    expected = Decimal(100) / Decimal(trade["price"]) * Decimal("0.0004")
    assert abs(Decimal(trade["commission"]) - expected) < Decimal("0.00000001")
    assert trade["commissionAsset"] == "BTC"
    assert Side[trade["side"]] is Side.BUY
