"""Futures replies have the shapes of the documentation's examples.

The examples are not part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "binance"
FILES = {
    "usdm": FOLDER / "usds-margined-futures.json",
    "coinm": FOLDER / "coin-margined-futures.json",
}
pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in FILES.values()), reason=f"{FOLDER} is not there"
)

# Gone from replies since June 2026 (avgPrice, cumQuote, cumBase), only of conditional orders
# (activatePrice, priceRate), or newer than the examples.
OPTIONAL = {
    "avgPrice", "cumQuote", "cumBase", "activatePrice", "priceRate", "priceMatch", "callbackRate",
    "selfTradePreventionMode", "goodTillDate", "futuresType", "marginAvailable", "pair",
    "lastUpdateId", "notionalCoef", "isRPITrade", "ps", "cumQty", "feeBurn",
    "marketTakeBound", "cum", "notionalValue", "isolatedWallet",
}  # fmt: skip


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market with a position, an order and an algo order."""
    found = make_futures(request.param)
    found.market()
    found.limit()
    found.algo(triggerPrice=found.price("0.9"))
    found.wait(3)
    return found


def _example(market: str, page: str, number: int = 0) -> Any:
    pages = json.loads(FILES[market].read_text())
    return [one["value"] for one in pages[page] if one["parsed"]][number]


def _same(ours: Any, theirs: Any, path: str = "") -> None:
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
        assert ours or not theirs, f"{path}: empty"
        if path.endswith(".filters"):
            assert all("filterType" in one for one in ours)
        elif theirs and len({type(one) for one in theirs}) == 1:
            for one in ours:
                _same(one, theirs[0], f"{path}[]")
    elif theirs is not None and ours is not None:
        if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
            assert isinstance(ours, bool) is isinstance(theirs, bool), path
            return
        assert type(ours) is type(theirs), f"{path}: {ours!r} and {theirs!r}"


DATA = "market-data/rest-api/"


@pytest.mark.parametrize(
    ("page", "path", "params"),
    [
        ("Exchange-Information.md", "/v1/exchangeInfo", ()),
        ("Order-Book.md", "/v1/depth", ("symbol",)),
        ("Recent-Trades-List.md", "/v1/trades", ("symbol",)),
        ("Old-Trades-Lookup.md", "/v1/historicalTrades", ("symbol",)),
        ("Compressed-Aggregate-Trades-List.md", "/v1/aggTrades", ("symbol",)),
        ("24hr-Ticker-Price-Change-Statistics.md", "/v1/ticker/24hr", ("symbol",)),
        ("Symbol-Price-Ticker.md", "/v1/ticker/price", ("symbol",)),
        ("Symbol-Order-Book-Ticker.md", "/v1/ticker/bookTicker", ("symbol",)),
        ("Get-Funding-Rate-History.md", "/v1/fundingRate", ("symbol",)),
    ],
)
def test_public_replies(futures: Any, page: str, path: str, params: tuple[str, ...]) -> None:
    asked = {"symbol": futures.symbol} if params else {}
    _skip_unless(futures.market_name, DATA + page)
    _same(futures.get(path, **asked).body, _example(futures.market_name, DATA + page))


def test_kline_rows_have_the_same_types_column_by_column(futures: Any) -> None:
    theirs = _example(futures.market_name, DATA + "Kline-Candlestick-Data.md")[0]
    ours = futures.get("/v1/klines", symbol=futures.symbol, interval="1m", limit=1).body[0]
    assert [type(one) for one in ours] == [type(one) for one in theirs]


def test_mark_price_replies(futures: Any) -> None:
    page = "Mark-Price.md" if futures.market_name == "usdm" else "Index-Price-and-Mark-Price.md"
    ours = futures.get("/v1/premiumIndex", symbol=futures.symbol).body
    _same(ours, _example(futures.market_name, DATA + page))


TRADE = "trade/rest-api/"


def _skip_unless(market: str, page: str) -> None:
    pages = json.loads(FILES[market].read_text())
    if not any(one["parsed"] for one in pages.get(page, [])):
        pytest.skip(f"{page} is not among the examples")


