"""What `run` and `demo` share: watching a run, and its figures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.exits import Exit
from real_trade.cli.screen import Books, make_screen
from real_trade.plugins import PluginManager

if TYPE_CHECKING:
    from real_trade.engine import TradingRunner
    from real_trade.engine.recorder import RunSummary

__all__ = ["figures", "leave", "watch"]


def watch(runner: TradingRunner, plugins: PluginManager, title: str) -> RunSummary:
    """Run while a screen shows what happens; Ctrl-C stops the run in order."""

    def books() -> Books:
        position, cash, equity = runner.account()
        return Books(position=position, cash=cash, equity=equity)

    screen = make_screen(runner.mode.value, title, books)
    plugins.register("screen", screen)
    log, handler = logging.getLogger("real_trade"), _ScreenHandler(screen.line)
    log.addHandler(handler)
    screen.line(f"{title}: connecting")
    screen.start()
    try:
        with runner.signals():
            return runner.run()
    finally:
        screen.stop()
        log.removeHandler(handler)


def leave(ctx: click.Context, runner: TradingRunner) -> None:
    """Leave with 130 where Ctrl-C ended the run in order, with 6 where it was killed."""
    if runner.was_killed:
        click.echo("the bot is killed: real-trade resume --confirm lifts that", err=True)
        ctx.exit(int(Exit.RISK_HALT))
    if runner.stop_reason == "SIGINT":
        ctx.exit(int(Exit.INTERRUPTED))


class _ScreenHandler(logging.Handler):
    """Shows warnings and errors among what happens."""

    def __init__(self, show: Any) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record on one line."""
        self._show(f"{record.levelname.lower()}: {record.getMessage()}")


def figures(runner: TradingRunner, summary: RunSummary) -> dict[str, Any]:
    """Return a run's figures as plain values."""
    return {
        "mode": runner.mode.value,
        "symbol": runner.symbol,
        "timeframe": runner.timeframe,
        "bars": summary.bars,
        "orders": summary.orders,
        "completed": summary.completed,
        "refused": summary.refused,
        "partial_fills": summary.partial_fills,
        "trades": summary.trades,
        "profit": summary.profit,
        "fees": summary.fees,
        "position": summary.position,
        "cash": summary.cash,
        "equity": summary.equity,
        "open_orders": summary.open_orders,
        "stopped": runner.stop_reason,
    }
