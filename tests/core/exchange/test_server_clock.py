"""The exchange's time as seen from here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from real_trade.exchange.server_clock import ServerClock


@pytest.fixture
def clock(virtual):
    return ServerClock(virtual.clock)


def slow_ask(virtual, there_s, back_s):
    def ask():
        virtual.clock.sleep(there_s)
        told = virtual.clock.true_now()
        virtual.clock.sleep(back_s)
        return told

    return ask


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(minutes=10), timedelta(minutes=-10)])
def test_t01_the_machines_error_does_not_matter(clock, virtual, skew):
    virtual.clock.skew = skew
    clock.measure(virtual.clock.true_now)
    virtual.clock.sleep(500)
    assert clock.now() == virtual.clock.true_now()
    assert clock.offset == -skew


def test_the_middle_of_the_round_trip_halves_the_error(clock, virtual):
    clock.measure(slow_ask(virtual, 0.3, 0.3))
    assert clock.now() == virtual.clock.true_now()
    clock.measure(slow_ask(virtual, 0.4, 0.0))
    assert abs(clock.now() - virtual.clock.true_now()) <= timedelta(seconds=0.2)


def test_before_a_measurement_the_machine_is_believed_but_not_fresh(clock, virtual):
    assert clock.now() == virtual.clock.now()
    assert not clock.is_fresh


def test_t02_a_step_of_the_machines_clock_changes_nothing_but_asks_for_a_measurement(
    clock, virtual
):
    clock.measure(virtual.clock.true_now)
    virtual.clock.skew = timedelta(hours=2)
    assert clock.now() == virtual.clock.true_now()
    assert not clock.is_fresh
    clock.measure(virtual.clock.true_now)
    assert clock.is_fresh


def test_t03_a_measurement_grows_old(clock, virtual):
    clock.measure(virtual.clock.true_now)
    virtual.clock.sleep(599)
    assert clock.is_fresh
    virtual.clock.sleep(2)
    assert not clock.is_fresh


def test_a_doubted_measurement_is_used_until_the_next(clock, virtual):
    clock.measure(virtual.clock.true_now)
    virtual.clock.skew = timedelta(minutes=10)
    clock.measure(virtual.clock.true_now)
    clock.forget()
    assert not clock.is_fresh
    assert clock.now() == virtual.clock.true_now()
