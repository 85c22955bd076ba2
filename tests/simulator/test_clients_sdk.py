"""Binance's own SDK against the simulator, on the wire: REST, websocket API, streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("binance_sdk_spot.spot")
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_spot.rest_api.models import (
    KlinesIntervalEnum,
    NewOrderSideEnum,
    NewOrderTimeInForceEnum,
    NewOrderTypeEnum,
)
from binance_sdk_spot.spot import Spot
from binance_sdk_spot.websocket_api.models import (
    OrderPlaceSideEnum,
    OrderPlaceTimeInForceEnum,
    OrderPlaceTypeEnum,
)
from binance_sdk_spot.websocket_streams.models import KlineIntervalEnum


def _client(wired: Any) -> Any:
    return Spot(
        config_rest_api=ConfigurationRestAPI(
            api_key=wired.apikey, api_secret=wired.secret, base_path=wired.rest, retries=0
        ),
        config_ws_api=ConfigurationWebSocketAPI(
            api_key=wired.apikey, api_secret=wired.secret, stream_url=wired.ws_api
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=wired.ws),
    )


def test_the_sdk_reads_the_market(wired: Any) -> None:
    rest = _client(wired).rest_api
    info = rest.exchange_info(symbol="BTCUSDT").data()
    assert info.symbols[0].base_asset == "BTC"
    assert rest.depth(symbol="BTCUSDT", limit=5).data().bids
    rows = rest.klines("BTCUSDT", KlinesIntervalEnum.INTERVAL_1m, limit=5).data()
    assert len(rows) == 5
    assert rest.ticker_price(symbol="BTCUSDT").data().actual_instance.price
    assert rest.get_trades("BTCUSDT", limit=2).data()[0].price


def test_the_sdk_places_queries_and_cancels_a_limit_order(wired: Any) -> None:
    rest = _client(wired).rest_api
    order = rest.new_order(
        "BTCUSDT",
        NewOrderSideEnum.BUY,
        NewOrderTypeEnum.LIMIT,
        time_in_force=NewOrderTimeInForceEnum.GTC,
        quantity=0.01,
        price=50_000.0,
    ).data()
    assert order.status == "NEW"
    found = rest.get_order("BTCUSDT", order_id=order.order_id).data()
    assert found.orig_qty == "0.01000000"
    assert rest.get_open_orders("BTCUSDT").data()[0].order_id == order.order_id
    canceled = rest.delete_order("BTCUSDT", order_id=order.order_id).data()
    assert canceled.status == "CANCELED"
    with pytest.raises(BadRequestError, match="Unknown order sent"):
        rest.delete_order("BTCUSDT", order_id=order.order_id)


def test_the_sdk_trades_over_the_websocket_api_and_hears_its_events(wired: Any) -> None:
    async def talk() -> tuple[Any, list[Any]]:
        events: list[Any] = []
        connection = await _client(wired).websocket_api.create_connection()
        try:
            subscribed = await connection.user_data_stream_subscribe_signature()
            subscribed.stream.on("message", events.append)
            placed = await connection.order_place(
                symbol="BTCUSDT",
                side=OrderPlaceSideEnum.BUY,
                type=OrderPlaceTypeEnum.LIMIT,
                time_in_force=OrderPlaceTimeInForceEnum.GTC,
                quantity=0.01,
                price=50_000.0,
            )
            order = placed.data().result
            status = await connection.order_status(symbol="BTCUSDT", order_id=order.order_id)
            assert status.data().result.status == "NEW"
            canceled = await connection.order_cancel(symbol="BTCUSDT", order_id=order.order_id)
            for _ in range(50):
                if len(events) >= 4:
                    break
                await asyncio.sleep(0.05)
            return canceled.data().result, events
        finally:
            await connection.close_connection(close_session=True)

    canceled, events = asyncio.run(talk())
    assert canceled.status == "CANCELED"
    kinds = [_instance(event) for event in events]
    reports = [event for event in kinds if type(event).__name__ == "ExecutionReport"]
    assert [report.X for report in reports] == ["NEW", "CANCELED"]
    assert "OutboundAccountPosition" in {type(event).__name__ for event in kinds}


def test_the_sdk_receives_streams(wired: Any) -> None:
    async def talk() -> list[Any]:
        heard: list[Any] = []
        connection = await _client(wired).websocket_streams.create_connection()
        try:
            klines = await connection.kline(
                symbol="btcusdt", interval=KlineIntervalEnum.INTERVAL_1s.value
            )
            klines.on("message", heard.append)
            tops = await connection.book_ticker(symbol="btcusdt")
            tops.on("message", heard.append)
            for _ in range(100):
                if {type(one).__name__ for one in heard} >= {"KlineResponse", "BookTickerResponse"}:
                    break
                await asyncio.sleep(0.05)
            return heard
        finally:
            await connection.close_connection(close_session=True)

    heard = asyncio.run(talk())
    assert {type(one).__name__ for one in heard} >= {"KlineResponse", "BookTickerResponse"}


def _instance(event: Any) -> Any:
    return getattr(event, "actual_instance", event)
