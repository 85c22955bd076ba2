"""`real-trade doctor`: what could keep a run from working, and how to fix it."""

from __future__ import annotations

import os

import click

from real_trade.cli.configured import config_option, configured, sections_of
from real_trade.cli.exits import Exit
from real_trade.cli.options import database_option
from real_trade.cli.output import output_option, print_json

__all__ = ["doctor"]

_SETTINGS = {
    "exchange": "exchange",
    "market": "market_type",
    "mode": "mode",
    "endpoint": "endpoint",
    "symbol": "symbol",
}
_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@click.command()
@config_option
@click.option("--mode", help="Examine as if for this mode: paper, testnet …")
@click.option("--symbol", help="What is to be traded.")
@click.option("--exchange", help="Which exchange.")
@click.option(
    "--market", type=click.Choice(["spot", "future", "delivery"]), help="Which of its markets."
)
@click.option("--endpoint", help="A simulator's address (also RT_ENDPOINT).")
@database_option()
@click.option("-v", "verbose", count=True, expose_value=False, hidden=True)
@output_option
@click.pass_context
def doctor(ctx: click.Context, /, **options: str) -> None:
    """Examine settings, plugins, store, network, clock, keys, symbol, limits and notifications.

    Nothing is traded. Each line is ok, warn or FAIL with the fix; the exit code is 3 if any failed.
    """
    from real_trade.engine.doctor import examine
    from real_trade.plugins import manager

    plugins = manager()
    loaded = configured(ctx, options["config_path"], _SETTINGS, plugins)
    sections = sections_of(loaded, plugins)
    found = []
    for one in examine(loaded, sections, plugins, os.environ, options["db_url"]):
        found.append(one)
        if options["output"] == "table":
            click.echo(f"{_MARKS[one.state.value]}  {one.name:<16} {one.detail}")
            if one.fix:
                click.echo(f"      {'':<16} fix: {one.fix}")
    failed = sum(one.state.value == "fail" for one in found)
    if options["output"] == "json":
        checks = [
            {"name": one.name, "state": one.state.value, "detail": one.detail, "fix": one.fix}
            for one in found
        ]
        print_json({"ok": not failed, "mode": loaded.config.mode, "checks": checks})
    else:
        click.echo(f"{failed} failed" if failed else "nothing failed")
    if failed:
        ctx.exit(int(Exit.CONFIGURATION))
