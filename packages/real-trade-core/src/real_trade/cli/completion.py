"""`real-trade completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import os
from pathlib import Path

import click

from real_trade.utils.errors import ConfigurationError

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_REAL_TRADE_COMPLETE"


@click.command()
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
def completion(shell: str | None) -> None:
    """Print the completion script for SHELL (bash, zsh or fish; yours by default).

    For bash: save it in a file, and source that file in ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    from real_trade.cli.app import cli

    chosen = shell or Path(os.environ.get("SHELL", "")).name
    kind = get_completion_class(chosen)
    if chosen not in _SHELLS or kind is None:
        raise ConfigurationError(
            f"there is no completion for {chosen or 'an unknown shell'!r}",
            remedy="name one: real-trade completion bash, zsh or fish",
        )
    click.echo(kind(cli, {}, "real-trade", _VARIABLE).source())
