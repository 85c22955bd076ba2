"""How commands show things: tables for people, JSON alone on stdout for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import click
import orjson

__all__ = [
    "SCHEMA_VERSION",
    "output_option",
    "print_csv",
    "print_json",
    "print_table",
    "rows_option",
]

SCHEMA_VERSION = 1
_F = TypeVar("_F", bound=Callable[..., Any])


def output_option(function: _F) -> _F:
    """Add `--output table|json` to a command."""
    return click.option(
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="A table for people, or JSON alone on stdout for programs.",
    )(function)


def rows_option(function: _F) -> _F:
    """Add `--output table|json|csv` to a command that lists things."""
    return click.option(
        "--output",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        help="A table for people; JSON alone, or CSV, on stdout for programs.",
    )(function)


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV with a header; nothing at all where there are no columns."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    writer.writerows(rows)


def print_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object on one line, with its schema version; numbers as text stay exact."""
    body = {"schema_version": SCHEMA_VERSION, **value}
    sys.stdout.buffer.write(orjson.dumps(body, default=_plain) + b"\n")
    sys.stdout.buffer.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout; plain text where stdout is no terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)
