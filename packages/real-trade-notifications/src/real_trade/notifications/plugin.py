"""What notifications offer to real-trade: the section `notifications`, `deliver`, `notify`."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from real_trade.model import Bar, Fill, Mode
from real_trade.notifications.daily import DailySummary
from real_trade.notifications.office import Office
from real_trade.notifications.opening import open_office
from real_trade.notifications.settings import NotificationSettings
from real_trade.notifications.siren import Siren
from real_trade.plugins import (
    AccountView,
    CommandSpec,
    Health,
    HealthState,
    Message,
    RunInfo,
    hookimpl,
)
from real_trade.runtime import SystemRuntime

__all__ = ["REAL_TRADE_API"]

REAL_TRADE_API = (1, 0)
_FLUSH_S = 5.0


class _Current:
    """This process's run: who is told, and whether it has ended."""

    def __init__(self) -> None:
        self.office: Office | None = None
        self.runtime: SystemRuntime | None = None
        self.daily: DailySummary | None = None
        self.bot = ""
        self.has_stopped = False


_CURRENT = _Current()


@hookimpl
def register_config() -> dict[str, type]:
    """Offer the section `notifications`."""
    return {"notifications": NotificationSettings}


@hookimpl
def register_commands() -> list[CommandSpec]:
    """Offer `real-trade notify`."""
    target = "real_trade.notifications.command:notify"
    return [CommandSpec(name="notify", target=target, summary="Test who is told, and how.")]


@hookimpl
def register_health_checks() -> dict[str, object]:
    """Offer a check of the channels and of the siren."""
    return {"notifications": _health}


@hookimpl
def run_started(run: RunInfo) -> None:
    """Open the channels of the run; a backtest tells nobody.

    Raises:
        ConfigurationError: a channel has no address, or nothing understands it.
    """
    _close()
    settings = run.sections.get("notifications")
    if run.mode is Mode.BACKTEST or not isinstance(settings, NotificationSettings):
        return
    _CURRENT.bot = f"[{run.mode.value}] {run.strategy}"
    _CURRENT.has_stopped = False
    _CURRENT.runtime = SystemRuntime()
    _CURRENT.office = open_office(settings, _CURRENT.runtime, os.environ)
    if settings.daily_at:
        _CURRENT.daily = DailySummary(settings.daily_at, settings.zone, _pictures())


@hookimpl
def run_stopped(run: RunInfo, reason: str) -> None:
    """Bring out what is held back: the process may end soon."""
    del run, reason
    _CURRENT.has_stopped = True
    if _CURRENT.office is not None:
        _CURRENT.office.flush(_FLUSH_S)


@hookimpl
def deliver(message: Message) -> None:
    """Put a message on its way; after the run's end, wait until it has been tried."""
    if _CURRENT.office is None:
        return
    _CURRENT.office.deliver(message)
    if _CURRENT.has_stopped:
        _CURRENT.office.flush(_FLUSH_S)


@hookimpl
def account_updated(account: AccountView) -> None:
    """Follow the account for the summary of the day."""
    if _CURRENT.daily is not None:
        _CURRENT.daily.account_updated(account)


@hookimpl
def fill_received(fill: Fill) -> None:
    """Count the fill for the summary of the day."""
    if _CURRENT.daily is not None:
        _CURRENT.daily.fill_received(fill)


@hookimpl
def bar_closed(bar: Bar) -> None:
    """Send the summary of the day once its hour has come."""
    if _CURRENT.daily is None or _CURRENT.office is None:
        return
    note = _CURRENT.daily.due(bar.end_time, _CURRENT.bot)
    if note is not None:
        _CURRENT.office.tell(note)


def _close() -> None:
    office, runtime = _CURRENT.office, _CURRENT.runtime
    _CURRENT.office = _CURRENT.runtime = _CURRENT.daily = None
    if office is not None:
        office.close(_FLUSH_S)
    if runtime is not None:
        runtime.close()


def _health() -> Health:
    siren = Siren() if _CURRENT.office is None else _CURRENT.office.siren
    failing = {} if _CURRENT.office is None else _CURRENT.office.failing
    if lines := siren.lines():
        return Health(
            name="notifications",
            state=HealthState.FAIL,
            detail=f"{len(lines)} alarms reached nobody; the last: {lines[-1]}",
            remedy="read them with real-trade notify siren, then: real-trade notify siren --clear",
        )
    if failing:
        told = "; ".join(f"{name}: {why}" for name, why in failing.items())
        return Health(
            name="notifications",
            state=HealthState.WARN,
            detail=told,
            remedy="real-trade notify test",
        )
    return Health(name="notifications", state=HealthState.OK)


def _pictures() -> Path:
    return platformdirs.user_cache_path("real-trade", appauthor=False)
