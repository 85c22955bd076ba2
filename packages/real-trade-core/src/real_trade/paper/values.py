"""What the venue takes and gives: requests, and snapshots of orders, fills and order lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

import attrs

from real_trade.model import OrderState, OrderType, Side, TimeInForce
from real_trade.model.numbers import ZERO, optional_amount_field
from real_trade.model.times import optional_time_field
from real_trade.paper.rejects import VenueReject

__all__ = [
    "Level",
    "ListKind",
    "ListRequest",
    "ListStatus",
    "OrderRequest",
    "Quote",
    "ReplaceMode",
    "ReplaceResult",
    "SelfTradePrevention",
    "Status",
    "TradingStatus",
    "VenueFill",
    "VenueList",
    "VenueOrder",
]


class Status(Enum):
    """Where an order stands at the venue; the names are Binance's."""

    PENDING_NEW = "PENDING_NEW"  # waits for the working order of its list
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # self-trade prevention
    REJECTED = "REJECTED"

    @property
    def is_open(self) -> bool:
        """Whether the order may still fill or be canceled."""
        return self in _OPEN

    @property
    def state(self) -> OrderState:
        """Return the model's word for it."""
        return _STATES[self]


_OPEN = frozenset({Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED})
_STATES: Mapping[Status, OrderState] = MappingProxyType(
    {
        Status.PENDING_NEW: OrderState.ACCEPTED,
        Status.NEW: OrderState.ACCEPTED,
        Status.PARTIALLY_FILLED: OrderState.PARTIALLY_FILLED,
        Status.FILLED: OrderState.FILLED,
        Status.CANCELED: OrderState.CANCELED,
        Status.EXPIRED: OrderState.EXPIRED,
        Status.EXPIRED_IN_MATCH: OrderState.EXPIRED,
        Status.REJECTED: OrderState.REJECTED,
    }
)


class SelfTradePrevention(Enum):
    """What happens when an order would trade with another one of the same account."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"


class TradingStatus(Enum):
    """What a symbol allows now. Nothing fills but while TRADING; cancels are always taken."""

    TRADING = "TRADING"
    HALT = "HALT"
    BREAK = "BREAK"
    CANCEL_ONLY = "CANCEL_ONLY"


class ReplaceMode(Enum):
    """What cancel-replace does when the cancel fails."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class ListKind(Enum):
    """Order lists: one cancels the other, one triggers the other, one triggers such a pair."""

    OCO = "OCO"
    OTO = "OTO"
    OTOCO = "OTOCO"


class ListStatus(Enum):
    """Where a list stands."""

    EXECUTING = "EXECUTING"
    ALL_DONE = "ALL_DONE"
    REJECT = "REJECT"


class Level(NamedTuple):
    """One price of the book with the amount shown at it."""

    price: Decimal
    amount: Decimal


@attrs.frozen
class Quote:
    """The market's displayed depth at one time, best levels first; other people's orders.

    An estimated one, made from a last price, lets orders take from it but holds up nobody's queue.
    """

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    time: datetime
    is_estimate: bool = False


