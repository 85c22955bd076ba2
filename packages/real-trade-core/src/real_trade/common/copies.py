"""The copies of a feed that `resampledata` and `replaydata` make."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from real_trade.utils.errors import ConfigurationError

__all__ = ["LiveClone", "feed_behind"]


class LiveClone(bt.feed.DataClone):
    """Follows its live feed bar by bar, and nothing else.

    Backtrader's own copy also ends bars by the machine's clock, at the boundary: before the feed's
    last bar has come, which then counts to the next one. Without a bar of the feed in that round,
    Cerebro even ends with `min() arg is an empty sequence`
    (https://github.com/mementum/backtrader/issues/252).
    """

    def _check(self, forcedata: Any = None) -> None:
        """Do nothing: a bar ends with the feed's bar that completes it."""


def feed_behind(data: Any) -> Any:
    """Return our feed behind `data`, which may be a copy of it.

    Raises:
        ConfigurationError: it is somebody else's feed.
    """
    while not hasattr(data, "_rt_symbol"):
        source = getattr(data.p, "dataname", None)
        if not isinstance(source, bt.feed.AbstractDataBase):
            raise ConfigurationError(
                f"{type(data).__name__} {data._name!r} is no feed of this store",
                remedy="make feeds with store.getdata()",
            )
        data = source
    return data
