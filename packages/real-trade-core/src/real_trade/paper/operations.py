"""What the venue does with orders: places, cancels, amends, triggers, and ends each operation."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import Bar, MarketTrade
from real_trade.model.numbers import ZERO, floor_to
from real_trade.paper.admission import Admission
from real_trade.paper.bar_matching import BarMatcher
from real_trade.paper.bars import BarModel
from real_trade.paper.book import SymbolBook
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.lists import Lists, check_list
from real_trade.paper.matching import Matcher
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.triggers import Triggers
from real_trade.paper.values import (
    ListKind,
    ListRequest,
    ListStatus,
    OrderRequest,
    Quote,
    Status,
    VenueList,
    VenueOrder,
)
from real_trade.paper.working import LiveList, LiveOrder

__all__ = ["Operations"]


class Operations:
    """The writing half of the venue. Every public method is one operation, told to its end."""

    def __init__(self, floor: Floor, bars: BarModel | None) -> None:
        self._floor = floor
        self.on_bars = bars is not None
        self._matcher = Matcher(floor)
        self._triggers = Triggers(floor)
        floor.lists = Lists(floor)
        self._admission = Admission(floor, self._matcher, self._triggers, on_bars=self.on_bars)
        self._bars = None if bars is None else BarMatcher(floor, self._triggers, bars)

    # Single orders

    def place(self, name: str, request: OrderRequest) -> VenueOrder:
        """Take an order and match it."""
        book = self._floor.book(request.symbol)
        order = self._checked(name, book, request)
        self._admission.accept(book, order)
        self._start(book, order)
        self._finish(book)
        return order.snapshot()

    def test(self, name: str, request: OrderRequest) -> None:
        """Check an order as `place` does."""
        self._checked(name, self._floor.book(request.symbol), request)

    def check_filters(self, name: str, request: OrderRequest) -> None:
        """Check what does not depend on funds or on the market's state."""
        book = self._floor.book(request.symbol)
        self._admission.vet(self._floor.account(name), book, request, others=-1)

    def _checked(self, name: str, book: SymbolBook, request: OrderRequest) -> LiveOrder:
        order = self._admission.prepare(self._floor.account(name), book, request)
        self._admission.check_market(book, order)
        self._admission.check_funds(book, order)
        return order

    def _start(self, book: SymbolBook, order: LiveOrder) -> None:
        """Let an accepted order wait for its trigger or its bar, or match it."""
        order.since = self._floor.now()
        if order.waits:
            return
        if self.on_bars:
            order.is_working = True
            order.working_at = order.since
            return
        self._matcher.take(book, order)

    def cancel(self, order: LiveOrder, cancel_id: str) -> VenueOrder:
        """Cancel one open order."""
        if not order.is_open:
            raise VenueReject(
                RejectReason.UNKNOWN_ORDER,
                f"order {order.order_id} is {order.status.value}, not open",
            )
        book = self._floor.book(order.symbol)
        self._end_canceled(book, order, cancel_id)
        self._finish(book)
        return order.snapshot()

    def cancel_all(self, name: str, symbol: str) -> list[VenueOrder]:
        """Cancel an account's open orders of one symbol."""
        book = self._floor.book(symbol)
        account = self._floor.account(name)
        orders = [order for order in account.open.values() if order.symbol == symbol]
        if not orders:
            raise VenueReject(RejectReason.UNKNOWN_ORDER, f"{name} has no open order of {symbol}")
        for order in orders:
            if order.is_open:
                self._end_canceled(book, order, "")
        self._finish(book)
        return [order.snapshot() for order in orders]

    def _end_canceled(self, book: SymbolBook, order: LiveOrder, cancel_id: str) -> None:
        self._floor.end(book, order, Status.CANCELED, Execution.CANCELED, cancel_id=cancel_id)

    def amend(self, order: LiveOrder, amount: Decimal, client_id: str) -> VenueOrder:
        """Lower an open order's amount in place."""
        book = self._floor.book(order.symbol)
        self._check_amendment(book, order, amount, client_id)
        pair = order.list.pair if order.list is not None and order in order.list.pair else [order]
        for leg in pair:
            if leg.is_open:
                leg.amount = amount
                leg.amendments += 1
                leg.updated_at = self._floor.now()
                self._floor.shrink_shown(book, leg)
        self._rename(order, client_id or self._floor.new_client_id())
        for leg in pair:
            if leg.is_open:
                self._floor.tell_order(leg, Execution.REPLACED)
        if order.list is not None:
            self._floor.tell_list(order.list)
        self._finish(book)
        return order.snapshot()

    def _rename(self, order: LiveOrder, client_id: str) -> None:
        order.client_order_id = client_id
        order.account.by_client_id[client_id] = order

    def _check_amendment(
        self, book: SymbolBook, order: LiveOrder, amount: Decimal, client_id: str
    ) -> None:
        if not order.is_open:
            raise VenueReject(
                RejectReason.UNKNOWN_ORDER,
                f"order {order.order_id} is {order.status.value}, not open",
            )
        gone = order.filled + order.prevented
        if order.quote_left is not None or not gone < amount <= order.amount:
            raise VenueReject(
                RejectReason.AMEND_NOT_LOWER,
                f"the amount can go from {order.amount} down to above {gone}, not to {amount}",
            )
        if amount == order.amount:
            raise VenueReject(RejectReason.AMEND_NO_CHANGE, f"the amount is {amount} already")
        limit = book.rules.max_amendments
        if 0 < limit <= order.amendments:
            raise VenueReject(RejectReason.MAX_NUM_ORDER_AMENDS, f"{limit} amendments are allowed")
        if floor_to(amount, book.instrument.amount_step) != amount or (
            amount < book.instrument.min_amount
        ):
            raise VenueReject(RejectReason.LOT_SIZE, f"amount {amount} is not on the step")
        known = order.account.by_client_id.get(client_id)
        if client_id and known is not None and known is not order and known.is_open:
            raise VenueReject(RejectReason.DUPLICATE_CLIENT_ORDER_ID, f"{client_id!r} is in use")

    # Lists

    def place_list(self, name: str, request: ListRequest) -> VenueList:
        """Take all orders of a list, or none."""
        symbol = request.orders[0].symbol if request.orders else ""
        book = self._floor.book(symbol)
        account = self._floor.account(name)
        self._check_list(name, book, request)
        orders = [
            self._admission.prepare(account, book, one, others=place)
            for place, one in enumerate(request.orders)
        ]
        at_once = orders if request.kind is ListKind.OCO else orders[:1]
        for order in at_once:
            self._admission.check_market(book, order)
            self._admission.check_funds(book, order)
        live = self._open_list(name, book, request)
        live.orders.extend(orders)
        self._take_list(book, live, at_once)
        return live.snapshot()

    def _open_list(self, name: str, book: SymbolBook, request: ListRequest) -> LiveList:
        account = self._floor.account(name)
        live = LiveList(
            account,
            self._floor.next_list_id(),
            request.client_list_id or self._floor.new_client_id(),
            request.kind,
            book.symbol,
            self._floor.now(),
        )
        account.lists[live.list_id] = live
        return live

    def _take_list(self, book: SymbolBook, live: LiveList, at_once: list[LiveOrder]) -> None:
        for order in live.orders:
            order.list = live
            if order not in at_once:
                order.status = Status.PENDING_NEW
            self._admission.register(book, order)
            if order in at_once:
                self._admission.lock(book, order, at_once[0] if order is not at_once[0] else None)
        self._floor.tell_list(live)
        for order in live.orders:
            self._floor.tell_order(order, Execution.NEW)
        for order in at_once:
            if order.is_open:
                self._start(book, order)
        self._finish(book)

    def _check_list(self, name: str, book: SymbolBook, request: ListRequest) -> None:
        check_list(request, None if self._admission.is_on_bars else book.last)
        lists = [
            live
            for live in self._floor.account(name).lists.values()
            if live.status is ListStatus.EXECUTING
        ]
        if request.client_list_id in {live.client_list_id for live in lists}:
            raise VenueReject(
                RejectReason.DUPLICATE_CLIENT_LIST_ID,
                f"an open list has the id {request.client_list_id!r}",
            )
        ids = [order.client_order_id for order in request.orders if order.client_order_id]
        if len(set(ids)) < len(ids):
            raise VenueReject(
                RejectReason.DUPLICATE_CLIENT_ORDER_ID, "two orders of the list have the same id"
            )
        limit = book.rules.max_order_lists
        if 0 < limit <= sum(live.symbol == book.symbol for live in lists):
            raise VenueReject(RejectReason.MAX_NUM_ORDER_LISTS, f"{limit} lists are allowed")

    def cancel_list(self, live: LiveList, symbol: str, cancel_id: str) -> VenueList:
        """Cancel what is open of a list."""
        if live.status is not ListStatus.EXECUTING or live.symbol != symbol:
            raise VenueReject(
                RejectReason.UNKNOWN_LIST, f"there is no open list {live.list_id} of {symbol}"
            )
        book = self._floor.book(symbol)
        order = next(order for order in live.orders if order.is_open)
        self._end_canceled(book, order, cancel_id)
        self._finish(book)
        return live.snapshot()

    # The tape

    def on_quote(self, book: SymbolBook, quote: Quote) -> None:
        """Take the market's depth."""
        self.expire_due(book)
        self._matcher.on_quote(book, quote)
        self._finish(book)

    def on_trade(self, book: SymbolBook, trade: MarketTrade) -> None:
        """Take a trade of the market."""
        self.expire_due(book)
        concerns_somebody = bool(book.open)
        self._matcher.on_trade(book, trade)
        if concerns_somebody:
            self._finish(book)

    def on_bar(self, book: SymbolBook, bar: Bar) -> None:
        """Take a closed bar of a venue that matches on bars."""
        if self._bars is not None:
            self._bars.on_bar(book, bar)
            self._finish(book)

    def expire_due(self, book: SymbolBook) -> None:
        """Expire what is past its time; on bars, the next bar does that."""
        if not book.expiring or self.on_bars:
            return
        now = self._floor.now()
        for order in list(book.expiring.values()):
            until = order.request.expires_at
            if order.is_open and until is not None and until <= now:
                self._floor.end(
                    book, order, Status.EXPIRED, Execution.EXPIRED, reason="its time has passed"
                )
        self._finish(book)

    # The end of each operation

    def _finish(self, book: SymbolBook) -> None:
        """Pull the triggers that prices of this operation reached, then tell the balances."""
        while book.moves or self._floor.due:
            if self._floor.due:
                self._activate(book, self._floor.due.popleft())
                continue
            price = book.moves.popleft()
            for order in self._triggers.released(book, price):
                if order.is_open:
                    self._trigger(book, order)
        self._floor.flush()

    def _trigger(self, book: SymbolBook, order: LiveOrder) -> None:
        order.triggered = True
        order.updated_at = order.working_at = self._floor.now()
        order.is_working = True
        book.waiting.pop(order.order_id, None)
        if order.trails and order.limit is not None:
            order.limit = book.instrument.round_price(order.limit, order.request.side)
        if order.list is not None:
            self._floor.lists.before_fill(order)
        self._floor.tell_order(order, Execution.NEW)
        self._matcher.take(book, order)

    def _activate(self, book: SymbolBook, order: LiveOrder) -> None:
        """Place an order whose turn in its list has come."""
        if order.status is not Status.PENDING_NEW or order.list is None:
            return
        order.status = Status.NEW
        order.estimate = book.last or ZERO
        pair = order.list.pair if order in order.list.pair else []
        partner = next((leg for leg in pair if leg is not order and leg.lock is not None), None)
        self._triggers.prepare(book, order)
        try:
            self._admission.check_market(book, order)
            self._admission.check_funds(book, order, partner)
        except VenueReject as refused:
            order.insufficient_funds = refused.reason is RejectReason.INSUFFICIENT_BALANCE
            self._floor.end(book, order, Status.REJECTED, Execution.REJECTED, reason=str(refused))
            return
        self._admission.lock(book, order, partner)
        self._floor.tell_order(order, Execution.NEW)
        self._start(book, order)
