"""What becomes of an order, from whatever is heard of it, in whatever order: pure, and by the
table."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import attrs

from real_trade.model import Fill, Order, OrderIntent, OrderReport, OrderState, may_follow
from real_trade.orders.values import OrderChange

__all__ = ["Tracker"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState


class Tracker:
    """All orders of one account by client order id.

    Fills are facts and are counted once by (symbol, trade id); FILLED follows from fills. A state
    that may not follow the present one is logged, counted in `ignored`, and changes nothing.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.foreign: dict[str, OrderReport] = {}
        self.ignored = 0
        self._trades: set[tuple[str, str]] = set()
        self._final: dict[str, OrderState] = {}
        self._open: dict[str, None] = {}

    def add(self, intent: OrderIntent) -> Order:
        """Begin to follow an order of ours, in state CREATED."""
        if intent.client_order_id in self.orders:
            raise ValueError(f"client order id {intent.client_order_id!r} is used already")
        order = Order(intent=intent)
        self.orders[intent.client_order_id] = order
        return order

    def mark(
        self,
        client_order_id: str,
        state: OrderState,
        reason: str = "",
        *,
        insufficient_funds: bool = False,
    ) -> OrderChange | None:
        """Move an order to a state that this side decided, such as SUBMITTED, DENIED or UNKNOWN."""
        order = self.orders[client_order_id]
        if not self._may(order, state):
            return None
        changed = attrs.evolve(
            order,
            state=state,
            reason=reason or order.reason,
            insufficient_funds=insufficient_funds or order.insufficient_funds,
        )
        return self._keep(order, changed, ())

    def apply_report(self, report: OrderReport) -> OrderChange | None:
        """Take an exchange's word on an order; return what changed, None if nothing did."""
        order = self.orders.get(report.client_order_id)
        if order is None:
            self.foreign[report.client_order_id] = report
            return None
        fresh = self._fresh(report.fills)
        known = attrs.evolve(
            order,
            fills=order.fills + fresh,
            reported_filled=max(order.reported_filled, report.filled),
            exchange_order_id=report.exchange_order_id or order.exchange_order_id,
            updated_at=max(filter(None, (order.updated_at, report.time))),
        )
        if report.state.is_terminal:
            self._final.setdefault(report.client_order_id, report.state)
            known = attrs.evolve(
                known,
                reason=report.reason or known.reason,
                insufficient_funds=report.insufficient_funds or known.insufficient_funds,
            )
        return self._keep(order, self._settled(known, report.state), fresh)

    def apply_fill(self, fill: Fill) -> OrderChange | None:
        """Book one fill, once; return what changed, None if it was known or is not ours."""
        order = self.orders.get(fill.client_order_id)
        if order is None:
            return None
        fresh = self._fresh((fill,))
        if not fresh:
            return None
        known = attrs.evolve(order, fills=order.fills + fresh)
        return self._keep(order, self._settled(known, _S.PARTIALLY_FILLED), fresh)

    def missing_fills(self, client_order_id: str) -> bool:
        """Return whether the exchange told of more than the fills that are known."""
        order = self.orders[client_order_id]
        return order.filled < order.reported_filled or (
            self._final.get(client_order_id) is _S.FILLED and order.state is not _S.FILLED
        )

    def open_orders(self) -> list[Order]:
        """Return every order that may still rest at the exchange, oldest first."""
        return [self.orders[name] for name in self._open]

    def _fresh(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        fresh = []
        for fill in fills:
            key = (fill.symbol, fill.trade_id)
            if key not in self._trades:
                self._trades.add(key)
                fresh.append(fill)
        return tuple(fresh)

    def _settled(self, order: Order, told: OrderState) -> Order:
        """Return `order` in the state that its fills and the exchange's last word give it."""
        amount, filled = order.intent.amount, order.filled
        final = self._final.get(order.client_order_id)
        complete = amount is not None and filled >= amount
        if amount is None and final is _S.FILLED and filled and filled >= order.reported_filled:
            complete = True
        if complete:
            return self._moved(order, _S.FILLED)
        if final is not None and final is not _S.FILLED and filled >= order.reported_filled:
            return self._moved(order, final)
        if order.state.is_terminal or order.state is _S.PENDING_CANCEL:
            return order  # a late fill is booked; what is asked to end ends by the exchange's word
        return self._moved(order, _S.PARTIALLY_FILLED if filled else _resting(told, order.state))

    def _moved(self, order: Order, state: OrderState) -> Order:
        if state is order.state or not self._may(order, state):
            return order
        return attrs.evolve(order, state=state)

    def _may(self, order: Order, state: OrderState) -> bool:
        if may_follow(order.state, state):
            return True
        if state is not order.state:
            self.ignored += 1
            _LOG.warning(
                "order %s is %s; that it be %s is ignored",
                order.client_order_id,
                order.state.value,
                state.value,
            )
        return False

    def _keep(self, before: Order, after: Order, fresh: tuple[Fill, ...]) -> OrderChange | None:
        name = after.client_order_id
        self.orders[name] = after
        if after.state.is_open:
            self._open.setdefault(name)
        else:
            self._open.pop(name, None)
        if after.state is before.state and not fresh:
            return None
        return OrderChange(order=after, previous=before.state, fills=fresh)


def _resting(told: OrderState, now: OrderState) -> OrderState:
    """Return the state of an order without fills that the exchange has: ACCEPTED unless known
    better."""
    if told in {_S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED} and now in {_S.SUBMITTED, _S.UNKNOWN}:
        return _S.ACCEPTED
    return now
