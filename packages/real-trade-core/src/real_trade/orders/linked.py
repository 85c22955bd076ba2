"""Orders that depend on each other: brackets, orders of which one cancels the others, and ends
that the exchange cannot keep.

A bracket's children are held here, in the journal, until their parent fills; then they go out for
what has filled. A pair that the exchange can cancel by itself is left to it; otherwise a fill of
one order of a group cancels the others from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import attrs

from real_trade.model import (
    Instrument,
    Order,
    OrderIntent,
    OrderState,
    TimeInForce,
)
from real_trade.model.numbers import ZERO
from real_trade.orders.checks import fault_of, rounded
from real_trade.orders.entries import Dropped, Entry, Held, Sending
from real_trade.orders.legs import (
    LEG,
    OCO,
    PAIR,
    PROTECTIVE,
    REFUSED,
    Leg,
    can_pair,
    closing,
    net_of,
    tagged,
    unprotected,
)
from real_trade.orders.parts import Parts, WayOut
from real_trade.orders.settings import Unprotected
from real_trade.orders.values import OrderChange
from real_trade.runtime import Clock
from real_trade.runtime.failpoints import failpoint

__all__ = ["Linked"]

_S = OrderState


class Linked:
    """Keeps orders in step that belong together. Only Cerebro's thread touches it.

    `legs` are the orders that wait, or waited, for another one to fill, by their ids.
    """

    def __init__(
        self,
        parts: Parts,
        way_out: WayOut,
        clock: Clock,
        reference: Callable[[str], Decimal | None],
    ) -> None:
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._settings = parts.settings
        self._way_out = way_out
        self._clock = clock
        self._reference = reference
        self.legs: dict[str, Leg] = {}
        self._leg_of: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        self._members: dict[str, list[str]] = {}
        self._group_of: dict[str, str] = {}
        self._expired: set[str] = set()
        self._due: set[str] = set()
        self._unsent: dict[str, float] = {}
        self._record.watchers.append(self._watch)

    # What is known

    @property
    def is_due(self) -> bool:
        """Whether a held order is about to leave: its parent has filled."""
        return bool(self._due)

    def group_of(self, name: str) -> list[str]:
        """Return the ids of the orders that end with a fill of this one, itself included."""
        return list(self._members.get(self._group_of.get(name, ""), [name]))

    def asked_id(self, client_order_id: str) -> str:
        """Return the id of the order that a strategy asked for, of which this is a part."""
        return self._leg_of.get(client_order_id, client_order_id)

    def asked(self, order: Order) -> Order:
        """Return an order as the strategy asked for it, whatever it consists of."""
        name = self.asked_id(order.client_order_id)
        leg = self.legs.get(name)
        return self._shown(order if leg is None else leg.view(self._record.tracker.orders))

    def _shown(self, shown: Order) -> Order:
        name = shown.client_order_id
        if shown.state is _S.CANCELED and name in self._expired:
            return attrs.evolve(shown, state=_S.EXPIRED)
        # The exchange calls the other half of a pair expired; it was canceled by its partner.
        if shown.state is _S.EXPIRED and name in self._group_of and name not in self._expired:
            return attrs.evolve(shown, state=_S.CANCELED)
        return shown

    def asked_orders(self) -> dict[str, Order]:
        """Return everything that was asked for, by its id; held orders too."""
        orders = self._record.tracker.orders
        plain = [one for name, one in orders.items() if name not in self._leg_of]
        legs = [leg.view(orders) for leg in self.legs.values()]
        return {one.client_order_id: self._shown(one) for one in plain + legs}

    def open_ids(self) -> list[str]:
        """Return the ids of what was asked for and has not ended, held orders last."""
        tracker = self._record.tracker
        found = dict.fromkeys(self.asked_id(one.client_order_id) for one in tracker.open_orders())
        waiting = (name for name, leg in self.legs.items() if not leg.is_over)
        return list(found | dict.fromkeys(waiting))

    # The way out

    def hold(self, intents: Iterable[OrderIntent], parent: str) -> None:
        """Keep orders until `parent` fills; one that fills ends the others."""
        group = ""
        for intent in intents:
            group = group or intent.client_order_id
            entry = Held(intent=tagged(intent, **{OCO: group}), parent=parent)
            self._record.note(entry)
            self._keep(entry)

    def place(self, intents: list[OrderIntent]) -> None:
        """Let orders of one turn leave; pairs among them go to an exchange that keeps pairs."""
        left = list(intents)
        while left:
            first = left.pop(0)
            second = self._partner(first, left)
            if second is None:
                self._way_out.submit(first)
            else:
                left.remove(second)
                pair = {PAIR: first.client_order_id}
                self._way_out.submit_pair(tagged(first, **pair), tagged(second, **pair))

    def cancel(self, client_order_id: str) -> bool:
        """End an order with all that belong to it; return whether it belongs to any."""
        name = self.asked_id(client_order_id)
        if name not in self._group_of and name not in self.legs:
            return False
        leg = self.legs.get(name)
        if leg is not None and self._is_open(leg.parent):
            self._way_out.want_cancel(leg.parent)
        asked: set[str] = set()
        for member in self.group_of(name):
            self._end(member, asked)
        return True

    def _partner(self, first: OrderIntent, others: list[OrderIntent]) -> OrderIntent | None:
        group = first.tag(OCO)
        if not group or not self._exchange.capabilities.oco:
            return None
        same = [one for one in others if one.tag(OCO) == group]
        return same[0] if len(same) == 1 and can_pair(first, same[0]) else None

    # What happens

    def _watch(self, change: OrderChange) -> None:
        order = change.order
        if change.previous is _S.CREATED:
            self._follow(order.intent)
            self._arm(order.intent)
        name = self.asked_id(order.client_order_id)
        if name in self._children and (change.fills or order.state.is_terminal):
            self._parent_changed(name, is_final=order.state.is_terminal)
        leg = self.legs.get(name)
        if leg is not None and order.state in REFUSED and not order.fills:
            self._errands.soon(lambda: self._refused(leg, order, change.previous))
        ran_out = order.state is _S.EXPIRED and self._ran_out(name, order)
        if change.fills or ran_out:
            self._errands.soon(lambda: self._executed(name))

    def _ran_out(self, name: str, order: Order) -> bool:
        """Return whether an order reached its own end, as the first of its group."""
        end, members = order.intent.expires_at, self._members.get(self._group_of.get(name, ""), ())
        if end is None or order.updated_at is None or order.updated_at < end:
            return False
        if not members or any(one in self._expired for one in members):
            return False
        self._expired.add(name)
        return True

    def _follow(self, intent: OrderIntent) -> None:
        name, leg = intent.client_order_id, self.legs.get(intent.tag(LEG))
        if leg is not None:
            leg.sent.append(name)
            self._leg_of[name] = leg.name
        elif intent.tag(OCO):
            self._join(name, intent.tag(OCO))

    def _join(self, name: str, group: str) -> None:
        members = self._members.setdefault(group, [group])
        if name not in members:
            members.append(name)
        for one in members:
            self._group_of[one] = group

    def _keep(self, entry: Held) -> None:
        name = entry.intent.client_order_id
        self.legs[name] = Leg(entry.intent, entry.parent)
        self._children.setdefault(entry.parent, []).append(name)
        self._join(name, entry.intent.tag(OCO))
        self._arm(entry.intent)

    def _parent_changed(self, parent: str, *, is_final: bool) -> None:
        """Cover what has filled: at once when it is all, else once a burst of fills is over."""
        wait = 0.0 if is_final else self._settings.cover_after_s
        if wait and parent in self._due:
            return
        self._due.add(parent)
        if wait:
            self._errands.later(wait, lambda: self._cover(parent))
        else:
            self._errands.soon(lambda: self._cover(parent))

    def _cover(self, parent: str) -> None:
        self._due.discard(parent)
        order = self._record.order(parent)
        legs = [one for name in self._children[parent] if not (one := self.legs[name]).is_over]
        is_final = order.state.is_terminal
        if is_final and not order.fills:
            for leg in legs:
                self._drop(leg, "its parent ended without a fill")
            return
        instrument = self._exchange.instruments()[order.symbol]
        parts = [self._part(leg, order, instrument, is_final) for leg in legs]
        for leg in legs:
            leg.is_over = is_final
        failpoint("c28")
        self.place([part for part in parts if part is not None])
        failpoint("c29")
        for leg in legs:
            if not leg.is_open(self._record.tracker.orders):
                self._announce(leg)

    def _part(
        self, leg: Leg, parent: Order, instrument: Instrument, is_final: bool
    ) -> OrderIntent | None:
        """Return what is to be sent of a leg now, if it can be traded."""
        template = leg.intent
        rest = self._rest(leg, parent, instrument)
        if rest <= 0:
            return None
        part = attrs.evolve(
            tagged(template, **{LEG: leg.name}),
            client_order_id=leg.name if not leg.sent else self._way_out.new_client_order_id(),
            amount=rest,
            reduce_only=template.reduce_only or self._exchange.capabilities.reduce_only,
        )
        exact = rounded(part, instrument)
        reference = self._reference(part.symbol)
        fault = fault_of(exact, instrument, self._exchange.capabilities, reference)
        is_crumb = bool(leg.sent) and not exact.amount
        return None if (fault and not is_final) or is_crumb else part

    def _rest(self, leg: Leg, parent: Order, instrument: Instrument) -> Decimal:
        covered = leg.covered(self._record.tracker.orders)
        return min(leg.intent.amount or covered, net_of(parent, instrument)) - covered

    def _executed(self, name: str) -> None:
        """End the rest of the group of an order that has filled, or begun to."""
        leg = self.legs.get(name)
        if leg is not None and self._is_open(leg.parent):
            self._way_out.want_cancel(leg.parent)  # its exit began: no more of the entry
        for member in self.group_of(name):
            if member != name:
                self._cancel_parts(member, pairs=None)

    def unsent(self, client_order_id: str, pause_s: float) -> None:
        """Hear that an order certainly never left: a part of a bracket's exit is made anew."""
        if client_order_id in self._leg_of:
            self._unsent[client_order_id] = pause_s

    def _refused(self, leg: Leg, order: Order, previous: OrderState) -> None:
        pause_s = self._unsent.pop(order.client_order_id, None)
        if previous is _S.UNKNOWN:  # it never arrived: what it was for is still to be covered
            leg.is_over = False
            self._cover(leg.parent)
        elif pause_s is not None:
            self._cover_again(leg, order, pause_s)
        elif order.intent.type in PROTECTIVE:
            flatten = self._settings.on_unprotected is Unprotected.FLATTEN
            remedy = "it is closed at market" if flatten else "see to it by hand"
            self._record.find(unprotected(leg, order, remedy))
            if flatten:
                self._way_out.submit(closing(order.intent, self._way_out.new_client_order_id()))

    def _cover_again(self, leg: Leg, order: Order, pause_s: float) -> None:
        pauses = self._settings.cancel_after_s
        wait = max(pause_s, self._settings.pause(pauses, leg.attempts))
        leg.is_over, leg.attempts = False, leg.attempts + 1
        if leg.attempts == len(pauses):
            self._record.find(unprotected(leg, order, "it is tried again and again"))
        self._due.add(leg.parent)
        self._errands.later(wait, lambda: self._cover(leg.parent))

    # Ends

    def _end(self, name: str, pairs: set[str]) -> None:
        leg = self.legs.get(name)
        self._cancel_parts(name, pairs)
        if leg is not None and not leg.is_over:
            self._drop(leg, "it was canceled before its parent had filled")

    def _drop(self, leg: Leg, reason: str) -> None:
        self._record.note(Dropped(client_order_id=leg.name, reason=reason))
        leg.is_over, leg.reason = True, leg.reason or reason
        if not leg.is_open(self._record.tracker.orders):
            self._announce(leg)

    def _cancel_parts(self, name: str, pairs: set[str] | None) -> None:
        """Cancel what rests of an order.

        Args:
            pairs: the exchange's pairs that are canceled already, each by one of the two; None
                leaves all pairs to the exchange.
        """
        leg = self.legs.get(name)
        for part in [name] if leg is None else leg.sent:
            if not self._is_open(part):
                continue
            pair = self._record.order(part).intent.tag(PAIR)
            if pair and (pairs is None or pair in pairs):
                continue
            if pair and pairs is not None:
                pairs.add(pair)
            self._way_out.want_cancel(part)

    def _arm(self, intent: OrderIntent) -> None:
        """End an order in time that the exchange would let rest, or that is not there yet."""
        if intent.time_in_force is not TimeInForce.GTD or intent.expires_at is None:
            return
        name = intent.client_order_id
        native = TimeInForce.GTD in self._exchange.capabilities.times_in_force
        if name in self._leg_of or (native and name not in self.legs):
            return
        left_s = (intent.expires_at - self._clock.now()).total_seconds()
        self._errands.later(max(0.0, left_s), lambda: self._run_out(name))

    def _run_out(self, name: str) -> None:
        leg = self.legs.get(name)
        if self._is_open(name) if leg is None else leg.is_open(self._record.tracker.orders):
            self._expired.add(name)
            if not self.cancel(name):
                self._way_out.want_cancel(name)

    def _announce(self, leg: Leg) -> None:
        order = leg.view(self._record.tracker.orders)
        self._record.announce(OrderChange(order=self.asked(order), previous=_S.ACCEPTED))

    def _is_open(self, name: str) -> bool:
        return name in self._record.tracker.orders and self._record.order(name).state.is_open

    # A restart

    def take(self, entry: Entry) -> None:
        """Take in what the journal has, in its order."""
        if isinstance(entry, Held):
            self._keep(entry)
        elif isinstance(entry, Dropped):
            leg = self.legs[entry.client_order_id]
            leg.is_over, leg.reason = True, entry.reason
        elif isinstance(entry, Sending):
            self._follow(entry.intent)

    def settle(self) -> None:
        """See, once all was taken in, of which held orders nothing more is to be sent."""
        orders, instruments = self._record.tracker.orders, self._exchange.instruments()
        for leg in self.legs.values():
            parent = orders.get(leg.parent)
            if parent is None or not parent.state.is_terminal or parent.symbol not in instruments:
                continue
            instrument = instruments[parent.symbol]
            rest = instrument.round_amount(max(ZERO, self._rest(leg, parent, instrument)))
            leg.is_over = leg.is_over or not rest

    def start(self) -> None:
        """Go on where the program ended: cover what filled, and forget what never left."""
        orders = self._record.tracker.orders
        for order in orders.values():
            if order.state.is_open:
                self._arm(order.intent)
        for parent, names in self._children.items():
            if parent not in orders:  # the program ended before it was sent
                for name in names:
                    self._drop(self.legs[name], "its parent was never sent")
            elif orders[parent].state.is_terminal or orders[parent].fills:
                self._parent_changed(parent, is_final=orders[parent].state.is_terminal)
