"""Tapes: what the market does, in order, for a venue to be driven by."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from real_trade.model import Bar, Instrument, MarketTrade, Timeframe
from real_trade.model.numbers import ZERO
from real_trade.paper.values import Quote

__all__ = ["Tape", "TapeEvent", "aggregate", "coarsen", "merge"]

TapeEvent = Quote | MarketTrade


class Tape(Protocol):
    """The market of one symbol. Asking twice gives the same answer."""

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""

    def events(self, since: datetime, until: datetime | None = None) -> Iterator[TapeEvent]:
        """Return quotes and trades from `since` to before `until`, in the order of time."""

    def bars(self, timeframe: Timeframe, since: datetime, until: datetime) -> list[Bar]:
        """Return the bars that open at or after `since`, as far as they are known at `until`.

        The last one is not closed if `until` is within it.
        """


def merge(
    tapes: Iterable[Tape], since: datetime, until: datetime | None = None
) -> Iterator[TapeEvent]:
    """Return the events of several tapes in the order of time; at one time, in the tapes' order."""
    streams = [tape.events(since, until) for tape in tapes]
    return heapq.merge(*streams, key=_time)


def _time(event: TapeEvent) -> datetime:
    return event.time


def aggregate(trades: Iterable[MarketTrade], symbol: str, timeframe: Timeframe) -> Iterator[Bar]:
    """Return the bars that `trades` make; a time without trades has none."""
    bar: Bar | None = None
    for trade in trades:
        opened = timeframe.floor(trade.time)
        if bar is None or bar.open_time != opened:
            if bar is not None:
                yield bar
            bar = Bar(
                symbol=symbol,
                timeframe=timeframe,
                open_time=opened,
                open=trade.price,
                high=trade.price,
                low=trade.price,
                close=trade.price,
                volume=trade.amount,
            )
        else:
            bar = Bar(
                symbol=symbol,
                timeframe=timeframe,
                open_time=opened,
                open=bar.open,
                high=max(bar.high, trade.price),
                low=min(bar.low, trade.price),
                close=trade.price,
                volume=bar.volume + trade.amount,
            )
    if bar is not None:
        yield bar


def coarsen(bars: Iterable[Bar], timeframe: Timeframe, until: datetime) -> list[Bar]:
    """Return longer bars made of shorter ones; one that ends after `until` is not closed."""
    groups: dict[datetime, list[Bar]] = {}
    for bar in bars:
        groups.setdefault(timeframe.floor(bar.open_time), []).append(bar)
    return [
        Bar(
            symbol=group[0].symbol,
            timeframe=timeframe,
            open_time=open_time,
            open=group[0].open,
            high=max(bar.high for bar in group),
            low=min(bar.low for bar in group),
            close=group[-1].close,
            volume=sum((bar.volume for bar in group), ZERO),
            closed=timeframe.add(open_time) <= until,
        )
        for open_time, group in groups.items()
    ]
