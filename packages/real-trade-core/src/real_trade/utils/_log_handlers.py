"""Where log lines go: standard error, and a file that rotates and survives others' rotation."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

__all__ = ["ConsoleHandler", "FileHandler"]


class ConsoleHandler(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is at that moment: stdout belongs to results."""

    def __init__(self, stream: TextIO | None = None) -> None:
        logging.Handler.__init__(self)
        self._own_stream = stream

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute in the base class
        """Return the stream to write to now."""
        return self._own_stream or sys.stderr


class FileHandler(RotatingFileHandler):
    """A rotating file, readable by its owner alone.

    It is opened anew when another program moved or removed it. A full disk never stops trading: the
    lines are lost, counted in `lost`, and the first loss is said on standard error.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(
            path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8", delay=True
        )
        self.lost = 0

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_open_private)

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`, in a new file if the old one is gone."""
        if self.stream is not None and not self._is_there(self.stream):
            self.stream.close()
            self.stream = None
        super().emit(record)

    def _is_there(self, stream: TextIOWrapper) -> bool:
        try:
            return os.path.samestat(Path(self.baseFilename).stat(), os.fstat(stream.fileno()))
        except OSError:
            return False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Count a line that could not be written."""
        self.lost += 1
        if self.lost == 1 and sys.stderr is not None:
            why = sys.exc_info()[1]
            sys.stderr.write(f"real-trade: cannot write the log {self.baseFilename}: {why}\n")


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
