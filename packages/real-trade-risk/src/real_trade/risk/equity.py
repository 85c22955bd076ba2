"""Equity as it was seen: its peak, its value when the day began, and the falls from both."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from real_trade.model.numbers import ZERO
from real_trade.risk._plain import plain_time, read_time

__all__ = ["EquityMarks"]


class EquityMarks:
    """Marks of one account's equity, in the quote (settle) asset."""

    def __init__(self) -> None:
        self.last: Decimal | None = None
        self.peak: Decimal | None = None
        self.peak_at: datetime | None = None
        self.day_start: Decimal | None = None

    def observe(self, equity: Decimal, now: datetime) -> bool:
        """Take equity as it is now; return whether a mark moved."""
        self.last = equity
        moved = False
        if self.day_start is None:
            self.day_start, moved = equity, True
        if self.peak is None or equity > self.peak:
            self.peak, self.peak_at, moved = equity, now, True
        return moved

    def new_day(self) -> None:
        """Begin a day with the equity that was seen last, so that no gap is left out."""
        self.day_start = self.last

    def rebase(self, now: datetime) -> None:
        """Forget peak and day's start: both are what equity is now. A person's decision."""
        self.peak, self.peak_at, self.day_start = self.last, now, self.last

    @property
    def drawdown(self) -> Decimal:
        """Return the fall from the peak as a share of it."""
        if self.peak is None or self.last is None or self.peak <= 0:
            return ZERO
        return (self.peak - self.last) / self.peak

    @property
    def day_loss(self) -> Decimal:
        """Return what was lost since the day began; 0 for a gain."""
        if self.day_start is None or self.last is None:
            return ZERO
        return max(self.day_start - self.last, ZERO)

    @property
    def day_loss_share(self) -> Decimal:
        """Return the day's loss as a share of the equity it began with."""
        start = self.day_start
        return self.day_loss / start if start is not None and start > 0 else ZERO

    def plain(self) -> list[Any]:
        """Return the marks as values that JSON can hold."""
        figures = [None if one is None else str(one) for one in (self.last, self.peak)]
        start = None if self.day_start is None else str(self.day_start)
        return [*figures, plain_time(self.peak_at) if self.peak_at else None, start]

    def restore(self, plain: list[Any]) -> None:
        """Take back what `plain` returned."""
        last, peak, peak_at, start = plain
        self.last = None if last is None else Decimal(last)
        self.peak = None if peak is None else Decimal(peak)
        self.peak_at = None if peak_at is None else read_time(peak_at)
        self.day_start = None if start is None else Decimal(start)
