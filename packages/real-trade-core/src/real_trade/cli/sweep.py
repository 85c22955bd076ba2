"""`real-trade sweep`: search a strategy's parameters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.download import history_options
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.cli.progress import progress_bar
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.engine.sweep import Found
    from real_trade.engine.sweep_plan import SweepPlan
    from real_trade.storage.bar_files import BarTable

__all__ = ["sweep"]

_Options = dict[str, Any]
_FIGURES = ("return", "sharpe", "max_drawdown", "profit_factor", "win_rate", "trades")
_BARS = ("csv", "tape", "bars", "since", "until", "symbol", "timeframe", "exchange", "market")


@click.group(invoke_without_command=True)
@click.option("-s", "--strategy", metavar="FILE[:CLASS]", help="As real-trade backtest takes it.")
@click.option(
    "--search",
    "searched",
    multiple=True,
    metavar="NAME=SPACE",
    help="What is tried: LOW:HIGH, LOW:HIGH:STEP, or A,B,C; once for each parameter.",
)
@click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="What stays as it is."
)
@click.option("--objective", default="sharpe", show_default=True, help="The figure to improve.")
@click.option(
    "--sampler",
    default="tpe",
    show_default=True,
    type=click.Choice(["tpe", "random", "grid"]),
    help="How the next trial is chosen.",
)
@click.option("--trials", default=100, show_default=True, help="How many, in each window.")
@click.option("--seed", default=0, show_default=True, help="Of the sampler.")
@click.option(
    "--walk-forward",
    "windows",
    default=0,
    show_default=True,
    metavar="WINDOWS",
    help="Search in so many windows that follow each other, and try each best on what comes next.",
)
@click.option("--symbol", default="BTC/USDT", show_default=True, help="What to trade.")
@click.option("--csv", metavar="FILE", help="Bars: as real-trade backtest takes them.")
@click.option("--tape", type=int, metavar="SEED", help="Bars of a generated market instead.")
@click.option("--bars", default=2000, show_default=True, help="How many bars --tape generates.")
@click.option("--timeframe", help="Bar length; told from a file if not given; 1h elsewhere.")
@history_options
@click.option("--cash", default=10000.0, show_default=True, help="Starting cash.")
@click.option("--commission", default=0.001, show_default=True, help="Fee as a ratio.")
@click.option(
    "--storage",
    default="",
    help="The database that trials stand in; workers share it. A file in the user's data folder.",
)
@click.option("--study", default="", help="Its name; made from the search if not given.")
@click.option("--show", default=10, show_default=True, help="How many of the best to show.")
@click.option("-v", "verbose", count=True, expose_value=False, hidden=True)
@output_option
@click.pass_context
def sweep(ctx: click.Context, /, **options: Any) -> None:
    """Search a strategy's parameters with backtests, in one process or on many machines.

    The same command goes on with what it had begun: a kill costs the trial that was running.
    """
    if ctx.invoked_subcommand is not None:
        return
    from real_trade.engine.strategies import load_strategy
    from real_trade.plugins import manager

    if not options["strategy"]:
        raise ConfigurationError("which strategy? --strategy is missing", remedy="-s mine.py")
    strategy = load_strategy(options["strategy"], manager())
    table = _bars(options)
    windows = _windows(len(table), options["windows"])
    rows = [_one_window(options, strategy, table, *window) for window in windows]
    _tell(options, rows)


@sweep.command()
@click.option("--storage", required=True, help="The database that the search stands in.")
@click.option("--study", required=True, help="The search's name, as it told.")
@click.option("--endpoint", envvar="RT_ENDPOINT", default="", help="A simulator's address.")
@output_option
def worker(storage: str, study: str, endpoint: str, output: str) -> None:
    """Help with a search that was begun elsewhere, until it has all its trials.

    The strategy's file must be the same as there, and the bars too: both are compared.
    """
    from real_trade.engine.strategies import load_strategy
    from real_trade.engine.sweep import read_plan, search
    from real_trade.engine.sweep_plan import digest_of_bars, digest_of_file
    from real_trade.plugins import manager

    found, plan = read_plan(storage, study)
    if digest_of_file(plan.strategy) != plan.code:
        raise ConfigurationError(
            f"{plan.strategy} is not the file that the search began with",
            remedy="copy it from the machine where the search began",
        )
    table = _bars({**plan.bars, "endpoint": endpoint})
    if digest_of_bars(table) != plan.data:
        raise DataError(
            "the bars are not those that the search began with",
            remedy="use the same file, or real-trade download the same time again",
        )
    strategy = load_strategy(plan.strategy, manager())
    with progress_bar(study, 0) as advance:
        result = search(found, plan, strategy, table, _noisy(advance))
    if output == "json":
        print_json({"study": study, "trials": result.done, "failed": result.failed})
    else:
        click.echo(f"{study}: {result.done} trials are done, {result.failed} of them failed")


def _one_window(
    options: _Options,
    strategy: Any,
    table: BarTable,
    window: tuple[int, int],
    test: tuple[int, int] | None,
) -> dict[str, Any]:
    """Search in one window of bars, and try the best on the window after it."""
    from real_trade.engine.sweep import open_study, search

    plan = _plan(options, strategy, table, window)
    name = options["study"] and f"{options['study']}{'' if test is None else f'-{window[0]}'}"
    study = open_study(
        options["storage"] or _default_storage(),
        plan,
        trials=options["trials"],
        sampler=options["sampler"],
        seed=options["seed"],
        name=name,
    )
    with progress_bar(study.study_name, options["trials"]) as advance:
        found = search(study, plan, strategy, table, _noisy(advance))
    return {
        "study": found.study,
        "from": _day(table, window[0]),
        "to": _day(table, window[1] - 1),
        "trials": found.done,
        "failed": found.failed,
        "failure": found.failure,
        "without_value": found.empty,
        "best": [{"params": params, "figures": told} for params, told in found.best],
        "test": _test(plan, strategy, table, found, test),
    }


def _test(
    plan: SweepPlan, strategy: Any, table: BarTable, found: Found, test: tuple[int, int] | None
) -> dict[str, Any] | None:
    from real_trade.engine.evaluation import evaluate
    from real_trade.engine.sweep import rows_of

    if test is None or not found.best:
        return None
    params = plan.fixed | found.best[0][0]
    return evaluate(
        strategy, params, rows_of(table, *test), cash=plan.cash, commission=plan.commission
    )


def _plan(options: _Options, strategy: Any, table: BarTable, window: tuple[int, int]) -> SweepPlan:
    from real_trade.engine.evaluation import objective_of
    from real_trade.engine.strategies import parse_parameters
    from real_trade.engine.sweep_plan import (
        SweepPlan,
        digest_of_bars,
        digest_of_file,
        parse_search,
    )

    known = [name for name in strategy.params._getkeys() if not name.startswith("_")]
    return SweepPlan(
        strategy=options["strategy"],
        code=digest_of_file(options["strategy"]),
        fixed=parse_parameters(options["params"], strategy),
        space=parse_search(options["searched"], known),
        objective=objective_of(options["objective"]),
        bars={name: options[name] for name in _BARS},
        data=digest_of_bars(table),
        window=window,
        cash=options["cash"],
        commission=options["commission"],
    )


def _bars(options: _Options) -> BarTable:
    from real_trade.cli.backtest import bars_of

    return bars_of(
        csv_path=options["csv"],
        tape_seed=options["tape"],
        bars=options["bars"],
        symbol=options["symbol"],
        timeframe=options["timeframe"],
        since=options["since"],
        until=options["until"],
        exchange=options["exchange"],
        market=options["market"],
        endpoint=options["endpoint"],
    )


def _windows(bars: int, count: int) -> list[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Return (search, test) ranges of rows: equal parts, each tested on the one after it."""
    if count < 0:
        raise ConfigurationError(f"--walk-forward must not be below zero, not {count}")
    if count == 0:
        return [((0, bars), None)]
    size = bars // (count + 1)
    if size < 2:
        raise ConfigurationError(
            f"{bars} bars are too few for {count} windows", remedy="fewer windows, or more bars"
        )
    edges = [size * number for number in range(count + 1)] + [bars]
    return [
        ((edges[number], edges[number + 1]), (edges[number + 1], edges[number + 2]))
        for number in range(count)
    ]


