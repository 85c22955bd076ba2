"""Times as plain numbers that JSON can hold; exact to the microsecond."""

from __future__ import annotations

from datetime import datetime, timedelta

from real_trade.model.times import EPOCH

__all__ = ["plain_time", "read_time"]

_MICRO = timedelta(microseconds=1)


def plain_time(time: datetime) -> int:
    """Return microseconds since the epoch."""
    return (time - EPOCH) // _MICRO


def read_time(plain: int) -> datetime:
    """Return the time that `plain_time` wrote."""
    return EPOCH + timedelta(microseconds=plain)
