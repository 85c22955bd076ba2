"""What a run writes of itself for those who watch it: in batches, off the trading thread.

The journal is what trading relies on; this is for people. It may be late, and where the disk is
full it may lack something, which is counted and told; it never keeps an order waiting.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import Engine, Table, delete
from sqlalchemy.exc import SQLAlchemyError

from real_trade.model.market import Bar
from real_trade.model.orders import Fill, Order
from real_trade.runtime import Runtime
from real_trade.storage._rows import bar_row, equity_row, fill_row, order_row, run_row, stamp
from real_trade.storage._upsert import upsert
from real_trade.storage.engine import open_engine
from real_trade.storage.run_values import EquityPoint, RunRecord, RunState
from real_trade.storage.schema import upgrade
from real_trade.storage.tables import run_bars, run_equity, run_fills, run_orders, runs

__all__ = ["RunLog"]

_LOG = logging.getLogger("real_trade.storage.runs")
_FLUSH_S = 0.25
_AGAIN_S = 5.0
_HEARTBEAT_S = 5.0
_WARN_S = 60.0
_MOST_WAITING = 20_000
_BARS_KEPT = timedelta(days=30)
_Key = tuple[Any, ...]


class RunLog:
    """Writes one run's record, orders, fills, equity and bars; all methods may be called anywhere.

    None of them blocks or raises because of the database, but `start`, which opens it.

    Attributes:
        failures: how many writes failed so far.
        dropped: how many rows were given up because too many waited.
    """

    def __init__(self, url: str, runtime: Runtime, run: RunRecord) -> None:
        self.failures = 0
        self.dropped = 0
        self.run = run
        self._url = url
        self._runtime = runtime
        self._lock = threading.Lock()
        self._waiting: dict[Table, dict[_Key, dict[str, Any]]] = {}
        self._is_due = False
        self._closed = False
        self._warned_at: float | None = None
        self._engine: Engine | None = None
        self._lane = runtime.lane("run-log")

    def start(self) -> None:
        """Open the store, bring it to this program's schema, write the run down and begin to beat.

        Raises:
            StorageError: the store cannot be opened.
        """
        engine = open_engine(self._url, durable=False)
        upgrade(engine)
        self._engine = engine
        self._put(runs, run_row(self.run))
        self._runtime.call_later(_HEARTBEAT_S, self._beat)
        since = stamp(self.run.started_at - _BARS_KEPT)
        self._lane.submit(lambda: self._forget_bars(since))

    # What is told

    def order(self, order: Order) -> None:
        """Keep the newest state of an order."""
        self._put(run_orders, order_row(self.run.run_id, order))

    def fill(self, fill: Fill) -> None:
        """Keep a fill."""
        self._put(run_fills, fill_row(self.run.run_id, fill))

    def equity(self, point: EquityPoint) -> None:
        """Keep a point of the equity curve."""
        self._put(run_equity, equity_row(point))

    def bar(self, bar: Bar) -> None:
        """Keep a bar that reached the strategy."""
        self._put(run_bars, bar_row(self.run.run_id, bar))

    def state(self, state: RunState, health: Mapping[str, Any] | None = None) -> None:
        """Say what the run is doing now, and how it is."""
        told = self.run.health if health is None else health
        self._say(state=state, health=told)

    def stopped(self, reason: str) -> None:
        """Say that the run has ended, and why."""
        now = self._runtime.clock.now()
        self._say(state=RunState.STOPPED, stopped_at=now, heartbeat_at=now, reason=reason)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what waits and let the store go; return False if that did not come about."""
        if self._closed:
            return True
        self._closed = True
        self._lane.submit(self._flush)
        in_time = self._lane.close(timeout_s)
        if self._engine is not None and in_time:
            self._engine.dispose()
        return in_time and not any(self._waiting.values())

    # Waiting rows

    def _say(self, **changes: Any) -> None:
        with self._lock:
            self.run = attrs.evolve(self.run, **changes)
            row = run_row(self.run)
        self._put(runs, row)

    def _beat(self) -> None:
        if not self._closed:
            self._say(heartbeat_at=self._runtime.clock.now())
            self._runtime.call_later(_HEARTBEAT_S, self._beat)

    def _put(self, table: Table, row: dict[str, Any]) -> None:
        key = tuple(row[column.name] for column in table.primary_key)
        with self._lock:
            rows = self._waiting.setdefault(table, {})
            rows[key] = row
            if len(rows) > _MOST_WAITING:
                del rows[next(iter(rows))]
                self.dropped += 1
            due, self._is_due = self._is_due, True
        if not due:
            self._runtime.call_later(_FLUSH_S, lambda: self._lane.submit(self._flush))

    def _take(self) -> dict[Table, dict[_Key, dict[str, Any]]]:
        with self._lock:
            taken, self._waiting, self._is_due = self._waiting, {}, False
        return taken

    def _put_back(self, taken: dict[Table, dict[_Key, dict[str, Any]]]) -> None:
        with self._lock:
            for table, rows in taken.items():
                newer = self._waiting.get(table, {})
                together = {**rows, **newer}
                excess = len(together) - _MOST_WAITING
                for key in list(together)[: max(0, excess)]:
                    del together[key]
                    self.dropped += 1
                self._waiting[table] = together
            due, self._is_due = self._is_due, True
        if not due and not self._closed:
            self._runtime.call_later(_AGAIN_S, lambda: self._lane.submit(self._flush))

    # On the lane

    def _flush(self) -> None:
        taken = self._take()
        if self._engine is None or not taken:
            return
        try:
            with self._engine.begin() as connection:
                for table, rows in taken.items():
                    upsert(connection, table, list(rows.values()))
        except SQLAlchemyError as error:
            self.failures += 1
            self._put_back(taken)
            self._warn(error)

    def _forget_bars(self, since: str) -> None:
        if self._engine is None:
            return
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(run_bars).where(run_bars.c.open_time < since))
        except SQLAlchemyError as error:
            self.failures += 1
            self._warn(error)

    def _warn(self, error: SQLAlchemyError) -> None:
        now = self._runtime.clock.monotonic()
        if self._warned_at is not None and now - self._warned_at < _WARN_S:
            return
        self._warned_at = now
        _LOG.warning(
            "the run's record cannot be written (%d times so far, %d rows given up): %s; "
            "trading goes on, and it is tried again every %g s",
            self.failures,
            self.dropped,
            getattr(error, "orig", None) or error,
            _AGAIN_S,
        )
