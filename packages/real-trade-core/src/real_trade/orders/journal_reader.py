"""Reading a journal: each row checked against the chain that its digests make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from real_trade.orders.codec import decode
from real_trade.orders.entries import Entry
from real_trade.orders.journal import JournalError
from real_trade.storage.tables import journal_rows, journal_scopes

__all__ = [
    "RESTORE",
    "JournalEnd",
    "JournalReader",
    "JournalScope",
    "damaged",
    "digest_of",
    "journal_error",
]

RESTORE = (
    "stop, copy the file away, and restore the last backup; `real-trade reconcile` shows what "
    "the exchange has"
)
_ROWS_AT_ONCE = 5000
# What a database says, whether trying again is of no use, and what to do.
_FAULTS = (
    ("locked", False, "end the other program that has the journal open"),
    ("full", False, "free space on the journal's disk"),
    ("readonly", False, "make the journal's file and directory writable"),
    ("unable to open", False, "make the journal's file and directory writable"),
    ("i/o error", True, "check the journal's disk; then start again"),
    ("malformed", True, RESTORE),
    ("not a database", True, RESTORE),
)


@attrs.frozen(kw_only=True)
class JournalScope:
    """Whose journal it is: one account on one market.

    Attributes:
        account: tells accounts apart without telling secrets, such as a key's fingerprint.
        environment: tells, say, a demo from the real thing; the two never share a journal.
    """

    exchange: str
    market: str
    account: str
    environment: str

    @property
    def name(self) -> str:
        """Return a file name for it."""
        text = f"{self.exchange}-{self.market}-{self.account}"
        return "".join(char if char.isalnum() or char in "-_" else "_" for char in text)

    @property
    def genesis(self) -> bytes:
        """Return the digest that the first row is chained to."""
        return hashlib.sha256(repr(attrs.astuple(self)).encode()).digest()


@attrs.frozen
class JournalEnd:
    """Where a journal ends: the last row's number, epoch and digest."""

    seq: int
    epoch: int
    digest: bytes


class JournalReader:
    """Reads the rows of one scope; it takes no lock and changes nothing."""

    def __init__(self, engine: Engine, scope: JournalScope) -> None:
        self._engine = engine
        self.scope = scope

    def find(self) -> int | None:
        """Return the scope's number, None if nothing was ever written for it.

        Raises:
            JournalError: it was written in another environment.
        """
        scope = self.scope
        key = {"exchange": scope.exchange, "market": scope.market, "account": scope.account}
        with self._engine.connect() as connection:
            found = connection.execute(select(journal_scopes).filter_by(**key)).one_or_none()
        if found is None:
            return None
        if found.environment != scope.environment:
            raise JournalError(
                f"this is the journal of environment {found.environment!r}, "
                f"and the run is in {scope.environment!r}",
                remedy="use another journal for each environment",
                is_final=True,
            )
        return int(found.id)

    def end(self, connection: Connection, scope_id: int) -> JournalEnd:
        """Return where the journal ends."""
        table = journal_rows.c
        last = connection.execute(
            select(table.seq, table.epoch, table.digest)
            .where(table.scope_id == scope_id)
            .order_by(table.seq.desc())
            .limit(1)
        ).one_or_none()
        if last is None:
            return JournalEnd(0, 0, self.scope.genesis)
        return JournalEnd(last.seq, last.epoch, last.digest)

    def entries(self, scope_id: int) -> Iterator[tuple[int, bytes, Entry]]:
        """Yield all entries, oldest first, with their numbers and digests.

        Raises:
            JournalError: a row is missing, was changed, or cannot be read.
        """
        digest = self.scope.genesis
        for seq, row in enumerate(self._rows(scope_id), start=1):
            values = row._asdict()
            expected = digest_of(digest, values)
            if row.seq != seq or row.digest != expected:
                raise damaged(f"row {seq} is missing or was changed")
            digest = expected
            try:
                entry = decode(row.kind, row.payload)
            except (KeyError, ValueError, TypeError) as error:
                raise damaged(f"row {seq} cannot be read ({error})") from error
            yield seq, digest, entry

    def _rows(self, scope_id: int) -> Iterator[Row[Any]]:
        """Yield rows in portions, so that no long read keeps the log from shrinking."""
        table, after = journal_rows.c, 0
        wanted = select(journal_rows).where(table.scope_id == scope_id).order_by(table.seq)
        while True:
            try:
                with self._engine.connect() as connection:
                    rows = connection.execute(
                        wanted.where(table.seq > after).limit(_ROWS_AT_ONCE)
                    ).all()
            except SQLAlchemyError as error:
                raise journal_error(error) from error
            yield from rows
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1].seq


def damaged(what: str) -> JournalError:
    """Return the error of a journal that must not be trusted."""
    return JournalError(f"the journal is damaged: {what}", remedy=RESTORE, is_final=True)


def digest_of(previous: bytes, row: dict[str, Any]) -> bytes:
    """Return the digest of a row that follows one with digest `previous`."""
    names = ("seq", "epoch", "written_at", "kind", "client_order_id", "payload")
    text = "\x1f".join(str(row[name]) for name in names)
    return hashlib.sha256(previous + text.encode()).digest()


def journal_error(error: SQLAlchemyError) -> JournalError:
    """Return what a database's error means for a journal, and what to do."""
    reason = str(getattr(error, "orig", None) or error)
    if isinstance(error, IntegrityError):
        return JournalError(
            f"another program writes to this journal ({reason})",
            remedy="give each bot a journal of its own",
            is_final=True,
        )
    for words, is_final, remedy in _FAULTS:
        if words in reason.lower():
            return JournalError(f"the journal: {reason}", remedy=remedy, is_final=is_final)
    return JournalError(
        f"the journal: {reason}", remedy="check the journal's database", is_final=False
    )
