"""Times and timeframes: UTC, exact, weeks from Monday, months of their own length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from real_trade.model import Bar, Timeframe, from_ms, to_ms, utc

TIMES = st.integers(to_ms(datetime(1971, 1, 1, tzinfo=UTC)) * 1000, 4_102_358_400_000_000).map(
    lambda us: from_ms(0) + timedelta(microseconds=us)
)
TIMEFRAMES = st.sampled_from(Timeframe)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_t04_a_time_without_zone_is_refused_and_others_become_utc() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        utc(at("2026-01-01").replace(tzinfo=None))
    with pytest.raises(TypeError, match="must be a datetime, not str"):
        utc("2026-01-01")  # type: ignore[arg-type]  # on purpose
    shanghai = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert utc(shanghai) == at("2026-01-01")
    assert utc(shanghai).tzinfo is UTC


@given(st.integers(-(10**13), 10**13))
def test_milliseconds_are_exact_both_ways(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


@given(TIMES)
def test_part_of_a_millisecond_is_rounded_down(time: datetime) -> None:
    assert timedelta(0) <= time - from_ms(to_ms(time)) < timedelta(milliseconds=1)


@given(TIMEFRAMES, TIMES)
def test_t09_every_time_is_in_exactly_one_bar(timeframe: Timeframe, time: datetime) -> None:
    opened = timeframe.floor(time)
    assert opened <= time < timeframe.add(opened)
    assert timeframe.floor(opened) == opened
    assert timeframe.floor(timeframe.add(opened)) == timeframe.add(opened)
    assert timeframe.floor(timeframe.add(opened) - timedelta(microseconds=1)) == opened


@given(TIMEFRAMES, TIMES, st.integers(-300, 300), st.integers(-300, 300))
def test_adding_bars_adds_up(timeframe: Timeframe, time: datetime, a: int, b: int) -> None:
    opened = timeframe.floor(time)
    assert timeframe.add(timeframe.add(opened, a), b) == timeframe.add(opened, a + b)


@pytest.mark.parametrize(
    ("timeframe", "time", "opened", "ends"),
    [
        (Timeframe.S1, "2026-02-28T23:59:59.999999", "2026-02-28T23:59:59", "2026-03-01"),
        (Timeframe.H4, "2026-02-28T23:00", "2026-02-28T20:00", "2026-03-01"),
        (Timeframe.D1, "2024-02-29T12:00", "2024-02-29", "2024-03-01"),
        (Timeframe.W1, "2026-11-22T23:59", "2026-11-16", "2026-11-23"),
        (Timeframe.W1, "2026-11-23", "2026-11-23", "2026-11-30"),
        (Timeframe.MONTH1, "2026-02-28T23:59", "2026-02-01", "2026-03-01"),
        (Timeframe.MONTH1, "2026-12-31", "2026-12-01", "2027-01-01"),
    ],
)
def test_t09_edges_of_days_weeks_and_months(
    timeframe: Timeframe, time: str, opened: str, ends: str
) -> None:
    assert timeframe.floor(at(time)) == at(opened)
    assert timeframe.add(timeframe.floor(at(time))) == at(ends)


def test_three_days_start_where_binances_do() -> None:
    # Open times of BTCUSDT 3d klines: 2017-08-17 is not one, 2017-08-16 is (days since 1970 % 3).
    assert Timeframe.D3.floor(at("2017-08-17")) == at("2017-08-16")


@example(31, 1, 1)
@given(st.integers(1, 31), st.integers(1, 12), st.integers(-30, 30))
def test_a_month_from_any_day_is_a_day_of_the_right_month(day: int, month: int, bars: int) -> None:
    start = datetime(2026, month, min(day, 28 if month == 2 else 30), tzinfo=UTC)
    later = Timeframe.MONTH1.add(start, bars)
    assert (later.year * 12 + later.month) - (start.year * 12 + start.month) == bars
    assert later.day <= start.day


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_bars_end_is_the_next_ones_start(timeframe: Timeframe) -> None:
    opened = timeframe.floor(at("2026-11-23T12:34:56"))
    figures: dict[str, Any] = {"open": 1, "high": 1, "low": 1, "close": 1}
    bar = Bar(symbol="BTC/USDT", timeframe=timeframe, open_time=opened, **figures)
    assert timeframe.floor(bar.end_time) == bar.end_time > opened


def test_a_timeframe_is_read_or_the_nearest_named() -> None:
    assert [Timeframe.parse(each.value) for each in Timeframe] == list(Timeframe)
    with pytest.raises(ValueError, match=r"unknown timeframe '1hour'; did you mean '1h'\?"):
        Timeframe.parse("1hour")
    with pytest.raises(ValueError, match="unknown timeframe"):
        Timeframe.parse(None)  # type: ignore[arg-type]  # on purpose
