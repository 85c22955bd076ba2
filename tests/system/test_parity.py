"""The same strategy in backtest, on paper and on a simulated exchange: the same decisions."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs
import backtrader as bt
import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.simulator")

from real_trade.cli.app import run as real_trade
from real_trade.engine.offline import generated_bars
from real_trade.engine.parity import ParityPlan, run_modes
from real_trade.engine.parity_report import report_on
from real_trade.model import Mode, Timeframe
from real_trade.plugins import manager
from real_trade.storage.bar_table import BarTable

BARS = 120


class Waiting(bt.Strategy):
    """Has one order at a time."""

    def __init__(self):
        self.order = None

    def notify_order(self, order):
        if self.order is not None and order.ref == self.order.ref and not order.alive():
            self.order = None


class Cross(bt.Strategy):
    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=3), bt.ind.SMA(period=8))

    def next(self):
        if self.cross > 0:
            self.buy(size=0.05)
        elif self.cross < 0 and self.position:
            self.close()


class Percent(bt.Strategy):
    def __init__(self):
        self.rsi = bt.ind.RSI(period=5, safediv=True)

    def next(self):
        if self.rsi < 40 and not self.position:
            self.order_target_percent(target=0.5)
        elif self.rsi > 60 and self.position:
            self.order_target_percent(target=0.0)


class Sized(bt.Strategy):
    """Leaves the size to the default sizer."""

    def next(self):
        if len(self) % 7 == 3:
            self.buy()
        elif len(self) % 7 == 6:
            self.close()


class Dip(Waiting):
    """A limit below the market, then a limit above it."""

    def next(self):
        if self.order is None:
            price, limit = self.data.close[0], bt.Order.Limit
            if not self.position:
                self.order = self.buy(size=0.05, price=price * 0.9995, exectype=limit)
            else:
                self.order = self.sell(size=0.05, price=price * 1.0005, exectype=limit)


class Breakout(Waiting):
    """A stop above the market to get in, a stop below it to get out."""

    def next(self):
        if self.order is None:
            price, stop = self.data.close[0], bt.Order.Stop
            if not self.position:
                self.order = self.buy(size=0.05, price=price * 1.0005, exectype=stop)
            else:
                self.order = self.sell(size=0.05, price=price * 0.9995, exectype=stop)


class Impatient(bt.Strategy):
    """Replaces a resting order with every third bar."""

    def __init__(self):
        self.order = None

    def next(self):
        if len(self) % 3 == 0:
            if self.order is not None and self.order.alive():
                self.cancel(self.order)
            price = self.data.close[0] * 0.9998
            self.order = self.buy(size=0.1, price=price, exectype=bt.Order.Limit)


class Pyramid(bt.Strategy):
    def next(self):
        if self.data.close[0] < self.data.open[0] and self.position.size < 2:
            self.buy(size=0.1)
        elif self.position.size >= 2:
            self.sell(size=1.3)


class Signals(bt.Strategy):
    """Acts on indicators of several kinds."""

    def __init__(self):
        self.bands = bt.ind.BollingerBands(period=10, devfactor=1.0)
        self.atr = bt.ind.ATR(period=5)

    def next(self):
        if not self.position and self.data.close[0] < self.bands.bot[0]:
            self.buy(size=0.05)
        elif self.position and self.data.close[0] > self.bands.mid[0] + self.atr[0] / 10:
            self.sell(size=self.position.size)


class Bracketed(bt.Strategy):
    """An entry at market with a stop and a target, which end each other."""

    def __init__(self):
        self.legs = []

    def next(self):
        if self.position or any(one.alive() for one in self.legs):
            return
        price = self.data.close[0]
        self.legs = self.buy_bracket(
            size=0.2,
            exectype=bt.Order.Market,
            stopprice=round(price * 0.997, 2),
            limitprice=round(price * 1.003, 2),
        )


class OneOfTwo(bt.Strategy):
    """Two exits of which one cancels the other: a stop that trails, and a limit."""

    def __init__(self):
        self.exits = []

    def next(self):
        if not self.position:
            if not any(one.alive() for one in self.exits):
                self.buy(size=0.2)
        elif not any(one.alive() for one in self.exits):
            price, size = self.data.close[0], self.position.size
            stop = self.sell(size=size, exectype=bt.Order.StopTrail, trailpercent=0.002)
            limit = self.sell(
                size=size, exectype=bt.Order.Limit, price=round(price * 1.002, 2), oco=stop
            )
            self.exits = [stop, limit]


STRATEGIES = [Cross, Percent, Sized, Dip, Breakout, Impatient, Pyramid, Signals]
LINKED = [Bracketed, OneOfTwo]


def tape(symbol="BTC/USDT", seed=7, bars=BARS):
    return generated_bars(symbol, Timeframe.M1, bars, seed)


def compare(strategy, tables, **options):
    plan = ParityPlan(strategy_cls=strategy, tables=tables, **options)
    runs, listed = run_modes(plan, manager())
    table = tables[0]
    last = float(table.bar(len(table) - 1).close)
    return report_on(runs, listed[table.symbol], plan.spread, last)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda one: one.__name__)
def test_a_strategy_decides_alike_in_all_modes(strategy):
    report = compare(strategy, (tape(),))
    assert [str(one) for one in report.differences] == []
    assert [run.mode for run in report.runs] == [Mode.BACKTEST, Mode.PAPER, Mode.TESTNET]
    assert {run.bars for run in report.runs} == {BARS}
    decisions = {len(run.decisions) for run in report.runs}
    assert len(decisions) == 1
    assert decisions.pop() >= 2
    assert [run.refusals for run in report.runs] == [(), (), ()]
    assert {len(run.deals) for run in report.runs} != {0}


def smooth_tape(bars=240):
    """Bars that go straight from the close before to their own, by a tenth of a percent at most.

    Where a bar turns, a live stop trails within it, and after a jump an exit may fill in its
    entry's bar; Backtrader's own broker leaves both to the next one.
    """
    found, opened = [], Decimal(100)
    for bar in tape(bars=bars).bars():
        move = max(Decimal("-0.001"), min(Decimal("0.001"), bar.close / bar.open - 1))
        close = round(opened * (1 + move), 2)
        high, low = max(opened, close), min(opened, close)
        found.append(attrs.evolve(bar, open=opened, high=high, low=low, close=close))
        opened = close
    return BarTable.from_bars("BTC/USDT", Timeframe.M1, found)


@pytest.mark.parametrize("strategy", LINKED, ids=lambda one: one.__name__)
def test_linked_orders_decide_and_fill_alike_in_all_modes(strategy):
    report = compare(strategy, (smooth_tape(),))
    assert [str(one) for one in report.differences] == []
    assert [run.refusals for run in report.runs] == [(), (), ()]
    first, *others = [run.deals for run in report.runs]
    assert len(first) >= 4
    for deals in others:
        for deal, ideal in zip(deals, first, strict=True):
            assert (deal.order, deal.side, deal.size) == (ideal.order, ideal.side, ideal.size)
            # A stop fills at the first trade past it, and a bar is played in some trades.
            assert deal.price == pytest.approx(ideal.price, rel=0.0005)


class Pair(bt.Strategy):
    """Trades what did worse since the last bar."""

    def next(self):
        moves = [data.close[0] / data.close[-1] for data in self.datas]
        worse = self.datas[moves.index(min(moves))]
        if not self.getposition(worse):
            self.buy(worse, size=0.05)
        for data in self.datas:
            if data is not worse and self.getposition(data):
                self.close(data)


def test_two_symbols_are_decided_on_alike():
    report = compare(Pair, (tape(), tape("ETH/USDT", 8)))
    assert [str(one) for one in report.differences] == []
    symbols = {one.symbol for one in report.runs[0].decisions}
    assert symbols == {"BTC/USDT", "ETH/USDT"}


def test_with_fees_spread_and_latency_the_parts_of_the_gap_add_up():
    from decimal import Decimal

    report = compare(
        Cross, (tape(bars=300),), commission=0.001, spread=Decimal("0.001"), latency_ms=200
    )
    assert report.decisions_equal
    for gap in report.gaps:
        parts = gap.fees + gap.spread + gap.latency + gap.rounding + gap.other
        assert parts == pytest.approx(gap.total, abs=1e-9)
        assert gap.total < 0
        assert gap.spread < -0.01


def test_the_command_prints_json_and_says_by_its_exit_code_that_decisions_differ(tmp_path, capfd):
    file = tmp_path / "mine.py"
    file.write_text(
        "import backtrader as bt\n"
        "class Peeks(bt.Strategy):\n"
        "    def next(self):\n"
        "        if len(self) == 5 and self.broker.store.mode.signs:\n"
        "            self.buy(size=0.01)\n"
        "        if len(self) == 9:\n"
        "            self.buy(size=0.02)\n",
        encoding="utf-8",
    )
    words = ["parity", "-s", str(file), "--tape", "7", "--bars", "40", "--output", "json"]
    assert real_trade(words) == 7
    told = json.loads(capfd.readouterr().out)
    assert told["decisions_equal"] is False
    assert "testnet buy 0.01 BTC/USDT Market" in told["differences"][0]
    assert set(told["modes"]) == {"backtest", "paper", "testnet"}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--tape", "nowhere.csv"], "does not exist"),
        (["--tape", "7", "--timeframe", "7m"], "timeframe"),
        (["--tape", "7", "--bars", "0"], "--bars must be above zero"),
        (["--tape", "7", "--fills", "realistic", "--spread", "much"], "--spread must be a ratio"),
        (["--tape", "7", "--symbol", "NOPE/USDT"], "NOPE"),
    ],
)
def test_bad_input_gets_one_clear_line(words, hint, tmp_path, capfd):
    file = tmp_path / "mine.py"
    file.write_text("import backtrader as bt\nclass One(bt.Strategy):\n    pass\n", "utf-8")
    assert real_trade(["parity", "-s", str(file), *words]) in {3, 9}
    told = capfd.readouterr().err
    assert hint in told
    assert "Traceback" not in told
