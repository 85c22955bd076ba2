"""Bars on their way to a strategy: history by pages, live bars in order, gaps repaired."""

from real_trade.feeds.assembler import Assembler
from real_trade.feeds.barrier import Barrier
from real_trade.feeds.history import fetch_bars

__all__ = ["Assembler", "Barrier", "fetch_bars"]
