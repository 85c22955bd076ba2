"""Exact changes of a position in the floats that Backtrader's trades add up."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal

from real_trade.model.numbers import ZERO

__all__ = ["TradeSizes"]


class TradeSizes:
    """The sizes of open trades twice: exact, and as Backtrader's `Trade.update` sums them.

    A trade closes only when its float sum is zero to the bit, which three sales of 0.1 out of 0.3
    are not. So each change is told as the float that leads that very sum to the exact size: to zero
    always, and elsewhere as near as a float can, since a step from 1.1 to 1e-8 has no such digits.
    """

    def __init__(self) -> None:
        self._exact: dict[Hashable, Decimal] = {}
        self._shown: dict[Hashable, float] = {}

    def change(self, trade: Hashable, before: Decimal, signed: Decimal) -> tuple[float, float]:
        """Return what of `signed` closes and what opens, for a fill in a position of `before`."""
        after = before + signed
        if before * after < 0:
            return self._step(trade, -before), self._step(trade, after)
        if abs(after) < abs(before):
            return self._step(trade, signed), 0.0
        return 0.0, self._step(trade, signed)

    def rename(self, trade: Hashable, name: Hashable) -> None:
        """Go on with a trade under another name."""
        if trade in self._exact:
            self._exact[name], self._shown[name] = self._exact.pop(trade), self._shown.pop(trade)

    def _step(self, trade: Hashable, signed: Decimal) -> float:
        exact = self._exact.get(trade, ZERO) + signed
        shown = self._shown.get(trade, 0.0)
        delta = float(exact) - shown
        self._exact[trade], self._shown[trade] = exact, shown + delta
        return delta
