"""`real-trade download`: history from an exchange, kept on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.options import exchange_options
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.cli.progress import progress_bar
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from datetime import datetime

    from real_trade.feeds.download import Download
    from real_trade.storage.bar_cache import Series
    from real_trade.storage.bar_files import BarTable

__all__ = ["cached_bars", "download", "history_options"]


def history_options(function: Any) -> Any:
    """Add the options that say whose history, and from when to when."""
    since = click.option("--since", metavar="DATE", help="First day or time (UTC): 2025-01-31.")
    until = click.option("--until", metavar="DATE", help="Not included; now if not given.")
    return since(until(exchange_options(function)))


@click.command()
@click.option(
    "--symbol",
    "symbols",
    multiple=True,
    default=("BTC/USDT",),
    show_default=True,
    help="Of what; may be given several times.",
)
@click.option("--timeframe", default="1h", show_default=True, help="Bar length: 1s, 1m, 1h, 1d …")
@history_options
@click.option(
    "--import",
    "files",
    multiple=True,
    metavar="FILE",
    help="Take bars from Binance's public archives (csv or zip) instead of the exchange.",
)
@click.option("--csv", "csv_path", metavar="FILE", help="Write the bars into a file too.")
@click.option("-v", "verbose", count=True, expose_value=False, hidden=True)
@output_option
def download(
    symbols: tuple[str, ...],
    timeframe: str,
    since: str | None,
    until: str | None,
    exchange: str,
    market: str,
    endpoint: str,
    files: tuple[str, ...],
    csv_path: str | None,
    output: str,
) -> None:
    """Fetch history and keep it: what is here is not fetched again, and a stop goes on there.

    `real-trade backtest --since DATE` runs on it. No key is needed.
    """
    from real_trade.storage.bar_files import write_bars

    if csv_path is not None and len(symbols) != 1:
        raise ConfigurationError("--csv takes the bars of one symbol", remedy="name one --symbol")
    if files and len(symbols) != 1:
        raise ConfigurationError("--import is of one symbol", remedy="name one --symbol")
    if not files and since is None:
        raise ConfigurationError("from when on? --since is missing", remedy="--since 2025-01-01")
    rows = []
    for symbol in symbols:
        series = _series(exchange, market, symbol, timeframe)
        if files:
            bars, fetched = _import(series, files, endpoint), 0
            _tell(bars)
        else:
            done = _download(series, since or "", until, endpoint)
            bars, fetched = done.bars, done.fetched
            _tell(bars, done.damaged)
        if csv_path is not None:
            write_bars(csv_path, bars)
        rows.append(_row(series, bars, fetched))
    click.echo(f"kept in {_root(endpoint)}", err=True)
    if output == "json":
        print_json({"downloads": rows})
    else:
        print_table("History", list(rows[0]), [list(row.values()) for row in rows])


def cached_bars(
    exchange: str, market: str, symbol: str, timeframe: str, span: tuple[str, str | None, str]
) -> BarTable:
    """Return the bars of `span` (since, until, endpoint), fetching what is not here."""
    since, until, endpoint = span
    done = _download(_series(exchange, market, symbol, timeframe), since, until, endpoint)
    _tell(done.bars, done.damaged)
    return done.bars


def _series(exchange: str, market: str, symbol: str, timeframe: str) -> Series:
    from real_trade.model import Timeframe
    from real_trade.storage.bar_cache import Series

    try:
        return Series(exchange, market, symbol, Timeframe.parse(timeframe))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _root(endpoint: str) -> Path:
    """Return the cache's folder; each simulator has its own, since its bars are nobody else's."""
    from urllib.parse import urlsplit

    from real_trade.storage.places import data_folder

    place = urlsplit(endpoint).netloc.replace(":", "_")
    return data_folder() / (f"bars-of-{place}" if place else "bars")


def _download(series: Series, since: str, until: str | None, endpoint: str) -> Download:
    from real_trade.exchange import ExchangeSettings
    from real_trade.feeds.download import download as fetch
    from real_trade.model import Market
    from real_trade.plugins import manager
    from real_trade.runtime import SystemRuntime
    from real_trade.storage.bar_cache import BarCache, Span

    runtime = SystemRuntime()
    start = _time(since, "--since")
    end = runtime.clock.now() if until is None else _time(until, "--until")
    if start >= end:
        raise ConfigurationError(f"--since {since} is not before {until or 'now'}")
    settings = ExchangeSettings(runtime=runtime, market=Market(series.market), endpoint=endpoint)
    exchange = manager().open_exchange(series.exchange, settings)
    try:
        exchange.connect()
        with progress_bar(f"{series.symbol} {series.timeframe.value}", 0) as advance:
            return fetch(exchange, BarCache(_root(endpoint), series), Span(start, end), advance)
    finally:
        exchange.close()
        runtime.close()


def _import(series: Series, files: tuple[str, ...], endpoint: str) -> BarTable:
    from real_trade.model import from_ms
    from real_trade.storage.bar_cache import BarCache, Span, join_tables, months
    from real_trade.storage.bar_files import read_bars

    cache, tables = BarCache(_root(endpoint), series), []
    for file in files:
        if not Path(file).is_file():
            raise DataError(f"file {file!r} does not exist", remedy="check the path")
        with progress_bar(f"reading {Path(file).name}", 0) as advance:
            tables.append(read_bars(file, series.symbol, series.timeframe, advance))
    table = join_tables(sorted((one for one in tables if len(one)), key=lambda one: one.open_ms[0]))
    end = series.timeframe.add(from_ms(table.open_ms[-1]))
    for part in months(Span(from_ms(table.open_ms[0]), end)):
        cache.put(part, table.between(part.start, part.end))
    return table


def _time(text: str, option: str) -> datetime:
    from datetime import UTC, datetime

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text!r} is no date", remedy="write it as 2025-01-31 or 2025-01-31T12:00"
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _tell(bars: BarTable, damaged: tuple[str, ...] = ()) -> None:
    from real_trade.storage.bar_files import describe_gaps

    for name in damaged:
        sys.stderr.write(f"warning: {name} in the cache was damaged and was fetched again\n")
    gaps = bars.gaps()
    if gaps:
        sys.stderr.write(f"warning: {describe_gaps(gaps)}\n")
    if not len(bars):
        raise DataError(
            f"there are no bars of {bars.symbol} in that time",
            remedy="choose a later --until, or another symbol: it may have been listed later",
        )


def _row(series: Series, bars: BarTable, fetched: int) -> dict[str, Any]:
    from real_trade.model import from_ms

    return {
        "symbol": series.symbol,
        "timeframe": series.timeframe.value,
        "bars": len(bars),
        "fetched": fetched,
        "first": from_ms(bars.open_ms[0]).isoformat(),
        "last": from_ms(bars.open_ms[-1]).isoformat(),
        "missing": sum(gap.missing for gap in bars.gaps()),
    }
