"""The way out: refuse, round, guard, write down, send once; and the way back in for orders.

All methods run on Cerebro's thread and none blocks; what blocks (the journal's disk, the exchange)
runs on lanes, whose answers come back through the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from real_trade.exchange import Exchange
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
from real_trade.orders.checks import fault_of, rounded
from real_trade.orders.dispatch import Dispatch
from real_trade.orders.entries import Cancel, Mark, Watermark
from real_trade.orders.errands import Errands, Turn
from real_trade.orders.holdings_check import Held, HoldingsCheck
from real_trade.orders.journal import Journal, JournalError
from real_trade.orders.legs import unpairable
from real_trade.orders.linked import Linked
from real_trade.orders.missing_fills import MissingFills
from real_trade.orders.outbox import Outbox
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
        clock = self._runtime.clock
        self._dispatch = Dispatch(parts, self._lane, self._outbox, self._resolver, clock)
        self._linked = Linked(parts, self, clock, self._reference)
        self._dispatch.unsent_watchers.append(self._linked.unsent)

    # What is known

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return all orders of ours by client order id."""
        return self._tracker.orders

    def open_orders(self) -> list[Order]:
        """Return every order that may still rest at the exchange, UNKNOWN ones too."""
        return self._tracker.open_orders()

    @property
    def linked(self) -> Linked:
        """Return what is known of orders that belong together."""
        return self._linked

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
        intent, fault = self._checked(intent)
        if fault:
            self._record.deny(Order(intent=intent, reason=fault))
        else:
            self._dispatch.send(intent)
        return self.orders[intent.client_order_id]

    def submit_pair(self, first: OrderIntent, second: OrderIntent) -> None:
        """Let a pair leave that the exchange cancels by itself, or deny both."""
        checked = [self._checked(first), self._checked(second)]
        fault = next((fault for _, fault in checked if fault), "")
        intents = [intent for intent, _ in checked]
        if fault:
            for intent in intents:
                self._record.deny(Order(intent=intent, reason=fault))
        else:
            self._dispatch.send(*intents)

    def submit_together(
        self, intents: list[OrderIntent], children: Mapping[str, list[OrderIntent]]
    ) -> None:
        """Let the orders of one turn leave, of which some may belong together.

        Args:
            intents: in the order of the decisions; orders with the same OCO tag are a group, of
                which a fill of one cancels the others.
            children: by the id of an order of ours, those that wait until it fills, of which a fill
                of one cancels the others; one that cannot be kept is denied.
        """
        for parent, held in children.items():
            instrument = self._exchange.instruments()[held[0].symbol]
            has_oco = self._exchange.capabilities.oco
            faults = unpairable(held, instrument, has_oco=has_oco)
            for intent in held:
                if intent.client_order_id in faults:
                    reason = faults[intent.client_order_id]
                    self._record.deny(Order(intent=intent, reason=reason))
            kept = [one for one in held if one.client_order_id not in faults]
            self._linked.hold(kept, parent)
        self._linked.place(intents)

    def _checked(self, intent: OrderIntent) -> tuple[OrderIntent, str]:
        """Return the intent on the instrument's steps, and why it may not leave, or ""."""
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
        return intent, fault

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancel; what becomes of it, the exchange says.

        Orders that belong together end together: the others of an OCO group, and the other exits of
        a bracket.

        Raises:
            RealTradeError: there is no such order of ours.
        """
        if self._linked.cancel(client_order_id):
            return
        if client_order_id not in self.orders:
            raise RealTradeError(
                f"there is no order {client_order_id!r} of ours to cancel",
                remedy="cancel an order that buy() or sell() returned",
            )
        self.want_cancel(client_order_id)

    def want_cancel(self, client_order_id: str) -> None:
        """Ask for the cancel of one order alone."""
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

    def _tell_of_journal(self, error: JournalError) -> None:
        detail = f"{error}; {error.remedy}" if error.remedy else str(error)
        action = Action.HALT if error.is_final else Action.ALERT
        self._record.find(Finding(kind=FindingKind.JOURNAL, action=action, detail=detail))
        if self._outbox.has_left_overs and not error.is_final:
            self._errands.later(_JOURNAL_AGAIN_S, lambda: self._lane.submit(self._outbox.flush))

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
            self._linked.take(entry)
            if isinstance(entry, Watermark):
                watermarks[entry.symbol] = entry.time
            elif isinstance(entry, Cancel):
                self._to_cancel[entry.client_order_id] = None
            elif isinstance(entry, Mark) and entry.state in _CANCEL_GIVEN_UP:
                self._to_cancel.pop(entry.client_order_id, None)
        self._linked.settle()
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
            orders=tuple(
                order for order in self._linked.asked_orders().values() if order.state.is_open
            ),
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
        self._linked.start()
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
