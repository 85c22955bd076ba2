"""History of any length: from the cache what is known, from the exchange what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from real_trade.exchange import Exchange
from real_trade.model import Bar
from real_trade.storage.bar_cache import BarCache, Span
from real_trade.storage.bar_files import BarTable, Progress

__all__ = ["Download", "download"]

_KEPT = 20_000


@attrs.frozen(kw_only=True)
class Download:
    """What came of a download.

    Attributes:
        fetched: bars that came from the exchange; the others were here.
        damaged: files of the cache that were not as written, and were fetched again.
    """

    bars: BarTable
    fetched: int
    damaged: tuple[str, ...]


def download(
    exchange: Exchange,
    cache: BarCache,
    span: Span,
    progress: Progress,
    stopped: Callable[[], bool] = lambda: False,
) -> Download:
    """Fetch what the cache does not have, page by page, and return all of it.

    What a failure or Ctrl-C interrupts goes on from there next time. Time before a symbol's listing
    is empty and is not asked for twice.

    Args:
        exchange: connected.
        progress: is told how many bars are done, and of how many if none are missing.
        span: of open times; an end in the future is cut to the last closed bar.
        stopped: asked between two pages; ends the download early.

    Raises:
        ExchangeError: the exchange could not be asked.
        DataError: the cache cannot be written.
    """
    timeframe = cache.series.timeframe
    newest = timeframe.floor(exchange.server_time())
    span = Span(_first(cache, span.start), min(span.end, newest))
    step_s = timeframe.seconds
    total = max(0, round((span.end - span.start).total_seconds() / step_s))
    missing = cache.missing(span) if span.start < span.end else []
    done = total - sum(round((one.end - one.start).total_seconds() / step_s) for one in missing)
    progress(done, total)
    fetched = 0
    for part in missing:
        writer = _Writer(cache, part.start)
        try:
            while writer.until < part.end and not stopped():
                before = writer.until
                fetched += writer.add(_page(exchange, cache, before, part.end), exchange, part.end)
                done += round((writer.until - before).total_seconds() / step_s)
                progress(done, total)
        finally:
            writer.flush()
    return Download(bars=cache.read(span), fetched=fetched, damaged=tuple(cache.damaged))


class _Writer:
    """Keeps pages, several at a time: a file is written anew whenever bars follow."""

    def __init__(self, cache: BarCache, start: datetime) -> None:
        self._cache = cache
        self._since = self.until = start
        self._bars: list[Bar] = []

    def add(self, page: list[Bar], exchange: Exchange, end: datetime) -> int:
        """Take a page, which is the last one if it is not full; return how many bars it has."""
        is_full = len(page) >= _page_size(exchange)
        self.until = self._cache.series.timeframe.add(page[-1].open_time) if is_full else end
        self._bars += page
        if len(self._bars) >= _KEPT:
            self.flush()
        return len(page)

    def flush(self) -> None:
        """Write what has come since the last time."""
        if self.until == self._since:
            return
        series = self._cache.series
        table = BarTable.from_bars(series.symbol, series.timeframe, self._bars)
        self._cache.put(Span(self._since, self.until), table)
        self._since, self._bars = self.until, []


def _page_size(exchange: Exchange) -> int:
    return max(1, exchange.capabilities.max_bars)


def _page(exchange: Exchange, cache: BarCache, since: datetime, end: datetime) -> list[Bar]:
    """Return the closed bars of one page that open before `end`."""
    timeframe, symbol = cache.series.timeframe, cache.series.symbol
    bars = exchange.bars(symbol, timeframe, since, _page_size(exchange))
    return [bar for bar in bars if bar.closed and since <= bar.open_time < end]


def _first(cache: BarCache, start: datetime) -> datetime:
    """Return the first open time at or after `start`."""
    floor = cache.series.timeframe.floor(start)
    return floor if floor == start else cache.series.timeframe.add(floor)
