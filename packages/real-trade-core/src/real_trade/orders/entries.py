"""What a journal is made of: everything that our knowledge of orders follows from, in order."""

from __future__ import annotations

from datetime import datetime

import attrs

from real_trade.model import Fill, OrderIntent, OrderReport, OrderState
from real_trade.model.times import time_field
from real_trade.orders.values import Finding

__all__ = ["Cancel", "Dropped", "Entry", "Held", "Mark", "Opened", "Sending", "Watermark"]


@attrs.frozen(kw_only=True)
class Opened:
    """A program began to write: ids of this epoch are its own."""

    epoch: int
    bot: str
    environment: str = ""


@attrs.frozen(kw_only=True)
class Sending:
    """An intent that is about to be sent. It is not sent after `deadline`."""

    intent: OrderIntent
    deadline: datetime = time_field()


@attrs.frozen(kw_only=True)
class Held:
    """An order that waits for `parent` to fill. What is sent of it is an order of its own."""

    intent: OrderIntent
    parent: str


@attrs.frozen(kw_only=True)
class Dropped:
    """Nothing more is sent of a held order."""

    client_order_id: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class Mark:
    """A state that this side gave an order, such as UNKNOWN."""

    client_order_id: str
    state: OrderState
    reason: str = ""
    insufficient_funds: bool = False


@attrs.frozen(kw_only=True)
class Cancel:
    """A cancel that is about to be asked for."""

    client_order_id: str


@attrs.frozen(kw_only=True)
class Watermark:
    """All fills of `symbol` before `time` (the exchange's) are in the journal."""

    symbol: str
    time: datetime = time_field()


Entry = Opened | Sending | Held | Dropped | Mark | Cancel | Watermark | OrderReport | Fill | Finding
