"""Bar files: Binance's kline CSV and Backtrader's generic CSV in, Binance's layout out.

Binance's public files have twelve columns from open time to "ignore", with a header on futures and
none on spot, times in milliseconds, or microseconds on spot from 2025 on
(https://github.com/binance/binance-public-data). Backtrader's generic files have
`datetime,open,high,low,close,volume[,openinterest]` (`backtrader/feeds/csvgeneric.py`); a time
without a zone is UTC. In both, a row's time is taken as the bar's open.
"""

from __future__ import annotations

import operator
import os
import zipfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, Literal, cast

from real_trade.model.timeframe import Timeframe
from real_trade.model.times import from_ms, to_ms
from real_trade.storage._bar_text import Columns, parse_chunk, read_layout
from real_trade.storage.bar_table import BarRow, BarTable, Gap
from real_trade.utils.errors import DataError

__all__ = ["BarRow", "BarTable", "Gap", "Progress", "describe_gaps", "read_bars", "write_bars"]

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many."""

_CHUNK_BYTES = 256 << 10  # small enough for the processor's cache
_SAME_AGAIN = "download the file again, or delete one of the rows"


def read_bars(
    path: str | os.PathLike[str],
    symbol: str,
    timeframe: Timeframe | None = None,
    progress: Progress | None = None,
    *,
    on_gap: Literal["report", "refuse"] = "report",
) -> BarTable:
    """Return the bars of a `.csv` file, or of the one file in a `.zip`.

    A row that repeats the one before word for word is dropped and counted in `repeated`. Missing
    bars are in `gaps()`; they are an error only with `on_gap="refuse"`.

    Args:
        path: the file.
        symbol: the unified symbol that the bars are of.
        timeframe: the bars' length; told from the rows' distance when not given.
        progress: is called after each quarter of a megabyte.
        on_gap: what a gap means.

    Raises:
        DataError: unreadable file or layout; a row that is no sound bar, is out of order or
            contradicts the one before, with its line; a wrong timeframe; a gap, if refused.
    """
    file = Path(path)
    columns, repeated = _read_columns(file, progress)
    length = timeframe or _infer_timeframe(columns.times, file.name)
    _check_distances(columns.times, length, file.name)
    opened, high, low, close, volume = columns.figures
    table = BarTable(
        symbol=symbol,
        timeframe=length,
        open_ms=columns.times,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        repeated=repeated,
    )
    if on_gap == "refuse" and (gaps := table.gaps()):
        raise DataError(
            f"{file.name}: {describe_gaps(gaps)}", remedy="download the missing bars, then try anew"
        )
    return table


def describe_gaps(gaps: list[Gap], places: int = 3) -> str:
    """Return a sentence on `gaps` with the first few places; empty without gaps."""
    if not gaps:
        return ""
    missing = sum(gap.missing for gap in gaps)
    first = ", ".join(f"{gap.missing} from {gap.first:%Y-%m-%d %H:%M:%S}" for gap in gaps[:places])
    more = f", and {len(gaps) - places} more gaps" if len(gaps) > places else ""
    return f"{missing} bars are missing: {first}{more}"


def _read_columns(file: Path, progress: Progress | None) -> tuple[Columns, int]:
    times, figures = array("q"), tuple(array("d") for _ in range(5))
    repeated, line, layout = 0, 1, None
    for lines in _chunks(file, progress):
        if layout is None:
            layout = read_layout(lines[:50], file.name)
            header = _header_lines(lines) if layout.has_header else 0
            lines, line = lines[header:], line + header
        if any(map(str.strip, lines)):
            chunk = parse_chunk(lines, layout, file.name, line)
            chunk, dropped = _drop_repeats(chunk, times, figures, _Lines(file.name, line, lines))
            repeated += dropped
            times.extend(chunk.times)
            for column, more in zip(figures, chunk.figures, strict=True):
                column.extend(more)
        line += len(lines)
    if not times:
        raise DataError(f"{file.name}: the file is empty", remedy="give a file with bars")
    return Columns(times, figures), repeated


def _header_lines(lines: list[str]) -> int:
    return next(index for index, line in enumerate(lines, 1) if line.strip())


class _Lines:
    """Finds the line of a row: blank lines are no rows."""

    def __init__(self, name: str, first: int, lines: list[str]) -> None:
        self._name, self._first, self._lines = name, first, lines

    def of(self, row: int) -> str:
        numbers = (n for n, line in enumerate(self._lines, self._first) if line.strip())
        return f"{self._name}:{next(islice(numbers, row, None))}"


def _drop_repeats(
    chunk: Columns, times: array[int], figures: tuple[array[float], ...], lines: _Lines
) -> tuple[Columns, int]:
    """Return the rows of `chunk` in strict order after `times`, and how many were repeats."""
    last = times[-1:]
    before = last + chunk.times[: len(chunk.times) - 1 + (not last)]
    rises = map(operator.lt, before, chunk.times[0 if last else 1 :])
    if all(rises):
        return chunk, 0
    kept: list[int] = []
    for row, time in enumerate(chunk.times):
        before_time = chunk.times[kept[-1]] if kept else (times[-1] if times else -1)
        if time > before_time:
            kept.append(row)
            continue
        if time < before_time:
            raise DataError(
                f"{lines.of(row)}: {from_ms(time):%Y-%m-%d %H:%M:%S} comes after "
                f"{from_ms(before_time):%Y-%m-%d %H:%M:%S}; rows are out of order",
                remedy="sort the file by time",
            )
        old = [c[kept[-1]] for c in chunk.figures] if kept else [c[-1] for c in figures]
        if old != [column[row] for column in chunk.figures]:
            raise DataError(
                f"{lines.of(row)}: a second and different bar of {from_ms(time):%Y-%m-%d %H:%M:%S}",
                remedy=_SAME_AGAIN,
            )
    picked = tuple(array("d", map(column.__getitem__, kept)) for column in chunk.figures)
    return Columns(array("q", map(chunk.times.__getitem__, kept)), picked), len(chunk.times) - len(
        kept
    )


def _infer_timeframe(times: array[int], name: str) -> Timeframe:
    if len(times) < 2:
        raise DataError(
            f"{name}: one bar does not tell its timeframe", remedy="name it, such as --timeframe 1h"
        )
    shortest = min(map(operator.sub, times[1:], times[:-1])) // 1000
    if 28 * 86400 <= shortest <= 31 * 86400:
        return Timeframe.MONTH1
    for timeframe in Timeframe:
        if timeframe.seconds == shortest:
            return timeframe
    raise DataError(
        f"{name}: rows are {timedelta(seconds=shortest)} apart, which is no known timeframe",
        remedy=f"name it, one of {', '.join(each.value for each in Timeframe)}",
    )


def _check_distances(times: array[int], timeframe: Timeframe, name: str) -> None:
    """Refuse a timeframe that the rows' distances contradict."""
    if len(times) < 2:
        return
    shortest = min(map(operator.sub, times[1:], times[:-1])) // 1000
    months = timeframe is Timeframe.MONTH1
    least, most = (28 * 86400, 31 * 86400) if months else (timeframe.seconds, timeframe.seconds)
    if shortest < least:
        start = next(
            first for first, second in pairwise(times) if (second - first) // 1000 == shortest
        )
        raise DataError(
            f"{name}: the bars after {from_ms(start):%Y-%m-%d %H:%M:%S} are "
            f"{timedelta(seconds=shortest)} apart, closer than {timeframe.value}",
            remedy="name the right timeframe, or repair the file",
        )
    if shortest >= 2 * most:
        raise DataError(
            f"{name}: no two bars are {timeframe.value} apart; the closest are "
            f"{timedelta(seconds=shortest)} apart",
            remedy="name the right timeframe, or leave it out to have it told from the file",
        )


