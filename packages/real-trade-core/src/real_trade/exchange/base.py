"""The boundary: what an exchange must offer, and what it may offer besides.

An `Exchange` is one account of one market. It blocks, translates, signs and throttles; it decides
nothing and keeps no orders. Writes are sent once. Every method raises only the errors of
`real_trade.exchange.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import attrs

from real_trade.model import (
    Balance,
    Bar,
    Channel,
    Fill,
    Instrument,
    OrderIntent,
    OrderReport,
    OrderType,
    Position,
    StreamValue,
    Ticker,
    Timeframe,
    TimeInForce,
)

__all__ = [
    "Capabilities",
    "Exchange",
    "PairingExchange",
    "Sink",
    "StreamHandle",
    "StreamingExchange",
    "Subscription",
]

Sink = Callable[[StreamValue], None]
"""Takes a value from a stream's thread; thread-safe, never blocks."""


@attrs.frozen(kw_only=True)
class Capabilities:
    """What the exchange does natively; the rest is emulated and marked so, or refused."""

    order_types: frozenset[OrderType] = frozenset({OrderType.MARKET, OrderType.LIMIT})
    times_in_force: frozenset[TimeInForce] = frozenset({TimeInForce.GTC})
    timeframes: frozenset[Timeframe] = frozenset()
    channels: frozenset[Channel] = frozenset()
    post_only: bool = False
    reduce_only: bool = False
    quote_amount: bool = False
    short: bool = False
    oco: bool = False
    bracket: bool = False
    lookup_by_client_order_id: bool = True
    demo: bool = False
    max_bars: int = 500
    max_client_order_id: int = 36


@attrs.frozen
class Subscription:
    """One thing to stream. ACCOUNT needs no symbol; BARS need a timeframe."""

    channel: Channel
    symbol: str = ""
    timeframe: Timeframe | None = None


class Exchange(Protocol):
    """One account of one market at one exchange."""

    @property
    def name(self) -> str:
        """Return the name under which the plugin registered it, in lower case."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what the exchange does natively."""

    def connect(self) -> None:
        """Load markets and measure the server's clock; safe to call again."""

    def close(self) -> None:
        """Release connections; safe to call again."""

    def server_time(self) -> datetime:
        """Return the exchange's time, in UTC."""

    def instruments(self) -> dict[str, Instrument]:
        """Return all tradable instruments by unified symbol."""

    def ticker(self, symbol: str) -> Ticker:
        """Return the last price and top of book."""

    def bars(
        self, symbol: str, timeframe: Timeframe, since: datetime | None, limit: int
    ) -> list[Bar]:
        """Return up to `limit` bars that open at or after `since`, oldest first.

        With `since` None, the newest ones. The last may still be forming; `closed` tells.
        """

    def balances(self) -> dict[str, Balance]:
        """Return all assets that are not zero."""

    def positions(self) -> list[Position]:
        """Return open positions; always empty on spot."""

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Send the order once and return the exchange's answer."""

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Ask once for a cancel. OrderNotFound proves nothing: the order may have filled."""

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """Look one order up, with its state and cumulative fill.

        Raises:
            OrderNotFound: the exchange does not know it now.
        """

    def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return all open orders of the account, conditional ones too."""

    def fills(self, symbol: str, since: datetime) -> list[Fill]:
        """Return the account's fills at or after `since`, oldest first."""


@runtime_checkable
class PairingExchange(Exchange, Protocol):
    """An exchange that cancels one order when another one of the same list fills."""

    def submit_oco(self, first: OrderIntent, second: OrderIntent) -> list[OrderReport]:
        """Send both in one request, once: all of it is taken, or nothing. One answer for each.

        The two are on one side and for one amount, one of them a limit order or take-profit and the
        other a stop. `Capabilities.oco` says that there is this method.
        """


class StreamHandle(Protocol):
    """A running stream."""

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Subscribe to more."""

    def close(self) -> None:
        """Stop; no value comes after this returns."""


@runtime_checkable
class StreamingExchange(Exchange, Protocol):
    """An exchange that tells by itself."""

    def stream(self, subscriptions: Sequence[Subscription], sink: Sink) -> StreamHandle:
        """Start streaming into `sink` and return at once.

        Reconnects without end, backed off and jittered; each channel tells ConnectionChanged.
        """
