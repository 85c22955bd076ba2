"""Plugins: hooks, the values they exchange, and the manager that loads and isolates them.

A plugin is an installed distribution with an entry point in the group `real_trade` that names a
module with `REAL_TRADE_API = (1, 0)` and functions marked `@hookimpl`.
"""

from real_trade.plugins.manager import PluginManager, manager
from real_trade.plugins.markers import API_VERSION, ENTRY_POINT_GROUP, hookimpl, hookspec
from real_trade.plugins.registry import PluginInfo, PluginStatus
from real_trade.plugins.values import (
    AccountView,
    CommandSpec,
    Denial,
    ExchangeSpec,
    Health,
    HealthState,
    Message,
    Network,
    RunInfo,
    Severity,
    SimulatedMarket,
    SimulatorSpec,
    StrategySpec,
)

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "AccountView",
    "CommandSpec",
    "Denial",
    "ExchangeSpec",
    "Health",
    "HealthState",
    "Message",
    "Network",
    "PluginInfo",
    "PluginManager",
    "PluginStatus",
    "RunInfo",
    "Severity",
    "SimulatedMarket",
    "SimulatorSpec",
    "StrategySpec",
    "hookimpl",
    "hookspec",
    "manager",
]
