"""Commission info for crypto: fractional sizes, rates as ratios."""

from __future__ import annotations

import backtrader as bt

__all__ = ["CryptoCommInfo"]


class CryptoCommInfo(bt.CommInfoBase):
    """Spot: `commission=0.001` is 0.1 % of the value, and sizes are fractions.

    Backtrader's own reads 0.001 as 0.001 % and floors sizes to whole units, so that a target of all
    the cash would buy no bitcoin at all.
    """

    params = (("stocklike", True), ("percabs", True), ("commtype", bt.CommInfoBase.COMM_PERC))

    def getsize(self, price: float, cash: float) -> float:
        """Return how much `cash` buys at `price`, as a fraction."""
        return float(self.p.leverage * (cash / price))
