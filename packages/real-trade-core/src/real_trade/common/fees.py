"""The fees of a backtest."""

from __future__ import annotations

from decimal import Decimal

from real_trade.paper import FeeAsset, FeeSchedule

__all__ = ["quote_fees"]


def quote_fees(rate: Decimal) -> FeeSchedule:
    """Return fees as Backtrader's own broker charges them: in quote units and unrounded."""
    return FeeSchedule(maker=rate, taker=rate, asset=FeeAsset.QUOTE, digits=None)
