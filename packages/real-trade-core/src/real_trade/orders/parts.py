"""What the parts of the order desk share."""

from __future__ import annotations

from typing import Protocol

import attrs

from real_trade.exchange import Exchange
from real_trade.model import Order, OrderIntent
from real_trade.orders.errands import Errands
from real_trade.orders.record import Record
from real_trade.orders.settings import DeskSettings

__all__ = ["Parts", "WayOut"]


@attrs.frozen(kw_only=True)
class Parts:
    """The record of all orders, the exchange (for lanes only), errands to lanes, and patience."""

    record: Record
    exchange: Exchange
    errands: Errands
    settings: DeskSettings


class WayOut(Protocol):
    """What the desk does for linked orders."""

    def submit(self, intent: OrderIntent) -> Order:
        """Let an order leave, or deny it."""

    def submit_pair(self, first: OrderIntent, second: OrderIntent) -> None:
        """Let a pair leave that the exchange cancels by itself, or deny both."""

    def want_cancel(self, client_order_id: str) -> None:
        """Ask for the cancel of one order."""

    def new_client_order_id(self) -> str:
        """Return an id that was never used before."""
