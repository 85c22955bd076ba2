"""Shared by the tests of the futures markets: a client of each without a wire."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest


class FuturesDesk:
    """A client of one futures market, on top of the spot tests' desk."""

    def __init__(self, desk: Any, market: str) -> None:
        self.desk = desk
        self.market_name = market
        self.symbol = "BTCUSDT" if market == "usdm" else "BTCUSD_PERP"
        self.prefix = f"/{market}/{'fapi' if market == 'usdm' else 'dapi'}"
        (self.running,) = [one for one in desk.simulator.futures if one.surface.name == market]

    @property
    def now(self) -> int:
        return int(self.desk.now)

    @property
    def venue(self) -> Any:
        return self.running.exchange.venue

    def wait(self, seconds: float) -> None:
        self.desk.wait(seconds)

    def get(self, path: str, **params: Any) -> Any:
        """Ask for public data."""
        return self._send("GET", path, False, params)

    def signed(self, method: str, path: str, **params: Any) -> Any:
        """Send a signed request."""
        return self._send(method, path, True, params)

    def limit(self, side: str = "BUY", price: str = "", **more: Any) -> Any:
        """Place a limit order near the market that rests unless told otherwise."""
        params = {"symbol": self.symbol, "quantity": self.quantity, "timeInForce": "GTC", **more}
        price = price or self.price("0.97" if side == "BUY" else "1.03")
        return self.signed("POST", "/v1/order", side=side, type="LIMIT", price=price, **params)

    def market(self, side: str = "BUY", **more: Any) -> Any:
        """Place a market order and return its result."""
        params = {"symbol": self.symbol, "quantity": self.quantity, "newOrderRespType": "RESULT"}
        return self.signed("POST", "/v1/order", side=side, type="MARKET", **{**params, **more})

    def algo(self, kind: str = "STOP_MARKET", side: str = "SELL", **more: Any) -> Any:
        """Place a conditional order."""
        params = {"symbol": self.symbol, "quantity": self.quantity, "algoType": "CONDITIONAL"}
        return self.signed("POST", "/v1/algoOrder", side=side, type=kind, **{**params, **more})

    @property
    def quantity(self) -> str:
        return "0.01" if self.market_name == "usdm" else "1"

    def price(self, times: str) -> str:
        """Return the last price times `times`, on the tick."""
        symbol = next(s for s, one in self.venue.instruments.items() if one.native == self.symbol)
        last = self.venue.last_price(symbol)
        return f"{last * Decimal(times):.1f}"

    def books(self) -> Any:
        """Return the truth about the default account."""
        accounts = self.desk.ask("GET", "/control/ledger").body["accounts"]
        return accounts["default"][self.market_name]

    def _send(self, method: str, path: str, sign: bool, params: dict[str, Any]) -> Any:
        ask = self.desk.signed if sign else self.desk.ask
        return ask(method, f"{self.prefix}{path}", **params)


@pytest.fixture
def make_futures(make_desk: Callable[..., Any]) -> Callable[..., FuturesDesk]:
    """Return a maker of futures clients."""

    def make(market: str = "usdm", **options: Any) -> FuturesDesk:
        options.setdefault("coinm_symbols", ("BTCUSD_PERP", "ETHUSD_PERP"))
        found = make_desk(**options)
        found.wait(2)
        return FuturesDesk(found, market)

    return make


@pytest.fixture
def usdm(make_futures: Callable[..., FuturesDesk]) -> FuturesDesk:
    """Return a USDⓈ-M client, two seconds after the start."""
    return make_futures("usdm")


@pytest.fixture
def coinm(make_futures: Callable[..., FuturesDesk]) -> FuturesDesk:
    """Return a COIN-M client, two seconds after the start."""
    return make_futures("coinm")
