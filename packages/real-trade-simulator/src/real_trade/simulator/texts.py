"""Numbers and times as Binance writes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from real_trade.model import to_ms

__all__ = ["from_units", "milliseconds", "to_units", "units", "written"]

_UNIT = 10**8


def written(value: Decimal | int | None) -> str:
    """Return a number with eight decimals; 0.00000000 for None."""
    if not value:
        return "0.00000000"
    return f"{value:.8f}"


def units(value: int) -> str:
    """Return whole 1e-8 units with eight decimals."""
    if value < 0:
        return "-" + units(-value)
    whole, part = divmod(value, _UNIT)
    return f"{whole}.{part:08d}"


def to_units(value: Decimal) -> int:
    """Return a number in whole units of 1e-8, cut off."""
    return int(value.scaleb(8))


def from_units(value: int) -> Decimal:
    """Return the number of `value` units of 1e-8."""
    return Decimal(value).scaleb(-8)


def milliseconds(time: datetime | None) -> int:
    """Return milliseconds since the epoch; -1 for None."""
    return -1 if time is None else to_ms(time)
