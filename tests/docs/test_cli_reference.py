"""docs/reference/cli.md says what `--help` says.

Write it anew with `.venv/bin/python tests/docs/test_cli_reference.py`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from real_trade.cli.app import cli
from real_trade.cli.exits import Exit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
_EXITS = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "an error of the strategy or of the program; `-vv` shows where",
    Exit.USAGE: "a word of the command line that it does not know",
    Exit.CONFIGURATION: "settings, a file, a symbol or a strategy that is wrong or missing",
    Exit.CREDENTIALS: "the key is wrong, lacks a right, or has too many",
    Exit.EXCHANGE: "the exchange is out of reach, or refuses",
    Exit.RISK_HALT: "a limit or a person has halted trading",
    Exit.MISMATCH: "the journal and the exchange differ",
    Exit.ALREADY_RUNNING: "another bot trades this account and market",
    Exit.DATA: "data are missing or wrong",
    Exit.INTERRUPTED: "Ctrl-C",
}
_HEAD = """\
# The command line

What `real-trade COMMAND --help` says, in one page. Commands that read take `--output json`: JSON
alone on stdout. Plugins add commands: `notify` and `simulator` are such.

| exit code | means |
| --- | --- |
"""


def commands(group: click.Group, words: str = "real-trade") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words that call it, in alphabetical order."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield f"{words} {name}", command
            yield from commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _option(parameter: click.Option, context: click.Context) -> str:
    names, text = parameter.get_help_record(context) or ("", "")
    return f"| `{_cell(names)}` | {_cell(text)} |"


def section(words: str, command: click.Command) -> str:
    """Return a command's heading, what it does, and its options."""
    context = click.Context(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    parts = [f"## {words}", f"`{usage}`"]
    parts += [re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(command.help or ""))]
    options = [
        _option(one, context)
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden
    ]
    if options:
        parts.append("\n".join(["| option | |", "| --- | --- |", *options]))
    return "\n\n".join(parts)


def page() -> str:
    """Return the whole page."""
    exits = "\n".join(f"| {int(code)} | {text} |" for code, text in _EXITS.items())
    return (
        _HEAD + exits + "\n\n" + "\n\n".join(section(*one) for one in sorted(commands(cli))) + "\n"
    )


def test_every_exit_code_is_explained():
    assert set(_EXITS) == set(Exit)


def test_the_page_says_what_help_says():
    for package in ("simulator", "notifications", "binance", "risk"):
        pytest.importorskip(f"real_trade.{package}")
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
