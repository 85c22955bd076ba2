"""One thing to trade: its steps and minima. The one place that rounds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.model.numbers import (
    ONE,
    ZERO,
    amount_field,
    ceil_to,
    floor_to,
    optional_amount_field,
)
from real_trade.model.times import optional_time_field

__all__ = ["Instrument", "Market", "Side"]


class Market(Enum):
    """The kind of market, in the seed's words."""

    SPOT = "spot"
    FUTURE = "future"  # linear: settled in the quote asset (Binance USDⓈ-M)
    DELIVERY = "delivery"  # inverse: settled in the base asset (Binance COIN-M)


class Side(Enum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return 1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


@attrs.frozen(kw_only=True)
class Instrument:
    """What an exchange says of one symbol. All numbers are exact; 0 means "no such limit".

    Amounts are base units on spot and linear markets and whole contracts on inverse ones.

    Attributes:
        symbol: the unified name, `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC`.
        native: the exchange's own name, `BTCUSDT`.
        settle: the asset in which profit and fees of a derivative are paid; the quote on spot.
        price_step: the tick size.
        amount_step: the lot size; market orders may have a coarser one of their own.
        contract_size: base units (linear) or quote units (inverse) in one unit of amount.
        price_up, price_down: a price may be at most reference x price_up, at least x price_down.
        expiry: when a dated contract settles; None for spot and perpetuals.
    """

    symbol: str
    native: str
    base: str
    quote: str
    settle: str
    market: Market = Market.SPOT
    price_step: Decimal = amount_field("price_step")
    amount_step: Decimal = amount_field("amount_step")
    market_amount_step: Decimal = amount_field("market_amount_step", ZERO)
    min_price: Decimal = amount_field("min_price", ZERO)
    max_price: Decimal = amount_field("max_price", ZERO)
    min_amount: Decimal = amount_field("min_amount", ZERO)
    max_amount: Decimal = amount_field("max_amount", ZERO)
    min_market_amount: Decimal = amount_field("min_market_amount", ZERO)
    max_market_amount: Decimal = amount_field("max_market_amount", ZERO)
    min_notional: Decimal = amount_field("min_notional", ZERO)
    max_notional: Decimal = amount_field("max_notional", ZERO)
    contract_size: Decimal = amount_field("contract_size", ONE)
    price_up: Decimal = amount_field("price_up", ZERO)
    price_down: Decimal = amount_field("price_down", ZERO)
    maker_fee: Decimal | None = optional_amount_field("maker_fee")
    taker_fee: Decimal | None = optional_amount_field("taker_fee")
    base_digits: int = 8
    quote_digits: int = 8
    expiry: datetime | None = optional_time_field()
    active: bool = True

    @property
    def inverse(self) -> bool:
        """Whether amounts are contracts of fixed quote value, settled in the base asset."""
        return self.market is Market.DELIVERY

    def round_amount(self, amount: Decimal, *, market_order: bool = False) -> Decimal:
        """Return `amount` rounded down to the step: rounding never adds risk, nor flips a side."""
        step = self.amount_step
        if market_order and self.market_amount_step > step:
            step = self.market_amount_step
        return floor_to(amount, step) if amount > 0 else ZERO

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """Return `price` on the tick, never worse than asked: down for a buy, up for a sell."""
        return (
            floor_to(price, self.price_step)
            if side is Side.BUY
            else ceil_to(price, self.price_step)
        )

    def notional(self, amount: Decimal, price: Decimal) -> Decimal:
        """Return the value of `amount` at `price`: quote units, or base units if inverse."""
        if self.inverse:
            return amount * self.contract_size / price
        return amount * self.contract_size * price

    def quote_value(self, amount: Decimal, price: Decimal) -> Decimal:
        """Return the value of `amount` at `price` in quote units on every market."""
        if self.inverse:
            return amount * self.contract_size
        return amount * self.contract_size * price

    def fault(
        self,
        amount: Decimal,
        price: Decimal | None,
        *,
        market_order: bool = False,
        reduce_only: bool = False,
    ) -> str:
        """Return why an order of `amount` at `price` is against the rules, or "" if it is not.

        `price` is the limit price, or the reference price of a market order (None without one).
        """
        low, high = self.min_amount, self.max_amount
        if market_order:
            low = max(low, self.min_market_amount)
            high = min(
                (limit for limit in (high, self.max_market_amount) if limit > 0), default=ZERO
            )
        if amount <= 0:
            return f"amount {amount} of {self.symbol} is below one step of {self.amount_step}"
        if amount < low:
            return f"amount {amount} of {self.symbol} is below the minimum {low}"
        if high > 0 and amount > high:
            return f"amount {amount} of {self.symbol} is above the maximum {high}"
        if self.round_amount(amount, market_order=market_order) != amount:
            return f"amount {amount} of {self.symbol} is not a multiple of {self.amount_step}"
        if price is None:
            return ""
        if price <= 0:
            return f"price {price} of {self.symbol} is not positive"
        if not market_order and floor_to(price, self.price_step) != price:
            return f"price {price} of {self.symbol} is not a multiple of the tick {self.price_step}"
        if not market_order and price < self.min_price:
            return f"price {price} of {self.symbol} is below the minimum {self.min_price}"
        if not market_order and 0 < self.max_price < price:
            return f"price {price} of {self.symbol} is above the maximum {self.max_price}"
        value = self.quote_value(amount, price)
        if value < self.min_notional and not reduce_only:
            return (
                f"order value {value} {self.quote} of {self.symbol} is below the minimum "
                f"{self.min_notional}"
            )
        if 0 < self.max_notional < value:
            return (
                f"order value {value} {self.quote} of {self.symbol} is above the maximum "
                f"{self.max_notional}"
            )
        return ""
