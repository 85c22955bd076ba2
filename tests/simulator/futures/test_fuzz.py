"""Whatever comes in, Binance's code goes out: never a failure of ours, and the books stay whole."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = (
    "timeInForce", "price", "stopPrice", "triggerPrice", "activatePrice",
    "callbackRate", "newClientOrderId", "clientAlgoId", "newOrderRespType", "reduceOnly",
    "closePosition", "positionSide", "workingType", "priceProtect", "priceMatch", "goodTillDate",
    "selfTradePreventionMode", "symbol", "pair", "contractType", "side", "type", "algoType",
    "orderId", "origClientOrderId", "algoId", "orderIdList", "origClientOrderIdList",
    "batchOrders", "countdownTime", "leverage", "marginType", "dualSidePosition", "amount",
    "limit", "fromId", "startTime", "endTime", "interval", "incomeType", "listenKey",
    "multiAssetsMargin", "quantity", "colour",
)  # fmt: skip
VALUES = (
    "BTCUSDT", "BTCUSD_PERP", "BTCUSD", "PERPETUAL", "BUY", "SELL", "LIMIT", "MARKET", "STOP",
    "STOP_MARKET", "TAKE_PROFIT", "TRAILING_STOP_MARKET", "CONDITIONAL", "GTC", "IOC", "FOK",
    "GTX", "GTD", "0.01", "1", "0.5", "98000", "97000", "90000", "0", "2", "100", "9" * 19,
    "9" * 25, "1e5", "-1", "", "true", "false", "1m", "1M", "1s", "LONG", "SHORT", "BOTH",
    "MARK_PRICE", "OPPONENT", "QUEUE_5", "ISOLATED", "CROSSED", "[1]", '["a"]', "[[]]", "{}",
    "RESULT", "EXPIRE_BOTH", "NONE", "4102444800000", "253402300799000", "1000000000000000000",
)  # fmt: skip
value = st.one_of(st.sampled_from(VALUES), st.text(max_size=12))
params = st.dictionaries(st.sampled_from(NAMES), value, max_size=10)
order = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["BTCUSDT", "BTCUSD_PERP"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from(["LIMIT", "MARKET", "STOP_MARKET", "TRAILING_STOP_MARKET", "STOP"]),
        "algoType": st.just("CONDITIONAL"),
        "quantity": st.sampled_from(["0.01", "1", "5"]),
    },
    optional=dict.fromkeys(NAMES[:17], value),
)
_SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def _routes() -> tuple[tuple[str, str], ...]:
    from real_trade.simulator.settings import SimulatorSettings
    from real_trade.simulator.simulator import Simulator

    markets = Simulator(SimulatorSettings(symbols=("BTCUSDT",))).futures
    return tuple(route for one in markets for route in one.surface.rest)


def _judge(desk: Any, told: Any) -> None:
    assert told.status in {200, 400, 401, 429}, told
    if told.status != 200:
        assert told.code < 0
        assert told.body["msg"]
    for one in desk.simulator.futures:
        one.exchange.limits.refund(desk.ip, desk.now, 6000)
        one.exchange.venue.check()


@_SETTINGS
@given(data=st.data())
def test_any_parameters_to_any_endpoint(usdm: Any, data: st.DataObject) -> None:
    desk = usdm.desk
    method, path = data.draw(st.sampled_from(_routes()))
    asked = data.draw(order if path.endswith("rder") else params)
    query = urlencode({"timestamp": desk.now, **asked}, quote_via=quote)
    _judge(desk, desk.send(method, path, f"{query}&signature={desk.sign(query)}"))
    desk.wait(0.3)


@_SETTINGS
@given(orders=st.lists(st.one_of(order, params, st.none()), max_size=6), market=st.booleans())
def test_any_batch(usdm: Any, orders: list[Any], market: bool) -> None:
    path = "/usdm/fapi/v1/batchOrders" if market else "/coinm/dapi/v1/batchOrders"
    told = usdm.desk.signed("POST", path, batchOrders=json.dumps(orders))
    assert told.status in {200, 400}, told
    for one in usdm.desk.simulator.futures:
        one.exchange.limits.refund(usdm.desk.ip, usdm.now, 6000)
        one.exchange.venue.check()


@_SETTINGS
@given(query=st.text(max_size=60), body=st.binary(max_size=60), data=st.data())
def test_any_bytes_to_any_endpoint(usdm: Any, query: str, body: bytes, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(_routes()))
    text = query.encode("utf-8", "surrogatepass").decode("latin-1")
    _judge(usdm.desk, usdm.desk.send(method, path, text, body))
