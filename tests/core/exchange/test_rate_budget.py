"""Who may ask when it grows short."""

from __future__ import annotations

import gc
import weakref

import pytest

from real_trade.exchange import RateLimited
from real_trade.exchange.rate_budget import Priority, RateBudget, Window
from real_trade.runtime import VirtualRuntime


@pytest.fixture
def budget(virtual):
    budget = RateBudget(virtual.clock)
    budget.limit("WEIGHT", Window(limit=100, seconds=60))
    return budget


def highest(budget, priority):
    """Ask one by one until refused; return how often it worked."""
    for number in range(1000):
        try:
            budget.acquire({"WEIGHT": 1}, priority)
        except RateLimited:
            return number
    return 1000


def test_history_stops_first_and_cancels_last(budget):
    assert highest(budget, Priority.HISTORY) == 75
    assert highest(budget, Priority.RECONCILE) == 15
    assert highest(budget, Priority.ORDER) == 5
    assert highest(budget, Priority.CANCEL) == 5


def test_the_next_window_starts_anew_and_the_wait_is_told(budget, virtual):
    highest(budget, Priority.CANCEL)
    with pytest.raises(RateLimited) as caught:
        budget.acquire({"WEIGHT": 1}, Priority.CANCEL)
    assert 0 < caught.value.retry_after_s <= 60
    virtual.clock.sleep(caught.value.retry_after_s)
    assert highest(budget, Priority.CANCEL) == 100


def test_the_exchanges_own_count_rules(budget):
    budget.observe("WEIGHT", 99)
    assert highest(budget, Priority.CANCEL) == 1
    budget.observe("WEIGHT", 10)
    assert highest(budget, Priority.CANCEL) == 90


def test_what_is_refused_reserves_nothing(budget):
    budget.limit("ORDERS", Window(limit=1, seconds=10))
    budget.acquire({"ORDERS": 1}, Priority.CANCEL)
    for _ in range(50):
        with pytest.raises(RateLimited, match="ORDERS"):
            budget.acquire({"WEIGHT": 1, "ORDERS": 1}, Priority.CANCEL)
    assert highest(budget, Priority.CANCEL) == 100


def test_a_pause_stops_everything_and_a_shorter_one_does_not_shorten_it(budget, virtual):
    budget.pause(30, "the exchange said so")
    budget.pause(5, "a lesser reason")
    for priority in Priority:
        with pytest.raises(RateLimited, match="the exchange said so"):
            budget.acquire({}, priority)
    virtual.clock.sleep(29)
    assert budget.paused_s == pytest.approx(1)
    virtual.clock.sleep(2)
    budget.acquire({"WEIGHT": 1}, Priority.HISTORY)


def test_unlimited_names_cost_nothing(budget):
    for _ in range(1000):
        budget.acquire({"OTHER": 1}, Priority.HISTORY)


def test_one_key_has_one_budget_in_a_runtime_and_none_outlives_it():
    runtime, other = VirtualRuntime(), VirtualRuntime()
    shared = RateBudget.shared(runtime, "x")
    assert RateBudget.shared(runtime, "x") is shared
    assert RateBudget.shared(runtime, "y") is not shared
    assert RateBudget.shared(other, "x") is not shared
    gone = weakref.ref(shared)
    del runtime, shared
    gc.collect()
    assert gone() is None
