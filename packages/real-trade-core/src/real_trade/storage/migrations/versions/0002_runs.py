"""What outsiders see of a run, and what they ask of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from real_trade.runtime.failpoints import failpoint

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.String(32)
_FIGURE = sa.String(64)


def upgrade() -> None:
    """Make the tables of runs and of commands."""
    _make_runs()
    failpoint("c34")
    _make_records()
    _make_bars()
    _make_commands()


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("exchange", sa.String(64), nullable=False),
        sa.Column("market", sa.String(32), nullable=False),
        sa.Column("symbols", sa.Text, nullable=False),
        sa.Column("timeframe", sa.String(64), nullable=False),
        sa.Column("strategy", sa.String(256), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("host", sa.String(256), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("heartbeat_at", _TIME, nullable=False),
        sa.Column("stopped_at", _TIME),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("health", sa.Text, nullable=False),
    )
    op.create_index("runs_by_bot", "runs", ["bot", "started_at"])
    op.create_table(
        "run_orders",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("client_order_id", sa.String(64), primary_key=True),
        sa.Column("exchange_order_id", sa.String(64), nullable=False),
        sa.Column("symbol", sa.String(64), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("amount", _FIGURE),
        sa.Column("price", _FIGURE),
        sa.Column("stop_price", _FIGURE),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("filled", _FIGURE, nullable=False),
        sa.Column("average_price", _FIGURE),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
    )


def _make_records() -> None:
    op.create_table(
        "run_fills",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("symbol", sa.String(64), primary_key=True),
        sa.Column("trade_id", sa.String(64), primary_key=True),
        sa.Column("client_order_id", sa.String(64), nullable=False),
        sa.Column("exchange_order_id", sa.String(64), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("amount", _FIGURE, nullable=False),
        sa.Column("price", _FIGURE, nullable=False),
        sa.Column("fee", _FIGURE, nullable=False),
        sa.Column("fee_asset", sa.String(32), nullable=False),
        sa.Column("is_maker", sa.Integer, nullable=False),
        sa.Column("realized_pnl", _FIGURE),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_index("run_fills_by_time", "run_fills", ["run_id", "time"])
    op.create_table(
        "run_equity",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("time", _TIME, primary_key=True),
        sa.Column("cash", _FIGURE, nullable=False),
        sa.Column("equity", _FIGURE, nullable=False),
        sa.Column("position_value", _FIGURE, nullable=False),
    )


def _make_bars() -> None:
    op.create_table(
        "run_bars",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("symbol", sa.String(64), primary_key=True),
        sa.Column("timeframe", sa.String(16), primary_key=True),
        sa.Column("open_time", _TIME, primary_key=True),
        sa.Column("open", _FIGURE, nullable=False),
        sa.Column("high", _FIGURE, nullable=False),
        sa.Column("low", _FIGURE, nullable=False),
        sa.Column("close", _FIGURE, nullable=False),
        sa.Column("volume", _FIGURE, nullable=False),
    )


def _make_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("finished_at", _TIME),
    )
    op.create_index("commands_by_bot", "commands", ["bot", "state"])
    op.create_table(
        "holds",
        sa.Column("bot", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Refused: a store is never turned back."""
    raise NotImplementedError("a newer store is never turned back; restore a backup instead")
