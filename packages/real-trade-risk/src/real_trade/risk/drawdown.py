"""Whether equity fell too far from its peak, for strategies that ask by themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from real_trade.model.numbers import ZERO
from real_trade.risk.sizing import exact
from real_trade.risk.units import share
from real_trade.utils.errors import ConfigurationError

__all__ = ["DrawdownGuard"]


class DrawdownGuard:
    """Remembers the peak of equity. Once tripped it stays so until `reset`."""

    def __init__(self, max_drawdown_pct: Any = 0.20) -> None:
        self.max_drawdown_pct = share(max_drawdown_pct, "max_drawdown_pct")
        self.peak: Decimal | None = None
        self.equity: Decimal | None = None
        self.tripped = False

    @property
    def drawdown(self) -> Decimal:
        """Return the fall from the peak as a share of it."""
        if self.peak is None or self.equity is None or self.peak <= 0:
            return ZERO
        return (self.peak - self.equity) / self.peak

    def update(self, equity: Any) -> bool:
        """Take equity as it is now; return whether trading may go on.

        Raises:
            ConfigurationError: equity is no finite number.
        """
        seen = exact(equity)
        if seen is None:
            raise ConfigurationError(
                f"equity = {equity!r}: is no number", remedy="check the account's connection"
            )
        self.equity = seen
        if self.peak is None or seen > self.peak:
            self.peak = seen
        self.tripped = self.tripped or seen <= 0 or self.drawdown >= self.max_drawdown_pct
        return not self.tripped

    def reset(self) -> None:
        """Begin anew at what equity is now. A person's decision."""
        self.peak, self.tripped = self.equity, False
