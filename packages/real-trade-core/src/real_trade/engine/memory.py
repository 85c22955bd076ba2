"""Keeps a live run's memory flat: lines forget bars that are long over.

Backtrader keeps every bar of every line for good, or (`exactbars`) just as many as indicators
need, so that a strategy's own look at `close[-500]` fails. This keeps a set number of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import backtrader as bt

__all__ = ["forget_bars"]

_TRADES_KEPT = 100


def forget_bars(strategy: bt.Strategy, keep: int) -> None:
    """Cut all lines of a strategy, its data and its indicators down to the newest `keep` values.

    On Cerebro's thread, between two bars. Only for live runs: a backtest's lines are read from
    their beginning.
    """
    seen: set[int] = set()
    for thing in (*strategy.datas, strategy):
        for line in _lines_of(thing, seen):
            _cut(line, keep)
    for by_id in strategy._trades.values():
        for trades in by_id.values():
            del trades[:-_TRADES_KEPT]


def _lines_of(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Return the lines of an object and of all indicators below it, each once."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    lines = getattr(thing, "lines", ())
    for line in getattr(lines, "lines", lines):
        if id(line) not in seen or line is thing:
            seen.add(id(line))
            yield line
    for children in getattr(thing, "_lineiterators", {}).values():
        for child in children:
            yield from _lines_of(child, seen)


def _cut(line: Any, keep: int) -> None:
    # Values are found by their distance from the newest one, which `_idx` points to:
    # backtrader/linebuffer.py, LineBuffer.__getitem__.
    excess = line._idx + 1 - keep
    if line.mode == line.UnBounded and excess > 0:
        del line.array[:excess]
        line._idx -= excess
