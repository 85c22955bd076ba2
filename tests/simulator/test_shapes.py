"""Replies and events have the shapes of the documentation's examples.

The examples are not part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "shared" / "data" / "binance" / "spot.json"
pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES} is not there")

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Fields that only some replies have ("Conditional fields"), or that the examples lack by age.
OPTIONAL = {
    "icebergQty", "stopPrice", "trailingDelta", "trailingTime", "strategyId", "strategyType",
    "preventedQuantity", "preventedMatchId", "expiryReason", "fills", "v", "W", "d", "D", "j", "J",
    "opoAllowed", "pegInstructionsAllowed", "data", "specialCommissionForOrder",
    "sors", "origQuoteOrderQty", "blockTrade", "eR",
}  # fmt: skip


def _examples(page: str, *heading: str) -> list[Any]:
    pages = json.loads(EXAMPLES.read_text())
    found = [
        one["value"]
        for one in pages[page]
        if one["parsed"] and tuple(one["heading"][-len(heading) :]) == heading
    ]
    assert found, heading
    return found


def _same(ours: Any, theirs: Any, path: str = "") -> None:
    """Compare shapes: the same keys, the same JSON types, numbers as text where theirs are."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), path
        missing = theirs.keys() - ours.keys() - OPTIONAL
        extra = ours.keys() - theirs.keys() - OPTIONAL
        assert not missing, f"{path}: missing {missing}"
        assert not extra, f"{path}: unknown {extra}"
        for key in theirs.keys() & ours.keys():
            _same(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), path
        if path.endswith(".filters"):
            assert all("filterType" in one for one in ours)
        elif ours and theirs and theirs != [{}]:
            for one in ours:
                if len({type(item) for item in theirs}) > 1:
                    break
                _same(one, theirs[0], f"{path}[]")
    elif theirs is not None and ours is not None:
        assert type(ours) is type(theirs), f"{path}: {ours!r} and {theirs!r}"
        if isinstance(theirs, str) and NUMBER.fullmatch(theirs):
            assert NUMBER.fullmatch(ours), f"{path}: {ours!r}"


REST = "rest-api.md"


@pytest.mark.parametrize(
    ("heading", "index", "path", "params"),
    [
        ("Check server time", 0, "/time", {}),
        ("Exchange information", 0, "/exchangeInfo", {}),
        ("Order book", 0, "/depth", {"symbol": "BTCUSDT"}),
        ("Recent trades list", 0, "/trades", {"symbol": "BTCUSDT"}),
        ("Old trade lookup", 0, "/historicalTrades", {"symbol": "BTCUSDT"}),
        ("Compressed/Aggregate trades list", 0, "/aggTrades", {"symbol": "BTCUSDT"}),
        ("Kline/Candlestick data", 0, "/klines", {"symbol": "BTCUSDT", "interval": "1m"}),
        ("UIKlines", 0, "/uiKlines", {"symbol": "BTCUSDT", "interval": "1m"}),
        ("Current average price", 0, "/avgPrice", {"symbol": "BTCUSDT"}),
        ("24hr ticker price change statistics", 0, "/ticker/24hr", {"symbol": "BTCUSDT"}),
        ("24hr ticker price change statistics", 1, "/ticker/24hr", {}),
        ("24hr ticker price change statistics", 3, "/ticker/24hr", {"type": "MINI"}),
        ("Symbol price ticker", 0, "/ticker/price", {"symbol": "BTCUSDT"}),
        ("Symbol price ticker", 1, "/ticker/price", {}),
        ("Symbol order book ticker", 0, "/ticker/bookTicker", {"symbol": "BTCUSDT"}),
        ("Symbol order book ticker", 1, "/ticker/bookTicker", {}),
    ],
)
def test_public_replies(
    desk: Any, heading: str, index: int, path: str, params: dict[str, str]
) -> None:
    desk.wait(5)
    _same(desk.ask("GET", path, **params).body, _examples(REST, heading)[index])


def test_kline_rows_have_the_same_types_column_by_column(desk: Any) -> None:
    (theirs,) = _examples(REST, "Kline/Candlestick data")[0]
    ours = desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1m", limit=1).body[0]
    assert [type(one) for one in ours] == [type(one) for one in theirs]


