"""Mistakes that trading systems have made, as patches: the storm must find every one.

Each is a context manager. `in_a_crash` are those that only a restart shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import attrs

from real_trade.common.books import Books, _Held
from real_trade.common.restoring import Restorer
from real_trade.exchange import OrderNotFound, OutcomeUnknown, Rejected, Unavailable
from real_trade.model import OrderState
from real_trade.orders.cancels import Cancels
from real_trade.orders.desk import OrderDesk
from real_trade.orders.dispatch import Dispatch
from real_trade.orders.entries import Sending
from real_trade.orders.ids import ClientOrderIds
from real_trade.orders.missing_fills import MissingFills
from real_trade.orders.outbox import Outbox
from real_trade.orders.reconcile import Reconciler
from real_trade.orders.resolve import Resolver
from real_trade.orders.tracker import Tracker

__all__ = ["BUGS", "IN_A_CRASH"]

_S = OrderState
BUGS: dict[str, Callable[[], Any]] = {}
IN_A_CRASH: set[str] = set()


def _never_compares(self: Any) -> None:
    self.is_done = True


def bug(function: Callable[[], Iterator[None]]) -> Callable[[], Any]:
    """Take a mistake into the list."""
    made = contextmanager(function)
    BUGS[function.__name__] = made
    return made


def crash_bug(function: Callable[[], Iterator[None]]) -> Callable[[], Any]:
    """Take a mistake that only a restart shows into the list."""
    IN_A_CRASH.add(function.__name__)
    return bug(function)


@bug
def retries_an_order_whose_answer_was_lost() -> Iterator[None]:
    usual = Dispatch._submit

    def submit(self: Any, intents: Any) -> Any:
        try:
            return usual(self, intents)
        except OutcomeUnknown:
            return usual(self, intents)

    with patch.object(Dispatch, "_submit", submit):
        yield


@bug
def retries_under_a_new_id() -> Iterator[None]:
    usual = Dispatch._submit

    def submit(self: Any, intents: Any) -> Any:
        try:
            return usual(self, intents)
        except OutcomeUnknown:
            found = {}
            for intent in intents:
                name = intent.client_order_id
                again = attrs.evolve(intent, client_order_id=f"{name}again")
                report = self._exchange.submit(again)
                found[name] = attrs.evolve(report, client_order_id=name)
            return found

    with patch.object(Dispatch, "_submit", submit):
        yield


@bug
def takes_a_lost_answer_for_a_refusal() -> Iterator[None]:
    usual = Dispatch._failed

    def failed(self: Any, intent: Any, error: Any, ended_s: float) -> None:
        if isinstance(error, OutcomeUnknown):
            error = Rejected("timeout")
        usual(self, intent, error, ended_s)

    with patch.object(Dispatch, "_failed", failed):
        yield


@bug
def takes_not_found_for_never_arrived() -> Iterator[None]:
    def not_found(self: Any, doubt: Any, look: Any) -> None:
        del look
        if self._record.order(doubt.client_order_id).state is _S.UNKNOWN:
            self._record.mark(doubt.client_order_id, _S.REJECTED, "not found")
        else:
            self._ask_later(doubt)

    with patch.object(Resolver, "_not_found", not_found):
        yield


@bug
def takes_a_cancel_that_finds_nothing_for_a_cancel() -> Iterator[None]:
    usual = Cancels._answered

    def answered(self: Any, name: str, outcome: Any) -> None:
        if isinstance(outcome.error, OrderNotFound):
            self._record.mark(name, _S.CANCELED, "not found")
            return
        usual(self, name, outcome)

    with patch.object(Cancels, "_answered", answered):
        yield


@bug
def takes_a_cancel_without_an_answer_for_a_cancel() -> Iterator[None]:
    usual = Cancels._answered

    def answered(self: Any, name: str, outcome: Any) -> None:
        if isinstance(outcome.error, (OutcomeUnknown, Unavailable)):
            self._record.mark(name, _S.CANCELED, "asked for")
            return
        usual(self, name, outcome)

    with patch.object(Cancels, "_answered", answered):
        yield


@bug
def counts_a_fill_that_is_told_twice_twice() -> Iterator[None]:
    class Forgetful(set):  # type: ignore[type-arg]
        def __contains__(self, key: object) -> bool:
            return False

    usual = Tracker.__init__

    def begin(self: Any) -> None:
        usual(self)
        self._trades = Forgetful()

    with patch.object(Tracker, "__init__", begin):
        yield


@bug
def knows_fills_by_their_order_alone() -> Iterator[None]:
    usual = Tracker._fresh

    def fresh(self: Any, order: Any, fills: Any) -> Any:
        found = usual(self, order, fills)
        return () if order.fills else found[:1]

    with patch.object(Tracker, "_fresh", fresh):
        yield


@bug
def drops_fills_after_the_end() -> Iterator[None]:
    usual = Tracker._fresh

    def fresh(self: Any, order: Any, fills: Any) -> Any:
        return () if order.state.is_terminal else usual(self, order, fills)

    # A canceled order whose fills are still on their way ends too early in such systems.
    settled = Tracker._settled

    def too_early(self: Any, order: Any, told: Any) -> Any:
        final = self._final.get(order.client_order_id)
        if final is not None and final is not _S.FILLED:
            return self._moved(order, final)
        return settled(self, order, told)

    with patch.object(Tracker, "_fresh", fresh), patch.object(Tracker, "_settled", too_early):
        yield


@bug
def loses_what_filled_before_a_cancel() -> Iterator[None]:
    usual = Tracker._take_report

    def take(self: Any, report: Any) -> Any:
        if report.state is _S.CANCELED:
            report = attrs.evolve(report, fills=(), filled=type(report.filled)(0))
        return usual(self, report)

    with (
        patch.object(Tracker, "_take_report", take),
        patch.object(MissingFills, "look_after", lambda self, report: None),
        patch.object(Reconciler, "run", _never_compares),
    ):
        yield


@bug
def never_fetches_what_was_not_told() -> Iterator[None]:
    with (
        patch.object(MissingFills, "look_after", lambda self, report: None),
        patch.object(Reconciler, "_take_fills", lambda self, fills: None),
    ):
        yield


@bug
def believes_the_stream_alone() -> Iterator[None]:
    with (
        patch.object(Reconciler, "run", _never_compares),
        patch.object(Resolver, "ask", lambda self, *a, **k: None),
        patch.object(MissingFills, "look_after", lambda self, report: None),
    ):
        yield


@bug
def adds_fills_to_a_balance_that_knows_them() -> Iterator[None]:
    def change(self: Any, amount: Any, time: Any) -> None:
        self.since.append((time, amount))
        self.total += amount

    def tell(self: Any, told: Any, at: Any) -> None:
        if at < self.at:
            return
        self.told, self.at = told, at
        self.total = told + sum(amount for time, amount in self.since if time >= at)

    with patch.object(_Held, "change", change), patch.object(_Held, "tell", tell):
        yield


@bug
def forgets_that_fees_are_taken_in_coins() -> Iterator[None]:
    usual = Books.rebook

    def rebook(self: Any, fill: Any, rate: Any) -> Any:
        return usual(self, attrs.evolve(fill, fee_asset=self.quote), rate)

    with patch.object(Books, "rebook", rebook):
        yield


@bug
def asks_once_and_gives_up() -> Iterator[None]:
    def failed(self: Any, doubt: Any, error: Any) -> None:
        del error
        self._end(doubt)

    def later(self: Any, doubt: Any, at_least_s: float = 0.0) -> None:
        del at_least_s
        self._end(doubt)

    with (
        patch.object(Resolver, "_failed", failed),
        patch.object(Resolver, "_ask_later", later),
        patch.object(Reconciler, "run", _never_compares),
    ):
        yield


@crash_bug
def writes_down_after_sending() -> Iterator[None]:
    usual_add, usual_send = Outbox.add, Dispatch._send

    def add(self: Any, entry: Any) -> Any:
        if not isinstance(entry, Sending):
            return usual_add(self, entry)
        from real_trade.orders.outbox import Ticket

        ticket = Ticket(entry)
        ticket.is_written = True
        self.__dict__.setdefault("_late", {})[entry.intent.client_order_id] = ticket
        return ticket

    def send(self: Any, load: Any) -> Any:
        reports = usual_send(self, load)
        for intent in load.intents:
            ticket = self._outbox.__dict__.get("_late", {}).pop(intent.client_order_id, None)
            if ticket is not None:
                self._outbox._waiting.append(ticket)
                self._outbox.flush()
        return reports

    with patch.object(Outbox, "add", add), patch.object(Dispatch, "_send", send):
        yield


@crash_bug
def sends_again_what_was_under_way_at_the_crash() -> Iterator[None]:
    usual = OrderDesk.start

    def start(self: Any) -> None:
        for order in self.open_orders():
            if order.state is _S.UNKNOWN and not order.exchange_order_id:
                self.submit(attrs.evolve(order.intent, client_order_id=self.new_client_order_id()))
                self._record.mark(order.client_order_id, _S.REJECTED, "sent again")
        usual(self)

    with (
        patch.object(OrderDesk, "start", start),
        patch("real_trade.common.gate.OrderGate.fault_of", lambda self, intent: ""),
    ):
        yield


@crash_bug
def takes_what_was_under_way_at_the_crash_for_unsent() -> Iterator[None]:
    usual = OrderDesk.start

    def start(self: Any) -> None:
        for order in self.open_orders():
            if order.state is _S.UNKNOWN:
                self._record.mark(order.client_order_id, _S.REJECTED, "the program ended")
        usual(self)

    with patch.object(OrderDesk, "start", start):
        yield


@crash_bug
def counts_ids_from_one_after_a_restart() -> Iterator[None]:
    usual = ClientOrderIds.__init__

    def begin(self: Any, bot: str, epoch: int) -> None:
        usual(self, bot, min(epoch, 1))

    with patch.object(ClientOrderIds, "__init__", begin):
        yield


@crash_bug
def forgets_its_position_at_a_restart() -> Iterator[None]:
    with patch.object(Restorer, "_book", lambda self, fills, needed: None):
        yield


@crash_bug
def counts_old_fills_into_cash_at_a_restart() -> Iterator[None]:
    usual = Books.rebook

    def rebook(self: Any, fill: Any, rate: Any) -> Any:
        booked = usual(self, fill, rate)
        if fill.time <= self._loaded_at:
            held = self._asset(self.quote)
            held.total -= fill.amount * fill.price * fill.side.sign
        return booked

    with (
        patch.object(Books, "rebook", rebook),
        patch.object(_Held, "tell", _only_first),
    ):
        yield


def _only_first(held: Any, told: Any, at: Any) -> None:
    """Take the exchange's word only once, as systems do that keep their own balance."""
    if not held.told:
        held.told = held.total = told
        held.at = at


@crash_bug
def knows_nothing_of_the_orders_before_the_restart() -> Iterator[None]:
    from real_trade.orders import Restored

    with (
        patch.object(OrderDesk, "restore", lambda self: Restored()),
        patch.object(Restorer, "orders", lambda self, feeds: {}),
    ):
        yield
