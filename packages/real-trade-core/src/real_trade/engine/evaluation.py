"""One backtest as figures, which a search can rank by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import backtrader as bt

from real_trade.engine.runner import TradingRunner
from real_trade.model import Mode
from real_trade.monitor import figures
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError

__all__ = ["OBJECTIVES", "evaluate", "objective_of"]

# Name, and whether more is better.
OBJECTIVES = {
    "return": True,
    "sharpe": True,
    "sortino": True,
    "calmar": True,
    "profit_factor": True,
    "expectancy": True,
    "win_rate": True,
    "max_drawdown": False,
}
_CURVE = "real_trade_curve"


def objective_of(name: str) -> str:
    """Return `name` if it is an objective.

    Raises:
        ConfigurationError: it is none; the message says which there are.
    """
    if name not in OBJECTIVES:
        raise ConfigurationError(f"unknown objective {name!r} (known: {', '.join(OBJECTIVES)})")
    return name


class _Curve(bt.Analyzer):
    """Keeps the equity at each bar, and the profit of each trade."""

    def __init__(self) -> None:
        self.points: list[tuple[Any, float]] = []
        self.profits: list[float] = []
        self.start_equity = 0.0

    def start(self) -> None:
        self.start_equity = self.strategy.broker.getvalue()

    def next(self) -> None:
        time = bt.num2date(self.strategy.data.datetime[0]).replace(tzinfo=UTC)
        self.points.append((time, self.strategy.broker.getvalue()))

    def prenext(self) -> None:
        self.next()

    def notify_trade(self, trade: Any) -> None:
        if trade.isclosed:
            self.profits.append(trade.pnlcomm)


def evaluate(
    strategy: type[bt.Strategy],
    params: Mapping[str, Any],
    table: BarTable,
    *,
    cash: float,
    commission: float,
) -> dict[str, float | None]:
    """Return the figures of a backtest: all objectives, `equity` and `trades`.

    A figure that says nothing (a Sharpe ratio of one day, a profit factor without a loss) is None.
    """
    runner = TradingRunner(
        symbol=table.symbol,
        timeframe=table.timeframe.value,
        strategy_cls=strategy,
        strategy_params=dict(params),
        mode=Mode.BACKTEST,
        cash=cash,
        commission=commission,
        history=table,
    )
    runner.add_analyzer(_Curve, _name=_CURVE)
    runner.run()
    curve: _Curve = runner.results[0].analyzers.getbyname(_CURVE)
    return _figures(curve)


def _figures(curve: _Curve) -> dict[str, float | None]:
    start = curve.start_equity
    equities = [equity for _, equity in curve.points]
    end = equities[-1] if equities else start
    returns = figures.daily_returns(curve.points, start)
    fall = figures.max_drawdown(equities, start)
    days = (curve.points[-1][0] - curve.points[0][0]).total_seconds() / 86400 if equities else 0.0
    return {
        "return": end / start - 1 if start > 0 else None,
        "sharpe": figures.sharpe(returns),
        "sortino": figures.sortino(returns),
        "calmar": figures.ratio(figures.annual_return(start, end, days), fall),
        "profit_factor": figures.profit_factor(curve.profits),
        "expectancy": figures.expectancy(curve.profits),
        "win_rate": figures.win_rate(curve.profits),
        "max_drawdown": fall,
        "equity": end,
        "trades": float(len(curve.profits)),
    }
