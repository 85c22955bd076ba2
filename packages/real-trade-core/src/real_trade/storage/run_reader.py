"""What the store says of runs, for screens, reports and pages: reading keeps no bot waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar

from sqlalchemy import Select, Table, select
from sqlalchemy.exc import SQLAlchemyError

from real_trade.model.market import Bar
from real_trade.model.states import OrderState
from real_trade.model.timeframe import Timeframe
from real_trade.storage._rows import read_equity, read_fill, read_order, read_run, read_time, stamp
from real_trade.storage.command_values import Command, Hold, Verb
from real_trade.storage.commands import command, hold_of, post_command, recent_commands
from real_trade.storage.engine import READING, StorageError, open_engine, sqlite_path
from real_trade.storage.run_values import EquityPoint, FillRow, OrderRow, RunRecord
from real_trade.storage.schema import upgrade
from real_trade.storage.tables import run_bars, run_equity, run_fills, run_orders, runs

__all__ = ["RunReader"]

_T = TypeVar("_T")


class RunReader:
    """Reads one store's runs and posts commands to their bots. Use it as a context manager.

    Args:
        url: the store's; see `storage.places.database_url`.

    Raises:
        StorageError: there is no such store, or it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        path = sqlite_path(url)
        if path is not None and not path.exists():
            raise StorageError(
                f"there is no store at {path}: no bot has run here yet",
                remedy="start one with real-trade run, or name its store with --db-url",
            )
        self.engine = open_engine(url)
        upgrade(self.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the store go."""
        self.engine.dispose()

    # Runs

    def runs(self, bot: str = "", limit: int = 100) -> list[RunRecord]:
        """Return runs, newest first; of one bot if it is named."""
        wanted = select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
        if bot:
            wanted = wanted.where(runs.c.bot == bot)
        return self._all(wanted.limit(limit), read_run)

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run."""
        found = self._all(select(runs).where(runs.c.run_id == run_id), read_run)
        return found[0] if found else None

    def newest(self, bot: str = "") -> RunRecord | None:
        """Return the newest run, of one bot if it is named."""
        found = self.runs(bot, limit=1)
        return found[0] if found else None

    def alive(self, now: datetime) -> list[RunRecord]:
        """Return the runs that go on now, newest first."""
        wanted = select(runs).where(runs.c.stopped_at.is_(None)).order_by(runs.c.started_at.desc())
        return [run for run in self._all(wanted, read_run) if run.is_alive(now)]

    # What they did

    def orders(self, run_id: str, *, open_only: bool = False, limit: int = 1000) -> list[OrderRow]:
        """Return a run's orders, newest first; `open_only` those that may still rest."""
        wanted = select(run_orders).where(run_orders.c.run_id == run_id)
        if open_only:
            resting = [state.value for state in OrderState if not state.is_terminal]
            wanted = wanted.where(run_orders.c.state.in_(resting))
        newest = (run_orders.c.created_at.desc(), run_orders.c.client_order_id.desc())
        return self._all(wanted.order_by(*newest).limit(limit), read_order)

    def fills(
        self, run_id: str, *, since: datetime | None = None, limit: int = 1000
    ) -> list[FillRow]:
        """Return a run's newest fills, at or after `since`, oldest of them first."""
        return self._newest(run_fills, "time", run_id, since, limit, read_fill)

    def equity(
        self, run_id: str, *, since: datetime | None = None, limit: int = 10_000
    ) -> list[EquityPoint]:
        """Return a run's newest equity points, at or after `since`, oldest of them first."""
        return self._newest(run_equity, "time", run_id, since, limit, read_equity)

    def bars(self, run_id: str, *, since: datetime | None = None, limit: int = 1000) -> list[Bar]:
        """Return a run's newest bars that opened at or after `since`, oldest of them first."""
        return self._newest(run_bars, "open_time", run_id, since, limit, _read_bar)

    def _newest(
        self,
        table: Table,
        column: str,
        run_id: str,
        since: datetime | None,
        limit: int,
        read: Callable[[Mapping[str, Any]], _T],
    ) -> list[_T]:
        time = table.c[column]
        wanted = select(table).where(table.c.run_id == run_id)
        if since is not None:
            wanted = wanted.where(time >= stamp(since))
        return self._all(wanted.order_by(time.desc()).limit(limit), read)[::-1]

    # Commands

    def post(
        self,
        bot: str,
        verb: Verb,
        *,
        time: datetime,
        asked_by: str,
        args: Mapping[str, Any] | None = None,
        run_id: str = "",
    ) -> Command:
        """Post a command; see `storage.commands.post_command`."""
        return post_command(
            self.engine, bot=bot, verb=verb, time=time, asked_by=asked_by, args=args, run_id=run_id
        )

    def command(self, command_id: int) -> Command | None:
        """Return a command as it stands now."""
        return command(self.engine, command_id)

    def commands(self, bot: str, limit: int = 50) -> list[Command]:
        """Return a bot's newest commands, newest first."""
        return recent_commands(self.engine, bot, limit)

    def hold(self, bot: str) -> Hold | None:
        """Return what holds a bot back, or None."""
        return hold_of(self.engine, bot)

    def _all(self, wanted: Select[Any], read: Callable[[Mapping[str, Any]], _T]) -> list[_T]:
        try:
            with self.engine.connect().execution_options(**{READING: True}) as connection:
                return [read(dict(row)) for row in connection.execute(wanted).mappings()]
        except SQLAlchemyError as error:
            raise StorageError(
                f"the store cannot be read: {getattr(error, 'orig', None) or error}",
                remedy="check the disk, or restore the last backup",
            ) from error


def _read_bar(row: Mapping[str, Any]) -> Bar:
    figures = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
    time = read_time(row["open_time"])
    timeframe = Timeframe(row["timeframe"])
    return Bar(symbol=row["symbol"], timeframe=timeframe, open_time=time, **figures)
