"""The composition root: what assembles a run, starts it and ends it in order."""

from real_trade.engine.lifecycle import LifecycleManager
from real_trade.engine.recorder import RunSummary
from real_trade.engine.runner import TradingRunner
from real_trade.engine.scheduler import Scheduler
from real_trade.engine.shield import ErrorPolicy

__all__ = ["ErrorPolicy", "LifecycleManager", "RunSummary", "Scheduler", "TradingRunner"]
