"""What lanes put into the inbox for the feeds, and the work that makes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from real_trade.exchange import Exchange, ExchangeError
from real_trade.feeds import fetch_bars
from real_trade.model import Bar, Timeframe

if TYPE_CHECKING:
    from real_trade.common.base_data import BaseData

__all__ = ["AskAgain", "HistoryLoaded", "history_work"]


@attrs.frozen(kw_only=True)
class HistoryLoaded:
    """Bars that were fetched for a feed, or the error that came instead.

    `time` is the exchange's, when they were fetched.
    """

    feed: BaseData
    bars: tuple[Bar, ...] = ()
    time: datetime | None = None
    error: ExchangeError | None = None


@attrs.frozen
class AskAgain:
    """It is time to ask for a feed's history once more."""

    feed: BaseData


def history_work(
    exchange: Exchange, feed: BaseData, timeframe: Timeframe, since: datetime | None, limit: int
) -> Callable[[], HistoryLoaded]:
    """Return the work that fetches bars: it blocks, and raises no error of the exchange."""

    def work() -> HistoryLoaded:
        try:
            bars = fetch_bars(exchange, feed.symbol, timeframe, since, limit)
            return HistoryLoaded(feed=feed, bars=tuple(bars), time=exchange.server_time())
        except ExchangeError as error:
            return HistoryLoaded(feed=feed, error=error)

    return work
