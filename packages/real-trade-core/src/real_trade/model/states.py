"""The life of an order, as data: what is not in the table does not happen."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType

__all__ = ["TERMINAL", "TRANSITIONS", "OrderState", "may_follow"]


class OrderState(Enum):
    """Where an order stands, as far as we know.

    UNKNOWN is a state of ours: the exchange may or may not have the order; only evidence ends it.
    """

    CREATED = "created"
    DENIED = "denied"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing but a late fill can follow."""
        return self in TERMINAL

    @property
    def is_open(self) -> bool:
        """Whether the order may still rest at the exchange: the worst case counts it."""
        return not self.is_terminal and self is not OrderState.CREATED

    @property
    def was_sent(self) -> bool:
        """Whether the exchange knows, or may know, the order."""
        return self not in {OrderState.CREATED, OrderState.DENIED, OrderState.REJECTED}


_S = OrderState

TRANSITIONS: MappingProxyType[OrderState, frozenset[OrderState]] = MappingProxyType(
    {
        _S.CREATED: frozenset({_S.DENIED, _S.SUBMITTED}),
        _S.SUBMITTED: frozenset(
            {
                _S.ACCEPTED,
                _S.PARTIALLY_FILLED,
                _S.FILLED,
                _S.REJECTED,
                _S.CANCELED,
                _S.EXPIRED,
                _S.UNKNOWN,
                _S.PENDING_CANCEL,
            }
        ),
        _S.UNKNOWN: frozenset(
            {_S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED}
        ),
        _S.ACCEPTED: frozenset(
            {
                _S.PARTIALLY_FILLED,
                _S.FILLED,
                _S.CANCELED,
                _S.EXPIRED,
                _S.REJECTED,
                _S.PENDING_CANCEL,
            }
        ),
        _S.PARTIALLY_FILLED: frozenset(
            {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.PENDING_CANCEL}
        ),
        _S.PENDING_CANCEL: frozenset(
            {_S.CANCELED, _S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.EXPIRED, _S.REJECTED}
        ),
        # A fill that arrives late is always booked.
        _S.CANCELED: frozenset({_S.FILLED}),
        _S.EXPIRED: frozenset({_S.FILLED}),
        _S.DENIED: frozenset(),
        _S.FILLED: frozenset(),
        _S.REJECTED: frozenset(),
    }
)

TERMINAL = frozenset({_S.DENIED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED})


def may_follow(state: OrderState, following: OrderState) -> bool:
    """Return whether `following` may come directly after `state`."""
    return following in TRANSITIONS[state]
