"""A backtest's bars, as Backtrader's lines hold them."""

from __future__ import annotations

import array
from collections.abc import Iterable
from typing import Any

import backtrader as bt

from real_trade.model import Bar, Timeframe
from real_trade.model.times import from_ms, to_ms
from real_trade.storage.bar_files import BarTable

__all__ = ["end_stamp", "fill_lines", "table_of", "write_row"]

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_EPOCH_DAY = 719163.0  # date2num(1970-01-01)


def table_of(symbol: str, length: Timeframe, rows: BarTable | Iterable[Bar]) -> BarTable:
    """Return bars as a table."""
    return rows if isinstance(rows, BarTable) else BarTable.from_bars(symbol, length, rows)


def end_stamp(length: Timeframe, open_ms: int) -> float:
    """Return the end of the bar that opens then, to the bit as `bt.date2num` has it."""
    if length is Timeframe.MONTH1:
        end_ms = to_ms(length.add(from_ms(open_ms)))
    else:
        end_ms = open_ms + length.seconds * 1000
    if end_ms % _MINUTE_MS:
        return float(bt.date2num(from_ms(end_ms).replace(tzinfo=None)))
    return _EPOCH_DAY + end_ms / _DAY_MS


def fill_lines(lines: Any, length: Timeframe, rows: BarTable) -> None:
    """Put all bars into a feed's lines at once."""
    stamps = array.array("d", (end_stamp(length, open_ms) for open_ms in rows.open_ms))
    columns = (
        (lines.datetime, stamps),
        (lines.open, rows.open),
        (lines.high, rows.high),
        (lines.low, rows.low),
        (lines.close, rows.close),
        (lines.volume, rows.volume),
        (lines.openinterest, array.array("d", bytes(8 * len(rows)))),
    )
    for line, column in columns:
        line.array.frombytes(column.tobytes())
        line.idx = len(rows) - 1
        line.lencount = len(rows)


def write_row(lines: Any, length: Timeframe, rows: BarTable, index: int) -> None:
    """Put one bar into a feed's lines, at their present place."""
    lines.datetime[0] = end_stamp(length, rows.open_ms[index])
    lines.open[0] = rows.open[index]
    lines.high[0] = rows.high[index]
    lines.low[0] = rows.low[index]
    lines.close[0] = rows.close[index]
    lines.volume[0] = rows.volume[index]
    lines.openinterest[0] = 0.0
