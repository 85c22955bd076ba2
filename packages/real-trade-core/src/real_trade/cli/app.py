"""The group of all commands: loads the one that is asked for, tells errors, returns exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from real_trade.cli.exits import Exit, exit_code, tell

__all__ = ["run"]

# Name, where the command is, and its line in `real-trade --help`: help imports none of them.
_COMMANDS = {
    "demo": ("demo:demo", "Watch a strategy trade on the built-in simulated exchange."),
    "init": ("init:init", "Write settings with safe defaults, and a strategy to begin with."),
    "run": ("run:run", "Run a strategy: paper by default, testnet with --mode testnet."),
    "status": ("looks:status", "Show how the running bot is doing."),
    "orders": ("looks:orders", "List its orders."),
    "trades": ("looks:trades", "List its fills."),
    "balance": ("looks:balance", "Show what its account holds."),
    "report": ("report:report", "Show what came of a run, as text or as a page."),
    "stop": ("control:stop", "End it in order."),
    "pause": ("control:pause", "Let no entry leave any more."),
    "resume": ("control:resume", "Let it trade again after a pause or a kill."),
    "flatten": ("control:flatten", "Stop entries, cancel orders, close positions."),
    "kill": ("control:kill", "Let nothing leave any more, until resume --confirm."),
    "cancel": ("control:cancel", "Cancel one of its orders."),
    "reconcile": ("reconcile:reconcile", "Show its journal beside the exchange's books."),
    "doctor": ("doctor:doctor", "Examine what could keep a run from working, with fixes."),
    "secrets": ("secrets:secrets", "Keep keys, never shown."),
    "config": ("config:config", "See, check and change the settings of a run."),
    "service": ("service:service", "Have systemd run a bot, and watch it."),
    "completion": ("completion:completion", "Print the completion script for your shell."),
    "backtest": ("backtest:backtest", "Run a strategy on history and print what came of it."),
    "sweep": ("sweep:sweep", "Search its parameters, on one machine or on many."),
    "download": ("download:download", "Fetch history and keep it on disk."),
    "parity": ("parity:parity", "Compare its decisions in backtest, on paper, on an exchange."),
    "plugins": ("plugins:plugins", "See the installed plugins and how they are doing."),
}


class Commands(click.Group):
    """Built-in commands by name, and those that plugins register."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in alphabetical order."""
        return sorted({*_COMMANDS, *_plugin_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name in _COMMANDS:
            return _import(f"real_trade.cli.{_COMMANDS[cmd_name][0]}")
        spec = _plugin_commands().get(cmd_name)
        return None if spec is None else _import(spec.target)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        lines = {name: summary for name, (_, summary) in _COMMANDS.items()}
        lines.update({name: spec.summary for name, spec in _plugin_commands().items()})
        with formatter.section("Commands"):
            formatter.write_dl(sorted(lines.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            text = f"{error.message} Did you mean {near[0]!r}?"
            raise click.UsageError(text, ctx) from None


def _import(target: str) -> click.Command:
    module, _, name = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command


def _plugin_commands() -> dict[str, Any]:
    from real_trade.plugins import manager

    return {name: spec for name, spec in manager().commands.items() if name not in _COMMANDS}


def _versions() -> str:
    from importlib.metadata import distributions, version

    names = {
        distribution.name.lower()
        for distribution in distributions()
        if distribution.name and distribution.name.lower().startswith("real-trade-")
    }
    lines = [f"{name} {version(name)}" for name in sorted(names)]
    lines.append(f"backtrader {version('backtrader')}")
    lines.append(f"Python {sys.version.split()[0]}")
    return "\n".join(lines)


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(_versions())
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of all parts and exit.",
)
def cli() -> None:
    """Take a Backtrader strategy live: backtest, paper, testnet, live, with the same file."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; errors are told on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = cli.main(args=words, prog_name="real-trade", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return int(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("stopped\n")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has gone: nothing can be told
        return int(Exit.OK)
    except Exception as error:  # noqa: BLE001 - the one place where an error becomes an exit code
        tell(error, details="-vv" in words)
        return int(exit_code(error))
    return outcome if isinstance(outcome, int) else int(Exit.OK)
