"""Pairs of limits of which one could never act."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

__all__ = ["contradictions"]

_NEVER_ABOVE = (
    ("max_order_value", "max_position_value"),
    ("max_order_pct", "max_position_pct"),
    ("max_position_value", "max_total_value"),
    ("max_position_pct", "max_total_pct"),
    ("max_order_value", "max_total_value"),
    ("max_order_pct", "max_total_pct"),
    ("max_order_pct", "max_leverage"),
    ("max_position_pct", "max_leverage"),
    ("max_total_pct", "max_leverage"),
    ("max_order_value", "max_daily_turnover"),
    ("max_trade_loss", "max_daily_loss"),
    ("max_trade_loss_pct", "max_daily_loss_pct"),
    ("max_trade_loss_pct", "max_drawdown_pct"),
    ("max_daily_loss_pct", "max_drawdown_pct"),
)


def contradictions(limits: Any) -> list[str]:
    """Return what contradicts itself in `limits`, in sentences; nothing if all can act."""
    found = []
    for inner, outer in _NEVER_ABOVE:
        small, large = getattr(limits, inner), getattr(limits, outer)
        if small is not None and large is not None and small > large:
            found.append(f"{inner} {small} is above {outer} {large}, so it never acts")
    found += _rates("max_order_rate", limits.max_order_rate)
    found += _rates("max_cancel_rate", limits.max_cancel_rate)
    if not limits.max_order_rate:
        return found
    for one in limits.max_order_rate:
        if one.period >= limits.runaway.period and one.count >= limits.runaway.count:
            speed = Decimal(one.count) / int(one.period.total_seconds() or 1)
            if speed >= limits.runaway.count / int(limits.runaway.period.total_seconds() or 1):
                found.append(
                    f"max_order_rate {one} allows what runaway {limits.runaway} calls a runaway"
                )
    return found


def _rates(name: str, rates: Any) -> list[str]:
    found = []
    for short, long in zip(rates or (), (rates or ())[1:], strict=False):
        if short.period == long.period:
            found.append(f"{name} has {short} and {long} for the same time")
        elif short.count > long.count:
            found.append(f"{name} {short} allows more than {long}, so it never acts")
    return found
