"""Binance's words for futures orders, and how prices and amounts of a contract are written."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from real_trade.model import Instrument, OrderType, TimeInForce
from real_trade.paper.futures import AlgoOrder, FuturesRequest, OrderOrigin
from real_trade.paper.values import VenueOrder

__all__ = [
    "ALGO_TYPES",
    "FuturesType",
    "MarginWord",
    "ReplyKind",
    "algo_type",
    "amount_text",
    "order_type",
    "plain",
    "price_text",
    "time_in_force",
]


class FuturesType(Enum):
    """Order types of futures; all but the first two are conditional."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"

    @property
    def is_conditional(self) -> bool:
        """Whether the algo service takes it."""
        return self not in {FuturesType.LIMIT, FuturesType.MARKET}

    @property
    def has_limit(self) -> bool:
        """Whether it has a limit price."""
        return self in {FuturesType.LIMIT, FuturesType.STOP, FuturesType.TAKE_PROFIT}


class ReplyKind(Enum):
    """How much the reply to a new order tells."""

    ACK = "ACK"
    RESULT = "RESULT"


class MarginWord(Enum):
    """What requests call the margin types."""

    ISOLATED = "ISOLATED"
    CROSSED = "CROSSED"


ALGO_TYPES = {
    FuturesType.STOP: OrderType.STOP_LIMIT,
    FuturesType.STOP_MARKET: OrderType.STOP,
    FuturesType.TAKE_PROFIT: OrderType.TAKE_PROFIT_LIMIT,
    FuturesType.TAKE_PROFIT_MARKET: OrderType.TAKE_PROFIT,
    FuturesType.TRAILING_STOP_MARKET: OrderType.TRAILING_STOP,
}
_ALGO_WORDS = {kind: word.value for word, kind in ALGO_TYPES.items()}


def order_type(order: VenueOrder) -> str:
    """Return Binance's word for an order's type; orders by force are limit orders."""
    request = order.request
    if isinstance(request, FuturesRequest) and request.origin in {
        OrderOrigin.LIQUIDATION,
        OrderOrigin.ADL,
    }:
        return "LIMIT"
    return "LIMIT" if request.type.has_limit else "MARKET"


def algo_type(order: AlgoOrder) -> str:
    """Return Binance's word for an algo order's type."""
    return _ALGO_WORDS[order.request.type]


def time_in_force(time: TimeInForce, *, post_only: bool) -> str:
    """Return Binance's word: post-only orders are GTX."""
    return "GTX" if post_only else time.value


def price_text(instrument: Instrument, price: Decimal | None) -> str:
    """Return a price with the decimals of the tick; 0.00 for none."""
    return _fixed(price, instrument.price_step)


def amount_text(instrument: Instrument, amount: Decimal | None) -> str:
    """Return an amount with the decimals of the step; 0.000 for none."""
    return _fixed(amount, instrument.amount_step)


def plain(value: Decimal | None, digits: int = 8) -> str:
    """Return a number cut to `digits` decimals, without zeros at the end; 0 for none."""
    if not value:
        return "0"
    text = f"{round(value, digits):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _fixed(value: Decimal | None, step: Decimal) -> str:
    digits = max(0, -int(step.normalize().as_tuple().exponent))
    return f"{value or Decimal(0):.{digits}f}"
