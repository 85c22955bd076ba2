"""`resampledata` and `replaydata` on live feeds give the bars that they give in a backtest."""

from __future__ import annotations

import backtrader as bt
import pytest


class Watch(bt.Strategy):
    """Notes what the last feed shows at each call of next()."""

    params = (("plan", None), ("on_bar", None))

    def __init__(self):
        self.shown = []

    def prenext(self):
        if len(self.datas[-1]):
            self.next()

    def next(self):
        data = self.datas[-1]
        self.shown.append(
            (len(data), bt.num2date(data.datetime[0]), data.open[0], data.high[0], data.low[0],
             data.close[0], data.volume[0])
        )  # fmt: skip


def lengthen(how, with_feed):
    def setup(cerebro, store):
        feed = cerebro.datas[0]
        if not with_feed:
            cerebro.datas.clear()
            cerebro.datasbyname.clear()
        getattr(cerebro, how)(feed, timeframe=bt.TimeFrame.Minutes, compression=5)

    return setup


@pytest.mark.parametrize("with_feed", [True, False], ids=["beside its feed", "alone"])
@pytest.mark.parametrize("how", ["resampledata", "replaydata"])
def test_longer_bars_are_the_same_live_and_in_a_backtest(kit, exchange, how, with_feed):
    live = kit.run_live(
        exchange, Watch, seconds=1200, setup=lengthen(how, with_feed),
        options={"historical_limit": 10},
    )  # fmt: skip
    past = kit.run_backtest(
        exchange.tape, Watch, setup=lengthen(how, with_feed), run={"runonce": False}
    )
    assert len(live.shown) >= 4
    assert live.shown == past.shown[: len(live.shown)]


def test_two_live_feeds_are_resampled_though_one_comes_later(kit, runtime):
    tape = kit.flat_bars([100 + number % 7 for number in range(60)])
    tape += kit.flat_bars([10 + number % 7 for number in range(60)], symbol="ETH/USDT")
    exchange = kit.FakeExchange(
        runtime, tape, instruments=[kit.instrument_of(), kit.instrument_of("ETH/USDT")]
    )
    send = exchange._send
    exchange._send = lambda bar: runtime.call_later(
        0.9 if bar.symbol == "ETH/USDT" else 0, lambda: send(bar)
    )

    def setup(cerebro, store):
        feeds = list(cerebro.datas)
        cerebro.datas.clear()
        cerebro.datasbyname.clear()
        for feed in feeds:
            cerebro.resampledata(feed, timeframe=bt.TimeFrame.Minutes, compression=5)

    found = kit.run_live(
        exchange, Watch, seconds=1200, setup=setup, feeds=("BTC/USDT", "ETH/USDT"),
        options={"historical_limit": 10},
    )  # fmt: skip
    volumes = {row[-1] for row in found.shown}
    assert volumes == {5000.0}, "every longer bar holds all five of its bars"
