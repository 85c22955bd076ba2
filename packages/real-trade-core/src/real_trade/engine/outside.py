"""Where a run meets the outside: its log, its messages, and the commands of people."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from real_trade.engine.account_watch import AccountWatch
from real_trade.engine.attachments import Attachments
from real_trade.engine.checkup import Checkup
from real_trade.engine.command_box import CommandBox
from real_trade.engine.commander import Commander, Run
from real_trade.engine.messenger import Messenger
from real_trade.engine.run_observer import RunObserver
from real_trade.engine.systemd import ServiceNotifier
from real_trade.monitor import HealthChecker
from real_trade.plugins import AccountView, PluginManager, RunInfo
from real_trade.runtime import Runtime, SystemRuntime
from real_trade.storage.engine import sqlite_path
from real_trade.storage.places import kill_file
from real_trade.storage.runs import RunLog, RunRecord

if TYPE_CHECKING:
    from real_trade.monitor.metrics import MetricsServer

__all__ = ["Outside"]

_METRICS = "run-metrics"
_NAMES = ("run-log", "run-account", "run-messages")


class Outside:
    """All that watches a live run, as one thing with a beginning and an end.

    It has threads of its own, which outlive the store's: the end of a run is written down too.

    Args:
        url: the store's; None where nothing is recorded, and so nothing can be asked of the run.
        metrics_port: where Prometheus finds figures and probes, on loopback; 0 for any free one.
    """

    def __init__(
        self,
        run: Run,
        info: RunInfo,
        url: str | None,
        given: Attachments,
        plugins: PluginManager,
        runtime: Runtime | None = None,
        metrics_port: int | None = None,
    ) -> None:
        self._run = run
        self._metrics_port = metrics_port
        self.metrics: MetricsServer | None = None
        self._info = info
        self._url = url
        self._given = given
        self._plugins = plugins
        self._runtime = runtime or SystemRuntime()
        self._service = ServiceNotifier()
        self._checker = (
            given.health
            if isinstance(given.health, HealthChecker)
            else HealthChecker(self._runtime.clock)
        )
        self.messenger = Messenger(plugins, self._runtime, info.mode, info.bot)
        self.account = AccountWatch(run.store, plugins, self._account_updated)
        self.commander: Commander | None = None
        self._log: RunLog | None = None
        self._observer: RunObserver | None = None

    def start(self) -> None:
        """Open the store, take in a hold that stands, and begin to watch.

        Raises:
            StorageError: the store cannot be opened: a run that nobody could stop does not begin.
        """
        self._service.ready(f"{self._info.bot} {self._info.mode.value}")
        self._watchdog()
        self._serve_metrics()
        self._plugins.register(_NAMES[1], self.account)
        self._plugins.register(_NAMES[2], self.messenger)
        if self._url is None:
            return
        self._log = RunLog(self._url, self._runtime, _record(self._info))
        self._log.start()
        checkup = Checkup(self._run.store, self._plugins, self._checker, _folder_of(self._url))
        self._observer = RunObserver(self._run.store, self._log, self._health, checkup)
        self._plugins.register(_NAMES[0], self._observer)
        box = CommandBox(
            self._url,
            self._info.bot,
            self._info.run_id,
            self._runtime.clock,
            kill_file(self._info.bot),
        )
        self.commander = Commander(
            self._run, box, self._observer, self._plugins, self._runtime, self.account.tell
        )
        self.commander.start()

    def stop(self, reason: str) -> None:
        """Write down how it ended, deliver what waits, and let everything go."""
        self._service.stopping()
        if self.commander is not None:
            self.commander.finish(reason)
        if self._log is not None:
            self._log.stopped(reason)
            self._log.close()
        self.messenger.close()
        if self.metrics is not None:
            self.metrics.close()
            self._metrics_runtime.close()
        for name in (*_NAMES, _METRICS):
            self._plugins.unregister(name)
        self._runtime.close()

    def _serve_metrics(self) -> None:
        if self._metrics_port is None:
            return
        from real_trade.monitor.metrics import Metrics, MetricsServer

        metrics = Metrics()
        self._plugins.register(_METRICS, metrics)
        # A thread of the machine's own, whatever clock the run lives by: the asker is outside.
        self._metrics_runtime = SystemRuntime()
        self.metrics = MetricsServer(
            metrics, self._metrics_runtime, self._checker, port=self._metrics_port
        )

    def _watchdog(self) -> None:
        """Say to systemd that we live, on Cerebro's thread: only while that turns."""
        period_s = self._service.watchdog_s / 2
        if period_s > 0:
            self._run.store.call(self._service.alive)
            self._runtime.call_later(period_s, self._watchdog)

    def _account_updated(self, view: AccountView) -> None:
        self._given.account_updated(view)
        if self._observer is not None:
            self._observer.account(view)

    def _health(self) -> dict[str, Any]:
        checks: Callable[[Any, Any], Any] = self._given.checks
        return dict(checks(self._run.store, self._run.store.broker))


def _folder_of(url: str) -> Path | None:
    path = sqlite_path(url)
    return None if path is None else path.parent


def _record(info: RunInfo) -> RunRecord:
    return RunRecord(
        run_id=info.run_id,
        bot=info.bot,
        mode=info.mode,
        exchange=info.exchange,
        market=info.market.value,
        symbols=info.symbols,
        timeframe=info.timeframe,
        strategy=info.strategy,
        pid=os.getpid(),
        host=platform.node(),
        started_at=info.started_at,
        heartbeat_at=info.started_at,
    )
