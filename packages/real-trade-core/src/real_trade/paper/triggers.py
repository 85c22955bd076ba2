"""Triggers of conditional orders: stops, take-profits, and those that trail the price."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import OrderType
from real_trade.paper.book import SymbolBook
from real_trade.paper.floor import Floor
from real_trade.paper.working import LiveOrder

__all__ = ["Triggers", "trail_distance", "trail_to"]

_BIPS = Decimal(10_000)


def trail_distance(order: LiveOrder, price: Decimal) -> Decimal:
    """Return how far from `price` the trigger of a trailing order is."""
    request = order.request
    if request.trailing_delta is not None:
        return price * request.trailing_delta / _BIPS
    if request.trail_amount:
        return request.trail_amount
    return price * (request.trail_percent or 0)


def trail_to(order: LiveOrder, price: Decimal) -> None:
    """Move a trailing order's trigger, and its limit, if `price` is good for it.

    The arithmetic is that of Backtrader's `Order.trailadjust`; Binance's is the same with a ratio.
    """
    distance = trail_distance(order, price)
    stop = price + distance if order.is_buy else price - distance
    now = order.stop_price if order.trailing_at is not None else None
    if now is not None and not (stop < now if order.is_buy else stop > now):
        return
    order.stop_price = stop
    if order.request.type is OrderType.TRAILING_STOP_LIMIT:
        order.limit = stop + order.offset if order.is_buy else stop - order.offset


class Triggers:
    """Watches traded prices and releases the orders whose condition is met."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def would_trigger(self, book: SymbolBook, order: LiveOrder) -> bool:
        """Whether the condition of a new order is met already."""
        if book.last is None or order.stop_price is None or order.trails:
            return False
        return self._is_hit(order.stop_price, book.last, rising=order.is_rising)

    def prepare(self, book: SymbolBook, order: LiveOrder) -> None:
        """Set a trailing order's first trigger; without an activation price it trails from now."""
        if not order.trails:
            return
        if order.request.trailing_delta is None:
            reference = order.request.stop_price or book.last
            if reference is not None:
                self._track(order, reference)
        elif order.request.stop_price is None and book.last is not None:
            self._track(order, book.last)

    def released(self, book: SymbolBook, price: Decimal) -> list[LiveOrder]:
        """Move trailing orders on and return those that a trade at `price` triggers, by age."""
        return [order for order in list(book.waiting.values()) if self._see(order, price)]

    def after_bar(self, order: LiveOrder, close: Decimal) -> None:
        """Let a trailing order follow a bar's close, as Backtrader does once the bar is over."""
        if not order.trails:
            return
        if order.trailing_at is None:
            self._track(order, close)
        else:
            trail_to(order, close)

    def _see(self, order: LiveOrder, price: Decimal) -> bool:
        stop = order.stop_price
        if not order.trails:
            return stop is not None and self._is_hit(stop, price, rising=order.is_rising)
        if order.trailing_at is None:
            if stop is None or self._is_hit(stop, price, rising=order.is_rising):
                self._track(order, price)
            return False
        # Once it trails, a buy waits for a rise and a sell for a fall, whatever its type
        # (Binance, "Spot Trailing Stop order FAQ").
        if stop is not None and self._is_hit(stop, price, rising=order.is_buy):
            return True
        trail_to(order, price)
        return False

    def _track(self, order: LiveOrder, price: Decimal) -> None:
        request = order.request
        if request.limit_offset is None and request.price is not None:
            order.offset = (request.price - price) * request.side.sign
        order.stop_price = None
        trail_to(order, price)
        order.trailing_at = self._floor.now()

    @staticmethod
    def _is_hit(stop: Decimal, price: Decimal, *, rising: bool) -> bool:
        return price >= stop if rising else price <= stop
