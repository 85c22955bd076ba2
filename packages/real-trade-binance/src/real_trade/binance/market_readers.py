"""Market stream messages as values (Binance, "Websocket market streams")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from real_trade.exchange import ConfigurationError, Subscription
from real_trade.model import (
    Bar,
    Channel,
    MarketTrade,
    StreamValue,
    Timeframe,
    TopOfBook,
    from_ms,
)

__all__ = ["Reader", "reader_of", "stream_name"]

Reader = Callable[[Mapping[str, Any]], StreamValue]
"""Makes a value of a message's data; KeyError, TypeError or ValueError if it cannot be one."""

_SUFFIXES = {Channel.TRADES: "trade", Channel.TOP_OF_BOOK: "bookTicker"}


def stream_name(subscription: Subscription, native: str) -> str:
    """Return Binance's name of a market stream, such as `btcusdt@kline_1m`."""
    if subscription.channel is Channel.BARS:
        if subscription.timeframe is None:
            raise ConfigurationError(
                f"streaming bars of {subscription.symbol} needs a timeframe",
                remedy="name one, such as 1m",
            )
        return f"{native.lower()}@kline_{subscription.timeframe.value}"
    return f"{native.lower()}@{_SUFFIXES[subscription.channel]}"


def reader_of(subscription: Subscription, symbol: str, now: Callable[[], datetime]) -> Reader:
    """Return what reads the messages of one subscription.

    `now` tells the exchange's time, for messages without one (spot's bookTicker).
    """
    if subscription.channel is Channel.BARS and subscription.timeframe is not None:
        return _bar_reader(symbol, subscription.timeframe)
    if subscription.channel is Channel.TRADES:
        return lambda data: _trade(data, symbol)
    return lambda data: _top_of_book(data, symbol, now)


def _bar_reader(symbol: str, timeframe: Timeframe) -> Reader:
    def read(data: Mapping[str, Any]) -> Bar:
        kline = data["k"]
        if kline["i"] != timeframe.value:
            raise ValueError(f"bars of {kline['i']} came for {timeframe.value}")
        return Bar(
            symbol=symbol,
            timeframe=timeframe,
            open_time=from_ms(kline["t"]),
            open=kline["o"],
            high=kline["h"],
            low=kline["l"],
            close=kline["c"],
            volume=kline["v"],
            closed=kline["x"],
        )

    return read


def _trade(data: Mapping[str, Any], symbol: str) -> MarketTrade:
    return MarketTrade(
        symbol=symbol,
        trade_id=str(data["t"]),
        price=data["p"],
        amount=data["q"],
        buyer_is_maker=data["m"],
        time=from_ms(data["T"]),
    )


def _top_of_book(data: Mapping[str, Any], symbol: str, now: Callable[[], datetime]) -> TopOfBook:
    stamp = data.get("T")
    return TopOfBook(
        symbol=symbol,
        bid=data["b"],
        bid_amount=data["B"],
        ask=data["a"],
        ask_amount=data["A"],
        time=now() if stamp is None else from_ms(stamp),
    )
