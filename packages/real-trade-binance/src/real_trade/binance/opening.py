"""Opens the right exchange for a market."""

from __future__ import annotations

from real_trade.binance.exchange import BinanceExchange
from real_trade.binance.spot import BinanceSpot
from real_trade.exchange import ConfigurationError, ExchangeSettings
from real_trade.model import Market

__all__ = ["open_exchange"]

_EXCHANGES: dict[Market, type[BinanceExchange]] = {Market.SPOT: BinanceSpot}


def open_exchange(settings: ExchangeSettings) -> BinanceExchange:
    """Return the exchange for `settings`; no call is made before `connect`.

    Raises:
        ConfigurationError: this version does not trade the market.
    """
    if settings.market not in _EXCHANGES:
        raise ConfigurationError(
            f"Binance's {settings.market.value} market is not yet in this version",
            remedy="use market_type='spot'",
        )
    return _EXCHANGES[settings.market](settings)
