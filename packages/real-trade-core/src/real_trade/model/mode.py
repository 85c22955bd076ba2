"""The four modes a strategy runs in."""

from __future__ import annotations

from enum import Enum

__all__ = ["Mode"]


class Mode(Enum):
    """Where the market data come from and where the orders go; paper is the default.

    ========  =====================  ==========================================
    mode      market data            orders
    ========  =====================  ==========================================
    backtest  history                our paper venue; nothing signed
    paper     the exchange, live     our paper venue; nothing signed
    testnet   demo or simulator      the exchange's demo or a simulator, signed
    live      the exchange, live     the exchange: real money
    ========  =====================  ==========================================
    """

    BACKTEST = "backtest"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"

    @property
    def signs(self) -> bool:
        """Whether orders are signed and sent to an exchange in this mode."""
        return self in {Mode.TESTNET, Mode.LIVE}
