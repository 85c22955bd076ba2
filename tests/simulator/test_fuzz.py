"""Whatever comes in, Binance's code goes out: never a failure of ours, and the books stay whole."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real_trade.simulator.frames import FrameError, FrameReader

NAMES = (
    "symbol", "symbols", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price",
    "stopPrice", "trailingDelta", "icebergQty", "newClientOrderId", "newOrderRespType", "orderId",
    "origClientOrderId", "limit", "fromId", "startTime", "endTime", "interval", "recvWindow",
    "strategyId", "strategyType", "selfTradePreventionMode", "cancelReplaceMode", "newQty",
    "cancelOrderId", "orderListId", "listClientOrderId", "aboveType", "belowType", "abovePrice",
    "belowPrice", "aboveStopPrice", "belowStopPrice", "workingType", "workingSide", "timeZone",
    "workingPrice", "workingQuantity", "workingTimeInForce", "pendingType", "pendingSide",
    "pendingQuantity", "computeCommissionRates", "omitZeroBalances", "permissions", "colour",
)  # fmt: skip
VALUES = (
    "BTCUSDT", "ETHUSDT", '["BTCUSDT"]', "BUY", "SELL", "LIMIT", "MARKET", "STOP_LOSS",
    "LIMIT_MAKER", "TAKE_PROFIT_LIMIT", "GTC", "IOC", "FOK", "0.01", "90000", "110000", "0", "1",
    "100", "9" * 19, "9" * 25, "1e5", "-1", "", "true", "1m", "1M", "STOP_ON_FAILURE",
    "ALLOW_FAILURE", "FULL", "EXPIRE_BOTH", "DECREMENT", "NONE", "0.00000001", "5", "-1:00",
)  # fmt: skip
value = st.one_of(st.sampled_from(VALUES), st.text(max_size=12))
params = st.dictionaries(st.sampled_from(NAMES), value, max_size=9)
order = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from(["LIMIT", "MARKET", "STOP_LOSS_LIMIT", "LIMIT_MAKER"]),
    },
    optional=dict.fromkeys(NAMES[4:12], value),
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

    return tuple(Simulator(SimulatorSettings(symbols=("BTCUSDT",))).surface.rest)


def _judge(desk: Any, told: Any) -> None:
    assert told.status in {200, 400, 401, 404, 409, 410, 429}, told
    if told.status not in {200, 404, 410}:
        assert told.code < 0
        assert told.body["msg"]
    desk.simulator.spot.limits.refund(desk.ip, desk.now, 6000)
    desk.simulator.spot.venue.check()


@_SETTINGS
@given(data=st.data())
def test_any_parameters_to_any_endpoint(desk: Any, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(_routes()))
    asked = data.draw(order if path.startswith("/api/v3/order") else params)
    query = urlencode({"timestamp": desk.now, **asked}, quote_via=quote)
    path = path.removeprefix("/api/v3")
    _judge(desk, desk.send(method, path, f"{query}&signature={desk.sign(query)}"))
    desk.wait(0.3)


@_SETTINGS
@given(query=st.text(max_size=60), body=st.binary(max_size=60), data=st.data())
def test_any_bytes_to_any_endpoint(desk: Any, query: str, body: bytes, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(_routes()))
    text = query.encode("utf-8", "surrogatepass").decode("latin-1")
    _judge(desk, desk.send(method, path.removeprefix("/api/v3"), text, body))


json_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@_SETTINGS
@given(data=st.data())
def test_any_message_to_a_websocket(desk: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(["/ws", "/ws-api/v3"]))
    desk.simulator.spot.limits._addresses.clear()
    end, session = desk.socket(path)
    method = data.draw(
        st.sampled_from(["order.place", "order.cancel", "klines", "time", "SUBSCRIBE", "depth"])
    )
    message = data.draw(
        st.one_of(
            json_value,
            st.fixed_dictionaries(
                {"method": st.just(method)},
                optional={
                    "id": json_value,
                    "params": st.one_of(
                        json_value, st.dictionaries(st.sampled_from(NAMES), json_value)
                    ),
                },
            ),
        )
    )
    end.on_text(json.dumps(message).encode())
    told = session.take()
    assert len(told) == 1
    assert "error" in told[0] or "result" in told[0]
    end.close()


@given(chunks=st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_to_the_frame_reader(chunks: list[bytes]) -> None:
    reader, code = FrameReader(largest=100), 1002
    try:
        for chunk in chunks:
            for frame in reader.feed(chunk):
                assert len(frame.payload) <= 125
    except FrameError as error:
        code = error.code
    assert code in {1002, 1009}
