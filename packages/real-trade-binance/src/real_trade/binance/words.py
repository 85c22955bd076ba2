"""Binance's words for states, types and numbers."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from real_trade.model import OrderState, OrderType

__all__ = ["ORDER_TYPES", "STATES", "text"]

STATES = MappingProxyType(
    {
        "NEW": OrderState.ACCEPTED,
        "PENDING_NEW": OrderState.ACCEPTED,
        "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
        "FILLED": OrderState.FILLED,
        "CANCELED": OrderState.CANCELED,
        "PENDING_CANCEL": OrderState.PENDING_CANCEL,
        "REJECTED": OrderState.REJECTED,
        "EXPIRED": OrderState.EXPIRED,
        "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    }
)

ORDER_TYPES = MappingProxyType(
    {
        "LIMIT": OrderType.LIMIT,
        "LIMIT_MAKER": OrderType.LIMIT,
        "MARKET": OrderType.MARKET,
        "STOP_LOSS": OrderType.STOP,
        "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
        "TAKE_PROFIT": OrderType.TAKE_PROFIT,
        "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
    }
)


def text(value: Decimal) -> str:
    """Return `value` as Binance takes it: no exponent, no trailing zeros (they cost precision)."""
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
