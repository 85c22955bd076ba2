"""The figures of a run, from its equity and its closed trades: pure arithmetic on floats.

Ratios are plain numbers (0.2 is 20 %), money is in quote units. What cannot be computed is None,
never infinity: no loss has no profit factor, one day has no Sharpe ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

__all__ = [
    "DAYS_A_YEAR",
    "annual_return",
    "daily_returns",
    "expectancy",
    "max_drawdown",
    "profit_factor",
    "ratio",
    "sharpe",
    "sortino",
    "win_rate",
]

_MOST_GROWTH = 700.0  # beyond it there is no such float
DAYS_A_YEAR = 365
"""These markets trade every day."""

Curve = Sequence[tuple[datetime, float]]


def daily_returns(curve: Curve, start: float) -> list[float]:
    """Return the returns of UTC days, from the last equity of each; `start` precedes the first.

    A day without a point counts as a day of no return.
    """
    closes: dict[datetime, float] = {}
    for time, equity in curve:
        closes[time.replace(hour=0, minute=0, second=0, microsecond=0)] = equity
    returns: list[float] = []
    before, last_day = start, None
    for day, close in sorted(closes.items()):
        if last_day is not None:
            returns += [0.0] * ((day - last_day) // timedelta(days=1) - 1)
        returns.append(close / before - 1 if before > 0 else 0.0)
        before, last_day = close, day
    return returns


def sharpe(returns: Sequence[float]) -> float | None:
    """Return the annual Sharpe ratio of daily returns, without a riskless rate.

    mean / sample standard deviation x sqrt(365); None below two days or without any change.
    """
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((one - mean) ** 2 for one in returns) / (len(returns) - 1)
    return _annual(mean, math.sqrt(variance))


def sortino(returns: Sequence[float]) -> float | None:
    """Return the annual Sortino ratio of daily returns, with a target of zero.

    mean / sqrt(mean of squared losses) x sqrt(365); None below two days or without a loss.
    """
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    downside = math.fsum(min(one, 0.0) ** 2 for one in returns) / len(returns)
    return _annual(mean, math.sqrt(downside))


def _annual(mean: float, deviation: float) -> float | None:
    return mean / deviation * math.sqrt(DAYS_A_YEAR) if deviation > 1e-15 else None


def max_drawdown(equities: Sequence[float], start: float) -> float:
    """Return the deepest fall from a peak, as a ratio of that peak."""
    peak, deepest = start, 0.0
    for equity in equities:
        peak = max(peak, equity)
        if peak > 0:
            deepest = max(deepest, 1 - equity / peak)
    return deepest


def annual_return(start: float, end: float, days: float) -> float | None:
    """Return the yearly growth rate; None below a week, where it would say nothing."""
    if days < 7 or start <= 0 or end <= 0:
        return None
    growth = math.log(end / start) * DAYS_A_YEAR / days
    return math.expm1(growth) if growth < _MOST_GROWTH else None


def win_rate(profits: Sequence[float]) -> float | None:
    """Return the share of trades that made money; None without a trade."""
    return sum(one > 0 for one in profits) / len(profits) if profits else None


def profit_factor(profits: Sequence[float]) -> float | None:
    """Return gross profit / gross loss; None without a loss."""
    lost = -math.fsum(one for one in profits if one < 0)
    return math.fsum(one for one in profits if one > 0) / lost if lost > 0 else None


def expectancy(profits: Sequence[float]) -> float | None:
    """Return the mean profit of a trade; None without a trade."""
    return math.fsum(profits) / len(profits) if profits else None


def ratio(part: float | None, whole: float) -> float | None:
    """Return part / whole; None where that says nothing."""
    return None if part is None or whole <= 0 else part / whole
