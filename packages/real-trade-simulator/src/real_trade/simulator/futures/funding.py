"""What funding was paid: since the start as settled, and before it as it would have been."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from real_trade.model import Timeframe, to_ms
from real_trade.paper.events import VenueEvent
from real_trade.paper.futures import FundingSettled
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.history import HOUR_MS
from real_trade.simulator.market import MarketData, SymbolMarket
from real_trade.simulator.texts import units, written

__all__ = ["FundingHistory"]


class FundingHistory:
    """The funding of every symbol, at its usual hours."""

    def __init__(self, exchange: FuturesExchange, market: MarketData) -> None:
        self._exchange = exchange
        self._start_ms = market.start_ms
        self._settled: dict[str, dict[int, tuple[Decimal, str]]] = {}
        exchange.venue.listen(self._hear)

    def rows(
        self,
        listed: list[SymbolMarket],
        start: int | None,
        end: int | None,
        limit: int,
        now: int,
    ) -> list[dict[str, Any]]:
        """Return rows as fundingRate shows them, oldest first."""
        last = now if end is None else min(end, now)
        found: list[tuple[int, dict[str, Any]]] = []
        for one in listed:
            found += self._of(one, start, last, limit)
        found.sort(key=lambda row: row[0])
        picked = found[-limit:] if start is None else found[:limit]
        return [row for _, row in picked]

    def _of(
        self, one: SymbolMarket, start: int | None, last: int, limit: int
    ) -> list[tuple[int, dict[str, Any]]]:
        rules = self._exchange.venue.futures_rules(one.symbol)
        if not rules.funding_hours:
            return []
        step = rules.funding_hours * HOUR_MS
        settled = self._settled.get(one.symbol, {})
        first = max(one.candles.first_ms, last - limit * step if start is None else start)
        first += -first % step
        past_end = min(last + 1, self._start_ms)
        if start is not None:
            past_end = min(past_end, first + limit * step)
        found = [
            (at, _row(one, at, rules.funding_rate, self._mark_then(one, at)))
            for at in range(first, past_end, step)
        ]
        found += [
            (at, _row(one, at, rate, mark))
            for at, (rate, mark) in settled.items()
            if at <= last and (start is None or at >= start)
        ]
        return found

    @staticmethod
    def _mark_then(one: SymbolMarket, at: int) -> str:
        bars = one.candles.bars(Timeframe.H1, at, at + 1)
        return units(bars[0].open) if bars else ""

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, FundingSettled):
            mark = self._exchange.venue.mark_price(event.symbol)
            text = "" if mark is None else written(mark.mark)
            rows = self._settled.setdefault(event.symbol, {})
            rows[to_ms(event.time)] = (event.rate, text)


def _row(one: SymbolMarket, at: int, rate: Decimal, mark: str) -> dict[str, Any]:
    return {
        "symbol": one.native,
        "fundingTime": at,
        "fundingRate": written(rate),
        "markPrice": mark,
    }
