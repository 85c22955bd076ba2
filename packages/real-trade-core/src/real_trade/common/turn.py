"""The orders of one turn of the strategy: which of them belong together, and when they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backtrader as bt

from real_trade.model import OrderIntent
from real_trade.orders.legs import OCO, tagged

if TYPE_CHECKING:
    from real_trade.common.base_broker import BaseBroker

__all__ = ["Turn"]


class Turn:
    """Gathers what `buy` and `sell` make until it may leave.

    A parent and its children leave together with the child that transmits them. Where the exchange
    can keep a pair of orders, resting orders wait until the strategy's turn is over: the partner of
    the first comes with a later call.
    """

    def __init__(self, broker: BaseBroker) -> None:
        self._broker = broker
        self._chains: dict[int, list[bt.Order]] = {}
        self._leaving: list[OrderIntent] = []
        self._children: dict[str, list[OrderIntent]] = {}

    @property
    def leaving(self) -> list[str]:
        """Return the client order ids of those that leave with this turn."""
        return [intent.client_order_id for intent in self._leaving]

    def take(self, order: bt.Order) -> None:
        """Let an order leave with its chain, or wait for the one that transmits it."""
        parent = order.parent
        root = order if parent is None else parent
        if parent is not None and parent.ref not in self._chains and not self._is_waited_for(root):
            self._broker.refuse(order, "its parent has ended, or was never placed by this broker")
            return
        chain = self._chains.setdefault(root.ref, [])
        chain.append(order)
        if order.transmit:
            del self._chains[root.ref]
            for one in chain:
                self._release(one)
            if not self._may_pair():
                self.leave()

    def leave(self) -> None:
        """Let everything of this turn leave."""
        if not self._leaving and not self._children:
            return
        intents, children = self._leaving, self._children
        self._leaving, self._children = [], {}
        leaders = {intent.tag(OCO) for intent in intents}
        self._broker.store.desk.submit_together(
            [
                tagged(one, **{OCO: one.client_order_id}) if one.client_order_id in leaders else one
                for one in intents
            ],
            children,
        )

    def drop(self, order: bt.Order) -> bool:
        """End an order that was not transmitted, with its children; return whether it was one."""
        chain = next((one for one in self._chains.values() if order in one), None)
        if chain is None:
            return False
        ended = chain[:] if order is chain[0] else [order]
        for one in ended:
            chain.remove(one)
            one.cancel()
            self._broker.notify(one)
        if not chain:
            self._chains = {ref: orders for ref, orders in self._chains.items() if orders}
        return True

    def _is_waited_for(self, parent: bt.Order) -> bool:
        return self._broker.name_of(parent) is not None and bool(parent.alive())

    def _release(self, order: bt.Order) -> None:
        if order.parent is not None and not self._is_waited_for(order.parent):
            self._broker.refuse(order, "its parent was refused")
            return
        intent = self._broker.translate(order)
        if intent is None:
            return
        leader = None if order.oco is None else self._broker.name_of(order.oco)
        if order.parent is not None:
            order.accept(self._broker)  # as Backtrader's own broker tells of a child that waits
            self._broker.notify(order)
            parent = self._broker.name_of(order.parent)
            self._children.setdefault(str(parent), []).append(intent)
        else:
            self._leaving.append(intent if leader is None else tagged(intent, **{OCO: leader}))

    def _may_pair(self) -> bool:
        """Return whether something waits for a partner that may still come."""
        broker = self._broker
        if not broker.store.exchange.capabilities.oco:
            return False
        waits = any(one.type.is_conditional or one.type.has_limit for one in self._leaving)
        if waits:
            broker.store.call(_wake)
        return waits


def _wake() -> None:
    """Have Cerebro come by: what waits leaves at the beginning of its next step."""
