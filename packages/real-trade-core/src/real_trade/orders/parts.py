"""What the parts of the order desk share."""

from __future__ import annotations

import attrs

from real_trade.exchange import Exchange
from real_trade.orders.errands import Errands
from real_trade.orders.record import Record
from real_trade.orders.settings import DeskSettings

__all__ = ["Parts"]


@attrs.frozen(kw_only=True)
class Parts:
    """The record of all orders, the exchange (for lanes only), errands to lanes, and patience."""

    record: Record
    exchange: Exchange
    errands: Errands
    settings: DeskSettings
