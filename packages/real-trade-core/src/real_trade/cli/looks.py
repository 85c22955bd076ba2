"""What there is to see of a bot: status, orders, trades, balance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.output import print_csv, print_json, print_table, rows_option
from real_trade.cli.stores import Found, clock, find_run, store_options

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["balance", "orders", "status", "trades"]

_Row = dict[str, Any]


def _looking(function: Callable[..., Any]) -> Callable[..., Any]:
    return store_options(rows_option(function))


_limit = click.option(
    "--limit", default=100, show_default=True, help="At most so many, the newest."
)


@click.command()
@_looking
@click.option("--watch", is_flag=True, help="Show it anew every second, until Ctrl-C.")
def status(bot: str, mode: str | None, db_url: str, output: str, watch: bool) -> None:
    """Show how a bot is doing: state, account, positions, what was asked of it."""
    with find_run(bot, mode, db_url) as found:
        if not watch:
            _show_status(found, output)
            return
        while True:
            _clear(output)
            run = found.reader.run(found.run.run_id) or found.run
            newest = found.reader.newest(run.bot) or run
            _show_status(Found(found.reader, newest, clock().now()), output)
            clock().sleep(1.0)


def _clear(output: str) -> None:
    from rich.console import Console

    if output == "table":
        Console().clear()


def _show_status(found: Found, output: str) -> None:
    told = _status_of(found)
    if output == "json":
        print_json(told)
        return
    rows = [(name.replace("_", " "), _cell(value)) for name, value in _lines(told)]
    if output == "csv":
        print_csv(("figure", "value"), rows)
        return
    print_table(f"Status [{found.run.mode.value}]", ("figure", "value"), rows)


def _lines(told: _Row) -> list[tuple[str, Any]]:
    """Return what a person reads: a line for each check and for each limit."""
    lines = [(name, value) for name, value in told.items() if name not in {"health", "risk"}]
    for name, one in told["health"].items():
        lines.append((f"check {name}", f"{one['state']} {one['detail']}".rstrip()))
    for one in told["risk"].get("limits", []):
        part = "" if one["part"] is None else f" ({one['part']:.0%})"
        used = f": {one['used']} used{part}" if one["used"] else ""
        lines.append((one["name"], f"{one['limit']}{used}"))
    return lines


def _status_of(found: Found) -> _Row:
    run, reader = found.run, found.reader
    health = dict(run.health)
    hold = reader.hold(run.bot)
    open_orders = reader.orders(run.run_id, open_only=True)
    asked = reader.commands(run.bot, limit=5)
    return {
        "mode": run.mode.value,
        "bot": run.bot,
        "run_id": run.run_id,
        "alive": found.is_alive,
        "state": run.state.value if found.is_alive or run.stopped_at else "dead",
        "hold": hold.kind.value if hold is not None else None,
        "hold_reason": hold.reason if hold is not None else "",
        "halted": health.get("halted", ""),
        "strategy": run.strategy,
        "exchange": run.exchange,
        "market": run.market,
        "symbols": list(run.symbols),
        "timeframe": run.timeframe,
        "pid": run.pid,
        "host": run.host,
        "started_at": _time(run.started_at),
        "heartbeat_at": _time(run.heartbeat_at),
        "stopped_at": None if run.stopped_at is None else _time(run.stopped_at),
        "reason": run.reason,
        "equity": health.get("equity"),
        "cash": health.get("cash"),
        "positions": health.get("positions", {}),
        "feeds": health.get("feeds", {}),
        "open_orders": len(open_orders),
        "checks": health.get("checks", {}),
        "health": {
            name: {word: value for word, value in one.items() if word != "details"}
            for name, one in health.get("health", {}).get("checks", {}).items()
        },
        "ready": health.get("health", {}).get("ready"),
        "trading": health.get("health", {}).get("trading"),
        "risk": health.get("health", {}).get("checks", {}).get("risk", {}).get("details", {}),
        "commands": [
            {"verb": one.verb.value, "state": one.state.value, "detail": one.detail}
            for one in asked
        ],
    }


@click.command()
@_looking
@click.option("--open", "open_only", is_flag=True, help="Only those that may still rest.")
@_limit
def orders(
    bot: str, mode: str | None, db_url: str, output: str, open_only: bool, limit: int
) -> None:
    """List a bot's orders, the newest first."""
    with find_run(bot, mode, db_url) as found:
        rows = [
            {
                "client_order_id": one.client_order_id,
                "exchange_order_id": one.exchange_order_id,
                "symbol": one.symbol,
                "side": one.side,
                "type": one.type,
                "amount": one.amount,
                "price": one.price,
                "stop_price": one.stop_price,
                "state": one.state,
                "filled": one.filled,
                "average_price": one.average_price,
                "reason": one.reason,
                "created_at": _time(one.created_at),
                "updated_at": _time(one.updated_at),
            }
            for one in found.reader.orders(found.run.run_id, open_only=open_only, limit=limit)
        ]
        _show_rows(found, "orders", rows, output, leave_out=("exchange_order_id", "updated_at"))


@click.command()
@_looking
@_limit
def trades(bot: str, mode: str | None, db_url: str, output: str, limit: int) -> None:
    """List a bot's fills, the oldest first: what was bought and sold, when, and at what fee."""
    with find_run(bot, mode, db_url) as found:
        rows = [
            {
                "time": _time(one.time),
                "symbol": one.symbol,
                "side": one.side,
                "amount": one.amount,
                "price": one.price,
                "fee": one.fee,
                "fee_asset": one.fee_asset,
                "maker": one.is_maker,
                "trade_id": one.trade_id,
                "client_order_id": one.client_order_id,
            }
            for one in found.reader.fills(found.run.run_id, limit=limit)
        ]
        _show_rows(found, "trades", rows, output)


@click.command()
@_looking
def balance(bot: str, mode: str | None, db_url: str, output: str) -> None:
    """Show what a bot's account holds, asset by asset, and what its positions are."""
    with find_run(bot, mode, db_url) as found:
        health = found.run.health
        rows = [
            {"asset": asset, "total": Decimal(total)}
            for asset, total in sorted(health.get("balances", {}).items())
        ]
        more = {
            "equity": health.get("equity"),
            "cash": health.get("cash"),
            "positions": health.get("positions", {}),
        }
        _show_rows(found, "balances", rows, output, more=more)


def _show_rows(
    found: Found,
    name: str,
    rows: Sequence[_Row],
    output: str,
    *,
    more: _Row | None = None,
    leave_out: Sequence[str] = (),
) -> None:
    run = found.run
    if output == "json":
        head = {"mode": run.mode.value, "bot": run.bot, "run_id": run.run_id}
        print_json({**head, **(more or {}), name: list(rows)})
        return
    columns = [
        column for column in (rows[0] if rows else ()) if output == "csv" or column not in leave_out
    ]
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    if output == "csv":
        print_csv(columns, cells)
        return
    title = f"{name.capitalize()} [{run.mode.value}] {run.bot}"
    if not rows:
        click.echo(f"{title}: none")
    else:
        print_table(title, [column.replace("_", " ") for column in columns], cells)
    for key, value in (more or {}).items():
        click.echo(f"{key}: {_cell(value)}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(one)}" for key, one in value.items())
    if isinstance(value, list):
        return "; ".join(_cell(one) for one in value)
    return str(value)


def _time(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
