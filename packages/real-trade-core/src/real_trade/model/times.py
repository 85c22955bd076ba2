"""Aware UTC times: conversions that keep whole milliseconds and microseconds exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

__all__ = ["EPOCH", "from_ms", "optional_time_field", "time_field", "to_ms", "utc"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def utc(value: datetime) -> datetime:
    """Return `value` in UTC; a naive time is refused, since nobody knows what it means.

    Raises:
        TypeError: `value` is no datetime.
        ValueError: `value` has no time zone.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"a time must be a datetime, not {type(value).__name__}")
    if value.tzinfo is None:
        raise ValueError(f"a time needs a time zone: {value!r} has none; add tzinfo=UTC")
    return value.astimezone(UTC)


def from_ms(ms: int) -> datetime:
    """Return the UTC time `ms` milliseconds after the epoch; exact."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(value: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down; exact."""
    return (value - EPOCH) // _MS


def time_field() -> Any:
    """Return an attrs field that holds an aware time, kept in UTC."""
    return attrs.field(converter=utc)


def optional_time_field() -> Any:
    """Return an attrs field that holds an aware UTC time or None, which is its default."""
    return attrs.field(default=None, converter=attrs.converters.optional(utc))
