"""What people ask of a running bot through the store, and what becomes of it."""

from __future__ import annotations

import backtrader as bt
import pytest

from real_trade.model import OrderState
from real_trade.storage.command_values import CommandState, Hold, HoldKind, Verb
from real_trade.storage.places import kill_file
from real_trade.storage.runs import RunState


def rest(strategy):
    strategy.buy(size=1, exectype=bt.Order.Limit, price=10)


def enter(strategy):
    strategy.buy(size=2)


def leave(strategy):
    strategy.close()


def asking(world, asked, verb, **more):
    return lambda _: asked.append(world.ask(verb, **more))


def ends(runner):
    return runner.results[0].ended


def test_a_pause_stops_entries_at_once_lets_exits_leave_and_a_resume_lifts_it(world):
    asked = []
    plan = {
        1: enter,
        2: asking(world, asked, Verb.PAUSE, args={"reason": "lunch"}),
        3: enter,
        4: leave,
        5: asking(world, asked, Verb.RESUME),
        6: enter,
    }
    runner = world.run(plan, bars=8)
    assert [status for status, _ in ends(runner)] == [
        "Completed", "Rejected", "Completed", "Completed",
    ]  # fmt: skip
    assert "paused by ann (lunch)" in ends(runner)[1][1]
    assert "real-trade resume" in ends(runner)[1][1]
    assert [world.command(one).state for one in asked] == [CommandState.DONE] * 2
    assert world.watcher.resumed == ["ann"]


def test_L2_C16_a_kill_cancels_all_lets_nothing_leave_and_stands_over_a_restart(world):
    asked = []
    plan = {
        1: enter,
        2: rest,
        3: asking(world, asked, Verb.KILL, args={"reason": "mad"}),
        4: leave,
        5: asking(world, asked, Verb.RESUME),
        6: leave,
    }
    runner = world.run(plan, bars=8)
    assert ("Canceled", "") in [(status, "") for status, _ in ends(runner)]
    refused = [reason for status, reason in ends(runner) if status == "Rejected"]
    assert len(refused) == 2
    assert all("killed by ann (mad)" in reason for reason in refused)
    assert world.watcher.halts == ["mad"]
    killed, resume = (world.command(one) for one in asked)
    assert killed.state is CommandState.DONE
    assert "1 orders canceled" in killed.detail
    assert resume.state is CommandState.FAILED
    assert "--confirm" in resume.detail
    assert runner.was_killed

    world.exchange = world.new_exchange()
    again = world.run({1: enter}, bars=3)
    assert ends(again)[0][0] == "Rejected"
    assert not world.exchange.intents
    assert again.was_killed

    asked = []
    world.exchange = world.new_exchange()
    plan = {1: asking(world, asked, Verb.RESUME, args={"confirm": True}), 2: enter}
    last = world.run(plan, bars=4)
    assert world.command(asked[0]).state is CommandState.DONE
    assert ends(last)[0][0] == "Completed"
    assert not last.was_killed


def test_flatten_cancels_then_closes_and_says_so(world):
    asked = []
    plan = {1: enter, 2: rest, 3: asking(world, asked, Verb.FLATTEN), 4: enter}
    runner = world.run(plan, bars=6)
    told = world.command(asked[0])
    assert told.state is CommandState.DONE
    assert "1 positions closed" in told.detail
    assert runner.store.books.position("BTC/USDT").amount == 0
    states = [order.state for order in runner.store.desk.orders.values()]
    assert states[:3] == [OrderState.FILLED, OrderState.CANCELED, OrderState.FILLED]
    assert "paused" in ends(runner)[-1][1]
    with world.reader() as reader:
        assert reader.hold("main").kind is HoldKind.PAUSE


def test_flatten_of_what_does_not_close_fails_and_says_what_is_held(world):
    asked = []

    def unfilled(strategy):
        world.exchange.submit = world.exchange.accept
        asking(world, asked, Verb.FLATTEN)(strategy)

    world.run({1: enter, 2: unfilled}, bars=5)
    told = world.command(asked[0])
    assert told.state is CommandState.FAILED
    assert "2" in told.detail
    assert "BTC/USDT" in told.detail


def test_cancel_ends_one_order_and_an_unknown_one_is_told(world):
    asked = []

    def cancel(strategy):
        name = next(iter(strategy.broker.store.desk.orders))
        asking(world, asked, Verb.CANCEL, args={"order": name})(strategy)
        asking(world, asked, Verb.CANCEL, args={"order": "nonsense"})(strategy)

    runner = world.run({1: rest, 2: rest, 3: cancel}, bars=5)
    first, second = (world.command(one) for one in asked)
    assert (first.state, second.state) == (CommandState.DONE, CommandState.FAILED)
    assert "real-trade orders" in second.detail
    states = [order.state for order in runner.store.desk.orders.values()]
    assert states == [OrderState.CANCELED, OrderState.ACCEPTED]


def test_stop_ends_the_run_in_order_and_is_done_when_it_has(world):
    asked = []
    runner = world.run({2: asking(world, asked, Verb.STOP)}, bars=50)
    assert runner.stop_reason == "stopped by ann"
    assert runner.summary().bars < 10
    assert world.command(asked[0]).state is CommandState.DONE
    with world.reader() as reader:
        run = reader.newest("main")
    assert (run.state, run.reason) == (RunState.STOPPED, "stopped by ann")
    assert run.stopped_at is not None


def test_what_was_asked_while_the_bot_did_not_run_is_not_done_later(world):
    world.run(bars=1)
    asked = world.ask(Verb.STOP)
    world.exchange = world.new_exchange()
    runner = world.run(bars=3)
    assert runner.summary().bars == 3
    told = world.command(asked)
    assert told.state is CommandState.FAILED
    assert "was not running" in told.detail


def test_L2_a_kill_file_kills_and_its_removal_alone_lifts_nothing(world, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    asked = []
    file = kill_file("main")
    file.parent.mkdir(parents=True)
    resume = asking(world, asked, Verb.RESUME, args={"confirm": True})

    def remove(strategy):
        file.unlink()
        enter(strategy)

    plan = {1: lambda _: file.touch(), 2: enter, 3: resume, 4: remove, 5: resume, 6: enter}
    runner = world.run(plan, bars=8)
    assert [status for status, _ in ends(runner)] == ["Rejected", "Rejected", "Completed"]
    kept, lifted = (world.command(one) for one in asked)
    assert "kill file" in kept.detail
    assert kept.state is CommandState.FAILED
    assert lifted.state is CommandState.DONE


def test_a_signals_kill_is_written_down_too(world):
    runner = world.runner({2: lambda _: runner.kill("signal", "SIGUSR1 came"), 3: enter}, bars=5)
    runner.run()
    assert ends(runner)[0][0] == "Rejected"
    with world.reader() as reader:
        hold = reader.hold("main")
    assert (hold.kind, hold.asked_by) == (HoldKind.KILL, "signal")


@pytest.mark.parametrize("verb", [Verb.KILL, Verb.PAUSE])
def test_an_order_that_the_gate_let_pass_is_still_stopped_before_it_is_sent(world, verb):
    """The lane asks once more: what was decided before is not sent after."""

    def enter_then_hold(strategy):
        enter(strategy)
        now = world.runtime.clock.now()
        kind = HoldKind.KILL if verb is Verb.KILL else HoldKind.PAUSE
        strategy.broker.store.hold.engage(Hold(bot="main", kind=kind, since=now))

    runner = world.run({1: enter_then_hold}, bars=3)
    assert ends(runner)[0][0] == "Rejected"
    assert world.exchange.intents == []
