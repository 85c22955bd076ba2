"""Bar lengths, as exchanges spell them, with their place in time."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import Enum

from real_trade.model.times import EPOCH

__all__ = ["Timeframe"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# Weeks start on Monday; the epoch was a Thursday.
_FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


class Timeframe(Enum):
    """One bar length. `Timeframe("1h")` reads one; `Timeframe.parse` explains a wrong one."""

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"
    MONTH1 = "1M"

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Return the timeframe that `text` names.

        Raises:
            ValueError: no such timeframe; the message suggests the nearest.
        """
        try:
            return cls(text)
        except ValueError:
            known = [member.value for member in cls]
            near = get_close_matches(str(text), known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"unknown timeframe {text!r}{hint} (known: {', '.join(known)})"
            ) from None

    @property
    def seconds(self) -> int:
        """Return the length in seconds; a month counts as 30 days, which only estimates may use."""
        if self is Timeframe.MONTH1:
            return 30 * 86400
        return int(self.value[:-1]) * _UNITS[self.value[-1]]

    def floor(self, time: datetime) -> datetime:
        """Return the open time of the bar that holds `time` (UTC; weeks start on Monday)."""
        if self is Timeframe.MONTH1:
            return time.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        origin = _FIRST_MONDAY if self is Timeframe.W1 else EPOCH
        length = timedelta(seconds=self.seconds)
        return origin + (time - origin) // length * length

    def add(self, open_time: datetime, bars: int = 1) -> datetime:
        """Return the open time `bars` bars after the one that opens at `open_time`.

        Months count from any day: from the 31st to the last day where there is no 31st.
        """
        if self is Timeframe.MONTH1:
            year, month = divmod(open_time.year * 12 + open_time.month - 1 + bars, 12)
            last_day = monthrange(year, month + 1)[1]
            return open_time.replace(year=year, month=month + 1, day=min(open_time.day, last_day))
        return open_time + timedelta(seconds=self.seconds * bars)
