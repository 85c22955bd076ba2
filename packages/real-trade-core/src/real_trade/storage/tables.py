"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "REVISION",
    "commands",
    "holds",
    "journal_rows",
    "journal_scopes",
    "metadata",
    "run_bars",
    "run_equity",
    "run_fills",
    "run_orders",
    "runs",
]

REVISION = "0002"

metadata = MetaData()

# One account on one market; the environment tells, say, a demo from the real thing.
journal_scopes = Table(
    "journal_scopes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange", String(64), nullable=False),
    Column("market", String(32), nullable=False),
    Column("account", String(64), nullable=False),
    Column("environment", String(128), nullable=False),
    UniqueConstraint("exchange", "market", "account"),
)

# Append-only. `digest` is the SHA-256 of the previous row's digest and this row.
journal_rows = Table(
    "journal_rows",
    metadata,
    Column("scope_id", Integer, ForeignKey("journal_scopes.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("written_at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("client_order_id", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

# Times are text of one width, in UTC, so that they sort; figures are text, so that they are exact.
_TIME = String(32)
_FIGURE = String(64)

# One start of a bot.
runs = Table(
    "runs",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("bot", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("exchange", String(64), nullable=False),
    Column("market", String(32), nullable=False),
    Column("symbols", Text, nullable=False),
    Column("timeframe", String(64), nullable=False),
    Column("strategy", String(256), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String(256), nullable=False),
    Column("started_at", _TIME, nullable=False),
    Column("heartbeat_at", _TIME, nullable=False),
    Column("stopped_at", _TIME),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("health", Text, nullable=False),
    Index("runs_by_bot", "bot", "started_at"),
)

# The newest state of each order that a run saw.
run_orders = Table(
    "run_orders",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("client_order_id", String(64), primary_key=True),
    Column("exchange_order_id", String(64), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("side", String(8), nullable=False),
    Column("type", String(32), nullable=False),
    Column("amount", _FIGURE),
    Column("price", _FIGURE),
    Column("stop_price", _FIGURE),
    Column("state", String(32), nullable=False),
    Column("filled", _FIGURE, nullable=False),
    Column("average_price", _FIGURE),
    Column("reason", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
)

run_fills = Table(
    "run_fills",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("symbol", String(64), primary_key=True),
    Column("trade_id", String(64), primary_key=True),
    Column("client_order_id", String(64), nullable=False),
    Column("exchange_order_id", String(64), nullable=False),
    Column("side", String(8), nullable=False),
    Column("amount", _FIGURE, nullable=False),
    Column("price", _FIGURE, nullable=False),
    Column("fee", _FIGURE, nullable=False),
    Column("fee_asset", String(32), nullable=False),
    Column("is_maker", Integer, nullable=False),
    Column("realized_pnl", _FIGURE),
    Column("time", _TIME, nullable=False),
    Index("run_fills_by_time", "run_id", "time"),
)

run_equity = Table(
    "run_equity",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("time", _TIME, primary_key=True),
    Column("cash", _FIGURE, nullable=False),
    Column("equity", _FIGURE, nullable=False),
    Column("position_value", _FIGURE, nullable=False),
)

run_bars = Table(
    "run_bars",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("symbol", String(64), primary_key=True),
    Column("timeframe", String(16), primary_key=True),
    Column("open_time", _TIME, primary_key=True),
    Column("open", _FIGURE, nullable=False),
    Column("high", _FIGURE, nullable=False),
    Column("low", _FIGURE, nullable=False),
    Column("close", _FIGURE, nullable=False),
    Column("volume", _FIGURE, nullable=False),
)

# What people ask of a bot from outside.
commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bot", String(64), nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("verb", String(16), nullable=False),
    Column("args", Text, nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("asked_at", _TIME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("finished_at", _TIME),
    Index("commands_by_bot", "bot", "state"),
)

# What holds a bot back until a person lifts it, over restarts too.
holds = Table(
    "holds",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("since", _TIME, nullable=False),
    Column("reason", Text, nullable=False),
)
