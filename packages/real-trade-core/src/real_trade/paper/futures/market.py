"""Mark and index prices, funding rates and rules of a futures venue's symbols."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from real_trade.model import Instrument
from real_trade.model.numbers import ONE, ZERO
from real_trade.paper.floor import Floor
from real_trade.paper.futures.brackets import INVERSE_BRACKETS, LINEAR_BRACKETS, FuturesRules
from real_trade.paper.futures.values import (
    MarkPrice,
)

__all__ = ["FuturesMarket"]

_DIGITS = Decimal("1e-8")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LINEAR = FuturesRules(brackets=LINEAR_BRACKETS)
_INVERSE = FuturesRules(brackets=INVERSE_BRACKETS)


class _Prices:
    """What is known of one symbol beside its book."""

    __slots__ = ("index", "index_override", "mark", "mark_override", "next_funding", "premium")

    def __init__(self) -> None:
        self.index: Decimal | None = None
        self.index_override: Decimal | None = None
        self.mark: Decimal | None = None
        self.mark_override: Decimal | None = None
        self.premium = ZERO
        self.next_funding: datetime | None = None


class FuturesMarket:
    """The prices against which margin is measured. The tape's last price is the index.

    The mark price is index x (1 + premium), unless it is set by hand.

    Attributes:
        version: counts the moves of mark prices.
    """

    def __init__(
        self,
        floor: Floor,
        rules: Mapping[str, FuturesRules],
        default: FuturesRules | None,
    ) -> None:
        self._floor = floor
        self._rules = dict(rules)
        self._default = default
        self._rates: dict[str, Decimal] = {}
        self._prices: dict[str, _Prices] = {}
        self.version = 0
        # The earliest funding of the symbols that were there when it was looked for.
        self._earliest: datetime | None = None
        self._symbols = 0

    # What the rules say

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of a symbol, or refuse."""
        return self._floor.book(symbol).instrument

    def rules(self, symbol: str) -> FuturesRules:
        """Return the margin rules of a symbol."""
        instrument = self.instrument(symbol)
        found = self._rules.get(symbol) or self._default
        return found or (_INVERSE if instrument.inverse else _LINEAR)

    # Prices

    def mark(self, symbol: str) -> Decimal | None:
        """Return the mark price, or None before the first price."""
        return self._of(symbol).mark

    def index(self, symbol: str) -> Decimal | None:
        """Return the index price, or None before the first price."""
        return self._of(symbol).index

    def see(self, symbol: str, price: Decimal) -> bool:
        """Take a traded price for the index; return whether the mark price moved."""
        prices = self._of(symbol)
        if prices.index_override is None:
            prices.index = price
        return self._refresh(prices)

    def set_premium(self, symbol: str, premium: Decimal) -> bool:
        """Set how far the mark price is from the index, as a ratio."""
        prices = self._of(symbol)
        prices.premium = premium
        return self._refresh(prices)

    def set_mark(self, symbol: str, price: Decimal | None) -> bool:
        """Set the mark price by hand, or let it follow the index again."""
        prices = self._of(symbol)
        prices.mark_override = price
        return self._refresh(prices)

    def set_index(self, symbol: str, price: Decimal | None) -> bool:
        """Set the index price by hand, or let it follow the tape again."""
        prices = self._of(symbol)
        prices.index_override = price
        prices.index = price if price is not None else self._floor.book(symbol).last
        return self._refresh(prices)

    def shown(self, symbol: str) -> MarkPrice | None:
        """Return mark and index price with the funding to come."""
        prices = self._of(symbol)
        if prices.mark is None:
            return None
        return MarkPrice(
            symbol=symbol,
            mark=prices.mark,
            index=prices.index if prices.index is not None else prices.mark,
            funding_rate=self.rate(symbol),
            next_funding=self.next_funding(symbol),
            time=self._floor.now(),
        )

    def _refresh(self, prices: _Prices) -> bool:
        before = prices.mark
        if prices.mark_override is not None:
            prices.mark = prices.mark_override
        elif prices.index is not None:
            mark = prices.index * (ONE + prices.premium)
            prices.mark = mark if not prices.premium else mark.quantize(_DIGITS)
        if prices.mark == before:
            return False
        self.version += 1
        return True

    # Funding

    def rate(self, symbol: str) -> Decimal:
        """Return the rate of the next funding."""
        if not self._is_funded(symbol):
            return ZERO
        return self._rates.get(symbol, self.rules(symbol).funding_rate)

    def set_rate(self, symbol: str, rate: Decimal) -> None:
        """Set the rate of the next funding and of those after it."""
        self.instrument(symbol)
        self._rates[symbol] = rate

    def next_funding(self, symbol: str) -> datetime | None:
        """Return when funding is paid next; None for dated contracts."""
        if not self._is_funded(symbol):
            return None
        prices = self._of(symbol)
        if prices.next_funding is None:
            prices.next_funding = self._after(symbol)
        return prices.next_funding

    def is_due(self) -> bool:
        """Whether funding of some symbol is due."""
        books = self._floor.books
        if self._symbols != len(books):
            times = (self.next_funding(symbol) for symbol in books)
            self._earliest = min((time for time in times if time is not None), default=None)
            self._symbols = len(books)
        return self._earliest is not None and self._earliest <= self._floor.now()

    def times_due(self, symbol: str) -> int:
        """Return how many fundings the clock has passed since the last one."""
        due, now = self.next_funding(symbol), self._floor.now()
        if due is None or due > now:
            return 0
        return 1 + (now - due) // timedelta(hours=self.rules(symbol).funding_hours)

    def funded(self, symbol: str) -> None:
        """Take note that the funding that was due has been paid."""
        self._of(symbol).next_funding = self._after(symbol)
        self._symbols = 0

    def _after(self, symbol: str) -> datetime:
        interval = timedelta(hours=self.rules(symbol).funding_hours)
        return _EPOCH + ((self._floor.now() - _EPOCH) // interval + 1) * interval

    def _is_funded(self, symbol: str) -> bool:
        return self.instrument(symbol).expiry is None and self.rules(symbol).funding_hours > 0

    def _of(self, symbol: str) -> _Prices:
        prices = self._prices.get(symbol)
        if prices is None:
            self.instrument(symbol)
            prices = self._prices[symbol] = _Prices()
        return prices
