"""Commands from outside: how far each has come, and what holds a bot back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from real_trade.storage.command_values import CommandState, Hold, HoldKind, Verb
from real_trade.storage.commands import (
    command,
    hold_of,
    lift_hold,
    mark_command,
    poll_commands,
    post_command,
    recent_commands,
    set_hold,
)
from real_trade.storage.engine import open_engine
from real_trade.storage.schema import upgrade
from real_trade.utils.errors import ConfigurationError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def ask(engine: Engine, verb: Verb, **more):
    return post_command(
        engine, **{"bot": "main", "time": NOW, "asked_by": "ann", **more}, verb=verb
    )


def test_a_command_is_accepted_then_running_then_done(engine: Engine) -> None:
    asked = ask(engine, Verb.CANCEL, args={"order": "rt-main-0-1"})
    assert asked.state is CommandState.ACCEPTED
    assert poll_commands(engine, "main", "run1") == [asked]
    mark_command(engine, asked.id, CommandState.RUNNING, time=NOW)
    assert poll_commands(engine, "main", "run1") == []
    later = NOW + timedelta(seconds=1)
    mark_command(engine, asked.id, CommandState.DONE, time=later, detail="canceled")
    mark_command(engine, asked.id, CommandState.FAILED, time=later, detail="too late to fail")
    ended = command(engine, asked.id)
    assert ended is not None
    assert (ended.state, ended.detail, ended.finished_at) == (CommandState.DONE, "canceled", later)
    assert ended.args == {"order": "rt-main-0-1"}


def test_commands_come_in_order_and_only_to_their_bot_and_run(engine: Engine) -> None:
    first = ask(engine, Verb.PAUSE)
    ask(engine, Verb.PAUSE, bot="other")
    ask(engine, Verb.STOP, run_id="an earlier run")
    second = ask(engine, Verb.STOP, run_id="run1")
    assert poll_commands(engine, "main", "run1") == [first, second]
    assert [one.verb for one in recent_commands(engine, "other")] == [Verb.PAUSE]


def test_C16_a_kill_stands_at_once_and_again_changes_nothing(engine: Engine) -> None:
    ask(engine, Verb.KILL, args={"reason": "mad"})
    ask(engine, Verb.KILL, asked_by="bob", time=NOW + timedelta(hours=1))
    held = hold_of(engine, "main")
    assert held == Hold(bot="main", kind=HoldKind.KILL, asked_by="ann", since=NOW, reason="mad")
    assert hold_of(engine, "other") is None


def test_a_pause_does_not_weaken_a_kill_and_a_kill_takes_a_pause_over(engine: Engine) -> None:
    ask(engine, Verb.PAUSE)
    paused = hold_of(engine, "main")
    assert paused is not None
    assert paused.kind is HoldKind.PAUSE
    ask(engine, Verb.KILL)
    set_hold(engine, Hold(bot="main", kind=HoldKind.PAUSE, since=NOW))
    killed = hold_of(engine, "main")
    assert killed is not None
    assert killed.kind is HoldKind.KILL
    assert lift_hold(engine, "main")
    assert hold_of(engine, "main") is None
    assert lift_hold(engine, "main")


def test_a_kill_that_was_asked_for_after_the_resume_is_not_lifted_by_it(engine: Engine) -> None:
    ask(engine, Verb.KILL)
    resume = ask(engine, Verb.RESUME, args={"confirm": True})
    ask(engine, Verb.KILL, time=NOW + timedelta(seconds=1))
    assert not lift_hold(engine, "main", asked=resume)
    assert hold_of(engine, "main") is not None
    again = ask(engine, Verb.RESUME, args={"confirm": True})
    assert lift_hold(engine, "main", asked=again)
    assert hold_of(engine, "main") is None


def test_a_cancel_without_an_order_is_refused_with_the_way_to_find_one(engine: Engine) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask(engine, Verb.CANCEL)
    assert "real-trade orders" in caught.value.remedy
    assert recent_commands(engine, "main") == []
