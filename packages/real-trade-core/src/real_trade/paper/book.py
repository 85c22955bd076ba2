"""One symbol's book: the market's displayed depth, the accounts' resting orders, the last prices.

The queue model: an order that starts to rest stands behind what the market shows at its price.
Trades at the price eat that first; when the market shows less, the difference left from ahead of
the order. A trade beyond the price means that everything at the price has gone.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING

from real_trade.model import Bar, Instrument
from real_trade.model.numbers import ZERO
from real_trade.paper.rules import SymbolRules
from real_trade.paper.values import Level, Quote, TradingStatus
from real_trade.paper.working import LiveOrder

if TYPE_CHECKING:
    from real_trade.paper.account import Account

__all__ = ["BookSide", "SymbolBook"]

_Key = tuple[Decimal, int]
_key = itemgetter(0)


class BookSide:
    """One side of a book: bids (`sign` 1) or asks (`sign` -1), best first."""

    __slots__ = ("holds_up", "levels", "orders", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        # What the market shows and nobody has taken yet: [price, amount], best first.
        self.levels: list[list[Decimal]] = []
        self.orders: list[tuple[_Key, LiveOrder]] = []
        # Whether those levels stand in the queue before orders that come to rest.
        self.holds_up = True

    def show(self, levels: tuple[Level, ...], *, is_estimate: bool = False) -> None:
        """Take the market's new depth."""
        self.holds_up = not is_estimate
        self.levels = [[price, amount] for price, amount in levels]
        for _, order in self.orders:
            if order.ahead:
                order.ahead = min(order.ahead, self.shown_at(order.limit))

    def shown_at(self, price: Decimal | None) -> Decimal:
        """Return what the market shows at `price` before an order that comes there now."""
        if not self.holds_up:
            return ZERO
        for at, amount in self.levels:
            if at == price:
                return amount
        return ZERO

    def add(self, order: LiveOrder, sequence: int) -> None:
        """Put an order behind all others at its price."""
        order.sequence = sequence
        order.ahead = self.shown_at(order.limit)
        iceberg = order.request.iceberg_amount
        order.shown = order.remaining if not iceberg else min(iceberg, order.remaining)
        insort(self.orders, (self._key(order), order), key=_key)
        order.rests = True

    def remove(self, order: LiveOrder) -> None:
        """Take an order off."""
        del self.orders[bisect_left(self.orders, self._key(order), key=_key)]
        order.rests = False

    def best_order(self) -> LiveOrder | None:
        """Return the accounts' order that is first in price and time."""
        return self.orders[0][1] if self.orders else None

    def best_level(self) -> list[Decimal] | None:
        """Return the market's best level that has something left."""
        levels = self.levels
        while levels and levels[0][1] <= 0:
            del levels[0]
        return levels[0] if levels else None

    def best_price(self) -> Decimal | None:
        """Return the best price of all."""
        level, order = self.best_level(), self.best_order()
        if level is None or order is None or order.limit is None:
            return level[0] if level else order.limit if order else None
        return max(level[0], order.limit) if self.sign > 0 else min(level[0], order.limit)

    def reaches(self, price: Decimal, limit: Decimal | None) -> bool:
        """Whether a taker with `limit` takes this side's `price`."""
        if limit is None:
            return True
        return price >= limit if self.sign > 0 else price <= limit

    def advance(self, price: Decimal, amount: Decimal) -> None:
        """Move the queue at `price` on by `amount` of the market's orders."""
        for _, order in self.orders:
            if order.limit == price:
                order.ahead = max(ZERO, order.ahead - amount)
            elif not self.reaches(order.limit or ZERO, price):
                break

    def merged(self, *, hidden: bool = True, without: Account | None = None) -> list[Level]:
        """Return price and amount of the market and the accounts together, best first.

        Args:
            hidden: whether to count what icebergs do not show.
            without: an account whose own orders do not count.
        """
        amounts: dict[Decimal, Decimal] = {}
        for price, amount in self.levels:
            if amount > 0:
                amounts[price] = amounts.get(price, ZERO) + amount
        for _, order in self.orders:
            if order.account is without:
                continue
            shown = order.remaining if hidden else order.shown
            amounts[order.limit or ZERO] = amounts.get(order.limit or ZERO, ZERO) + shown
        prices = sorted(amounts, reverse=self.sign > 0)
        return [Level(price, amounts[price]) for price in prices]

    def _key(self, order: LiveOrder) -> _Key:
        return (-self.sign * (order.limit or ZERO), order.sequence)


