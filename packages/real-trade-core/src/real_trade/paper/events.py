"""What the venue tells as it happens, in order, stamped with the venue's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.model import Balance, MarketTrade
from real_trade.model.numbers import ZERO
from real_trade.paper.values import TradingStatus, VenueFill, VenueList, VenueOrder

__all__ = [
    "BalanceReason",
    "BalancesChanged",
    "BookChanged",
    "Execution",
    "ListUpdated",
    "Listener",
    "MarginEvent",
    "OrderUpdated",
    "TradePrinted",
    "TradingChanged",
    "VenueEvent",
]


class Execution(Enum):
    """What happened to an order; the names are Binance's. A trigger is told as a second NEW."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"  # amended
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


class BalanceReason(Enum):
    """Why balances changed."""

    ORDER = "order"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    FUNDING = "funding_fee"


@attrs.frozen(kw_only=True)
class OrderUpdated:
    """One thing happened to one order; `order` is the snapshot right after it.

    Attributes:
        fill: with Execution.TRADE.
        cancel_id: the client id that the cancel came with (Binance's new `c` beside `C`).
        prevented_amount, prevented_order_id: with Execution.TRADE_PREVENTION: how much, and the
            order on the other side.
    """

    account: str
    execution: Execution
    order: VenueOrder
    time: datetime
    fill: VenueFill | None = None
    cancel_id: str = ""
    prevented_amount: Decimal = ZERO
    prevented_order_id: int | None = None
    prevented_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class BalancesChanged:
    """Absolute figures of the assets that changed; one event ends every operation.

    `deltas` (asset, signed amount) come with deposits and withdrawals.
    """

    account: str
    balances: tuple[Balance, ...]
    reason: BalanceReason
    time: datetime
    deltas: tuple[tuple[str, Decimal], ...] = ()


@attrs.frozen(kw_only=True)
class ListUpdated:
    """An order list was taken, or is done."""

    account: str
    list: VenueList
    time: datetime


@attrs.frozen(kw_only=True)
class TradePrinted:
    """A public trade, of the tape or of accounts; order ids are 0 for other people's orders."""

    trade: MarketTrade
    buyer_order_id: int = 0
    seller_order_id: int = 0


@attrs.frozen(kw_only=True)
class BookChanged:
    """What the accounts show in the book of a symbol changed."""

    symbol: str
    time: datetime


@attrs.frozen(kw_only=True)
class TradingChanged:
    """A symbol opened, closed, or takes cancels only."""

    symbol: str
    status: TradingStatus
    time: datetime


@attrs.frozen(kw_only=True)
class MarginEvent:
    """What only venues with margin tell; the kinds are in `real_trade.paper.futures.events`."""


VenueEvent = (
    OrderUpdated
    | BalancesChanged
    | ListUpdated
    | TradePrinted
    | BookChanged
    | TradingChanged
    | MarginEvent
)

Listener = Callable[[VenueEvent], None]
"""Takes events in the order they happen, on the caller's thread; must not call the venue."""
