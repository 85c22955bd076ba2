"""Work by the clock: every so often, or as cron says; what touches trading on Cerebro's thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from real_trade.runtime import SystemClock
from real_trade.utils.errors import ConfigurationError

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

__all__ = ["Interval", "Scheduler"]

_LOG = logging.getLogger("real_trade.engine.scheduler")
_LATE_S = 30

Interval = float | int | timedelta | str
"""Seconds, a timedelta, or a cron line of five fields in UTC, such as "0 8 * * mon-fri"."""


class Scheduler:
    """Runs jobs at their times, in UTC, never one job twice at once.

    A job that comes too late (by half a minute), is still running when its next time comes, or
    raises, is logged and told; the others and its own next times are not affected.

    Args:
        call: has a function called on Cerebro's thread, such as `runner.call`; needed for jobs
            that touch trading.
        on_trouble: told the job's name and what went wrong, on a thread of the scheduler's.
    """

    def __init__(
        self,
        call: Callable[[Callable[[], None]], None] | None = None,
        *,
        on_trouble: Callable[[str, str], None] | None = None,
    ) -> None:
        self._call = call
        self._on_trouble = on_trouble
        self._jobs: dict[str, tuple[Callable[[], Any], Any]] = {}
        self._scheduler: BackgroundScheduler | None = None
        self._lock = threading.RLock()

    # Jobs

    def schedule(self, task: Callable[[], Any], interval: Interval) -> str:
        """Run `task` every so often; return its name, which is the function's."""
        name = _name_of(task)
        self.add_job(name, task, interval)
        return name

    def unschedule(self, task: Callable[[], Any] | str) -> None:
        """Run `task`, or the job of that name, no more."""
        self.remove_job(task if isinstance(task, str) else _name_of(task))

    def add_job(
        self,
        name: str,
        func: Callable[[], Any],
        interval: Interval,
        run_immediately: bool = False,
        *,
        on_trading_thread: bool = False,
    ) -> None:
        """Add a job.

        Args:
            interval: see `Interval`.
            run_immediately: run it once at the start too.
            on_trading_thread: for what touches orders, broker, strategy or any object of
                Backtrader's: it is done there, between two steps, and must not block.

        Raises:
            ConfigurationError: the name is taken, the interval is none, or there is no `call`.
        """
        if on_trading_thread and self._call is None:
            raise ConfigurationError(
                f"job {name!r} belongs on the trading thread, which this scheduler does not know",
                remedy="make it with Scheduler(runner.call)",
            )
        work = self._on_cerebros_thread(name, func) if on_trading_thread else func
        with self._lock:
            if name in self._jobs:
                raise ConfigurationError(
                    f"there is a job {name!r} already", remedy="remove it first, or name it anew"
                )
            self._jobs[name] = (work, (_trigger(interval), run_immediately))
            if self._scheduler is not None:
                self._add(name)

    def remove_job(self, name: str) -> None:
        """Remove a job; one that runs now ends by itself.

        Raises:
            ConfigurationError: there is no such job.
        """
        with self._lock:
            if name not in self._jobs:
                known = ", ".join(self._jobs) or "none"
                raise ConfigurationError(f"there is no job {name!r} (there are: {known})")
            del self._jobs[name]
            if self._scheduler is not None:
                self._scheduler.remove_job(name)

    @property
    def job_names(self) -> list[str]:
        """Return the names of all jobs, in the order they were added."""
        with self._lock:
            return list(self._jobs)

    # Life

    def start(self) -> None:
        """Begin; safe to call again."""
        from apscheduler.schedulers.background import BackgroundScheduler

        with self._lock:
            if self._scheduler is not None:
                return
            defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE_S}
            self._scheduler = BackgroundScheduler(timezone="UTC", job_defaults=defaults)
            self._listen(self._scheduler)
            for name in self._jobs:
                self._add(name)
            self._scheduler.start()

    def stop(self) -> None:
        """End, once the jobs that run now have ended; safe to call again."""
        with self._lock:
            scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)

    def _add(self, name: str) -> None:
        if self._scheduler is None:
            return
        work, (trigger, run_immediately) = self._jobs[name]
        first = {"next_run_time": SystemClock().now()} if run_immediately else {}
        self._scheduler.add_job(work, trigger, id=name, name=name, **first)

    # Trouble

    def _listen(self, scheduler: BackgroundScheduler) -> None:
        from apscheduler import events

        told = {
            events.EVENT_JOB_MISSED: "came too late and was left out",
            events.EVENT_JOB_MAX_INSTANCES: "was still running when its next time came",
            events.EVENT_JOB_ERROR: "failed",
        }

        def heard(event: Any) -> None:
            error = getattr(event, "exception", None)
            detail = f": {type(error).__name__}: {error}" if error is not None else ""
            self._trouble(event.job_id, told[event.code] + detail)

        scheduler.add_listener(
            heard,
            events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES | events.EVENT_JOB_ERROR,
        )

    def _trouble(self, name: str, what: str) -> None:
        _LOG.warning("job %s %s", name, what)
        if self._on_trouble is not None:
            self._on_trouble(name, what)

    def _on_cerebros_thread(self, name: str, func: Callable[[], Any]) -> Callable[[], None]:
        waiting: list[bool] = []

        def work() -> None:
            waiting.clear()
            try:
                func()
            except Exception as error:  # noqa: BLE001 - isolation: a job must not stop the run
                _LOG.exception("job %s failed", name)
                self._trouble(name, f"failed: {type(error).__name__}: {error}")

        def hand_over() -> None:
            if waiting:
                self._trouble(name, "was still waiting for the strategy when its next time came")
            elif self._call is not None:
                waiting.append(True)
                self._call(work)

        return hand_over


def _name_of(task: Callable[[], Any]) -> str:
    return str(getattr(task, "__name__", type(task).__name__))


def _trigger(interval: Interval) -> Any:
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    if isinstance(interval, str):
        try:
            return CronTrigger.from_crontab(interval, timezone="UTC")
        except ValueError as error:
            raise ConfigurationError(
                f"{interval!r} is no cron line: {error}",
                remedy='give seconds, or minute hour day month weekday, such as "0 8 * * mon-fri"',
            ) from None
    seconds = interval.total_seconds() if isinstance(interval, timedelta) else float(interval)
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"an interval must be above zero, not {interval}")
    return IntervalTrigger(seconds=seconds, timezone="UTC")
