"""Where a store lies unless it is told: one file for each mode in the user's data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from real_trade.model.mode import Mode

__all__ = ["data_folder", "database_url", "kill_file"]


def data_folder() -> Path:
    """Return the user's folder for what real-trade keeps; it may not be there yet."""
    return platformdirs.user_data_path("real-trade", appauthor=False)


def database_url(mode: Mode, url: str = "", environ: Mapping[str, str] | None = None) -> str:
    """Return the database of a mode: `url`, else RT_DB_URL, else a file named after the mode.

    Args:
        url: what the command line or the caller says.
        environ: where RT_DB_URL is read; the process's own by default.
    """
    told = url or (os.environ if environ is None else environ).get("RT_DB_URL", "")
    return told or f"sqlite:///{data_folder() / f'{mode.value}.sqlite'}"


def kill_file(bot: str) -> Path:
    """Return the file whose presence kills a bot: `touch` it, and nothing leaves any more."""
    return data_folder() / f"{bot}.kill"