def test_order_replies(desk: Any) -> None:
    ack, result, full = _examples(REST, "New order (TRADE)")[:3]
    for kind, example in (("ACK", ack), ("RESULT", result), ("FULL", full)):
        _same(desk.market(newOrderRespType=kind).body, example)
    order = desk.limit().body
    ids = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    _same(desk.signed("GET", "/order", **ids).body, _examples(REST, "Query order (USER_DATA)")[0])
    _same(
        desk.signed("GET", "/openOrders").body,
        _examples(REST, "Current open orders (USER_DATA)")[0],
    )
    _same(
        desk.signed("GET", "/allOrders", symbol="BTCUSDT").body,
        _examples(REST, "All orders (USER_DATA)")[0],
    )
    _same(
        desk.signed("PUT", "/order/amend/keepPriority", newQty="0.005", **ids).body,
        _examples(REST, "Order Amend Keep Priority (TRADE)")[0],
    )
    replace = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": "90000.001", "cancelReplaceMode": "STOP_ON_FAILURE",
    }  # fmt: skip
    failed = _examples(REST, "Cancel an Existing Order and Send a New Order (TRADE)")
    gone = desk.signed("POST", "/order/cancelReplace", cancelOrderId=1, **replace)
    _same(gone.body, failed[0])
    half = desk.signed("POST", "/order/cancelReplace", cancelOrderId=order["orderId"], **replace)
    _same(half.body, failed[1])
    again = desk.limit().body["orderId"]
    _same(
        desk.signed("DELETE", "/order", symbol="BTCUSDT", orderId=again).body,
        _examples(REST, "Cancel order (TRADE)")[0],
    )
    test = {"computeCommissionRates": "true", **replace, "price": "90000"}
    del test["cancelReplaceMode"]
    _same(
        desk.signed("POST", "/order/test", **test).body,
        _examples(REST, "Test new order (TRADE)")[1],
    )


def test_list_replies(desk: Any) -> None:
    sell = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
    pair = {
        "aboveType": "LIMIT_MAKER", "abovePrice": "150000", "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "50000", "belowPrice": "49000", "belowTimeInForce": "GTC",
    }  # fmt: skip
    placed = desk.signed("POST", "/orderList/oco", **sell, **pair).body
    _same(placed, _examples(REST, "New Order list - OCO (TRADE)")[0])
    _same(
        desk.signed("GET", "/orderList", orderListId=placed["orderListId"]).body,
        _examples(REST, "Query Order list (USER_DATA)")[0],
    )
    _same(
        desk.signed("GET", "/openOrderList").body,
        _examples(REST, "Query Open Order lists (USER_DATA)")[0],
    )
    _same(
        desk.signed("GET", "/allOrderList").body,
        _examples(REST, "Query all Order lists (USER_DATA)")[0],
    )
    _same(
        desk.signed(
            "DELETE", "/orderList", symbol="BTCUSDT", orderListId=placed["orderListId"]
        ).body,
        _examples(REST, "Cancel Order list (TRADE)")[0],
    )
    working = {
        "symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY",
        "workingPrice": "90000", "workingQuantity": "0.01", "workingTimeInForce": "GTC",
        "pendingSide": "SELL", "pendingQuantity": "0.01",
    }  # fmt: skip
    _same(
        desk.signed("POST", "/orderList/oto", pendingType="MARKET", **working).body,
        _examples(REST, "New Order list - OTO (TRADE)")[0],
    )
    legs = {f"pending{name[0].upper()}{name[1:]}": value for name, value in pair.items()}
    _same(
        desk.signed("POST", "/orderList/otoco", **working, **legs).body,
        _examples(REST, "New Order list - OTOCO (TRADE)")[0],
    )
    desk.signed("POST", "/orderList/oco", **sell, **pair)
    every = desk.signed("DELETE", "/openOrders", symbol="BTCUSDT").body
    example = _examples(REST, "Cancel All Open Orders on a Symbol (TRADE)")[0]
    _same(next(one for one in every if "contingencyType" in one), example[-1])


