"""A small venue: one symbol with wide limits, two accounts, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from real_trade.model import Instrument, MarketTrade, OrderType, Side
from real_trade.paper import Level, OrderRequest, Quote, SymbolRules, Venue, VenueEvent
from real_trade.runtime import VirtualClock

SYMBOL = "BTC/USDT"


def make_instrument(symbol: str = SYMBOL, **changes: Any) -> Instrument:
    base, quote = symbol.split("/")
    values: dict[str, Any] = {
        "symbol": symbol,
        "native": base + quote,
        "base": base,
        "quote": quote,
        "settle": quote,
        "price_step": "0.01",
        "amount_step": "0.001",
        "min_amount": "0.001",
        "min_notional": "5",
        **changes,
    }
    return Instrument(**values)


def make_request(side: str, kind: str = "limit", **fields: Any) -> OrderRequest:
    values: dict[str, Any] = {"symbol": SYMBOL, **fields}
    return OrderRequest(side=Side(side), type=OrderType(kind), **values)


class Market:
    """A venue with its clock, and the few words that tests need."""

    def __init__(self, **options: Any) -> None:
        self.clock = VirtualClock()
        self.events: list[VenueEvent] = []
        instruments = options.pop("instruments", [make_instrument()])
        options.setdefault("rules", {SYMBOL: SymbolRules(max_algo_orders=0)})
        self.venue = Venue(instruments, self.clock, **options)
        for name in ("alice", "bob"):
            self.venue.open_account(name, {"USDT": Decimal(10_000), "BTC": Decimal(10)})
        self.venue.listen(self.events.append)
        self._trades = 0

    def quote(
        self,
        bids: list[tuple[str, str]],
        asks: list[tuple[str, str]],
        symbol: str = SYMBOL,
    ) -> None:
        self.venue.on_quote(Quote(symbol, _levels(bids), _levels(asks), self.clock.now()))

    def trade(
        self, price: str, amount: str = "1", *, seller_takes: bool = True, symbol: str = SYMBOL
    ) -> None:
        self._trades += 1
        self.venue.on_trade(
            MarketTrade(
                symbol=symbol,
                trade_id=str(self._trades),
                price=price,
                amount=amount,
                buyer_is_maker=seller_takes,
                time=self.clock.now(),
            )
        )

    def pass_time(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def after(self, seconds: float) -> Any:
        return self.clock.now() + timedelta(seconds=seconds)

    def free(self, account: str, asset: str) -> Decimal:
        return self.venue.balance(account, asset).free

    def locked(self, account: str, asset: str) -> Decimal:
        return self.venue.balance(account, asset).locked


def _levels(pairs: list[tuple[str, str]]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), Decimal(amount)) for price, amount in pairs)


@pytest.fixture
def request_for() -> Callable[..., OrderRequest]:
    return make_request


@pytest.fixture
def instrument_for() -> Callable[..., Instrument]:
    return make_instrument


@pytest.fixture
def market_with() -> Callable[..., Market]:
    return Market


@pytest.fixture
def market() -> Market:
    return Market()
