"""What a strategy asked for, where that is not one order at the exchange: the legs of brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from real_trade.model import (
    Instrument,
    Market,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from real_trade.model.numbers import ZERO
from real_trade.orders.values import Action, Finding, FindingKind

__all__ = [
    "LEG",
    "OCO",
    "PAIR",
    "PROTECTIVE",
    "REFUSED",
    "Leg",
    "can_pair",
    "closing",
    "net_of",
    "tagged",
    "unpairable",
    "unprotected",
]

LEG = "leg"
"""Tag of what is sent of a held order: that order's id."""
OCO = "oco"
"""Tag of an order of a group, of which one fill ends the others: the id of the group's first."""
PAIR = "pair"
"""Tag of an order that the exchange itself cancels with its partner."""

_S = OrderState
PROTECTIVE = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAILING_STOP,
        OrderType.TRAILING_STOP_LIMIT,
    }
)
REFUSED = frozenset({_S.DENIED, _S.REJECTED})
_PROFIT = frozenset({OrderType.LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


@attrs.define
class Leg:
    """An order that waits for its parent to fill, and what was sent of it since.

    Attributes:
        intent: as it was asked for; its id stands for the whole.
        parent: client order id of the order whose fills it covers.
        sent: client order ids of its parts at the exchange.
        is_over: whether nothing more of it will be sent.
        attempts: how often a part of it could not be sent.
        end: how it ends if nothing of it was sent.
    """

    intent: OrderIntent
    parent: str
    sent: list[str] = attrs.field(factory=list)
    is_over: bool = False
    attempts: int = 0
    end: OrderState = _S.CANCELED
    reason: str = ""

    @property
    def name(self) -> str:
        """Return the id that stands for the whole."""
        return self.intent.client_order_id

    def covered(self, orders: Mapping[str, Order]) -> Decimal:
        """Return how much of it was sent and not refused."""
        return sum((_amount(one) for one in self._taken(orders)), ZERO)

    def view(self, orders: Mapping[str, Order]) -> Order:
        """Return the leg as one order, whatever it consists of."""
        parts = [orders[name] for name in self.sent if name in orders]
        fills = tuple(
            sorted((fill for one in parts for fill in one.fills), key=lambda fill: fill.time)
        )
        state = self._state(parts, orders)
        covered = self.covered(orders)
        amount = covered if self.is_over and covered else self.intent.amount
        return Order(
            intent=attrs.evolve(self.intent, amount=amount),
            state=state,
            exchange_order_id=parts[-1].exchange_order_id if parts else "",
            fills=fills,
            reason=next((one.reason for one in reversed(parts) if one.reason), self.reason),
            insufficient_funds=any(one.insufficient_funds for one in parts),
            updated_at=max((one.updated_at for one in parts if one.updated_at), default=None),
        )

    def is_open(self, orders: Mapping[str, Order]) -> bool:
        """Return whether anything of it rests, or may yet be sent."""
        return not self.is_over or any(orders[name].state.is_open for name in self.sent)

    def _taken(self, orders: Mapping[str, Order]) -> list[Order]:
        found = (orders[name] for name in self.sent if name in orders)
        return [one for one in found if one.state not in REFUSED]

    def _state(self, parts: Sequence[Order], orders: Mapping[str, Order]) -> OrderState:
        filled = sum((one.filled for one in parts), ZERO)
        if self.is_open(orders):
            return _S.PARTIALLY_FILLED if filled else _S.ACCEPTED
        if filled and filled >= self.covered(orders):
            return _S.FILLED
        return parts[-1].state if parts and not filled else self.end


def tagged(intent: OrderIntent, **tags: str) -> OrderIntent:
    """Return the intent with more tags; one that it has already is replaced."""
    return attrs.evolve(intent, tags=tuple({**dict(intent.tags), **tags}.items()))


def net_of(order: Order, instrument: Instrument) -> Decimal:
    """Return what an order's fills left in the account: a fee in the base asset is gone."""
    if instrument.market is not Market.SPOT or order.side is Side.SELL:
        return order.filled
    fees = (fill.fee for fill in order.fills if fill.fee_asset == instrument.base)
    return order.filled - sum(fees, ZERO)


def can_pair(first: OrderIntent, second: OrderIntent) -> bool:
    """Return whether an exchange with order lists can cancel one of the two with the other."""
    kinds = {first.type, second.type}
    return (
        (first.symbol, first.side, first.amount) == (second.symbol, second.side, second.amount)
        and first.amount is not None
        and len(kinds & _PROFIT) == 1
        and len(kinds & PROTECTIVE) == 1
    )


def unpairable(
    intents: list[OrderIntent], instrument: Instrument, *, has_oco: bool
) -> dict[str, str]:
    """Return which children of a bracket cannot be kept, and why, by their ids.

    On spot two orders for the same holdings can rest together only as a pair that the exchange
    keeps; without it the stop stands, which is what protects.
    """
    if instrument.market is not Market.SPOT or len(intents) < 2:
        return {}
    if has_oco and len(intents) == 2 and can_pair(*intents):
        return {}
    kept = next((one for one in intents if one.type in PROTECTIVE), intents[0])
    reason = (
        "the exchange cannot keep these orders as a pair, and the holdings stand behind one order "
        "only"
    )
    return {one.client_order_id: reason for one in intents if one is not kept}


def unprotected(leg: Leg, order: Order, remedy: str) -> Finding:
    """Return the finding that a stop which was asked for is not at the exchange."""
    return Finding(
        kind=FindingKind.UNPROTECTED,
        action=Action.ALERT,
        detail=f"{order.intent.amount} of {order.symbol} has no stop: {order.reason}; {remedy}",
        symbol=order.symbol,
        client_order_id=leg.name,
    )


def closing(intent: OrderIntent, client_order_id: str) -> OrderIntent:
    """Return the market order that does at once what a stop was to do."""
    return attrs.evolve(
        intent,
        client_order_id=client_order_id,
        type=OrderType.MARKET,
        price=None,
        stop_price=None,
        trail_amount=None,
        trail_percent=None,
        limit_offset=None,
        time_in_force=TimeInForce.GTC,
        expires_at=None,
        post_only=False,
    )


def _amount(order: Order) -> Decimal:
    return order.intent.amount or order.filled
