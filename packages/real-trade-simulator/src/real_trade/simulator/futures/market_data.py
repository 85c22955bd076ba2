"""Public market data of futures.

Source: futures documentation, "Market Data".
"""

from __future__ import annotations

from typing import Any

from real_trade.simulator.calls import Call
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.information import exchange_info
from real_trade.simulator.market import MarketData

__all__ = ["PublicData"]


class PublicData:
    """Handlers of the public endpoints."""

    def __init__(self, exchange: FuturesExchange, market: MarketData) -> None:
        self._exchange = exchange
        self._market = market

    def ping(self, call: Call) -> dict[str, Any]:  # noqa: ARG002
        """GET ping."""
        return {}

    def time(self, call: Call) -> dict[str, Any]:
        """GET time."""
        return {"serverTime": call.now}

    def info(self, call: Call) -> dict[str, Any]:
        """GET exchangeInfo."""
        return exchange_info(self._exchange, call)
