"""The inbox: wakes at once, loses nothing, and can be filled from a signal handler."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from real_trade.runtime import Inbox, SystemRuntime, VirtualRuntime


@pytest.fixture
def runtime() -> Iterator[SystemRuntime]:
    made = SystemRuntime()
    yield made
    made.close()


def test_what_is_put_is_drained_oldest_first_and_once(runtime: SystemRuntime) -> None:
    inbox = runtime.inbox()
    for value in (1, "two", None):
        inbox.put(value)
    assert len(inbox) == 3
    assert inbox.wait(0)
    assert len(inbox) == 3
    assert inbox.drain() == [1, "two", None]
    assert inbox.drain() == []
    assert len(inbox) == 0


def test_a_value_from_another_thread_wakes_the_reader_at_once(runtime: SystemRuntime) -> None:
    inbox = runtime.inbox()
    runtime.call_later(0.05, lambda: inbox.put("bar"))
    began = time.monotonic()
    assert inbox.wait(30)
    assert time.monotonic() - began < 5
    assert inbox.drain() == ["bar"]


@pytest.mark.parametrize("timeout_s", [0.02, 0, -1])
def test_without_a_value_the_wait_ends_empty_after_its_time(
    runtime: SystemRuntime, timeout_s: float
) -> None:
    inbox = runtime.inbox()
    began = time.monotonic()
    assert not inbox.wait(timeout_s)
    assert time.monotonic() - began >= timeout_s - 0.001


def test_a_value_drained_while_it_came_in_does_not_wake_the_reader_later(
    runtime: SystemRuntime,
) -> None:
    inbox = runtime.inbox()
    stop = threading.Event()

    def fill() -> None:
        while not stop.is_set():
            inbox.put(1)

    thread = threading.Thread(target=fill)
    thread.start()
    for _ in range(2000):
        inbox.drain()
    stop.set()
    thread.join()
    inbox.drain()
    assert not inbox.wait(0.01)


def test_nothing_is_lost_between_many_writers_and_one_reader(runtime: SystemRuntime) -> None:
    inbox = runtime.inbox()
    lanes = [runtime.lane(f"writer {number}") for number in range(4)]
    for writer, lane in enumerate(lanes):
        for number in range(500):
            lane.submit(partial(inbox.put, (writer, number)))
    seen: list[tuple[int, int]] = []
    while len(seen) < 2000 and inbox.wait(10):
        seen += inbox.drain()
    for writer in range(4):
        assert [number for who, number in seen if who == writer] == list(range(500))


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs POSIX signals")
def test_a_signal_handler_may_fill_the_inbox_that_its_own_thread_waits_on(
    runtime: SystemRuntime,
) -> None:
    inbox = runtime.inbox()
    before = signal.signal(signal.SIGUSR1, lambda *_: inbox.put("stop"))
    try:
        for _ in range(200):
            threading.Timer(0.0005, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            assert inbox.wait(10)
            assert inbox.drain() == ["stop"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_in_virtual_time_waiting_lets_time_pass_until_something_comes() -> None:
    runtime = VirtualRuntime()
    start = runtime.clock.now()
    inbox = runtime.inbox()
    runtime.call_later(3600, lambda: inbox.put("hour"))
    runtime.call_later(7200, lambda: inbox.put("two hours"))
    assert inbox.wait(86400)
    assert inbox.drain() == ["hour"]
    assert runtime.clock.now() - start == timedelta(hours=1)
    assert not inbox.wait(1800)
    assert runtime.clock.now() - start == timedelta(minutes=90)
    assert inbox.wait(86400)


@pytest.mark.parametrize("make", [SystemRuntime, VirtualRuntime])
def test_each_account_has_an_inbox_of_its_own(make: Callable[[], SystemRuntime]) -> None:
    runtime = make()
    first, second = runtime.inbox(), runtime.inbox()
    first.put(1)
    assert isinstance(second, Inbox)
    assert not second.wait(0)
    runtime.close()
