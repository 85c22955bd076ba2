"""Finding out what became of an order: look it up until it is known; absence only by the fence.

An order is in doubt when its send or its cancel had no clear answer, or when the exchange's list of
open orders lacks it. A doubt ends with the exchange's word, asked for after the doubt arose. That
the exchange does not know an order proves nothing by itself: see `_is_absent`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from real_trade.exchange import AuthError, OrderNotFound, Unavailable
from real_trade.model import Fill, Market, Order, OrderReport, OrderState
from real_trade.orders.errands import Outcome
from real_trade.orders.parts import Parts
from real_trade.orders.settings import Absence
from real_trade.orders.values import Action, Finding, FindingKind, OrderChange
from real_trade.runtime import Lane, Timer

__all__ = ["Resolver", "fills_since"]

_LOG = logging.getLogger("real_trade.orders")
_S = OrderState
_SLOW_S = 60.0
_EARLIER = timedelta(seconds=300)


def fills_since(order: Order) -> datetime:
    """Return a time before which the order has no fills, whatever the two clocks say."""
    times = [order.intent.created_at, order.updated_at or order.intent.created_at]
    return min(times) - _EARLIER


@attrs.frozen(kw_only=True)
class _Look:
    """What one look-up found: the order, or how thoroughly it was not found."""

    report: OrderReport | None = None
    fills: tuple[Fill, ...] = ()
    server_time: datetime | None = None
    asked_s: float = 0.0
    is_thorough: bool = False


class _Doubt:
    """One order that is being asked about."""

    def __init__(self, client_order_id: str, began_s: float) -> None:
        self.client_order_id = client_order_id
        self.began_s = began_s
        self.attempt = 0
        self.is_asking = False
        self.ask_again = False
        self.then: list[Callable[[], None]] = []
        self.timer: Timer | None = None
        self.fence: datetime | None = None
        self.absent_at_s: float | None = None
        self.has_told_person = False

    def passed(self, server_time: datetime | None) -> bool:
        """Return whether nothing that was sent can still arrive."""
        return self.fence is not None and server_time is not None and server_time > self.fence


class Resolver:
    """Asks about orders in doubt, on a lane of its own, with growing pauses and without end."""

    def __init__(self, parts: Parts, lane: Lane) -> None:
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._settings = parts.settings
        self._lane = lane
        self._doubts: dict[str, _Doubt] = {}
        self._record.watchers.append(self._watch)

    def ask(
        self,
        client_order_id: str,
        *,
        then: Callable[[], None] | None = None,
        delay_s: float = 0.0,
        began_s: float | None = None,
    ) -> None:
        """Look the order up until its state is known; `then` is called once it is.

        Args:
            began_s: when the call ended that left the doubt, on the monotonic clock; now if None.
        """
        doubt = self._doubts.get(client_order_id)
        if doubt is None:
            doubt = _Doubt(client_order_id, self._errands.now_s if began_s is None else began_s)
            self._doubts[client_order_id] = doubt
        if then is not None:
            doubt.then.append(then)
        if doubt.is_asking:
            doubt.ask_again = True  # the answer on its way may be older than this doubt
        else:
            self._ask_in(doubt, delay_s)

    @property
    def unknown_since_s(self) -> float | None:
        """Return since when the longest doubt about a send lasts that no person was told of."""
        began = [
            doubt.began_s
            for name, doubt in self._doubts.items()
            if self._record.order(name).state is _S.UNKNOWN and not doubt.has_told_person
        ]
        return min(began, default=None)

    def _watch(self, change: OrderChange) -> None:
        """End a doubt that the stream has answered, or that has nothing left to ask."""
        left_unknown = change.previous is _S.UNKNOWN and change.order.state is not _S.UNKNOWN
        if left_unknown or change.order.state.is_terminal:
            doubt = self._doubts.get(change.order.client_order_id)
            if doubt is not None:
                self._end(doubt)

    def _end(self, doubt: _Doubt) -> None:
        del self._doubts[doubt.client_order_id]
        if doubt.timer is not None:
            doubt.timer.cancel()
        for call in doubt.then:
            call()

    def _ask_in(self, doubt: _Doubt, delay_s: float) -> None:
        if doubt.timer is not None:
            doubt.timer.cancel()
            doubt.timer = None
        if delay_s > 0:
            doubt.timer = self._errands.later(delay_s, lambda: self._ask(doubt))
        else:
            self._ask(doubt)

    def _ask(self, doubt: _Doubt) -> None:
        if self._doubts.get(doubt.client_order_id) is not doubt or doubt.is_asking:
            return
        doubt.is_asking, doubt.timer = True, None
        order = self._record.order(doubt.client_order_id)
        thorough = doubt.absent_at_s is not None
        self._errands.run(
            self._lane,
            lambda: self._look(order, thorough=thorough),
            lambda outcome: self._answered(doubt, outcome),
        )

    # On the lane

    def _look(self, order: Order, *, thorough: bool) -> _Look:
        name = order.client_order_id
        try:
            return _Look(report=self._exchange.order(order.symbol, name))
        except OrderNotFound:
            asked_s = self._errands.now_s
            server_time = self._exchange.server_time()
            if not thorough:
                return _Look(server_time=server_time, asked_s=asked_s)
        is_listed = [
            report
            for report in self._exchange.open_orders(order.symbol)
            if report.client_order_id == name
        ]
        return _Look(
            report=is_listed[0] if is_listed else None,
            fills=tuple(self._exchange.fills(order.symbol, fills_since(order))),
            server_time=server_time,
            asked_s=asked_s,
            is_thorough=True,
        )

    # On Cerebro's thread

    def _answered(self, doubt: _Doubt, outcome: Outcome[_Look]) -> None:
        doubt.is_asking = False
        look = outcome.value
        if look is not None:
            for fill in look.fills:
                self._record.fill(fill)
            if look.report is not None:
                self._record.report(look.report)
        if self._doubts.get(doubt.client_order_id) is not doubt:
            return  # what came with the answer, or before it, has ended the doubt
        if doubt.ask_again:
            doubt.ask_again = False
            self._ask(doubt)
        elif look is None:
            self._failed(doubt, outcome.error)
        elif look.report is None:
            self._not_found(doubt, look)
        elif self._record.order(doubt.client_order_id).state is _S.UNKNOWN:
            self._ask_later(doubt)
        else:
            self._end(doubt)

    def _failed(self, doubt: _Doubt, error: Exception | None) -> None:
        if isinstance(error, AuthError):
            detail = f"the exchange refuses the key: {error}"
            self._record.find(Finding(kind=FindingKind.KEY, action=Action.HALT, detail=detail))
        _LOG.warning("look-up of order %s: %s", doubt.client_order_id, error)
        pause = error.retry_after_s if isinstance(error, Unavailable) else None
        self._ask_later(doubt, at_least_s=pause or 0.0)

    def _ask_later(self, doubt: _Doubt, at_least_s: float = 0.0) -> None:
        self._tell_of_long_doubts(doubt)
        pause = self._settings.pause(self._settings.look_up_after_s, doubt.attempt)
        doubt.attempt += 1
        self._ask_in(doubt, max(pause, at_least_s))

    def _not_found(self, doubt: _Doubt, look: _Look) -> None:
        order = self._record.order(doubt.client_order_id)
        if doubt.fence is None and look.server_time is not None:
            # By the exchange's clock, the doubtful call had ended by then.
            ended = look.server_time - timedelta(seconds=look.asked_s - doubt.began_s)
            doubt.fence = ended + timedelta(seconds=self._settings.fence_s)
        if not doubt.passed(look.server_time):
            self._ask_later(doubt)
            return
        if self._is_absent(doubt, look):
            self._conclude(doubt, order, look)
            return
        if doubt.absent_at_s is None:
            doubt.absent_at_s = look.asked_s
        self._ask_later(doubt, at_least_s=self._settings.absences_apart_s)

    def _is_absent(self, doubt: _Doubt, look: _Look) -> bool:
        """Return whether two look-ups after the fence, and all lists, lack the order.

        The fence: by the exchange's clock, so much time has passed that a request on its way would
        have been refused as too old, and that its reads show what it has taken.
        """
        first = doubt.absent_at_s
        if first is None or not look.is_thorough:
            return False
        return look.asked_s - first >= self._settings.absences_apart_s

    def _conclude(self, doubt: _Doubt, order: Order, look: _Look) -> None:
        name = order.client_order_id
        if order.state is not _S.UNKNOWN:
            detail = f"the exchange had order {name} and tells no more of it"
            self._tell_person(doubt, order, FindingKind.VANISHED, Action.ALERT, detail)
        elif self._record.tracker.could_be_of(order, look.fills):
            detail = f"the exchange does not know order {name}, but has fills that may be of it"
            self._tell_person(doubt, order, FindingKind.ABSENT, Action.HALT_SYMBOL, detail)
        elif self._policy(order) is Absence.REJECT:
            self._record.mark(name, _S.REJECTED, "proved absent: it never reached the exchange")
            return
        else:
            detail = (
                f"the exchange does not have order {name}; whether it may still arrive, its "
                "documents do not say: decide with declare_absent"
            )
            self._tell_person(doubt, order, FindingKind.ABSENT, Action.HALT_SYMBOL, detail)
        self._ask_in(doubt, _SLOW_S)

    def _policy(self, order: Order) -> Absence:
        instrument = self._exchange.instruments().get(order.symbol)
        market = Market.SPOT if instrument is None else instrument.market
        return self._settings.on_absent[market]

    def _tell_person(
        self, doubt: _Doubt, order: Order, kind: FindingKind, action: Action, detail: str
    ) -> None:
        doubt.has_told_person = True
        self._record.find(
            Finding(
                kind=kind,
                action=action,
                detail=detail,
                symbol=order.symbol,
                client_order_id=order.client_order_id,
            )
        )

    def _tell_of_long_doubts(self, doubt: _Doubt) -> None:
        order = self._record.order(doubt.client_order_id)
        age_s = self._errands.now_s - doubt.began_s
        if order.state is not _S.UNKNOWN or age_s < self._settings.alert_after_s:
            return
        detail = f"whether order {order.client_order_id} reached the exchange is still unknown"
        self._record.find(
            Finding(
                kind=FindingKind.UNRESOLVED,
                action=Action.ALERT,
                detail=detail,
                symbol=order.symbol,
                client_order_id=order.client_order_id,
            )
        )
