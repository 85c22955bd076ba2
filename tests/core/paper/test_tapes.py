from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_trade.model import Bar, MarketTrade, Timeframe
from real_trade.paper import GeneratedTape, MarketModel, Quote, RecordedTape, aggregate, merge
from real_trade.paper.candles import Candle, split
from real_trade.utils.errors import DataError

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def tape(instrument_for):
    instrument = instrument_for(amount_step="0.00001")
    return GeneratedTape(instrument, 7, START, model=MarketModel(price=D(60_000)))


candles = st.tuples(
    st.integers(100, 200), st.integers(100, 200), st.integers(0, 60), st.integers(0, 60),
    st.integers(4, 5000),
).map(
    lambda v: Candle(v[0], max(v[0], v[1]) + v[2], min(v[0], v[1]) - v[3], v[1], v[4])
)  # fmt: skip


@given(candles, st.integers(1, 90), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_parts_of_a_candle_make_that_candle(candle, parts, seed):
    made = split(candle, parts, Random(seed), frozenset())
    assert len(made) == parts
    assert (made[0].open, made[-1].close) == (candle.open, candle.close)
    assert max(one.high for one in made) == candle.high
    assert min(one.low for one in made) == candle.low
    assert sum(one.volume for one in made) == candle.volume
    for before, after in itertools.pairwise(made):
        assert after.open == before.close
    for one in made:
        assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert one.volume >= 4 or one.low == one.high


@pytest.mark.parametrize("timeframe", ["1s", "1m", "5m", "1h"])
def test_generated_bars_are_what_the_trades_make(tape, timeframe):
    length = Timeframe(timeframe)
    trades = [one for one in tape.events(START, START + HOUR) if isinstance(one, MarketTrade)]
    made = list(aggregate(trades, "BTC/USDT", length))
    told = [bar for bar in tape.bars(length, START, START + HOUR) if bar.volume]
    assert made == told


def test_generated_days_are_what_their_minutes_make(tape):
    day = START - timedelta(days=3)
    (whole,) = tape.bars(Timeframe.D1, day, day + timedelta(days=1))
    minutes = tape.bars(Timeframe.M1, day, day + timedelta(days=1))
    assert (whole.open, whole.close) == (minutes[0].open, minutes[-1].close)
    assert whole.high == max(bar.high for bar in minutes)
    assert whole.low == min(bar.low for bar in minutes)
    assert whole.volume == sum(bar.volume for bar in minutes)


def test_history_before_the_start_leads_to_the_price_of_the_start(tape):
    before = tape.bars(Timeframe.H1, START - 5 * HOUR, START)
    after = tape.bars(Timeframe.H1, START, START + HOUR)
    assert [bar.open_time for bar in before] == [START - n * HOUR for n in (5, 4, 3, 2, 1)]
    assert before[-1].close == after[0].open == 60_000


def test_bars_asked_for_now_know_nothing_of_the_future(tape):
    now = START + timedelta(minutes=90, seconds=30)
    forming = tape.bars(Timeframe.H1, START, now)[-1]
    assert not forming.closed
    trades = [
        one
        for one in tape.events(START + HOUR, START + 2 * HOUR)
        if isinstance(one, MarketTrade) and one.time < now
    ]
    assert forming.close == trades[-1].price
    assert forming.volume == sum(one.amount for one in trades)


def test_events_are_in_order_on_tick_and_on_step(tape):
    events = list(tape.events(START, START + timedelta(minutes=3)))
    times = [event.time for event in events]
    assert times == sorted(times)
    assert sum(isinstance(event, Quote) for event in events) == 180
    for event in events:
        if isinstance(event, MarketTrade):
            assert event.price % D("0.01") == 0
            assert event.amount % D("0.00001") == 0
            assert event.amount > 0
        else:
            assert event.bids[0].price < event.asks[0].price
            assert [level.price for level in event.bids] == sorted(
                (level.price for level in event.bids), reverse=True
            )


def test_volatility_comes_in_clusters_and_volume_differs(tape):
    bars = tape.bars(Timeframe.H1, START - timedelta(days=40), START)
    moves = [abs(float(bar.close / bar.open) - 1) for bar in bars]
    usual = sum(moves) / len(moves)
    pairs = [(a - usual) * (b - usual) for a, b in itertools.pairwise(moves)]
    variance = sum((move - usual) ** 2 for move in moves) / len(moves)
    assert sum(pairs) / len(pairs) / variance > 0.05
    volumes = sorted(bar.volume for bar in bars)
    assert volumes[-1] > 2 * volumes[len(volumes) // 2]


def test_gaps_in_trading_have_neither_bars_nor_events(instrument_for):
    tape = GeneratedTape(instrument_for(), 3, START, model=MarketModel(gaps_per_day=3))
    day = START + timedelta(days=1)
    minutes = [bar.open_time for bar in tape.bars(Timeframe.M1, START, day)]
    missing = [
        START + timedelta(minutes=n)
        for n in range(1440)
        if START + timedelta(minutes=n) not in set(minutes)
    ]
    assert missing
    assert not list(tape.events(missing[0], missing[0] + timedelta(minutes=1)))


DIGEST = """
import hashlib
from datetime import datetime, timedelta, UTC
from real_trade.model import Instrument, Timeframe
from real_trade.paper import GeneratedTape, merge
start = datetime(2026, 1, 1, tzinfo=UTC)
tapes = []
for base in ("BTC", "ETH", "SOL"):
    tapes.append(GeneratedTape(Instrument(symbol=base + "/USDT", native=base + "USDT", base=base,
        quote="USDT", settle="USDT", price_step="0.01", amount_step="0.001"), 11, start))
digest = hashlib.sha256()
for event in merge(tapes, start, start + timedelta(minutes=5)):
    digest.update(repr(event).encode())
for bar in tapes[0].bars(Timeframe.H4, start - timedelta(days=30), start):
    digest.update(repr(bar).encode())
print(digest.hexdigest())
"""


def test_same_seed_gives_the_same_bytes_in_every_process():
    digests = set()
    for hash_seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_seed_gives_another_market(instrument_for):
    def digest(seed):
        tape = GeneratedTape(instrument_for(), seed, START)
        text = repr(list(tape.events(START, START + timedelta(minutes=1))))
        return hashlib.sha256(text.encode()).hexdigest()

    assert len({digest(seed) for seed in range(5)}) == 5


prices = st.integers(100, 400).map(lambda n: D(n) / 4)
raw_bars = st.lists(
    st.tuples(prices, prices, st.integers(0, 40), st.integers(0, 40), st.integers(0, 10**6)),
    min_size=1,
    max_size=6,
)


def bars_of(raw):
    return [
        Bar(
            symbol="BTC/USDT",
            timeframe=Timeframe.M1,
            open_time=START + timedelta(minutes=n),
            open=opened,
            high=max(opened, closed) + D(up) / 4,
            low=min(opened, closed) - D(down) / 8,
            close=closed,
            volume=D(volume) / 1000,
        )
        for n, (opened, closed, up, down, volume) in enumerate(raw)
    ]


@given(raw_bars)
@settings(max_examples=100, deadline=None)
def test_recorded_bars_come_back_exactly_from_their_trades(instrument_for_given, raw):
    bars = bars_of(raw)
    tape = RecordedTape(instrument_for_given, bars)
    assert list(aggregate(tape.trades(START), "BTC/USDT", Timeframe.M1)) == bars
    assert tape.bars(Timeframe.M1, START, START + HOUR) == bars


@pytest.fixture(scope="module")
def instrument_for_given():
    from real_trade.model import Instrument

    return Instrument(
        symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT", settle="USDT",
        price_step="0.01", amount_step="0.001",
    )  # fmt: skip


def test_rising_bar_goes_to_its_low_first_and_falling_one_to_its_high(instrument_for):
    up, down = bars_of([(D(50), D(60), 8, 8, 12000), (D(60), D(50), 8, 8, 12000)])
    tape = RecordedTape(instrument_for(), [up, down])
    path = [trade.price for trade in tape.trades(START)]
    first, second = path[: len(path) // 2], path[len(path) // 2 :]
    assert first.index(up.low) < first.index(up.high)
    assert second.index(down.high) < second.index(down.low)


def test_bars_of_a_recorded_tape_can_be_asked_in_the_middle(instrument_for):
    tape = RecordedTape(instrument_for(), bars_of([(D(50), D(60), 8, 8, 12000)] * 3))
    told = tape.bars(Timeframe.M5, START, START + timedelta(seconds=90))
    assert [bar.closed for bar in told] == [False]
    assert D(12) < told[0].volume < D(24)


def test_recorded_trades_pass_as_they_are(instrument_for):
    trades = [
        MarketTrade(symbol="BTC/USDT", trade_id=str(n), price=D(100 + n), amount=D(1),
                    time=START + timedelta(seconds=n))
        for n in range(5)
    ]  # fmt: skip
    tape = RecordedTape(instrument_for(), trades)
    assert [e for e in tape.events(START) if isinstance(e, MarketTrade)] == trades


@pytest.mark.parametrize("wrong", ["backwards", "twice", "symbol", "contradiction"])
def test_wrong_record_is_refused_with_its_time(instrument_for, wrong):
    first, second = bars_of([(D(50), D(60), 8, 8, 1), (D(60), D(50), 8, 8, 1)])
    import attrs

    record = {
        "backwards": [second, first],
        "twice": [first, first],
        "symbol": [attrs.evolve(first, symbol="ETH/USDT")],
        "contradiction": [attrs.evolve(first, high=D(1))],
    }[wrong]
    with pytest.raises(DataError, match=r"2026|ETH"):
        RecordedTape(instrument_for(), record)


def test_merged_tapes_come_in_the_order_of_time(instrument_for):
    tapes = [GeneratedTape(instrument_for(f"{base}/USDT"), 1, START) for base in ("BTC", "ETH")]
    events = list(merge(tapes, START, START + timedelta(minutes=1)))
    assert [e.time for e in events] == sorted(e.time for e in events)
    assert {e.symbol for e in events} == {"BTC/USDT", "ETH/USDT"}
