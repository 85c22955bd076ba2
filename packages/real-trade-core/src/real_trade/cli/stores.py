"""Finding the bot that a command is about: the one that runs, else the one that ran last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from real_trade.cli.options import database_option
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from datetime import datetime

    from real_trade.runtime import SystemClock
    from real_trade.storage.runs import RunReader, RunRecord

__all__ = ["Found", "asked_by", "clock", "find_run", "store_options"]

_F = TypeVar("_F", bound=Callable[..., Any])
_LIVE_MODES = ("paper", "testnet", "live")


def store_options(function: _F) -> _F:
    """Add the options that say which bot, and where its store is."""
    options = [
        click.option("--bot", default="", help="Which bot; the running one by default."),
        click.option(
            "--mode",
            type=click.Choice(_LIVE_MODES),
            help="Look only among bots of this mode; each mode has a store of its own.",
        ),
        database_option(),
        # Read by `app.run`, which tells errors: no command has a use for it.
        click.option("-v", "verbose", count=True, expose_value=False, hidden=True),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@attrs.frozen
class Found:
    """A run and the store that it stands in."""

    reader: RunReader
    run: RunRecord
    now: datetime

    @property
    def is_alive(self) -> bool:
        """Whether the run goes on."""
        return self.run.is_alive(self.now) and not self._has_died

    @property
    def _has_died(self) -> bool:
        """Whether its process, which should be on this machine, is not there any more."""
        import platform

        if self.run.host != platform.node() or self.run.pid <= 0:
            return False
        try:
            os.kill(self.run.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


@contextmanager
def find_run(bot: str, mode: str | None, db_url: str) -> Iterator[Found]:
    """Yield the run that a command is about.

    Raises:
        DataError: no bot has run where the options say.
        ConfigurationError: several run: one must be named.
    """
    from real_trade.model import Mode
    from real_trade.storage.engine import sqlite_path
    from real_trade.storage.places import database_url
    from real_trade.storage.runs import RunReader

    urls = dict.fromkeys(
        database_url(Mode(one), db_url) for one in ([mode] if mode else _LIVE_MODES)
    )
    with ExitStack() as stack:
        readers = []
        for url in urls:
            path = sqlite_path(url)
            if path is None or path.exists():
                readers.append(stack.enter_context(RunReader(url)))
        yield _choose(readers, bot, mode, list(urls))


def _choose(readers: list[RunReader], bot: str, mode: str | None, urls: list[str]) -> Found:
    now = clock().now()
    newest = []
    alive = []
    for reader in readers:
        runs = [run for run in reader.runs(bot) if mode is None or run.mode.value == mode]
        newest += [Found(reader, run, now) for run in runs[:1]]
        seen: set[str] = set()
        for run in runs:
            found = Found(reader, run, now)
            if run.bot not in seen and found.is_alive:
                alive.append(found)
            seen.add(run.bot)
    if len(alive) > 1:
        names = ", ".join(f"{one.run.bot} ({one.run.mode.value})" for one in alive)
        raise ConfigurationError(
            f"several bots run: {names}", remedy="name one with --bot, and --mode if need be"
        )
    if not alive and not newest:
        where = "" if len(urls) > 1 else f" in {urls[0]}"
        who = f"bot {bot!r}" if bot else "bot"
        raise DataError(
            f"no {who} has run here yet{where}",
            remedy="start one with real-trade run, or name its store with --db-url",
        )
    return alive[0] if alive else max(newest, key=lambda one: one.run.started_at)


def clock() -> SystemClock:
    """Return the machine's clock."""
    from real_trade.runtime import SystemClock

    return SystemClock()


def asked_by() -> str:
    """Return who types: the user's name on this machine."""
    import getpass
    import platform

    try:
        return f"{getpass.getuser()}@{platform.node()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"{os.getuid() if hasattr(os, 'getuid') else 'somebody'}@{platform.node()}"
