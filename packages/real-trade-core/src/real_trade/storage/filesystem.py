"""What kind of file system a path is on, where the system tells."""

from __future__ import annotations

from pathlib import Path

__all__ = ["filesystem_of"]

_MOUNTS = Path("/proc/self/mountinfo")


def filesystem_of(path: Path, mounts: str | None = None) -> str:
    """Return the file system's kind, such as `ext4` or `nfs4`; "" where nobody says.

    Args:
        mounts: the text of /proc/self/mountinfo, read if None.
    """
    if mounts is None:
        if not _MOUNTS.exists():
            return ""
        mounts = _MOUNTS.read_text(errors="replace")
    found, longest = "", -1
    real = path.resolve()
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or not kind:
            continue
        # Blanks are written as octal there.
        place = Path(fields[4].replace("\\040", " "))
        if real.is_relative_to(place) and len(place.parts) >= longest:
            found, longest = kind[0], len(place.parts)
    return found
