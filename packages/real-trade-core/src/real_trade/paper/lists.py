"""Order lists: legs that cancel each other, and orders that wait for another one to fill."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import OrderType
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import ListKind, ListRequest, ListStatus, OrderRequest, Status
from real_trade.paper.working import LiveList, LiveOrder

__all__ = ["Lists", "check_list"]

# A leg that ends so takes the rest of its list along.
_ENDS_ALL = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED_IN_MATCH})
_PROFIT = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


class Lists:
    """Keeps the legs of lists in step."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def before_fill(self, order: LiveOrder) -> None:
        """Expire the other leg of a pair: one of them has begun to fill, or was triggered."""
        live = order.list
        if live is None or order not in live.pair:
            return
        for other in live.pair:
            if other is not order and other.is_open:
                book = self._floor.book(order.symbol)
                self._floor.end(
                    book,
                    other,
                    Status.EXPIRED,
                    Execution.EXPIRED,
                    reason="the other leg of its pair was executed",
                )

    def after_close(self, order: LiveOrder) -> None:
        """Go on with the list of an order that has closed."""
        live = order.list
        if live is None or live.status is not ListStatus.EXECUTING:
            return
        if order is live.orders[0] and order.status is Status.FILLED:
            waiting = [leg for leg in live.orders if leg.status is Status.PENDING_NEW]
            self._floor.due.extend(waiting)
        elif order not in live.pair or order.status in _ENDS_ALL:
            self._end_rest(live, order)
        if live.status is ListStatus.EXECUTING and not any(leg.is_open for leg in live.orders):
            live.status = ListStatus.ALL_DONE
            live.updated_at = self._floor.now()
            self._floor.tell_list(live)

    def _end_rest(self, live: LiveList, order: LiveOrder) -> None:
        book = self._floor.book(live.symbol)
        status = order.status if order.status is Status.CANCELED else Status.EXPIRED
        execution = Execution.CANCELED if status is Status.CANCELED else Execution.EXPIRED
        for leg in live.orders:
            if leg.is_open:
                self._floor.end(book, leg, status, execution, reason="its list was ended")


def check_list(request: ListRequest, last: Decimal | None) -> None:
    """Refuse orders that make no such list.

    Args:
        last: the last price, around which the legs of a pair must stand; None where bars alone are
            known, on which a leg that is reached already executes with the next one.

    Raises:
        VenueReject: LIST_ORDERS, or LIST_PRICES where the legs of a pair stand the wrong way.
    """
    count = 3 if request.kind is ListKind.OTOCO else 2
    if len(request.orders) != count:
        raise VenueReject(
            RejectReason.LIST_ORDERS,
            f"{request.kind.value} takes {count} orders, not {len(request.orders)}",
        )
    if len({order.symbol for order in request.orders}) > 1:
        raise VenueReject(RejectReason.LIST_ORDERS, "all orders of a list have the same symbol")
    if any(order.quote_amount is not None for order in request.orders):
        raise VenueReject(RejectReason.NOT_ALLOWED, "quote_amount is not for lists")
    if request.kind is ListKind.OCO:
        _check_pair(request.orders, last)
        return
    if request.orders[0].type is not OrderType.LIMIT:
        raise VenueReject(RejectReason.LIST_ORDERS, "the working order must be a limit order")
    if request.kind is ListKind.OTOCO:
        _check_pair(request.orders[1:], None)


def _check_pair(legs: tuple[OrderRequest, ...], last: Decimal | None) -> None:
    first, second = legs
    if first.side is not second.side:
        raise VenueReject(RejectReason.LIST_ORDERS, "both legs of a pair are on the same side")
    if first.amount != second.amount:
        raise VenueReject(RejectReason.LIST_ORDERS, "both legs of a pair have the same amount")
    above = [leg for leg in legs if _is_above(leg)]
    if len(above) != 1:
        raise VenueReject(
            RejectReason.LIST_ORDERS,
            "one leg must be above the market and one below: a limit order or take-profit on the "
            "good side and a stop on the other",
        )
    below = first if above[0] is second else second
    high, low = _price(above[0]), _price(below)
    wrong = high is not None and low is not None and high <= low
    if last is not None:
        wrong = wrong or (high is not None and high <= last) or (low is not None and low >= last)
    if wrong:
        raise VenueReject(
            RejectReason.LIST_PRICES, f"the legs at {high} and {low} are not around {last}"
        )


def _is_above(leg: OrderRequest) -> bool:
    """Whether the leg waits above the market: sells at a profit and buys at a stop do."""
    profit = leg.type is OrderType.LIMIT or leg.type in _PROFIT
    return profit is (leg.side.sign < 0)


def _price(leg: OrderRequest) -> Decimal | None:
    return leg.price if leg.type is OrderType.LIMIT else leg.stop_price
