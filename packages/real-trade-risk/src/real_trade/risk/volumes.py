"""Volumes of recent closed bars."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from real_trade.model import Bar
from real_trade.model.numbers import ZERO

__all__ = ["Volumes"]


class Volumes:
    """The last `bars` volumes of each symbol."""

    def __init__(self, bars: int) -> None:
        self._bars = bars
        self._by_symbol: dict[str, deque[Decimal]] = {}

    def add(self, bar: Bar) -> None:
        """Take a closed bar."""
        known = self._by_symbol.setdefault(bar.symbol, deque(maxlen=self._bars))
        known.append(bar.volume)

    def average(self, symbol: str) -> Decimal | None:
        """Return the average volume of the bars that were seen, or None before the first."""
        known = self._by_symbol.get(symbol)
        return sum(known, ZERO) / len(known) if known else None
