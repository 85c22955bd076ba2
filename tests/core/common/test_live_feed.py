"""A live feed in virtual time: every closed bar once and in order, whatever the stream does."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import backtrader as bt
import pytest

from real_trade.common import BaseStore
from real_trade.exchange import Unavailable
from real_trade.model import Bar, Channel, Mode, Timeframe
from real_trade.runtime import SystemRuntime
from real_trade.utils.errors import ConfigurationError

MINUTE = timedelta(minutes=1)


def ends(found):
    return [end for end, _, _ in found.bars]


def naive(hour):
    """A time without zone, as Backtrader takes it."""
    return datetime(2026, 1, 1, hour, tzinfo=UTC).replace(tzinfo=None)


def statuses(found):
    return [name for name, _ in found.statuses]


def assert_whole(found, first, last):
    """Every minute once, from `first` to `last`."""
    count = (last - first) // MINUTE + 1
    assert ends(found) == [first + number * MINUTE for number in range(count)]


def test_history_comes_first_then_live_bars_each_once(kit, exchange):
    found = kit.run_live(exchange, seconds=305)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 15 * MINUTE)
    assert [close for _, close, _ in found.bars] == [
        float(bar.close) for bar in exchange.tape[5:15]
    ]


def test_live_is_told_with_the_newest_closed_bar_and_not_before(kit, exchange):
    found = kit.run_live(exchange, seconds=130)
    assert statuses(found) == ["DELAYED", "LIVE"]
    live = [is_live for _, _, is_live in found.bars]
    assert live == [False] * 4 + [True] * 3
    assert ends(found)[4] == kit.START + 10 * MINUTE, "the newest that had closed at the start"


def test_a_bar_that_is_not_the_newest_is_not_live_though_history_ends_with_it(kit, exchange):
    exchange.hidden = {kit.START + 9 * MINUTE}  # closed at the start, not yet in history
    found = kit.run_live(exchange, seconds=200)
    by_end = {end: is_live for end, _, is_live in found.bars}
    assert by_end[kit.START + 9 * MINUTE] is False
    assert by_end[kit.START + 11 * MINUTE] is True


def test_a_bar_that_closes_while_history_is_worked_through_comes_before_live(kit, exchange):
    def slow(strategy):
        if len(strategy) <= 5:
            exchange.clock.sleep(20)  # the strategy thinks, and the market goes on

    found = kit.run_live(exchange, seconds=300, on_bar=slow)
    first_live = next(end for end, _, is_live in found.bars if is_live)
    assert first_live == kit.START + 11 * MINUTE
    assert ends(found) == sorted(set(ends(found)))


def test_a_cut_is_told_and_the_gap_is_filled_before_any_later_bar(kit, exchange):
    exchange.cut(after_s=90, for_s=200)
    found = kit.run_live(exchange, seconds=600)
    assert statuses(found) == ["DELAYED", "LIVE", "CONNBROKEN", "DELAYED", "LIVE"]
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 19 * MINUTE)


def test_live_is_told_again_at_once_when_nothing_closed_during_a_cut(kit, exchange):
    exchange.cut(after_s=70, for_s=10)
    at = []

    class Timed(kit.Recorder):
        def notify_data(self, data, status, *args, **kwargs):
            super().notify_data(data, status)
            at.append((data._getstatusname(status), exchange.clock.now()))

    found = kit.run_live(exchange, Timed, seconds=110)
    assert statuses(found) == ["DELAYED", "LIVE", "CONNBROKEN", "DELAYED", "LIVE"]
    assert at[-1][1] - (kit.START + timedelta(minutes=11, seconds=20)) < timedelta(seconds=1)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 11 * MINUTE)


def test_a_bar_that_the_stream_skips_is_fetched_before_the_next(kit, exchange):
    exchange.unsent = {kit.START + 12 * MINUTE}
    found = kit.run_live(exchange, seconds=400)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 16 * MINUTE)


@pytest.mark.parametrize("is_late", [True, False], ids=["history lags", "history goes on"])
def test_a_gap_that_the_exchange_cannot_fill_is_accepted_and_told(kit, exchange, is_late):
    missing = {kit.START + 12 * MINUTE, kit.START + 13 * MINUTE}
    exchange.unsent = missing
    # Where history lags, it does not know the bar after the gap either.
    exchange.hidden = missing | ({kit.START + 14 * MINUTE} if is_late else set())
    found = kit.run_live(exchange, seconds=400)
    expected = [kit.START + number * MINUTE for number in (*range(6, 13), *range(15, 17))]
    assert ends(found) == expected
    told = [note for note in found.notes if "no bars from" in str(note)]
    assert len(told) == 1
    assert "2026-01-01 00:12:00 to 2026-01-01 00:14:00 UTC" in told[0]
    asked = exchange.calls.count("bars") - 2  # the first history takes two
    assert asked == (3 if is_late else 1), "a few tries, no storm"


def test_a_bar_sent_twice_is_delivered_once(kit, exchange):
    for bar in exchange.tape[10:14]:
        delay = (bar.end_time - exchange.clock.now()).total_seconds() + 0.5
        exchange.runtime.call_later(delay, lambda bar=bar: exchange.tell(bar))
    found = kit.run_live(exchange, seconds=300)
    assert ends(found) == sorted(set(ends(found)))


def test_an_old_bar_that_comes_late_is_left_out(kit, exchange):
    exchange.runtime.call_later(150, lambda: exchange.tell(exchange.tape[3]))
    found = kit.run_live(exchange, seconds=300)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 14 * MINUTE)


def test_a_bar_that_still_forms_is_never_delivered(kit, exchange):
    def forming(number):
        bar = exchange.tape[number]
        fields = {name: getattr(bar, name) for name in ("open", "high", "low", "volume")}
        exchange.tell(
            Bar(
                symbol=bar.symbol,
                timeframe=bar.timeframe,
                open_time=bar.open_time,
                close=bar.open,
                closed=False,
                **fields,
            )
        )

    for second in range(5, 300, 7):
        exchange.runtime.call_later(second, lambda n=10 + second // 60: forming(n))
    found = kit.run_live(exchange, seconds=300)
    wanted = [float(bar.close) for bar in exchange.tape[5 : 5 + len(found.bars)]]
    assert [close for _, close, _ in found.bars] == wanted
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 14 * MINUTE)


def test_an_unsound_bar_is_left_out(kit, exchange):
    good = exchange.tape[12]
    exchange.tape[12] = Bar(
        symbol=good.symbol,
        timeframe=good.timeframe,
        open_time=good.open_time,
        open=good.open,
        high=good.low,
        low=good.high,
        close=good.close,
    )
    found = kit.run_live(exchange, seconds=400)
    assert good.end_time not in ends(found)
    assert ends(found)[-1] == kit.START + 16 * MINUTE


def test_history_that_fails_is_asked_for_again_and_never_ends_the_feed(kit, exchange):
    exchange.history_errors.extend(Unavailable("down for maintenance") for _ in range(3))
    found = kit.run_live(exchange, seconds=200)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 13 * MINUTE)
    told = [note for note in found.notes if "maintenance" in str(note)]
    assert len(told) == 3
    assert statuses(found) == ["DELAYED", "LIVE"]


def test_a_cut_while_history_is_fetched_asks_once_more(kit, exchange):
    fetch, times = exchange.bars, []

    def slow(*args):
        found = fetch(*args)
        times.append(exchange.clock.now())
        if len(times) == 2:  # the first asks for the newest bar alone
            exchange.cut(after_s=1, for_s=130)
            exchange.clock.sleep(150)  # the answer is old when it comes
        return found

    exchange.bars = slow
    shown = {}
    found = kit.run_live(
        exchange, seconds=600, on_bar=lambda s: shown.setdefault(len(s), exchange.clock.now())
    )
    late = [shown[7], shown[6]]  # what closed meanwhile comes by the second answer
    assert max(late) < kit.START + timedelta(minutes=12, seconds=45)
    assert_whole(found, kit.START + 6 * MINUTE, kit.START + 19 * MINUTE)
    first_live = next(end for end, _, is_live in found.bars if is_live)
    assert first_live >= kit.START + 12 * MINUTE


@pytest.mark.parametrize(
    ("symbol", "hint"), [("BTC/USD", "BTC/USDT"), ("BTCUSDT", "BTC/USDT"), ("DOGE/EUR", "")]
)
def test_an_unknown_symbol_is_refused_with_the_nearest(kit, exchange, symbol, hint):
    with pytest.raises(ConfigurationError, match="no symbol") as caught:
        kit.run_live(exchange, feeds=(symbol,))
    assert hint in str(caught.value)


def test_a_timeframe_that_the_exchange_does_not_have_is_refused_with_its_own(kit, exchange):
    with pytest.raises(ConfigurationError, match="no bars of 4h") as caught:
        kit.run_live(exchange, options={"ccxt_timeframe": "4h"})
    assert "1m, 1s" in str(caught.value)


def test_todate_is_refused_live_for_it_would_end_the_feed(kit, exchange):
    with pytest.raises(ConfigurationError, match="todate"):
        kit.run_live(exchange, options={"todate": naive(1)})


def test_an_exchange_that_does_not_stream_is_refused_live(kit, exchange):
    names = ["name", "capabilities", "connect", "close", "server_time", "instruments", "bars"]
    names += ["ticker", "balances", "positions", "submit", "cancel", "order", "open_orders"]
    names += ["fills"]
    silent = type("Silent", (), {name: getattr(exchange, name) for name in names})
    with pytest.raises(ConfigurationError, match="stream"):
        kit.run_live(silent, runtime=exchange.runtime)


def test_two_symbols_are_both_shown(kit, runtime):
    other = kit.instrument_of("ETH/USDT")
    tape = kit.flat_bars([100] * 30) + kit.flat_bars([50] * 30, symbol="ETH/USDT")
    exchange = kit.FakeExchange(runtime, tape, instruments=[kit.instrument_of(), other])
    prices = {}

    def watch(strategy):
        prices[len(strategy)] = (strategy.data0.close[0], strategy.data1.close[0])

    kit.run_live(exchange, seconds=200, feeds=("BTC/USDT", "ETH/USDT"), on_bar=watch)
    assert set(prices.values()) == {(100.0, 50.0)}


def test_seconds_are_delivered_one_by_one(kit, runtime):
    tape = kit.flat_bars([100] * 700, timeframe=Timeframe.S1)
    exchange = kit.FakeExchange(runtime, tape)
    found = kit.run_live(exchange, seconds=30.5, options={"ccxt_timeframe": "1s"})
    second = timedelta(seconds=1)
    first = kit.START + 596 * second
    assert ends(found) == [first + number * second for number in range(len(found.bars))]
    assert len(found.bars) >= 30


# Real threads and time


def test_an_event_wakes_a_waiting_feed_at_once(kit):
    runtime = SystemRuntime()
    now = runtime.clock.now().replace(second=0, microsecond=0)
    tape = kit.flat_bars([100] * 12, start=now - 10 * MINUTE)
    exchange = kit.FakeExchange(runtime, tape)
    exchange._schedule = lambda bar: None
    store = BaseStore(
        mode=Mode.TESTNET, exchange=exchange, runtime=runtime, plugins=kit.no_plugins()
    )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(store.getbroker())
    data = store.getdata(ccxt_timeframe="1m", historical_limit=3, qcheck=60.0)
    cerebro.adddata(data)
    waiting, woken = threading.Event(), []
    wait = store.wait

    def watched(timeout_s):
        if data.is_live_now:
            waiting.set()
        wait(timeout_s)
        woken.append(runtime.clock.monotonic())

    store.wait = watched
    seen = []

    class Watch(bt.Strategy):
        def next(self):
            seen.append(runtime.clock.monotonic())
            if len(self) == 4:
                cerebro.runstop()

    cerebro.addstrategy(Watch)
    sent = []

    def send():
        assert waiting.wait(20)
        sent.append(runtime.clock.monotonic())
        exchange.tell(tape[10])

    sender = threading.Thread(target=send)
    sender.start()
    try:
        cerebro.run()
    finally:
        sender.join()
        store.stop()
        runtime.close()
    assert len(seen) == 4
    assert seen[-1] - sent[0] < 5.0, "far below the 60 s that the feed was ready to wait"


def test_the_connection_is_told_to_the_strategy_as_store_notifications(kit, exchange):
    exchange.cut(after_s=70, for_s=10)
    found = kit.run_live(exchange, seconds=200)
    notes = [str(note) for note in found.notes]
    assert f"{Channel.BARS.value}: connected" in notes
    assert f"{Channel.BARS.value}: lost" in notes
