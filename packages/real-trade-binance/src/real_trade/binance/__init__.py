"""Binance for Backtrader: the seed's names, each loaded when it is first used.

Loading plugins imports this package, and must not wait for Backtrader and ccxt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from real_trade.binance.broker import BinanceBroker
    from real_trade.binance.datafeed import BinanceData
    from real_trade.binance.engine import (
        create_binance_engine,
        create_binance_engine_from_config,
    )
    from real_trade.binance.exchange import BinanceExchange
    from real_trade.binance.spot import BinanceSpot
    from real_trade.binance.store import BinanceStore

__all__ = [
    "BinanceBroker",
    "BinanceData",
    "BinanceExchange",
    "BinanceSpot",
    "BinanceStore",
    "create_binance_engine",
    "create_binance_engine_from_config",
]

_WHERE = {
    "BinanceBroker": "broker",
    "BinanceData": "datafeed",
    "BinanceExchange": "exchange",
    "BinanceSpot": "spot",
    "BinanceStore": "store",
    "create_binance_engine": "engine",
    "create_binance_engine_from_config": "engine",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
