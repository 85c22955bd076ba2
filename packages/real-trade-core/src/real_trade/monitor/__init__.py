"""How a run does and whether it is well: figures, health, reports, metrics."""

from __future__ import annotations

from real_trade.monitor.health import HealthChecker
from real_trade.monitor.performance import PerformanceTracker
from real_trade.monitor.reporter import Reporter

__all__ = ["HealthChecker", "PerformanceTracker", "Reporter"]
