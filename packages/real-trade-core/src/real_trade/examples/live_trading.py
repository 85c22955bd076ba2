"""A complete system: strategy, limits, figures, checks and a report, on live bars.

On paper unless told otherwise, so nothing is signed; with `RT_ENDPOINT` on a simulator:

    real-trade simulator --port 8900
    RT_ENDPOINT=http://127.0.0.1:8900 python -m real_trade.examples.live_trading

Ctrl-C ends it in order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from real_trade.engine import TradingRunner
from real_trade.examples._script import script
from real_trade.examples.demo_strategy import DemoStrategy
from real_trade.monitor import HealthChecker, PerformanceTracker, Reporter
from real_trade.plugins import PluginManager
from real_trade.utils.config import GlobalConfig

__all__ = ["main"]

_LIMITS = {
    "max_position_pct": "90%",
    "max_drawdown_pct": "15%",
    "max_daily_trades": 200,
}


def main(
    max_bars: int | None = None,
    timeframe: str = "1s",
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Trade until Ctrl-C, or for `max_bars` live bars; print the report and return its figures.

    Args:
        max_bars: live bars after which it ends; None for no end.
        timeframe: bar length.
        environ: where settings (`RT_SYMBOL`, `RT_ENDPOINT` …) are read; the process's by default.
    """
    variables = os.environ if environ is None else environ
    config = GlobalConfig.from_env("RT_", environ=variables)
    plugins = PluginManager()
    tracker = PerformanceTracker(initial_cash=config.initial_cash)
    reporter = Reporter()
    runner = TradingRunner(
        exchange=config.exchange,
        symbol=config.symbol,
        timeframe=timeframe,
        strategy_cls=DemoStrategy,
        cash=config.initial_cash,
        commission=config.commission,
        endpoint=config.endpoint,
        tracker=tracker,
        health=HealthChecker(),
        reporter=reporter,
        sections=_limits(plugins),
        plugins=plugins,
        max_bars=max_bars,
        bot="live-trading-example",
    )
    with runner.signals():
        runner.run()
    print(reporter.generate_text(tracker))
    return tracker.summary()


def _limits(plugins: PluginManager) -> dict[str, Any]:
    """Return the section of limits, as a file would have it, where the risk plugin is installed."""
    if "limits" not in plugins.sections:
        print("real-trade-risk is not installed: nothing limits this run")
        return {}
    return {"limits": plugins.sections["limits"](**_LIMITS)}


if __name__ == "__main__":
    script(main)
