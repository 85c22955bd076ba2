"""Alive, ready and fit to trade are three answers."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from real_trade.monitor import HealthChecker
from real_trade.plugins import Health, HealthState
from real_trade.runtime import VirtualClock


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def checker(clock):
    return HealthChecker(clock)


def test_nothing_checked_is_not_healthy(checker):
    assert not checker.is_healthy
    assert not checker.liveness()
    assert not checker.readiness()
    assert not checker.trading()


def test_a_connected_store_fresh_data_and_money_are_healthy(checker, clock):
    checker.check_store(SimpleNamespace(is_connected=True))
    checker.check_data_freshness(clock.now() - timedelta(seconds=70))
    checker.check_balance(SimpleNamespace(getvalue=lambda: 1000.0))
    assert checker.is_healthy
    assert checker.trading()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda c, now: c.check_store(SimpleNamespace(is_connected=False)), "not connected"),
        (lambda c, now: c.check_data_freshness(None), "no bar has come"),
        (lambda c, now: c.check_data_freshness(now - timedelta(hours=1)), "3600 s old"),
        (lambda c, now: c.check_balance(SimpleNamespace(getvalue=lambda: float("nan"))), "nan"),
        (lambda c, now: c.check_balance(SimpleNamespace(getvalue=lambda: 0.0)), "at or below"),
    ],
)
def test_what_is_wrong_fails_and_says_so(checker, clock, check, said):
    answer = check(checker, clock.now())
    assert answer.state is HealthState.FAIL
    assert said in answer.detail
    assert answer.remedy
    assert not checker.is_healthy
    assert checker.liveness()


@pytest.mark.parametrize(
    ("state", "ready", "trading"),
    [("live", True, True), ("degraded", True, False), ("halted", False, False)],
)
def test_a_degraded_store_is_ready_and_not_fit_to_trade(checker, state, ready, trading):
    checker.check_store(
        SimpleNamespace(is_connected=True, engine_state=SimpleNamespace(value=state))
    )
    assert (checker.readiness(), checker.trading()) == (ready, trading)


def test_an_answer_that_is_too_old_has_failed(checker, clock):
    checker.check_store(SimpleNamespace(is_connected=True))
    clock.sleep(301)
    assert not checker.is_healthy
    assert not checker.liveness()
    (answer,) = checker.answers
    assert "last checked 301 s ago" in answer.detail


def test_clock_disk_and_lag(checker, tmp_path):
    assert checker.check_clock(timedelta(seconds=3)).state is HealthState.WARN
    assert checker.check_clock(timedelta(milliseconds=20)).state is HealthState.OK
    assert checker.check_disk(tmp_path).state in {HealthState.OK, HealthState.FAIL}
    assert checker.check_lag("journal", 2.0, 1.0).state is HealthState.WARN
    assert checker.is_healthy or "disk" in checker.status()["checks"]


def test_a_full_disk_fails(checker, tmp_path, monkeypatch):
    usage = SimpleNamespace(total=100 << 30, free=1 << 30)
    monkeypatch.setattr("real_trade.monitor.health.shutil.disk_usage", lambda _: usage)
    assert checker.check_disk(tmp_path).state is HealthState.FAIL


def test_plugins_checks_are_isolated(checker):
    def broken():
        raise RuntimeError("boom")

    checker.run(
        {
            "good": lambda: Health(name="good", state=HealthState.OK),
            "broken": broken,
            "odd": lambda: "fine",
        }
    )
    states = {answer.name: answer.state for answer in checker.answers}
    assert states == {
        "good": HealthState.OK,
        "broken": HealthState.FAIL,
        "odd": HealthState.FAIL,
    }


def test_the_status_is_plain(checker):
    checker.check_store(SimpleNamespace(is_connected=True))
    told = json.loads(json.dumps(checker.status()))
    assert told["healthy"] is True
    assert told["checks"]["store"] == {"state": "ok", "detail": "connected", "remedy": None}
