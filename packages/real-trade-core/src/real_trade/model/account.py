"""What an account holds: balances and positions, with the arithmetic of each market."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model.instrument import Instrument
from real_trade.model.numbers import ZERO, amount_field, optional_amount_field
from real_trade.model.times import optional_time_field

__all__ = ["AccountUpdate", "Balance", "Position"]


@attrs.frozen(kw_only=True)
class Balance:
    """One asset of an account."""

    asset: str
    free: Decimal = amount_field("free")
    locked: Decimal = amount_field("locked", ZERO)

    @property
    def total(self) -> Decimal:
        """Return free plus locked."""
        return self.free + self.locked


@attrs.frozen(kw_only=True)
class Position:
    """A position: `amount` is signed (negative is short), in the instrument's amount units."""

    symbol: str
    amount: Decimal = amount_field("amount", ZERO)
    entry_price: Decimal = amount_field("entry_price", ZERO)
    mark_price: Decimal | None = optional_amount_field("mark_price")
    liquidation_price: Decimal | None = optional_amount_field("liquidation_price")
    leverage: Decimal | None = optional_amount_field("leverage")

    def profit_at(self, price: Decimal, instrument: Instrument) -> Decimal:
        """Return unrealized profit at `price`: quote units, or base units if inverse.

        Inverse: amount x contract size x (1/entry - 1/price)
        (Binance, "COIN-M Futures: profit and loss calculation").
        """
        if not self.amount:
            return ZERO
        if instrument.inverse:
            return self.amount * instrument.contract_size * (1 / self.entry_price - 1 / price)
        return self.amount * instrument.contract_size * (price - self.entry_price)

    def after(self, signed_amount: Decimal, price: Decimal, instrument: Instrument) -> Position:
        """Return the position after a fill of `signed_amount` at `price`.

        Adding averages the entry (harmonically if inverse), reducing keeps it, crossing zero starts
        anew at `price`.
        """
        total = self.amount + signed_amount
        if not total:
            entry = ZERO
        elif not self.amount or self.amount * total < 0:
            entry = price
        elif abs(total) < abs(self.amount):
            entry = self.entry_price
        elif instrument.inverse:
            entry = total / (self.amount / self.entry_price + signed_amount / price)
        else:
            entry = (self.amount * self.entry_price + signed_amount * price) / total
        return attrs.evolve(self, amount=total, entry_price=entry)


@attrs.frozen(kw_only=True)
class AccountUpdate:
    """The exchange's word on balances or positions that changed: absolute figures, never deltas.

    `reason` is the exchange's, in lower case, such as `order`, `funding_fee`, `deposit`.
    """

    balances: tuple[Balance, ...] = ()
    positions: tuple[Position, ...] = ()
    reason: str = ""
    time: datetime | None = optional_time_field()
