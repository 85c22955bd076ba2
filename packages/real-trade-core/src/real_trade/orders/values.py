"""What the order core tells and asks."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import attrs

from real_trade.model import Fill, Order, OrderIntent, OrderState

__all__ = [
    "Action",
    "Finding",
    "FindingKind",
    "Guard",
    "Listener",
    "OrderChange",
    "Restored",
]


@attrs.frozen(kw_only=True)
class OrderChange:
    """One change of one order: `order` is as it stands after it, `fills` are new with it."""

    order: Order
    previous: OrderState
    fills: tuple[Fill, ...] = ()


Listener = Callable[[OrderChange], None]
"""Told of every change, on Cerebro's thread, in order."""

Guard = Callable[[OrderIntent], str]
"""Asked before an order leaves: "" lets it go, anything else is the reason of its denial."""


class FindingKind(Enum):
    """What a comparison with the exchange, or a look-up, brought to light."""

    FOREIGN_ORDER = "foreign order"  # not of this bot: shown, never touched
    FOREIGN_FILL = "foreign fill"
    UNJOURNALED_ORDER = "unjournaled order"  # ours by its name, and the journal does not know it
    MISSED_FILL = "missed fill"  # the exchange had it, the streams had not told
    LATE_FILL = "late fill"  # it came after the order's end, and is booked all the same
    MISSED_CHANGE = "missed change"
    UNRESOLVED = "unresolved order"  # unknown for too long
    ABSENT = "absent order"  # not there, where absence alone does not prove that it never was
    VANISHED = "vanished order"  # it was there, and the exchange tells no more of it
    MISSING_FILLS = "missing fills"  # the exchange counts more than it lists
    CANCEL_FAILED = "failed cancel"
    HOLDINGS = "holdings differ"  # the account holds other than our fills add up to
    MIXED_UP = "answer for another order"
    DUPLICATE_ORDER = "duplicate order"  # two at the exchange from one intent
    JOURNAL = "journal"
    KEY = "key refused"
    UNPROTECTED = "unprotected position"  # a stop that was declared is not at the exchange


class Action(Enum):
    """What is done about a finding."""

    ADOPT = "adopt"  # the exchange is right, and our books follow it
    IGNORE = "ignore"  # it is not ours
    ALERT = "alert"  # a person should know
    HALT_SYMBOL = "halt symbol"  # nothing new on this symbol until `resume`
    HALT = "halt"  # nothing new at all until `resume`


@attrs.frozen(kw_only=True)
class Finding:
    """One difference between what we thought and what is, and what is done about it."""

    kind: FindingKind
    action: Action
    detail: str
    symbol: str = ""
    client_order_id: str = ""


@attrs.frozen(kw_only=True)
class Restored:
    """What the journal gave back: orders that are still open, and all fills, oldest first."""

    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
