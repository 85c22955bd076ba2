"""History as a feed: the same lines however it is loaded, each bar stamped with its end."""

from __future__ import annotations

from datetime import UTC, datetime

import backtrader as bt
import pytest

from real_trade.model import Timeframe
from real_trade.storage.bar_table import BarTable
from real_trade.utils.errors import ConfigurationError, DataError

LINES = ("datetime", "open", "high", "low", "close", "volume", "openinterest")


class Lines(bt.Strategy):
    """Takes down every bar as it is shown."""

    def __init__(self):
        self.rows = []

    def next(self):
        self.rows.append(tuple(getattr(self.data.lines, name)[0] for name in LINES))


def rows_of(kit, bars, run=None, **options):
    return kit.run_backtest(bars, Lines, run=run, data=options).rows


@pytest.mark.parametrize(
    "timeframe", [Timeframe.S1, Timeframe.M1, Timeframe.H4, Timeframe.W1, Timeframe.MONTH1]
)
def test_loading_at_once_gives_the_lines_of_loading_one_by_one(kit, timeframe):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    bars = kit.random_bars(1, count=30, timeframe=timeframe, start=start)
    at_once = rows_of(kit, bars)
    assert at_once == rows_of(kit, bars, run={"preload": False, "runonce": False})
    assert at_once == [
        (
            bt.date2num(bar.end_time.replace(tzinfo=None)),
            *(float(getattr(bar, name)) for name in LINES[1:-1]),
            0.0,
        )
        for bar in bars
    ]


def test_a_monthly_bar_is_stamped_with_the_first_of_the_next_month(kit):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    bars = kit.random_bars(1, count=3, timeframe=Timeframe.MONTH1, start=start)
    stamps = [bt.num2date(row[0]).replace(tzinfo=UTC) for row in rows_of(kit, bars)]
    assert stamps == [datetime(2024, month, 1, tzinfo=UTC) for month in (2, 3, 4)]


def test_the_bar_in_hand_is_the_bar_that_was_given(kit):
    for timeframe in (Timeframe.S1, Timeframe.M1, Timeframe.MONTH1):
        bars = kit.random_bars(4, count=20, timeframe=timeframe)
        shown = []
        kit.run_backtest(bars, kit.Recorder, on_bar=lambda s, shown=shown: shown.append(
            s.data.current_bar()
        ))  # fmt: skip
        assert shown == bars


def test_a_table_of_bars_gives_the_lines_of_the_bars_themselves(kit):
    bars = kit.random_bars(2, count=25)
    table = BarTable.from_bars(kit.SYMBOL, Timeframe.M1, bars)

    def setup(cerebro, store):
        cerebro.datas[0].p.historical_data = table

    assert kit.run_backtest(bars, Lines, setup=setup).rows == rows_of(kit, bars)


def test_dates_cut_the_bars(kit):
    bars = kit.random_bars(2, count=30)
    first, last = (bars[number].open_time.replace(tzinfo=None) for number in (10, 20))
    found = rows_of(kit, bars, fromdate=first, todate=last)
    assert [bt.num2date(row[0]).minute for row in found] == list(range(10, 21))


def test_exactbars_gives_the_same_bars(kit):
    bars = kit.random_bars(2, count=30)
    assert rows_of(kit, bars, run={"exactbars": 1}) == rows_of(kit, bars)


def test_resampled_bars_are_those_of_backtrader(kit):
    bars = kit.random_bars(2, count=30)
    closes = {}

    class Coarse(bt.Strategy):
        def next(self):
            closes[bt.num2date(self.data1.datetime[0])] = self.data1.close[0]

    def setup(cerebro, store):
        cerebro.resampledata(cerebro.datas[0], timeframe=bt.TimeFrame.Minutes, compression=5)

    kit.run_backtest(bars, Coarse, setup=setup)
    assert len(closes) == 6
    by_end = {bar.end_time.replace(tzinfo=None): float(bar.close) for bar in bars}
    assert closes == {end: by_end[end] for end in closes}


def test_history_without_bars_is_an_error_that_says_so(kit):
    bars = kit.random_bars(2, count=3)
    empty = BarTable(symbol=kit.SYMBOL, timeframe=Timeframe.M1)
    with pytest.raises(DataError, match="no bars of BTC/USDT@1m"):
        kit.run_backtest(bars, Lines, setup=lambda cerebro, store: setattr(
            cerebro.datas[0].p, "historical_data", empty
        ))  # fmt: skip


@pytest.mark.parametrize("text", ["1x", "5min", "", "1H"])
def test_an_unknown_timeframe_is_refused_with_those_that_exist(kit, exchange, text):
    with pytest.raises(ConfigurationError, match="unknown timeframe") as caught:
        kit.run_live(exchange, options={"ccxt_timeframe": text})
    assert "1h" in str(caught.value)


def test_two_lengths_of_one_symbol_have_names_of_their_own(kit):
    bars = kit.random_bars(2, count=10)
    names = []

    def setup(cerebro, store):
        store_data = store.getdata(
            symbol=kit.SYMBOL,
            ccxt_timeframe="5m",
            historical_data=kit.random_bars(2, count=2, timeframe=Timeframe.M5),
        )
        cerebro.adddata(store_data)
        names.extend(cerebro.datasbyname)

    kit.run_backtest(bars, Lines, setup=setup)
    assert names == ["BTC/USDT@1m", "BTC/USDT@5m"]
