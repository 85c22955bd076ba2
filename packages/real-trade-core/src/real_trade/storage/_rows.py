"""Values to rows and back: times and figures as text, exact and sortable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import orjson

from real_trade.model.market import Bar
from real_trade.model.mode import Mode
from real_trade.model.orders import Fill, Order
from real_trade.storage.run_values import EquityPoint, FillRow, OrderRow, RunRecord, RunState

__all__ = [
    "bar_row",
    "equity_row",
    "fill_row",
    "order_row",
    "read_equity",
    "read_fill",
    "read_order",
    "read_run",
    "read_time",
    "run_row",
    "stamp",
]


def stamp(time: datetime) -> str:
    """Return a time as text of one width, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text)


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return a run as a row."""
    row = attrs.asdict(run)
    row["mode"], row["state"] = run.mode.value, run.state.value
    row["symbols"] = orjson.dumps(run.symbols).decode()
    row["health"] = orjson.dumps(dict(run.health), default=str).decode()
    row["started_at"], row["heartbeat_at"] = stamp(run.started_at), stamp(run.heartbeat_at)
    row["stopped_at"] = None if run.stopped_at is None else stamp(run.stopped_at)
    return row


def read_run(row: Mapping[str, Any]) -> RunRecord:
    """Return the run of a row."""
    plain = dict(row)
    plain["mode"], plain["state"] = Mode(row["mode"]), RunState(row["state"])
    plain["symbols"] = tuple(orjson.loads(row["symbols"]))
    plain["health"] = orjson.loads(row["health"])
    return RunRecord(**_with_times(plain, "started_at", "heartbeat_at", "stopped_at"))


def order_row(run_id: str, order: Order) -> dict[str, Any]:
    """Return an order as a row."""
    intent = order.intent
    average = order.cost / order.filled if order.filled else None
    return {
        "run_id": run_id,
        "client_order_id": order.client_order_id,
        "exchange_order_id": order.exchange_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": intent.type.value,
        "amount": _figure(intent.amount),
        "price": _figure(intent.price),
        "stop_price": _figure(intent.stop_price),
        "state": order.state.value,
        "filled": _figure(order.filled),
        "average_price": _figure(average),
        "reason": order.reason,
        "created_at": stamp(intent.created_at),
        "updated_at": stamp(order.updated_at or intent.created_at),
    }


def read_order(row: Mapping[str, Any]) -> OrderRow:
    """Return the order of a row."""
    plain = _with_figures(dict(row), "amount", "price", "stop_price", "filled", "average_price")
    return OrderRow(**_with_times(plain, "created_at", "updated_at"))


def fill_row(run_id: str, fill: Fill) -> dict[str, Any]:
    """Return a fill as a row."""
    return {
        "run_id": run_id,
        "symbol": fill.symbol,
        "trade_id": fill.trade_id,
        "client_order_id": fill.client_order_id,
        "exchange_order_id": fill.exchange_order_id,
        "side": fill.side.value,
        "amount": _figure(fill.amount),
        "price": _figure(fill.price),
        "fee": _figure(fill.fee),
        "fee_asset": fill.fee_asset,
        "is_maker": int(fill.is_maker),
        "realized_pnl": _figure(fill.realized_pnl),
        "time": stamp(fill.time),
    }


def read_fill(row: Mapping[str, Any]) -> FillRow:
    """Return the fill of a row."""
    plain = _with_figures(dict(row), "amount", "price", "fee", "realized_pnl")
    plain["is_maker"] = bool(row["is_maker"])
    return FillRow(**_with_times(plain, "time"))


def equity_row(point: EquityPoint) -> dict[str, Any]:
    """Return a point of the equity curve as a row."""
    figures = ("cash", "equity", "position_value")
    row: dict[str, Any] = {name: _figure(getattr(point, name)) for name in figures}
    return {"run_id": point.run_id, "time": stamp(point.time), **row}


def read_equity(row: Mapping[str, Any]) -> EquityPoint:
    """Return the point of a row."""
    plain = _with_figures(dict(row), "cash", "equity", "position_value")
    return EquityPoint(**_with_times(plain, "time"))


def bar_row(run_id: str, bar: Bar) -> dict[str, Any]:
    """Return a bar as a row."""
    figures = ("open", "high", "low", "close", "volume")
    return {
        "run_id": run_id,
        "symbol": bar.symbol,
        "timeframe": bar.timeframe.value,
        "open_time": stamp(bar.open_time),
        **{name: _figure(getattr(bar, name)) for name in figures},
    }


def _figure(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _with_figures(row: dict[str, Any], *names: str) -> dict[str, Any]:
    row |= {name: None if row[name] is None else Decimal(row[name]) for name in names}
    return row


def _with_times(row: dict[str, Any], *names: str) -> dict[str, Any]:
    row |= {name: None if row[name] is None else read_time(row[name]) for name in names}
    return row
