"""What the order core tells and asks."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from real_trade.model import Fill, Order, OrderIntent, OrderState

__all__ = ["Guard", "Listener", "OrderChange"]


@attrs.frozen(kw_only=True)
class OrderChange:
    """One change of one order: `order` is as it stands after it, `fills` are new with it."""

    order: Order
    previous: OrderState
    fills: tuple[Fill, ...] = ()


Listener = Callable[[OrderChange], None]
"""Told of every change, on Cerebro's thread, in order."""

Guard = Callable[[OrderIntent], str]
"""Asked before an order leaves: "" lets it go, anything else is the reason of its denial."""
