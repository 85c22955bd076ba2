"""The contracts that the simulator lists, and tapes that follow the spot price of their base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import attrs

from real_trade.model import Bar, Instrument, Market, MarketTrade, Timeframe
from real_trade.model.numbers import ceil_to, floor_to
from real_trade.paper import Level, Quote, Tape, TapeEvent
from real_trade.paper.futures import INVERSE_BRACKETS, LINEAR_BRACKETS, FuturesRules
from real_trade.simulator.symbols import Listing, spot_listings
from real_trade.utils.errors import ConfigurationError

__all__ = ["FollowingTape", "coinm_listings", "futures_rules", "usdm_listings"]

R = TypeVar("R")

_RANGE = Decimal("1.05"), Decimal("0.95")
# COIN-M trades a small part of what spot does.
_COINM_SHARE = Decimal("0.01")

# native, spot, price step, amount step, minimum notional (Binance's exchangeInfo, 2026)
_USDM = {
    "BTCUSDT": ("BTCUSDT", "0.1", "0.001", "100"),
    "ETHUSDT": ("ETHUSDT", "0.01", "0.001", "20"),
    "BNBUSDT": ("BNBUSDT", "0.01", "0.01", "5"),
    "SOLUSDT": ("SOLUSDT", "0.01", "0.01", "5"),
}
# native, spot, price step, contract size in USD
_COINM = {
    "BTCUSD_PERP": ("BTCUSDT", "0.1", "100"),
    "ETHUSD_PERP": ("ETHUSDT", "0.01", "10"),
    "BNBUSD_PERP": ("BNBUSDT", "0.001", "10"),
    "SOLUSD_PERP": ("SOLUSDT", "0.001", "10"),
}


def usdm_listings(natives: Iterable[str]) -> list[Listing]:
    """Return the USDⓈ-M listings of `natives`.

    Raises:
        ConfigurationError: one is not known.
    """
    return [_linear(native, *_row(native, _USDM)) for native in natives]


def coinm_listings(natives: Iterable[str]) -> list[Listing]:
    """Return the COIN-M listings of `natives`.

    Raises:
        ConfigurationError: one is not known.
    """
    return [_inverse(native, *_row(native, _COINM)) for native in natives]


def futures_rules(instrument: Instrument) -> FuturesRules:
    """Return brackets and rates of a contract."""
    return FuturesRules(brackets=INVERSE_BRACKETS if instrument.inverse else LINEAR_BRACKETS)


def _row(native: str, rows: dict[str, R]) -> R:
    if native not in rows:
        raise ConfigurationError(
            f"the simulator has no contract {native!r}", remedy=f"choose from {', '.join(rows)}"
        )
    return rows[native]


def _linear(native: str, spot: str, tick: str, step: str, notional: str) -> Listing:
    (base,) = spot_listings([spot])
    below = base.instrument
    largest = floor_to(base.daily_volume / 20, Decimal(step))
    instrument = Instrument(
        symbol=f"{below.base}/{below.quote}:{below.quote}",
        native=native,
        base=below.base,
        quote=below.quote,
        settle=below.quote,
        market=Market.FUTURE,
        price_step=Decimal(tick),
        amount_step=Decimal(step),
        min_amount=Decimal(step),
        max_amount=largest,
        min_market_amount=Decimal(step),
        max_market_amount=floor_to(largest / 8, Decimal(step)),
        market_amount_step=Decimal(step),
        min_notional=Decimal(notional),
    )
    instrument = _bounded(instrument, base.price)
    return attrs.evolve(base, instrument=instrument)


def _inverse(native: str, spot: str, tick: str, size: str) -> Listing:
    (base,) = spot_listings([spot])
    below = base.instrument
    one = Decimal(1)
    instrument = Instrument(
        symbol=f"{below.base}/USD:{below.base}",
        native=native,
        base=below.base,
        quote="USD",
        settle=below.base,
        market=Market.DELIVERY,
        price_step=Decimal(tick),
        amount_step=one,
        min_amount=one,
        max_amount=Decimal(1_000_000),
        min_market_amount=one,
        max_market_amount=Decimal(60_000),
        market_amount_step=one,
        contract_size=Decimal(size),
    )
    instrument = _bounded(instrument, base.price)
    contracts = base.daily_volume * base.price / Decimal(size) * _COINM_SHARE
    return attrs.evolve(base, instrument=instrument, daily_volume=floor_to(contracts, one))


def _bounded(one: Instrument, price: Decimal) -> Instrument:
    up, down = _RANGE
    return attrs.evolve(
        one,
        min_price=ceil_to(price / 300, one.price_step),
        max_price=floor_to(price * 10, one.price_step),
        price_up=up,
        price_down=down,
    )


class FollowingTape:
    """A contract's market made of the spot market below it: its prices, on the contract's ticks.

    Amounts of a COIN-M contract are a small part of spot's, in contracts.
    """

    def __init__(self, instrument: Instrument, spot: Tape) -> None:
        self.instrument = instrument
        self._spot = spot

    def events(self, since: datetime, until: datetime | None = None) -> Iterator[TapeEvent]:
        """Return quotes and trades from `since` to before `until`."""
        for event in self._spot.events(since, until):
            yield self._quote(event) if isinstance(event, Quote) else self._trade(event)

    def bars(self, timeframe: Timeframe, since: datetime, until: datetime) -> list[Bar]:
        """Return spot's bars under the contract's name; volumes are spot's too."""
        found = self._spot.bars(timeframe, since, until)
        return [attrs.evolve(bar, symbol=self.instrument.symbol) for bar in found]

    def _quote(self, quote: Quote) -> Quote:
        return Quote(
            symbol=self.instrument.symbol,
            bids=self._levels(quote.bids, is_bid=True),
            asks=self._levels(quote.asks, is_bid=False),
            time=quote.time,
            is_estimate=quote.is_estimate,
        )

    def _levels(self, levels: tuple[Level, ...], *, is_bid: bool) -> tuple[Level, ...]:
        merged: dict[Decimal, Decimal] = {}
        for level in levels:
            price = self._price(level.price, is_bid=is_bid)
            merged[price] = merged.get(price, Decimal(0)) + self._amount(level.amount, level.price)
        return tuple(Level(price, amount) for price, amount in merged.items())

    def _trade(self, trade: MarketTrade) -> MarketTrade:
        return attrs.evolve(
            trade,
            symbol=self.instrument.symbol,
            price=self._price(trade.price, is_bid=trade.buyer_is_maker),
            amount=self._amount(trade.amount, trade.price),
        )

    def _price(self, price: Decimal, *, is_bid: bool) -> Decimal:
        step = self.instrument.price_step
        return floor_to(price, step) if is_bid else ceil_to(price, step)

    def _amount(self, amount: Decimal, price: Decimal) -> Decimal:
        one = self.instrument
        if one.inverse:
            amount = amount * price / one.contract_size * _COINM_SHARE
        return max(one.amount_step, floor_to(amount, one.amount_step))
