"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["strategy_options"]

_F = TypeVar("_F", bound=Callable[..., Any])


def strategy_options(function: _F) -> _F:
    """Add the options that say which strategy runs on what."""
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
        click.option("--symbol", default="BTC/USDT", show_default=True, help="What to trade."),
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
