"""The real runtime: lanes keep their order, timers fire, nothing is left behind."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from datetime import UTC, timedelta
from functools import partial

import pytest

from real_trade.runtime import Runtime, SystemRuntime


@pytest.fixture
def runtime() -> Iterator[SystemRuntime]:
    made = SystemRuntime()
    yield made
    made.close()


def waits(event: threading.Event) -> None:
    event.wait(10)


def test_it_is_a_runtime(runtime: SystemRuntime) -> None:
    typed: Runtime = runtime
    assert typed.clock.now().tzinfo is UTC
    assert typed.clock.monotonic() <= typed.clock.monotonic()


def test_a_lane_runs_its_work_in_order_on_one_thread_of_its_own(runtime: SystemRuntime) -> None:
    seen: list[tuple[int, str]] = []
    lane = runtime.lane("orders")

    def note(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    for number in range(200):
        lane.submit(partial(note, number))
    assert lane.close()
    assert seen == [(number, "orders") for number in range(200)]


def test_submitting_does_not_wait_for_work_that_blocks(runtime: SystemRuntime) -> None:
    release = threading.Event()
    lane = runtime.lane("slow")
    lane.submit(lambda: waits(release))
    began = time.monotonic()
    lane.submit(lambda: None)
    assert time.monotonic() - began < 1
    assert not lane.close(timeout_s=0.01)
    release.set()
    assert lane.close(timeout_s=10)


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit("broken")])
def test_work_that_breaks_is_logged_and_the_lane_goes_on(
    runtime: SystemRuntime, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def broken() -> None:
        raise error

    seen: list[str] = []
    lane = runtime.lane("orders")
    lane.submit(broken)
    lane.submit(lambda: seen.append("next"))
    lane.close()
    assert seen == ["next"]
    assert "orders: broken" in caplog.text


def test_a_lane_may_close_itself(runtime: SystemRuntime) -> None:
    closed: list[bool] = []
    lane = runtime.lane("stream")
    lane.submit(lambda: closed.append(lane.close()))
    runtime.close()
    assert closed == [True]


def test_timers_fire_in_order_of_time_and_not_early(runtime: SystemRuntime) -> None:
    inbox, began = runtime.inbox(), time.monotonic()

    def note(delay: float) -> None:
        inbox.put((delay, time.monotonic() - began))

    for delay in (0.06, 0.02, 0.04, 0.02):
        runtime.call_later(delay, partial(note, delay))
    seen: list[tuple[float, float]] = []
    while len(seen) < 4:
        assert inbox.wait(10)
        seen += inbox.drain()
    assert [delay for delay, _ in seen] == [0.02, 0.02, 0.04, 0.06]
    assert all(late >= delay for delay, late in seen)


def test_a_sooner_timer_overtakes_one_that_is_waited_for(runtime: SystemRuntime) -> None:
    inbox = runtime.inbox()
    runtime.call_later(3600, lambda: inbox.put("late"))
    runtime.call_later(0.01, lambda: inbox.put("soon"))
    assert inbox.wait(10)
    assert inbox.drain() == ["soon"]


def test_a_canceled_timer_does_not_fire_and_keeps_nothing_alive(runtime: SystemRuntime) -> None:
    class Connection:
        def reconnect(self) -> None:
            raise AssertionError("canceled")

    connection = Connection()
    gone = weakref.ref(connection)
    timer = runtime.call_later(3600, connection.reconnect)
    timer.cancel()
    timer.cancel()
    del connection
    gc.collect()
    assert gone() is None


def test_a_timer_that_breaks_is_logged_and_the_others_fire(
    runtime: SystemRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = runtime.inbox()

    def broken() -> None:
        raise ValueError("broken")

    runtime.call_later(0, broken)
    runtime.call_later(0.01, lambda: inbox.put("next"))
    assert inbox.wait(10)
    assert "timers: broken" in caplog.text


def test_close_stops_timers_and_lanes_and_may_be_called_twice() -> None:
    runtime = SystemRuntime()
    before = threading.active_count()
    runtime.lane("a").submit(lambda: None)
    runtime.call_later(3600, lambda: None)
    assert threading.active_count() == before + 2
    runtime.close()
    runtime.close()
    assert threading.active_count() == before
    runtime.call_later(0, lambda: None)
    assert threading.active_count() == before


def test_a_lane_that_does_not_stop_is_told(caplog: pytest.LogCaptureFixture) -> None:
    runtime, release = SystemRuntime(), threading.Event()
    runtime.lane("stuck").submit(lambda: waits(release))
    with caplog.at_level(logging.WARNING):
        runtime.close(timeout_s=0.05)
    release.set()
    assert "stuck" in caplog.text


def test_p13_a_thousand_lanes_leave_no_thread_and_no_record(runtime: SystemRuntime) -> None:
    lanes = []
    for number in range(300):
        lane = runtime.lane(f"reconnect {number}")
        lane.close()
        lanes.append(weakref.ref(lane))
    del lane
    runtime.lane("last")
    gc.collect()
    assert sum(lane() is not None for lane in lanes) <= 1
    assert not [t for t in threading.enumerate() if t.name.startswith("reconnect")]


def test_tokens_are_of_the_alphabet_and_differ(runtime: SystemRuntime) -> None:
    tokens = {runtime.token(12) for _ in range(1000)} | {SystemRuntime().token(12)}
    assert len(tokens) == 1001
    assert all(len(token) == 12 and token.isalnum() and token == token.lower() for token in tokens)


def test_sleep_lets_real_time_pass(runtime: SystemRuntime) -> None:
    began = runtime.clock.now()
    runtime.clock.sleep(0.02)
    assert runtime.clock.now() - began >= timedelta(milliseconds=15)
