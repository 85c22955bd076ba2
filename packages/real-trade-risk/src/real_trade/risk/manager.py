"""The seed's `RiskManager`: answers a strategy's questions, and guards its orders all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from real_trade.model.times import utc
from real_trade.risk.drawdown import DrawdownGuard
from real_trade.risk.guard import RiskGuard
from real_trade.risk.limiter import TradeLimiter
from real_trade.risk.limits import Limits
from real_trade.risk.sizers import FixedRatioSizer
from real_trade.risk.sizing import exact
from real_trade.risk.state_store import StateStore
from real_trade.risk.stops import FixedStopLoss
from real_trade.risk.units import share
from real_trade.utils.errors import ConfigurationError

__all__ = ["RiskManager"]


class RiskManager:
    """Sizer, stop, limiter and drawdown guard under one roof, as in the seed.

    A strategy may ask it, and need not: `guard` makes the same limits hold for every order, once it
    is registered with the run's plugins.

    Args:
        max_position_pct: the most that one position may be worth, as a share of equity.
        risk_per_trade: what a trade may lose, as a share of equity.
        max_drawdown_pct: the fall of equity from its peak that stops entries.
        max_daily_trades: entries a day; 0 for no limit.
        max_daily_loss: loss of a day in quote units; 0 for no limit.
        stop_loss_pct: distance of the stop from the entry price; the size then follows from it.

    Raises:
        ConfigurationError: a share such as 3, which may mean 3 % or 300 %; negative; NaN.
    """

    def __init__(
        self,
        max_position_pct: Any = 0.3,
        risk_per_trade: Any = 0.02,
        max_drawdown_pct: Any = 0.20,
        max_daily_trades: int = 50,
        max_daily_loss: Any = 0.0,
        stop_loss_pct: Any = None,
    ) -> None:
        self.max_position_pct = share(max_position_pct, "max_position_pct")
        self.risk_per_trade = share(risk_per_trade, "risk_per_trade")
        self.max_drawdown_pct = share(max_drawdown_pct, "max_drawdown_pct")
        self.max_daily_trades = max_daily_trades
        self.max_daily_loss = max_daily_loss
        self.stop_loss_pct = (
            None if stop_loss_pct is None else share(stop_loss_pct, "stop_loss_pct")
        )
        self.sizer: Any = FixedRatioSizer(
            risk_pct=float(self.risk_per_trade), max_position_pct=float(self.max_position_pct)
        )
        self.stop_loss = None if self.stop_loss_pct is None else FixedStopLoss(self.stop_loss_pct)
        self.limiter = TradeLimiter(max_daily_trades, max_daily_loss)
        self.drawdown_guard = DrawdownGuard(self.max_drawdown_pct)
        self.refusal = ""
        self._now: datetime | None = None

    # The seed's questions

    def calc_size(self, broker: Any, data: Any) -> float:
        """Return how much to enter with: by the stop's distance where `stop_loss_pct` is set."""
        price = exact(data.close[0])
        if price is None or price <= 0:
            return 0.0
        stop = None if self.stop_loss_pct is None else price * (1 - self.stop_loss_pct)
        return float(self.sizer.calc_size(broker, data, stop_price=stop))

    def allow_trade(self, broker: Any, now: datetime | None = None) -> bool:
        """Return whether a new trade is within the limits; `refusal` says why not.

        Args:
            broker: anything with `getvalue()`; its Cerebro's bars tell the time.
            now: the time, where there is no Cerebro.
        """
        self._now = _time_of(broker, now) or self._now
        allowed, self.refusal = self.limiter.allow(self._now)
        try:
            sound = self.drawdown_guard.update(broker.getvalue())
        except ConfigurationError as error:
            self.refusal = str(error)
            return False
        if not sound:
            self.refusal = (
                f"equity fell {self.drawdown_guard.drawdown:.2%} from its peak, max_drawdown_pct "
                f"is {self.max_drawdown_pct:.2%}: reset drawdown_guard to go on"
            )
        return allowed and sound

    def record_trade(self, pnl: Any, now: datetime | None = None) -> None:
        """Count a closed trade and what it earned, net of fees."""
        if now is not None:
            self._now = utc(now)
        self.limiter.record(pnl, self._now)

    def get_stop_price(self, entry_price: Any, side: Any = "buy") -> float | None:
        """Return the stop's price for an entry, or None without `stop_loss_pct`."""
        if self.stop_loss is None:
            return None
        return self.stop_loss.get_stop_price(entry_price, side)

    def status(self) -> dict[str, Any]:
        """Return limits and their use as plain values."""
        guard = self.drawdown_guard
        return {
            "max_position_pct": float(self.max_position_pct),
            "risk_per_trade": float(self.risk_per_trade),
            "stop_loss_pct": None if self.stop_loss_pct is None else float(self.stop_loss_pct),
            "max_daily_trades": self.limiter.max_daily_trades,
            "daily_trades": self.limiter.trades,
            "max_daily_loss": float(self.limiter.max_daily_loss),
            "daily_profit": float(self.limiter.profit),
            "max_drawdown_pct": float(self.max_drawdown_pct),
            "drawdown_pct": float(guard.drawdown),
            "peak_equity": None if guard.peak is None else float(guard.peak),
            "tripped": guard.tripped,
            "refusal": self.refusal,
        }

    # What makes it effective

    @property
    def limits(self) -> Limits:
        """Return the same limits for a guard; `risk_per_trade` is one only with a stop."""
        return Limits.from_settings(self)

    def guard(self, store: StateStore | None = None) -> RiskGuard:
        """Return a guard with these limits: `plugins.register("risk-manager", manager.guard())`."""
        return RiskGuard(self.limits, store)


def _time_of(broker: Any, now: datetime | None) -> datetime | None:
    """Return `now`, or the time of the newest bar of the broker's Cerebro, which is UTC."""
    if now is not None:
        return utc(now)
    datas = getattr(getattr(broker, "cerebro", None), "datas", ())
    times = [data.datetime.datetime(0, tz=UTC, naive=False) for data in datas if len(data)]
    return max(times, default=None)
