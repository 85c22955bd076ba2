"""How often to trade and how much to lose in a day, for strategies that ask by themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from real_trade.model.numbers import ZERO
from real_trade.model.times import utc
from real_trade.risk.days import DayRule
from real_trade.risk.sizing import exact
from real_trade.utils.errors import ConfigurationError

__all__ = ["TradeLimiter"]


class TradeLimiter:
    """Counts trades and their losses by day; 0 is no limit.

    Days are UTC. Time is what is passed in, such as a bar's; without any, all is one day.

    Args:
        max_daily_trades: trades a day.
        max_daily_loss: sum of a day's losses less its gains, in quote units.
        cooldown_seconds: pause after each trade.
    """

    def __init__(
        self,
        max_daily_trades: int = 50,
        max_daily_loss: Any = 0.0,
        cooldown_seconds: Any = 0,
        *,
        day: DayRule | None = None,
    ) -> None:
        self.max_daily_trades = int(_not_negative(max_daily_trades, "max_daily_trades"))
        self.max_daily_loss = _not_negative(max_daily_loss, "max_daily_loss")
        seconds = _not_negative(cooldown_seconds, "cooldown_seconds")
        self.cooldown = timedelta(seconds=float(seconds))
        self._day = day or DayRule()
        self._today: date | None = None
        self._last: datetime | None = None
        self.trades = 0
        self.profit = ZERO

    def allow(self, time: datetime | None = None) -> tuple[bool, str]:
        """Return whether one more trade is within the limits, and why not."""
        self._advance(time)
        if self.max_daily_trades and self.trades >= self.max_daily_trades:
            return False, f"{self.trades} trades today, max_daily_trades is {self.max_daily_trades}"
        if self.max_daily_loss and -self.profit >= self.max_daily_loss:
            return False, f"lost {-self.profit:f} today, max_daily_loss is {self.max_daily_loss:f}"
        if self.cooldown and self._last is not None:
            if time is None:
                return False, "cooldown_seconds needs the time: pass now="
            if utc(time) - self._last < self.cooldown:
                return False, f"cooling down until {self._last + self.cooldown:%H:%M:%S}Z"
        return True, ""

    def record(self, pnl: Any = 0, time: datetime | None = None) -> None:
        """Count a trade and what it earned.

        Raises:
            ConfigurationError: `pnl` is no finite number.
        """
        profit = exact(pnl)
        if profit is None:
            raise ConfigurationError(f"pnl = {pnl!r}: is no number", remedy="pass trade.pnlcomm")
        self._advance(time)
        self.trades += 1
        self.profit += profit
        if time is not None:
            self._last = utc(time)

    def _advance(self, time: datetime | None) -> None:
        if time is None:
            return
        today = self._day.day_of(utc(time))
        if self._today is not None and today > self._today:
            self.trades, self.profit = 0, ZERO
        if self._today is None or today > self._today:
            self._today = today


def _not_negative(value: Any, what: str) -> Decimal:
    number = exact(value)
    if number is None or number < 0:
        raise ConfigurationError(
            f"{what} = {value!r}: must be a number, 0 for no limit", remedy="correct it"
        )
    return number
