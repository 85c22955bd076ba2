"""Changing a resting futures order: new amount and price, at the end of the queue."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.model import OrderType
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.matching import Matcher
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import check_filters
from real_trade.paper.working import LiveOrder

__all__ = ["Modifier"]


class Modifier:
    """Changes orders as Binance's PUT order does ("Modify Order": limit orders only)."""

    def __init__(self, floor: Floor, matcher: Matcher) -> None:
        self._floor = floor
        self._matcher = matcher

    def modify(
        self, account: FuturesAccount, order: LiveOrder, amount: Decimal, price: Decimal
    ) -> None:
        """Give an open limit order a new amount and price, and match it again."""
        book = self._floor.book(order.symbol)
        self._check(account, order, amount, price)
        if amount <= order.filled:
            # Binance: a new amount that has filled already cancels the order.
            raise VenueReject(
                RejectReason.AMEND_NOT_LOWER, f"{order.filled} has filled, {amount} is not more"
            )
        if order.rests:
            book.side(order).remove(order)
        order.amount, order.limit = amount, price
        order.request = attrs.evolve(order.request, amount=amount, price=price)
        order.amendments += 1
        order.updated_at = self._floor.now()
        self._floor.book_changed(book.symbol)
        self._floor.tell_order(order, Execution.REPLACED)
        self._matcher.take(book, order)

    def _check(
        self, account: FuturesAccount, order: LiveOrder, amount: Decimal, price: Decimal
    ) -> None:
        if not order.is_open or order.request.type is not OrderType.LIMIT:
            raise VenueReject(
                RejectReason.UNKNOWN_ORDER, f"order {order.order_id} is no open limit order"
            )
        if (amount, price) == (order.amount, order.limit):
            raise VenueReject(RejectReason.AMEND_NO_CHANGE, "amount and price are the same")
        book = self._floor.book(order.symbol)
        limit = book.rules.max_amendments
        if 0 < limit <= order.amendments:
            raise VenueReject(RejectReason.MAX_NUM_ORDER_AMENDS, f"{limit} amendments are allowed")
        changed = attrs.evolve(order.request, amount=amount, price=price)
        check_filters(changed, book.instrument, book.rules, book.reference)
        best = book.against(order).best_price()
        if changed.post_only and best is not None and book.against(order).reaches(best, price):
            raise VenueReject(
                RejectReason.WOULD_IMMEDIATELY_MATCH, f"a post-only order at {price} would match"
            )
        account.margin.check(order, amount - order.filled, price)
