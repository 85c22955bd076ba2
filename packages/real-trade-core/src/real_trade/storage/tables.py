"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["REVISION", "journal_rows", "journal_scopes", "metadata"]

REVISION = "0001"

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
