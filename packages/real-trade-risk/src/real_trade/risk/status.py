"""States, limits and the use of each, as plain values for `real-trade status` and pages."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Market
from real_trade.model.numbers import ZERO
from real_trade.plugins import AccountView
from real_trade.risk.guard import RiskGuard
from real_trade.risk.planning import written
from real_trade.risk.question import show

__all__ = ["LimitUse", "status", "uses"]


@attrs.frozen(kw_only=True)
class LimitUse:
    """One limit and how much of it is used; `used` is "" where only an order can tell."""

    name: str
    limit: str
    used: str = ""
    part: Decimal | None = None


def status(guard: RiskGuard) -> dict[str, Any]:
    """Return state, reasons, locks and uses as values that JSON can hold."""
    memory = guard.memory
    killed = guard.kill_switch.state
    return {
        "state": guard.state.value,
        "restrictions": [
            {
                "cause": one.cause,
                "state": one.state.value,
                "reason": one.reason,
                "since": one.since.isoformat(),
                "until": _iso(one.until),
                "by": one.by,
            }
            for one in memory.states.restrictions
        ],
        "killed": None
        if killed is None
        else {"since": _iso(killed.since), "by": killed.by, "reason": killed.reason},
        "locks": [
            {
                "code": lock.code,
                "reason": lock.reason,
                "symbol": lock.symbol,
                "side": lock.side.value if lock.side else None,
                "until": lock.until.isoformat(),
            }
            for lock in memory.locks
            if memory.now is None or lock.until > memory.now
        ],
        "limits": [
            {
                "name": one.name,
                "limit": one.limit,
                "used": one.used,
                "part": None if one.part is None else round(float(one.part), 4),
            }
            for one in uses(guard)
        ],
    }


def uses(guard: RiskGuard) -> list[LimitUse]:
    """Return every limit that is set, with its use as of the account that was seen last."""
    limits, figures = guard.limits, {**_counts(guard), **_values(guard)}
    found = []
    for name in limits.configured:
        if name == "protections":
            continue
        value = getattr(limits, name)
        used = figures.get(name)
        if used is None:
            found.append(LimitUse(name=name, limit=written(name, value)))
            continue
        found.append(
            LimitUse(
                name=name,
                limit=written(name, value),
                used=f"{used:.2%}" if name.endswith("_pct") else show(used),
                part=used / value if isinstance(value, (Decimal, int)) else None,
            )
        )
    return found


def _counts(guard: RiskGuard) -> dict[str, Decimal]:
    memory = guard.memory
    tally = memory.reservations.tally((), {}, "")
    figures = {
        "max_daily_trades": Decimal(memory.day.trades + tally.trades),
        "max_daily_turnover": memory.day.turnover + tally.turnover,
        "max_daily_loss": memory.marks.day_loss,
        "max_daily_loss_pct": memory.marks.day_loss_share,
        "max_drawdown_pct": memory.marks.drawdown,
    }
    if memory.now is not None:
        for name, rates in (("max_order_rate", memory.orders), ("max_cancel_rate", memory.cancels)):
            if rates.windows:
                figures[name] = Decimal(max(one.used(memory.now) for one in rates.windows))
    return figures


def _values(guard: RiskGuard) -> dict[str, Decimal]:
    account = guard.last_account
    if account is None:
        return {}
    values = _worths(guard, account)
    if not values:
        return {}
    total, largest = sum(values, ZERO), max(values)
    figures = {
        "max_position_value": largest,
        "max_total_value": total,
    }
    if account.equity > 0:
        figures["max_position_pct"] = largest / account.equity
        figures["max_total_pct"] = figures["max_leverage"] = total / account.equity
    return figures


def _worths(guard: RiskGuard, account: AccountView) -> list[Decimal]:
    """Return each symbol's worst value in settle units; those without a price are left out."""
    memory = guard.memory
    amounts = {symbol: one.amount for symbol, one in account.positions.items() if one.amount}
    loads = memory.reservations.tally(account.open_orders, amounts, "").loads
    worths = []
    for symbol, load in loads.items():
        instrument, price = memory.instrument(symbol), account.reference_prices.get(symbol)
        if instrument is not None and price is not None and price[0] > 0:
            worst = load.worst(spot=instrument.market is Market.SPOT)
            worths.append(instrument.notional(worst, price[0]))
    return worths


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
