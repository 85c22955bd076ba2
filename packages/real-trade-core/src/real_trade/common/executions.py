"""Fills as Backtrader's orders and positions hear of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import backtrader as bt

from real_trade.common.books import BookedFill
from real_trade.common.holdings import Holdings
from real_trade.common.trade_sizes import TradeSizes
from real_trade.model import Fill

__all__ = ["Executions", "stamp"]


def stamp(time: datetime) -> float:
    """Return a time as Backtrader's day number.

    The bar in hand does not tell it: live, it may be the one that is waited for, without a time.
    """
    return float(bt.date2num(time.replace(tzinfo=None)))


class Executions:
    """Executes fills on Backtrader's orders, and keeps the positions that they make.

    Args:
        commission_info: returns Backtrader's commission info of a feed.
    """

    def __init__(self, commission_info: Callable[[Any], Any]) -> None:
        self.holdings = Holdings()
        self._sizes = TradeSizes()
        self._commission_info = commission_info

    def execute(self, order: bt.Order, fill: Fill, booked: BookedFill) -> None:
        """Tell an order of a fill; the position changes with it."""
        data, info = order.data, self._commission_info(order.data)
        trade = (id(order.p.owner), id(data), order.tradeid)
        closed, opened = self._sizes.change(trade, booked.before.amount, booked.signed)
        entry, price = self.holdings.position(fill.symbol).price, float(booked.price)
        commission = float(booked.commission)
        share = abs(closed) / (abs(closed) + abs(opened)) if closed or opened else 0.0
        position = self.holdings.change(
            fill.symbol, float(booked.after.amount), float(booked.after.entry_price)
        )
        order.execute(
            stamp(fill.time),
            closed + opened,
            price,
            closed,
            info.getvaluesize(-closed, entry) if closed else 0.0,
            commission * share,
            opened,
            info.getvaluesize(opened, price) if opened else 0.0,
            commission * (1 - share) if opened else 0.0,
            info.margin,
            info.profitandloss(-closed, entry, price) if closed else 0.0,
            position.size,
            position.price,
        )

    def own(self, order: bt.Order, owner: Any) -> None:
        """Give an order that had no owner one; what it traded goes on under the new name."""
        old, new = ((id(one), id(order.data), order.tradeid) for one in (order.p.owner, owner))
        self._sizes.rename(old, new)
        order.p.owner = owner

    @staticmethod
    def remains(order: bt.Order, amount: Decimal | None, filled: Decimal) -> None:
        """Say what is left by exact figures, where floats would leave a residue."""
        if amount is not None:
            left = float(amount - filled)
            order.executed.remsize = left if order.isbuy() else -left
