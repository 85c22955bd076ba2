"""All limits of one account, with typed units; what contradicts itself is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, Self

import attrs

from real_trade.model import Side
from real_trade.model.numbers import ZERO
from real_trade.risk._contradictions import contradictions
from real_trade.risk.days import DayRule, TradingWindow, trading_windows
from real_trade.risk.protections import Protection, read_protections
from real_trade.risk.states import TradingState
from real_trade.risk.units import Rate, count, duration, money, multiple, rate, share, unit_field
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.validators import validate_symbol

if TYPE_CHECKING:
    MaybeDecimal = Decimal | None
    MaybeCount = int | None
    MaybeRates = tuple[Rate, ...] | None
    MaybeNames = frozenset[str] | None
    MaybeSides = frozenset[Side] | None
    MaybeWindows = tuple[TradingWindow, ...] | None
    Length = timedelta
    OneRate = Rate
    State = TradingState
    Protections = tuple[Protection, ...]
    Count = int
    Text = str
else:
    # What reads configuration files passes Any through untouched: the units here do the reading.
    MaybeDecimal = MaybeCount = MaybeRates = MaybeNames = MaybeSides = MaybeWindows = Any
    Length = OneRate = State = Protections = Count = Text = Any

__all__ = ["LIMIT_NAMES", "Limits", "Settings"]


class Settings(Protocol):
    """The risk settings that the configuration of a run has (see `GlobalConfig`)."""

    # Numbers of any kind: files give floats, people may give text or Decimals.
    @property
    def max_position_pct(self) -> Any: ...
    @property
    def risk_per_trade(self) -> Any: ...
    @property
    def max_drawdown_pct(self) -> Any: ...
    @property
    def max_daily_trades(self) -> Any: ...
    @property
    def max_daily_loss(self) -> Any: ...
    @property
    def stop_loss_pct(self) -> Any: ...


def _rates(value: Any, what: str) -> tuple[Rate, ...]:
    parts = [value] if isinstance(value, (str, Rate)) else list(value)
    if not parts:
        raise ConfigurationError(f"{what} = []: names no rate", remedy='write it as "10/1s"')
    return tuple(sorted((rate(part, what) for part in parts), key=lambda one: one.period))


def _symbols(value: Any, what: str) -> frozenset[str]:
    names = [value] if isinstance(value, str) else list(value)
    if not names:
        raise ConfigurationError(f"{what} = []: nothing could be traded", remedy="leave it out")
    for name in names:
        right, problem = validate_symbol(name)
        if not right:
            raise ConfigurationError(f"{what}: {problem}", remedy="write it as BTC/USDT")
    return frozenset(names)


def _sides(value: Any, what: str) -> frozenset[Side]:
    names = [value] if isinstance(value, (str, Side)) else list(value)
    try:
        found = frozenset(Side(name) for name in names)
    except ValueError:
        found = frozenset()
    if not found:
        raise ConfigurationError(
            f"{what} = {value!r}: must name sides of entries", remedy='write ["buy"] or ["sell"]'
        )
    return found


def _path(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} = {value!r}: must be text", remedy="name a file")
    return value


def _state(value: Any, what: str) -> TradingState:
    try:
        found = TradingState(value)
    except ValueError:
        found = TradingState.ACTIVE
    if found is TradingState.ACTIVE:
        raise ConfigurationError(
            f"{what} = {value!r}: must be a state that restricts",
            remedy='write "reducing" or "halted"',
        )
    return found


@attrs.frozen(kw_only=True)
class Limits:
    """What an account may do. None is no limit; names ending in `_pct` are shares of equity.

    Money is in the quote asset. Limits concern entries; what reduces a position is not bound by
    them, but by the trading states.
    """

    max_order_value: MaybeDecimal = unit_field("max_order_value", money, "value of one order")
    max_order_pct: MaybeDecimal = unit_field("max_order_pct", share, "value of one order")
    max_position_value: MaybeDecimal = unit_field(
        "max_position_value", money, "value of one symbol's position and open orders"
    )
    max_position_pct: MaybeDecimal = unit_field(
        "max_position_pct", share, "value of one symbol's position and open orders"
    )
    max_total_value: MaybeDecimal = unit_field(
        "max_total_value", money, "value of all positions and open orders"
    )
    max_total_pct: MaybeDecimal = unit_field(
        "max_total_pct", share, "value of all positions and open orders"
    )
    max_leverage: MaybeDecimal = unit_field(
        "max_leverage", multiple, "value of all positions and open orders to equity"
    )
    max_price_deviation: MaybeDecimal = unit_field(
        "max_price_deviation", share, "distance of a price from the last one, to the worse side"
    )
    max_reference_age: Length = unit_field(
        "max_reference_age", duration, "age of the last price", timedelta(minutes=5)
    )
    slippage_pct: MaybeDecimal = unit_field(
        "slippage_pct", share, "added to the last price where an order has none of its own"
    )
    max_volume_pct: MaybeDecimal = unit_field(
        "max_volume_pct", share, "an order's part of the average volume of recent bars"
    )
    volume_bars: Count = unit_field("volume_bars", count, "bars that the average is over", 20)
    max_order_rate: MaybeRates = unit_field("max_order_rate", _rates, "orders sent")
    max_cancel_rate: MaybeRates = unit_field("max_cancel_rate", _rates, "cancels sent")
    max_daily_turnover: MaybeDecimal = unit_field(
        "max_daily_turnover", money, "value of a day's entries, open ones included"
    )
    max_daily_trades: MaybeCount = unit_field(
        "max_daily_trades", count, "entries a day, open ones included"
    )
    max_daily_loss: MaybeDecimal = unit_field("max_daily_loss", money, "loss of equity in a day")
    max_daily_loss_pct: MaybeDecimal = unit_field(
        "max_daily_loss_pct", share, "loss of equity in a day"
    )
    max_trade_loss: MaybeDecimal = unit_field(
        "max_trade_loss", money, "loss of a position at its stop"
    )
    max_trade_loss_pct: MaybeDecimal = unit_field(
        "max_trade_loss_pct", share, "loss of a position at its stop"
    )
    stop_loss_pct: MaybeDecimal = unit_field(
        "stop_loss_pct", share, "distance of the stop from the price; without one all may be lost"
    )
    max_drawdown_pct: MaybeDecimal = unit_field(
        "max_drawdown_pct", share, "fall of equity from its peak"
    )
    min_free_balance: MaybeDecimal = unit_field(
        "min_free_balance", money, "cash that stays when all open orders fill"
    )
    min_free_balance_pct: MaybeDecimal = unit_field(
        "min_free_balance_pct", share, "cash that stays when all open orders fill"
    )
    min_liquidation_distance: MaybeDecimal = unit_field(
        "min_liquidation_distance", share, "distance of the price from liquidation"
    )
    maintenance_margin_pct: Any = unit_field(
        "maintenance_margin_pct", share, "maintenance margin that is assumed", Decimal("0.01")
    )
    allowed_symbols: MaybeNames = unit_field("allowed_symbols", _symbols, "symbols to enter")
    allowed_sides: MaybeSides = unit_field("allowed_sides", _sides, "sides to enter on")
    trading_hours: MaybeWindows = unit_field("trading_hours", trading_windows, "hours to enter in")
    protections: Protections = unit_field("protections", read_protections, "locks after losses", ())
    identical_rejects: Count = unit_field(
        "identical_rejects", count, "identical rejects in a row that stop trading", 3
    )
    runaway: OneRate = unit_field(
        "runaway", rate, "attempts to order that stop trading", Rate(100, timedelta(seconds=1))
    )
    on_drawdown: State = unit_field(
        "on_drawdown", _state, "state after max_drawdown_pct", TradingState.REDUCING
    )
    on_daily_loss: State = unit_field(
        "on_daily_loss", _state, "state for the rest of the day", TradingState.REDUCING
    )
    on_rejects: State = unit_field(
        "on_rejects", _state, "state after identical rejects", TradingState.HALTED
    )
    on_runaway: State = unit_field(
        "on_runaway", _state, "state after a runaway", TradingState.HALTED
    )
    day_timezone: Text = "UTC"
    day_start: Text = "00:00"
    state_file: Text = unit_field("state_file", _path, "where state is kept", "")
    day: DayRule = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "day", DayRule(self.day_timezone, self.day_start))
        problems = contradictions(self)
        if problems:
            raise ConfigurationError(
                "limits contradict each other: " + "; ".join(problems),
                remedy="correct one of the two, or leave it out",
            )

    @property
    def configured(self) -> tuple[str, ...]:
        """Return the names of the limits that are set, in order."""
        found = (name for name in LIMIT_NAMES if getattr(self, name) is not None)
        return (*found, *(["protections"] if self.protections else []))

    @property
    def slippage(self) -> Decimal:
        """Return `slippage_pct`, or 0."""
        return self.slippage_pct or ZERO

    def plan(self) -> str:
        """Return all limits in words, which a command shows before a run."""
        from real_trade.risk.planning import plan  # which knows this class

        return plan(self)

    @classmethod
    def from_settings(cls, settings: Settings, **others: Any) -> Self:
        """Return the limits that a run's own risk settings ask for; `others` win over them.

        `risk_per_trade` is a limit only with `stop_loss_pct`: without a stop it sizes, no more.
        """
        given: dict[str, Any] = {
            "max_position_pct": settings.max_position_pct,
            "max_drawdown_pct": settings.max_drawdown_pct,
            "max_daily_trades": settings.max_daily_trades or None,
            "max_daily_loss": settings.max_daily_loss or None,
            "stop_loss_pct": settings.stop_loss_pct,
        }
        if settings.stop_loss_pct is not None:
            given["max_trade_loss_pct"] = settings.risk_per_trade
        return cls(**{**given, **others})

    @classmethod
    def from_section(cls, section: Mapping[str, Any]) -> Self:
        """Return the limits of a configuration section.

        Raises:
            ConfigurationError: an unknown name, a wrong value, a contradiction.
        """
        known = {field.name for field in attrs.fields(cls) if field.init}
        unknown = sorted(set(section) - known)
        if unknown:
            raise ConfigurationError(
                f"limits: unknown {', '.join(unknown)}", remedy=f"use {_known(known)}"
            )
        return cls(**section)


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


_PARAMETERS = frozenset(
    {
        *("max_reference_age", "slippage_pct", "volume_bars", "stop_loss_pct"),
        *("maintenance_margin_pct", "protections", "identical_rejects", "runaway"),
        *("state_file", "on_drawdown", "on_daily_loss", "on_rejects", "on_runaway"),
    }
)

LIMIT_NAMES: tuple[str, ...] = tuple(
    field.name
    for field in attrs.fields(Limits)
    if "meaning" in field.metadata and field.name not in _PARAMETERS
)
"""Every limit that is off until it is set; a denial by one carries its name as code."""
