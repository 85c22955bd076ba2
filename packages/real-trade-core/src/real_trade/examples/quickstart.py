"""The shortest whole program: a strategy on a generated market, without network or key.

python -m real_trade.examples.quickstart
"""

from __future__ import annotations

import backtrader as bt

from real_trade.engine import RunSummary, TradingRunner
from real_trade.engine.offline import generated_bars
from real_trade.examples._script import script
from real_trade.model import Timeframe

__all__ = ["Crossing", "main"]


class Crossing(bt.Strategy):
    """Buys when the close crosses above its average, and closes when it crosses back."""

    params = (("period", 20),)

    def __init__(self) -> None:
        self.cross = bt.ind.CrossOver(self.data.close, bt.ind.SMA(period=self.p.period))

    def next(self) -> None:
        """Decide once a bar; the size is the default: a share of the cash."""
        if self.cross[0] > 0 and not self.position:
            self.buy()
        elif self.cross[0] < 0 and self.position:
            self.close()


def main(bars: int = 500, seed: int = 7) -> RunSummary:
    """Run the strategy on `bars` hours of a generated market and print what came of it."""
    history = generated_bars("BTC/USDT", Timeframe.H1, bars, seed)
    runner = TradingRunner(strategy_cls=Crossing, backtest=True, history=history, db_url=None)
    summary = runner.run()
    print(f"{summary.bars} bars, {summary.orders} orders, {summary.trades} trades closed")
    print(f"equity {summary.start_equity:.2f} -> {summary.equity:.2f}, fees {summary.fees:.2f}")
    return summary


if __name__ == "__main__":
    script(main)
