"""The composition root: what assembles a run, starts it and ends it in order."""

from real_trade.engine.recorder import RunSummary
from real_trade.engine.runner import TradingRunner

__all__ = ["RunSummary", "TradingRunner"]
