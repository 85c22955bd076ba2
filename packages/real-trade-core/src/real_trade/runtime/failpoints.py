"""Named points at which a test may kill the program; nothing happens there otherwise.

The names are those of the crash points in TRUST.md, such as `c05` (the journal has the intent, and
nothing has been sent).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["armed", "failpoint"]

_hook: Callable[[str], None] | None = None


def failpoint(name: str) -> None:
    """Pass the point `name`; a test that has armed it does not let us."""
    if _hook is not None:
        _hook(name)


@contextmanager
def armed(hook: Callable[[str], None]) -> Iterator[None]:
    """Call `hook` with the name of every point that is passed, until the block ends."""
    global _hook  # noqa: PLW0603 - one program, one set of points
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before
