"""What every kind of account has: its books, its orders, and the questions the venue asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model import Instrument
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.ledger import Book, Entry, Ledger, PostingKind
from real_trade.paper.values import OrderRequest, VenueFill
from real_trade.paper.working import LiveList, LiveOrder

__all__ = ["Account", "AccountKind", "Booking", "PriceOf"]

PriceOf = Callable[[str, str], Decimal | None]
"""The last price of one asset in another, or None."""


@attrs.frozen
class Booking:
    """One fill that is about to be booked; `quote` is what `amount` costs at `price`."""

    order: LiveOrder
    price: Decimal
    amount: Decimal
    quote: Decimal
    is_maker: bool
    trade_id: int
    time: datetime


class Account(ABC):
    """One account of a venue. A kind of account says what orders reserve and what fills do.

    Args:
        keep: how many closed orders, and ten times as many fills, are remembered.

    Attributes:
        refuses_unfillable: whether a fill-or-kill order that cannot fill is refused beforehand,
            rather than taken and expired.
        may_owe: whether its funds may be negative for a while.
    """

    refuses_unfillable = False
    may_owe = False

    def __init__(
        self, name: str, fees: FeeSchedule, price_of: PriceOf, *, keep: int = 50_000
    ) -> None:
        self.name = name
        self.fees = fees
        self.ledger = Ledger(may_owe=self.may_owe)
        self.orders: dict[int, LiveOrder] = {}
        self.open: dict[int, LiveOrder] = {}
        self.by_client_id: dict[str, LiveOrder] = {}
        self.lists: dict[int, LiveList] = {}
        self.fills: deque[VenueFill] = deque(maxlen=10 * keep)
        self.can_trade = True
        # The assets that the current operation changed, in order; the floor tells and clears them.
        self.changed: dict[str, None] = {}
        self._price_of = price_of
        self._closed: deque[LiveOrder] = deque()
        self._keep = keep

    # What a kind of account says

    @abstractmethod
    def check_request(self, request: OrderRequest, instrument: Instrument) -> None:
        """Refuse a request that this kind of account does not take."""

    @abstractmethod
    def check_funds(
        self,
        order: LiveOrder,
        instrument: Instrument,
        now: tuple[Decimal, Decimal] | None,
        partner: LiveOrder | None,
    ) -> None:
        """Refuse an order that the account cannot pay for.

        Args:
            now: amount and cost that a market order would take at once; None for orders that wait.
            partner: the other leg of its pair, whose reserve it shares.
        """

    @abstractmethod
    def reserve(
        self, order: LiveOrder, instrument: Instrument, time: datetime, partner: LiveOrder | None
    ) -> None:
        """Set aside what an order that may wait needs."""

    @abstractmethod
    def release(self, order: LiveOrder, instrument: Instrument, time: datetime) -> None:
        """Set aside only what an order still needs, which is nothing once it has closed."""

    @abstractmethod
    def can_pay(self, booking: Booking, instrument: Instrument) -> bool:
        """Whether a fill can be booked without overdrawing the account."""

    @abstractmethod
    def settle(self, booking: Booking, instrument: Instrument) -> VenueFill:
        """Book a fill: the order's figures, the funds, the fee, and the reserve that it frees."""

    @abstractmethod
    def check(self) -> None:
        """Prove the books, and that what is reserved is what the open orders reserve.

        Raises:
            DataError: they are wrong; the message says where.
        """

    def may_work(self, order: LiveOrder) -> bool:
        """Whether an order that is about to match has a purpose still; it may lower its amount."""
        return order.is_open

    # What all kinds share

    def move(
        self, time: datetime, kind: PostingKind, reference: str, asset: str, amount: Decimal
    ) -> None:
        """Book a movement between what is free and the outside."""
        other = Book.FUNDING if kind is PostingKind.FUNDING else Book.EXTERNAL
        entries = (Entry(other, asset, -amount), Entry(Book.FREE, asset, amount))
        self.ledger.post(time, kind, reference, entries)
        self.changed.setdefault(asset)

    def add(self, order: LiveOrder) -> None:
        """Write a new order down under its ids."""
        self.orders[order.order_id] = order
        self.open[order.order_id] = order
        self.by_client_id[order.client_order_id] = order

    def closed(self, order: LiveOrder) -> None:
        """Take an order off the open ones, and forget the oldest closed one beyond the limit."""
        if self.open.pop(order.order_id, None) is None:
            return
        self._closed.append(order)
        if len(self._closed) > self._keep:
            self._forget(self._closed.popleft())

    def _forget(self, order: LiveOrder) -> None:
        self.orders.pop(order.order_id, None)
        if self.by_client_id.get(order.client_order_id) is order:
            del self.by_client_id[order.client_order_id]
        if order.list is not None and not any(leg.is_open for leg in order.list.orders):
            self.lists.pop(order.list.list_id, None)

    def record(
        self, booking: Booking, fee: Decimal, fee_asset: str, pnl: Decimal | None = None
    ) -> VenueFill:
        """Write a fill down."""
        order = booking.order
        fill = VenueFill(
            account=self.name,
            trade_id=booking.trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            list_id=None if order.list is None else order.list.list_id,
            symbol=order.symbol,
            side=order.request.side,
            price=booking.price,
            amount=booking.amount,
            quote_amount=booking.quote,
            fee=fee,
            fee_asset=fee_asset,
            is_maker=booking.is_maker,
            time=booking.time,
            realized_pnl=pnl,
        )
        order.fills.append(fill)
        self.fills.append(fill)
        return fill


AccountKind = Callable[[str, FeeSchedule, PriceOf], Account]
"""Makes an account of one kind."""
