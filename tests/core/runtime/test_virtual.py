"""Virtual time: a day in no time, and the same seed tells the same story."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.runtime import Runtime, VirtualRuntime

START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def runtime() -> VirtualRuntime:
    return VirtualRuntime(seed=7, start=START)


def test_it_is_a_runtime(runtime: VirtualRuntime) -> None:
    typed: Runtime = runtime
    assert typed.clock.now() == START
    assert typed.clock.monotonic() == 0


def test_a_day_passes_at_once(runtime: VirtualRuntime) -> None:
    began = time.monotonic()
    runtime.clock.sleep(86400)
    assert runtime.clock.now() == START + timedelta(days=1)
    assert runtime.clock.monotonic() == 86400
    assert time.monotonic() - began < 5


def test_calls_run_at_their_time_in_order_and_at_one_time_in_the_order_they_came(
    runtime: VirtualRuntime,
) -> None:
    seen: list[tuple[str, float]] = []

    def note(name: str) -> Callable[[], None]:
        return lambda: seen.append((name, runtime.clock.monotonic()))

    for name, delay in (("c", 2), ("a", 1), ("b", 1), ("d", 5)):
        runtime.call_later(delay, note(name))
    runtime.clock.sleep(3)
    assert seen == [("a", 1), ("b", 1), ("c", 2)]
    runtime.clock.sleep(2)
    assert seen[-1] == ("d", 5)


def test_a_call_may_make_another_and_cancel_one(runtime: VirtualRuntime) -> None:
    seen: list[float] = []
    never = runtime.call_later(2, lambda: seen.append(-1))

    def first() -> None:
        never.cancel()
        runtime.call_later(1.5, lambda: seen.append(runtime.clock.monotonic()))

    runtime.call_later(1, first)
    runtime.clock.sleep(10)
    assert seen == [2.5]


def test_a_wrong_clock_shows_in_now_alone(runtime: VirtualRuntime) -> None:
    runtime.clock.skew = timedelta(minutes=-10)
    runtime.clock.sleep(1)
    assert runtime.clock.now() == START + timedelta(seconds=1, minutes=-10)
    assert runtime.clock.true_now() == START + timedelta(seconds=1)
    assert runtime.clock.monotonic() == 1


def test_a_lane_runs_in_order_when_somebody_waits(runtime: VirtualRuntime) -> None:
    seen: list[int] = []
    lane = runtime.lane("orders")
    for number in range(5):
        lane.submit(partial(seen.append, number))
    assert seen == []
    runtime.clock.sleep(0)
    assert seen == [0, 1, 2, 3, 4]


def test_work_that_takes_its_time_is_never_overtaken_on_its_own_lane(
    runtime: VirtualRuntime,
) -> None:
    seen: list[tuple[str, float]] = []
    lane, other = runtime.lane("orders"), runtime.lane("stream")

    def slow(name: str) -> Callable[[], None]:
        def work() -> None:
            seen.append((f"{name} begins", runtime.clock.monotonic()))
            runtime.clock.sleep(2)
            seen.append((f"{name} ends", runtime.clock.monotonic()))

        return work

    lane.submit(slow("first"))
    lane.submit(slow("second"))
    other.submit(lambda: seen.append(("other", runtime.clock.monotonic())))
    runtime.clock.sleep(10)
    assert [name for name, _ in seen if name != "other"] == [
        "first begins",
        "first ends",
        "second begins",
        "second ends",
    ]
    assert dict(seen)["second ends"] == 4
    assert dict(seen)["other"] <= 2


def test_closing_a_lane_finishes_what_is_queued(runtime: VirtualRuntime) -> None:
    seen: list[int] = []
    lane = runtime.lane("orders")
    lane.submit(lambda: seen.append(1))
    assert lane.close()
    assert seen == [1]


def test_work_that_breaks_reaches_the_one_who_waits_and_the_lane_goes_on(
    runtime: VirtualRuntime,
) -> None:
    def broken() -> None:
        raise ValueError("broken")

    seen: list[int] = []
    lane = runtime.lane("orders")
    lane.submit(broken)
    lane.submit(lambda: seen.append(1))
    with pytest.raises(ValueError, match="broken"):
        runtime.clock.sleep(1)
    runtime.clock.sleep(1)
    assert seen == [1]


def story(seed: int) -> list[tuple[float, str, float]]:
    """Return what a small world does: timers, lanes, an inbox and chance."""
    runtime = VirtualRuntime(seed)
    inbox, lane = runtime.inbox(), runtime.lane("orders")
    told: list[tuple[float, str, float]] = []

    def tick() -> None:
        lane.submit(lambda: inbox.put(runtime.token(4)))
        if runtime.clock.monotonic() < 60:
            runtime.call_later(runtime.random.uniform(0.1, 5), tick)

    for _ in range(3):
        runtime.call_later(runtime.random.random(), tick)
    while inbox.wait(30):
        at = runtime.clock.monotonic()
        told += [(at, value, runtime.random.random()) for value in inbox.drain()]
    return told


@given(st.integers())
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    assert story(seed) == story(seed)


def test_another_seed_tells_another_story() -> None:
    assert len({tuple(story(seed)) for seed in range(20)}) == 20


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_time_never_goes_back_and_ends_where_it_should(delays: list[float]) -> None:
    runtime = VirtualRuntime()
    seen: list[float] = []
    for delay in delays:
        runtime.call_later(delay, lambda: seen.append(runtime.clock.monotonic()))
    runtime.clock.sleep(1e6)
    assert seen == sorted(seen)
    assert seen == pytest.approx(sorted(delays), abs=1e-6)
    assert runtime.clock.monotonic() == 1e6


@pytest.mark.parametrize("seconds", [0, -5])
def test_sleeping_for_nothing_takes_no_time_and_goes_not_back(
    runtime: VirtualRuntime, seconds: float
) -> None:
    runtime.clock.sleep(10)
    runtime.clock.sleep(seconds)
    assert runtime.clock.monotonic() == 10
