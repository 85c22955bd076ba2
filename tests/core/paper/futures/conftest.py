"""A small futures venue: one linear and one inverse perpetual, a quarterly, two accounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from real_trade.model import Instrument, Market, MarketTrade, OrderType, Side
from real_trade.paper import FeeSchedule, Level, Quote, SymbolRules, VenueEvent
from real_trade.paper.futures import (
    AlgoRequest,
    FuturesRequest,
    FuturesRules,
    FuturesVenue,
    brackets,
)
from real_trade.runtime import VirtualClock

LINEAR = "BTC/USDT:USDT"
INVERSE = "BTC/USD:BTC"
QUARTERLY = "BTC/USD:BTC-261225"

BRACKETS = brackets((50, "50000", "0.01"), (20, "1000000", "0.02"), (5, "10000000", "0.1"))
COIN_BRACKETS = brackets((50, "5", "0.01"), (20, "100", "0.02"), (5, "1000", "0.1"))


def make_instruments() -> list[Instrument]:
    linear = Instrument(
        symbol=LINEAR,
        native="BTCUSDT",
        base="BTC",
        quote="USDT",
        settle="USDT",
        market=Market.FUTURE,
        price_step="0.1",
        amount_step="0.001",
        min_amount="0.001",
        min_notional="5",
    )
    inverse: dict[str, Any] = {
        "base": "BTC",
        "quote": "USD",
        "settle": "BTC",
        "market": Market.DELIVERY,
        "price_step": "0.1",
        "amount_step": "1",
        "min_amount": "1",
        "contract_size": "100",
    }
    return [
        linear,
        Instrument(symbol=INVERSE, native="BTCUSD_PERP", **inverse),
        Instrument(
            symbol=QUARTERLY,
            native="BTCUSD_261225",
            expiry=datetime(2026, 12, 25, 8, tzinfo=UTC),
            **inverse,
        ),
    ]


class Desk:
    """A futures venue with its clock, and the few words that tests need."""

    def __init__(self, **options: Any) -> None:
        self.clock = VirtualClock()
        self.events: list[VenueEvent] = []
        instruments = make_instruments()
        options.setdefault("fees", FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0004")))
        options.setdefault("rules", {one.symbol: SymbolRules() for one in instruments})
        options.setdefault(
            "futures_rules",
            {
                LINEAR: FuturesRules(brackets=BRACKETS, default_leverage=10),
                INVERSE: FuturesRules(brackets=COIN_BRACKETS, default_leverage=10),
                QUARTERLY: FuturesRules(brackets=COIN_BRACKETS, default_leverage=10),
            },
        )
        self.venue = FuturesVenue(instruments, self.clock, **options)
        for name in ("alice", "bob"):
            self.venue.open_account(name, {"USDT": Decimal(10_000), "BTC": Decimal(1)})
        self.venue.listen(self.events.append)
        self._trades = 0

    def quote(self, bid: str, ask: str, symbol: str = LINEAR, amount: str = "1000") -> None:
        bids = (Level(Decimal(bid), Decimal(amount)),)
        asks = (Level(Decimal(ask), Decimal(amount)),)
        self.venue.on_quote(Quote(symbol, bids, asks, self.clock.now()))

    def trade(self, price: str, symbol: str = LINEAR, amount: str = "0.001") -> None:
        self._trades += 1
        self.venue.on_trade(
            MarketTrade(
                symbol=symbol,
                trade_id=str(self._trades),
                price=Decimal(price),
                amount=Decimal(amount),
                buyer_is_maker=True,
                time=self.clock.now(),
            )
        )

    def at(self, price: str, symbol: str = LINEAR) -> None:
        """Let the market stand at `price`, with no spread, and trade there."""
        self.quote(price, price, symbol)
        self.trade(price, symbol, "0.001" if symbol == LINEAR else "1")

    def order(self, side: str, amount: str | None, kind: str = "market", **fields: Any) -> Any:
        account = fields.pop("account", "alice")
        request = self.request(side, amount, kind, **fields)
        return self.venue.place(account, request)

    def request(self, side: str, amount: str | None, kind: str, **fields: Any) -> FuturesRequest:
        values: dict[str, Any] = {"symbol": LINEAR, "amount": amount, **fields}
        return FuturesRequest(side=Side(side), type=OrderType(kind), **values)

    def algo(self, side: str, kind: str, **fields: Any) -> Any:
        account = fields.pop("account", "alice")
        values: dict[str, Any] = {"symbol": LINEAR, **fields}
        return self.venue.place_algo(
            account, AlgoRequest(side=Side(side), type=OrderType(kind), **values)
        )

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def after(self, **span: float) -> datetime:
        return self.clock.now() + timedelta(**span)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def desk_with() -> type[Desk]:
    return Desk
