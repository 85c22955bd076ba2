"""The barrier by itself: rounds of feeds, in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from real_trade.feeds import Barrier
from real_trade.runtime import VirtualClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def barrier(clock):
    barrier = Barrier(clock)
    for feed in ("a", "b"):
        barrier.ask(feed)
    return barrier


def waits(barrier, feed, next_end=NOON):
    return barrier.wait_s(feed, next_end, 0.5, 0.2)


def test_a_round_without_bars_waits_for_news_and_no_longer_than_it_may(barrier, clock):
    assert waits(barrier, "a") == pytest.approx(0.5)
    clock.sleep(0.4)
    assert waits(barrier, "b") == pytest.approx(0.1)


def test_a_bar_waits_for_the_feed_whose_bar_of_that_time_is_due(barrier, clock):
    barrier.deliver("a", NOON)
    assert waits(barrier, "b") == pytest.approx(0.2)
    clock.sleep(0.3)
    assert waits(barrier, "b") < 0


def test_a_bar_waits_for_a_feed_that_is_further_behind(barrier):
    barrier.deliver("a", LATER)
    assert waits(barrier, "b", NOON) > 0


def test_a_bar_does_not_wait_for_a_feed_whose_next_bar_ends_later(barrier):
    barrier.deliver("a", NOON)
    assert waits(barrier, "b", LATER) == 0


def test_the_earliest_bar_of_the_round_counts(barrier):
    barrier.deliver("a", LATER)
    barrier.deliver("c", NOON)
    assert waits(barrier, "b", LATER) == 0


def test_a_late_feed_is_named_once_and_waited_for_again_after_its_next_bar(barrier):
    barrier.deliver("a", NOON)
    assert barrier.give_up("b", NOON) == NOON
    assert barrier.give_up("b", NOON) is None
    barrier.ask("a")
    barrier.deliver("a", LATER)
    assert waits(barrier, "b") == 0
    barrier.deliver("b", NOON)
    barrier.ask("a")
    barrier.deliver("a", LATER)
    assert waits(barrier, "b", LATER) > 0


def test_a_feed_that_is_not_due_is_never_late(barrier):
    barrier.deliver("a", NOON)
    assert barrier.give_up("b", LATER) is None


def test_a_new_round_begins_with_the_first_feed_that_is_asked_again(barrier):
    barrier.deliver("a", NOON)
    barrier.ask("a")
    assert not barrier.has_bar()
    assert waits(barrier, "b") == pytest.approx(0.5)


def test_a_bar_that_is_ready_before_the_round_counts_in_it(barrier):
    barrier.expect(NOON)
    barrier.ask("a")
    assert waits(barrier, "a", LATER) == 0
    assert waits(barrier, "a", NOON) == pytest.approx(0.2)
    barrier.ask("b")
    barrier.ask("a")
    assert not barrier.has_bar()


def test_the_barrier_opens_with_the_last_history(barrier):
    barrier.join("a")
    barrier.join("b")
    barrier.loaded("a")
    assert not barrier.is_open
    barrier.loaded("b")
    assert barrier.is_open
