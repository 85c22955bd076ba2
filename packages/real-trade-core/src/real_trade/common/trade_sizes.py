"""Exact changes of a position in the floats that Backtrader's trades add up."""

from __future__ import annotations

import math
from collections.abc import Hashable
from decimal import Decimal

from real_trade.model.numbers import ZERO

__all__ = ["TradeSizes", "step_to"]


class TradeSizes:
    """The sizes of open trades twice: exact, and as Backtrader's `Trade.update` sums them.

    A trade closes only when its float sum is zero to the bit, which three sales of 0.1 out of 0.3
    are not. So each change is told as the float that leads that very sum to the exact size.
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

    def _step(self, trade: Hashable, signed: Decimal) -> float:
        exact = self._exact.get(trade, ZERO) + signed
        shown = self._shown.get(trade, 0.0)
        delta = step_to(shown, float(exact))
        self._exact[trade], self._shown[trade] = exact, shown + delta
        return delta


def step_to(shown: float, target: float) -> float:
    """Return the float that takes `shown` to `target`, to the bit where there is one.

    From 1.1 to 1e-8 there is none: the small end has finer digits than the step; nor where every
    step is rounded past the target. Then the result is next to it, by one bit of the larger of the
    two; zero is always reached.
    """
    delta = target - shown
    for _ in range(2):
        if shown + delta == target:
            break
        delta = math.nextafter(delta, math.inf if shown + delta < target else -math.inf)
    return delta if shown + delta == target else target - shown
