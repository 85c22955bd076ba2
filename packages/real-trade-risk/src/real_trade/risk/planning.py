"""The plan before a run: every limit in words, those that are off too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from real_trade.risk.days import TradingWindow
from real_trade.risk.limits import LIMIT_NAMES, Limits
from real_trade.risk.protections import Protection
from real_trade.risk.units import Rate, format_duration

__all__ = ["plan", "written"]

_TIMES_EQUITY = frozenset({"max_leverage"})
_OF_WHAT = {
    "max_price_deviation": "",
    "max_volume_pct": " of the average volume",
    "min_liquidation_distance": "",
    "max_drawdown_pct": " of the peak",
    "stop_loss_pct": "",
    "slippage_pct": "",
    "maintenance_margin_pct": "",
    "max_daily_loss_pct": " of equity at the day's start",
}


def plan(limits: Limits) -> str:
    """Return all limits as text, one a line, to be read before a run."""
    fields = {field.name: field for field in attrs.fields(Limits)}
    on = [name for name in LIMIT_NAMES if getattr(limits, name) is not None]
    off = [name for name in LIMIT_NAMES if getattr(limits, name) is None]
    lines = ["Limits of entries; what reduces a position is not bound by them:"]
    lines += [_line(fields[name], getattr(limits, name)) for name in on] or ["  none"]
    if limits.protections:
        lines.append("Protections:")
        lines += [f"  {_protection(one)}" for one in limits.protections]
    lines.append("How they are counted:")
    parameters = ("stop_loss_pct", "slippage_pct", "max_reference_age", "volume_bars")
    lines += [
        _line(fields[name], getattr(limits, name))
        for name in parameters
        if getattr(limits, name) is not None
    ]
    lines.append(f"  a day                    begins at {limits.day_start} {limits.day_timezone}")
    lines.append("What stops trading:")
    lines += _stops(limits)
    if off:
        lines.append(f"Not limited: {', '.join(off)}")
    return "\n".join(lines)


def _stops(limits: Limits) -> list[str]:
    rules = [
        (
            f"{limits.identical_rejects} identical rejects in a row",
            limits.on_rejects,
            "a person resumes",
        ),
        (f"more than {limits.runaway} attempts", limits.on_runaway, "a person resumes"),
    ]
    if limits.max_drawdown_pct is not None:
        rules.append(("max_drawdown_pct", limits.on_drawdown, "a person resumes"))
    if limits.max_daily_loss is not None or limits.max_daily_loss_pct is not None:
        rules.append(("a day's loss", limits.on_daily_loss, "the next day"))
    return [f"  {what}: {state.value} until {end}" for what, state, end in rules]


def _line(field: attrs.Attribute[Any], value: Any) -> str:
    return f"  {field.name:<24} {written(field.name, value):<28} {field.metadata['meaning']}"


def _protection(one: Protection) -> str:
    settings = (
        f"{field.name} {written(field.name, getattr(one, field.name))}"
        for field in attrs.fields(type(one))
    )
    return f"{one.kind}: {', '.join(settings)}"


def written(name: str, value: Any) -> str:
    """Return a limit's value with its unit: 3 % and 300 % cannot be taken for each other."""
    if isinstance(value, Decimal):
        if name.endswith("_pct") or name in _OF_WHAT:
            return f"{_percent(value)}{_OF_WHAT.get(name, ' of equity')}"
        if name in {"max_allowed_drawdown", "required_profit"}:
            return _percent(value)
        return f"{value:f}x" if name in _TIMES_EQUITY else f"{value:,f} in the quote asset"
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Iterable) and not isinstance(value, (str, Rate)):
        return ", ".join(sorted(_name(part) for part in value))
    return str(value)


def _name(part: Rate | TradingWindow | Enum | str) -> str:
    return str(part.value) if isinstance(part, Enum) else str(part)


def _percent(value: Decimal) -> str:
    return f"{(value * 100).normalize():f} %"
