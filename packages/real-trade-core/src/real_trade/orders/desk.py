"""The way out: refuse, round, guard, write down, send once; and the way back in for orders.

All methods run on Cerebro's thread and none blocks; what blocks (the journal's disk, the exchange)
runs on lanes, whose answers come back through the inbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from real_trade.exchange import (
    AuthError,
    DuplicateOrder,
    Exchange,
    InsufficientFunds,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from real_trade.model import (
    Channel,
    ConnectionChanged,
    ConnectionState,
    Fill,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
)
from real_trade.orders.cancels import Cancels
from real_trade.orders.checks import fault_of, mix_up, rounded
from real_trade.orders.entries import Cancel, Mark, Sending, Watermark
from real_trade.orders.errands import Errands, Outcome, Turn
from real_trade.orders.holdings_check import Held, HoldingsCheck
from real_trade.orders.journal import Journal, JournalError
from real_trade.orders.missing_fills import MissingFills
from real_trade.orders.outbox import Outbox, Ticket
from real_trade.orders.parts import Parts
from real_trade.orders.reconcile import Reconciler
from real_trade.orders.record import Record
from real_trade.orders.resolve import Resolver
from real_trade.orders.settings import DeskSettings
from real_trade.orders.tracker import Tracker
from real_trade.orders.values import Action, Finding, FindingKind, Guard, Listener, Restored
from real_trade.runtime import Inbox, Runtime
from real_trade.runtime.failpoints import failpoint
from real_trade.utils.errors import RealTradeError

__all__ = ["OrderDesk"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState
_JOURNAL_AGAIN_S = 5.0
_CANCEL_GIVEN_UP = {_S.ACCEPTED, _S.PARTIALLY_FILLED}


class OrderDesk:
    """The orders of one account on one market.

    An order is sent once. Whatever leaves open whether it arrived makes it UNKNOWN, until the
    exchange's word, or the fence, ends that; nothing is ever sent a second time.

    Args:
        exchange: where orders go; called on lanes only, but for its instruments.
        journal: written before anything is sent.
        listener: told of every change, on Cerebro's thread.
        guard: asked before an order leaves; its answer, unless empty, denies the order.
        reference: the last known price of a symbol, or None.
        on_finding: told of every difference between our books and the exchange's.
        held: what our fills add up to, by symbol; compared with the account's holdings where given.
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
        on_finding: Callable[[Finding], None] | None = None,
        settings: DeskSettings | None = None,
        held: Held | None = None,
    ) -> None:
        self.halted_symbols: dict[str, str] = {}
        self._halts: dict[FindingKind, str] = {}
        self._to_cancel: dict[str, None] = {}
        self._exchange = exchange
        self._runtime = runtime
        self._inbox = inbox
        self._journal = journal
        self._guard = guard
        self._reference = reference
        self._settings = settings or DeskSettings()
        self._errands = Errands(runtime, inbox)
        self._lane = runtime.lane("orders")
        self._cancel_lane = runtime.lane("cancels")
        self._look_up_lane = runtime.lane("look-ups")
        self._tracker = Tracker()
        self._outbox = Outbox(journal, self._lane, self._journal_failed)
        self._record = Record(self._tracker, self._outbox, listener)
        self._record.finders.append(self._halt_if_told)
        if on_finding is not None:
            self._record.finders.append(on_finding)
        self._assemble(held)

    def _assemble(self, held: Held | None) -> None:
        parts = Parts(
            record=self._record,
            exchange=self._exchange,
            errands=self._errands,
            settings=self._settings,
        )
        look_ups = self._look_up_lane
        self._resolver = Resolver(parts, look_ups)
        self._record.report_watchers.append(MissingFills(parts, look_ups).look_after)
        self._cancels = Cancels(parts, self._cancel_lane, self._resolver)
        check = held and HoldingsCheck(self._record, self._exchange.instruments, held)
        self._reconciler = Reconciler(
            parts, look_ups, self._resolver, self._journal.is_own_id, check
        )

    # What is known

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return all orders of ours by client order id."""
        return self._tracker.orders

    def open_orders(self) -> list[Order]:
        """Return every order that may still rest at the exchange, UNKNOWN ones too."""
        return self._tracker.open_orders()

    @property
    def foreign_orders(self) -> Mapping[str, OrderReport]:
        """Return the account's open orders that are not ours."""
        return self._tracker.foreign_orders

    @property
    def ignored(self) -> int:
        """Return how many times something was told that cannot be."""
        return self._tracker.ignored

    @property
    def is_reconciled(self) -> bool:
        """Whether our books were compared with the exchange's since the start."""
        return self._reconciler.is_done

    @property
    def halted(self) -> str:
        """Return why nothing new is sent, "" while it is."""
        return "; ".join(self._halts.values())

    def resume(self) -> None:
        """Send orders again, once a person has seen to what `halted` and `halted_symbols` tell."""
        self._halts.clear()
        self.halted_symbols.clear()
        self._record.forget_findings()

    # The way out

    def new_client_order_id(self) -> str:
        """Return an id that was never used before."""
        return self._journal.next_client_order_id()

    def submit(self, intent: OrderIntent) -> Order:
        """Let an order leave, or deny it; returns it as it stands then.

        Raises:
            ValueError: the client order id is used already.
        """
        instrument = self._exchange.instruments().get(intent.symbol)
        fault = self._halt_of(intent)
        if instrument is None:
            fault = fault or f"the exchange has no symbol {intent.symbol}"
        elif not fault:
            intent = rounded(intent, instrument)
            reference = self._reference(intent.symbol)
            fault = fault_of(intent, instrument, self._exchange.capabilities, reference)
        failpoint("c01")
        fault = fault or self._guard(intent)
        failpoint("c02")
        if fault:
            self._record.deny(Order(intent=intent, reason=fault))
        else:
            self._begin(intent)
        return self.orders[intent.client_order_id]

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancel; what becomes of it, the exchange says.

        Raises:
            RealTradeError: there is no such order of ours.
        """
        if client_order_id not in self.orders:
            raise RealTradeError(
                f"there is no order {client_order_id!r} of ours to cancel",
                remedy="cancel an order that buy() or sell() returned",
            )
        self._cancels.want(client_order_id)

    def declare_absent(self, client_order_id: str) -> None:
        """End an UNKNOWN order as REJECTED, by a person's word that the exchange never had it."""
        if self.orders[client_order_id].state is not _S.UNKNOWN:
            raise RealTradeError(f"order {client_order_id} is not unknown")
        self._record.mark(client_order_id, _S.REJECTED, "declared absent by a person")

    def _halt_of(self, intent: OrderIntent) -> str:
        if self._halts:
            return f"trading is halted: {self.halted}"
        if intent.symbol in self.halted_symbols:
            return f"{intent.symbol} is halted: {self.halted_symbols[intent.symbol]}"
        since_s = self._resolver.unknown_since_s
        if since_s is not None and self._errands.now_s - since_s > self._settings.halt_after_s:
            return "an earlier order's fate is still unknown; nothing new is sent until it is known"
        return ""

    def _begin(self, intent: OrderIntent) -> None:
        clock = self._runtime.clock
        patience = timedelta(seconds=self._settings.send_within_s)
        deadline = clock.now() + patience
        ticket = self._record.begin(Sending(intent=intent, deadline=deadline))
        last_s = self._errands.now_s + self._settings.send_within_s
        self._errands.run(
            self._lane,
            lambda: self._send(intent, ticket, deadline, last_s),
            lambda outcome: self._sent(intent, outcome),
        )

    # On the order lane

    def _send(
        self, intent: OrderIntent, ticket: Ticket, deadline: datetime, last_s: float
    ) -> OrderReport:
        failpoint("c03")
        if not ticket.is_written and ticket.error is None:
            self._outbox.flush()
        if ticket.error is not None:
            raise ticket.error
        failpoint("c05")
        # Both clocks: one stands still while the machine sleeps, the other can be set.
        if self._runtime.clock.now() > deadline or self._errands.now_s > last_s:
            raise Unavailable(
                f"the order waited more than {self._settings.send_within_s:g} s and was not sent"
            )
        report = self._exchange.submit(intent)
        failpoint("c12")
        return report

    def _journal_failed(self, error: JournalError) -> None:
        self._errands.soon(lambda: self._tell_of_journal(error))

    # The way in

    def apply(self, value: object) -> bool:
        """Take a value from the inbox; return whether it was for the desk."""
        if isinstance(value, Turn) and value.owner is self._errands:
            self._errands.take(value)
        elif isinstance(value, OrderReport):
            failpoint("c26")
            self._record.report(value)
        elif isinstance(value, Fill):
            failpoint("c26")
            self._record.fill(value)
        elif isinstance(value, ConnectionChanged) and value.channel is Channel.ACCOUNT:
            if value.state is ConnectionState.CONNECTED:
                self.reconcile()
        else:
            return False
        return True

    def _sent(self, intent: OrderIntent, outcome: Outcome[OrderReport]) -> None:
        name, report, error = intent.client_order_id, outcome.value, outcome.error
        if report is not None:
            wrong = mix_up(intent, report)
            if not wrong:
                self._record.report(report)
                return
            detail = f"the exchange answered for another order: {wrong}"
            self._find(FindingKind.MIXED_UP, Action.HALT_SYMBOL, detail, intent)
            self._doubt(name, detail, outcome.ended_s)
        elif isinstance(error, JournalError):
            self._record.forget_journal_of(name)
            self._refuse(intent, error)
        elif isinstance(error, (DuplicateOrder, OutcomeUnknown)):
            self._doubt(name, str(error), outcome.ended_s)
        elif isinstance(error, (Rejected, Unavailable, AuthError)):
            self._refuse(intent, error)
        else:
            _LOG.error("order %s: %s", name, error, exc_info=error)
            self._doubt(name, f"{type(error).__name__}: {error}", outcome.ended_s)

    def _doubt(self, name: str, reason: str, ended_s: float) -> None:
        if self.orders[name].state is not _S.SUBMITTED:
            return  # the stream has told already
        self._record.mark(name, _S.UNKNOWN, reason)
        self._resolver.ask(name, began_s=ended_s)

    def _refuse(self, intent: OrderIntent, error: RealTradeError) -> None:
        name = intent.client_order_id
        if isinstance(error, AuthError):
            detail = f"the exchange refuses the key: {error}"
            self._record.find(Finding(kind=FindingKind.KEY, action=Action.HALT, detail=detail))
        if self.orders[name].state is not _S.SUBMITTED:
            self._resolver.ask(name)  # refused, and yet the stream has told of it
            return
        reason = f"{error}; {error.remedy}" if error.remedy else str(error)
        no_funds = isinstance(error, InsufficientFunds)
        self._record.mark(name, _S.REJECTED, reason, no_funds=no_funds)

    def _tell_of_journal(self, error: JournalError) -> None:
        detail = f"{error}; {error.remedy}" if error.remedy else str(error)
        action = Action.HALT if error.is_final else Action.ALERT
        self._record.find(Finding(kind=FindingKind.JOURNAL, action=action, detail=detail))
        if self._outbox.has_left_overs and not error.is_final:
            self._errands.later(_JOURNAL_AGAIN_S, lambda: self._lane.submit(self._outbox.flush))

    def _find(self, kind: FindingKind, action: Action, detail: str, intent: OrderIntent) -> None:
        self._record.find(
            Finding(
                kind=kind,
                action=action,
                detail=detail,
                symbol=intent.symbol,
                client_order_id=intent.client_order_id,
            )
        )

    def _halt_if_told(self, finding: Finding) -> None:
        if finding.action is Action.HALT:
            self._halts[finding.kind] = finding.detail
        elif finding.action is Action.HALT_SYMBOL:
            self.halted_symbols[finding.symbol] = finding.detail

    # Life

    def restore(self) -> Restored:
        """Take in what the journal has, before `start`; nobody is told of it again.

        An order that was about to be sent may have been: it comes back UNKNOWN.
        """
        watermarks = {}
        for entry in self._journal.replay():
            self._tracker.take(entry)
            if isinstance(entry, Watermark):
                watermarks[entry.symbol] = entry.time
            elif isinstance(entry, Cancel):
                self._to_cancel[entry.client_order_id] = None
            elif isinstance(entry, Mark) and entry.state in _CANCEL_GIVEN_UP:
                self._to_cancel.pop(entry.client_order_id, None)
        for order in self.open_orders():
            if order.state is _S.SUBMITTED:
                self._record.take_quietly(
                    Mark(
                        client_order_id=order.client_order_id,
                        state=_S.UNKNOWN,
                        reason="the program ended while the order was being sent",
                    )
                )
        self._reconciler.restore(watermarks)
        fills = [fill for order in self.orders.values() for fill in order.fills]
        return Restored(
            orders=tuple(self.open_orders()),
            fills=tuple(sorted(fills, key=lambda fill: fill.time)),
        )

    def start(self) -> None:
        """Ask about every restored order, and compare our books with the exchange's.

        A cancel that was wanted before the restart is seen through.
        """
        for order in self.open_orders():
            self._resolver.ask(order.client_order_id)
            if order.client_order_id in self._to_cancel:
                self._cancels.restore(order.client_order_id)
        self.reconcile()

    def reconcile(self) -> None:
        """Compare open orders and fills with the exchange's, off Cerebro's thread."""
        self._reconciler.run()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish what was decided, take in what came of it, and write it down.

        Returns False if the lanes took longer than `timeout_s` each.
        """
        lanes = (self._lane, self._cancel_lane, self._look_up_lane)
        in_time = [lane.close(timeout_s) for lane in lanes]
        for value in self._inbox.drain():
            self.apply(value)
        self._errands.close()
        if all(in_time):
            failpoint("c40")
            self._outbox.flush()
        return all(in_time)
