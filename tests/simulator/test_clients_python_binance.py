"""python-binance against the simulator, on the wire: REST, and its own websocket managers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("binance.client")
from binance.client import Client  # type: ignore[import-untyped]
from binance.exceptions import BinanceAPIException  # type: ignore[import-untyped]

from binance import AsyncClient, BinanceSocketManager  # type: ignore[import-untyped]


def _client(wired: Any) -> Client:
    client = Client(wired.apikey, wired.secret, ping=False)
    client.API_URL = f"{wired.rest}/api"
    return client


def test_python_binance_reads_the_market(wired: Any) -> None:
    client = _client(wired)
    assert client.ping() == {}
    assert client.get_symbol_info("BTCUSDT")["baseAsset"] == "BTC"
    assert len(client.get_klines(symbol="BTCUSDT", interval="1m", limit=10)) == 10
    assert client.get_order_book(symbol="BTCUSDT", limit=5)["bids"]
    assert client.get_symbol_ticker(symbol="BTCUSDT")["symbol"] == "BTCUSDT"
    assert client.get_recent_trades(symbol="BTCUSDT", limit=3)


def test_python_binance_places_queries_and_cancels_a_limit_order(wired: Any) -> None:
    client = _client(wired)
    order = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="50000")
    assert order["status"] == "NEW"
    found = client.get_order(symbol="BTCUSDT", orderId=order["orderId"])
    assert found["clientOrderId"] == order["clientOrderId"]
    assert [one["orderId"] for one in client.get_open_orders()] == [order["orderId"]]
    canceled = client.cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
    assert canceled["status"] == "CANCELED"
    with pytest.raises(BinanceAPIException) as caught:
        client.cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
    assert caught.value.code == -2011
    balance = client.get_asset_balance("USDT")
    assert balance["locked"] == "0.00000000"


def test_python_binance_places_an_oco(wired: Any) -> None:
    client = _client(wired)
    placed = client.create_oco_order(
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.01",
        aboveType="LIMIT_MAKER",
        abovePrice="150000",
        belowType="STOP_LOSS",
        belowStopPrice="50000",
    )
    assert placed["contingencyType"] == "OCO"
    assert {one["type"] for one in placed["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS"}


def test_python_binance_receives_klines_and_its_own_events(
    wired: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        client = AsyncClient(wired.apikey, wired.secret)
        client.API_URL = f"{wired.rest}/api"
        client.ws_api._url = wired.ws_api
        manager = BinanceSocketManager(client)
        monkeypatch.setattr(manager, "_get_stream_url", lambda *_: f"{wired.ws}/")
        events: list[dict[str, Any]] = []
        try:
            async with manager.kline_socket("BTCUSDT", interval="1s") as stream:
                kline = await asyncio.wait_for(stream.recv(), 10)
            async with manager.user_socket() as stream:
                order = await client.order_limit_buy(
                    symbol="BTCUSDT", quantity="0.01", price="50000"
                )
                await client.cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
                while len([one for one in events if one["e"] == "executionReport"]) < 2:
                    message = await asyncio.wait_for(stream.recv(), 10)
                    events.append(message.get("event", message))
        finally:
            await client.close_connection()
        return kline, events

    kline, events = asyncio.run(talk())
    assert kline["e"] == "kline"
    assert kline["k"]["i"] == "1s"
    reports = [one for one in events if one["e"] == "executionReport"]
    assert [(one["x"], one["X"]) for one in reports] == [("NEW", "NEW"), ("CANCELED", "CANCELED")]
    assert reports[1]["C"] == reports[0]["c"]
    assert "outboundAccountPosition" in {one["e"] for one in events}
