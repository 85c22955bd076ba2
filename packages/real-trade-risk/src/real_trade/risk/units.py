"""Typed units of limits: `3%`, `5000`, `3x`, `90s`, `10/1s`. What is ambiguous is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from real_trade.utils.errors import ConfigurationError

__all__ = [
    "Rate",
    "count",
    "duration",
    "format_duration",
    "money",
    "multiple",
    "rate",
    "share",
    "unit_field",
]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_RATE = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*([smhdw])")
_MOST_IN_A_RATE = 10_000


def _refused(what: str, value: object, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{what} = {value!r}: {problem}", remedy=remedy)


def _number(value: Any, what: str, remedy: str) -> Decimal:
    """Return `value`, a number or text, as a finite number; a float counts as it is written."""
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise _refused(what, value, "is no number", remedy)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _refused(what, value, "is no number", remedy) from None
    if not number.is_finite():
        raise _refused(what, value, "is not finite", remedy)
    return number


def share(value: Any, what: str) -> Decimal:
    """Return a share of a whole, above 0 and at most 1: `"3%"`, `"0.03"`, `0.03`.

    Raises:
        ConfigurationError: negative, zero, above 100 %, or a number such as 3 that may mean 3 % or
            300 %.
    """
    remedy = 'write it as "3%" or 0.03'
    text = str(value).strip()
    percent = isinstance(value, str) and text.endswith("%")
    number = _number(text[:-1] if percent else value, what, remedy)
    if number < 0:
        raise _refused(what, value, "is negative", remedy)
    if number == 0:
        raise _refused(what, value, "is zero", "leave it out for no limit")
    if percent:
        number /= 100
        if number > 1:
            raise _refused(what, value, "is above 100 %", remedy)
    elif number > 1:
        problem = f"is it {number} % or {number * 100} %? A share is at most 100 %"
        raise _refused(what, value, problem, f'write "{number}%" or {number / 100}')
    return number


def money(value: Any, what: str) -> Decimal:
    """Return an amount of money above 0, in the quote asset.

    Raises:
        ConfigurationError: a percentage, not above zero, or no number.
    """
    if isinstance(value, str) and value.strip().endswith("%"):
        problem = "is a percentage, but this limit is an amount of money in the quote asset"
        raise _refused(what, value, problem, f"use {what.removesuffix('_value')}_pct for a share")
    number = _number(value, what, "write an amount of the quote asset, such as 5000")
    if number <= 0:
        raise _refused(what, value, "must be above zero", "leave it out for no limit")
    return number


def multiple(value: Any, what: str) -> Decimal:
    """Return a multiple of equity above 0: `"3x"`, `3`.

    Raises:
        ConfigurationError: not above zero, above 1000, or no number.
    """
    remedy = 'write it as "3x"'
    text = value.strip().removesuffix("x") if isinstance(value, str) else value
    number = _number(text, what, remedy)
    if not 0 < number <= 1000:
        raise _refused(what, value, "must be above 0 and at most 1000", remedy)
    return number


def count(value: Any, what: str) -> int:
    """Return a whole number above 0.

    Raises:
        ConfigurationError: not whole or not above zero.
    """
    number = _number(value, what, "write a whole number, such as 50")
    if number != number.to_integral_value() or number <= 0:
        raise _refused(what, value, "must be a whole number above zero", "leave it out for none")
    return int(number)


def duration(value: Any, what: str) -> timedelta:
    """Return a length of time: `"90s"`, `"5m"`, `"4h"`, `"1d"`, `"1w"`.

    Raises:
        ConfigurationError: a number without a unit, or not above zero.
    """
    remedy = 'write it with a unit: "90s", "5m", "4h", "1d"'
    if isinstance(value, timedelta):
        length = value
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        length = _seconds(match[1], match[2])
    else:
        raise _refused(what, value, "is it seconds, minutes or hours?", remedy)
    if length <= timedelta(0):
        raise _refused(what, value, "must be above zero", remedy)
    return length


@attrs.frozen
class Rate:
    """At most `count` in any `period`."""

    count: int
    period: timedelta

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.period)}"


def rate(value: Any, what: str) -> Rate:
    """Return a rate: `"10/1s"`, `"10/s"`, `"300/5m"`.

    Raises:
        ConfigurationError: unreadable, none at all, or more than 10,000 (each one is remembered).
    """
    if isinstance(value, Rate):
        return value
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise _refused(what, value, "is no rate", 'write it as "10/1s" or "300/5m"')
    found = Rate(int(match[1]), _seconds(match[2] or "1", match[3]))
    if not 0 < found.count <= _MOST_IN_A_RATE or found.period <= timedelta(0):
        raise _refused(what, value, "must be from 1 to 10000 in some time", 'such as "10/1s"')
    return found


def format_duration(length: timedelta) -> str:
    """Return `length` as it would be written: `90s`, `5m`, `4h`."""
    seconds = Decimal(length // timedelta(microseconds=1)) / 1_000_000
    for unit in ("w", "d", "h", "m"):
        if seconds % _UNITS[unit] == 0:
            return f"{int(seconds / _UNITS[unit])}{unit}"
    return f"{seconds.normalize():f}s"


def _seconds(number: str, unit: str) -> timedelta:
    micros = Decimal(number) * _UNITS[unit] * 1_000_000
    return timedelta(microseconds=int(micros))


Reader = Callable[[Any, str], Any]


def unit_field(name: str, read: Reader, meaning: str, default: Any = None) -> Any:
    """Return an attrs field called `name` that `read` reads; None means the default."""

    def convert(value: Any) -> Any:
        return default if value is None else read(value, name)

    return attrs.field(default=default, converter=convert, metadata={"meaning": meaning})
