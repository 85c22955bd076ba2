"""Times: UTC only, exact, and the same as the model's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Timeframe, from_ms, to_ms
from real_trade.runtime import VirtualRuntime
from real_trade.utils.time_utils import (
    TIMEFRAMES,
    datetime_to_timestamp,
    format_duration,
    format_time,
    now_ms,
    parse_time,
    timeframe_to_seconds,
    timestamp_to_datetime,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_the_timeframes_are_those_of_the_model() -> None:
    assert [each.value for each in Timeframe] == list(TIMEFRAMES)
    for each in Timeframe:
        assert timeframe_to_seconds(each.value) == each.seconds


@pytest.mark.parametrize("wrong", ["7m", "1H", "", "h", "1M "])
def test_an_unknown_timeframe_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="unknown timeframe"):
        timeframe_to_seconds(wrong)


@given(st.integers(-(10**12), 4 * 10**12))
def test_milliseconds_survive_a_round_trip_exactly_as_in_the_model(ms: int) -> None:
    time = timestamp_to_datetime(ms)
    assert datetime_to_timestamp(time) == ms
    assert (time, to_ms(time)) == (from_ms(ms), ms)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 12:00",
        " 2026-01-31 12:00:00 ",
        "2026-01-31T12:00:00Z",
        "2026-01-31T20:00+08:00",
        "2026-01-31T12:00:00.000",
    ],
)
def test_a_time_is_read_as_utc(text: str) -> None:
    assert parse_time(text) == NOON
    assert parse_time(text).tzinfo is UTC


def test_a_date_is_its_midnight() -> None:
    assert parse_time("2026-01-31") == NOON - timedelta(hours=12)


@pytest.mark.parametrize(
    "text", ["", "soon", "1769860800", "1769860800000", "20260131", "2026-02-30", "31.01.2026"]
)
def test_t06_text_that_is_no_time_or_a_bare_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write 2026-01-31"):
        parse_time(text)


def test_times_without_zone_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    for function in (datetime_to_timestamp, format_time):
        with pytest.raises(ValueError, match="has no time zone"):
            function(naive)


def test_a_time_for_people_is_in_utc() -> None:
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    assert format_time(shanghai) == "2026-01-31 12:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.4, "59s"), (60, "1.0m"), (5400, "1.5h"), (259200, "3.0d"), (-90, "-1.5m")],
)
def test_a_duration_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_now_is_the_clocks() -> None:
    runtime = VirtualRuntime(start=NOON)
    runtime.clock.sleep(1.5)
    assert now_ms(runtime.clock) == to_ms(NOON) + 1500
