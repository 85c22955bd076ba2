"""`real-trade plugins`: what is installed and how it is doing."""

from __future__ import annotations

import click

from real_trade.cli.output import output_option, print_json, print_table
from real_trade.plugins import PluginInfo, PluginStatus, manager

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """See the installed plugins and how they are doing."""


@plugins.command("list")
@output_option
def list_plugins(output: str) -> None:
    """Show every plugin: distribution, version, hooks, status and what went wrong."""
    found = manager().infos
    if output == "json":
        print_json({"plugins": [_as_dict(info) for info in found]})
        return
    rows = [
        (
            info.name,
            info.distribution,
            info.version,
            _api(info),
            ", ".join(info.hooks),
            info.status.value,
            info.error,
        )
        for info in found
    ]
    columns = ("name", "distribution", "version", "API", "hooks", "status", "error")
    print_table("Plugins", columns, rows)
    if any(info.status is PluginStatus.FAILED for info in found):
        click.echo("A failed plugin offers nothing; the others work.", err=True)


def _api(info: PluginInfo) -> str:
    return "" if info.api is None else ".".join(map(str, info.api))


def _as_dict(info: PluginInfo) -> dict[str, object]:
    return {
        "name": info.name,
        "distribution": info.distribution,
        "version": info.version,
        "api": _api(info) or None,
        "hooks": list(info.hooks),
        "status": info.status.value,
        "error": info.error or None,
    }
