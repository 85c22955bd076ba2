"""What plugins hand to core, and what core shows to plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.exchange.transport import Connector, Transport
from real_trade.model import Balance, Bar, Market, Mode, Order, Position
from real_trade.model.numbers import ZERO, amount_field, optional_amount_field
from real_trade.runtime import Runtime

__all__ = [
    "AccountView",
    "CommandSpec",
    "Denial",
    "ExchangeSpec",
    "Health",
    "HealthState",
    "Message",
    "Network",
    "RunInfo",
    "Severity",
    "SimulatedMarket",
    "SimulatorSpec",
    "StrategySpec",
]


@attrs.frozen(kw_only=True)
class ExchangeSpec:
    """An exchange that a plugin offers.

    Attributes:
        name: lower case, unique; what `--exchange` takes.
        open: makes the exchange for one account and market; imports what is heavy only now, and
            does not reach for the network before `connect`.
    """

    name: str
    title: str
    open: Callable[[ExchangeSettings], Exchange]
    markets: frozenset[Market] = frozenset({Market.SPOT})
    has_demo: bool = False


@attrs.frozen(kw_only=True)
class SimulatedMarket:
    """What a simulator in this process shall play, on the clock of `runtime`.

    Attributes:
        bars: by unified symbol, oldest first; the exchange's time starts with the first.
        balances: what the one account starts with, by asset.
        fee: maker and taker, as a ratio.
        spread: between best bid and best ask, as a ratio; at least what one tick allows. None for
            no spread at all: both sides trade at the last price.
        latency_ms: one way, of requests, replies and messages.
        apikey, secret: of the account.
    """

    runtime: Runtime
    bars: Mapping[str, tuple[Bar, ...]]
    balances: Mapping[str, Decimal]
    fee: Decimal = amount_field("fee", ZERO)
    spread: Decimal | None = optional_amount_field("spread")
    latency_ms: int = 5
    apikey: str = attrs.field(default="", repr=False)
    secret: str = attrs.field(default="", repr=False)


@attrs.frozen
class Network:
    """The way to an exchange that is in this process."""

    transport: Transport
    connector: Connector


@attrs.frozen(kw_only=True)
class SimulatorSpec:
    """A simulator that a plugin offers. `name` is that of the exchange whose protocol it speaks."""

    name: str
    open: Callable[[SimulatedMarket], Network]


@attrs.frozen(kw_only=True)
class StrategySpec:
    """A strategy that a plugin offers by name. `target` is "package.module:Class"."""

    name: str
    target: str
    summary: str = ""


@attrs.frozen(kw_only=True)
class CommandSpec:
    """A command for `real-trade`. `target` is "package.module:function", a click command."""

    name: str
    target: str
    summary: str = ""


@attrs.frozen(kw_only=True)
class Denial:
    """A guard's no: a stable code such as `max_position` and a sentence for the user."""

    code: str
    reason: str


@attrs.frozen(kw_only=True)
class AccountView:
    """What a guard may know when it is asked: immutable, complete, and never late.

    Attributes:
        time: bar time in a backtest, the clock otherwise.
        cash: free cash in quote (settle) units, `equity` with positions at market.
        positions: by symbol, from fills.
        open_orders: every order that may still rest, UNKNOWN ones too, at worst case.
        reference_prices: last known price by symbol, with its time.
    """

    mode: Mode
    time: datetime
    cash: Decimal = amount_field("cash")
    equity: Decimal = amount_field("equity")
    balances: Mapping[str, Balance] = attrs.field(factory=dict)
    positions: Mapping[str, Position] = attrs.field(factory=dict)
    open_orders: tuple[Order, ...] = ()
    reference_prices: Mapping[str, tuple[Decimal, datetime]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RunInfo:
    """One run of one strategy.

    Attributes:
        bot: whose run it is: the name that outlives its starts.
        sections: the plugins' configuration sections by name, as their own classes.
    """

    run_id: str
    mode: Mode
    exchange: str
    market: Market
    symbols: tuple[str, ...]
    timeframe: str
    strategy: str
    started_at: datetime
    bot: str = ""
    sections: Mapping[str, Any] = attrs.field(factory=dict)


class Severity(Enum):
    """How loud a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@attrs.frozen(kw_only=True)
class Message:
    """Something to tell a person. `key` names the incident, so that one incident is told once."""

    severity: Severity
    title: str
    text: str
    key: str = ""
    time: datetime
    mode: Mode
    details: Mapping[str, Any] = attrs.field(factory=dict)


class HealthState(Enum):
    """The answer of a health check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@attrs.frozen(kw_only=True)
class Health:
    """One check's answer, with the remedy when it is not ok.

    `details` are plain values that JSON can hold, for `real-trade status` and pages.
    """

    name: str
    state: HealthState
    detail: str = ""
    remedy: str = ""
    details: Mapping[str, Any] = attrs.field(factory=dict)
