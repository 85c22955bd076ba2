"""What a user may pass to a feed: bar lengths, zones, dates; and runs that cannot be."""

# ruff: noqa: DTZ001 - naive times are what users of Backtrader write

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import backtrader as bt
import pytest

from real_trade.common import BaseStore
from real_trade.common.bar_lengths import length_of, words_of
from real_trade.common.time_zones import zone_of
from real_trade.model import Mode, Timeframe
from real_trade.utils.errors import ConfigurationError

Units = bt.TimeFrame


@pytest.fixture
def store(kit):
    exchange = kit.paper_exchange([kit.instrument_of()], {"USDT": 1000})
    return BaseStore(mode=Mode.BACKTEST, exchange=exchange, plugins=kit.no_plugins())


# Bar lengths


@pytest.mark.parametrize("length", list(Timeframe))
def test_a_length_in_backtraders_words_is_that_length(length):
    assert length_of(None, *words_of(length)) is length
    assert length_of(length.value, *words_of(length)) is length


def test_a_length_may_be_given_in_either_words_and_is_an_hour_by_default(store):
    assert store.getdata()._name == "BTC/USDT@1h"
    assert store.getdata(ccxt_timeframe="5m")._name == "BTC/USDT@5m"
    feed = store.getdata(timeframe=Units.Minutes, compression=15)
    assert (feed._name, feed._timeframe, feed._compression) == ("BTC/USDT@15m", Units.Minutes, 15)
    assert store.getdata(timeframe=Units.Days)._name == "BTC/USDT@1d"


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"timeframe": Units.Minutes, "compression": 7}, "resampledata"),
        ({"timeframe": Units.Ticks}, "no bars of 1 x Tick"),
        ({"ccxt_timeframe": "1h", "timeframe": Units.Minutes, "compression": 15}, "contradicts"),
        ({"compression": 15}, "without a timeframe"),
    ],
)
def test_lengths_that_are_none_or_contradict_each_other_are_refused(store, options, hint):
    with pytest.raises(ConfigurationError) as refused:
        store.getdata(**options)
    assert hint in f"{refused.value} {refused.value.remedy}"


# Zones and dates


@pytest.mark.parametrize(
    "zone",
    ["Asia/Shanghai", ZoneInfo("Asia/Shanghai"), timezone(timedelta(hours=8))],
    ids=["name", "zoneinfo", "fixed"],
)
def test_a_zone_shows_times_and_reads_dates(kit, zone):
    found = kit.run_backtest(
        kit.flat_bars(range(1, 40)), data={"tz": zone, "fromdate": datetime(2026, 1, 1, 8, 10)}
    )
    assert found.data.datetime.datetime(0) == datetime(2026, 1, 1, 8, 39)
    assert found.bars[0][0] == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


def test_a_zone_follows_summer_time():
    zone = zone_of("America/New_York")
    for hours in range(0, 24 * 365, 7):
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        local = time.astimezone(zone)
        assert local.replace(tzinfo=None) == time.astimezone(ZoneInfo("America/New_York")).replace(
            tzinfo=None
        )
        assert local.astimezone(UTC) == time


def test_a_zone_that_does_not_exist_is_refused_by_name(kit):
    with pytest.raises(ConfigurationError, match="Mars/Olympus"):
        kit.run_backtest(kit.flat_bars([1, 2]), data={"tz": "Mars/Olympus"})


@pytest.mark.parametrize("first", [datetime(2026, 1, 1, 0, 4), date(2026, 1, 1)])
def test_live_history_begins_at_fromdate(kit, exchange, first):
    found = kit.run_live(exchange, seconds=100, options={"fromdate": first, "historical_limit": 3})
    begin = datetime(2026, 1, 1, 0, 4 if isinstance(first, datetime) else 1, tzinfo=UTC)
    assert found.bars[0][0] == begin


def test_history_from_the_exchange_ends_at_todate(kit, exchange, runtime):
    runtime.clock.sleep(50 * 60)
    asked = []
    bars = exchange.bars

    def noted(symbol, timeframe, since, limit):
        asked.append(since)
        return bars(symbol, timeframe, since, limit)

    exchange.bars = noted
    exchange.capabilities = kit.pages_of(exchange.capabilities, 10)
    store = BaseStore(
        mode=Mode.BACKTEST, exchange=exchange, runtime=runtime, plugins=kit.no_plugins()
    )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(store.getbroker())
    cerebro.adddata(
        store.getdata(
            ccxt_timeframe="1m",
            fromdate=datetime(2026, 1, 1, 0, 5),
            todate=datetime(2026, 1, 1, 0, 20),
        )
    )
    cerebro.addstrategy(kit.Recorder)
    found = cerebro.run()[0]
    assert [bar[0].minute for bar in found.bars] == list(range(5, 21))
    assert len(asked) == 2


def test_given_bars_are_refused_live(kit, exchange):
    with pytest.raises(ConfigurationError, match="historical_data"):
        kit.run_live(exchange, options={"historical_data": exchange.tape})


# Runs that cannot be


def cerebro_of(kit, store, **options):
    cerebro = bt.Cerebro(stdstats=False, **options)
    cerebro.setbroker(store.getbroker())
    bars = kit.random_bars(1, 50)
    cerebro.adddata(store.getdata(ccxt_timeframe="1m", historical_data=bars))
    return cerebro


def test_a_second_run_of_a_stopped_store_is_refused(kit, store):
    cerebro = cerebro_of(kit, store)
    cerebro.addstrategy(kit.Recorder)
    cerebro.run()
    with pytest.raises(ConfigurationError, match="stopped") as refused:
        cerebro.run()
    assert "anew" in refused.value.remedy


@pytest.mark.parametrize("maxcpus", [1, 2])
def test_optimizing_on_one_store_is_refused_and_never_wrong(kit, store, maxcpus):
    cerebro = cerebro_of(kit, store, maxcpus=maxcpus)
    cerebro.optstrategy(kit.Recorder, plan=[None, {}])
    with pytest.raises(ConfigurationError) as refused:
        cerebro.run()
    assert "once for each parameter" in refused.value.remedy


def test_a_store_is_not_copied_to_another_process(store):
    with pytest.raises(ConfigurationError, match="another process"):
        pickle.dumps(store)


def test_cheat_on_open_is_refused_with_its_reason(kit):
    with pytest.raises(ConfigurationError, match="cheat_on_open"):
        kit.run_backtest(kit.flat_bars([1, 2, 3]), run={"cheat_on_open": True})
