"""Round trips out of fills: what was bought and sold against each other, oldest first."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.storage.runs import FillRow

__all__ = ["RoundTrip", "round_trips"]

_ZERO = Decimal(0)
ValueOf = Callable[[str, Decimal, Decimal], Decimal]


@attrs.frozen(kw_only=True)
class RoundTrip:
    """A position from its opening to its closing, or a part of one.

    Attributes:
        side: "long" or "short".
        pnl: profit net of the fees that were paid in quote units, in quote units.
    """

    symbol: str
    side: str
    amount: Decimal
    opened_at: datetime
    closed_at: datetime
    entry: Decimal
    exit: Decimal
    pnl: Decimal


@attrs.define
class _Lot:
    sign: int
    amount: Decimal
    price: Decimal
    fee: Decimal  # for each unit, in quote units
    time: datetime


def round_trips(
    fills: Iterable[FillRow], contract_sizes: Mapping[str, Decimal] | None = None
) -> list[RoundTrip]:
    """Match fills of each symbol first in, first out; return what was closed, in order of closing.

    A fee in the base asset is valued at the fill's price; one in a third asset is left out of the
    profit, since its price is not known here.

    Args:
        fills: oldest first.
        contract_sizes: by symbol, for contracts that are not one base unit. Inverse contracts are
            not matched here: their profit is in the coin.
    """
    sizes = contract_sizes or {}
    books: dict[str, deque[_Lot]] = defaultdict(deque)
    found: list[RoundTrip] = []
    for fill in fills:
        lots = books[fill.symbol]
        size = sizes.get(fill.symbol, Decimal(1))
        sign = 1 if fill.side == "buy" else -1
        left = fill.amount
        fee = _fee_in_quote(fill) / fill.amount if fill.amount else _ZERO
        while left > 0 and lots and lots[0].sign != sign:
            closed = min(left, lots[0].amount)
            found.append(_trip(fill, lots[0], closed, size, fee))
            left -= closed
            lots[0].amount -= closed
            if not lots[0].amount:
                lots.popleft()
        if left > 0:
            lots.append(_Lot(sign, left, fill.price, fee, fill.time))
    return found


def _trip(fill: FillRow, lot: _Lot, amount: Decimal, size: Decimal, fee: Decimal) -> RoundTrip:
    gross = (fill.price - lot.price) * amount * size * lot.sign
    return RoundTrip(
        symbol=fill.symbol,
        side="long" if lot.sign > 0 else "short",
        amount=amount,
        opened_at=lot.time,
        closed_at=fill.time,
        entry=lot.price,
        exit=fill.price,
        pnl=gross - (fee + lot.fee) * amount,
    )


def _fee_in_quote(fill: FillRow) -> Decimal:
    base, _, rest = fill.symbol.partition("/")
    quote = rest.partition(":")[0]
    if fill.fee_asset == quote:
        return fill.fee
    return fill.fee * fill.price if fill.fee_asset == base else _ZERO