class SymbolBook:
    """Everything the venue knows of one symbol.

    Attributes:
        open: all open orders, oldest first.
        waiting: those of them that wait for a trigger.
        last: the last traded price.
        moves: prices traded since the triggers were last looked at.
    """

    def __init__(self, instrument: Instrument, rules: SymbolRules) -> None:
        self.instrument = instrument
        self.rules = rules
        self.status = TradingStatus.TRADING
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.open: dict[int, LiveOrder] = {}
        self.waiting: dict[int, LiveOrder] = {}
        self.expiring: dict[int, LiveOrder] = {}
        self.last: Decimal | None = None
        self.moves: deque[Decimal] = deque()
        self._bar_length: int | None = None
        self._bar_open: datetime | None = None
        self._recent: deque[tuple[datetime, Decimal, Decimal]] = deque()
        self._recent_quote = ZERO
        self._recent_amount = ZERO

    @property
    def symbol(self) -> str:
        """Return the unified symbol."""
        return self.instrument.symbol

    def side(self, order: LiveOrder) -> BookSide:
        """Return the side on which `order` rests."""
        return self.bids if order.is_buy else self.asks

    def against(self, order: LiveOrder) -> BookSide:
        """Return the side that `order` takes from."""
        return self.asks if order.is_buy else self.bids

    def show(self, quote: Quote) -> None:
        """Take the market's new depth."""
        self.bids.show(quote.bids, is_estimate=quote.is_estimate)
        self.asks.show(quote.asks, is_estimate=quote.is_estimate)

    def traded(self, price: Decimal, amount: Decimal, time: datetime) -> None:
        """Count one trade of anybody."""
        self.last = price
        if self.waiting:
            self.moves.append(price)
        if self.rules.average_minutes:
            quote = price * amount
            self._recent.append((time, quote, amount))
            self._recent_quote += quote
            self._recent_amount += amount
            self._forget(time - timedelta(minutes=self.rules.average_minutes))

    def _forget(self, before: datetime) -> None:
        recent = self._recent
        while recent and recent[0][0] < before:
            _, quote, amount = recent.popleft()
            self._recent_quote -= quote
            self._recent_amount -= amount

    def is_news(self, bar: Bar) -> bool:
        """Note a bar, and return whether it tells anything new.

        One that was seen says nothing more; a longer one than the shortest seen was seen in parts.
        """
        length = bar.timeframe.seconds
        if self._bar_length is not None and length > self._bar_length:
            return False
        seen = self._bar_open if length == self._bar_length else None
        if seen is not None and bar.open_time <= seen:
            return False
        self._bar_length, self._bar_open = length, bar.open_time
        return True

    @property
    def average(self) -> Decimal | None:
        """Return the volume-weighted average of the last minutes, or the last price."""
        if self._recent_amount > 0:
            return self._recent_quote / self._recent_amount
        return self.last

    @property
    def reference(self) -> Decimal | None:
        """Return the price against which percent and notional filters measure."""
        if self.last is not None:
            return self.average
        bid, ask = self.bids.best_price(), self.asks.best_price()
        if bid is None or ask is None:
            return bid or ask
        return (bid + ask) / 2

    def forget_order(self, order: LiveOrder) -> None:
        """Take a closed order out of everything."""
        if order.rests:
            self.side(order).remove(order)
        self.open.pop(order.order_id, None)
        self.waiting.pop(order.order_id, None)
        self.expiring.pop(order.order_id, None)
