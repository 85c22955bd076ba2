"""`real-trade notify`: try the channels, read the siren."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from real_trade.cli.output import output_option, print_json, print_table

if TYPE_CHECKING:
    from real_trade.notifications.settings import NotificationSettings

__all__ = ["notify"]


@click.group()
def notify() -> None:
    """Test who is told, and how."""


@notify.command()
@click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration; ./real-trade.toml or the user's by default.",
)
@click.option("--channel", multiple=True, help="Only this channel; may be given more than once.")
@click.option("--level", default="info", show_default=True, help="info, warn, error or critical.")
@output_option
@click.pass_context
def test(
    ctx: click.Context, config: Path | None, channel: tuple[str, ...], level: str, output: str
) -> None:
    """Send one message to every channel, and say which took it. Exit code 5 if one did not."""
    from real_trade.notifications.channel import NotDelivered
    from real_trade.notifications.note import Note, severity_of
    from real_trade.notifications.opening import open_channels
    from real_trade.utils.errors import ConfigurationError

    settings = _settings(config)
    second = (settings.second,) if settings.second else ()
    names = channel or (*settings.channels, *second)
    if not names:
        raise ConfigurationError(
            "no channel is configured: nobody would be told",
            remedy='add to real-trade.toml: [notifications] channels = ["telegram"]',
        )
    try:
        severity = severity_of(level)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    note = Note(
        severity=severity,
        title="real-trade: a test",
        text="If you can read this, this channel works.",
    )
    results = {}
    for one in open_channels(settings, os.environ, names):
        try:
            one.send(note)
        except NotDelivered as failure:
            results[one.name] = str(failure)
        else:
            results[one.name] = ""
    if output == "json":
        told = [
            {"channel": name, "delivered": not why, "why": why or None}
            for name, why in results.items()
        ]
        print_json({"channels": told})
    else:
        rows = [(name, "failed" if why else "delivered", why) for name, why in results.items()]
        print_table("Channels", ("channel", "test", "why"), rows)
    if any(results.values()):
        ctx.exit(5)


@notify.command()
@click.option("--clear", is_flag=True, help="Remove the file: its alarms have been seen.")
@output_option
def siren(clear: bool, output: str) -> None:
    """Read the alarms that reached nobody."""
    from real_trade.notifications.siren import Siren

    file = Siren()
    lines = file.lines()
    if output == "json":
        print_json({"path": str(file.path), "alarms": lines})
    elif lines:
        print_table(str(file.path), ("alarm",), [(line,) for line in lines])
    else:
        click.echo("No alarm went unheard.")
    if clear:
        file.clear()


def _settings(config: Path | None) -> NotificationSettings:
    from real_trade.notifications.settings import NotificationSettings
    from real_trade.plugins import manager
    from real_trade.utils.config import load_config

    loaded = load_config(config, sections=manager().sections)
    found = loaded.config.plugins.get("notifications")
    return found if isinstance(found, NotificationSettings) else NotificationSettings()
