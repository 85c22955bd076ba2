"""Times as text and as numbers, always UTC; lengths of timeframes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = [
    "TIMEFRAMES",
    "datetime_to_timestamp",
    "format_duration",
    "format_time",
    "now_ms",
    "parse_time",
    "timeframe_to_seconds",
    "timestamp_to_datetime",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 30 * 86400}

TIMEFRAMES = (
    *("1s", "1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h"),
    *("1d", "3d", "1w", "1M"),
)
"""Every timeframe there is; `model.Timeframe` is the same as an enum."""


class _Now(Protocol):
    def now(self) -> datetime: ...


def timeframe_to_seconds(timeframe: str) -> int:
    """Return the length of `timeframe` in seconds; a month counts as 30 days.

    Raises:
        ValueError: no such timeframe.
    """
    if timeframe not in TIMEFRAMES:
        raise ValueError(f"unknown timeframe {timeframe!r} (known: {', '.join(TIMEFRAMES)})")
    return int(timeframe[:-1]) * _UNITS[timeframe[-1]]


def timestamp_to_datetime(timestamp_ms: int) -> datetime:
    """Return the aware UTC time `timestamp_ms` milliseconds after the epoch; exact."""
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def datetime_to_timestamp(time: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down; exact.

    Raises:
        ValueError: `time` has no time zone, so nobody knows what it means.
    """
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; use datetime(..., tzinfo=UTC)")
    return (time - _EPOCH) // timedelta(milliseconds=1)


def now_ms(clock: _Now) -> int:
    """Return the time of `clock`, such as a runtime's, in milliseconds since the epoch."""
    return datetime_to_timestamp(clock.now())


def parse_time(text: str) -> datetime:
    """Return the time that `text` tells, in UTC; without a zone it is taken as UTC.

    `2026-01-31`, `2026-01-31 10:00`, `2026-01-31T10:00:00Z`, `2026-01-31T18:00+08:00`.

    Raises:
        ValueError: unreadable, or a bare number: seconds and milliseconds look alike.
    """
    cleaned = text.strip()
    try:
        # Digits alone would be read as a date without dashes.
        time = datetime.fromisoformat(cleaned if "-" in cleaned else "")
    except ValueError:
        raise ValueError(
            f"unreadable time {text!r}; write 2026-01-31, 2026-01-31 10:00 or 2026-01-31T10:00:00Z"
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """Return `time` in UTC for people: `2026-01-31 10:00:00Z`.

    Raises:
        ValueError: `time` has no time zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; use datetime(..., tzinfo=UTC)")
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def format_duration(seconds: float) -> str:
    """Return `seconds` for people: `45s`, `2.5m`, `1.5h`, `3.0d`."""
    size = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if size >= length:
            return f"{seconds / length:.1f}{unit}"
    return f"{seconds:.0f}s"
