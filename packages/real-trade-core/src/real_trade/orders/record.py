"""One way for all knowledge of orders: into the tracker, into the journal, to whoever listens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from real_trade.model import Fill, Order, OrderReport, OrderState
from real_trade.orders.entries import Entry, Mark, Sending
from real_trade.orders.outbox import Outbox, Ticket
from real_trade.orders.tracker import Tracker
from real_trade.orders.values import Action, Finding, FindingKind, Listener, OrderChange
from real_trade.runtime.failpoints import failpoint

__all__ = ["Record"]

_LOG = logging.getLogger("real_trade.orders")
_LEVELS = {Action.IGNORE: logging.INFO, Action.ADOPT: logging.WARNING}


class Record:
    """What is known of all orders. Only Cerebro's thread touches it.

    `watchers` hear of a change before the listener does, so that what they decide is in place when
    a strategy reacts. `report_watchers` hear of every report on an order of ours once it was taken
    in, and `finders` of findings, each once.
    """

    def __init__(self, tracker: Tracker, outbox: Outbox, listener: Listener) -> None:
        self.tracker = tracker
        self.watchers: list[Listener] = []
        self.finders: list[Callable[[Finding], None]] = []
        self.report_watchers: list[Callable[[OrderReport], None]] = []
        self._outbox = outbox
        self._listener = listener
        self._unwritten: set[str] = set()
        self._found: set[Finding] = set()

    def order(self, client_order_id: str) -> Order:
        """Return an order of ours as it stands."""
        return self.tracker.orders[client_order_id]

    def begin(self, sending: Sending) -> Ticket:
        """Follow an order that is about to be sent; the ticket tells when it may be."""
        change = self.tracker.take(sending)
        ticket = self._outbox.add(sending)
        self._tell(change)
        return ticket

    def deny(self, order: Order) -> None:
        """Follow an order that may not leave. The journal has no part in it."""
        self._unwritten.add(order.client_order_id)
        self._tell(self.tracker.deny(order))

    def forget_journal_of(self, client_order_id: str) -> None:
        """Write nothing more of an order whose intent could not be written."""
        self._unwritten.add(client_order_id)

    def report(self, report: OrderReport) -> None:
        """Take an exchange's word on an order."""
        name = self.tracker.owner_of(report)
        self._take(name, report)
        if name:
            self._notice_twin(self.order(name), report)
            for watch in self.report_watchers:
                watch(report)

    def fill(self, fill: Fill) -> None:
        """Take a fill, once."""
        self._take(self.tracker.owner_of(fill), fill)

    def mark(
        self, client_order_id: str, state: OrderState, reason: str, *, no_funds: bool = False
    ) -> None:
        """Give an order a state that this side decided, where the table allows it."""
        mark = Mark(
            client_order_id=client_order_id,
            state=state,
            reason=reason,
            insufficient_funds=no_funds,
        )
        self._take(client_order_id, mark)

    def announce(self, change: OrderChange) -> None:
        """Tell the listener of a change that is no order's at the exchange."""
        self._listener(change)

    def note(self, entry: Entry) -> Ticket:
        """Write down what changes no order."""
        return self._outbox.add(entry)

    def find(self, finding: Finding) -> None:
        """Write a finding down and tell of it, unless it was told already."""
        if finding in self._found:
            return
        self._found.add(finding)
        level = _LEVELS.get(finding.action, logging.ERROR)
        _LOG.log(level, "%s: %s", finding.kind.value, finding.detail)
        self.note(finding)
        for tell in self.finders:
            tell(finding)

    def forget_findings(self) -> None:
        """Tell of everything anew that is still so."""
        self._found.clear()

    def take_quietly(self, entry: Mark) -> None:
        """Take in and write down what this side decided before anybody listened."""
        self.tracker.take(entry)
        self._outbox.add(entry)

    def _take(self, name: str, entry: OrderReport | Fill | Mark) -> None:
        before = self.tracker.knowledge(name)
        change = self.tracker.take(entry)
        after = self.tracker.knowledge(name)
        if after != before and name not in self._unwritten:
            self._outbox.add(entry)
        self._tell(change)
        if change is not None and change.fills and change.previous.is_terminal:
            self._find_late(change)
        order, known = after[0], before[0]
        if order is None or known is None:
            return
        if order.exchange_order_id != known.exchange_order_id:
            for fill in self.tracker.adopt(name):
                self._take(name, fill)

    def _notice_twin(self, order: Order, report: OrderReport) -> None:
        """Notice a second order at the exchange from one intent: somebody doubled our bytes."""
        # A conditional order may get another id once it triggers.
        known, told = order.exchange_order_id, report.exchange_order_id
        if not told or known == told or order.intent.type.is_conditional:
            return
        detail = (
            f"order {order.client_order_id} is at the exchange twice, as {known} and {told}: "
            "something between here and there doubled a request; cancel one by hand"
        )
        self.find(
            Finding(
                kind=FindingKind.DUPLICATE_ORDER,
                action=Action.HALT,
                detail=detail,
                symbol=order.symbol,
                client_order_id=order.client_order_id,
            )
        )

    def _find_late(self, change: OrderChange) -> None:
        order = change.order
        detail = (
            f"order {order.client_order_id} had ended as {change.previous.value} and has filled "
            f"{sum(fill.amount for fill in change.fills)} since: it is booked"
        )
        self.find(
            Finding(
                kind=FindingKind.LATE_FILL,
                action=Action.ALERT,
                detail=detail,
                symbol=order.symbol,
                client_order_id=order.client_order_id,
            )
        )

    def _tell(self, change: OrderChange | None) -> None:
        if change is None:
            return
        failpoint("c14")
        for watch in self.watchers:
            watch(change)
        self._listener(change)
        failpoint("c15")
