"""Backtest speed: our feed against PandasData, the same strategy on the same bars, in one run.

Prints one JSON object: CPU seconds of each, bars per CPU-second, their ratio (`speedup`, goal 1.6),
and whether both saw the same bars and decided the same (`equal`).
"""

from __future__ import annotations

import argparse
import json
import time

import backtrader as bt
import pandas as pd

from real_trade.common import BaseStore
from real_trade.engine.offline import generated_bars, offline_exchange
from real_trade.model import Mode, Timeframe
from real_trade.storage.bar_files import BarTable


class Watch(bt.Strategy):
    """Crosses of two averages, noted without orders: the feed is what is measured."""

    def __init__(self) -> None:
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=10), bt.ind.SMA(period=30))
        self.decisions: list[tuple[int, float]] = []

    def next(self) -> None:
        """Note a cross with its bar."""
        if self.cross[0]:
            self.decisions.append((len(self), self.data.close[0]))


def ours(table: BarTable) -> tuple[float, list[tuple[int, float]]]:
    """Run on our feed; return CPU seconds, loading included, and the decisions."""
    store = BaseStore(exchange=offline_exchange(table, 10000.0, 0.001), mode=Mode.BACKTEST)
    data = store.getdata(symbol=table.symbol, ccxt_timeframe="1m", historical_data=table)
    return _run(data, store)


def pandas_feed(frame: pd.DataFrame) -> tuple[float, list[tuple[int, float]]]:
    """Run on PandasData; return CPU seconds, loading included, and the decisions."""
    return _run(bt.feeds.PandasData(dataname=frame), None)


def _run(data: bt.feed.DataBase, store: BaseStore | None) -> tuple[float, list[tuple[int, float]]]:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(data)
    cerebro.addstrategy(Watch)
    began = time.process_time()
    strategy = cerebro.run()[0]
    spent = time.process_time() - began
    if store is not None:
        store.stop()
    return spent, strategy.decisions


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=200_000)
    count = parser.parse_args().bars
    table = generated_bars("BTC/USDT", Timeframe.M1, count, seed=7)
    frame = pd.DataFrame(
        {name: getattr(table, name) for name in ("open", "high", "low", "close", "volume")},
        index=pd.to_datetime([stamp + 60_000 for stamp in table.open_ms], unit="ms"),
    )
    bars = len(table)
    fast, decided = ours(table)
    slow, expected = pandas_feed(frame)
    print(
        json.dumps(
            {
                "benchmark": "backtest",
                "bars": bars,
                "ours_s": round(fast, 3),
                "pandas_s": round(slow, 3),
                "ours_bars_per_s": round(bars / fast),
                "pandas_bars_per_s": round(bars / slow),
                "speedup": round(slow / fast, 3),
                "equal": decided == expected and len(decided) > 0,
            }
        )
    )


if __name__ == "__main__":
    main()
