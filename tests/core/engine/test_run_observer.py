"""What a run says that it is doing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from real_trade.engine.run_observer import RunObserver
from real_trade.model import Mode
from real_trade.storage.command_values import Hold, HoldKind
from real_trade.storage.runs import RunState


@pytest.fixture
def run() -> Any:
    desk = SimpleNamespace(halted="", halted_symbols={}, is_reconciled=True)
    store: Any = SimpleNamespace(
        hold=SimpleNamespace(hold=None),
        is_connected=True,
        desk=desk,
        mode=Mode.TESTNET,
        feeds=[SimpleNamespace(is_live_now=True), SimpleNamespace(is_live_now=True)],
    )
    log: Any = SimpleNamespace(bar=lambda bar: None)
    observer = RunObserver(store, log)
    bar: Any = object()
    return SimpleNamespace(store=store, desk=desk, observer=observer, bar=bar)


def state(run: Any) -> RunState:
    found: RunState = run.observer.state
    return found


def test_a_run_starts_reconciles_and_is_live_with_its_first_live_bar(run: Any) -> None:
    run.store.is_connected = False
    assert state(run) is RunState.STARTING
    run.store.is_connected, run.desk.is_reconciled = True, False
    assert state(run) is RunState.RECONCILING
    run.desk.is_reconciled = True
    assert state(run) is RunState.STARTING
    run.observer.bar_closed(run.bar)
    assert state(run) is RunState.LIVE


def test_paper_has_nothing_to_reconcile(run: Any) -> None:
    run.store.mode, run.desk.is_reconciled = Mode.PAPER, False
    run.observer.bar_closed(run.bar)
    assert state(run) is RunState.LIVE


def test_one_feed_behind_or_one_halted_symbol_degrades_until_it_is_over(run: Any) -> None:
    run.observer.bar_closed(run.bar)
    run.store.feeds[1].is_live_now = False
    assert state(run) is RunState.DEGRADED
    run.store.feeds[1].is_live_now = True
    run.desk.halted_symbols["BTC/USDT"] = "mixed up"
    assert state(run) is RunState.DEGRADED
    run.desk.halted_symbols.clear()
    assert state(run) is RunState.LIVE


def test_a_halt_goes_before_all_and_a_persons_hold_before_that(run: Any) -> None:
    run.observer.bar_closed(run.bar)
    run.desk.halted, run.desk.is_reconciled = "the key is refused", False
    assert state(run) is RunState.HALTED
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for kind, shown in ((HoldKind.PAUSE, RunState.PAUSED), (HoldKind.KILL, RunState.KILLED)):
        run.store.hold.hold = Hold(bot="b", kind=kind, asked_by="ann", since=now, reason="")
        assert state(run) is shown
