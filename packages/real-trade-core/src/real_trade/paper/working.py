"""Orders while they live: the venue's own mutable records, never shown outside."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from real_trade.model import OrderType, Side
from real_trade.model.numbers import ZERO
from real_trade.paper.values import (
    ListKind,
    ListStatus,
    OrderRequest,
    SelfTradePrevention,
    Status,
    VenueFill,
    VenueList,
    VenueOrder,
)

if TYPE_CHECKING:
    from real_trade.paper.account import Account

__all__ = ["LiveList", "LiveOrder", "Lock"]

_BECOMES_LIMIT = frozenset(
    {OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.TRAILING_STOP_LIMIT}
)


class Lock:
    """Funds set aside for an order, or once for both legs of an OCO."""

    __slots__ = ("amount", "asset", "orders")

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.amount = ZERO
        self.orders: list[LiveOrder] = []


class LiveOrder:
    """One order's changing figures beside its request.

    Attributes:
        sequence: its place in time priority at its price.
        ahead: how much of the market's displayed amount at its price is before it in the queue.
        shown: what an iceberg order shows now; all that remains for others.
        quote_left: what is left of an order by quote amount.
        limit: the limit price that holds now, None for market orders.
        estimate: the price at which a market order that waits for a bar locks its funds.
        offset: how far past its trigger the limit of a trailing stop-limit is.
        since: when it could first match or be triggered.
    """

    __slots__ = (
        "account",
        "ahead",
        "amendments",
        "amount",
        "average",
        "client_order_id",
        "created_at",
        "estimate",
        "filled",
        "fills",
        "insufficient_funds",
        "is_buy",
        "is_working",
        "limit",
        "list",
        "lock",
        "offset",
        "order_id",
        "prevented",
        "quote_filled",
        "quote_left",
        "reason",
        "request",
        "rests",
        "sequence",
        "shown",
        "since",
        "status",
        "stop_price",
        "stp",
        "symbol",
        "trailing_at",
        "triggered",
        "updated_at",
        "working_at",
    )

    def __init__(
        self,
        account: Account,
        order_id: int,
        request: OrderRequest,
        time: datetime,
        stp: SelfTradePrevention,
    ) -> None:
        self.account = account
        self.order_id = order_id
        self.request = request
        self.client_order_id = request.client_order_id
        self.symbol = request.symbol
        self.is_buy = request.side is Side.BUY
        self.status = Status.NEW
        self.amount = request.amount or ZERO
        self.limit = request.price if request.type.has_limit else None
        self.stop_price = request.stop_price
        self.stp = stp
        self.filled = ZERO
        self.fills: list[VenueFill] = []
        self.quote_filled = ZERO
        self.quote_left = request.quote_amount
        self.prevented = ZERO
        self.is_working = False
        self.triggered = False
        self.rests = False
        self.sequence = 0
        self.ahead = ZERO
        self.shown = ZERO
        self.estimate = ZERO
        self.offset = request.limit_offset or ZERO
        self.lock: Lock | None = None
        self.list: LiveList | None = None
        self.since = time
        self.created_at = time
        self.updated_at = time
        self.working_at: datetime | None = None
        self.trailing_at: datetime | None = None
        self.amendments = 0
        self.reason = ""
        self.insufficient_funds = False
        self.average: Decimal | None = None

    @property
    def remaining(self) -> Decimal:
        """Return what may still fill; zero for an order by quote amount."""
        return self.amount - self.filled - self.prevented

    @property
    def is_open(self) -> bool:
        """Whether it may still fill or be canceled."""
        return self.status.is_open

    @property
    def waits(self) -> bool:
        """Whether it is a conditional order before its trigger."""
        return self.request.type.is_conditional and not self.triggered

    @property
    def is_rising(self) -> bool:
        """Whether its trigger is hit by a price at or above it, rather than at or below."""
        profit = self.request.type in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
        return self.is_buy is not profit

    @property
    def becomes_limit(self) -> bool:
        """Whether its trigger makes it a limit order, rather than a market order."""
        return self.request.type in _BECOMES_LIMIT

    @property
    def trails(self) -> bool:
        """Whether its trigger follows the price."""
        request = self.request
        return request.trailing_delta is not None or request.type in {
            OrderType.TRAILING_STOP,
            OrderType.TRAILING_STOP_LIMIT,
        }

    def fill(self, amount: Decimal, quote: Decimal, dust: Decimal) -> None:
        """Count one execution; less than `dust` quote units cannot buy one more step."""
        self.filled += amount
        self.quote_filled += quote
        if self.quote_left is not None:
            self.quote_left -= quote
            self.amount = self.filled
            done = self.quote_left < dust or not self.quote_left
        else:
            done = not self.remaining
        self.status = Status.FILLED if done else Status.PARTIALLY_FILLED

    def snapshot(self) -> VenueOrder:
        """Return the order as it stands."""
        return VenueOrder(
            account=self.account.name,
            order_id=self.order_id,
            client_order_id=self.client_order_id,
            list_id=None if self.list is None else self.list.list_id,
            request=self.request,
            status=self.status,
            amount=self.amount,
            price=self.limit,
            stop_price=self.stop_price,
            filled=self.filled,
            quote_filled=self.quote_filled,
            prevented_amount=self.prevented,
            self_trade_prevention=self.stp,
            is_working=self.is_working,
            triggered=self.triggered,
            created_at=self.created_at,
            updated_at=self.updated_at,
            working_at=self.working_at,
            trailing_at=self.trailing_at,
            amendments=self.amendments,
            reason=self.reason,
            insufficient_funds=self.insufficient_funds,
            average=self.average,
        )


class LiveList:
    """One order list's changing figures."""

    __slots__ = (
        "account",
        "client_list_id",
        "created_at",
        "kind",
        "list_id",
        "orders",
        "status",
        "symbol",
        "updated_at",
    )

    def __init__(
        self,
        account: Account,
        list_id: int,
        client_list_id: str,
        kind: ListKind,
        symbol: str,
        time: datetime,
    ) -> None:
        self.account = account
        self.list_id = list_id
        self.client_list_id = client_list_id
        self.kind = kind
        self.symbol = symbol
        self.orders: list[LiveOrder] = []
        self.status = ListStatus.EXECUTING
        self.created_at = time
        self.updated_at = time

    @property
    def pair(self) -> list[LiveOrder]:
        """Return the two legs that exclude each other; none in an OTO."""
        if self.kind is ListKind.OTO:
            return []
        return self.orders if self.kind is ListKind.OCO else self.orders[1:]

    def snapshot(self) -> VenueList:
        """Return the list as it stands."""
        return VenueList(
            account=self.account.name,
            list_id=self.list_id,
            client_list_id=self.client_list_id,
            kind=self.kind,
            symbol=self.symbol,
            status=self.status,
            orders=tuple(order.snapshot() for order in self.orders),
            created_at=self.created_at,
            updated_at=self.updated_at,
        )
