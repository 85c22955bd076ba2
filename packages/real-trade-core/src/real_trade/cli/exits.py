"""Exit codes, and how an error is told: what, where it can be, and the remedy."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum
from pathlib import Path

__all__ = ["Exit", "exit_code", "tell"]


class Exit(IntEnum):
    """What the process' exit code says."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    CREDENTIALS = 4
    EXCHANGE = 5
    RISK_HALT = 6
    MISMATCH = 7
    ALREADY_RUNNING = 8
    DATA = 9
    INTERRUPTED = 130


def exit_code(error: BaseException) -> Exit:
    """Return the exit code for `error`, from the first class in its family that has one."""
    for cls in type(error).__mro__:
        code = _BY_NAME.get(cls.__name__)
        if code is not None:
            return code
    return Exit.UNEXPECTED


# By name, so that telling an error imports nothing that the failed command had no use for.
_BY_NAME = {
    "KeyboardInterrupt": Exit.INTERRUPTED,
    "ConfigurationError": Exit.CONFIGURATION,
    "AuthError": Exit.CREDENTIALS,
    "UnknownSymbol": Exit.CONFIGURATION,
    "ExchangeError": Exit.EXCHANGE,
    "AlreadyRunning": Exit.ALREADY_RUNNING,
    "DataError": Exit.DATA,
}


def tell(error: BaseException, *, details: bool) -> None:
    """Write `error` to stderr for a person; with `details`, its traceback too."""
    if details:
        traceback.print_exception(error)
    code = exit_code(error)
    if code is Exit.UNEXPECTED:
        sys.stderr.write(f"error: {type(error).__name__}: {error}{_place(error)}\n")
        sys.stderr.write("  fix: run it again with -vv to see how it came there\n")
        return
    sys.stderr.write(f"error: {error}\n")
    remedy = getattr(error, "remedy", "")
    if remedy:
        sys.stderr.write(f"  fix: {remedy}\n")


def _place(error: BaseException) -> str:
    """Return where the user's own code, or else ours, raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    users = [frame for frame in frames if not _is_library(frame.filename)]
    frame = (users or frames)[-1]
    return f" at {frame.filename}:{frame.lineno} in {frame.name}"


def _is_library(filename: str) -> bool:
    parts = Path(filename).parts
    return "site-packages" in parts or "real_trade" in parts or filename.startswith("<")