@pytest.mark.parametrize(
    ("page", "method", "path", "params"),
    [
        ("Query-Order.md", "GET", "/v1/order", {"orderId": "last"}),
        ("Current-All-Open-Orders.md", "GET", "/v1/openOrders", {}),
        ("All-Orders.md", "GET", "/v1/allOrders", {}),
        ("Cancel-Order.md", "DELETE", "/v1/order", {"orderId": "last"}),
        ("Cancel-All-Open-Orders.md", "DELETE", "/v1/allOpenOrders", {}),
        ("Auto-Cancel-All-Open-Orders.md", "POST", "/v1/countdownCancelAll",
         {"countdownTime": "100000"}),
        ("Account-Trade-List.md", "GET", "/v1/userTrades", {}),
        ("Change-Initial-Leverage.md", "POST", "/v1/leverage", {"leverage": 21}),
        ("Current-All-Algo-Open-Orders.md", "GET", "/v1/openAlgoOrders", {}),
        ("Cancel-Algo-Order.md", "DELETE", "/v1/algoOrder", {"algoId": "last"}),
        ("Query-Algo-Order.md", "GET", "/v1/algoOrder", {"algoId": "last"}),
    ],
)  # fmt: skip
def test_trading_replies(
    futures: Any, page: str, method: str, path: str, params: dict[str, Any]
) -> None:
    _skip_unless(futures.market_name, TRADE + page)
    ids = {
        "orderId": futures.signed("GET", "/v1/openOrders").body[0]["orderId"],
        "algoId": futures.signed("GET", "/v1/openAlgoOrders").body[0]["algoId"],
    }
    asked = {name: ids[name] if value == "last" else value for name, value in params.items()}
    ours = futures.signed(method, path, symbol=futures.symbol, **asked)
    _same(ours.body, _example(futures.market_name, TRADE + page))


def test_new_orders(make_futures: Any) -> None:
    usdm = make_futures("usdm")
    order = usdm.limit()
    _same(order.body, _example("usdm", "trade/rest-api.md"))
    stop = usdm.algo("TAKE_PROFIT", triggerPrice=usdm.price("1.03"), price=usdm.price("1.03"),
                     timeInForce="GTC")  # fmt: skip
    _same(stop.body, _example("usdm", TRADE + "New-Algo-Order.md"))


ACCOUNT = "account/rest-api/"


@pytest.mark.parametrize(
    ("market", "page", "path"),
    [
        ("usdm", TRADE + "Position-Information-V3.md", "/v3/positionRisk"),
        ("usdm", TRADE + "Position-Information-V2.md", "/v2/positionRisk"),
        ("usdm", ACCOUNT + "Futures-Account-Balance-V2.md", "/v2/balance"),
        ("usdm", ACCOUNT + "Futures-Account-Balance-V3.md", "/v3/balance"),
        ("usdm", ACCOUNT + "Account-Config.md", "/v1/accountConfig"),
        ("usdm", ACCOUNT + "Symbol-Config.md", "/v1/symbolConfig"),
        ("usdm", ACCOUNT + "Get-Income-History.md", "/v1/income"),
        ("usdm", ACCOUNT + "Notional-and-Leverage-Brackets.md", "/v1/leverageBracket"),
        ("usdm", ACCOUNT + "User-Commission-Rate.md", "/v1/commissionRate"),
        ("coinm", TRADE + "Position-Information.md", "/v1/positionRisk"),
        ("coinm", ACCOUNT + "Futures-Account-Balance.md", "/v1/balance"),
        ("coinm", ACCOUNT + "Account-Information.md", "/v1/account"),
        ("coinm", ACCOUNT + "Get-Income-History.md", "/v1/income"),
    ],
)
def test_account_replies(make_futures: Any, market: str, page: str, path: str) -> None:
    futures = make_futures(market)
    futures.market()
    asked = {"symbol": futures.symbol} if path.endswith("commissionRate") else {}
    _same(futures.signed("GET", path, **asked).body, _example(market, page))
