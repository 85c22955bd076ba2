"""What a run did, counted while it runs: bars, orders, fills, closed trades, equity and its
falls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import backtrader as bt

__all__ = ["RunRecorder", "RunSummary"]


@attrs.frozen(kw_only=True)
class RunSummary:
    """The figures of a run; money in quote units. `bars` counts those traded on: live ones in a
    live run.

    `profit` is net of fees, over closed trades. `max_drawdown` is a ratio of the peak (0.2 is 20
    %).
    """

    bars: int = 0
    orders: int = 0
    completed: int = 0
    partial_fills: int = 0
    refused: int = 0
    trades: int = 0
    winners: int = 0
    profit: float = 0.0
    fees: float = 0.0
    start_equity: float = 0.0
    equity: float = 0.0
    cash: float = 0.0
    position: float = 0.0
    max_drawdown: float = 0.0
    open_orders: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return attrs.asdict(self)


class RunRecorder(bt.Analyzer):
    """An analyzer that keeps a fixed handful of figures, however long the run.

    Args (params):
        live: count only bars that come while the feed is live.
        on_bar: called on Cerebro's thread after each counted bar, with their number.
        on_trade: called with each trade that closed.
    """

    params = (("live", False), ("on_bar", None), ("on_trade", None))

    def create_analysis(self) -> None:
        """Start at zero."""
        self.bars = self.orders = self.completed = self.refused = 0
        self.partial_fills = self.trades = self.winners = 0
        self.profit = self.fees = self.max_drawdown = 0.0
        self.start_equity = self._peak = 0.0
        self._open: set[int] = set()
        self._on_bar: Callable[[int], None] | None = self.p.on_bar

    def start(self) -> None:
        """Note where the equity starts."""
        self.start_equity = self._peak = self.strategy.broker.getvalue()

    def next(self) -> None:
        """Count a bar and follow the equity."""
        if self.p.live and not all(map(_is_live, self.strategy.datas)):
            return
        self.bars += 1
        equity = self.strategy.broker.getvalue()
        self._peak = max(self._peak, equity)
        if self._peak > 0:
            self.max_drawdown = max(self.max_drawdown, 1 - equity / self._peak)
        if self._on_bar is not None:
            self._on_bar(self.bars)

    def prenext(self) -> None:
        """Count a bar on which the strategy's indicators still gather."""
        self.next()

    def notify_order(self, order: Any) -> None:
        """Count orders by what became of them."""
        if order.ref not in self._open and order.alive():
            self._open.add(order.ref)
            self.orders += 1
        if order.status == order.Partial:
            self.partial_fills += 1
        if order.alive():
            return
        if order.ref in self._open:
            self._open.discard(order.ref)
        else:
            self.orders += 1
        self.completed += order.status == order.Completed
        self.refused += order.status in (order.Rejected, order.Margin)

    def notify_trade(self, trade: Any) -> None:
        """Add up a closed trade."""
        if trade.isclosed:
            self.trades += 1
            self.winners += trade.pnlcomm > 0
            self.profit += trade.pnlcomm
            self.fees += trade.commission
            if self.p.on_trade is not None:
                self.p.on_trade(trade)

    def summary(self) -> RunSummary:
        """Return the figures now."""
        broker, data = self.strategy.broker, self.strategy.data
        return RunSummary(
            bars=self.bars,
            orders=self.orders,
            completed=self.completed,
            partial_fills=self.partial_fills,
            refused=self.refused,
            trades=self.trades,
            winners=self.winners,
            profit=self.profit,
            fees=self.fees,
            start_equity=self.start_equity,
            equity=broker.getvalue(),
            cash=broker.getcash(),
            position=broker.getposition(data).size,
            max_drawdown=self.max_drawdown,
            open_orders=len(broker.open_orders),
        )

    def get_analysis(self) -> dict[str, Any]:
        """Return the figures as a dict, as other analyzers do."""
        return attrs.asdict(self.summary())


def _is_live(data: Any) -> bool:
    return bool(getattr(data, "_laststatus", None) == data.LIVE)
