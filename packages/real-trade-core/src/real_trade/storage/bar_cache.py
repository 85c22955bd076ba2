"""Bars on disk, a file for each month: what was fetched once is not fetched again.

Each series has a folder `<exchange>-<market>/<symbol>/<timeframe>` with files in Binance's kline
layout, and an `index.json` that tells each file's digest and the time that it covers. A file whose
digest is another is not trusted: it is set aside and counts as not there.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from real_trade.model.timeframe import Timeframe
from real_trade.model.times import from_ms, to_ms
from real_trade.storage.bar_files import BarTable, read_bars, write_bars
from real_trade.utils.errors import DataError

__all__ = ["BarCache", "Series", "Span", "join_tables"]

_INDEX = "index.json"


@attrs.frozen
class Span:
    """A time from `start` to before `end`."""

    start: datetime
    end: datetime


@attrs.frozen
class Series:
    """Which bars: one symbol of one market of one exchange, of one length."""

    exchange: str
    market: str
    symbol: str
    timeframe: Timeframe

    @property
    def folder(self) -> Path:
        """Return the folder below the cache's own."""
        safe = "".join(char if char.isalnum() else "_" for char in self.symbol)
        # 1m and 1M are one name where file systems do not tell letters by case.
        length = "month" if self.timeframe is Timeframe.MONTH1 else self.timeframe.value
        return Path(f"{self.exchange}-{self.market}") / safe / length


class BarCache:
    """The bars of one series.

    Attributes:
        damaged: names of files that were set aside because they were not as they were written.

    Raises:
        DataError: the folder cannot be used.
    """

    def __init__(self, root: Path, series: Series) -> None:
        self.series = series
        self.folder = root / series.folder
        self.damaged: list[str] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        self._index = self._read_index()

    def missing(self, span: Span) -> list[Span]:
        """Return the parts of `span` that must be fetched, oldest first, none over a month's end.

        What is known of a month stays in one piece: the rest is asked for from where that ends.
        """
        found = []
        for month in months(span):
            have = self._covered(month)
            if have is None:
                found.append(month)
            elif month.start < have.start:
                found.append(Span(month.start, max(month.end, have.end)))
            elif month.end > have.end:
                found.append(Span(have.end, month.end))
        return found

    def put(self, span: Span, bars: BarTable) -> None:
        """Keep the bars of a part of a month; they follow what is there, or take its place.

        Raises:
            DataError: they cannot be written. What was there before is still there.
        """
        name = _name(span.start)
        have = self._covered(span)
        start, table = span.start, bars
        if have is not None and have.start <= span.start <= have.end:
            start = have.start
            table = join_tables([self._read(name).between(None, span.start), bars])
        path = self.folder / f"{name}.csv"
        write_bars(path, table)
        self._index[name] = {
            "sha256": _digest(path),
            "from": to_ms(start),
            "to": to_ms(span.end),
            "bars": len(table),
        }
        self._write_index()

    def read(self, span: Span) -> BarTable:
        """Return the bars of `span` that are here."""
        tables = [self._read(_name(month.start)) for month in months(span) if self._covered(month)]
        return join_tables([self._empty(), *tables]).between(span.start, span.end)

    def _covered(self, month: Span) -> Span | None:
        entry = self._index.get(_name(month.start))
        return None if entry is None else Span(from_ms(entry["from"]), from_ms(entry["to"]))

    def _read(self, name: str) -> BarTable:
        if not self._index[name]["bars"]:
            return self._empty()
        return read_bars(
            self.folder / f"{name}.csv", self.series.symbol, self.series.timeframe, on_gap="report"
        )

    def _empty(self) -> BarTable:
        return BarTable(symbol=self.series.symbol, timeframe=self.series.timeframe)

    def _read_index(self) -> dict[str, Any]:
        try:
            told = json.loads((self.folder / _INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            self.damaged.append(_INDEX)
            return {}
        return {name: entry for name, entry in told.items() if self._is_sound(name, entry)}

    def _is_sound(self, name: str, entry: Any) -> bool:
        path = self.folder / f"{name}.csv"
        try:
            if _digest(path) == entry["sha256"] and entry["from"] < entry["to"]:
                return True
            path.replace(path.with_suffix(".damaged"))
        except (OSError, KeyError, TypeError):
            pass  # a file that cannot be read is as one that is not there: it is told, and fetched
        self.damaged.append(path.name)
        return False

    def _write_index(self) -> None:
        draft = self.folder / f".{_INDEX}.part"
        try:
            draft.write_text(json.dumps(self._index, indent=1, sort_keys=True), encoding="utf-8")
            draft.replace(self.folder / _INDEX)
        except OSError as error:
            raise _unusable(self.folder, error) from error


def months(span: Span) -> Iterator[Span]:
    """Yield the parts of `span` by calendar month (UTC), oldest first."""
    start = span.start
    while start < span.end:
        year, month = divmod(start.year * 12 + start.month, 12)
        following = datetime(year, month + 1, 1, tzinfo=UTC)
        yield Span(start, min(following, span.end))
        start = following


def join_tables(tables: list[BarTable]) -> BarTable:
    """Return one table of several of one series, in order of time; later ones win.

    Raises:
        DataError: they are of several series.
    """
    first = tables[0]
    joined: dict[str, Any] = {}
    for column in ("open_ms", "open", "high", "low", "close", "volume"):
        joined[column] = array(getattr(first, column).typecode)
    for table in tables:
        if (table.symbol, table.timeframe) != (first.symbol, first.timeframe):
            raise DataError(f"bars of {table.symbol} do not follow bars of {first.symbol}")
        times = joined["open_ms"]
        if times and len(table) and table.open_ms[0] <= times[-1]:
            raise DataError(
                f"bars of {table.symbol} at {from_ms(table.open_ms[0])} come after later ones",
                remedy="delete the cache's folder of this symbol and fetch it again",
            )
        for column, values in joined.items():
            values.extend(getattr(table, column))
    return BarTable(symbol=first.symbol, timeframe=first.timeframe, **joined)


def _name(time: datetime) -> str:
    return f"{time.year:04d}-{time.month:02d}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _unusable(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder}: {error.strerror or error}",
        remedy="make the folder writable and free some space",
    )
