"""Runs an example as a script: an error is told in a line or two, without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from real_trade.utils.errors import RealTradeError

__all__ = ["script"]


def script(main: Callable[[], object]) -> None:
    """Call `main`; exit with 1 and the error's message and remedy if it fails."""
    try:
        main()
    except RealTradeError as error:
        sys.exit(f"error: {error}\n  fix: {error.remedy}" if error.remedy else f"error: {error}")
