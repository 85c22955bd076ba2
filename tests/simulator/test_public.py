"""Public market data over REST."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest

from real_trade.model import Timeframe


def test_ping_time_and_unknown_paths(desk: Any) -> None:
    assert desk.ask("GET", "/ping").body == {}
    assert desk.ask("GET", "/time").body == {"serverTime": desk.now}
    assert desk.ask("GET", "/nothing").status == 404
    assert desk.ask("DELETE", "/time").status == 405
    assert desk.ask("GET", "/time", x=1).code == -1101


def test_exchange_info_shows_the_filters_that_apply(desk: Any) -> None:
    info = desk.ask("GET", "/exchangeInfo").body
    assert [one["symbol"] for one in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    filters = {one["filterType"]: one for one in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    limits = {(one["rateLimitType"], one["interval"]): one["limit"] for one in info["rateLimits"]}
    assert limits["REQUEST_WEIGHT", "MINUTE"] == 6000
    one = desk.ask("GET", "/exchangeInfo", symbol="ETHUSDT").body
    assert [found["symbol"] for found in one["symbols"]] == ["ETHUSDT"]
    two = desk.ask("GET", "/exchangeInfo", symbols='["BTCUSDT","ETHUSDT"]').body
    assert len(two["symbols"]) == 2


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"symbol": "btcusdt"}, -1100),
        ({"symbols": "BTCUSDT"}, -1100),
        ({"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151),
        ({"symbol": "BTCUSDT", "symbols": '["ETHUSDT"]'}, -1128),
        ({"symbol": "BTCUSDT", "colour": "red"}, -1104),
        ({"symbolStatus": "SLEEPING"}, -1122),
    ],
)
def test_exchange_info_refuses_nonsense(desk: Any, params: dict[str, str], code: int) -> None:
    assert desk.ask("GET", "/exchangeInfo", **params).code == code


def test_depth_is_sorted_and_does_not_cross(desk: Any) -> None:
    book = desk.ask("GET", "/depth", symbol="BTCUSDT", limit=5).body
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert len(bids) == len(asks) == 5
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert desk.ask("GET", "/depth", symbol="BTCUSDT", limit=0).code == -1130
    assert desk.ask("GET", "/depth", symbol="BTCUSDT", limit="x").code == -1100
    assert desk.ask("GET", "/depth").code == -1102


@pytest.mark.parametrize("timeframe", list(Timeframe), ids=lambda one: str(one.value))
def test_klines_of_every_interval_follow_each_other(desk: Any, timeframe: Timeframe) -> None:
    rows = desk.ask("GET", "/klines", symbol="BTCUSDT", interval=timeframe.value, limit=50).body
    assert len(rows) == 50
    for row, after in itertools.pairwise(rows):
        assert row[6] + 1 == after[0]
        assert abs(Decimal(after[1]) / Decimal(row[4]) - 1) < Decimal("0.01")
    for row in rows:
        opened, high, low, closed = map(Decimal, row[1:5])
        assert low <= min(opened, closed) <= max(opened, closed) <= high
    assert rows[-1][0] <= desk.now <= rows[-1][6]


def test_longer_klines_are_the_sum_of_shorter_ones(desk: Any) -> None:
    desk.wait(90)
    minutes = desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1m", limit=30).body
    for minute in minutes[-4:]:
        seconds = desk.ask(
            "GET",
            "/klines",
            symbol="BTCUSDT",
            interval="1s",
            startTime=minute[0],
            endTime=minute[6],
            limit=100,
        ).body
        assert seconds[0][1] == minute[1]
        assert max(Decimal(row[2]) for row in seconds) == Decimal(minute[2])
        assert min(Decimal(row[3]) for row in seconds) == Decimal(minute[3])
        assert seconds[-1][4] == minute[4]
        for column in (5, 7, 9, 10):
            assert sum(Decimal(row[column]) for row in seconds) == Decimal(minute[column])
        assert sum(row[8] for row in seconds) == minute[8]


def test_klines_from_a_start_are_the_oldest_and_without_one_the_newest(desk: Any) -> None:
    start = desk.now - 3_600_000
    oldest = desk.ask(
        "GET", "/klines", symbol="BTCUSDT", interval="1m", startTime=start, limit=3
    ).body
    newest = desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1m", limit=3).body
    assert oldest[0][0] == start - start % 60_000 + 60_000
    assert newest[-1][0] == desk.now - desk.now % 60_000
    future = desk.ask(
        "GET", "/klines", symbol="BTCUSDT", interval="1m", startTime=desk.now + 1
    ).body
    assert future == []
    assert len(desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1m", limit=5000).body) == 1000
    assert len(desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1m").body) == 500


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "BTCUSDT"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ({"symbol": "BTCUSDT", "interval": "1m", "startTime": "x"}, -1100),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1m", "endTime": "9" * 20}, -1108),
        ({"interval": "1m"}, -1102),
    ],
)
def test_klines_refuse_nonsense(desk: Any, params: dict[str, str], code: int) -> None:
    told = desk.ask("GET", "/klines", **params)
    assert (told.status, told.code) == (400, code)


def test_trades_count_up_and_aggregate_trades_agree(desk: Any) -> None:
    desk.wait(20)
    trades = desk.ask("GET", "/trades", symbol="BTCUSDT", limit=50).body
    ids = [trade["id"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + 50))
    aggregates = desk.ask("GET", "/aggTrades", symbol="BTCUSDT", fromId=ids[10], limit=5).body
    assert [one["a"] for one in aggregates] == ids[10:15]
    assert aggregates[0]["p"] == trades[10]["price"]
    old = desk.ask("GET", "/historicalTrades", symbol="BTCUSDT", fromId=ids[3], limit=2).body
    assert [one["id"] for one in old] == ids[3:5]
    both = desk.ask("GET", "/aggTrades", symbol="BTCUSDT", fromId=1, startTime=1)
    assert both.code == -1128


def test_the_trades_make_the_bar(desk: Any) -> None:
    desk.wait(130)
    minute = desk.now - desk.now % 60_000 - 60_000
    (bar,) = desk.ask(
        "GET", "/klines", symbol="BTCUSDT", interval="1m", startTime=minute, limit=1
    ).body
    trades = [
        trade
        for trade in desk.ask("GET", "/trades", symbol="BTCUSDT", limit=1000).body
        if minute <= trade["time"] < minute + 60_000
    ]
    assert len(trades) == bar[8]
    assert trades[-1]["price"] == bar[4]
    assert max(Decimal(trade["price"]) for trade in trades) == Decimal(bar[2])
    assert sum(Decimal(trade["qty"]) for trade in trades) == Decimal(bar[5])


def test_tickers_answer_for_one_for_some_and_for_all(desk: Any) -> None:
    for path in ("/ticker/price", "/ticker/bookTicker", "/ticker/24hr"):
        one = desk.ask("GET", path, symbol="ETHUSDT").body
        some = desk.ask("GET", path, symbols='["ETHUSDT"]').body
        everything = desk.ask("GET", path).body
        assert one["symbol"] == "ETHUSDT"
        assert [found["symbol"] for found in some] == ["ETHUSDT"]
        assert [found["symbol"] for found in everything] == ["BTCUSDT", "ETHUSDT"]
    last = desk.ask("GET", "/trades", symbol="ETHUSDT", limit=1).body[0]["price"]
    assert desk.ask("GET", "/ticker/price", symbol="ETHUSDT").body["price"] == last
    mini = desk.ask("GET", "/ticker/24hr", symbol="ETHUSDT", type="MINI").body
    assert "priceChange" not in mini
    assert desk.ask("GET", "/ticker/24hr", symbol="ETHUSDT", type="HUGE").code == -1139


def test_the_day_ticker_is_the_last_day_of_klines(desk: Any) -> None:
    day = desk.ask("GET", "/ticker/24hr", symbol="BTCUSDT").body
    rows = desk.ask(
        "GET",
        "/klines",
        symbol="BTCUSDT",
        interval="1h",
        startTime=desk.now - 86_400_000,
        limit=25,
    ).body
    assert Decimal(day["highPrice"]) >= max(Decimal(row[2]) for row in rows[1:])
    assert Decimal(day["lowPrice"]) <= min(Decimal(row[3]) for row in rows[1:])
    change = Decimal(day["lastPrice"]) - Decimal(day["openPrice"])
    assert Decimal(day["priceChange"]) == change


def test_the_average_price_is_near_the_last(desk: Any) -> None:
    desk.wait(10)
    average = Decimal(desk.ask("GET", "/avgPrice", symbol="BTCUSDT").body["price"])
    last = Decimal(desk.ask("GET", "/ticker/price", symbol="BTCUSDT").body["price"])
    assert abs(average / last - 1) < Decimal("0.02")


def test_the_past_ends_where_the_market_begins(make_desk: Any) -> None:
    desk = make_desk()
    desk.wait(3)
    rows = desk.ask("GET", "/klines", symbol="BTCUSDT", interval="1s", limit=10).body
    for row, after in itertools.pairwise(rows):
        assert abs(Decimal(after[1]) / Decimal(row[4]) - 1) < Decimal("0.005")


def test_system_status_is_public(desk: Any) -> None:
    assert desk.ask("GET", "/sapi/v1/system/status").body == {"status": 0, "msg": "normal"}
