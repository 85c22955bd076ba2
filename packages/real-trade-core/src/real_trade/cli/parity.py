"""`real-trade parity`: does a strategy decide alike in backtest, on paper and on an exchange?"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from real_trade.cli.configured import config_option, configured, sections_of
from real_trade.cli.exits import Exit
from real_trade.cli.options import strategy_options
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.engine.parity_report import ParityReport
    from real_trade.storage.bar_files import BarTable

__all__ = ["parity"]

_SHOWN = 20


@click.command()
@strategy_options()
@config_option
@click.option(
    "--tape",
    required=True,
    metavar="FILE|SEED",
    help="Bars: a file as `backtest --csv` takes it, or the seed of a generated market.",
)
@click.option("--timeframe", help="Bar length; told from a file if not given; 1m for a seed.")
@click.option("--bars", default=500, show_default=True, help="How many bars at most.")
@click.option(
    "--fills",
    type=click.Choice(["ideal", "realistic"]),
    default="ideal",
    show_default=True,
    help="ideal: no fees and no spread; realistic: --commission, --spread, --latency.",
)
@click.option("--spread", default="0.0002", show_default=True, help="As a ratio (realistic).")
@click.option("--latency", default=100, show_default=True, help="Milliseconds one way (realistic).")
@output_option
@click.pass_context
def parity(
    ctx: click.Context,
    strategy: str,
    config_path: str | None,
    params: tuple[str, ...],
    symbol: str,
    cash: float,
    commission: float,
    tape: str,
    timeframe: str | None,
    bars: int,
    fills: str,
    spread: str,
    latency: int,
    output: str,
) -> None:
    """Run a strategy on one tape in backtest, on paper and on a simulated exchange.

    Every decision is compared by bar, side, type, size, price and verdict of the limits (of the
    settings' file), and the gap between the results is split into what made it. The simulated
    exchange speaks the real one's protocol, in virtual time. The exit code is 7 if they differ.
    """
    from real_trade.engine.parity import ParityPlan, run_modes
    from real_trade.engine.parity_report import as_dict, report_on
    from real_trade.engine.strategies import load_strategy, parse_parameters
    from real_trade.plugins import manager

    strategy_cls = load_strategy(strategy, manager())
    loaded = configured(ctx, config_path, {}, manager())
    table = _tape(tape, symbol, timeframe, bars)
    real = fills == "realistic"
    plan = ParityPlan(
        strategy_cls=strategy_cls,
        strategy_params=parse_parameters(params, strategy_cls),
        tables=(table,),
        cash=cash,
        commission=commission if real else 0.0,
        spread=_ratio(spread) if real else None,
        latency_ms=latency if real else 5,
        sections=sections_of(loaded, manager()),
    )
    click.echo(f"comparing {strategy_cls.__name__} on {len(table)} bars of {symbol}", err=True)
    runs, listed = run_modes(plan, manager())
    last = float(table.bar(len(table) - 1).close)
    report = report_on(runs, listed[symbol], plan.spread, last)
    figures = {"strategy": strategy_cls.__name__, "symbol": symbol, "fills": fills}
    if output == "json":
        print_json({**figures, "timeframe": table.timeframe.value, **as_dict(report)})
    else:
        _show(report)
    if not report.decisions_equal:
        ctx.exit(int(Exit.MISMATCH))


def _ratio(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal(-1)
    if not 0 <= found < 1:
        raise ConfigurationError(
            f"--spread must be a ratio from 0 to below 1, not {text!r}", remedy="0.0002 is 0.02 %"
        )
    return found


def _tape(tape: str, symbol: str, timeframe: str | None, bars: int) -> BarTable:
    from real_trade.engine.offline import generated_bars
    from real_trade.model import Timeframe
    from real_trade.storage.bar_files import read_bars

    try:
        length = None if timeframe is None else Timeframe.parse(timeframe)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if bars < 1:
        raise ConfigurationError(f"--bars must be above zero, not {bars}")
    if tape.isdigit():
        return generated_bars(symbol, length or Timeframe.M1, bars, int(tape))
    if not Path(tape).is_file():
        raise DataError(f"file {tape!r} does not exist", remedy="check the path, or give a seed")
    table = read_bars(tape, symbol, length)
    if len(table) > bars:
        table = table.between(None, table.bar(bars).open_time)
    if not len(table):
        raise DataError(f"{tape} holds no bars", remedy="check the file")
    return table


def _show(report: ParityReport) -> None:
    columns = ("mode", "bars", "decisions", "fills", "refused", "equity")
    rows = [
        (
            run.mode.value,
            run.bars,
            len(run.decisions),
            len(run.deals),
            len(run.refusals),
            run.equity,
        )
        for run in report.runs
    ]
    print_table("Parity", columns, [(*row[:-1], f"{row[-1]:.4f}") for row in rows])
    parts = ("total", "fees", "spread", "latency", "rounding", "other")
    gaps = [
        (gap.mode.value, *(f"{getattr(gap, part):+.4f}" for part in parts)) for gap in report.gaps
    ]
    print_table("Against the backtest", ("mode", *parts), gaps)
    for difference in report.differences[:_SHOWN]:
        click.echo(f"differs {difference}")
    if len(report.differences) > _SHOWN:
        click.echo(f"... and {len(report.differences) - _SHOWN} more")
    click.echo(
        "all decisions are equal" if report.decisions_equal else "decisions differ: see above"
    )
