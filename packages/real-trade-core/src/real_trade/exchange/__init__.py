"""The boundary to exchanges: protocols, capabilities, errors.

`exchange.ccxt` is what exchanges on ccxt share.
"""

from real_trade.exchange.base import (
    Capabilities,
    Exchange,
    PairingExchange,
    Sink,
    StreamHandle,
    StreamingExchange,
    Subscription,
)
from real_trade.exchange.errors import (
    AuthError,
    ClockSkew,
    ConfigurationError,
    DataError,
    DuplicateOrder,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    RealTradeError,
    Rejected,
    Unavailable,
    UnknownSymbol,
)
from real_trade.exchange.key_rights import KeyRights, TellsKeyRights
from real_trade.exchange.settings import Environment, ExchangeSettings

__all__ = [
    "AuthError",
    "Capabilities",
    "ClockSkew",
    "ConfigurationError",
    "DataError",
    "DuplicateOrder",
    "Environment",
    "Exchange",
    "ExchangeError",
    "ExchangeSettings",
    "InsufficientFunds",
    "InvalidOrder",
    "KeyRights",
    "OrderNotFound",
    "OutcomeUnknown",
    "PairingExchange",
    "RateLimited",
    "RealTradeError",
    "Rejected",
    "Sink",
    "StreamHandle",
    "StreamingExchange",
    "Subscription",
    "TellsKeyRights",
    "Unavailable",
    "UnknownSymbol",
]
