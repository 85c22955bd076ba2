"""The journal of orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from real_trade.runtime.failpoints import failpoint

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the journal's tables."""
    op.create_table(
        "journal_scopes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("exchange", sa.String(64), nullable=False),
        sa.Column("market", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(128), nullable=False),
        sa.UniqueConstraint("exchange", "market", "account"),
    )
    failpoint("c34")
    op.create_table(
        "journal_rows",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("journal_scopes.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("client_order_id", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refused: a journal is never turned back."""
    raise NotImplementedError("the journal is append-only; restore a backup instead")
