"""A journal beside the exchange's books, for people: what differs, and what a run would do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.exchange import Exchange, OrderNotFound
from real_trade.model import Fill, Order, OrderReport, OrderState
from real_trade.orders.entries import Entry, Opened, Watermark
from real_trade.orders.ids import ClientOrderIds
from real_trade.orders.resolve import fills_since
from real_trade.orders.tracker import Tracker

__all__ = ["Compared", "Remedy", "compare"]

_OVERLAP = timedelta(seconds=60)


class Remedy(Enum):
    """What the next run does about it."""

    NONE = "none"
    ADOPT = "the exchange is right: the next run takes it over"
    ASK = "the next run asks until it is proven whether it arrived"
    LEAVE = "not ours: shown, never touched"
    HALT = "the journal is older than the account: a run halts until a person has looked"


@attrs.frozen(kw_only=True)
class Compared:
    """One order, or one fill, on both sides.

    Attributes:
        journal, exchange: what each side says of it; "" where it knows nothing.
    """

    what: str
    client_order_id: str
    symbol: str
    journal: str
    exchange: str
    remedy: Remedy

    @property
    def differs(self) -> bool:
        """Whether somebody must act: what is not ours is no difference."""
        return self.remedy not in {Remedy.NONE, Remedy.LEAVE}


def compare(entries: Iterable[Entry], exchange: Exchange) -> list[Compared]:
    """Compare open orders, and fills since the last comparison of a run; asks, and changes nothing.

    Args:
        entries: the journal's, oldest first.
        exchange: connected.

    Raises:
        ExchangeError: the exchange cannot be asked.
    """
    tracker, since, bots = _replay(entries)
    listed = exchange.open_orders()
    by_id = {report.client_order_id: report for report in listed}
    found = [_of_order(order, by_id, exchange) for order in tracker.open_orders()]
    found += [_of_unknown(report, bots) for report in listed if not tracker.owner_of(report)]
    for symbol, time in since.items():
        for fill in exchange.fills(symbol, time - _OVERLAP):
            found += _of_fill(fill, tracker, bots)
    return found


def _replay(entries: Iterable[Entry]) -> tuple[Tracker, dict[str, datetime], set[str]]:
    tracker = Tracker()
    marks: dict[str, datetime] = {}
    bots: set[str] = set()
    for entry in entries:
        tracker.take(entry)
        if isinstance(entry, Watermark):
            marks[entry.symbol] = entry.time
        elif isinstance(entry, Opened):
            bots.add(entry.bot)
    since: dict[str, datetime] = {}
    for order in tracker.orders.values():
        mark = marks.get(order.symbol) or fills_since(order)
        since[order.symbol] = min(mark, since.get(order.symbol, mark))
    return tracker, since, bots


def _of_order(order: Order, listed: dict[str, OrderReport], exchange: Exchange) -> Compared:
    name = order.client_order_id
    try:
        report = listed.get(name) or exchange.order(order.symbol, name)
    except OrderNotFound:
        return _row("order", name, order.symbol, _said(order), "", Remedy.ASK)
    same = report.state is order.state and report.filled == order.filled
    told = _stands(report.state, report.filled)
    remedy = Remedy.NONE if same else Remedy.ADOPT
    return _row("order", name, order.symbol, _said(order), told, remedy)


def _of_unknown(report: OrderReport, bots: set[str]) -> Compared:
    name = report.client_order_id
    remedy = Remedy.HALT if _is_ours(name, bots) else Remedy.LEAVE
    told = _stands(report.state, report.filled)
    return _row("order", name or report.exchange_order_id, report.symbol, "", told, remedy)


def _of_fill(fill: Fill, tracker: Tracker, bots: set[str]) -> list[Compared]:
    name = tracker.owner_of(fill)
    told = f"{fill.side.value} {fill.amount.normalize():f} at {fill.price.normalize():f}"
    what = f"fill {fill.trade_id}"
    if name:
        known = {(one.trade_id, one.side) for one in tracker.orders[name].fills}
        if (fill.trade_id, fill.side) in known:
            return []
        return [_row(what, name, fill.symbol, "", told, Remedy.ADOPT)]
    ours = _is_ours(fill.client_order_id, bots)
    shown = fill.client_order_id or fill.exchange_order_id
    return [_row(what, shown, fill.symbol, "", told, Remedy.HALT if ours else Remedy.LEAVE)]


def _is_ours(client_order_id: str, bots: set[str]) -> bool:
    return any(ClientOrderIds(bot, 0).is_own(client_order_id) for bot in bots)


def _said(order: Order) -> str:
    return _stands(order.state, order.filled)


def _stands(state: OrderState, filled: Decimal) -> str:
    return f"{state.value}, filled {filled.normalize():f}"


def _row(
    what: str, name: str, symbol: str, journal: str, exchange: str, remedy: Remedy
) -> Compared:
    return Compared(
        what=what,
        client_order_id=name,
        symbol=symbol,
        journal=journal,
        exchange=exchange,
        remedy=remedy,
    )
