"""One run out of the store: its figures, its trades, its months, ready to be shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Bar
from real_trade.monitor import figures
from real_trade.monitor.trips import RoundTrip, round_trips
from real_trade.storage.runs import EquityPoint, FillRow, OrderRow, RunReader, RunRecord
from real_trade.utils.errors import DataError

__all__ = ["RunReport"]

_EVERYTHING = 1_000_000


@attrs.frozen(kw_only=True)
class RunReport:
    """A run's record and what follows from it.

    `fees` are by asset, exact; equity and trades are in quote units.
    """

    run: RunRecord
    equity: Sequence[EquityPoint]
    orders: Sequence[OrderRow]
    fills: Sequence[FillRow]
    bars: Sequence[Bar]
    trips: Sequence[RoundTrip]

    @classmethod
    def read(cls, reader: RunReader, run_id: str = "", bot: str = "") -> RunReport:
        """Read a run, or the newest of a bot.

        Raises:
            DataError: there is none.
        """
        run = reader.run(run_id) if run_id else reader.newest(bot)
        if run is None:
            raise DataError(
                f"no run {run_id or bot or 'at all'} is in this store",
                remedy="see real-trade status; --db-url and --mode choose the store",
            )
        fills = reader.fills(run.run_id, limit=_EVERYTHING)
        return cls(
            run=run,
            equity=reader.equity(run.run_id, limit=_EVERYTHING),
            orders=reader.orders(run.run_id, limit=_EVERYTHING),
            fills=fills,
            bars=reader.bars(run.run_id, limit=_EVERYTHING),
            trips=round_trips(fills),
        )

    @property
    def fees(self) -> dict[str, Decimal]:
        """Return the fees paid, by asset."""
        found: dict[str, Decimal] = {}
        for fill in self.fills:
            found[fill.fee_asset] = found.get(fill.fee_asset, Decimal(0)) + fill.fee
        return found

    def months(self) -> list[tuple[str, float]]:
        """Return (year-month, return as a ratio), from the last equity of each."""
        closes: dict[str, float] = {}
        for point in self.equity:
            closes[f"{point.time:%Y-%m}"] = float(point.equity)
        found, before = [], self._start
        for month, close in sorted(closes.items()):
            found.append((month, close / before - 1 if before > 0 else 0.0))
            before = close
        return found

    def drawdowns(self) -> list[tuple[datetime, float]]:
        """Return (time, fall from the peak as a ratio) of every equity point."""
        peak, found = self._start, []
        for point in self.equity:
            peak = max(peak, float(point.equity))
            found.append((point.time, 1 - float(point.equity) / peak if peak > 0 else 0.0))
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values that JSON can hold; None where one says nothing."""
        curve = [(point.time, float(point.equity)) for point in self.equity]
        profits = [float(trip.pnl) for trip in self.trips]
        returns = figures.daily_returns(curve, self._start)
        end = curve[-1][1] if curve else self._start
        deepest = figures.max_drawdown([equity for _, equity in curve], self._start)
        yearly = figures.annual_return(self._start, end, self._days())
        return {
            "run_id": self.run.run_id,
            "bot": self.run.bot,
            "mode": self.run.mode.value,
            "exchange": self.run.exchange,
            "market": self.run.market,
            "symbols": list(self.run.symbols),
            "timeframe": self.run.timeframe,
            "strategy": self.run.strategy,
            "started_at": self.run.started_at.isoformat(),
            "stopped_at": self.run.stopped_at and self.run.stopped_at.isoformat(),
            "reason": self.run.reason,
            "start_equity": self._start,
            "equity": end,
            "return_pct": (end / self._start - 1) * 100 if self._start > 0 else None,
            "annual_return": yearly,
            "max_drawdown": deepest,
            "sharpe": figures.sharpe(returns),
            "sortino": figures.sortino(returns),
            "calmar": figures.ratio(yearly, deepest),
            "orders": len(self.orders),
            "fills": len(self.fills),
            "fees": {asset: format(fee, "f") for asset, fee in sorted(self.fees.items())},
            "trades": len(profits),
            "net_pnl": math.fsum(profits),
            "win_rate": figures.win_rate(profits),
            "profit_factor": figures.profit_factor(profits),
            "expectancy": figures.expectancy(profits),
            "months": dict(self.months()),
        }

    @property
    def _start(self) -> float:
        return float(self.equity[0].equity) if self.equity else 0.0

    def _days(self) -> float:
        if len(self.equity) < 2:
            return 0.0
        return (self.equity[-1].time - self.equity[0].time).total_seconds() / 86400
