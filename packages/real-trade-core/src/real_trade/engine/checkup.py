"""How a run is: checked on Cerebro's thread, at most once a second."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from real_trade.common import BaseStore
from real_trade.model import OrderState
from real_trade.monitor import HealthChecker
from real_trade.plugins import HealthState, PluginManager

__all__ = ["Checkup"]

_EVERY = timedelta(seconds=1)
_DISK_EVERY = timedelta(minutes=1)
_LATE = timedelta(seconds=30)


class Checkup:
    """Checks the store, the feeds, the account, the orders, the disk, and what plugins check.

    Args:
        checker: keeps the answers; other threads read them there.
        folder: where the store's file is, None where it is no file.
    """

    def __init__(
        self,
        store: BaseStore,
        plugins: PluginManager,
        checker: HealthChecker,
        folder: Path | None = None,
    ) -> None:
        self._store = store
        self._plugins = plugins
        self.checker = checker
        self._folder = folder
        self._at: datetime | None = None
        self._disk_at: datetime | None = None
        self._told: dict[str, Any] = {}

    def look(self) -> dict[str, Any]:
        """Return `live`, `ready`, `trading`, and every check by name with its details."""
        now = self._store.runtime.clock.now()
        if self._at is None or abs(now - self._at) >= _EVERY:
            self._at = now
            self._told = self._look(now)
        return self._told

    def _look(self, now: datetime) -> dict[str, Any]:
        checker = self.checker
        checker.check_store(self._store)
        if self._store.broker is not None:
            checker.check_balance(self._store.broker)
        self._check_data(now)
        self._check_orders()
        if self._folder is not None and (
            self._disk_at is None or now - self._disk_at >= _DISK_EVERY
        ):
            self._disk_at = now
            checker.check_disk(self._folder)
        checker.run(self._plugins.health_checks)
        return checker.status()

    def _check_data(self, now: datetime) -> None:
        """Check the feed whose next bar is overdue the longest."""
        worst: tuple[timedelta, str] | None = None
        for feed in self._store.feeds:
            if feed.last_bar is None:
                self.checker.record("data", HealthState.FAIL, f"no bar of {feed.symbol} has come")
                return
            overdue = now - feed.last_bar.end_time - timedelta(seconds=feed.bar_length.seconds)
            worst = max(worst or (overdue, feed.symbol), (overdue, feed.symbol))
        if worst is None:
            return
        late, symbol = worst
        if late > _LATE:
            told = f"the next bar of {symbol} is {late.total_seconds():.0f} s late"
            self.checker.record("data", HealthState.FAIL, told, "check the stream and the clock")
        else:
            self.checker.record("data", HealthState.OK, "every bar has come in time")

    def _check_orders(self) -> None:
        desk = self._store.desk
        unknown = sum(order.state is OrderState.UNKNOWN for order in desk.open_orders())
        if desk.halted:
            told = f"nothing new is sent: {desk.halted}"
            self.checker.record("orders", HealthState.FAIL, told, "see to it; real-trade resume")
        elif unknown:
            told = f"the fate of {unknown} orders is being asked for"
            self.checker.record("orders", HealthState.WARN, told)
        else:
            self.checker.record("orders", HealthState.OK, f"{len(desk.open_orders())} open")
