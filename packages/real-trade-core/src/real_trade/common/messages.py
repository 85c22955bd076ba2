"""What lanes put into the inbox for the feeds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from real_trade.exchange import ExchangeError
from real_trade.model import Bar

if TYPE_CHECKING:
    from real_trade.common.base_data import BaseData

__all__ = ["AskAgain", "HistoryLoaded"]


@attrs.frozen(kw_only=True)
class HistoryLoaded:
    """Bars that were fetched for a feed, or the error that came instead.

    `time` is the exchange's, when they were fetched.
    """

    feed: BaseData
    bars: tuple[Bar, ...] = ()
    time: datetime | None = None
    error: ExchangeError | None = None


@attrs.frozen
class AskAgain:
    """It is time to ask for a feed's history once more."""

    feed: BaseData
