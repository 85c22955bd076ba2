"""Units of limits: what is written with its unit is read, what could mean two things is asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.risk.units import (
    Rate,
    count,
    duration,
    format_duration,
    money,
    multiple,
    rate,
    share,
)
from real_trade.utils.errors import ConfigurationError


@pytest.mark.parametrize("text", ["3%", " 3 % ", "0.03", 0.03, Decimal("0.03")])
def test_C13_three_per_cent_is_read_in_every_spelling(text):
    assert share(text, "max_order_pct") == Decimal("0.03")


@pytest.mark.parametrize("text", [3, "3", 3.0, Decimal(3)])
def test_C13_a_bare_three_is_no_percentage_but_a_question(text):
    with pytest.raises(ConfigurationError, match=r"is it 3(\.0)? % or 300(\.0)? %\?") as caught:
        share(text, "max_order_pct")
    assert "%" in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-0.03, "negative"),
        ("-3%", "negative"),
        ("150%", "above 100 %"),
        (0, "zero"),
        ("0%", "zero"),
        (float("nan"), "not finite"),
        ("inf", "not finite"),
        (True, "no number"),
        ("much", "no number"),
        ([], "no number"),
    ],
)
def test_a_share_that_is_none_is_refused_with_the_reason(value, problem):
    with pytest.raises(ConfigurationError, match=problem):
        share(value, "max_order_pct")


def test_a_float_counts_as_it_is_written():
    assert share(0.1, "x") == Decimal("0.1")
    assert share(1.0, "x") == 1


def test_money_refuses_a_percentage_and_names_the_other_limit():
    with pytest.raises(ConfigurationError) as caught:
        money("30%", "max_order_value")
    assert "max_order_pct" in caught.value.remedy
    assert money("5000", "x") == 5000
    for wrong in (0, -1, "NaN"):
        with pytest.raises(ConfigurationError):
            money(wrong, "max_order_value")


def test_a_multiple_is_written_with_or_without_its_x():
    assert multiple("3x", "max_leverage") == multiple(3, "max_leverage") == 3
    with pytest.raises(ConfigurationError):
        multiple("0x", "max_leverage")


def test_a_count_is_whole():
    assert count(50, "x") == 50
    for wrong in (0, -1, 1.5, "many"):
        with pytest.raises(ConfigurationError):
            count(wrong, "x")


def test_a_duration_without_a_unit_is_a_question():
    with pytest.raises(ConfigurationError, match=r"seconds, minutes or hours\?"):
        duration(60, "lookback")
    assert duration("90s", "x") == timedelta(seconds=90)
    assert duration("1.5h", "x") == timedelta(minutes=90)
    assert duration(timedelta(days=1), "x") == timedelta(days=1)
    with pytest.raises(ConfigurationError):
        duration("0s", "x")


@pytest.mark.parametrize(
    ("text", "seconds"), [("10/1s", 1), ("10/s", 1), ("10/5m", 300), ("10/1d", 86400)]
)
def test_a_rate_names_how_many_in_what_time(text, seconds):
    assert rate(text, "max_order_rate") == Rate(10, timedelta(seconds=seconds))


@pytest.mark.parametrize("text", ["10", 10, "0/1s", "10/0s", "20000/1d", "ten/1s"])
def test_a_rate_that_is_none_is_refused(text):
    with pytest.raises(ConfigurationError):
        rate(text, "max_order_rate")


@given(st.integers(min_value=1, max_value=10**12))
def test_a_duration_reads_as_it_is_written(microseconds):
    length = timedelta(microseconds=microseconds)
    assert duration(format_duration(length), "x") == length
