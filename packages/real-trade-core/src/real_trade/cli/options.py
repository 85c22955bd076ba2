"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["database_option", "exchange_options", "strategy_options"]

_F = TypeVar("_F", bound=Callable[..., Any])


def strategy_options(*, several: bool = False) -> Callable[[_F], _F]:
    """Return a decorator that adds the options that say which strategy runs on what.

    Args:
        several: whether it may run on more than one symbol, passed as `symbols`.
    """
    return lambda function: _add(function, several=several)


def _symbol_option(*, several: bool) -> Callable[[Any], Any]:
    if not several:
        return click.option(
            "--symbol", default="BTC/USDT", show_default=True, help="What to trade."
        )
    return click.option(
        "--symbol",
        "symbols",
        multiple=True,
        default=("BTC/USDT",),
        show_default=True,
        help="What to trade; may be given several times.",
    )


def _add(function: _F, *, several: bool) -> _F:
    options = [
        click.option(
            "-s",
            "--strategy",
            required=True,
            metavar="FILE[:CLASS]",
            help="A Python file, a class in it, or the name of a registered strategy.",
        ),
        click.option(
            "-p",
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            help="A parameter of the strategy; may be given several times.",
        ),
        _symbol_option(several=several),
        click.option("--cash", default=10000.0, show_default=True, help="Starting cash (paper)."),
        click.option(
            "--commission",
            default=0.001,
            show_default=True,
            help="Fee as a ratio: 0.001 is 0.1 % (paper).",
        ),
        # Read by `app.run`, which tells errors: no command has a use for it.
        click.option(
            "-v",
            "verbose",
            count=True,
            expose_value=False,
            help="-vv shows where an error comes from.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def exchange_options(function: _F) -> _F:
    """Add the options that say which exchange, which of its markets, and where it is."""
    options = [
        click.option("--exchange", default="binance", show_default=True, help="Which exchange."),
        click.option(
            "--market",
            default="spot",
            show_default=True,
            type=click.Choice(["spot", "future", "delivery"]),
            help="Which of its markets.",
        ),
        click.option(
            "--endpoint",
            envvar="RT_ENDPOINT",
            default="",
            help="A simulator's address instead of the exchange's own (also RT_ENDPOINT).",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def database_option(
    what: str = "Where the store is, if not in the user's data folder",
) -> Callable[[_F], _F]:
    """Return the option that says where the store is; `what` is the first part of its help."""
    return click.option(
        "--db-url", envvar="RT_DB_URL", default="", help=f"{what} (also RT_DB_URL)."
    )