def _chunks(file: Path, progress: Progress | None) -> Iterator[list[str]]:
    """Yield the file's lines, some megabytes at a time, without their ends."""
    done, rest, first = 0, b"", True
    try:
        with _opened(file) as (stream, total):
            while block := stream.read(_CHUNK_BYTES):
                done += len(block)
                head, newline, rest = (rest + block).rpartition(b"\n")
                if newline:
                    yield _decoded(head, first, file.name)
                    first = False
                if progress is not None:
                    progress(done, total)
            if rest:
                yield _decoded(rest, first, file.name)
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{file}: cannot be read: {why}", remedy="check the path") from error


def _decoded(raw: bytes, first: bool, name: str) -> list[str]:
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: not UTF-8 text (byte {error.object[error.start]:#04x})",
            remedy="give a CSV file, or a .zip with one CSV file in it",
        ) from error
    return [line.rstrip("\r") for line in text.split("\n")]


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int]]:
    if file.suffix.lower() != ".zip":
        with file.open("rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size
        return
    with zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) != 1:
            raise DataError(
                f"{file.name}: {len(members)} files in the archive where one is wanted",
                remedy="unpack it and give one CSV file",
            )
        with archive.open(members[0]) as member:
            yield cast("BinaryIO", member), members[0].file_size


def write_bars(path: str | os.PathLike[str], table: BarTable) -> None:
    """Write `table` in Binance's kline layout, without header, times in milliseconds.

    What a table does not hold (quote volume, number of trades, taker volumes) is written as 0. The
    file appears whole or not at all; a `.zip` holds one CSV file of the same name.

    Raises:
        DataError: the file cannot be written.
    """
    file = Path(path)
    draft = file.with_name(f".{file.name}.part")
    try:
        if file.suffix.lower() == ".zip":
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"{file.stem}.csv", "".join(_kline_lines(table)))
        else:
            with draft.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(_kline_lines(table))
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(
            f"{file}: cannot be written: {error.strerror}", remedy="check the folder and its space"
        ) from error


def _kline_lines(table: BarTable) -> Iterator[str]:
    add, step = table.timeframe.add, table.timeframe.seconds * 1000
    months = table.timeframe is Timeframe.MONTH1
    for row in table:
        end_ms = to_ms(add(from_ms(row.open_ms))) if months else row.open_ms + step
        figures = ",".join(map(_plain, row[1:]))
        yield f"{row.open_ms},{figures},{end_ms - 1},0,0,0,0,0\n"


def _plain(value: float) -> str:
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text
