"""`real-trade report`: what came of a run, as text, JSON, or a page that works offline."""

from __future__ import annotations

from pathlib import Path

import click

from real_trade.cli.output import output_option, print_json
from real_trade.cli.stores import find_run, store_options

__all__ = ["report"]


@click.command()
@store_options
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one HTML file: equity, drawdown, months, trades on candles, orders.",
)
@click.option("--open", "open_it", is_flag=True, help="Show the page in a browser.")
@output_option
def report(
    bot: str, mode: str | None, db_url: str, html: Path | None, open_it: bool, output: str
) -> None:
    """Show what came of a run: the running one, or the one that ran last.

    The totals are those of its fills and its equity as the store has them.
    """
    from real_trade.monitor import Reporter
    from real_trade.monitor.run_report import RunReport

    with find_run(bot, mode, db_url) as found:
        made = RunReport.read(found.reader, found.run.run_id)
    reporter = Reporter()
    page = html
    if open_it and page is None:
        page = Path(f"real-trade-{made.run.bot}-{made.run.run_id}.html")
    if page is not None:
        page.write_text(reporter.generate_html(made), encoding="utf-8")
        click.echo(f"written: {page}", err=True)
    if open_it and page is not None:
        click.launch(page.resolve().as_uri())
    if output == "json":
        print_json({**reporter.json_of(made), "page": None if page is None else str(page)})
    elif page is None or not open_it:
        click.echo(reporter.text_of(made))
