"""Exact numbers: the one door through which an amount or a price enters."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Any

import attrs

__all__ = ["ONE", "ZERO", "amount_field", "ceil_to", "decimal", "floor_to", "optional_amount_field"]

ZERO = Decimal(0)
ONE = Decimal(1)

# Wider than any figure of an exchange; what is longer still is cut on the side that is asked for.
_FLOOR = Context(prec=60, rounding=ROUND_FLOOR)
_CEILING = Context(prec=60, rounding=ROUND_CEILING)


def decimal(value: Decimal | int | str, what: str = "value") -> Decimal:
    """Return `value` as a finite Decimal.

    Floats are refused: at Backtrader's edge `common.translate` turns them into text first.

    Raises:
        TypeError: `value` is a float, a bool or no number.
        ValueError: `value` is NaN, infinite or unreadable text.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"{what} must be a Decimal, an int or text, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{what} is not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"{what} is not finite: {value!r}")
    return number


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of `step` that is not above `value`; exact."""
    return _to_step(value, step, _FLOOR)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Return the smallest multiple of `step` that is not below `value`; exact."""
    return _to_step(value, step, _CEILING)


def _to_step(value: Decimal, step: Decimal, context: Context) -> Decimal:
    if step <= 0:
        return value
    steps = context.divide(value, step).to_integral_value(rounding=context.rounding)
    return context.multiply(steps, step)


def _converter(what: str) -> Callable[[Any], Decimal]:
    def convert(value: Any) -> Decimal:
        return decimal(value, what)

    return convert


def amount_field(what: str, default: Any = attrs.NOTHING) -> Any:
    """Return an attrs field that holds an exact number and refuses floats."""
    return attrs.field(default=default, converter=_converter(what))


def optional_amount_field(what: str) -> Any:
    """Return an attrs field that holds an exact number or None, which is its default."""
    return attrs.field(default=None, converter=attrs.converters.optional(_converter(what)))
