"""Which feeds a run has: every symbol with every bar length, the shortest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import backtrader as bt

from real_trade.common import BaseStore
from real_trade.common.bar_lengths import length_of, words_of
from real_trade.model import Timeframe
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError

__all__ = ["FeedPlan"]


@attrs.frozen
class FeedPlan:
    """The feeds of a run, in Cerebro's order: by bar length, then as the symbols are named.

    Attributes:
        tables: what a backtest runs on, by symbol and length; empty where the exchange is asked.
    """

    symbols: tuple[str, ...]
    lengths: tuple[Timeframe, ...]
    tables: tuple[BarTable, ...] = ()

    @classmethod
    def of(
        cls,
        symbol: str,
        symbols: Sequence[str],
        timeframe: str,
        timeframes: Sequence[str],
        history: BarTable | Sequence[BarTable] | None,
    ) -> FeedPlan:
        """Return the plan for a run's arguments; the plural ones count where they are given.

        Raises:
            ConfigurationError: a symbol or length twice, an unknown length, or history that fits
                no feed.
        """
        names = tuple(symbols) or (symbol,)
        lengths = tuple(length_of(text, None, None) for text in (tuple(timeframes) or (timeframe,)))
        for what, values in (("symbol", names), ("timeframe", lengths)):
            if len(set(values)) < len(values):
                raise ConfigurationError(f"a {what} is named twice: {', '.join(map(str, values))}")
        tables = [history] if isinstance(history, BarTable) else list(history or ())
        plan = cls(names, tuple(sorted(lengths, key=lambda one: one.seconds)), tuple(tables))
        plan._check_tables()
        return plan

    def _check_tables(self) -> None:
        if not self.tables:
            return
        have = {table.symbol for table in self.tables}
        missing = [symbol for symbol in self.symbols if symbol not in have]
        if missing:
            raise ConfigurationError(
                f"history has no bars of {', '.join(missing)}",
                remedy="give a table for each symbol",
            )
        for symbol in self.symbols:
            if self._table(symbol, self.lengths[0]) is None:
                raise ConfigurationError(
                    f"history of {symbol} has no bars of {self.lengths[0].value}",
                    remedy="give bars of the shortest timeframe; longer ones are made of them",
                )

    def add_to(self, cerebro: bt.Cerebro, store: BaseStore, options: dict[str, Any]) -> Any:
        """Make the feeds, give them to Cerebro, and return the first.

        In a backtest on tables, a longer length that has no table of its own is made of the
        symbol's shortest.
        """
        shortest: dict[str, Any] = {}
        for length in self.lengths:
            for symbol in self.symbols:
                table = self._table(symbol, length)
                if self.tables and table is None:
                    timeframe, compression = words_of(length)
                    cerebro.resampledata(
                        shortest[symbol], timeframe=timeframe, compression=compression
                    )
                    continue
                chosen = options if table is None else {**options, "historical_data": table}
                data = store.getdata(symbol=symbol, ccxt_timeframe=length.value, **chosen)
                cerebro.adddata(data)
                shortest.setdefault(symbol, data)
        return shortest[self.symbols[0]]

    def _table(self, symbol: str, length: Timeframe) -> BarTable | None:
        fits = (one for one in self.tables if (one.symbol, one.timeframe) == (symbol, length))
        return next(fits, None)
