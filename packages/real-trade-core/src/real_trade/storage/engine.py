"""The SQLAlchemy engine for a URL: SQLite as safe as it gets by default, PostgreSQL by URL."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from real_trade.storage.filesystem import filesystem_of
from real_trade.utils.errors import RealTradeError

__all__ = ["READING", "StorageError", "open_engine", "sqlite_path"]

READING = "real_trade_reading"
"""The execution option of a connection that only reads, and keeps no writer waiting."""

# Their locks and their memory maps cannot be relied on (https://www.sqlite.org/wal.html, 2.).
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"}


class StorageError(RealTradeError):
    """A store cannot be opened, or must not be."""


def sqlite_path(url: str | URL) -> Path | None:
    """Return the file of an SQLite URL, None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or ":memory:")


def open_engine(url: str, *, busy_timeout_s: float = 5.0, durable: bool = True) -> Engine:
    """Return an engine for `url`; an SQLite file is made if need be, for its owner alone.

    SQLite runs in WAL mode with full sync: what is committed survives a power cut.

    Args:
        busy_timeout_s: how long a write waits for another program's.
        durable: False for what may lose its last moments in a power cut (never in a crash), and
            shall not keep the writers beside it waiting for the disk.

    Raises:
        StorageError: the URL, the driver, the file or its place will not do.
    """
    try:
        parsed = make_url(url)
        path = sqlite_path(parsed)
        if path is not None:
            _prepare(path)
            engine = create_engine(parsed, connect_args={"timeout": busy_timeout_s})
        else:
            engine = create_engine(parsed, isolation_level="SERIALIZABLE", pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StorageError(
            f"the store's URL is not one: {error}",
            remedy="write sqlite:////path/to/file.sqlite or postgresql+psycopg://user@host/name",
        ) from error
    except ModuleNotFoundError as error:
        raise StorageError(
            f"the database's driver is missing: {error.name}",
            remedy='pip install "real-trade-core[postgresql]"',
        ) from error
    if path is not None:
        event.listen(engine, "connect", _configure)
        if not durable:
            event.listen(engine, "connect", _relax)
        event.listen(engine, "begin", _begin)
    _try(engine, parsed)
    return engine


def _prepare(path: Path) -> None:
    if str(path) == ":memory:":
        raise StorageError(
            "a store in memory forgets everything", remedy="write sqlite:////path/to/file.sqlite"
        )
    try:
        # Made for its owner alone; a directory that is there keeps its rights.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kind = filesystem_of(path.parent)
        if kind in _NETWORK:
            raise StorageError(
                f"{path.parent} is on a network file system ({kind}), where a store is not safe",
                remedy="choose a directory on a local disk, or a PostgreSQL URL",
            )
        _make(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be opened for writing: {error.strerror or error}",
            remedy="choose a plain file in a directory of your own (no link, no directory)",
        ) from error


def _make(path: Path) -> None:
    """Make the file if need be, for its owner alone.

    A file that is there must not be opened here: closing it again would let go of every lock that
    this process has on it, and another process could take the log from under a store in use
    (https://www.sqlite.org/howtocorrupt.html, 2.2.).
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise OSError(errno.ELOOP, "it is a link") from None
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, "it is a directory") from None
        _close_to_others(status, path)
        if not os.access(path, os.R_OK | os.W_OK):
            raise OSError(errno.EACCES, "it cannot be written") from None


def _close_to_others(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{path} is no plain file", remedy="choose another path")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise StorageError(
            f"{path} belongs to another user",
            remedy="choose a file of your own, or change its owner",
        )
    if stat.S_IMODE(status.st_mode) & 0o077 and os.name == "posix":
        path.chmod(0o600)


def _configure(connection: Any, _: Any) -> None:
    # The driver would begin transactions by its own lights, and DDL outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cell_size_check=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    if mode != "wal":
        raise StorageError(
            f"SQLite cannot write ahead here (journal mode {mode})",
            remedy="choose a directory on a local disk",
        )


def _relax(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin(connection: Any) -> None:
    if connection.get_execution_options().get(READING):
        connection.exec_driver_sql("BEGIN")
        return
    # The write lock at once: a transaction never finds half way that another was faster.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _try(engine: Engine, url: URL) -> None:
    try:
        with engine.connect():
            pass
    except (SQLAlchemyError, UnicodeError) as error:  # what is damaged may not even be text
        engine.dispose()
        shown = url.render_as_string(hide_password=True)
        reason = getattr(error, "orig", None) or error
        raise StorageError(
            f"{shown} cannot be opened: {reason}",
            remedy="if the file is damaged, restore it from a backup; else check place and rights",
        ) from error
