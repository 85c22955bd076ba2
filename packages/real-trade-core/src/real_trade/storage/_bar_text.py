"""The text of bar files: which layout it is, and its rows as checked columns.

A chunk of lines is checked column by column, which the interpreter does in C. Only when a check
fails are its lines looked at one by one, to say which of them is wrong and why.
"""

from __future__ import annotations

import csv
import math
import operator
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import NoReturn

import attrs

from real_trade.model.times import to_ms
from real_trade.utils.errors import DataError

__all__ = ["Columns", "Layout", "parse_chunk", "read_layout"]

# Binance's spot files have microseconds from 2025 on, milliseconds before (binance-public-data).
_MICROSECONDS_FROM = 10**14
_FIRST_MS, _LAST_MS = 631_152_000_000, 4_102_444_800_000  # 1990 to 2100
_BINANCE_WIDTHS = (11, 12)
_GENERIC_WIDTHS = (6, 7)
_TIME_NAMES = ("open_time", "open time", "datetime", "date", "timestamp", "time")
_FIGURES = ("open", "high", "low", "close", "volume")
_CLOCK_REMEDY = (
    "write times as 2026-01-31, 2026-01-31 10:00, 2026-01-31T10:00:00Z, "
    "or as milliseconds or microseconds since 1970"
)


@attrs.frozen
class Layout:
    """Where a file has what: the time's column, those of the five figures, and the row width."""

    time: int
    figures: tuple[int, int, int, int, int]
    width: int
    has_header: bool
    epoch: bool


@attrs.frozen
class Columns:
    """Some rows: open times in milliseconds, and open, high, low, close, volume."""

    times: array[int]
    figures: tuple[array[float], ...]


