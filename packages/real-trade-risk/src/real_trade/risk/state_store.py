"""Where risk state outlives the process: a checksummed file, replaced whole and synced."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs

from real_trade.utils.errors import DataError

__all__ = ["DamagedState", "FileStateStore", "MemoryStateStore", "StateStore", "Stored"]


class DamagedState(DataError):
    """What was stored is not what was written: nobody knows which limits are used up."""


@attrs.frozen
class Stored:
    """A state and the notes that came after it."""

    state: dict[str, Any]
    notes: tuple[list[Any], ...] = ()


class StateStore(Protocol):
    """Keeps one state and short notes between two of its saves."""

    def load(self) -> Stored | None:
        """Return what is kept, or None if nothing ever was.

        Raises:
            DamagedState: it is not what was written.
        """

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep `state`, whole or not at all; on disk when this returns. Notes before it go."""

    def note(self, note: list[Any]) -> None:
        """Add a note: it outlives the end of the process, and a power cut once `save` is called.

        Cheap enough for the order path.
        """


class MemoryStateStore:
    """Keeps the state as long as the object lives; what goes in comes out as JSON would have it."""

    def __init__(self) -> None:
        self._state: str | None = None
        self._notes: list[str] = []

    def load(self) -> Stored | None:
        """Return what is kept."""
        if self._state is None:
            return None
        return Stored(json.loads(self._state), tuple(json.loads(note) for note in self._notes))

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep `state`."""
        self._state = json.dumps(state)
        self._notes = []

    def note(self, note: list[Any]) -> None:
        """Add a note."""
        self._notes.append(json.dumps(note))


class FileStateStore:
    """Keeps the state in `path`, notes in `path` + `.notes`; readable by the owner alone.

    A note that was cut off by a crash is left out: what it announced had not been sent yet.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._notes_path = self.path.with_name(self.path.name + ".notes")
        self._generation = 0
        self._notes = -1

    def load(self) -> Stored | None:
        """Return what is kept.

        Raises:
            DamagedState: a checksum does not fit.
            OSError: the file is there and cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise self._damaged(self.path, str(error)) from error
        body = _unsealed(text.removesuffix("\n"))
        if body is None or not isinstance(body, list):
            raise self._damaged(self.path, "its checksum does not fit")
        self._generation, state = body
        return Stored(state, tuple(self._read_notes()))

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a new file beside the old one, sync it, put it in its place, sync the folder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._generation += 1
        fresh = self.path.with_name(self.path.name + ".new")
        line = _sealed([self._generation, dict(state)])
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self.path)
        _sync_folder(self.path.parent)
        self._open_notes(os.O_TRUNC)

    def note(self, note: list[Any]) -> None:
        """Append a line to the notes; `save` comes first, since a cut-off line may be the last."""
        if self._notes < 0:
            raise RuntimeError("a note needs a saved state: call save first")
        _write(self._notes, _sealed([self._generation, note]))

    def close(self) -> None:
        """Let the notes' file go."""
        if self._notes >= 0:
            os.close(self._notes)
            self._notes = -1

    def _open_notes(self, flags: int) -> None:
        self.close()
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | flags
        self._notes = os.open(self._notes_path, how, 0o600)

    def _read_notes(self) -> list[list[Any]]:
        try:
            lines = self._notes_path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return []
        notes = []
        for number, line in enumerate(lines[:-1]):
            body = _unsealed(line)
            if body is None and number < len(lines) - 2:
                raise self._damaged(self._notes_path, f"line {number + 1} does not fit")
            if body is not None and body[0] == self._generation:
                notes.append(body[1])
        return notes

    def _damaged(self, path: Path, problem: str) -> DamagedState:
        return DamagedState(
            f"risk state {path}: {problem}",
            remedy="look at the account and its orders of today, then resume",
        )


def _sealed(value: object) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _unsealed(line: str) -> Any:
    seal, _, body = line.partition(" ")
    if f"{zlib.crc32(body.encode()):08x}" != seal:
        return None
    return json.loads(body)


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened for syncing there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
