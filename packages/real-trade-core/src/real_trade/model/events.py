"""What happens around the orders: connections, and calls whose answers came back."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs

from real_trade.model.account import AccountUpdate
from real_trade.model.market import Bar, MarketTrade, TopOfBook
from real_trade.model.orders import Fill, OrderReport
from real_trade.model.times import time_field

__all__ = ["Channel", "ConnectionChanged", "ConnectionState", "StreamValue"]


class Channel(Enum):
    """What a stream carries."""

    BARS = "bars"
    TRADES = "trades"
    TOP_OF_BOOK = "top_of_book"
    ACCOUNT = "account"


class ConnectionState(Enum):
    """Whether a channel can be relied on.

    CONNECTED comes after every (re)connect once subscriptions are confirmed: what happened before
    may have been missed, so the reader must fill the gap. LOST comes once a cut is noticed.
    """

    CONNECTED = "connected"
    LOST = "lost"
    CLOSED = "closed"


@attrs.frozen(kw_only=True)
class ConnectionChanged:
    """A channel came or went. `symbols` is empty when it concerns all of the channel."""

    channel: Channel
    state: ConnectionState
    time: datetime = time_field()
    symbols: tuple[str, ...] = ()
    detail: str = ""


StreamValue = OrderReport | Fill | Bar | TopOfBook | MarketTrade | AccountUpdate | ConnectionChanged
"""What a stream may put into a sink."""
