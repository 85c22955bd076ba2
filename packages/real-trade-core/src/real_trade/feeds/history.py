"""Fetch closed bars by pages."""

from __future__ import annotations

from datetime import datetime

from real_trade.exchange import Exchange
from real_trade.model import Bar, Timeframe

__all__ = ["fetch_bars"]


def fetch_bars(
    exchange: Exchange,
    symbol: str,
    timeframe: Timeframe,
    since: datetime | None,
    limit: int,
    *,
    until: datetime | None = None,
) -> list[Bar]:
    """Return closed bars, oldest first.

    Args:
        since: open time of the first bar wanted; None for the newest `limit` bars.
        limit: how many, with `since` None; otherwise everything up to now comes.
        until: no pages are asked for that begin later.

    Raises:
        ExchangeError: the exchange could not be asked.
    """
    page = max(1, exchange.capabilities.max_bars)
    if since is None:
        # A backtest's exchange knows no time before its first bar: the newest bar tells it.
        newest = exchange.bars(symbol, timeframe, None, 1)
        if not newest:
            return []
        since = timeframe.add(newest[-1].open_time, 1 - limit - (not newest[-1].closed))
    found: dict[datetime, Bar] = {}
    while True:
        bars = exchange.bars(symbol, timeframe, since, page)
        fresh = [bar for bar in bars if bar.open_time >= since and bar.open_time not in found]
        found.update((bar.open_time, bar) for bar in fresh if bar.closed)
        if len(bars) < page or not fresh:
            return [found[time] for time in sorted(found)]
        since = timeframe.add(fresh[-1].open_time)
        if until is not None and since > until:
            return [found[time] for time in sorted(found)]
