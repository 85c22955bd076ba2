"""When a trading day begins, and at which hours entries are allowed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from real_trade.utils.errors import ConfigurationError

__all__ = ["DayRule", "TradingWindow", "trading_windows"]

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(\d\d):(\d\d)")
_WINDOW = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))?\s+)?(\d\d:\d\d)-(\d\d:\d\d)", re.IGNORECASE)
_DAY_MINUTES = 24 * 60


@attrs.frozen
class DayRule:
    """Where one day of limits ends and the next begins: UTC midnight unless configured."""

    zone: str = "UTC"
    start: str = "00:00"
    _zone: ZoneInfo = attrs.field(init=False, repr=False, eq=False)
    _offset: timedelta = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_zone", _zone(self.zone))
        minutes = _minutes(self.start, "day_start")
        object.__setattr__(self, "_offset", timedelta(minutes=minutes))

    def day_of(self, time: datetime) -> date:
        """Return the day that `time` belongs to."""
        return (time.astimezone(self._zone) - self._offset).date()

    def next_start(self, time: datetime) -> datetime:
        """Return the first moment of the day after that of `time`, in the zone of `time`."""
        following = self.day_of(time) + timedelta(days=1)
        local = datetime(following.year, following.month, following.day, tzinfo=self._zone)
        return (local + self._offset).astimezone(time.tzinfo)

    def local(self, time: datetime) -> datetime:
        """Return `time` on the clock of this rule's zone."""
        return time.astimezone(self._zone)


@attrs.frozen
class TradingWindow:
    """Hours of some days of the week; `end` before `start` means the next morning."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, local: datetime) -> bool:
        """Return whether `local`, a time on the rule's clock, is inside."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        evening = day in self.days and minute >= self.start
        return evening or ((day - 1) % 7 in self.days and minute < self.end)

    def __str__(self) -> str:
        days = "" if len(self.days) == 7 else ",".join(_WEEK[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start)}-{_clock(self.end)}".strip()


def trading_windows(value: Any, what: str) -> tuple[TradingWindow, ...]:
    """Return the windows in `value`: `"Mon-Fri 08:00-16:00"`, or a list of such.

    Raises:
        ConfigurationError: unreadable, empty, or a window of no length.
    """
    parts = [value] if isinstance(value, (str, TradingWindow)) else list(value)
    if not parts:
        raise _refused(what, value, "allows no hour at all")
    return tuple(_window(part, what) for part in parts)


def _window(text: Any, what: str) -> TradingWindow:
    if isinstance(text, TradingWindow):
        return text
    match = _WINDOW.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise _refused(what, text, "is no window of hours")
    start, end = _minutes(match[3], what), _minutes(match[4], what)
    if start == end:
        raise _refused(what, text, "begins when it ends")
    return TradingWindow(_days(match[1], match[2], what), start, end)


def _days(first: str | None, last: str | None, what: str) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last or first):
        if name.lower() not in _WEEK:
            raise _refused(what, name, "is no day of the week")
    begin, end = _WEEK.index(first.lower()), _WEEK.index((last or first).lower())
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _minutes(text: str, what: str) -> int:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else _DAY_MINUTES + 1
    if match is None or int(match[2]) > 59 or minutes > _DAY_MINUTES:
        raise _refused(what, text, "is no time of day")
    return minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ConfigurationError(
            f"day_timezone = {name!r}: no such time zone", remedy='use "UTC" or "Europe/Berlin"'
        ) from None


def _refused(what: str, value: object, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} = {value!r}: {problem}", remedy='write "08:00-16:00" or "Mon-Fri 08:00-16:00"'
    )
