"""Exit codes, and how an error is told: what, where it can be, and the remedy."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

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
        sys.stderr.write(f"error: unexpected {type(error).__name__}: {error}\n")
        sys.stderr.write(
            "  fix: run it again with -vv to see where, and report it with the output\n"
        )
        return
    sys.stderr.write(f"error: {error}\n")
    remedy = getattr(error, "remedy", "")
    if remedy:
        sys.stderr.write(f"  fix: {remedy}\n")
