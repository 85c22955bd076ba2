"""The store's commands as a running bot sees them: polled off the trading thread, cheaply."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from real_trade.runtime import Clock
from real_trade.storage.command_values import Command, CommandState, Hold, HoldKind
from real_trade.storage.commands import hold_of, lift_hold, mark_command, poll_commands, set_hold
from real_trade.storage.engine import open_engine
from real_trade.utils.errors import ConfigurationError

__all__ = ["CommandBox"]

_LOG = logging.getLogger("real_trade.engine.commands")


class CommandBox:
    """One bot's commands and its hold. All methods are for one lane.

    Args:
        url: the store's.
        kill_file: whose presence kills the bot; removing it alone lifts nothing.
    """

    def __init__(self, url: str, bot: str, run_id: str, clock: Clock, kill_file: Path) -> None:
        self.bot = bot
        self._run_id = run_id
        self._clock = clock
        self._kill_file = kill_file
        self._engine = open_engine(url, busy_timeout_s=2.0)
        self._connection: Connection | None = None
        self._version: int | None = None
        self._failing = False

    def close(self) -> None:
        """Let the store go."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def poll(self) -> tuple[list[Command], Hold | None] | None:
        """Return new commands and the hold, None where nothing has changed or can be read."""
        try:
            self._heed_kill_file()
            if not self._has_changed():
                return None
            found = (poll_commands(self._engine, self.bot, self._run_id), self.hold())
            self._failing = False
        except SQLAlchemyError as error:
            self._version = None
            if not self._failing:
                _LOG.warning("commands cannot be read: %s; trying on", error)
            self._failing = True
            return None
        return found

    def hold(self) -> Hold | None:
        """Return what holds the bot back."""
        return hold_of(self._engine, self.bot)

    def mark(self, command: Command, state: CommandState, detail: str = "") -> None:
        """Say how far a command has come."""
        try:
            mark_command(self._engine, command.id, state, time=self._clock.now(), detail=detail)
        except SQLAlchemyError as error:
            _LOG.warning("%s: %s could not be noted: %s", command.verb.value, state.value, error)

    def set_hold(self, hold: Hold) -> None:
        """Keep a hold that did not come through the store, such as a signal's."""
        set_hold(self._engine, hold)

    def lift(self, command: Command) -> str:
        """Lift the hold; return why it stays, or ""."""
        hold = self.hold()
        if hold is None:
            return ""
        if hold.kind is HoldKind.KILL:
            if not command.args.get("confirm"):
                return "the bot is killed: resume --confirm lifts that"
            if self._kill_file.exists():
                return f"the kill file is there: remove {self._kill_file} first"
        if not lift_hold(self._engine, self.bot, asked=command):
            return "a pause or a kill was asked for after it"
        return ""

    def _heed_kill_file(self) -> None:
        if not self._kill_file.exists():
            return
        held = self.hold()
        if held is None or held.kind is not HoldKind.KILL:
            reason = f"the file {self._kill_file} is there"
            now = self._clock.now()
            kill = Hold(bot=self.bot, kind=HoldKind.KILL, asked_by="file", since=now, reason=reason)
            set_hold(self._engine, kill)
            self._version = None

    def _has_changed(self) -> bool:
        """Ask SQLite whether others have written: a hundred times cheaper than reading."""
        if self._engine.dialect.name != "sqlite":
            return True
        if self._connection is None:
            self._connection = self._engine.connect()
        driver: Any = self._connection.connection.driver_connection
        if driver is None:
            raise ConfigurationError("the store's connection is gone")
        version = int(driver.execute("PRAGMA data_version").fetchone()[0])
        changed, self._version = version != self._version, version
        return changed
