"""ccxt against the simulator, on the wire."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

ccxt = pytest.importorskip("ccxt")


def _client(wired: Any, kind: Any = None, **options: Any) -> Any:
    client = (kind or ccxt.binance)(
        {
            "apiKey": wired.apikey,
            "secret": wired.secret,
            "enableRateLimit": False,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "fetchMarkets": {"types": ["spot"]},
                **options,
            },
        }
    )
    for name, url in client.urls["api"].items():
        if isinstance(url, str):
            for host in ("https://api.binance.com", "https://data-api.binance.vision"):
                url = url.replace(host, wired.rest)
            client.urls["api"][name] = url
    return client


def test_ccxt_reads_the_market(wired: Any) -> None:
    client = _client(wired)
    client.load_markets()
    assert client.symbols == ["BTC/USDT", "ETH/USDT"]
    precision = client.market("BTC/USDT")["precision"]
    assert (precision["amount"], precision["price"]) == (0.00001, 0.01)
    assert client.fetch_ticker("BTC/USDT")["last"] > 0
    assert len(client.fetch_ohlcv("BTC/USDT", "1m", limit=20)) == 20
    assert len(client.fetch_ohlcv("BTC/USDT", "1s", limit=20)) == 20
    book = client.fetch_order_book("BTC/USDT", 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert client.fetch_trades("BTC/USDT", limit=5)
    assert abs(client.fetch_time() - client.milliseconds()) < 2000


def test_ccxt_places_queries_and_cancels_a_limit_order(wired: Any) -> None:
    client = _client(wired)
    before = client.fetch_balance()["USDT"]
    placed = client.create_order(
        "BTC/USDT", "limit", "buy", 0.01, 50_000, {"clientOrderId": "mine-1"}
    )
    assert placed["status"] == "open"
    assert client.fetch_balance()["USDT"]["used"] == 500
    found = client.fetch_order(placed["id"], "BTC/USDT")
    assert (found["clientOrderId"], found["amount"], found["price"]) == ("mine-1", 0.01, 50_000)
    assert [one["id"] for one in client.fetch_open_orders("BTC/USDT")] == [placed["id"]]
    canceled = client.cancel_order(placed["id"], "BTC/USDT")
    assert canceled["status"] == "canceled"
    assert client.fetch_open_orders("BTC/USDT") == []
    assert client.fetch_balance()["USDT"] == before


def test_ccxt_trades_at_market_and_sees_its_fills(wired: Any) -> None:
    client = _client(wired)
    client.load_markets()
    order = client.create_order("ETH/USDT", "market", "buy", 0.5)
    assert order["status"] == "closed"
    assert order["filled"] == 0.5
    trades = client.fetch_my_trades("ETH/USDT")
    assert sum(trade["amount"] for trade in trades) == 0.5
    assert {trade["order"] for trade in trades} == {order["id"]}
    assert client.fetch_balance()["ETH"]["free"] == pytest.approx(0.4995)


def test_ccxt_places_a_stop(wired: Any) -> None:
    client = _client(wired)
    stop = client.create_order("BTC/USDT", "limit", "sell", 0.01, 60_000, {"triggerPrice": 61_000})
    found = client.fetch_order(stop["id"], "BTC/USDT")
    assert (found["type"], found["triggerPrice"], found["status"]) == ("limit", 61_000, "open")


def test_ccxt_knows_our_refusals(wired: Any) -> None:
    client = _client(wired)
    client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order("BTC/USDT", "limit", "sell", 20, 100_000)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("1", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order("1", "BTC/USDT")
    with pytest.raises(ccxt.BadSymbol):
        client.public_get_depth({"symbol": "NOPEUSDT"})
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_balance()


def test_ccxt_pro_receives_bars_books_and_its_own_events(wired: Any) -> None:
    pro = pytest.importorskip("ccxt.pro")
    symbol = "BTC/USDT"

    async def talk() -> tuple[list[str], Any, Any]:
        client = _client(wired, pro.binance)
        client.urls["api"]["ws"]["spot"] = f"{wired.ws}/ws"
        client.urls["api"]["ws"]["ws-api"]["spot"] = wired.ws_api
        seen: list[str] = []
        try:
            await client.load_markets()
            waiting = asyncio.create_task(client.watch_orders(symbol))
            while not wired.simulator.surface.users.of("default"):
                await asyncio.sleep(0.02)
            order = await client.create_order(symbol, "limit", "buy", 0.01, 50_000)
            seen.extend(one["status"] for one in await asyncio.wait_for(waiting, 10))
            waiting = asyncio.create_task(client.watch_orders(symbol))
            await asyncio.sleep(0)
            await client.cancel_order(order["id"], symbol)
            seen.extend(one["status"] for one in await asyncio.wait_for(waiting, 10))
            bars = await asyncio.wait_for(client.watch_ohlcv(symbol, "1s"), 10)
            book = await asyncio.wait_for(client.watch_order_book(symbol), 10)
        finally:
            await client.close()
        return seen, bars, book

    seen, bars, book = asyncio.run(talk())
    assert seen == ["open", "canceled"]
    assert bars[-1][4] > 0
    assert book["bids"][0][0] < book["asks"][0][0]
