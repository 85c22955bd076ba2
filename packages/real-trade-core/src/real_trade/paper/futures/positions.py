"""Positions while they live, and the arithmetic of their margin. Pure: no books, no events.

Sources: Binance, "USDⓈ-M Futures: liquidation price" and "COIN-M Futures: liquidation price" (the
formulas are solved for the mark price at which margin balance and maintenance margin are equal),
"Leverage and margin", "Liquidation protocols".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from real_trade.model import Instrument, Position
from real_trade.model.numbers import ZERO
from real_trade.paper.futures.brackets import FuturesRules
from real_trade.paper.futures.values import (
    PositionSide,
)

__all__ = ["LivePosition", "bankruptcy_price", "liquidation_price"]


# A harmonic average has no end; it is cut to this.
_HARMONIC = Decimal("1e-10")


class LivePosition:
    """One position's changing figures; it stays when it is flat.

    Attributes:
        amount: signed.
        isolated_wallet: what is set aside for it in isolated margin.
        fees: paid to open what is open now.
        traded: the signed sum of all fills, to prove `amount` with.
    """

    __slots__ = (
        "amount",
        "called",
        "entry_price",
        "fees",
        "instrument",
        "isolated_wallet",
        "realized",
        "side",
        "symbol",
        "traded",
        "updated_at",
    )

    def __init__(self, instrument: Instrument, side: PositionSide) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.side = side
        self.amount = ZERO
        self.entry_price = ZERO
        self.isolated_wallet = ZERO
        self.realized = ZERO
        self.fees = ZERO
        self.traded = ZERO
        self.called = False
        self.updated_at: datetime | None = None

    @property
    def sign(self) -> int:
        """Return 1 for a long position, -1 for a short one, 0 for none."""
        return (self.amount > 0) - (self.amount < 0)

    def profit(self, price: Decimal) -> Decimal:
        """Return unrealized profit at `price`."""
        return self._value().profit_at(price, self.instrument)

    def notional(self, price: Decimal) -> Decimal:
        """Return what the position is worth at `price`, in the settle asset."""
        return self.instrument.notional(abs(self.amount), price)

    def closing(self, signed: Decimal) -> Decimal:
        """Return how much of a fill of `signed` closes what is open; not signed."""
        if self.amount * signed >= 0:
            return ZERO
        return min(abs(signed), abs(self.amount))

    def profit_of(self, closed: Decimal, price: Decimal) -> Decimal:
        """Return the profit of closing `closed` units at `price`."""
        part = Position(symbol=self.symbol, amount=closed * self.sign, entry_price=self.entry_price)
        return part.profit_at(price, self.instrument)

    def fill(self, signed: Decimal, price: Decimal) -> None:
        """Take a fill into amount and entry price."""
        after = self._value().after(signed, price, self.instrument)
        entry = after.entry_price
        self.amount = after.amount
        self.entry_price = entry.quantize(_HARMONIC) if self.instrument.inverse else entry
        self.traded += signed

    @property
    def break_even(self) -> Decimal:
        """Return the price at which closing pays the fees of opening."""
        if not self.amount:
            return ZERO
        value = self.amount * self.instrument.contract_size
        if self.instrument.inverse:
            left = 1 / self.entry_price - self.fees / value
            return 1 / left if left > 0 else ZERO
        return self.entry_price + self.fees / value

    def _value(self) -> Position:
        return Position(symbol=self.symbol, amount=self.amount, entry_price=self.entry_price)


def liquidation_price(
    legs: Iterable[LivePosition], wallet: Decimal, rules: FuturesRules, mark: Decimal
) -> Decimal | None:
    """Return the mark price at which `legs` of one symbol are liquidated; None if there is none.

    Args:
        wallet: what stands behind them besides their own profit: of cross positions with the
            profit and without the maintenance margin of all other symbols.
    """
    open_legs = [leg for leg in legs if leg.amount]
    price: Decimal | None = mark
    for _ in range(len(rules.brackets)):
        # The bracket is that of the notional at the liquidation price itself.
        found = _solve(open_legs, wallet, rules, price or mark)
        if found is None or found == price:
            return found
        price = found
    return price


def bankruptcy_price(leg: LivePosition, margin: Decimal, mark: Decimal) -> Decimal | None:
    """Return the price at which `margin`, the balance behind `leg` at `mark`, is used up."""
    value = leg.amount * leg.instrument.contract_size
    if not leg.instrument.inverse:
        price = mark - margin / value
        return price if price > 0 else None
    inverted = 1 / mark + margin / value
    return 1 / inverted if inverted > 0 else None


def _solve(
    legs: list[LivePosition], wallet: Decimal, rules: FuturesRules, at: Decimal
) -> Decimal | None:
    top, bottom = wallet, ZERO
    for leg in legs:
        bracket = rules.bracket(leg.notional(at))
        value = leg.amount * leg.instrument.contract_size
        top += bracket.deduction
        if leg.instrument.inverse:
            # wallet + value/entry - value/x = |value|/x * ratio - deduction
            top += value / leg.entry_price
            bottom += abs(value) * bracket.maintenance + value
        else:
            # wallet + value*(x - entry) = |value|*x * ratio - deduction
            top -= value * leg.entry_price
            bottom += abs(value) * bracket.maintenance - value
    if not legs or not top or not bottom:
        return None
    price = bottom / top if legs[0].instrument.inverse else top / bottom
    return price if price > 0 else None
