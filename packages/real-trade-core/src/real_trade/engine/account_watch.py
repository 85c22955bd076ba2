"""Tells of the account while a run goes on: at every live bar, and soon after a fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from real_trade.common import BaseStore
from real_trade.plugins import API_VERSION, AccountView, PluginManager, hookimpl

__all__ = ["AccountWatch"]

_NOT_MORE_OFTEN_S = 1.0


class AccountWatch:
    """An observer that makes `account_updated` of what others tell, at most once a second.

    Args:
        tell: called with every view, on Cerebro's thread, besides the plugins.
    """

    REAL_TRADE_API = API_VERSION

    def __init__(
        self, store: BaseStore, plugins: PluginManager, tell: Callable[[AccountView], None]
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._tell = tell
        self._told_s: float | None = None
        self._is_due = False

    def changed(self) -> None:
        """Tell now, or once a second has passed since the last time; on Cerebro's thread."""
        now_s = self._store.runtime.clock.monotonic()
        wait_s = 0.0 if self._told_s is None else self._told_s + _NOT_MORE_OFTEN_S - now_s
        if wait_s <= 0:
            self.tell()
        elif not self._is_due:
            self._is_due = True
            self._store.runtime.call_later(wait_s, lambda: self._store.call(self._tell_late))

    def tell(self) -> None:
        """Tell now; on Cerebro's thread."""
        self._told_s = self._store.runtime.clock.monotonic()
        view = self._store.gate.view(self._store.runtime.clock.now())
        self._plugins.tell("account_updated", account=view)
        self._tell(view)

    def _tell_late(self) -> None:
        if self._is_due and not self._store.is_closed:
            self.tell()
        self._is_due = False

    @hookimpl
    def fill_received(self, fill: Any) -> None:
        """A fill changed the account."""
        del fill
        # The fill is told before it is booked everywhere; the next turn sees the whole of it.
        self._store.call(self.changed)
