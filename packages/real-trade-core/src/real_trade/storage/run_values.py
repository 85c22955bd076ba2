"""What the store knows of runs, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from real_trade.model.mode import Mode
from real_trade.model.numbers import ZERO, amount_field, optional_amount_field
from real_trade.model.times import optional_time_field, time_field

__all__ = ["STALE_AFTER", "EquityPoint", "FillRow", "OrderRow", "RunRecord", "RunState"]

STALE_AFTER = timedelta(seconds=30)
"""A run that has not given a sign of life for so long is taken for dead."""


class RunState(Enum):
    """What a run is doing.

    STARTING until the first live bar; RECONCILING while the account is compared with our books, and
    DEGRADED while a feed is behind or a symbol is halted: neither takes orders that add risk there.
    """

    STARTING = "starting"
    RECONCILING = "reconciling"
    LIVE = "live"
    DEGRADED = "degraded"
    PAUSED = "paused"
    HALTED = "halted"
    KILLED = "killed"
    STOPPED = "stopped"


@attrs.frozen(kw_only=True)
class RunRecord:
    """One start of a bot, as the store has it.

    Attributes:
        heartbeat_at: the newest sign of life.
        stopped_at: when it ended in order; None while it runs, or if it was killed.
        health: plain values: what the engine's checks say.
    """

    run_id: str
    bot: str
    mode: Mode
    exchange: str
    market: str
    symbols: tuple[str, ...]
    timeframe: str
    strategy: str
    pid: int = 0
    host: str = ""
    started_at: datetime = time_field()
    heartbeat_at: datetime = time_field()
    stopped_at: datetime | None = optional_time_field()
    reason: str = ""
    state: RunState = RunState.STARTING
    health: Mapping[str, Any] = attrs.field(factory=dict)

    def is_alive(self, now: datetime) -> bool:
        """Return whether the run has not ended and gave a sign of life lately."""
        return self.stopped_at is None and now - self.heartbeat_at <= STALE_AFTER


@attrs.frozen(kw_only=True)
class OrderRow:
    """The newest state of an order. `state` is the value of an `OrderState`."""

    run_id: str
    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: str
    type: str
    amount: Decimal | None = optional_amount_field("amount")
    price: Decimal | None = optional_amount_field("price")
    stop_price: Decimal | None = optional_amount_field("stop_price")
    state: str
    filled: Decimal = amount_field("filled", ZERO)
    average_price: Decimal | None = optional_amount_field("average_price")
    reason: str = ""
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


@attrs.frozen(kw_only=True)
class FillRow:
    """One fill of a run."""

    run_id: str
    symbol: str
    trade_id: str
    client_order_id: str
    exchange_order_id: str
    side: str
    amount: Decimal = amount_field("amount")
    price: Decimal = amount_field("price")
    fee: Decimal = amount_field("fee", ZERO)
    fee_asset: str = ""
    is_maker: bool = False
    realized_pnl: Decimal | None = optional_amount_field("realized_pnl")
    time: datetime = time_field()


@attrs.frozen(kw_only=True)
class EquityPoint:
    """What the account was worth at one time, in quote units."""

    run_id: str
    time: datetime = time_field()
    cash: Decimal = amount_field("cash")
    equity: Decimal = amount_field("equity")
    position_value: Decimal = amount_field("position_value", ZERO)