@attrs.frozen(kw_only=True)
class OrderRequest:
    """An order as an account asks for it.

    Binance's spot types map so: STOP_LOSS is STOP, STOP_LOSS_LIMIT is STOP_LIMIT, LIMIT_MAKER is
    LIMIT with `post_only`. `trailing_delta` makes a stop or take-profit trail by so many
    hundredths of a percent (Binance, "Trailing stop FAQ"); with `stop_price` tracking starts once
    that price is reached. TRAILING_STOP and TRAILING_STOP_LIMIT are Backtrader's StopTrail and
    StopTrailLimit: `trail_amount` (quote units) or `trail_percent` (a ratio) from
    `stop_price`, or from the last price without it.

    Attributes:
        symbol: unified name.
        amount: base units; None only with `quote_amount` (market orders).
        price: the limit; of TRAILING_STOP_LIMIT the first limit, or None with `limit_offset`.
        limit_offset: how far past the trigger the limit is, in quote units: above it for a buy,
            below it for a sell; a negative one is on the near side.
        iceberg_amount: how much of it the book shows at a time.
        expires_at: with TimeInForce.GTD; a bar or event after it expires the order.
        client_order_id: unique among the account's open orders; "" lets the venue choose one.
        self_trade_prevention: None takes the venue's default.
        strategy_id, strategy_type: kept and shown, without meaning to the venue.
    """

    symbol: str
    side: Side
    type: OrderType
    amount: Decimal | None = optional_amount_field("amount")
    quote_amount: Decimal | None = optional_amount_field("quote_amount")
    price: Decimal | None = optional_amount_field("price")
    stop_price: Decimal | None = optional_amount_field("stop_price")
    trailing_delta: int | None = None
    trail_amount: Decimal | None = optional_amount_field("trail_amount")
    trail_percent: Decimal | None = optional_amount_field("trail_percent")
    limit_offset: Decimal | None = optional_amount_field("limit_offset")
    iceberg_amount: Decimal | None = optional_amount_field("iceberg_amount")
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: datetime | None = optional_time_field()
    post_only: bool = False
    reduce_only: bool = False
    client_order_id: str = ""
    self_trade_prevention: SelfTradePrevention | None = None
    strategy_id: int | None = None
    strategy_type: int | None = None


@attrs.frozen(kw_only=True)
class VenueFill:
    """One execution of one account's order; `fee` is negative for a rebate."""

    account: str
    trade_id: int
    order_id: int
    client_order_id: str
    list_id: int | None
    symbol: str
    side: Side
    price: Decimal
    amount: Decimal
    quote_amount: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    time: datetime
    realized_pnl: Decimal | None = None


@attrs.frozen(kw_only=True)
class VenueOrder:
    """An order as it stands now: a snapshot that never changes.

    Attributes:
        request: what was asked for, with the client order id filled in.
        amount: the whole amount now (amendments lower it); an order by quote amount shows what
            it filled.
        price, stop_price: as they stand now: a trailing order's move.
        is_working: whether it is on the book or has been matched: False before a trigger.
        working_at: since when it has been.
        triggered: whether the trigger of a conditional order was hit.
        trailing_at: since when a trailing order tracks the price.
        prevented_amount: what self-trade prevention took away.
        reason: why it was rejected or expired, in words.
        amendments: how many times it was amended.
    """

    account: str
    order_id: int
    client_order_id: str
    list_id: int | None
    request: OrderRequest
    status: Status
    amount: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    filled: Decimal = ZERO
    quote_filled: Decimal = ZERO
    prevented_amount: Decimal = ZERO
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    is_working: bool = False
    triggered: bool = False
    created_at: datetime
    updated_at: datetime
    working_at: datetime | None = None
    trailing_at: datetime | None = None
    amendments: int = 0
    reason: str = ""
    insufficient_funds: bool = False
    average: Decimal | None = None

    @property
    def symbol(self) -> str:
        """Return the unified symbol."""
        return self.request.symbol

    @property
    def side(self) -> Side:
        """Return the side."""
        return self.request.side

    @property
    def remaining(self) -> Decimal:
        """Return what may still fill."""
        return self.amount - self.filled - self.prevented_amount if self.status.is_open else ZERO

    @property
    def average_price(self) -> Decimal | None:
        """Return the average price of the fills, or None without fills."""
        if self.average is not None:
            return self.average
        return self.quote_filled / self.filled if self.filled else None


@attrs.frozen(kw_only=True)
class ListRequest:
    """An order list.

    Attributes:
        orders: OCO: the two legs, above and below. OTO: working, pending. OTOCO: working, then
            the pending pair. The pending ones go to the book when the working one has filled.
        client_list_id: "" lets the venue choose one.
    """

    kind: ListKind
    orders: tuple[OrderRequest, ...]
    client_list_id: str = ""


@attrs.frozen(kw_only=True)
class VenueList:
    """An order list as it stands now."""

    account: str
    list_id: int
    client_list_id: str
    kind: ListKind
    symbol: str
    status: ListStatus
    orders: tuple[VenueOrder, ...]
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class ReplaceResult:
    """What became of both halves of a cancel-replace; None where it was not attempted."""

    canceled: VenueOrder | VenueReject
    placed: VenueOrder | VenueReject | None
