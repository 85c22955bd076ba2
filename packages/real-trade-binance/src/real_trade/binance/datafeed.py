"""The seed's feed: bars of one Binance symbol."""

from __future__ import annotations

from real_trade.common import BaseData

__all__ = ["BinanceData"]


class BinanceData(BaseData):
    """A feed on a `BinanceStore`; see `BaseData` for its parameters."""
