"""What is written down before anything is sent."""

from __future__ import annotations

from typing import Protocol

from real_trade.model import OrderIntent
from real_trade.orders.values import OrderChange

__all__ = ["Journal", "MemoryJournal"]


class Journal(Protocol):
    """An append-only record of intents, cancels and what became of them."""

    def next_client_order_id(self) -> str:
        """Return a client order id that was never used before."""

    def write_intent(self, intent: OrderIntent) -> None:
        """Make an intent durable; blocks; raises when it cannot: then nothing may be sent."""

    def write_cancel(self, client_order_id: str) -> None:
        """Make a wish to cancel durable."""

    def write_change(self, change: OrderChange) -> None:
        """Record what became of an order."""


class MemoryJournal:
    """A journal for backtest and paper: ids and order, nothing on disk."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self.entries: list[OrderIntent | OrderChange | str] = []

    def next_client_order_id(self) -> str:
        """Return the prefix with a number that counts up."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def write_intent(self, intent: OrderIntent) -> None:
        """Keep the intent."""
        self.entries.append(intent)

    def write_cancel(self, client_order_id: str) -> None:
        """Keep the wish."""
        self.entries.append(client_order_id)

    def write_change(self, change: OrderChange) -> None:
        """Keep the change."""
        self.entries.append(change)
