"""What risk offers to real-trade: one guard for each run, and the section `limits`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs

from real_trade.model import Bar, Fill, Instrument, Mode, Order, OrderIntent
from real_trade.plugins import (
    AccountView,
    Denial,
    Health,
    HealthState,
    RunInfo,
    hookimpl,
)
from real_trade.risk.guard import RiskGuard
from real_trade.risk.kill_switch import KillSwitch
from real_trade.risk.limits import Limits
from real_trade.risk.state_store import FileStateStore, StateStore
from real_trade.risk.states import TradingState
from real_trade.risk.status import status

__all__ = ["REAL_TRADE_API", "configure", "guard", "state_path"]

REAL_TRADE_API = (1, 0)


class _Current:
    """The guard of this process's run, and what the next run is to have."""

    def __init__(self) -> None:
        self.guard = RiskGuard()
        self.limits: Limits | None = None
        self.store: StateStore | None = None
        self.kill_switch: KillSwitch | None = None


_CURRENT = _Current()


def guard() -> RiskGuard:
    """Return the guard that is asked now."""
    return _CURRENT.guard


def configure(
    limits: Limits | None,
    store: StateStore | None = None,
    *,
    kill_switch: KillSwitch | None = None,
) -> RiskGuard:
    """Set the limits of this run and of those to come; return the guard that is asked now.

    Args:
        limits: None for none.
        store: where state is kept; by default a file for each exchange, market and mode, and
            nowhere in a backtest.
        kill_switch: obeyed before everything else.
    """
    _CURRENT.limits, _CURRENT.store, _CURRENT.kill_switch = limits, store, kill_switch
    _CURRENT.guard = RiskGuard(limits, store, kill_switch=kill_switch)
    return _CURRENT.guard


def state_path(run: RunInfo) -> Path:
    """Return where a run's state is kept unless `state_file` says otherwise."""
    name = f"risk-{run.exchange}-{run.market.value}-{run.mode.value}.json"
    return platformdirs.user_state_path("real-trade", appauthor=False) / name


@hookimpl
def register_config() -> dict[str, type]:
    """Offer the section `limits`."""
    return {"limits": Limits}


@hookimpl
def register_health_checks() -> dict[str, object]:
    """Offer a check of the trading state."""
    check: Callable[[], Health] = _health
    return {"risk": check}


@hookimpl
def run_started(run: RunInfo) -> None:
    """Begin with the run's limits and, but for a backtest, with what was remembered."""
    limits = _limits_of(run)
    try:
        _CURRENT.guard = RiskGuard(limits, _store_of(run, limits), kill_switch=_CURRENT.kill_switch)
    except OSError as error:
        # A run whose memory cannot be kept must not go on under the guard of the run before.
        _CURRENT.guard = RiskGuard(limits, kill_switch=_CURRENT.kill_switch)
        reason = f"risk state cannot be kept: {error}"
        _CURRENT.guard.halt(time=run.started_at, by="plugin", reason=reason)
        raise


@hookimpl
def run_stopped(run: RunInfo, reason: str) -> None:
    """Keep what is remembered."""
    del run, reason
    _CURRENT.guard.save()


@hookimpl
def check_order(intent: OrderIntent, account: AccountView, instrument: Instrument) -> Denial | None:
    """Ask the guard."""
    return _CURRENT.guard.check_order(intent, account, instrument)


@hookimpl
def check_cancel(order: Order, account: AccountView) -> Denial | None:
    """Ask the guard."""
    return _CURRENT.guard.check_cancel(order, account)


@hookimpl
def order_updated(order: Order) -> None:
    """Tell the guard."""
    _CURRENT.guard.order_updated(order)


@hookimpl
def fill_received(fill: Fill, order: Order) -> None:
    """Tell the guard."""
    _CURRENT.guard.fill_received(fill, order)


@hookimpl
def bar_closed(bar: Bar) -> None:
    """Tell the guard."""
    _CURRENT.guard.bar_closed(bar)


@hookimpl(optionalhook=True)
def account_updated(account: AccountView) -> None:
    """Tell the guard."""
    _CURRENT.guard.account_updated(account)


@hookimpl(optionalhook=True)
def trading_resumed(by: str) -> None:
    """Lift what a person may lift: halts, reductions, a tripped breaker; not the kill switch."""
    held = _CURRENT.guard
    if held.memory.now is not None:
        held.resume(time=held.memory.now, by=by)


def _limits_of(run: RunInfo) -> Limits | None:
    # From the version of core on that tells them, a run carries the plugins' sections.
    section = getattr(run, "sections", {}).get("limits")
    return section if isinstance(section, Limits) else _CURRENT.limits


def _store_of(run: RunInfo, limits: Limits | None) -> StateStore | None:
    if run.mode is Mode.BACKTEST:
        return None
    if _CURRENT.store is None and limits is not None:
        return FileStateStore(limits.state_file or state_path(run))
    return _CURRENT.store


def _health() -> Health:
    held = _CURRENT.guard
    cause = held.memory.states.foremost
    killed = held.kill_switch.state
    detail = killed.reason if killed is not None else cause.reason if cause is not None else ""
    verdict, remedy = HealthState.OK, ""
    if held.state is TradingState.HALTED:
        verdict, remedy = HealthState.FAIL, "resume"
    elif held.state is TradingState.REDUCING or not held.limits.configured:
        verdict, remedy = HealthState.WARN, "see [limits]"
        detail = detail or "no limit is set"
    return Health(
        name="risk",
        state=verdict,
        detail=detail or "active",
        remedy=remedy,
        details=status(held),
    )
