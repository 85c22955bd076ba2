"""The way out: refuse, round, guard, write down, send once; and the way back in for orders.

All methods run on Cerebro's thread and none blocks; what blocks (the journal's disk, the exchange)
runs on the order lane, whose answers come back through the inbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from real_trade.exchange import (
    AuthError,
    DuplicateOrder,
    Exchange,
    InsufficientFunds,
    OrderNotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from real_trade.model import Fill, Order, OrderIntent, OrderReport, OrderState
from real_trade.orders.checks import fault_of, rounded
from real_trade.orders.journal import Journal
from real_trade.orders.tracker import Tracker
from real_trade.orders.values import Guard, Listener, OrderChange
from real_trade.runtime import Inbox, Runtime
from real_trade.utils.errors import RealTradeError

__all__ = ["NotWrittenDown", "OrderDesk"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState
# A look-up proves absence only after this: the signed timestamp's window (5 s), the exchange's own
# time-out (10 s) and the lag of its reads (5 s); see "proving absence" in TRUST.md.
_FENCE = timedelta(seconds=20)
_LOOK_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 2.5)
_FILLS_MARGIN = timedelta(seconds=60)


class NotWrittenDown(RealTradeError):
    """The journal did not take an intent: nothing was sent."""


@attrs.frozen(kw_only=True)
class _Answer:
    """What came back from the lane for one order."""

    client_order_id: str
    what: str  # "send", "cancel" or "look-up"
    report: OrderReport | None = None
    fills: tuple[Fill, ...] = ()
    error: Exception | None = None
    attempt: int = 0


class OrderDesk:
    """The orders of one account on one market.

    Args:
        exchange: where orders go; called on the order lane only.
        journal: written before anything is sent.
        listener: told of every change, on Cerebro's thread.
        guard: asked before an order leaves; its answer, unless empty, denies the order.
        reference: the last known price of a symbol, or None.
    """

    def __init__(
        self,
        *,
        exchange: Exchange,
        runtime: Runtime,
        inbox: Inbox,
        journal: Journal,
        listener: Listener,
        guard: Guard,
        reference: Callable[[str], Decimal | None],
    ) -> None:
        self._exchange = exchange
        self._runtime = runtime
        self._inbox = inbox
        self._journal = journal
        self._listener = listener
        self._guard = guard
        self._reference = reference
        self._tracker = Tracker()
        self._lane = runtime.lane("orders")
        self._unknown_since: dict[str, datetime] = {}
        self._absent_once: set[str] = set()
        self._lost_cancels: set[str] = set()
        self.halted = ""

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return all orders by client order id."""
        return self._tracker.orders

    @property
    def foreign(self) -> Mapping[str, OrderReport]:
        """Return the account's orders that are not ours, as last told: seen, never touched."""
        return self._tracker.foreign

    def open_orders(self) -> list[Order]:
        """Return every order that may still rest at the exchange."""
        return self._tracker.open_orders()

    def new_client_order_id(self) -> str:
        """Return an id that was never used before."""
        return self._journal.next_client_order_id()

    def submit(self, intent: OrderIntent) -> Order:
        """Let an order leave, or deny it; returns it as it stands then."""
        fault = self._fault(intent)
        if not fault:
            instrument = self._exchange.instruments()[intent.symbol]
            intent = rounded(intent, instrument)
            fault = fault_of(
                intent,
                instrument,
                self._exchange.capabilities,
                self._reference(intent.symbol),
            )
        fault = fault or self._guard(intent)
        self._tracker.add(intent)
        if fault:
            self._tell(self._tracker.mark(intent.client_order_id, _S.DENIED, fault))
        else:
            self._tell(self._tracker.mark(intent.client_order_id, _S.SUBMITTED))
            self._lane.submit(lambda: self._send(intent))
        return self.orders[intent.client_order_id]

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancel; what becomes of it, the exchange says."""
        order = self.orders[client_order_id]
        change = self._tracker.mark(client_order_id, _S.PENDING_CANCEL)
        if change is None:
            return
        self._tell(change)
        self._lane.submit(lambda: self._send_cancel(order))

    def apply(self, value: object) -> bool:
        """Take a value from the inbox; return whether it was for the desk."""
        if isinstance(value, OrderReport):
            self._report(value)
        elif isinstance(value, Fill):
            self._changed(self._tracker.apply_fill(value))
        elif isinstance(value, _Answer):
            self._answered(value)
        else:
            return False
        return True

    def look_up_all(self) -> None:
        """Ask the exchange about every open order: after a cut, what was missed is caught up
        with."""
        for order in self.open_orders():
            self._look_up(order.client_order_id, 0)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish what the lane holds; return False if that took too long."""
        return self._lane.close(timeout_s)

    # On the lane

    def _send(self, intent: OrderIntent) -> None:
        def work() -> _Answer:
            try:
                self._journal.write_intent(intent)
            except Exception as error:
                raise NotWrittenDown(
                    f"the order could not be written down, so it was not sent: {error}"
                ) from error
            return _Answer(
                client_order_id=intent.client_order_id,
                what="send",
                report=self._exchange.submit(intent),
            )

        self._inbox.put(_caught(work, intent.client_order_id, "send"))

    def _send_cancel(self, order: Order) -> None:
        def work() -> _Answer:
            try:
                self._journal.write_cancel(order.client_order_id)
            except Exception as error:  # noqa: BLE001 - a cancel only takes risk away: it goes out
                _LOG.error("cancel of %s is not in the journal: %s", order.client_order_id, error)
            report = self._exchange.cancel(order.symbol, order.client_order_id)
            return _Answer(client_order_id=order.client_order_id, what="cancel", report=report)

        self._inbox.put(_caught(work, order.client_order_id, "cancel"))

    def _fetch(self, order: Order, attempt: int) -> None:
        def work() -> _Answer:
            report = self._exchange.order(order.symbol, order.client_order_id)
            fills: list[Fill] = []
            if report.filled > order.filled:
                since = order.intent.created_at - _FILLS_MARGIN
                fills = self._exchange.fills(order.symbol, since)
            return _Answer(
                client_order_id=order.client_order_id,
                what="look-up",
                report=report,
                fills=tuple(fills),
                attempt=attempt,
            )

        self._inbox.put(_caught(work, order.client_order_id, "look-up", attempt))

    # On Cerebro's thread

    def _fault(self, intent: OrderIntent) -> str:
        if self.halted:
            return f"trading is halted: {self.halted}"
        if intent.symbol not in self._exchange.instruments():
            return f"the exchange has no symbol {intent.symbol}"
        return ""

    def _answered(self, answer: _Answer) -> None:
        for fill in answer.fills:
            self._changed(self._tracker.apply_fill(fill))
        if answer.report is not None:
            self._report(answer.report)
            if answer.what == "look-up":
                self._revive(answer.client_order_id, answer.report)
        elif answer.error is not None:
            self._failed(answer, answer.error)

    def _revive(self, name: str, report: OrderReport) -> None:
        """Note that an order is open after all: the cancel that was asked for did not arrive."""
        if name not in self._lost_cancels or report.state.is_terminal:
            return
        self._lost_cancels.discard(name)
        state = _S.PARTIALLY_FILLED if self.orders[name].filled else _S.ACCEPTED
        if self.orders[name].state is _S.PENDING_CANCEL:
            self._tell(self._tracker.mark(name, state, "the cancel did not arrive"))

    def _report(self, report: OrderReport) -> None:
        self._changed(self._tracker.apply_report(report))
        name = report.client_order_id
        if name in self.orders and self._tracker.missing_fills(name):
            self._look_up(name, 0)

    def _failed(self, answer: _Answer, error: Exception) -> None:
        name = answer.client_order_id
        if isinstance(error, AuthError):
            self.halted = str(error)
        if answer.what == "look-up":
            self._not_found(answer, error)
        elif answer.what == "cancel" or isinstance(error, (OutcomeUnknown, DuplicateOrder)):
            # A cancel that was refused may mean that the order filled: only a look-up tells.
            if answer.what == "send":
                self._doubt(name, error)
            else:
                self._lost_cancels.add(name)
            self._look_up(name, 0)
        elif isinstance(error, (NotWrittenDown, Rejected, Unavailable, AuthError)):
            self._refuse(name, error)
        else:
            _LOG.error("order %s: %s", name, error, exc_info=error)
            self._doubt(name, error)
            self._look_up(name, 0)

    def _doubt(self, name: str, error: Exception) -> None:
        # Signed before now, whenever the lane got to it: the fence counts from here.
        self._unknown_since[name] = self._runtime.clock.now()
        self._tell(self._tracker.mark(name, _S.UNKNOWN, str(error)))

    def _refuse(self, name: str, error: Exception) -> None:
        self._tell(
            self._tracker.mark(
                name,
                _S.REJECTED,
                str(error),
                insufficient_funds=isinstance(error, InsufficientFunds),
            )
        )

    def _not_found(self, answer: _Answer, error: Exception) -> None:
        name = answer.client_order_id
        order = self.orders[name]
        absent = isinstance(error, OrderNotFound)
        since = self._unknown_since.get(name)
        fence_passed = since is not None and self._runtime.clock.now() > since + _FENCE
        if absent and fence_passed and order.state is _S.UNKNOWN:
            if name in self._absent_once:
                reason = "the exchange does not have it: it never arrived"
                self._tell(self._tracker.mark(name, _S.REJECTED, reason))
                return
            self._absent_once.add(name)
        self._look_up(name, answer.attempt + 1)

    def _look_up(self, name: str, attempt: int) -> None:
        delay = _LOOK_AGAIN_S[min(attempt, len(_LOOK_AGAIN_S) - 1)]

        def ask() -> None:
            self._lane.submit(lambda: self._fetch(self.orders[name], attempt))

        if not self.orders[name].state.is_terminal or self._tracker.missing_fills(name):
            self._runtime.call_later(delay if attempt else 0.0, ask)

    def _changed(self, change: OrderChange | None) -> None:
        self._tell(change)

    def _tell(self, change: OrderChange | None) -> None:
        if change is None:
            return
        self._lane.submit(lambda: self._journal.write_change(change))
        self._listener(change)


def _caught(
    work: Callable[[], _Answer], client_order_id: str, what: str, attempt: int = 0
) -> _Answer:
    """Return the work's answer, or its error as an answer: nothing may escape a lane unheard."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the desk decides what each error means
        return _Answer(client_order_id=client_order_id, what=what, error=error, attempt=attempt)