def _noisy(advance: Any) -> Any:
    """Return a progress that writes a line each tenth where there is no terminal."""
    told = [-1]

    def tell(done: int, total: int) -> None:
        advance(done, total)
        tenth = done * 10 // max(total, 1)
        if not sys.stderr.isatty() and tenth > told[0]:
            told[0] = tenth
            sys.stderr.write(f"{done} of {total} trials\n")

    return tell


def _default_storage() -> str:
    from real_trade.storage.places import data_folder

    folder = data_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'sweeps.sqlite'}"


def _day(table: BarTable, row: int) -> str:
    from real_trade.model import from_ms

    return from_ms(table.open_ms[row]).isoformat()


def _tell(options: _Options, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["best"] = row["best"][: options["show"]]
    if options["output"] == "json":
        print_json({"objective": options["objective"], "windows": rows})
        return
    for row in rows:
        names = [option.partition("=")[0] for option in options["searched"]]
        lines = [
            [*(one["params"].get(name) for name in names), *map(_short, _of(one["figures"]))]
            for one in row["best"]
        ]
        if row["test"] is not None:
            lines.append([*("then" for _ in names), *map(_short, _of(row["test"]))])
        title = f"{row['study']}: {row['trials']} trials, {row['from'][:16]} to {row['to'][:16]}"
        print_table(title, (*names, *(name.replace("_", " ") for name in _FIGURES)), lines)
        if row["failed"]:
            click.echo(f"{row['failed']} trials failed; the last one said: {row['failure']}")
        if row["without_value"]:
            click.echo(f"{row['without_value']} trials had no {options['objective']}")


def _of(told: dict[str, Any]) -> list[Any]:
    return [told.get(name) for name in _FIGURES]


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
