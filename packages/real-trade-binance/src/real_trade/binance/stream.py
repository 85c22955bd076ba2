"""What `BinanceSpot.stream` returns: market data and account events, each on its connection."""

from __future__ import annotations

from collections.abc import Iterable

from real_trade.binance.market_stream import MarketStream
from real_trade.binance.user_stream import UserStream
from real_trade.exchange import Subscription
from real_trade.model import Channel

__all__ = ["BinanceStream"]


class BinanceStream:
    """A running stream."""

    def __init__(self, market: MarketStream, user: UserStream) -> None:
        self.market = market
        self.user = user

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Subscribe to more."""
        wanted = list(subscriptions)
        self.market.add(one for one in wanted if one.channel is not Channel.ACCOUNT)
        if any(one.channel is Channel.ACCOUNT for one in wanted):
            self.user.start()

    def close(self) -> None:
        """Stop; no value comes after this returns."""
        self.market.close()
        self.user.close()
