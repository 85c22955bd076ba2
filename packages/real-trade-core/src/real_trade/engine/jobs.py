"""Errands that people ask of a running bot, done in small steps on Cerebro's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import backtrader as bt

from real_trade.common import BaseStore
from real_trade.model import Order

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["CancelAll", "CancelOne", "Finished", "Flatten", "Job", "JobRunner"]

_STEP_S = 0.1


class Finished(Exception):
    """An errand has ended: well, or not, and with what."""

    def __init__(self, detail: str, *, ok: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.ok = ok


class Job(Protocol):
    """An errand. `step` is called over and over until it raises `Finished`."""

    patience_s: float

    def step(self) -> None:
        """Do what can be done now, without blocking."""

    def late(self) -> str:
        """Return what is still missing, once patience has run out."""


class JobRunner:
    """Steps jobs on Cerebro's thread and tells how each ended.

    Args:
        ended: called on Cerebro's thread with whether it went well, and the detail.
    """

    def __init__(self, store: BaseStore) -> None:
        self._store = store

    def begin(self, job: Job, ended: Callable[[bool, str], None]) -> None:
        """Begin a job; from any thread."""
        deadline = self._store.runtime.clock.monotonic() + job.patience_s
        self._store.call(lambda: self._step(job, deadline, ended))

    def _step(self, job: Job, deadline: float, ended: Callable[[bool, str], None]) -> None:
        try:
            job.step()
        except Finished as end:
            ended(end.ok, end.detail)
            return
        except Exception as error:  # noqa: BLE001 - isolation: an errand must not stop the run
            ended(False, f"{type(error).__name__}: {error}")
            return
        runtime = self._store.runtime
        if runtime.clock.monotonic() >= deadline:
            ended(False, f"not done within {job.patience_s:g} s: {job.late()}")
            return
        again = lambda: self._store.call(lambda: self._step(job, deadline, ended))  # noqa: E731
        runtime.call_later(_STEP_S, again)


class CancelOne:
    """Cancels one order, by its client order id or the exchange's."""

    patience_s = 20.0

    def __init__(self, store: BaseStore, name: str) -> None:
        self._store = store
        self._name = name
        self._asked = False

    def step(self) -> None:
        """Ask once, then look how it stands."""
        order = self._find()
        if order is None:
            raise Finished(
                f"there is no order {self._name!r} of this bot; real-trade orders lists them",
                ok=False,
            )
        if order.state.is_terminal:
            how = f"order {order.client_order_id} is {order.state.value}"
            raise Finished(how, ok=self._asked)
        if not self._asked:
            self._asked = True
            self._store.desk.cancel(order.client_order_id)

    def late(self) -> str:
        """Return how the order stands."""
        order = self._find()
        return f"order {self._name} is {'gone' if order is None else order.state.value}"

    def _find(self) -> Order | None:
        orders = self._store.desk.orders
        found = orders.get(self._name)
        if found is not None:
            return found
        by_exchange = (one for one in orders.values() if one.exchange_order_id == self._name)
        return next(by_exchange, None)


class CancelAll:
    """Cancels every order of the bot that may still rest."""

    patience_s = 20.0

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._asked: set[str] = set()

    def step(self) -> None:
        """Ask for each once; finished when none is left."""
        left = self._store.desk.open_orders()
        if not left:
            raise Finished(f"{len(self._asked)} orders canceled, none is open")
        for order in left:
            if order.client_order_id not in self._asked:
                self._asked.add(order.client_order_id)
                self._store.desk.cancel(order.client_order_id)

    def late(self) -> str:
        """Return which orders are left."""
        left = self._store.desk.open_orders()
        return ", ".join(f"{one.client_order_id} is {one.state.value}" for one in left)


class Flatten:
    """Cancels every order, then closes every position at market."""

    patience_s = 30.0

    def __init__(self, store: BaseStore, strategy: Callable[[], bt.Strategy | None]) -> None:
        self._store = store
        self._strategy = strategy
        self._cancels: CancelAll | None = CancelAll(store)
        self._closing: list[Any] = []
        self._asked = False

    def step(self) -> None:
        """Cancel, then close, then see that all is flat."""
        if self._cancels is not None:
            try:
                self._cancels.step()
            except Finished:
                self._cancels = None
            else:
                return
        if not self._asked:
            self._asked = True
            self._close_all()
            return
        if any(self._is_open(order) for order in self._closing):
            return
        held = self._held()
        refused = [order.info.get("reason", "") for order in self._closing if _was_refused(order)]
        if held:
            why = f" ({'; '.join(map(str, refused))})" if refused else ""
            raise Finished(f"still held: {self.late()}{why}", ok=False)
        raise Finished(f"flat: {len(self._closing)} positions closed, no order is open")

    def late(self) -> str:
        """Return what is still held or open."""
        held = ", ".join(f"{amount} {symbol}" for symbol, amount in self._held().items())
        return held or (CancelAll(self._store).late() or "nothing")

    def _held(self) -> dict[str, Decimal]:
        positions = self._store.books.positions.values()
        return {one.symbol: one.amount for one in positions if one.amount}

    def _close_all(self) -> None:
        strategy, broker = self._strategy(), self._store.broker
        if strategy is None or broker is None:
            raise Finished("the strategy has not started yet: there is nothing to close", ok=True)
        missing = []
        for symbol, amount in self._held().items():
            data = next((one for one in self._store.feeds if one.symbol == symbol), None)
            if data is None or not len(data):
                missing.append(f"{amount} {symbol}")
                continue
            place = broker.sell if amount > 0 else broker.buy
            self._closing.append(
                place(strategy, data, float(abs(amount)), exectype=bt.Order.Market)
            )
        if missing:
            raise Finished(f"no feed with a bar for {', '.join(missing)}", ok=False)

    @staticmethod
    def _is_open(order: Any) -> bool:
        return bool(order.alive())


def _was_refused(order: Any) -> bool:
    return order.status in (bt.Order.Rejected, bt.Order.Margin, bt.Order.Canceled)
