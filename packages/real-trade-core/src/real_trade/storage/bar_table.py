"""Bars of one symbol in columns: compact, quick to hand to Backtrader, and aware of their gaps."""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import attrs

from real_trade.model.market import Bar
from real_trade.model.timeframe import Timeframe
from real_trade.model.times import from_ms, to_ms

__all__ = ["BarRow", "BarTable", "Gap"]


class BarRow(NamedTuple):
    """One bar as plain numbers; `open_ms` is its open time in milliseconds since the epoch."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@attrs.frozen
class Gap:
    """Bars that are missing: `missing` of them, the first of which would open at `first`."""

    first: datetime
    missing: int


def _floats() -> array[float]:
    return array("d")


@attrs.frozen(kw_only=True, eq=False)
class BarTable:
    """Closed bars of one symbol, oldest first, no two at one time.

    Attributes:
        open_ms: open times in milliseconds since the epoch (`array('q')`).
        open, high, low, close, volume: `array('d')`, as long as `open_ms`.
        repeated: how many rows the source had twice, word for word; they are in here once.
    """

    symbol: str
    timeframe: Timeframe
    open_ms: array[int] = attrs.field(factory=lambda: array("q"))
    open: array[float] = attrs.field(factory=_floats)
    high: array[float] = attrs.field(factory=_floats)
    low: array[float] = attrs.field(factory=_floats)
    close: array[float] = attrs.field(factory=_floats)
    volume: array[float] = attrs.field(factory=_floats)
    repeated: int = 0

    @classmethod
    def from_bars(cls, symbol: str, timeframe: Timeframe, bars: Iterable[Bar]) -> BarTable:
        """Return a table of `bars`, which are closed and in order."""
        table = cls(symbol=symbol, timeframe=timeframe)
        for bar in bars:
            table.open_ms.append(to_ms(bar.open_time))
            table.open.append(float(bar.open))
            table.high.append(float(bar.high))
            table.low.append(float(bar.low))
            table.close.append(float(bar.close))
            table.volume.append(float(bar.volume))
        return table

    def __len__(self) -> int:
        return len(self.open_ms)

    def __iter__(self) -> Iterator[BarRow]:
        columns = (self.open_ms, self.open, self.high, self.low, self.close, self.volume)
        return map(BarRow._make, zip(*columns, strict=True))

    def bar(self, index: int) -> Bar:
        """Return row `index` as a `Bar`: each figure is the shortest decimal that reads the same.

        Raises:
            IndexError: there is no such row.
        """
        return Bar(
            symbol=self.symbol,
            timeframe=self.timeframe,
            open_time=from_ms(self.open_ms[index]),
            open=_exact(self.open[index]),
            high=_exact(self.high[index]),
            low=_exact(self.low[index]),
            close=_exact(self.close[index]),
            volume=_exact(self.volume[index]),
        )

    def bars(self) -> Iterator[Bar]:
        """Yield all rows as `Bar`s, oldest first."""
        return map(self.bar, range(len(self)))

    def gaps(self) -> list[Gap]:
        """Return where bars are missing, oldest first; empty when the table is whole."""
        times = self.open_ms
        if self.timeframe is Timeframe.MONTH1:
            return [gap for earlier, later in pairwise(times) if (gap := self._gap(earlier, later))]
        step = self.timeframe.seconds * 1000
        distances = map(operator.sub, times[1:], times[:-1])
        return [
            Gap(from_ms(times[index] + step), distance // step - 1 or 1)
            for index, distance in enumerate(distances)
            if distance != step
        ]

    def _gap(self, earlier_ms: int, later_ms: int) -> Gap | None:
        earlier, later = from_ms(earlier_ms), from_ms(later_ms)
        months = (later.year - earlier.year) * 12 + later.month - earlier.month
        return Gap(self.timeframe.add(earlier), months - 1) if months > 1 else None

    def between(self, start: datetime | None = None, end: datetime | None = None) -> BarTable:
        """Return the bars that open at or after `start` and before `end`, as a new table."""
        first = 0 if start is None else self._index_at(start)
        last = len(self) if end is None else self._index_at(end)
        names = ("open_ms", "open", "high", "low", "close", "volume")
        return attrs.evolve(self, **{name: getattr(self, name)[first:last] for name in names})

    def _index_at(self, time: datetime) -> int:
        return bisect_left(self.open_ms, to_ms(time + timedelta(microseconds=999)))


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
