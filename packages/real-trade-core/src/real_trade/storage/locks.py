"""One live writer: a lock that the kernel holds, and lets go of when its process ends."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from real_trade.storage.engine import StorageError
from real_trade.utils.errors import RealTradeError

__all__ = ["AlreadyRunning", "FileLock"]


class AlreadyRunning(RealTradeError):
    """Another live process has the lock.

    Attributes:
        pid, host: of that process; 0 and "" if it has not said so yet.
    """

    def __init__(self, message: str, *, pid: int, host: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.pid = pid
        self.host = host


class FileLock:
    """A lock on a file. The file stays; what it says of the holder is for people only.

    `notes` survive from holder to holder.

    Raises:
        AlreadyRunning: somebody else has it.
        StorageError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise StorageError(
                f"the lock {path} cannot be opened: {error.strerror or error}",
                remedy="choose a directory of your own",
            ) from error
        if not _lock(handle):
            holder = _read(handle)
            os.close(handle)
            pid, host = int(holder.get("pid", 0)), str(holder.get("host", ""))
            raise AlreadyRunning(
                f"process {pid} on {host or 'this machine'} trades this account and market already",
                pid=pid,
                host=host,
                remedy="stop it first, or let it go on",
            )
        self._handle = handle
        self.notes: dict[str, Any] = _read(handle).get("notes", {})
        self.save()

    def save(self) -> None:
        """Write down who holds the lock, and the notes."""
        if self._handle is None:
            return
        holder = {"pid": os.getpid(), "host": platform.node(), "notes": self.notes}
        data = json.dumps(holder).encode()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, data, 0) if hasattr(os, "pwrite") else _rewrite(self._handle, data)
        os.fsync(self._handle)

    def release(self) -> None:
        """Let go; safe to call again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _rewrite(handle: int, data: bytes) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, data)


def _read(handle: int) -> dict[str, Any]:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(handle, 65536) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


if sys.platform == "win32":
    import msvcrt

    # Far behind what is written, so that others can read who holds it.
    _FAR = 1 << 20

    def _lock(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
