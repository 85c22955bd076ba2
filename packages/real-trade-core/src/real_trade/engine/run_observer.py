"""Brings what a run does into its log: an observer like any plugin's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from real_trade.common import BaseStore
from real_trade.engine.checkup import Checkup
from real_trade.model import Bar, Fill, Order
from real_trade.plugins import API_VERSION, AccountView, hookimpl
from real_trade.storage.command_values import HoldKind
from real_trade.storage.runs import EquityPoint, RunLog, RunState

__all__ = ["RunObserver"]

_FINE_POINTS = 600
_COARSE = timedelta(minutes=1)
_HOLD_STATES = {HoldKind.PAUSE: RunState.PAUSED, HoldKind.KILL: RunState.KILLED}


class RunObserver:
    """Writes orders, fills, bars and equity into the log, and keeps what is open for other threads.

    Equity is kept second by second at first, then once a minute: months of it stay small.
    """

    REAL_TRADE_API = API_VERSION

    def __init__(
        self,
        store: BaseStore,
        log: RunLog,
        health: Callable[[], dict[str, Any]] | None = None,
        checkup: Checkup | None = None,
    ) -> None:
        self._checkup = checkup
        self._store = store
        self._log = log
        self._health = health
        self._open: dict[str, Order] = {}
        self._lock = threading.Lock()
        self._points = 0
        self._last: EquityPoint | None = None
        self._after_fill = False
        self._is_live = False

    def open_orders(self) -> list[Order]:
        """Return the orders that may still rest; from any thread."""
        with self._lock:
            return list(self._open.values())

    def account(self, view: AccountView) -> None:
        """Keep the account, and how the run is; called with every `account_updated`."""
        self._take_over(view)
        point = EquityPoint(
            run_id=self._log.run.run_id,
            time=view.time,
            cash=view.cash,
            equity=view.equity,
            position_value=view.equity - view.cash,
        )
        last = self._last
        if (
            last is None
            or self._after_fill
            or self._points < _FINE_POINTS
            or point.time - last.time >= _COARSE
        ):
            self._points += 1
            self._last, self._after_fill = point, False
            self._log.equity(point)
        self._log.state(self.state, self._told(view))

    def _take_over(self, view: AccountView) -> None:
        """Keep orders of an earlier run too, which nobody is told of anew."""
        for order in view.open_orders:
            if order.client_order_id not in self._open:
                self.order_updated(order)

    @property
    def state(self) -> RunState:
        """Return what the run is doing."""
        store = self._store
        hold = store.hold.hold  # read once: other threads lift it
        if hold is not None:
            return _HOLD_STATES[hold.kind]
        if not store.is_connected:
            return RunState.STARTING
        if store.desk.halted:
            return RunState.HALTED
        if store.mode.signs and not store.desk.is_reconciled:
            return RunState.RECONCILING
        if not self._is_live:
            return RunState.STARTING
        behind = not all(feed.is_live_now for feed in store.feeds)
        return RunState.DEGRADED if behind or store.desk.halted_symbols else RunState.LIVE

    def state_changed(self) -> None:
        """Write the state down now; from any thread."""
        self._log.state(self.state)

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """Keep an order's newest state."""
        with self._lock:
            if order.state.is_terminal:
                self._open.pop(order.client_order_id, None)
            else:
                self._open[order.client_order_id] = order
        self._log.order(order)

    @hookimpl
    def fill_received(self, fill: Fill) -> None:
        """Keep a fill."""
        self._after_fill = True
        self._log.fill(fill)

    @hookimpl
    def bar_closed(self, bar: Bar) -> None:
        """Keep a live bar."""
        self._is_live = True
        self._log.bar(bar)

    def _told(self, view: AccountView) -> dict[str, Any]:
        hold = self._store.hold.hold
        told: dict[str, Any] = {
            "cash": format(view.cash, "f"),
            "equity": format(view.equity, "f"),
            "balances": {name: format(one.total, "f") for name, one in view.balances.items()},
            "positions": {
                name: {
                    "amount": format(one.amount, "f"),
                    "entry_price": format(one.entry_price, "f"),
                }
                for name, one in view.positions.items()
                if one.amount
            },
            "prices": {name: format(price, "f") for name, (price, _) in _prices(view)},
            "open_orders": len(view.open_orders),
            "feeds": {feed._name: feed.is_live_now for feed in self._store.feeds},
            "halted": self._store.desk.halted,
            "hold": "" if hold is None else hold.kind.value,
            "hold_reason": "" if hold is None else hold.reason,
        }
        if self._health is not None:
            told["checks"] = self._health()
        if self._checkup is not None:
            told["health"] = self._checkup.look()
        return told


def _prices(view: AccountView) -> list[tuple[str, Any]]:
    return sorted(view.reference_prices.items())
