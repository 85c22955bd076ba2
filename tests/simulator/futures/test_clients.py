"""Public clients against the futures markets, on the wire: ccxt, python-binance, Binance's SDKs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


def _ccxt(wired: Any, name: str) -> Any:
    ccxt = pytest.importorskip("ccxt")
    kind = {"usdm": "linear", "coinm": "inverse"}[name]
    client = getattr(ccxt, "binanceusdm" if name == "usdm" else "binancecoinm")(
        {
            "apiKey": wired.apikey,
            "secret": wired.secret,
            "enableRateLimit": False,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "fetchMarkets": {"types": [kind]},
            },
        }
    )
    hosts = {"https://fapi.binance.com": "usdm", "https://dapi.binance.com": "coinm"}
    for key, url in client.urls["api"].items():
        if isinstance(url, str):
            for host, market in hosts.items():
                url = url.replace(host, f"{wired.rest}/{market}")
            client.urls["api"][key] = url
    return client


@pytest.mark.parametrize(
    ("market", "symbol"), [("usdm", "BTC/USDT:USDT"), ("coinm", "BTC/USD:BTC")]
)
def test_ccxt_reads_trades_and_sets(wired: Any, market: str, symbol: str) -> None:
    client = _ccxt(wired, market)
    client.load_markets()
    amount = 0.01 if market == "usdm" else 1
    assert client.market(symbol)["contractSize"] == (1 if market == "usdm" else 100)
    last = client.fetch_ticker(symbol)["last"]
    assert len(client.fetch_ohlcv(symbol, "1m", limit=20)) == 20
    book = client.fetch_order_book(symbol, 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert client.fetch_funding_rate(symbol)["fundingRate"] == 0.0001
    client.set_leverage(10, symbol)
    client.set_margin_mode("isolated", symbol)
    order = client.create_order(symbol, "limit", "buy", amount, round(last * 0.97, 1))
    assert client.fetch_order(order["id"], symbol)["status"] == "open"
    assert [one["id"] for one in client.fetch_open_orders(symbol)] == [order["id"]]
    assert client.cancel_order(order["id"], symbol)["status"] == "canceled"
    bought = client.create_order(symbol, "market", "buy", amount)
    assert client.fetch_order(bought["id"], symbol)["status"] == "closed"
    (position,) = client.fetch_positions([symbol])
    assert (position["side"], position["contracts"]) == ("long", amount)
    assert position["marginMode"] == "isolated"
    stop = client.create_order(
        symbol, "market", "sell", amount, None,
        {"stopLossPrice": round(last * 0.9, 1), "reduceOnly": True},
    )  # fmt: skip
    waiting = client.fetch_open_orders(symbol, params={"trigger": True})
    assert [one["id"] for one in waiting] == [stop["id"]]
    client.cancel_order(stop["id"], symbol, {"trigger": True})
    assert client.fetch_open_orders(symbol, params={"trigger": True}) == []
    trades = client.fetch_my_trades(symbol)
    assert sum(one["amount"] for one in trades) == amount
    settle = "USDT" if market == "usdm" else "BTC"
    assert client.fetch_balance()[settle]["total"] > 0


def test_ccxt_knows_our_refusals(wired: Any) -> None:
    ccxt = pytest.importorskip("ccxt")
    client = _ccxt(wired, "usdm")
    client.load_markets()
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("1", "BTC/USDT:USDT")
    with pytest.raises(ccxt.ExchangeError, match="-2022"):
        client.create_order("BTC/USDT:USDT", "market", "sell", 0.01, None, {"reduceOnly": True})


def test_python_binance_trades_usdm(wired: Any) -> None:
    pytest.importorskip("binance.client")
    from binance.client import Client  # type: ignore[import-untyped]
    from binance.exceptions import BinanceAPIException  # type: ignore[import-untyped]

    client = Client(wired.apikey, wired.secret, ping=False)
    client.FUTURES_URL = f"{wired.rest}/usdm/fapi"
    assert client.futures_ping() == {}
    names = [one["symbol"] for one in client.futures_exchange_info()["symbols"]]
    assert names == ["BTCUSDT", "ETHUSDT"]
    price = Decimal(client.futures_symbol_ticker(symbol="BTCUSDT")["price"])
    assert len(client.futures_klines(symbol="BTCUSDT", interval="1m", limit=5)) == 5
    assert client.futures_change_leverage(symbol="BTCUSDT", leverage=5)["leverage"] == 5
    order = client.futures_create_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01",
        price=f"{price * Decimal('0.97'):.1f}",
    )  # fmt: skip
    assert client.futures_get_order(symbol="BTCUSDT", orderId=order["orderId"])["status"] == "NEW"
    gone = client.futures_cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
    assert gone["status"] == "CANCELED"
    client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    held = [one for one in client.futures_position_information() if one["symbol"] == "BTCUSDT"]
    assert Decimal(held[0]["positionAmt"]) == Decimal("0.01")
    with pytest.raises(BinanceAPIException) as caught:
        client.futures_cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
    assert caught.value.code == -2011


def test_the_usdm_sdk_trades(wired: Any) -> None:
    name = "binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures"
    sdk = pytest.importorskip(name)
    from binance_common.configuration import ConfigurationRestAPI

    rest = sdk.DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=wired.apikey, api_secret=wired.secret,
            base_path=f"{wired.rest}/usdm", retries=0,
        )
    ).rest_api  # fmt: skip
    assert rest.exchange_information().data().symbols[0].symbol == "BTCUSDT"
    price = float(rest.symbol_price_ticker(symbol="BTCUSDT").data().actual_instance.price)
    assert rest.change_initial_leverage("BTCUSDT", 9).data().leverage == 9
    order = rest.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.01,
        price=round(price * 0.97, 1),
    ).data()  # fmt: skip
    assert order.status == "NEW"
    found = rest.query_order("BTCUSDT", order_id=order.order_id).data()
    assert found.status == "NEW"
    assert rest.cancel_order("BTCUSDT", order_id=order.order_id).data().status == "CANCELED"
    stop = rest.new_algo_order(
        algo_type="CONDITIONAL", symbol="BTCUSDT", side="BUY", type="STOP_MARKET",
        quantity=0.01, trigger_price=round(price * 1.1, 1),
    ).data()  # fmt: skip
    assert stop.algo_status == "NEW"
    assert rest.cancel_algo_order(algo_id=stop.algo_id).data().algo_id == stop.algo_id


def test_the_coinm_sdk_trades(wired: Any) -> None:
    name = "binance_sdk_derivatives_trading_coin_futures.derivatives_trading_coin_futures"
    sdk = pytest.importorskip(name)
    from binance_common.configuration import ConfigurationRestAPI

    rest = sdk.DerivativesTradingCoinFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=wired.apikey, api_secret=wired.secret,
            base_path=f"{wired.rest}/coinm", retries=0,
        )
    ).rest_api  # fmt: skip
    assert rest.exchange_information().data().symbols[0].symbol == "BTCUSD_PERP"
    price = float(rest.symbol_price_ticker(symbol="BTCUSD_PERP").data()[0].price)
    assert rest.change_initial_leverage("BTCUSD_PERP", 9).data().leverage == 9
    order = rest.new_order(
        symbol="BTCUSD_PERP", side="BUY", type="LIMIT", time_in_force="GTC", quantity=1,
        price=round(price * 0.97, 1),
    ).data()  # fmt: skip
    assert order.status == "NEW"
    assert rest.cancel_order("BTCUSD_PERP", order_id=order.order_id).data().status == "CANCELED"
