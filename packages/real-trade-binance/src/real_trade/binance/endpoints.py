"""Where Binance is: hosts by market and environment, or a simulator's that replaces them all.

REST hosts of the real environments are ccxt's; these are the websockets' (Binance's "General
information" pages of each market, and the routes of 2026-03 for USDⓈ-M).
"""

from __future__ import annotations

from types import MappingProxyType
from urllib.parse import urlsplit

import attrs

from real_trade.exchange import ConfigurationError, Environment
from real_trade.model import Market

__all__ = ["Endpoints", "endpoints_of"]


@attrs.frozen(kw_only=True)
class Endpoints:
    """Websocket addresses of one market.

    Attributes:
        streams: base of the market streams; `/stream` or `/ws/...` follows. USDⓈ-M puts
            `/public`, `/market` or `/private` between them.
        api: the websocket API, whole.
    """

    streams: str
    api: str


_L, _D, _T = Environment.LIVE, Environment.DEMO, Environment.TESTNET

_HOSTS = MappingProxyType(
    {
        (Market.SPOT, _L): Endpoints(
            streams="wss://stream.binance.com:9443",
            api="wss://ws-api.binance.com:443/ws-api/v3",
        ),
        (Market.SPOT, _D): Endpoints(
            streams="wss://demo-stream.binance.com",
            api="wss://demo-ws-api.binance.com/ws-api/v3",
        ),
        (Market.SPOT, _T): Endpoints(
            streams="wss://stream.testnet.binance.vision",
            api="wss://ws-api.testnet.binance.vision/ws-api/v3",
        ),
        (Market.FUTURE, _L): Endpoints(
            streams="wss://fstream.binance.com", api="wss://ws-fapi.binance.com/ws-fapi/v1"
        ),
        (Market.FUTURE, _D): Endpoints(
            streams="wss://demo-fstream.binance.com",
            api="wss://testnet.binancefuture.com/ws-fapi/v1",
        ),
        (Market.DELIVERY, _L): Endpoints(
            streams="wss://dstream.binance.com", api="wss://ws-dapi.binance.com/ws-dapi/v1"
        ),
        (Market.DELIVERY, _D): Endpoints(
            streams="wss://demo-dstream.binance.com",
            api="wss://testnet.binancefuture.com/ws-dapi/v1",
        ),
    }
)

# Below one simulator's address every market has a place of its own.
_SIMULATED = MappingProxyType(
    {
        Market.SPOT: ("", "/ws-api/v3"),
        Market.FUTURE: ("/usdm", "/usdm/ws-fapi/v1"),
        Market.DELIVERY: ("/coinm", "/coinm/ws-dapi/v1"),
    }
)


def endpoints_of(market: Market, environment: Environment, endpoint: str = "") -> Endpoints:
    """Return the websocket addresses; `endpoint` is a simulator's `http://host:port`.

    Raises:
        ConfigurationError: the market has no such environment.
    """
    if endpoint:
        parts = urlsplit(endpoint)
        base = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
        streams, api = _SIMULATED[market]
        return Endpoints(streams=base + streams, api=base + api)
    found = _HOSTS.get((market, environment))
    if found is None:
        raise ConfigurationError(
            f"Binance has no {environment.value} for the {market.value} market any more",
            remedy="use the demo environment (testnet=True)",
        )
    return found
