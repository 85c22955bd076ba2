"""What becomes of orders, from whatever is heard of them, in whatever order it comes: pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from real_trade.model import Fill, Order, OrderReport, OrderState, Side, may_follow
from real_trade.orders.entries import Entry, Mark, Sending
from real_trade.orders.values import OrderChange

__all__ = ["Tracker"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState
_REACHED = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED})
_LATE = {(_S.CANCELED, _S.FILLED), (_S.EXPIRED, _S.FILLED)}
_FOREIGN_FILLS = 10_000

# A trade with oneself has one trade id and two sides.
_Trade = tuple[str, str, Side]


class Tracker:
    """All orders of one account by client order id.

    Fills are facts and are counted once by (symbol, trade id, side). FILLED follows from fills: an
    exchange's FILLED waits for them. A report that comes late takes nothing back, and a state that
    may not follow the present one is logged, counted in `ignored`, and changes nothing.
    """

    def __init__(self) -> None:
        self.ignored = 0
        self.foreign_orders: dict[str, OrderReport] = {}
        self.foreign_fills: dict[_Trade, Fill] = {}
        self._orders: dict[str, Order] = {}
        self._open: dict[str, None] = {}
        self._final: dict[str, OrderState] = {}
        self._trades: set[_Trade] = set()
        self._by_exchange_id: dict[tuple[str, str], str] = {}
        self._foreign_ids: set[tuple[str, str]] = set()

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return all orders of ours by client order id."""
        return MappingProxyType(self._orders)

    def open_orders(self) -> list[Order]:
        """Return every order that may still rest at the exchange, oldest first."""
        return [self._orders[name] for name in self._open]

    def knowledge(self, client_order_id: str) -> tuple[Order | None, OrderState | None]:
        """Return all that later evidence builds on: equal before and after means no news."""
        return self._orders.get(client_order_id), self._final.get(client_order_id)

    def is_missing_fills(self, client_order_id: str) -> bool:
        """Return whether the exchange told of more than the fills that are known."""
        order = self._orders[client_order_id]
        if order.state in {_S.DENIED, _S.FILLED}:
            return False
        told_filled = self._final.get(client_order_id) is _S.FILLED
        return order.filled < order.reported_filled or told_filled

    def owner_of(self, value: OrderReport | Fill) -> str:
        """Return the client order id of the order of ours that is spoken of, "" for a foreign one.

        Lists of fills tell the exchange's order id alone.
        """
        if value.client_order_id in self._orders:
            return value.client_order_id
        return self._by_exchange_id.get((value.symbol, value.exchange_order_id), "")

    def could_be_of(self, order: Order, fills: Iterable[Fill]) -> bool:
        """Return whether one of `fills`, of orders that nobody knows, might be of `order`."""
        return any(
            (fill.symbol, fill.side) == (order.symbol, order.side)
            and not self.owner_of(fill)
            and not fill.client_order_id
            and (fill.symbol, fill.exchange_order_id) not in self._foreign_ids
            for fill in fills
        )

    def take(self, entry: Entry) -> OrderChange | None:
        """Take one piece of knowledge; return what changed, None if nothing that shows did."""
        if isinstance(entry, OrderReport):
            return self._take_report(entry)
        if isinstance(entry, Fill):
            return self._take_fill(entry)
        if isinstance(entry, Sending):
            return self._add(Order(intent=entry.intent), _S.SUBMITTED)
        if isinstance(entry, Mark):
            return self._take_mark(entry)
        return None

    def deny(self, order: Order) -> OrderChange:
        """Follow an order that was refused before it could leave; `order` tells the reason."""
        return self._add(order, _S.DENIED)

    def adopt(self, client_order_id: str) -> list[Fill]:
        """Return fills that came before it was known whose they are, and forget them."""
        order = self._orders[client_order_id]
        if not order.exchange_order_id:
            return []
        found = {
            key: fill
            for key, fill in self.foreign_fills.items()
            if (fill.symbol, fill.exchange_order_id) == (order.symbol, order.exchange_order_id)
        }
        for key in found:
            del self.foreign_fills[key]
        return [attrs.evolve(fill, client_order_id=client_order_id) for fill in found.values()]

    def _add(self, order: Order, state: OrderState) -> OrderChange:
        name = order.client_order_id
        if name in self._orders:
            raise ValueError(f"client order id {name!r} is used already")
        return self._keep(order, attrs.evolve(order, state=state), ())

    def _take_mark(self, mark: Mark) -> OrderChange | None:
        order = self._orders.get(mark.client_order_id)
        if order is None or not self._may(order, mark.state):
            return None
        after = attrs.evolve(
            order,
            state=mark.state,
            reason=mark.reason or order.reason,
            insufficient_funds=mark.insufficient_funds or order.insufficient_funds,
        )
        return self._changed(order, after, ())

    def _take_report(self, report: OrderReport) -> OrderChange | None:
        name = self.owner_of(report)
        if not name:
            self._keep_foreign(report)
            return None
        order = self._orders[name]
        if report.symbol != order.symbol or report.side not in {None, order.side}:
            self._ignore(order, f"it is {report.symbol} {report.side}")
            return None
        fresh = self._fresh(order, report.fills)
        after = attrs.evolve(
            order,
            fills=_sorted(order.fills + fresh),
            reported_filled=max(order.reported_filled, report.filled),
            exchange_order_id=order.exchange_order_id or report.exchange_order_id,
            updated_at=_latest(order, [report, *fresh]),
        )
        if report.state.is_terminal:
            after = self._take_final(after, report)
        return self._changed(order, self._settled(after, report.state), fresh)

    def _take_final(self, order: Order, report: OrderReport) -> Order:
        name, known = order.client_order_id, self._final.get(order.client_order_id)
        if known is None or (known, report.state) in _LATE:
            self._final[name] = report.state
        elif known is not report.state and (report.state, known) not in _LATE:
            self._ignore(order, f"it ended as {known.value} and is told {report.state.value}")
            return order
        return attrs.evolve(
            order,
            reason=order.reason or report.reason,
            insufficient_funds=report.insufficient_funds or order.insufficient_funds,
        )

    def _take_fill(self, fill: Fill) -> OrderChange | None:
        name = self.owner_of(fill)
        if not name:
            self._keep_foreign_fill(fill)
            return None
        order = self._orders[name]
        fresh = self._fresh(order, (fill,))
        if not fresh:
            return None
        after = attrs.evolve(
            order,
            fills=_sorted(order.fills + fresh),
            exchange_order_id=order.exchange_order_id or fill.exchange_order_id,
            updated_at=_latest(order, fresh),
        )
        return self._changed(order, self._settled(after, _S.PARTIALLY_FILLED), fresh)

    def _fresh(self, order: Order, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        fresh = []
        for fill in fills:
            key = (fill.symbol, fill.trade_id, fill.side)
            if key in self._trades:
                continue
            if (fill.symbol, fill.side) != (order.symbol, order.side):
                self._ignore(order, f"fill {fill.trade_id} is {fill.symbol} {fill.side.value}")
                continue
            self._trades.add(key)
            fresh.append(attrs.evolve(fill, client_order_id=order.client_order_id))
        return tuple(fresh)

    def _settled(self, order: Order, told: OrderState) -> Order:
        """Return `order` in the state that its fills and the exchange's last word give it."""
        final = self._final.get(order.client_order_id)
        all_told = order.filled >= order.reported_filled
        if self._is_complete(order, final):
            return self._moved(order, _S.FILLED)
        if final is not None and final is not _S.FILLED and all_told:
            return self._moved(order, final)
        # What is asked to end stays so until the exchange has the last word; an end is an end.
        if order.state.is_terminal or order.state is _S.PENDING_CANCEL:
            return order
        if order.fills:
            return self._moved(order, _S.PARTIALLY_FILLED)
        if told in _REACHED and order.state in {_S.SUBMITTED, _S.UNKNOWN}:
            return self._moved(order, _S.ACCEPTED)
        return order

    @staticmethod
    def _is_complete(order: Order, final: OrderState | None) -> bool:
        filled, amount = order.filled, order.intent.amount
        if amount is not None and filled >= amount:
            return True
        return final is _S.FILLED and filled >= order.reported_filled > 0

    def _moved(self, order: Order, state: OrderState) -> Order:
        if state is order.state or not self._may(order, state):
            return order
        return attrs.evolve(order, state=state)

    def _may(self, order: Order, state: OrderState) -> bool:
        if may_follow(order.state, state):
            return True
        if state is not order.state:
            self._ignore(order, f"it is {order.state.value} and is told {state.value}")
        return False

    def _ignore(self, order: Order, why: str) -> None:
        self.ignored += 1
        _LOG.warning("order %s: %s; ignored", order.client_order_id, why)

    def _changed(self, before: Order, after: Order, fresh: tuple[Fill, ...]) -> OrderChange | None:
        change = self._keep(before, after, fresh)
        return None if after.state is before.state and not fresh else change

    def _keep(self, before: Order, after: Order, fresh: tuple[Fill, ...]) -> OrderChange:
        name = after.client_order_id
        self._orders[name] = after
        if after.exchange_order_id:
            self._by_exchange_id[after.symbol, after.exchange_order_id] = name
        if after.state.is_open:
            self._open.setdefault(name)
        else:
            self._open.pop(name, None)
        return OrderChange(order=after, previous=before.state, fills=fresh)

    def _keep_foreign(self, report: OrderReport) -> None:
        name = report.client_order_id or f"{report.symbol} {report.exchange_order_id}"
        if report.state.is_terminal:
            self.foreign_orders.pop(name, None)
        else:
            self.foreign_orders[name] = report
        if report.client_order_id and report.exchange_order_id:
            self._foreign_ids.add((report.symbol, report.exchange_order_id))
        for fill in report.fills:
            self._keep_foreign_fill(fill)

    def _keep_foreign_fill(self, fill: Fill) -> None:
        if len(self.foreign_fills) >= _FOREIGN_FILLS:
            del self.foreign_fills[next(iter(self.foreign_fills))]
        self.foreign_fills[fill.symbol, fill.trade_id, fill.side] = fill


def _sorted(fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    if len(fills) < 2:
        return fills
    return tuple(sorted(fills, key=lambda fill: (fill.time, len(fill.trade_id), fill.trade_id)))


def _latest(order: Order, heard: Iterable[OrderReport | Fill]) -> datetime:
    times = [one.time for one in heard]
    return max(times if order.updated_at is None else [order.updated_at, *times])
