"""Public market data of USDⓈ-M and COIN-M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

HOUR_MS = 3_600_000


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def _one(body: Any) -> Any:
    return body[0] if isinstance(body, list) else body


def test_the_contract_follows_the_spot_price_on_its_own_ticks(futures: Any) -> None:
    futures.wait(20)
    spot = Decimal(futures.desk.ask("GET", "/ticker/price", symbol="BTCUSDT").body["price"])
    last = Decimal(_one(futures.get("/v1/ticker/price", symbol=futures.symbol).body)["price"])
    assert abs(last / spot - 1) < Decimal("0.0005")
    assert last % Decimal("0.1") == 0


def test_depth_shows_levels_in_order(futures: Any) -> None:
    body = futures.get("/v1/depth", symbol=futures.symbol, limit=5).body
    bids = [Decimal(price) for price, _ in body["bids"]]
    asks = [Decimal(price) for price, _ in body["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert futures.get("/v1/depth", symbol=futures.symbol, limit=7).code == -4021


def test_trades_and_the_forming_bar_agree(futures: Any) -> None:
    futures.wait(10)
    trade = futures.get("/v1/trades", symbol=futures.symbol, limit=1).body[0]
    bar = futures.get("/v1/klines", symbol=futures.symbol, interval="1m", limit=1).body[0]
    assert Decimal(bar[4]) == Decimal(trade["price"])
    assert Decimal(bar[3]) <= Decimal(trade["price"]) <= Decimal(bar[2])


def test_a_contracts_turnover_is_its_volume_at_its_prices(futures: Any) -> None:
    bar = futures.get("/v1/klines", symbol=futures.symbol, interval="1h", limit=2).body[0]
    low, high, volume, turnover = (Decimal(bar[place]) for place in (3, 2, 5, 7))
    if futures.market_name == "usdm":
        assert low * volume <= turnover <= high * volume
    else:
        assert 100 * volume / high <= turnover <= 100 * volume / low


def test_klines_from_a_start_are_the_oldest_on_usdm_and_the_newest_on_coinm(
    make_futures: Any,
) -> None:
    usdm = make_futures("usdm")
    coinm = type(usdm)(usdm.desk, "coinm")
    now = usdm.now - usdm.now % HOUR_MS
    asked = {"interval": "1h", "startTime": now - 10 * HOUR_MS, "endTime": now - 1, "limit": 3}
    old = [row[0] for row in usdm.get("/v1/klines", symbol="BTCUSDT", **asked).body]
    new = [row[0] for row in coinm.get("/v1/klines", symbol="BTCUSD_PERP", **asked).body]
    assert old == [now - number * HOUR_MS for number in (10, 9, 8)]
    assert new == [now - number * HOUR_MS for number in (3, 2, 1)]
    asked["startTime"] = now - 201 * 24 * HOUR_MS
    assert coinm.get("/v1/klines", symbol="BTCUSD_PERP", **asked).code == -1128


def test_the_weight_of_klines_goes_by_how_many_are_asked_for(futures: Any) -> None:
    used = int(futures.get("/v1/ping").headers["X-MBX-USED-WEIGHT-1M"])
    for limit, weight in ((99, 1), (100, 2), (500, 5), (1001, 10)):
        headers = futures.get(
            "/v1/klines", symbol=futures.symbol, interval="1m", limit=limit
        ).headers
        used += weight
        assert int(headers["X-MBX-USED-WEIGHT-1M"]) == used


def test_mark_price_and_the_funding_to_come(futures: Any) -> None:
    futures.wait(5)
    body = _one(futures.get("/v1/premiumIndex", symbol=futures.symbol).body)
    last = Decimal(_one(futures.get("/v1/ticker/price", symbol=futures.symbol).body)["price"])
    assert abs(Decimal(body["markPrice"]) / last - 1) < Decimal("0.001")
    assert body["nextFundingTime"] % (8 * HOUR_MS) == 0
    assert body["nextFundingTime"] > futures.now
    bar = futures.get("/v1/markPriceKlines", symbol=futures.symbol, interval="1h", limit=1).body[0]
    assert bar[5] == "0"


def test_funding_that_is_settled_joins_the_history(futures: Any) -> None:
    symbol = next(iter(futures.venue.instruments))
    before = futures.get("/v1/fundingRate", symbol=futures.symbol, limit=3).body
    assert [row["fundingTime"] % (8 * HOUR_MS) for row in before] == [0, 0, 0]
    futures.market()
    futures.venue.settle_funding(symbol, Decimal("0.001"))
    newest = futures.get("/v1/fundingRate", symbol=futures.symbol, limit=3).body[-1]
    assert newest["fundingRate"] == "0.00100000"
    (paid,) = futures.signed("GET", "/v1/income", incomeType="FUNDING_FEE").body
    assert Decimal(paid["income"]) < 0


def test_tickers_agree_with_each_other(futures: Any) -> None:
    futures.wait(5)
    day = _one(futures.get("/v1/ticker/24hr", symbol=futures.symbol).body)
    top = _one(futures.get("/v1/ticker/bookTicker", symbol=futures.symbol).body)
    assert Decimal(day["lowPrice"]) <= Decimal(day["lastPrice"]) <= Decimal(day["highPrice"])
    assert Decimal(top["bidPrice"]) < Decimal(top["askPrice"])
    many = futures.get("/v1/ticker/24hr").body
    assert len(many) == 2


def test_pairs_indexes_and_open_interest(futures: Any) -> None:
    pair = "BTCUSDT" if futures.market_name == "usdm" else "BTCUSD"
    asked = {"pair": pair, "interval": "1h", "limit": 1}
    plain = futures.get("/v1/klines", symbol=futures.symbol, interval="1h", limit=1).body
    perpetual = {**asked, "contractType": "PERPETUAL"}
    assert futures.get("/v1/continuousKlines", **perpetual).body == plain
    index = futures.get("/v1/indexPriceKlines", **asked).body[0]
    assert Decimal(index[1]) == Decimal(plain[0][1])
    assert futures.get("/v1/indexPriceKlines", **{**asked, "pair": "NOPE"}).code == -4144
    futures.market()
    held = futures.get("/v1/openInterest", symbol=futures.symbol).body["openInterest"]
    assert Decimal(held) == Decimal(futures.quantity)
    (info, _) = futures.get("/v1/fundingInfo").body
    assert info["fundingIntervalHours"] == 8


def test_old_and_aggregate_trades_go_from_an_id(futures: Any) -> None:
    newest = futures.get("/v1/trades", symbol=futures.symbol, limit=5).body
    first = newest[0]["id"]
    old = futures.get("/v1/historicalTrades", symbol=futures.symbol, fromId=first, limit=5).body
    assert old == newest
    joined = futures.get("/v1/aggTrades", symbol=futures.symbol, fromId=first, limit=5).body
    assert [one["a"] for one in joined] == [one["id"] for one in newest]
