"""Market data: bars, trades, top of book."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model.numbers import ZERO, amount_field
from real_trade.model.timeframe import Timeframe
from real_trade.model.times import time_field

__all__ = ["Bar", "MarketTrade", "Ticker", "TopOfBook"]


@attrs.frozen(kw_only=True)
class Bar:
    """One bar of one symbol. `open_time` is its start; `end_time` is the next bar's start.

    `volume` is in base units (contracts on inverse markets). `closed` is False while it forms.
    """

    symbol: str
    timeframe: Timeframe
    open_time: datetime = time_field()
    open: Decimal = amount_field("open")
    high: Decimal = amount_field("high")
    low: Decimal = amount_field("low")
    close: Decimal = amount_field("close")
    volume: Decimal = amount_field("volume", ZERO)
    closed: bool = True

    @property
    def end_time(self) -> datetime:
        """Return the time at which the bar is complete."""
        return self.timeframe.add(self.open_time)

    def fault(self) -> str:
        """Return what is wrong with the bar's figures, or ""."""
        if self.low <= 0:
            return f"a price is not positive (low {self.low})"
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            return (
                f"open {self.open}, high {self.high}, low {self.low}, close {self.close} "
                "contradict each other"
            )
        if self.volume < 0:
            return f"volume {self.volume} is negative"
        return ""


@attrs.frozen(kw_only=True)
class TopOfBook:
    """Best bid and ask with their amounts."""

    symbol: str
    bid: Decimal = amount_field("bid")
    bid_amount: Decimal = amount_field("bid_amount")
    ask: Decimal = amount_field("ask")
    ask_amount: Decimal = amount_field("ask_amount")
    time: datetime = time_field()


@attrs.frozen(kw_only=True)
class MarketTrade:
    """One trade on the market, of anybody. `buyer_is_maker` means that a seller took liquidity."""

    symbol: str
    trade_id: str
    price: Decimal = amount_field("price")
    amount: Decimal = amount_field("amount")
    buyer_is_maker: bool = False
    time: datetime = time_field()


@attrs.frozen(kw_only=True)
class Ticker:
    """Last price with the top of the book."""

    symbol: str
    last: Decimal = amount_field("last")
    bid: Decimal = amount_field("bid")
    ask: Decimal = amount_field("ask")
    time: datetime = time_field()
