"""Bars in order: each once, closed ones only, whatever comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.feeds import Assembler
from real_trade.model import Bar, Timeframe

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def bar(number, **changes):
    made = Bar(
        symbol="BTC/USDT",
        timeframe=Timeframe.M1,
        open_time=START + number * MINUTE,
        open=Decimal(100),
        high=Decimal(101),
        low=Decimal(99),
        close=Decimal(100),
    )
    return attrs.evolve(made, **changes)


def bars(*numbers):
    return [bar(number) for number in numbers]


def numbers(assembler):
    return [(assembler.pop().open_time - START) // MINUTE for _ in range(len(assembler))]


@pytest.fixture
def assembler():
    return Assembler(Timeframe.M1)


def test_live_bars_wait_for_the_history_before_them(assembler):
    assert not assembler.live(bar(5))
    assert not assembler.live(bar(6))
    assert numbers(assembler) == []
    assembler.history(bars(3, 4))
    assert numbers(assembler) == [3, 4, 5, 6]
    assert assembler.is_synced


def test_what_history_and_stream_both_have_comes_once(assembler):
    assembler.live(bar(5))
    assembler.history(bars(3, 4, 5))
    assert numbers(assembler) == [3, 4, 5]
    assembler.live(bar(5))
    assert numbers(assembler) == []
    assert assembler.repeated == 2


def test_a_live_bar_that_follows_needs_no_history(assembler):
    assembler.history(bars(1))
    assert assembler.live(bar(2)) is False
    assert numbers(assembler) == [1, 2]


def test_a_live_bar_that_leaves_a_gap_needs_history_and_waits(assembler):
    assembler.history(bars(1))
    assert assembler.live(bar(4)) is True
    assert numbers(assembler) == [1]
    assert assembler.has_gap
    assert not assembler.is_synced
    assert assembler.next_open == START + 2 * MINUTE
    assembler.history(bars(2, 3))
    assert numbers(assembler) == [2, 3, 4]
    assert assembler.is_synced
    assert assembler.take_gaps() == []


def test_history_that_fills_a_part_of_the_gap_leaves_the_bar_waiting(assembler):
    assembler.history(bars(1))
    assembler.live(bar(4))
    assembler.history(bars(2))
    assert numbers(assembler) == [1, 2]
    assert assembler.has_gap


def test_an_accepted_gap_is_passed_over_and_noted_once(assembler):
    assembler.history(bars(1))
    assembler.live(bar(4))
    assembler.live(bar(6))
    assembler.accept_gap()
    assert numbers(assembler) == [1, 4]
    assert assembler.has_gap, "the second gap is another"
    assembler.accept_gap()
    assert numbers(assembler) == [6]
    gaps = [((first - START) // MINUTE, (end - START) // MINUTE) for first, end in
            assembler.take_gaps()]  # fmt: skip
    assert gaps == [(2, 4), (5, 6)]
    assert assembler.take_gaps() == []


def test_a_gap_inside_history_is_the_exchanges_word_and_noted(assembler):
    assembler.history(bars(1, 4))
    assert numbers(assembler) == [1, 4]
    assert assembler.take_gaps() == [(START + 2 * MINUTE, START + 4 * MINUTE)]


def test_after_a_cut_live_bars_wait_for_history_again(assembler):
    assembler.history(bars(1))
    assembler.lose()
    assembler.live(bar(2))
    assert numbers(assembler) == [1]
    assembler.history([])
    assert numbers(assembler) == [2]


def test_bars_that_form_are_left_out(assembler):
    assembler.history([bar(1), bar(2, closed=False)])
    assert assembler.live(bar(2, closed=False)) is False
    assert numbers(assembler) == [1]
    assert assembler.live(bar(2)) is False
    assert numbers(assembler) == [2]


def test_a_forming_bar_past_a_gap_asks_for_nothing(assembler):
    assembler.history(bars(1))
    assert assembler.live(bar(4, closed=False)) is False
    assert not assembler.has_gap


@pytest.mark.parametrize(
    "changes",
    [{"high": Decimal(90)}, {"low": Decimal(0)}, {"volume": Decimal(-1)}, {"close": Decimal(500)}],
    ids=lambda changes: next(iter(changes)),
)
def test_unsound_bars_are_left_out_and_counted(assembler, changes):
    assembler.history([bar(1, **changes), bar(2)])
    assert numbers(assembler) == [2]
    assert assembler.faulty == 1


def test_months_follow_each_other_by_the_calendar():
    assembler = Assembler(Timeframe.MONTH1)

    def month(number):
        return bar(0, timeframe=Timeframe.MONTH1, open_time=datetime(2026, number, 1, tzinfo=UTC))

    assembler.history([month(1)])
    assert assembler.live(month(2)) is False
    assert assembler.live(month(3)) is False
    assert len(assembler) == 3


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("live"), st.integers(0, 12)),
            st.tuples(st.just("history"), st.sets(st.integers(0, 12))),
            st.tuples(st.just("lose"), st.none()),
            st.tuples(st.just("accept"), st.none()),
        ),
        max_size=30,
    )
)
def test_time_rises_strictly_whatever_comes(events):
    assembler = Assembler(Timeframe.M1)
    seen = []
    for kind, value in events:
        if kind == "live":
            assembler.live(bar(value))
        elif kind == "history":
            assembler.history(bars(*sorted(value)))
        elif kind == "lose":
            assembler.lose()
        else:
            assembler.accept_gap()
        seen += numbers(assembler)
    assert seen == sorted(set(seen))
    gaps = [((first - START) // MINUTE, (end - START) // MINUTE) for first, end in
            assembler.take_gaps()]  # fmt: skip
    missing = {number for first, end in gaps for number in range(first, end)}
    if seen:
        assert set(seen) | missing == set(range(seen[0], seen[-1] + 1)), "no gap goes unnoted"


@given(st.sets(st.integers(0, 20)), st.permutations(range(8)))
def test_the_order_in_which_live_bars_come_before_history_does_not_matter(known, order):
    assembler = Assembler(Timeframe.M1)
    for number in order:
        assembler.live(bar(number + 21))
    assembler.history(bars(*sorted(known | {20})))
    assert numbers(assembler) == [*sorted(known | {20}), *range(21, 29)]
