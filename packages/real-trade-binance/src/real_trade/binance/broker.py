"""The seed's broker: orders to Binance, or to the paper venue, by the store's mode."""

from __future__ import annotations

from typing import Any

from real_trade.common import BaseBroker, BaseStore
from real_trade.utils.errors import ConfigurationError

__all__ = ["BinanceBroker"]


class BinanceBroker(BaseBroker):
    """A broker on a `BinanceStore`; see `BaseBroker` for its parameters."""

    def __init__(self, store: BaseStore, **options: Any) -> None:
        super().__init__(store, **options)
        if not self.p.paper_trading and not store.mode.signs:
            raise ConfigurationError(
                f"paper_trading=False needs a store that signs; this one is in {store.mode.value} "
                "mode",
                remedy="give the store a key (testnet) or its mode, or leave paper_trading out",
            )
