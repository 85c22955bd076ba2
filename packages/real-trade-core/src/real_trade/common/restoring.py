"""After a restart: the journal's orders and fills as the Backtrader objects that they were."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import backtrader as bt
from backtrader.order import BuyOrder, SellOrder

from real_trade.common.executions import stamp
from real_trade.common.translate import DATA, INFO, TRADE
from real_trade.model import Fill, Order, OrderState, OrderType, Side
from real_trade.model.numbers import ZERO

if TYPE_CHECKING:
    from real_trade.common.base_broker import BaseBroker

__all__ = ["Restorer", "ended_status"]

_EXECTYPES = {
    OrderType.MARKET: bt.Order.Market,
    OrderType.LIMIT: bt.Order.Limit,
    OrderType.STOP: bt.Order.Stop,
    OrderType.STOP_LIMIT: bt.Order.StopLimit,
    OrderType.TRAILING_STOP: bt.Order.StopTrail,
    OrderType.TRAILING_STOP_LIMIT: bt.Order.StopTrailLimit,
}
_STATUSES = {
    OrderState.FILLED: bt.Order.Completed,
    OrderState.CANCELED: bt.Order.Canceled,
    OrderState.EXPIRED: bt.Order.Expired,
    OrderState.REJECTED: bt.Order.Rejected,
    OrderState.DENIED: bt.Order.Rejected,
    OrderState.PARTIALLY_FILLED: bt.Order.Partial,
    OrderState.ACCEPTED: bt.Order.Accepted,
    OrderState.PENDING_CANCEL: bt.Order.Accepted,
}


def ended_status(order: Order) -> int:
    """Return Backtrader's word for how an order of ours ended."""
    if order.insufficient_funds:
        return int(bt.Order.Margin)
    return int(_STATUSES[order.state])


class Restorer:
    """Makes Backtrader's orders, positions and open trades anew from what the journal gave back.

    Nothing of it is told to the strategy: it was told before the restart.
    """

    def __init__(self, broker: BaseBroker) -> None:
        self._broker = broker
        self._store = broker.store
        self._made: dict[str, bt.Order] = {}
        self._untold: list[bt.Order] = []  # as they were, for whatever they do before they are told

    def orders(self, feeds: Iterable[Any]) -> dict[str, bt.Order]:
        """Book the fills, and return Backtrader's orders by client order id, oldest first.

        Args:
            feeds: those of the run; an order goes to the one that it was placed on.
        """
        feeds = [feed for feed in feeds if hasattr(feed, "_rt_symbol")]
        restored, desk = self._store.restored, self._store.desk
        wanted = {order.client_order_id for order in restored.orders}
        listed = self._store.exchange.instruments()
        fills = [
            fill
            for fill in restored.fills
            if fill.symbol in listed and self._store.is_own(fill.client_order_id)
        ]
        since_flat = self._since_flat(fills)
        wanted |= {self._asked_id(fill) for fill in since_flat}
        asked = desk.linked.asked_orders()
        for name, order in asked.items():
            if name in wanted and self._store.is_own(name):
                self._make(order, feeds)
        self._book(fills, {(fill.symbol, fill.trade_id) for fill in since_flat})
        self._untold = [one.clone() for one in self._made.values()]
        return {name: one for name, one in self._made.items() if asked[name].state.is_open}

    @property
    def is_waiting(self) -> bool:
        """Whether a strategy can not be told yet: Backtrader's trades ask for a bar's time."""
        return bool(self._untold) and not all(len(order.data) for order in self._untold)

    def give_to(self, strategy: bt.Strategy) -> None:
        """Give the orders to the strategy, with the trades that are still open; nobody is told."""
        if not self._untold or self.is_waiting:
            return
        told = list(strategy._tradespending)
        for order in self._untold:
            made = self._made[order.info.client_order_id]
            self._broker.executions.own(made, strategy)
            order.p.owner = strategy
            order.p.simulated = True  # or it would be told
            strategy._addnotification(order, quicknotify=False)
            order.p.simulated = False
        strategy._tradespending[:] = told
        self._untold.clear()
        self._date(strategy)

    def _date(self, strategy: bt.Strategy) -> None:
        """Give open trades the time of the fill that opened them."""
        for order in self._made.values():
            for trade in strategy._trades[order.data][order.tradeid]:
                bits = order.executed.exbits
                if trade.isopen and not trade.dtopen and bits:
                    trade.dtopen = bits[0].dt

    def _since_flat(self, fills: list[Fill]) -> list[Fill]:
        """Return the fills that made the positions: those since every trade was last closed."""
        sizes: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
        since: dict[str, list[Fill]] = defaultdict(list)
        for fill in fills:
            order = self._store.desk.orders[fill.client_order_id]
            since[fill.symbol].append(fill)
            trades = sizes[fill.symbol]
            trades[order.intent.tag(TRADE)] += fill.amount * fill.side.sign
            if not any(trades.values()):
                since[fill.symbol].clear()
        return [fill for some in since.values() for fill in some]

    def _book(self, fills: list[Fill], needed: set[tuple[str, str]]) -> None:
        holdings = self._broker.executions.holdings
        for fill in fills:
            booked = self._store.rebook(fill)
            order = self._made.get(self._asked_id(fill))
            after = booked.after
            if order is not None and (fill.symbol, fill.trade_id) in needed:
                self._broker.executions.execute(order, fill, booked)
            else:
                holdings.change(fill.symbol, float(after.amount), float(after.entry_price))
        asked = self._store.desk.linked.asked_orders()
        for name, made in self._made.items():
            known = asked[name]
            self._broker.executions.remains(made, known.intent.amount, known.filled)

    def _asked_id(self, fill: Fill) -> str:
        return self._store.desk.linked.asked_id(fill.client_order_id)

    def _make(self, order: Order, feeds: list[Any]) -> None:
        feed = _feed_of(order, feeds)
        if feed is None:
            if order.state.is_open:
                self._store.put_notification(
                    f"order {order.client_order_id} on {order.symbol} is open, and this run has no "
                    "feed of it: it is followed, and no strategy sees it"
                )
            return
        made = _backtrader_order(order, feed)
        made.addcomminfo(self._broker.getcommissioninfo(feed))
        made.broker = self._broker
        self._made[order.client_order_id] = made


def _feed_of(order: Order, feeds: list[Any]) -> Any:
    of_symbol = [feed for feed in feeds if feed._rt_symbol == order.symbol]
    named = [feed for feed in of_symbol if feed._name == order.intent.tag(DATA)]
    return next(iter(named or of_symbol), None)


def _backtrader_order(order: Order, feed: Any) -> bt.Order:
    intent = order.intent
    kind = BuyOrder if intent.side is Side.BUY else SellOrder
    amount = intent.amount if intent.amount is not None else order.filled
    price = intent.stop_price if intent.type.is_conditional else intent.price
    made = kind(
        owner=None,
        data=feed,
        size=float(amount),
        price=_float(price),
        pricelimit=_float(intent.price) if intent.type.is_conditional else None,
        exectype=bt.Order.Stop if intent.type.is_conditional else _EXECTYPES[intent.type],
        tradeid=int(intent.tag(TRADE) or 0),
        simulated=True,  # no bar is at hand that it could take its figures from
    )
    made.exectype = _EXECTYPES.get(intent.type, made.exectype)
    made.p.simulated = False
    made.created.dt = stamp(intent.created_at)
    made.status = _STATUSES.get(order.state, bt.Order.Submitted)
    made.addinfo(**json.loads(intent.tag(INFO) or "{}"))
    made.addinfo(client_order_id=order.client_order_id, restored=True)
    return made


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
