"""`real-trade run`: a strategy on live bars."""

from __future__ import annotations

import os
from typing import Any

import click

from real_trade.cli.configured import (
    config_option,
    configured,
    is_typed,
    sections_of,
    tell_plan,
)
from real_trade.cli.options import database_option, exchange_options, strategy_options
from real_trade.cli.output import output_option, print_json, print_table

__all__ = ["SETTINGS", "run"]


# Settings by the options that say them.
SETTINGS = {
    "exchange": "exchange",
    "market": "market_type",
    "mode": "mode",
    "endpoint": "endpoint",
    "symbols": "symbol",
    "timeframes": "timeframe",
    "warm_up": "historical_limit",
    "cash": "initial_cash",
    "commission": "commission",
}


@click.command()
@strategy_options(several=True)
@config_option
@click.option(
    "--timeframe",
    "timeframes",
    multiple=True,
    default=("1h",),
    show_default=True,
    help="Bar length: 1s, 1m, 1h, 1d …; may be given several times.",
)
@exchange_options
@click.option(
    "--mode",
    default="paper",
    show_default=True,
    help="paper (local fills), testnet (signed, demo or simulator), live (refused so far).",
)
@click.option("--warm-up", default=1000, show_default=True, help="Bars of history before all.")
@click.option("--bars", type=int, help="Stop after so many live bars.")
@click.option(
    "--bot",
    default="main",
    show_default=True,
    help="The bot's name: commands and holds go by it, over restarts too.",
)
@database_option("The store; a file for each mode in the user's data folder by default")
@click.option(
    "--on-error",
    default="halt",
    show_default=True,
    type=click.Choice(["halt", "flatten", "restart"]),
    help="If the strategy raises: end the run, close its positions first, or begin anew.",
)
@click.option(
    "--metrics",
    "metrics_port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve Prometheus metrics, /healthz and /readyz there, on loopback; 0 for any port.",
)
@output_option
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:
    """Run a strategy on live bars: in paper unless told otherwise.

    What is not typed comes from the environment (RT_...), from the file, or from the user's own;
    limits of the file are enforced and shown before the run.

    Keys come from RT_APIKEY and RT_SECRET, or from the files that RT_APIKEY_FILE and RT_SECRET_FILE
    name; paper needs none. Ctrl-C stops it in order. From another terminal, real-trade status shows
    it, and stop, pause, resume, flatten, kill and cancel command it.
    """
    from real_trade.cli.keys import key_of
    from real_trade.cli.runs import figures, leave, watch
    from real_trade.engine import TradingRunner
    from real_trade.engine.modes import parse_mode
    from real_trade.engine.shield import parse_policy
    from real_trade.engine.strategies import load_strategy, parameters_of, parse_parameters
    from real_trade.plugins import PluginManager

    plugins = PluginManager()
    loaded = configured(ctx, options["config_path"], SETTINGS, plugins)
    config, sections = loaded.config, sections_of(loaded, plugins)
    chosen = parse_mode(config.mode)
    strategy_cls = load_strategy(options["strategy"], plugins)
    symbols = options["symbols"] if is_typed(ctx, "symbols") else (config.symbol,)
    timeframes = options["timeframes"] if is_typed(ctx, "timeframes") else (config.timeframe,)
    runner = TradingRunner(
        exchange=config.exchange,
        apikey=config.apikey.reveal() or key_of("apikey", chosen, config.exchange),
        secret=config.secret.reveal() or key_of("secret", chosen, config.exchange),
        symbols=symbols,
        timeframes=timeframes,
        strategy_cls=strategy_cls,
        strategy_params={
            **parameters_of(config.strategy_params, strategy_cls),
            **parse_parameters(options["params"], strategy_cls),
        },
        mode=chosen,
        cash=config.initial_cash,
        commission=config.commission,
        proxy=config.proxy_address(os.environ) or None,
        market_type=config.market_type,
        endpoint=config.endpoint,
        warm_up=config.historical_limit,
        max_bars=options["bars"],
        plugins=plugins,
        bot=options["bot"],
        db_url=options["db_url"],
        on_error=parse_policy(options["on_error"]),
        sections=sections,
        metrics_port=options["metrics_port"],
    )
    tell_plan(sections)
    what = (
        f"{strategy_cls.__name__} {' '.join(symbols)} {' '.join(timeframes)} on {config.exchange}"
    )
    summary = watch(runner, plugins, what)
    told = figures(runner, summary)
    if options["output"] == "json":
        print_json(told)
    else:
        rows = [(key.replace("_", " "), value) for key, value in told.items()]
        print_table("Run", ("figure", "value"), rows)
    leave(ctx, runner)
