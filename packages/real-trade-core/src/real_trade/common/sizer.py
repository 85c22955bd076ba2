"""The size of an order that names none."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from real_trade.utils.errors import ConfigurationError

__all__ = ["CashShareSizer"]


class CashShareSizer(bt.Sizer):
    """Buys for a share of the cash; sells the position.

    Backtrader's own default is one unit, which is one whole bitcoin.

    Params:
        share: part of the cash that a buy spends (0.1 is 10 %).
    """

    params = (("share", 0.1),)

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> float:  # noqa: ARG002
        position = self.broker.getposition(data)
        if not isbuy and position.size > 0:
            return float(position.size)
        if isbuy and position.size < 0:
            return float(-position.size)
        if not len(data):
            raise ConfigurationError(
                "an order needs a bar, and there is none yet",
                remedy="place orders in next(), not in __init__() or start()",
            )
        price = data.close[0]
        return cash * self.p.share / price if price > 0 else 0.0
