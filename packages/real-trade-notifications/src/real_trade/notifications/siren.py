"""The last resort: a file on this machine that says what nobody could be told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import platformdirs

from real_trade.notifications.note import Note

__all__ = ["Siren", "siren_path"]

_MOST_BYTES = 1 << 20


def siren_path() -> Path:
    """Return where the siren file is unless told otherwise."""
    return platformdirs.user_state_path("real-trade", appauthor=False) / "SIREN.txt"


class Siren:
    """Appends alarms that no channel took. The file stays until a person removes it."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or siren_path()

    def sound(self, note: Note, time: datetime) -> None:
        """Write one line; a megabyte of alarms says enough, so nothing is added beyond."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > _MOST_BYTES:
            return
        text = " ".join(f"{note.title}: {note.text}".split())
        line = f"{time.isoformat(timespec='seconds')} {note.severity.value} {text}\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def lines(self) -> list[str]:
        """Return what it says."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return [line for line in text.splitlines() if line.strip()]

    def clear(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
