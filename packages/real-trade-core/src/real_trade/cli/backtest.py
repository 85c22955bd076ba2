"""`real-trade backtest`: a strategy on history, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.configured import config_option, configured, sections_of, tell_plan
from real_trade.cli.download import cached_bars, history_options
from real_trade.cli.options import strategy_options
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.cli.progress import progress_bar
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.engine.recorder import RunSummary
    from real_trade.storage.bar_files import BarTable

__all__ = ["backtest", "bars_of"]


_SETTINGS = {
    "exchange": "exchange",
    "market": "market_type",
    "endpoint": "endpoint",
    "symbol": "symbol",
    "cash": "initial_cash",
    "commission": "commission",
}


@click.command()
@strategy_options()
@config_option
@click.option(
    "--csv",
    "csv_path",
    metavar="FILE",
    help="Bars: Binance's kline CSV or zip, or Backtrader's generic CSV.",
)
@click.option(
    "--tape",
    "tape_seed",
    type=int,
    metavar="SEED",
    help="Bars of a generated market instead of a file.",
)
@click.option("--bars", default=1000, show_default=True, help="How many bars --tape generates.")
@click.option("--timeframe", help="Bar length; told from a file if not given; 1h elsewhere.")
@history_options
@output_option
@click.pass_context
def backtest(ctx: click.Context, /, **options: Any) -> None:
    """Run a strategy on history and print what came of it.

    The bars come from a file (--csv), from a generated market (--tape), or from an exchange
    (--since), which are kept on disk. Orders are matched by the paper venue: nothing is signed,
    nothing is sent. Limits of the settings' file are enforced as they are in a live run.
    """
    from real_trade.engine import TradingRunner
    from real_trade.engine.strategies import load_strategy, parameters_of, parse_parameters
    from real_trade.model import Mode
    from real_trade.plugins import manager

    loaded = configured(ctx, options["config_path"], _SETTINGS, manager())
    config, sections = loaded.config, sections_of(loaded, manager())
    strategy_cls = load_strategy(options["strategy"], manager())
    table = bars_of(
        csv_path=options["csv_path"],
        tape_seed=options["tape_seed"],
        bars=options["bars"],
        symbol=config.symbol,
        timeframe=options["timeframe"],
        since=options["since"],
        until=options["until"],
        exchange=config.exchange,
        market=config.market_type,
        endpoint=config.endpoint,
    )
    tell_plan(sections)
    with progress_bar(f"backtest {config.symbol} {table.timeframe.value}", len(table)) as advance:
        summary = TradingRunner(
            symbol=config.symbol,
            timeframe=table.timeframe.value,
            strategy_cls=strategy_cls,
            strategy_params={
                **parameters_of(config.strategy_params, strategy_cls),
                **parse_parameters(options["params"], strategy_cls),
            },
            mode=Mode.BACKTEST,
            cash=config.initial_cash,
            commission=config.commission,
            history=table,
            on_bar=lambda count: advance(count, len(table)),
            sections=sections,
        ).run()
    figures = _figures(strategy_cls.__name__, config.symbol, table, summary)
    if options["output"] == "json":
        print_json(figures)
    else:
        print_table(
            "Backtest",
            ("figure", "value"),
            [(key.replace("_", " "), value) for key, value in figures.items()],
        )


def bars_of(
    *,
    csv_path: str | None,
    tape_seed: int | None,
    bars: int,
    symbol: str,
    timeframe: str | None,
    since: str | None,
    until: str | None,
    exchange: str,
    market: str,
    endpoint: str,
) -> BarTable:
    """Return the bars that the options of a backtest name; one source, or an error."""
    _check_sources(csv_path, tape_seed, since)
    if since is None:
        return _history(csv_path, tape_seed, bars, symbol, timeframe)
    return cached_bars(exchange, market, symbol, timeframe or "1h", (since, until, endpoint))


def _check_sources(csv_path: str | None, tape_seed: int | None, since: str | None) -> None:
    if [csv_path, tape_seed, since].count(None) != 2:
        raise ConfigurationError(
            "a backtest needs bars: one of --csv FILE, --tape SEED and --since DATE",
            remedy="for example: --tape 7 --bars 2000",
        )


def _history(
    csv_path: str | None, tape_seed: int | None, bars: int, symbol: str, timeframe: str | None
) -> BarTable:
    from real_trade.model import Timeframe
    from real_trade.storage.bar_files import describe_gaps, read_bars

    try:
        length = None if timeframe is None else Timeframe.parse(timeframe)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if csv_path is None:
        from real_trade.engine.offline import generated_bars

        return generated_bars(symbol, length or Timeframe.H1, bars, tape_seed or 0)
    if not Path(csv_path).is_file():
        raise DataError(f"file {csv_path!r} does not exist", remedy="check the path")
    with progress_bar(f"reading {Path(csv_path).name}", 0) as advance:
        table = read_bars(csv_path, symbol, length, advance)
    gaps = table.gaps()
    if gaps:
        click.echo(f"warning: {describe_gaps(gaps)}", err=True)
    if table.repeated:
        click.echo(f"warning: {table.repeated} repeated rows were left out", err=True)
    if not len(table):
        raise DataError(f"{csv_path} holds no bars", remedy="check the file")
    return table


def _figures(strategy: str, symbol: str, table: BarTable, summary: RunSummary) -> dict[str, Any]:
    change = summary.equity / summary.start_equity - 1 if summary.start_equity else 0.0
    return {
        "mode": "backtest",
        "strategy": strategy,
        "symbol": symbol,
        "timeframe": table.timeframe.value,
        "bars": summary.bars,
        "start_equity": round(summary.start_equity, 8),
        "equity": round(summary.equity, 8),
        "return_percent": round(100 * change, 4),
        "max_drawdown_percent": round(100 * summary.max_drawdown, 4),
        "orders": summary.orders,
        "completed": summary.completed,
        "refused": summary.refused,
        "trades": summary.trades,
        "winners": summary.winners,
        "profit": round(summary.profit, 8),
        "fees": round(summary.fees, 8),
        "position": summary.position,
        "open_orders": summary.open_orders,
    }
