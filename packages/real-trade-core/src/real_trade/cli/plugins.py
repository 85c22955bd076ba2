"""`real-trade plugins`: what is installed and how it is doing."""

from __future__ import annotations

from pathlib import Path

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


@plugins.command("new")
@click.argument("name")
@click.option("--ccxt-id", required=True, help="ccxt's name of the exchange, such as kraken.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to write into; this one by default.",
)
@output_option
def new_plugin(name: str, ccxt_id: str, into: Path, output: str) -> None:
    """Write a package that offers an exchange of ccxt's: it installs, and passes its tests."""
    from real_trade.cli.plugin_files import NewPlugin, write_plugin

    written = write_plugin(NewPlugin.of(name, ccxt_id), into)
    if output == "json":
        print_json({"plugin": name, "files": [str(path) for path in written]})
        return
    print_table("Written", ("file",), [(str(path),) for path in written])
    home = into / f"real-trade-{name}"
    click.echo(f'\nNext: pip install -e "{home}[test]" && real-trade plugins check {name}')


@plugins.command("check")
@click.argument("name")
@click.option(
    "--tests",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="The plugin's own tests, graded as well; may be given more than once.",
)
@output_option
@click.pass_context
def check_plugin(ctx: click.Context, name: str, tests: tuple[Path, ...], output: str) -> None:
    """Grade an installed exchange plugin: what it does when nobody, or nonsense, answers.

    No network is used and no order can be sent. Exit code 1 if a case fails.
    """
    from real_trade.cli.plugin_check import check_exchange

    cases = check_exchange(manager().exchange(name), tests)
    endings = [case.ending.value for case in cases]
    counts = {word: endings.count(word) for word in ("passed", "failed", "skipped")}
    if output == "json":
        listed = [
            {
                "suite": case.suite,
                "case": case.name,
                "ending": case.ending.value,
                "reason": case.reason or None,
            }
            for case in cases
        ]
        print_json({"plugin": name, **counts, "cases": listed})
    else:
        rows = [(case.ending.value, _sentence(case.name), case.reason) for case in cases]
        print_table(f"Conformance of {name}", ("ending", "case", "why"), rows)
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        click.echo(f"\n{told}", err=True)
    if counts["failed"] or not counts["passed"]:
        ctx.exit(1)


def _sentence(name: str) -> str:
    test, bracket, parameter = name.removeprefix("test_").partition("[")
    return test.replace("_", " ") + (f" ({parameter.rstrip(']')})" if bracket else "")
