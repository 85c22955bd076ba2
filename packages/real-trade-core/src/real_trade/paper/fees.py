"""What a trade costs: maker and taker rates, and the asset that pays."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from enum import Enum

import attrs

from real_trade.model import Instrument, Market, Side
from real_trade.model.numbers import ZERO, amount_field

__all__ = ["Fee", "FeeAsset", "FeeSchedule", "usual_fees"]

# What Binance shows of a fee, and what a division is cut to.
_SMALLEST = Decimal("1e-8")
_RATE = Decimal("0.001")
_FUTURES_MAKER, _FUTURES_TAKER = Decimal("0.0002"), Decimal("0.0005")


class FeeAsset(Enum):
    """Which asset pays the fee of a spot trade."""

    RECEIVED = "received"  # base of a buy, quote of a sell: Binance spot
    BASE = "base"
    QUOTE = "quote"  # what Backtrader's own broker does


@attrs.frozen
class Fee:
    """One fee; negative for a rebate."""

    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Rates as ratios (0.001 is 0.1 %) and who pays in what.

    With `discount_asset`, such as BNB, a fee is paid in it at `discount` off, as long as the
    account has enough of it free and its price is known; otherwise in `asset` at the full rate
    (Binance, "How to use BNB to pay for fees").

    Attributes:
        per_symbol: (maker, taker) for symbols that differ.
        discount: the part that is let off, 0.25 for 25 %.
        digits: fees are cut off, never rounded up, after so many decimals; None keeps them exact.
    """

    maker: Decimal = amount_field("maker", ZERO)
    taker: Decimal = amount_field("taker", ZERO)
    asset: FeeAsset = FeeAsset.RECEIVED
    per_symbol: Mapping[str, tuple[Decimal, Decimal]] = attrs.field(factory=dict)
    discount_asset: str = ""
    discount: Decimal = amount_field("discount", Decimal("0.25"))
    digits: int | None = 8

    def rate(self, symbol: str, *, is_maker: bool) -> Decimal:
        """Return the rate for a fill of `symbol`."""
        maker, taker = self.per_symbol.get(symbol, (self.maker, self.taker))
        return maker if is_maker else taker

    def fee(
        self, instrument: Instrument, side: Side, amount: Decimal, quote: Decimal, *, is_maker: bool
    ) -> Fee:
        """Return the fee of a spot fill of `amount` base units for `quote` quote units."""
        rate = self.rate(instrument.symbol, is_maker=is_maker)
        in_base = self.asset is FeeAsset.BASE or (
            self.asset is FeeAsset.RECEIVED and side is Side.BUY
        )
        if in_base:
            return Fee(instrument.base, self.cut(amount * rate))
        return Fee(instrument.quote, self.cut(quote * rate))

    def discounted(self, fee: Fee, price: Decimal) -> Fee:
        """Return `fee` in the discount asset, one unit of which costs `price` of the fee's."""
        amount = fee.amount * (1 - self.discount) / price
        return Fee(self.discount_asset, amount.quantize(_SMALLEST, rounding=ROUND_DOWN))

    def cut(self, amount: Decimal) -> Decimal:
        """Return `amount` without the decimals past `digits`."""
        if self.digits is None:
            return amount
        return amount.quantize(Decimal(1).scaleb(-self.digits), rounding=ROUND_DOWN)


def usual_fees(market: Market, *, live: bool) -> FeeSchedule:
    """Return what Binance charges new accounts; in a backtest as Backtrader's broker takes it."""
    if market is not Market.SPOT:
        digits = 8 if live else None
        return FeeSchedule(maker=_FUTURES_MAKER, taker=_FUTURES_TAKER, digits=digits)
    if live:
        return FeeSchedule(maker=_RATE, taker=_RATE)
    return FeeSchedule(maker=_RATE, taker=_RATE, asset=FeeAsset.QUOTE, digits=None)
