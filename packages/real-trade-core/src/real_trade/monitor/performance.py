"""How a run does: its equity, its trades, its orders, followed while it runs or fed by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import attrs

from real_trade.model import Bar, Fill, Order, OrderState
from real_trade.monitor import figures
from real_trade.plugins import API_VERSION, hookimpl

__all__ = ["PerformanceTracker", "TradeResult"]

_MOST_POINTS = 20_000
_OVER = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED})


@attrs.frozen(kw_only=True)
class TradeResult:
    """One closed trade: profit net of fees, in quote units."""

    pnl: float
    symbol: str = ""
    strategy: str = ""
    time: datetime | None = None


@attrs.define
class _Quality:
    """What the orders of one symbol cost besides fees."""

    slippages: list[float] = attrs.field(factory=list)
    latencies: list[float] = attrs.field(factory=list)


class PerformanceTracker:
    """Follows a run. Given to a `TradingRunner` it hears of equity, trades and fills by itself.

    Memory is bounded: beyond 20,000 points the equity curve keeps every second one, and so on; the
    deepest fall is counted from every update.

    Args:
        initial_cash: the equity at the start, in quote units; the first update's if zero.
    """

    REAL_TRADE_API = API_VERSION

    def __init__(self, initial_cash: float = 0.0) -> None:
        self.initial_cash = _finite(initial_cash, "initial_cash")
        self.fees: dict[str, float] = defaultdict(float)
        self.funding = 0.0
        self._curve: list[tuple[datetime, float]] = []
        self._stride = 1
        self._updates = 0
        self._peak = self.initial_cash
        self._equity = self.initial_cash
        self._deepest = 0.0
        self._trades: list[TradeResult] = []
        self._orders: dict[str, _Quality] = defaultdict(_Quality)
        self._decided: dict[str, float] = {}
        self._last: dict[str, float] = {}

    # Fed

    def update(self, equity: float, time: datetime | None = None) -> None:
        """Take in the equity at a time (aware; its own order if none is given).

        Raises:
            ValueError: it is not finite.
        """
        self._equity = _finite(equity, "equity")
        if not self._updates and not self.initial_cash:
            self.initial_cash = self._equity
        self._peak = max(self._peak, self.initial_cash, self._equity)
        if self._peak > 0:
            self._deepest = max(self._deepest, 1 - self._equity / self._peak)
        if self._updates % self._stride == 0:
            when = time or datetime.fromtimestamp(self._updates, tz=UTC)
            self._curve.append((when, self._equity))
        self._updates += 1
        if len(self._curve) > _MOST_POINTS:
            del self._curve[1::2]
            self._stride *= 2

    def record_trade(
        self, pnl: float, symbol: str = "", strategy: str = "", time: datetime | None = None
    ) -> None:
        """Count a closed trade: profit net of fees, in quote units.

        Raises:
            ValueError: it is not finite.
        """
        result = TradeResult(pnl=_finite(pnl, "pnl"), symbol=symbol, strategy=strategy, time=time)
        self._trades.append(result)

    def record_funding(self, amount: float) -> None:
        """Count a funding payment: positive if it was received."""
        self.funding += _finite(amount, "funding")

    @hookimpl
    def fill_received(self, fill: Fill, order: Order) -> None:
        """Count a fill's fee, slippage and time since the decision."""
        self.fees[fill.fee_asset or "?"] += float(fill.fee)
        quality = self._orders[fill.symbol]
        intent = order.intent
        decided = intent.price or intent.stop_price or self._decided.get(order.client_order_id)
        if decided:
            worse = (float(fill.price) / float(decided) - 1) * fill.side.sign
            quality.slippages.append(worse)
        if len(order.fills) <= 1:
            waited = (fill.time - order.intent.created_at).total_seconds()
            quality.latencies.append(max(0.0, waited))
        del quality.slippages[:-_MOST_POINTS], quality.latencies[:-_MOST_POINTS]

    @hookimpl
    def bar_closed(self, bar: Bar) -> None:
        """Note the last price: what is decided now is decided at it."""
        self._last[bar.symbol] = float(bar.close)

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """Note the price at which an order was decided; forget it once the order is over."""
        name = order.client_order_id
        if order.state in _OVER:
            self._decided.pop(name, None)
        elif name not in self._decided and order.symbol in self._last:
            self._decided[name] = self._last[order.symbol]

    # Read

    @property
    def equity_curve(self) -> list[tuple[datetime, float]]:
        """Return (time, equity) points, oldest first."""
        return list(self._curve)

    @property
    def equity(self) -> float:
        """Return the newest equity."""
        return self._equity

    @property
    def trades(self) -> list[TradeResult]:
        """Return the closed trades, oldest first."""
        return list(self._trades)

    @property
    def trade_count(self) -> int:
        """Return how many trades were closed."""
        return len(self._trades)

    @property
    def net_pnl(self) -> float:
        """Return the sum of the closed trades' profits, net of fees."""
        return math.fsum(self._profits())

    @property
    def return_pct(self) -> float:
        """Return the change of equity since the start, in percent (5.0 is 5 %)."""
        start = self.initial_cash
        return (self._equity / start - 1) * 100 if start > 0 and self._updates else 0.0

    @property
    def win_rate(self) -> float:
        """Return the share of closed trades that made money; 0 without one."""
        return figures.win_rate(self._profits()) or 0.0

    @property
    def profit_factor(self) -> float | None:
        """Return gross profit / gross loss; None without a loss."""
        return figures.profit_factor(self._profits())

    @property
    def max_drawdown(self) -> float:
        """Return the deepest fall from a peak of equity, as a ratio of that peak."""
        return self._deepest

    def summary(self) -> dict[str, Any]:
        """Return all figures as plain values that JSON can hold; None where one says nothing."""
        returns = figures.daily_returns(self._curve, self.initial_cash)
        yearly = figures.annual_return(self.initial_cash, self._equity, self._days())
        return {
            "initial_cash": self.initial_cash,
            "equity": self._equity,
            "return_pct": self.return_pct,
            "annual_return": yearly,
            "max_drawdown": self._deepest,
            "sharpe": figures.sharpe(returns),
            "sortino": figures.sortino(returns),
            "calmar": figures.ratio(yearly, self._deepest),
            **_of_trades(self._profits()),
            "fees": dict(self.fees),
            "funding": self.funding,
            "symbols": self._groups("symbol"),
            "strategies": self._groups("strategy"),
            "orders": {symbol: _of_orders(one) for symbol, one in sorted(self._orders.items())},
        }

    def _groups(self, attribute: str) -> dict[str, dict[str, Any]]:
        groups: dict[str, list[float]] = defaultdict(list)
        for trade in self._trades:
            groups[getattr(trade, attribute)].append(trade.pnl)
        return {name: _of_trades(pnls) for name, pnls in sorted(groups.items()) if name}

    def _profits(self) -> list[float]:
        return [trade.pnl for trade in self._trades]

    def _days(self) -> float:
        if len(self._curve) < 2:
            return 0.0
        return (self._curve[-1][0] - self._curve[0][0]).total_seconds() / 86400


def _of_trades(profits: list[float]) -> dict[str, Any]:
    return {
        "trade_count": len(profits),
        "net_pnl": math.fsum(profits),
        "win_rate": figures.win_rate(profits),
        "profit_factor": figures.profit_factor(profits),
        "expectancy": figures.expectancy(profits),
        "best": max(profits, default=None),
        "worst": min(profits, default=None),
    }


def _of_orders(quality: _Quality) -> dict[str, float | None]:
    return {
        "slippage": figures.expectancy(quality.slippages),
        "latency_s": figures.expectancy(quality.latencies),
    }


def _finite(value: float, what: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{what} is {value!r}, which is no amount of money")
    return number
