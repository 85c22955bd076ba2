"""Finds an instrument by any spelling a user may know it by."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from real_trade.exchange.errors import UnknownSymbol
from real_trade.model import Instrument, Market

__all__ = ["Symbols"]


class Symbols:
    """The instruments of one market by unified name, native name and short spelling.

    `BTC/USDT` on a futures market is the perpetual `BTC/USDT:USDT`, `BTC/USD` on an inverse one
    `BTC/USD:BTC`.
    """

    def __init__(self, instruments: Mapping[str, Instrument], market: Market) -> None:
        self.by_symbol = dict(instruments)
        self._market = market
        self._by_native = {one.native: one for one in instruments.values()}

    def find(self, text: str) -> Instrument:
        """Return the instrument that `text` names.

        Raises:
            UnknownSymbol: there is none; the message suggests the nearest.
        """
        found = self.by_symbol.get(text) or self._by_native.get(text) or self._perpetual(text)
        if found is None:
            raise UnknownSymbol(
                f"unknown symbol {text[:40]!r} on the {self._market.value} market",
                remedy=self._suggestion(text),
            )
        return found

    def by_native(self, native: str) -> Instrument:
        """Return the instrument of the exchange's own name; KeyError if there is none."""
        return self._by_native[native]

    def _perpetual(self, text: str) -> Instrument | None:
        if self._market is Market.SPOT or ":" in text or "/" not in text:
            return None
        base, quote = text.split("/", 1)
        settle = quote if self._market is Market.FUTURE else base
        return self.by_symbol.get(f"{text}:{settle}")

    def _suggestion(self, text: str) -> str:
        spelled = text.upper().replace("-", "/").replace("_", "/")
        native = self._by_native.get(spelled.replace("/", ""))
        near = [native.symbol] if native else []
        near = near or get_close_matches(spelled, self.by_symbol, n=3, cutoff=0.6)
        return f"did you mean {', '.join(near)}?" if near else "see the list of instruments"
