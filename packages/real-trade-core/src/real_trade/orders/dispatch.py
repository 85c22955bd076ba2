"""The last step out: written down, sent once, and the answer taken in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

import attrs

from real_trade.exchange import (
    AuthError,
    DuplicateOrder,
    InsufficientFunds,
    OutcomeUnknown,
    PairingExchange,
    Rejected,
    Unavailable,
)
from real_trade.model import OrderIntent, OrderReport, OrderState, TimeInForce
from real_trade.orders.checks import mix_up
from real_trade.orders.entries import Sending
from real_trade.orders.errands import Outcome
from real_trade.orders.journal import JournalError
from real_trade.orders.outbox import Outbox, Ticket
from real_trade.orders.parts import Parts
from real_trade.orders.resolve import Resolver
from real_trade.orders.values import Action, Finding, FindingKind
from real_trade.runtime import Clock, Lane
from real_trade.runtime.failpoints import failpoint
from real_trade.utils.errors import RealTradeError

__all__ = ["Dispatch"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState

_Reports = Mapping[str, OrderReport]


@attrs.frozen
class _Load:
    """What one request carries: an order, or a pair of which one cancels the other."""

    intents: tuple[OrderIntent, ...]
    tickets: tuple[Ticket, ...]
    deadline: datetime
    last_s: float


class Dispatch:
    """Brings orders to the exchange, each once, and takes the answers in.

    `unsent_watchers` hear of an order that certainly never left, before it is marked rejected: its
    client order id, and for how many seconds nothing can be sent.
    """

    def __init__(
        self, parts: Parts, lane: Lane, outbox: Outbox, resolver: Resolver, clock: Clock
    ) -> None:
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._patience_s = parts.settings.send_within_s
        self._lane = lane
        self._outbox = outbox
        self._resolver = resolver
        self._clock = clock
        self.unsent_watchers: list[Callable[[str, float], None]] = []

    def send(self, *intents: OrderIntent) -> None:
        """Write one order down, or a pair, and send it once it is written."""
        deadline = self._clock.now() + timedelta(seconds=self._patience_s)
        load = _Load(
            intents,
            tuple(
                self._record.begin(Sending(intent=intent, deadline=deadline)) for intent in intents
            ),
            deadline,
            self._errands.now_s + self._patience_s,
        )
        self._errands.run(
            self._lane, lambda: self._send(load), lambda outcome: self._sent(intents, outcome)
        )

    # On the order lane

    def _send(self, load: _Load) -> _Reports:
        failpoint("c03")
        if any(not one.is_written and one.error is None for one in load.tickets):
            self._outbox.flush()
        for ticket in load.tickets:
            if ticket.error is not None:
                raise ticket.error
        failpoint("c05")
        # Both clocks: one stands still while the machine sleeps, the other can be set.
        if self._clock.now() > load.deadline or self._errands.now_s > load.last_s:
            raise Unavailable(f"the order waited more than {self._patience_s:g} s and was not sent")
        reports = self._submit([self._native(intent) for intent in load.intents])
        failpoint("c12")
        return reports

    def _submit(self, intents: list[OrderIntent]) -> _Reports:
        if len(intents) == 1:
            return {intents[0].client_order_id: self._exchange.submit(intents[0])}
        first, second = intents
        answers = cast("PairingExchange", self._exchange).submit_oco(first, second)
        return {report.client_order_id: report for report in answers}

    def _native(self, intent: OrderIntent) -> OrderIntent:
        """Return what the exchange is sent: an end that it cannot keep is kept by us."""
        if intent.time_in_force is not TimeInForce.GTD:
            return intent
        if TimeInForce.GTD in self._exchange.capabilities.times_in_force:
            return intent
        return attrs.evolve(intent, time_in_force=TimeInForce.GTC, expires_at=None)

    # On Cerebro's thread

    def _sent(self, intents: tuple[OrderIntent, ...], outcome: Outcome[_Reports]) -> None:
        for intent in intents:
            if outcome.value is None:
                self._failed(intent, outcome.error, outcome.ended_s)
            else:
                self._answered(intent, outcome.value, outcome.ended_s)

    def _answered(self, intent: OrderIntent, reports: _Reports, ended_s: float) -> None:
        name = intent.client_order_id
        report = reports.get(name) or next(iter(reports.values()))
        wrong = mix_up(intent, report)
        if not wrong:
            self._record.report(report)
            return
        detail = f"the exchange answered for another order: {wrong}"
        self._record.find(
            Finding(
                kind=FindingKind.MIXED_UP,
                action=Action.HALT_SYMBOL,
                detail=detail,
                symbol=intent.symbol,
                client_order_id=name,
            )
        )
        self._doubt(name, detail, ended_s)

    def _failed(self, intent: OrderIntent, error: Exception | None, ended_s: float) -> None:
        name = intent.client_order_id
        if isinstance(error, JournalError):
            self._record.forget_journal_of(name)
            self._refuse(intent, error)
        elif isinstance(error, (DuplicateOrder, OutcomeUnknown)):
            self._doubt(name, str(error), ended_s)
        elif isinstance(error, (Rejected, Unavailable, AuthError)):
            self._refuse(intent, error)
        else:
            _LOG.error("order %s: %s", name, error, exc_info=error)
            self._doubt(name, f"{type(error).__name__}: {error}", ended_s)

    def _doubt(self, name: str, reason: str, ended_s: float) -> None:
        if self._record.order(name).state is not _S.SUBMITTED:
            return  # the stream has told already
        self._record.mark(name, _S.UNKNOWN, reason)
        self._resolver.ask(name, began_s=ended_s)

    def _refuse(self, intent: OrderIntent, error: RealTradeError) -> None:
        name = intent.client_order_id
        if isinstance(error, AuthError):
            detail = f"the exchange refuses the key: {error}"
            self._record.find(Finding(kind=FindingKind.KEY, action=Action.HALT, detail=detail))
        if self._record.order(name).state is not _S.SUBMITTED:
            self._resolver.ask(name)  # refused, and yet the stream has told of it
            return
        if isinstance(error, Unavailable):
            for watch in self.unsent_watchers:
                watch(name, error.retry_after_s or 0.0)
        reason = f"{error}; {error.remedy}" if error.remedy else str(error)
        no_funds = isinstance(error, InsufficientFunds)
        self._record.mark(name, _S.REJECTED, reason, no_funds=no_funds)
