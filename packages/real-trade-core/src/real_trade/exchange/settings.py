"""What an exchange is opened with."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs

from real_trade.exchange.transport import Connector, Transport
from real_trade.model import Market
from real_trade.runtime import Runtime
from real_trade.utils.secrets import Secret

__all__ = ["Environment", "ExchangeSettings"]


class Environment(Enum):
    """Which of an exchange's worlds."""

    LIVE = "live"
    DEMO = "demo"
    TESTNET = "testnet"


@attrs.frozen(kw_only=True)
class ExchangeSettings:
    """Everything that opening an exchange needs. Without keys, only public data can be asked.

    Attributes:
        endpoint: a simulator's address, such as `http://127.0.0.1:8080`; it replaces every host of
            the exchange, REST and websockets. Empty for the exchange's own.
        proxy: an explicit HTTP proxy; empty for none. Loopback never goes through it.
        options: what only this exchange understands.
        transport, connector: replace the network (the in-process simulator does).
    """

    runtime: Runtime
    market: Market = Market.SPOT
    environment: Environment = Environment.LIVE
    apikey: Secret = attrs.field(factory=Secret, converter=Secret)
    secret: Secret = attrs.field(factory=Secret, converter=Secret)
    endpoint: str = ""
    proxy: str = ""
    options: dict[str, Any] = attrs.field(factory=dict)
    transport: Transport | None = attrs.field(default=None, repr=False)
    connector: Connector | None = attrs.field(default=None, repr=False)