def read_layout(lines: Sequence[str], name: str) -> Layout:
    """Return the layout of the file that begins with `lines`.

    Raises:
        DataError: it is neither Binance's kline layout nor Backtrader's generic one.
    """
    rows = [(number, _split(line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise DataError(f"{name}: the file is empty", remedy="give a file with bars")
    number, first = rows[0]
    if _is_header(first):
        if len(rows) < 2:
            raise DataError(f"{name}: a header and no bars", remedy="give a file with bars")
        return _layout_by_names(first, rows[1][1], f"{name}:{number}")
    return _layout_by_width(first, f"{name}:{number}")


def _split(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _is_header(row: list[str]) -> bool:
    return "open" in {cell.strip().lower() for cell in row}


def _layout_by_names(header: list[str], row: list[str], where: str) -> Layout:
    names = [cell.strip().lower() for cell in header]
    times = [name for name in _TIME_NAMES if name in names]
    if {"date", "time"} <= set(times):
        raise DataError(
            f"{where}: date and time are in separate columns",
            remedy="join them in one column, such as 2026-01-31 10:00",
        )
    missing = [name for name in _FIGURES if name not in names]
    if missing or not times:
        raise DataError(
            f"{where}: the header has no {', '.join(missing) or 'time'} column: {header}",
            remedy="name the columns datetime,open,high,low,close,volume",
        )
    time = names.index(times[0])
    first, second, third, fourth, fifth = (names.index(name) for name in _FIGURES)
    epoch = time < len(row) and _is_epoch(row[time])
    return Layout(time, (first, second, third, fourth, fifth), len(header), True, epoch)


def _layout_by_width(row: list[str], where: str) -> Layout:
    width, epoch = len(row), _is_epoch(row[0])
    if width in _BINANCE_WIDTHS and not epoch:
        raise DataError(
            f"{where}: open time {row[0]!r} is no number of milliseconds", remedy=_CLOCK_REMEDY
        )
    if width not in _BINANCE_WIDTHS + _GENERIC_WIDTHS:
        raise DataError(
            f"{where}: {width} columns; neither Binance's kline layout (12) nor "
            "datetime,open,high,low,close,volume[,openinterest]",
            remedy="give a file in one of these layouts, or name the columns in a header line",
        )
    return Layout(0, (1, 2, 3, 4, 5), width, False, epoch)


def _is_epoch(cell: str) -> bool:
    cell = cell.strip()
    return cell.isascii() and cell.isdigit()


def parse_chunk(lines: Sequence[str], layout: Layout, name: str, first_line: int) -> Columns:
    """Return the bars of `lines`, the first of which is line `first_line` of the file.

    Raises:
        DataError: with file, line and value, if a row is not a sound bar.
    """
    columns = _parse_fast(lines, layout)
    return columns if columns is not None else _parse_slow(lines, layout, name, first_line)


def _parse_fast(lines: Sequence[str], layout: Layout) -> Columns | None:
    try:
        columns = _cells(lines, layout.width)
        to_times = _epoch_column if layout.epoch else _date_column
        times = to_times(columns[layout.time])
        figures = tuple(array("d", map(float, columns[index])) for index in layout.figures)
    except (ValueError, OverflowError, csv.Error):
        return None
    return Columns(times, figures) if _sound(*figures) else None


def _cells(lines: Sequence[str], width: int) -> list[Sequence[str]]:
    """Return the columns of `lines`; one split of the whole is twice as fast as a reader of rows.

    Raises:
        ValueError: a row is of another width, or has what needs a closer look.
    """
    lines = [line for line in lines if line]
    text = ",".join(lines)
    # float() and int() read 1_000 as a thousand; no exchange writes that.
    if "_" in text:
        raise ValueError("underscore")
    if '"' in text:
        columns = list(zip(*csv.reader(lines, strict=True), strict=True))
        if len(columns) != width:
            raise ValueError("width")
        return list(columns)
    if set(map(str.count, lines, repeat(","))) != {width - 1}:
        raise ValueError("width")
    cells = text.split(",")
    return [cells[index::width] for index in range(width)]


def _epoch_column(cells: Sequence[str]) -> array[int]:
    values = array("q", map(int, cells))
    if max(values) >= _MICROSECONDS_FROM:
        values = array("q", (_whole_ms(value) for value in values))
    if not _FIRST_MS <= min(values) <= max(values) < _LAST_MS:
        raise ValueError("out of range")
    return values


def _whole_ms(value: int) -> int:
    if value < _MICROSECONDS_FROM:
        return value
    ms, rest = divmod(value, 1000)
    if rest:
        raise ValueError("an open time is not on a whole millisecond")
    return ms


def _date_column(cells: Sequence[str]) -> array[int]:
    return array("q", map(_date_ms, cells))


def _date_ms(cell: str) -> int:
    text = cell.strip()
    if "-" not in text:
        raise ValueError("a date is written 2026-01-31")
    time = datetime.fromisoformat(text)
    ms = to_ms(time.replace(tzinfo=UTC) if time.tzinfo is None else time)
    if not _FIRST_MS <= ms < _LAST_MS:
        raise ValueError("the year is before 1990 or after 2099")
    return ms


def _sound(
    opens: array[float],
    highs: array[float],
    lows: array[float],
    closes: array[float],
    volumes: array[float],
) -> bool:
    # NaN fails every comparison, so it fails these too.
    ordered: tuple[tuple[Callable[[float, float], bool], object, object], ...] = (
        (operator.lt, repeat(0.0), lows),
        (operator.le, lows, opens),
        (operator.le, lows, closes),
        (operator.le, opens, highs),
        (operator.le, closes, highs),
        (operator.lt, highs, repeat(math.inf)),
        (operator.le, repeat(0.0), volumes),
        (operator.lt, volumes, repeat(math.inf)),
    )
    return all(all(map(test, left, right)) for test, left, right in ordered)  # type: ignore[call-overload]  # mixed iterables


def _parse_slow(lines: Sequence[str], layout: Layout, name: str, first_line: int) -> Columns:
    times, figures = array("q"), tuple(array("d") for _ in _FIGURES)
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        time, values = _parse_row(line, layout, f"{name}:{number}")
        times.append(time)
        for column, value in zip(figures, values, strict=True):
            column.append(value)
    return Columns(times, figures)


def _parse_row(line: str, layout: Layout, where: str) -> tuple[int, list[float]]:
    try:
        row = next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise DataError(f"{where}: unreadable line ({error})", remedy="repair the line") from error
    if len(row) != layout.width:
        raise DataError(
            f"{where}: {len(row)} columns where the file's first row has {layout.width}",
            remedy="repair the line, or download the file again",
        )
    time = _row_time(row[layout.time], layout, where)
    values = [
        _figure(row[index], what, where)
        for index, what in zip(layout.figures, _FIGURES, strict=True)
    ]
    _check_row(values, where)
    return time, values


def _row_time(cell: str, layout: Layout, where: str) -> int:
    try:
        return (_epoch_column if layout.epoch else _date_column)([cell])[0]
    except (ValueError, OverflowError):
        raise DataError(f"{where}: unreadable time {cell!r}", remedy=_CLOCK_REMEDY) from None


def _figure(cell: str, what: str, where: str) -> float:
    try:
        value = math.nan if "_" in cell else float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{where}: {what} {cell!r} is not a finite number",
            remedy="repair the line, or download the file again",
        )
    return value


def _check_row(values: list[float], where: str) -> None:
    opened, high, low, close, volume = values
    if low <= 0:
        _contradiction(where, f"a price is not positive (low {low})")
    if high < low:
        _contradiction(where, f"high {high} is below low {low}")
    if not (low <= opened <= high and low <= close <= high):
        _contradiction(where, f"open {opened} or close {close} is outside low {low} to high {high}")
    if volume < 0:
        _contradiction(where, f"volume {volume} is negative")


def _contradiction(where: str, what: str) -> NoReturn:
    raise DataError(f"{where}: {what}", remedy="repair the line, or download the file again")
