"""What the inbox brings, and who is told of it; all on Cerebro's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from real_trade.common.calls import Call
from real_trade.common.messages import AskAgain, HistoryLoaded
from real_trade.model import AccountUpdate, Bar, Channel, ConnectionChanged, TopOfBook
from real_trade.orders import Finding, OrderChange

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["STOP", "Intake"]

STOP = object()
"""In the inbox: the run shall end once what is in flight is known."""


class Intake:
    """Takes each value to the part of a store that it is for."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store

    def take(self, value: Any) -> None:
        """Take in one value of the inbox."""
        store = self._store
        if value is STOP:
            store.end_soon()
        elif isinstance(value, Bar):
            store.prices.take_bar(value)
            for feed in store.feeds:
                feed.take_bar(value)
        elif isinstance(value, HistoryLoaded):
            value.feed.take_history(value)
        elif isinstance(value, AskAgain):
            value.feed.ask_again()
        elif isinstance(value, TopOfBook):
            store.prices.take(value.symbol, (value.bid + value.ask) / 2, value.time)
        elif isinstance(value, AccountUpdate):
            store.books.update(value)
            if store.broker is not None:
                store.broker.cash = float(store.books.cash)
        elif isinstance(value, ConnectionChanged):
            self._connection(value)
        elif isinstance(value, Call):
            store.calls.add(value)
        elif not store.desk.apply(value):
            store.put_notification(f"ignored: {type(value).__name__}")

    def _connection(self, change: ConnectionChanged) -> None:
        store = self._store
        store.desk.apply(change)
        if change.channel is Channel.BARS:
            for feed in store.feeds:
                feed.take_connection(change)
        store.plugins.tell("connection_changed", change=change)
        store.put_notification(
            f"{change.channel.value}: {change.state.value} {change.detail}".rstrip()
        )

    def order_changed(self, change: OrderChange) -> None:
        """Tell the broker, then all plugins, what became of an order."""
        if self._store.broker is not None:
            self._store.broker.order_changed(change)
        for fill in change.fills:
            self._store.plugins.tell("fill_received", fill=fill, order=change.order)
        self._store.plugins.tell("order_updated", order=change.order)

    def found(self, finding: Finding) -> None:
        """Tell the strategy of a difference between our books and the exchange's."""
        self._store.put_notification(f"{finding.kind.value}: {finding.detail}")
