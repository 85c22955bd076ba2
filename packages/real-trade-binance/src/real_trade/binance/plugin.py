"""What Binance offers to real-trade. Cheap to import: ccxt comes with the first exchange opened."""

from __future__ import annotations

from importlib import import_module

from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.model import Market
from real_trade.plugins import ExchangeSpec, hookimpl

__all__ = ["REAL_TRADE_API", "open_exchange", "register_exchanges"]

REAL_TRADE_API = (1, 0)


@hookimpl
def register_exchanges() -> list[ExchangeSpec]:
    """Offer Binance."""
    return [
        ExchangeSpec(
            name="binance",
            title="Binance",
            open=open_exchange,
            markets=frozenset({Market.SPOT}),
            has_demo=True,
        )
    ]


def open_exchange(settings: ExchangeSettings) -> Exchange:
    """Return Binance's exchange for one account and market; nothing is asked over the network."""
    exchange: Exchange = import_module("real_trade.binance.opening").open_exchange(settings)
    return exchange
