"""Cancels: wishes until the exchange has the last word. A cancel can do no harm twice, so one that
may not have arrived is sent again, a bounded number of times."""

from __future__ import annotations

import logging

from real_trade.exchange import AuthError, OrderNotFound, OutcomeUnknown, Unavailable
from real_trade.model import Order, OrderReport, OrderState
from real_trade.orders.entries import Cancel
from real_trade.orders.errands import Outcome
from real_trade.orders.parts import Parts
from real_trade.orders.resolve import Resolver
from real_trade.orders.values import Action, Finding, FindingKind, OrderChange
from real_trade.runtime import Lane
from real_trade.runtime.failpoints import failpoint

__all__ = ["Cancels"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState
_AGAIN = (Unavailable, OutcomeUnknown, OrderNotFound)
_LOOK_AFTER_S = 1.0


class Cancels:
    """Brings cancels to the exchange, on a lane of their own: nothing that is sent holds them up,
    and neither does the journal."""

    def __init__(self, parts: Parts, lane: Lane, resolver: Resolver) -> None:
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._settings = parts.settings
        self._lane = lane
        self._resolver = resolver
        self._wishes: dict[str, int] = {}
        self._record.watchers.append(self._watch)

    def want(self, client_order_id: str) -> None:
        """Bring the order to an end as soon as the exchange can know it."""
        order = self._record.order(client_order_id)
        if order.state.is_terminal or client_order_id in self._wishes:
            return
        failpoint("c16")
        self._record.note(Cancel(client_order_id=client_order_id))
        self._wishes[client_order_id] = 0
        if order.state is not _S.SUBMITTED:
            self._send(order)

    def restore(self, client_order_id: str) -> None:
        """Take up a wish from before a restart, once it is known how the order stands."""
        self._wishes[client_order_id] = 0
        self._resolver.ask(client_order_id, then=lambda: self._known(client_order_id))

    def _watch(self, change: OrderChange) -> None:
        name = change.order.client_order_id
        if name not in self._wishes:
            return
        if change.order.state.is_terminal:
            del self._wishes[name]
        elif change.previous in {_S.SUBMITTED, _S.UNKNOWN}:
            # Its send was under way until now, and a cancel must not overtake it.
            self._errands.soon(lambda: self._send_if_wanted(name))

    def _send_if_wanted(self, name: str) -> None:
        if name in self._wishes:
            self._send(self._record.order(name))

    def _send(self, order: Order) -> None:
        name = order.client_order_id
        if order.state is not _S.UNKNOWN:
            self._record.mark(name, _S.PENDING_CANCEL, "")
        self._errands.run(
            self._lane,
            lambda: self._ask(order),
            lambda outcome: self._answered(name, outcome),
        )

    def _ask(self, order: Order) -> OrderReport:
        failpoint("c18")
        report = self._exchange.cancel(order.symbol, order.client_order_id)
        failpoint("c19")
        return report

    def _answered(self, name: str, outcome: Outcome[OrderReport]) -> None:
        error = outcome.error
        if outcome.value is not None:
            self._record.report(outcome.value)
            failpoint("c20")
            if name in self._wishes:
                # Taken, and not carried out yet.
                self._resolver.ask(name, delay_s=_LOOK_AFTER_S, then=lambda: self._known(name))
            return
        _LOG.warning("cancel of order %s: %s", name, error)
        if isinstance(error, AuthError):
            detail = f"the exchange refuses the key: {error}"
            self._record.find(Finding(kind=FindingKind.KEY, action=Action.HALT, detail=detail))
        # Whatever it was: the order may have filled, ended, or never heard of it.
        self._resolver.ask(name, then=lambda: self._known(name, error))

    def _known(self, name: str, error: Exception | None = None) -> None:
        """Go on once a look-up has told how the order stands after a cancel without effect."""
        attempt = self._wishes.get(name)
        order = self._record.order(name)
        if attempt is None or order.state.is_terminal:
            return
        pauses = self._settings.cancel_after_s
        if attempt < len(pauses) and (error is None or isinstance(error, _AGAIN)):
            self._wishes[name] = attempt + 1
            self._errands.later(pauses[attempt], lambda: self._send_if_wanted(name))
        else:
            self._give_up(order, error)

    def _give_up(self, order: Order, error: Exception | None) -> None:
        name = order.client_order_id
        del self._wishes[name]
        why = f"the cancel had no effect: {error}" if error else "the cancel had no effect"
        if order.state is _S.PENDING_CANCEL:
            back = _S.PARTIALLY_FILLED if order.fills else _S.ACCEPTED
            self._record.mark(name, back, why)
        self._record.find(
            Finding(
                kind=FindingKind.CANCEL_FAILED,
                action=Action.ALERT,
                detail=f"order {name} is still open: {why}",
                symbol=order.symbol,
                client_order_id=name,
            )
        )
