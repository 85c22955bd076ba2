"""Admission: everything that is checked before an order is taken, and the taking itself."""

from __future__ import annotations

from real_trade.model import OrderType, TimeInForce
from real_trade.model.numbers import ZERO
from real_trade.paper.account import Account
from real_trade.paper.book import SymbolBook
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.matching import Matcher
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import check_filters
from real_trade.paper.shape import check_shape
from real_trade.paper.triggers import Triggers
from real_trade.paper.values import OrderRequest, TradingStatus
from real_trade.paper.working import LiveOrder

__all__ = ["Admission"]


class Admission:
    """Decides whether an order may enter.

    Args:
        on_bars: whether the venue matches on bars; then nothing can match or trigger at once.
    """

    def __init__(
        self, floor: Floor, matcher: Matcher, triggers: Triggers, *, on_bars: bool
    ) -> None:
        self._floor = floor
        self._matcher = matcher
        self._triggers = triggers
        self._on_bars = on_bars

    def prepare(
        self, account: Account, book: SymbolBook, request: OrderRequest, *, others: int = 0
    ) -> LiveOrder:
        """Return the order that `request` makes, checked but for funds and the market's state.

        `others` is how many orders of the same list come with it.

        Raises:
            VenueReject: something is against it; nothing has changed.
        """
        self.vet(account, book, request, others)
        client_id = request.client_order_id
        if client_id:
            known = account.by_client_id.get(client_id)
            if known is not None and known.is_open:
                raise VenueReject(
                    RejectReason.DUPLICATE_CLIENT_ORDER_ID,
                    f"an open order has the client order id {client_id!r}",
                )
        stp = request.self_trade_prevention or self._floor.self_trade_prevention
        order = LiveOrder(account, 0, request, self._floor.now(), stp)
        order.estimate = book.last or book.reference or ZERO
        self._triggers.prepare(book, order)
        return order

    def vet(
        self, account: Account, book: SymbolBook, request: OrderRequest, others: int = 0
    ) -> None:
        """Refuse what is wrong whatever the funds, the other orders' ids and the market."""
        self._check_open(account, book)
        check_shape(request)
        account.check_request(request, book.instrument)
        check_filters(request, book.instrument, book.rules, book.reference)
        self._check_counts(account, book, request, others)
        self._check_position(account, book, request)

    @property
    def is_on_bars(self) -> bool:
        """Whether bars are the only market."""
        return self._on_bars

    def check_market(self, book: SymbolBook, order: LiveOrder) -> None:
        """Refuse an order that must not match or trigger at once, but would."""
        if order.waits:
            if self._on_bars:
                self._check_bar_trigger(order)
            elif self._triggers.would_trigger(book, order):
                raise VenueReject(
                    RejectReason.WOULD_TRIGGER_IMMEDIATELY,
                    f"the last price {book.last} is past the stop price {order.stop_price}",
                )
        elif order.request.post_only and self._crosses(book, order):
            raise VenueReject(
                RejectReason.WOULD_IMMEDIATELY_MATCH,
                f"a post-only order at {order.limit} would match at once",
            )
        elif self._must_fill(order) and self._matcher.available(book, order)[0] < order.remaining:
            raise VenueReject(
                RejectReason.UNFILLABLE, f"{order.remaining} cannot be filled at {order.limit}"
            )

    def _must_fill(self, order: LiveOrder) -> bool:
        is_fok = order.request.time_in_force is TimeInForce.FOK
        return is_fok and order.account.refuses_unfillable and not self._on_bars

    def _check_bar_trigger(self, order: LiveOrder) -> None:
        if order.request.trailing_delta is not None and order.request.stop_price is not None:
            raise VenueReject(
                RejectReason.UNSUPPORTED,
                "trailing_delta with an activation price needs trades; this venue has bars only",
            )

    def _crosses(self, book: SymbolBook, order: LiveOrder) -> bool:
        if not self._on_bars:
            return self._matcher.would_match(book, order)
        if book.last is None or order.limit is None:
            return False
        return order.limit >= book.last if order.is_buy else order.limit <= book.last

    def check_funds(
        self, book: SymbolBook, order: LiveOrder, partner: LiveOrder | None = None
    ) -> None:
        """Refuse an order that its account cannot pay for; `partner` shares its funds."""
        pays_now = order.request.type is OrderType.MARKET and not self._on_bars
        now = self._matcher.available(book, order) if pays_now else None
        order.account.check_funds(order, book.instrument, now, partner)

    def accept(
        self, book: SymbolBook, order: LiveOrder, lock_with: LiveOrder | None = None
    ) -> None:
        """Take an order: give it its ids, lock its funds, tell NEW."""
        self.register(book, order)
        self.lock(book, order, lock_with)
        self._floor.tell_order(order, Execution.NEW)

    def register(self, book: SymbolBook, order: LiveOrder) -> None:
        """Write an order into the books under its ids."""
        order.order_id = self._floor.next_order_id()
        order.client_order_id = order.client_order_id or self._floor.new_client_id()
        order.account.add(order)
        book.open[order.order_id] = order
        if order.request.expires_at is not None:
            book.expiring[order.order_id] = order

    def lock(self, book: SymbolBook, order: LiveOrder, partner: LiveOrder | None = None) -> None:
        """Set funds aside, shared with `partner`; market orders pay as they match."""
        if order.waits:
            book.waiting[order.order_id] = order
        if order.request.type is not OrderType.MARKET or self._on_bars:
            order.account.reserve(order, book.instrument, self._floor.now(), partner)

    def _check_open(self, account: Account, book: SymbolBook) -> None:
        if not account.can_trade:
            raise VenueReject(RejectReason.CANNOT_TRADE, f"account {account.name} may not trade")
        if book.status is TradingStatus.CANCEL_ONLY:
            raise VenueReject(RejectReason.CANCEL_ONLY, f"{book.symbol} takes cancels only")
        if book.status is not TradingStatus.TRADING or not book.instrument.active:
            raise VenueReject(RejectReason.MARKET_CLOSED, f"{book.symbol} is closed")

    def _check_counts(
        self, account: Account, book: SymbolBook, request: OrderRequest, others: int
    ) -> None:
        rules, venue = book.rules, self._floor.venue_rules
        here = [order for order in account.open.values() if order.symbol == book.symbol]
        limits = [
            (RejectReason.MAX_NUM_ORDERS, len(here) + others, rules.max_orders),
            (RejectReason.EXCHANGE_MAX_NUM_ORDERS, len(account.open) + others, venue.max_orders),
        ]
        if request.type.is_conditional:
            algo_here = sum(order.waits for order in here)
            algo_all = sum(order.waits for order in account.open.values())
            limits += [
                (RejectReason.MAX_NUM_ALGO_ORDERS, algo_here, rules.max_algo_orders),
                (RejectReason.EXCHANGE_MAX_NUM_ALGO_ORDERS, algo_all, venue.max_algo_orders),
            ]
        if request.iceberg_amount is not None:
            icebergs = sum(order.request.iceberg_amount is not None for order in here)
            limits.append((RejectReason.MAX_NUM_ICEBERG_ORDERS, icebergs, rules.max_iceberg_orders))
        for reason, count, limit in limits:
            if 0 < limit <= count:
                raise VenueReject(reason, f"{count} such orders are open, {limit} are allowed")

    def _check_position(self, account: Account, book: SymbolBook, request: OrderRequest) -> None:
        limit = book.rules.max_position
        if not limit or request.side.sign < 0 or request.amount is None:
            return
        held = account.ledger.balance(book.instrument.base).total
        buying = sum(
            (o.remaining for o in account.open.values() if o.is_buy and o.symbol == book.symbol),
            ZERO,
        )
        if held + buying + request.amount > limit:
            raise VenueReject(
                RejectReason.MAX_POSITION,
                f"{held} held, {buying} on open buys and {request.amount} are above {limit}",
            )
