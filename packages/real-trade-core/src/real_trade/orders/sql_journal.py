"""The journal in a database: append-only, each row chained to the one before by its digest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Engine, insert
from sqlalchemy.exc import SQLAlchemyError

from real_trade.orders.codec import encode
from real_trade.orders.entries import Cancel, Entry, Opened, Sending
from real_trade.orders.ids import ClientOrderIds
from real_trade.orders.journal import JournalError
from real_trade.orders.journal_reader import (
    RESTORE,
    JournalReader,
    JournalScope,
    damaged,
    digest_of,
    journal_error,
)
from real_trade.runtime import Clock
from real_trade.runtime.failpoints import failpoint
from real_trade.storage.engine import open_engine, sqlite_path
from real_trade.storage.locks import FileLock
from real_trade.storage.schema import upgrade
from real_trade.storage.tables import journal_rows, journal_scopes
from real_trade.utils.errors import ConfigurationError, RealTradeError

__all__ = ["JournalScope", "SqlJournal", "read_journal"]


class SqlJournal:
    """A journal in SQLite (durable on return: WAL, full sync) or PostgreSQL.

    `write` is for one lane; everything else is done before the lane starts or after it has ended.
    """

    blocks = True

    def __init__(
        self,
        engine: Engine,
        scope: JournalScope,
        *,
        bot: str,
        clock: Clock,
        lock: FileLock,
        url: str,
    ) -> None:
        self._engine = engine
        self._scope = scope
        self._clock = clock
        self._lock = lock
        self._pid = os.getpid()
        self._path = sqlite_path(url)
        self._file = _identity(self._path)
        self._broken: JournalError | None = None
        self._is_doubtful = False
        self._reader = JournalReader(engine, scope)
        self._scope_id = self._find_scope()
        with self._engine.connect() as connection:
            end = self._reader.end(connection, self._scope_id)
        self._seq, self._epoch, self._digest = end.seq, end.epoch, end.digest
        self._open_epoch(bot, url)

    @classmethod
    def open(
        cls,
        url: str,
        scope: JournalScope,
        *,
        bot: str,
        clock: Clock,
        lock_directory: Path | None = None,
        busy_timeout_s: float = 5.0,
    ) -> SqlJournal:
        """Open the journal for writing, make it if need be, and check every row.

        Args:
            lock_directory: where the lock of this account and market lies; all programs of a
                machine must agree on it. Next to an SQLite file by default.

        Raises:
            AlreadyRunning: another process writes for this account and market.
            JournalError: it is damaged, of another environment, or older than it was.
            StorageError: it cannot be opened.
            ConfigurationError: the bot's name does not do, or there is no place for the lock.
        """
        ClientOrderIds(bot, 0)
        path = sqlite_path(url)
        directory = lock_directory or (None if path is None else path.parent)
        if directory is None:
            raise ConfigurationError(
                "a journal outside SQLite needs a directory for its lock",
                remedy="pass lock_directory",
            )
        lock = FileLock(directory / f"{scope.name}.lock")
        try:
            engine = open_engine(url, busy_timeout_s=busy_timeout_s)
            try:
                upgrade(engine)
                return cls(engine, scope, bot=bot, clock=clock, lock=lock, url=url)
            except BaseException:
                engine.dispose()
                raise
        except BaseException as error:
            lock.release()
            if isinstance(error, SQLAlchemyError):
                raise journal_error(error) from error
            if isinstance(error, RealTradeError) or not isinstance(error, Exception):
                raise
            # A damaged file breaks in ways that nobody has listed.
            raise JournalError(
                f"the journal cannot be opened: {error}", remedy=RESTORE, is_final=True
            ) from error

    def next_client_order_id(self) -> str:
        """Return a client order id that was never used before."""
        return self._ids.next()

    def is_own_id(self, client_order_id: str) -> bool:
        """Return whether this bot made the id, in this run or an earlier one."""
        return self._ids.is_own(client_order_id)

    def write(self, entries: Sequence[Entry]) -> None:
        """Make entries durable in one transaction, all or none."""
        self._refuse_if_unfit()
        try:
            with self._engine.begin() as connection:
                if self._is_doubtful:
                    # A commit that failed may have been one after all.
                    end = self._reader.end(connection, self._scope_id)
                    self._seq, self._digest = end.seq, end.digest
                rows = self._rows(entries)
                connection.execute(insert(journal_rows), rows)
                for entry in entries:
                    failpoint(_COMMIT_POINTS.get(type(entry), "c13"))
        except SQLAlchemyError as error:
            self._is_doubtful = True
            refused = journal_error(error)
            if refused.is_final:
                self._broken = refused
            raise refused from error
        self._is_doubtful = False
        self._seq, self._digest = rows[-1]["seq"], rows[-1]["digest"]

    def replay(self) -> Iterator[Entry]:
        """Yield all entries, oldest first, each checked against the chain.

        Raises:
            JournalError: a row is missing, was changed, or cannot be read.
        """
        seq, digest = 0, self._scope.genesis
        try:
            for number, link, entry in self._reader.entries(self._scope_id):
                seq, digest = number, link
                yield entry
            if (seq, digest) != (self._seq, self._digest):
                raise damaged(f"it ends at row {seq} instead of {self._seq}")
        except JournalError as error:
            self._broken = error if error.is_final else self._broken
            raise

    def verify(self) -> int:
        """Check every row; return how many there are.

        Raises:
            JournalError: the journal is damaged.
        """
        return sum(1 for _ in self.replay())

    def close(self) -> None:
        """Let the database and the lock go; safe to call again."""
        self._broken = self._broken or JournalError("the journal is closed", is_final=True)
        self._engine.dispose()
        self._lock.release()

    # Opening

    def _find_scope(self) -> int:
        found = self._reader.find()
        if found is not None:
            return found
        new = insert(journal_scopes).values(**attrs.asdict(self._scope))
        with self._engine.begin() as connection:
            return int(connection.execute(new.returning(journal_scopes.c.id)).scalar_one())

    def _open_epoch(self, bot: str, url: str) -> None:
        self.verify()
        known = self._lock.notes.get(url, 0)
        if self._epoch < known:
            raise JournalError(
                f"the journal ends with epoch {self._epoch}, and epoch {known} was written "
                "already: it was replaced by an older copy",
                remedy="restore the newest copy; or, to go on with this one, remove the .lock file "
                "and let `real-trade reconcile` show what it does not know",
                is_final=True,
            )
        # Also later than any epoch of a journal that was lost.
        self._epoch = max(self._epoch + 1, int(self._clock.now().timestamp()))
        self._ids = ClientOrderIds(bot, self._epoch)
        self.write([Opened(epoch=self._epoch, bot=bot, environment=self._scope.environment)])
        self._lock.notes[url] = self._epoch
        self._lock.save()

    # Rows

    def _rows(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        rows = []
        digest, written_at = self._digest, self._clock.now().isoformat()
        for seq, entry in enumerate(entries, self._seq + 1):
            kind, client_order_id, payload = encode(entry)
            row = {
                "scope_id": self._scope_id,
                "seq": seq,
                "epoch": self._epoch,
                "written_at": written_at,
                "kind": kind,
                "client_order_id": client_order_id,
                "payload": payload,
            }
            row["digest"] = digest = digest_of(digest, row)
            rows.append(row)
        return rows

    def _refuse_if_unfit(self) -> None:
        if self._broken is not None:
            raise self._broken
        if os.getpid() != self._pid:
            raise JournalError(
                "this process was forked from the one that trades",
                remedy="start worker processes before the run, or by 'spawn'",
                is_final=True,
            )
        if _identity(self._path) != self._file:
            self._broken = JournalError(
                f"the journal {self._path} was moved, deleted or replaced while in use",
                remedy="put it back and start again",
                is_final=True,
            )
            raise self._broken


_COMMIT_POINTS: dict[type[Any], str] = {Sending: "c04", Cancel: "c17"}


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Return what makes a file this file, None when there is none."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def read_journal(url: str, scope: JournalScope) -> Iterator[Iterator[Entry]]:
    """Yield all entries of a journal, oldest first, without a lock; none if there is no journal.

    Raises:
        JournalError: it is damaged, or of another environment.
        StorageError: it cannot be opened.
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        yield iter(())
        return
    engine = open_engine(url)
    try:
        upgrade(engine)
        reader = JournalReader(engine, scope)
        scope_id = reader.find()
        yield iter(()) if scope_id is None else (entry for _, _, entry in reader.entries(scope_id))
    except SQLAlchemyError as error:
        raise journal_error(error) from error
    finally:
        engine.dispose()