def test_account_replies(desk: Any) -> None:
    desk.market()
    for heading, path, params in (
        ("Account information (USER_DATA)", "/account", {}),
        ("Account trade list (USER_DATA)", "/myTrades", {"symbol": "BTCUSDT"}),
        ("Query Unfilled Order Count (USER_DATA)", "/rateLimit/order", {}),
        ("Query Commission Rates (USER_DATA)", "/account/commission", {"symbol": "BTCUSDT"}),
    ):
        _same(desk.signed("GET", path, **params).body, _examples(REST, heading)[0])


STREAMS = "web-socket-streams.md"


def test_stream_messages(desk: Any) -> None:
    names = {
        "btcusdt@aggTrade": "Aggregate Trade Streams",
        "btcusdt@trade": "Trade Streams",
        "btcusdt@kline_1m": "Kline/Candlestick Streams for UTC",
        "btcusdt@miniTicker": "Individual Symbol Mini Ticker Stream",
        "btcusdt@ticker": "Individual Symbol Ticker Streams",
        "btcusdt@bookTicker": "Individual Symbol Book Ticker Streams",
        "btcusdt@avgPrice": "Average Price",
        "btcusdt@depth5": "Partial Book Depth Streams",
        "btcusdt@depth": "Diff. Depth Stream",
    }
    _, session = desk.socket("/stream", "streams=" + "/".join(names))
    desk.wait(6)
    heard = {one["stream"]: one["data"] for one in session.take()}
    assert heard.keys() == names.keys()
    for name, heading in names.items():
        _same(heard[name], _examples(STREAMS, heading)[0], name)


def test_user_events(desk: Any) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    desk.limit()
    desk.market()
    desk.act("transfer", asset="BTC", amount="1")
    desk.signed(
        "POST", "/orderList/oco", symbol="BTCUSDT", side="SELL", quantity="0.01",
        aboveType="LIMIT_MAKER", abovePrice="150000", belowType="STOP_LOSS",
        belowStopPrice="50000",
    )  # fmt: skip
    desk.act("terminate_user_streams")
    events = [one for one in session.take() if "event" in one]
    pages = json.loads(EXAMPLES.read_text())["user-data-stream.md"]
    examples = {one["value"]["event"]["e"]: one["value"] for one in pages if one["parsed"]}
    kinds = {one["event"]["e"] for one in events}
    assert kinds == examples.keys() - {"externalLockUpdate"}
    for event in events:
        _same(event, examples[event["event"]["e"]], event["event"]["e"])


API = "web-socket-api.md"


@pytest.mark.parametrize(
    ("method", "heading", "params", "sign"),
    [
        ("ping", "Test connectivity", {}, False),
        ("time", "Check server time", {}, False),
        ("exchangeInfo", "Exchange information", {}, False),
        ("depth", "Order book", {"symbol": "BTCUSDT", "limit": 5}, False),
        ("trades.recent", "Recent trades", {"symbol": "BTCUSDT", "limit": 1}, False),
        ("trades.aggregate", "Aggregate trades", {"symbol": "BTCUSDT", "limit": 1}, False),
        ("klines", "Klines", {"symbol": "BTCUSDT", "interval": "1h", "limit": 1}, False),
        ("avgPrice", "Current average price", {"symbol": "BTCUSDT"}, False),
        ("ticker.price", "Symbol price ticker", {"symbol": "BTCUSDT"}, False),
        ("ticker.book", "Symbol order book ticker", {"symbol": "BTCUSDT"}, False),
        ("account.status", "Account information (USER_DATA)", {}, True),
        ("account.rateLimits.orders", "Unfilled Order Count (USER_DATA)", {}, True),
        ("account.commission", "Account Commission Rates (USER_DATA)", {"symbol": "BTCUSDT"}, True),
        ("session.status", "Query session status", {}, False),
    ],
)
def test_websocket_api_replies(
    desk: Any, method: str, heading: str, params: dict[str, Any], sign: bool
) -> None:
    end, session = desk.socket("/ws-api/v3")
    desk.api(end, method, sign=sign, **params)
    (ours,) = session.take()
    example = next(one for one in _examples(API, heading) if "result" in one)
    theirs = {**example, "id": 1, "rateLimits": ours["rateLimits"]}
    _same(ours, theirs)
