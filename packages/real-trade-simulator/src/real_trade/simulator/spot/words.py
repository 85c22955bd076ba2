"""Binance's words for orders, and the venue's."""

from __future__ import annotations

from enum import Enum

from real_trade.model import OrderType, TimeInForce
from real_trade.paper.values import ListKind, Status, VenueOrder

__all__ = ["ORDER_TYPES", "ReplyKind", "SpotType", "contingency", "expiry_reason", "order_type"]


class SpotType(Enum):
    """Order types of the spot market."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class ReplyKind(Enum):
    """How much the reply to a new order tells."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


ORDER_TYPES = {
    SpotType.LIMIT: OrderType.LIMIT,
    SpotType.LIMIT_MAKER: OrderType.LIMIT,
    SpotType.MARKET: OrderType.MARKET,
    SpotType.STOP_LOSS: OrderType.STOP,
    SpotType.STOP_LOSS_LIMIT: OrderType.STOP_LIMIT,
    SpotType.TAKE_PROFIT: OrderType.TAKE_PROFIT,
    SpotType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT_LIMIT,
}
_WORDS = {
    OrderType.LIMIT: "LIMIT",
    OrderType.MARKET: "MARKET",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
}


def order_type(order: VenueOrder) -> str:
    """Return Binance's word for the order's type."""
    if order.request.post_only and order.request.type is OrderType.LIMIT:
        return "LIMIT_MAKER"
    return _WORDS[order.request.type]


def contingency(kind: ListKind) -> str:
    """Return Binance's word for a list's kind: OTOCO is shown as OTO."""
    return "OCO" if kind is ListKind.OCO else "OTO"


def expiry_reason(order: VenueOrder) -> str:
    """Return why an order expired, in Binance's word, or "" (enums.md, "expiryReason")."""
    if order.status is not Status.EXPIRED:
        return ""
    if order.list_id is not None and not order.is_working:
        return "OCO_TRIGGER"
    if order.request.time_in_force is TimeInForce.FOK:
        return "UNFILLED_FOK_ORDER_EXPIRED"
    if order.request.time_in_force is TimeInForce.IOC:
        return "UNFILLED_IOC_QUANTITY_EXPIRED"
    return "INSUFFICIENT_LIQUIDITY"
