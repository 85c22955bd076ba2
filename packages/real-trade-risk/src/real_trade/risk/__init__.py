"""Limits that every order passes, trading states that survive a restart, sizers and stops."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from real_trade.risk.drawdown import DrawdownGuard
    from real_trade.risk.guard import RiskGuard
    from real_trade.risk.kill_switch import Killed, KillSwitch
    from real_trade.risk.limiter import TradeLimiter
    from real_trade.risk.limits import Limits
    from real_trade.risk.manager import RiskManager
    from real_trade.risk.planning import plan
    from real_trade.risk.protections import (
        Cooldown,
        LowProfitSymbols,
        MaxDrawdown,
        Protection,
        StoplossGuard,
    )
    from real_trade.risk.sizers import ATRSizer, FixedRatioSizer, KellySizer
    from real_trade.risk.state_store import FileStateStore, MemoryStateStore, StateStore
    from real_trade.risk.states import Restriction, TradingState
    from real_trade.risk.stops import ATRStopLoss, FixedStopLoss, TrailingStopLoss

__all__ = [
    "ATRSizer",
    "ATRStopLoss",
    "Cooldown",
    "DrawdownGuard",
    "FileStateStore",
    "FixedRatioSizer",
    "FixedStopLoss",
    "KellySizer",
    "KillSwitch",
    "Killed",
    "Limits",
    "LowProfitSymbols",
    "MaxDrawdown",
    "MemoryStateStore",
    "Protection",
    "Restriction",
    "RiskGuard",
    "RiskManager",
    "StateStore",
    "StoplossGuard",
    "TradeLimiter",
    "TradingState",
    "TrailingStopLoss",
    "plan",
]

# Loaded when first asked for: sizers need Backtrader, which a guard does not.
_HOMES = {
    "drawdown": ("DrawdownGuard",),
    "guard": ("RiskGuard",),
    "kill_switch": ("KillSwitch", "Killed"),
    "limiter": ("TradeLimiter",),
    "limits": ("Limits",),
    "manager": ("RiskManager",),
    "planning": ("plan",),
    "protections": (
        *("Cooldown", "LowProfitSymbols", "MaxDrawdown", "Protection"),
        "StoplossGuard",
    ),
    "sizers": ("ATRSizer", "FixedRatioSizer", "KellySizer"),
    "state_store": ("FileStateStore", "MemoryStateStore", "StateStore"),
    "states": ("Restriction", "TradingState"),
    "stops": ("ATRStopLoss", "FixedStopLoss", "TrailingStopLoss"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
