"""The seed's quick start against a simulated exchange."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from decimal import Decimal

import backtrader as bt
import pytest

pytest.importorskip("real_trade.binance")

from real_trade.binance import create_binance_engine

# The seed's own text; only the end of the run is added.
QUICK_START = """
from real_trade.binance import create_binance_engine
import backtrader as bt

# 创建 Binance 交易引擎
store, broker, data = create_binance_engine(
    apikey='YOUR_API_KEY',
    secret='YOUR_SECRET',
    symbol='BTC/USDT',
    timeframe='TIMEFRAME',
    testnet=True,
    paper_trading=True,
    backtest=BACKTEST,
    market_type='spot'
)

# 定义策略
class MyStrategy(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy()
        else:
            self.sell()
        END

# 运行交易
cerebro = bt.Cerebro()
cerebro.setbroker(broker)
cerebro.adddata(data)
cerebro.addstrategy(MyStrategy)
cerebro.run()
"""


def run_quick_start(simulator, timeframe, backtest, end):
    text = QUICK_START.replace("TIMEFRAME", timeframe).replace("BACKTEST", str(backtest))
    text = text.replace("END", end)
    text += textwrap.dedent("""
        print('cash', broker.getcash(), 'value', broker.getvalue(), 'bars', len(data))
    """)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RT_")}
    environment["RT_ENDPOINT"] = simulator.endpoint
    return subprocess.run(
        [sys.executable, "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_quick_start_runs_word_for_word_on_history(simulator):
    done = run_quick_start(simulator, "1h", True, "pass")
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words[-1] == "1000"
    assert float(words[1]) != 10000.0


def test_the_quick_start_runs_word_for_word_on_live_bars(simulator):
    end = "len(self.data) > 1003 and self.env.runstop()"
    done = run_quick_start(simulator, "1s", False, end)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[1]) != 10000.0


class RoundTrip(bt.Strategy):
    """Buys on the first live bar, sells on the next, and notes what it is told."""

    def __init__(self):
        self.told = []
        self.trades = []
        self.live = False
        self.step = 0

    def notify_data(self, data, status, *args, **kwargs):
        self.live = status == data.LIVE

    def notify_order(self, order):
        self.told.append((order.isbuy(), order.getstatusname()))
        if order.status == order.Completed and not order.isbuy():
            self.env.runstop()

    def notify_trade(self, trade):
        self.trades.append((trade.isclosed, trade.commission))

    def next(self):
        if not self.live:
            return
        if self.step == 0:
            self.step = 1
            self.buy()
        elif self.step == 1 and self.position:
            self.step = 2
            self.sell()


@pytest.mark.timeout(60)
def test_a_round_trip_is_told_in_order_and_the_books_are_the_exchanges(simulator):
    store, broker, data = create_binance_engine(
        simulator.apikey.reveal(),
        simulator.secret.reveal(),
        timeframe="1s",
        paper_trading=False,
        endpoint=simulator.endpoint,
        historical_limit=5,
    )
    cerebro = bt.Cerebro()
    cerebro.setbroker(broker)
    cerebro.adddata(data)
    cerebro.addstrategy(RoundTrip)
    (strategy,) = cerebro.run()
    for isbuy in (True, False):
        names = [name for side, name in strategy.told if side is isbuy]
        assert names[:2] == ["Submitted", "Accepted"]
        assert names[-1] == "Completed"
        assert set(names[2:-1]) <= {"Partial"}
    closed = [commission for isclosed, commission in strategy.trades if isclosed]
    assert len(closed) == 1
    assert closed[0] > 0
    assert store.books.cash == exchange_cash(simulator)
    assert broker.getcash() == float(store.books.cash)


def exchange_cash(simulator):
    (account,) = simulator.ledger()["accounts"].values()
    held = account["spot"]["balances"]["USDT"]
    return Decimal(held["free"]) + Decimal(held["locked"])
