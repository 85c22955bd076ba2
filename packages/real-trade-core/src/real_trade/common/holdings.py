"""What the account holds, as Backtrader shows it: positions and their value at the last price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from backtrader.position import Position

from real_trade.common.copies import feed_behind

__all__ = ["Holdings"]


class Holdings:
    """Positions by symbol and the feeds that price them; reading them asks nobody."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}
        self._open: dict[str, Position] = {}
        self._feeds: dict[str, Any] = {}
        self._by_base: dict[str, Any] = {}
        self._dust: Mapping[str, Decimal] = {}

    def know(
        self, feeds: Iterable[Any], bases: Mapping[str, str], dust: Mapping[str, Decimal]
    ) -> None:
        """Take in feeds: of several bar lengths of a symbol, the finest tells its price.

        Args:
            feeds: all feeds of the run; those that are not of this store are left out.
            bases: base asset by symbol.
            dust: amounts by asset that are too small to trade; read anew every time.
        """
        self._dust = dust
        ours = [feed for feed in feeds if getattr(feed, "_rt_symbol", None) in bases]
        for feed in sorted(ours, key=lambda feed: feed.bar_length.seconds):
            self._feeds.setdefault(feed._rt_symbol, feed)
            self._by_base.setdefault(bases[feed._rt_symbol], feed)

    @property
    def feeds(self) -> Mapping[str, Any]:
        """Return the feed that prices each symbol."""
        return self._feeds

    def position(self, symbol: str) -> Position:
        """Return the position of a symbol, which may be none; it changes with the fills."""
        return self._positions.setdefault(symbol, Position())

    def change(self, symbol: str, size: float, price: float) -> Position:
        """Take the size and entry price after a fill; return the position."""
        position = self.position(symbol)
        position.size, position.price = size, price
        if size:
            self._open[symbol] = position
        else:
            self._open.pop(symbol, None)
        return position

    def sizes(self) -> dict[str, float]:
        """Return the sizes of open positions by symbol."""
        return {symbol: position.size for symbol, position in self._open.items()}

    def value(self) -> float:
        """Return the value of all positions, and of dust."""
        value = 0.0
        for symbol in self._open:
            value += self._value_of(symbol, self._feeds.get(symbol))
        for asset, amount in self._dust.items():
            feed = self._by_base.get(asset)
            if feed is not None and len(feed):
                value += float(amount) * feed.close[0]
        return value

    def value_in(self, datas: Iterable[Any]) -> float:
        """Return the value of the positions in these feeds."""
        return sum((self._value_of(feed_behind(data)._rt_symbol, data) for data in datas), 0.0)

    def _value_of(self, symbol: str, feed: Any) -> float:
        position = self._open.get(symbol)
        if position is None or feed is None or not len(feed):
            return 0.0
        return float(position.size * feed.close[0])
