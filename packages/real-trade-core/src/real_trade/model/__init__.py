"""Frozen values that every room shares: exact numbers, aware UTC times, nothing that does I/O."""

from real_trade.model.account import AccountUpdate, Balance, Position
from real_trade.model.events import Channel, ConnectionChanged, ConnectionState, StreamValue
from real_trade.model.instrument import Instrument, Market, Side
from real_trade.model.market import Bar, MarketTrade, Ticker, TopOfBook
from real_trade.model.mode import Mode
from real_trade.model.numbers import decimal
from real_trade.model.orders import (
    Evidence,
    Fill,
    Order,
    OrderIntent,
    OrderReport,
    OrderType,
    TimeInForce,
)
from real_trade.model.states import TERMINAL, TRANSITIONS, OrderState, may_follow
from real_trade.model.timeframe import Timeframe
from real_trade.model.times import from_ms, to_ms, utc

__all__ = [
    "TERMINAL",
    "TRANSITIONS",
    "AccountUpdate",
    "Balance",
    "Bar",
    "Channel",
    "ConnectionChanged",
    "ConnectionState",
    "Evidence",
    "Fill",
    "Instrument",
    "Market",
    "MarketTrade",
    "Mode",
    "Order",
    "OrderIntent",
    "OrderReport",
    "OrderState",
    "OrderType",
    "Position",
    "Side",
    "StreamValue",
    "Ticker",
    "TimeInForce",
    "Timeframe",
    "TopOfBook",
    "decimal",
    "from_ms",
    "may_follow",
    "to_ms",
    "utc",
]
