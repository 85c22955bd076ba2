"""Trading states: how they are entered, what they let through, what ends them, over restarts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from real_trade.model import OrderState, OrderType, Position, Side
from real_trade.risk import KillSwitch, MemoryStateStore, RiskGuard, TradingState

BUY, SELL = Side.BUY, Side.SELL
ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED


def test_a_person_halts_and_resumes(world):
    one = world()
    one.trade(BUY, 1)
    one.guard.halt(time=one.time, by="ada", reason="odd prices")
    assert one.guard.state is HALTED
    denial = one.ask(SELL, 1)
    assert denial.code == "halted"
    assert "odd prices" in denial.reason
    assert "person" in denial.reason
    [lifted] = one.guard.resume(time=one.time, by="ada")
    assert lifted.by == "ada"
    assert one.guard.state is ACTIVE
    assert one.ask(BUY, 1) is None


def test_halted_lets_cancels_through(world):
    one = world()
    name = one.send(BUY, 1, price="99")
    one.guard.halt(time=one.time, by="ada", reason="stop")
    assert one.guard.check_cancel(one.orders[name], one.view()) is None


def test_reducing_lets_only_exits_through(world):
    one = world(market="BTC/USDT:USDT")
    one.trade(BUY, 5)
    one.guard.reduce(time=one.time, by="ada", reason="enough")
    assert one.ask(BUY, 1).code == "reducing"
    one.send(SELL, 4)
    assert one.ask(SELL, 2).code == "reducing"  # would turn short
    one.send(SELL, 1)


def test_the_severer_of_two_states_holds(world):
    one = world()
    one.guard.halt(time=one.time, by="ada", reason="stop")
    one.guard.reduce(time=one.time, by="ada", reason="a bit")
    assert one.guard.state is HALTED


@pytest.mark.parametrize("hours", [0, 20, 24 * 40])
def test_a_falling_market_leaves_only_exits_until_a_person_resumes(world, hours):
    one = world(max_drawdown_pct="20%")
    one.trade(BUY, 10)
    one.equity = Decimal(12000)
    assert one.ask(BUY, 1) is None
    one.equity = Decimal("9600.01")
    assert one.ask(BUY, 1) is None
    one.equity = Decimal(9600)
    denial = one.ask(BUY, 1)
    assert denial.code == "reducing"
    assert "max_drawdown_pct" in denial.reason
    assert one.ask(SELL, 10) is None
    one.equity = Decimal(12000)
    one.pass_time(hours=hours)
    assert one.ask(BUY, 1).code == "reducing"  # recovering is no proof, nor is a new day
    one.guard.resume(time=one.time, by="ada")
    assert one.ask(BUY, 1) is None


def test_after_a_person_resumes_the_fall_is_measured_from_there(world):
    one = world(max_drawdown_pct="20%")
    one.ask(BUY, 1)
    one.equity = Decimal(8000)
    assert one.ask(BUY, 1).code == "reducing"
    one.guard.resume(time=one.time, by="ada")
    assert one.ask(BUY, 1) is None
    one.equity = Decimal(6400)
    assert one.ask(BUY, 1).code == "reducing"


def test_a_peak_between_orders_counts_once_core_tells_of_it(world):
    one = world(max_drawdown_pct="20%")
    one.equity = Decimal(20000)
    one.guard.account_updated(one.view())
    one.equity = Decimal(15000)
    assert one.ask(BUY, 1).code == "reducing"


def test_a_day_s_loss_leaves_only_exits_until_the_next_day(world):
    one = world(max_daily_loss=500, max_daily_loss_pct="50%")
    one.ask(BUY, 1)
    one.equity = Decimal(9500)
    denial = one.ask(BUY, 1)
    assert denial.code == "reducing"
    assert "2026-03-05 00:00:00Z" in denial.reason
    one.pass_time(hours=13, minutes=59, seconds=59)
    assert one.ask(BUY, 1).code == "reducing"
    one.pass_time(seconds=1)
    assert one.ask(BUY, 1) is None
    one.equity = Decimal("9000.01")
    assert one.ask(BUY, 1) is None
    one.equity = Decimal(9000)
    assert one.ask(BUY, 1).code == "reducing"


def test_a_gap_over_night_counts_to_the_new_day(world):
    one = world(max_daily_loss=500)
    one.ask(BUY, 1)
    one.pass_time(days=1)
    one.equity = Decimal(9400)
    assert one.ask(BUY, 1).code == "reducing"


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [("UTC", "00:00", 14), ("UTC", "12:00", 2), ("Asia/Shanghai", "00:00", 6)],
)
def test_C14_a_day_ends_where_it_was_configured_to(world, zone, start, hours):
    one = world(max_daily_trades=1, day_timezone=zone, day_start=start)
    one.trade(BUY, 1)
    one.pass_time(hours=hours, seconds=-1)
    assert one.ask(BUY, 1).code == "max_daily_trades"
    one.pass_time(seconds=1)
    assert one.ask(BUY, 1) is None


def test_a_clock_that_goes_back_begins_no_day_again(world):
    one = world(max_daily_trades=1)
    one.trade(BUY, 1)
    one.pass_time(days=-1)
    assert one.ask(BUY, 1).code == "max_daily_trades"


# Breakers


def reject(one, reason="Filter failure: LOT_SIZE", side=BUY, **others):
    name = one.send(side, 1, **others)
    one.become(name, OrderState.REJECTED, reason)


def test_S11_three_identical_rejects_halt(world):
    one = world()
    reject(one)
    reject(one)
    assert one.guard.state is ACTIVE
    reject(one)
    assert one.guard.state is HALTED
    denial = one.ask(BUY, 1)
    assert denial.code == "halted"
    assert "LOT_SIZE" in denial.reason
    one.guard.resume(time=one.time, by="ada")
    reject(one)
    reject(one)
    assert one.guard.state is ACTIVE


def test_rejects_that_differ_do_not_halt(world):
    one = world(market="BTC/USDT:USDT")
    for _ in range(3):
        reject(one, "a")
        reject(one, "b")
        reject(one, "b", side=SELL)
        reject(one, "b", side=SELL, price="90")
    assert one.guard.state is ACTIVE


def test_an_accepted_order_ends_the_row(world):
    one = world()
    for _ in range(3):
        reject(one)
        reject(one)
        one.become(one.send(BUY, 1), OrderState.ACCEPTED)
    assert one.guard.state is ACTIVE


def test_one_reject_told_three_times_is_one(world):
    one = world()
    name = one.send(BUY, 1)
    for _ in range(3):
        one.become(name, OrderState.REJECTED, "no")
    assert one.guard.state is ACTIVE


def test_rejects_are_counted_over_a_restart(world):
    one = world()
    reject(one)
    reject(one)
    one.guard.save()
    one.restart()
    reject(one)
    assert one.guard.state is HALTED


def test_V09_a_runaway_strategy_is_stopped(world):
    one = world(runaway="100/1s")
    answers = [one.ask(BUY, "0.001") for _ in range(1000)]
    assert [answer for answer in answers if answer is None] == answers[:100]
    assert {answer.code for answer in answers[100:]} == {"halted"}
    assert "runaway" in answers[100].reason
    assert one.guard.state is HALTED


def test_attempts_that_are_denied_are_a_runaway_too(world):
    one = world(runaway="10/1s", max_order_value=1)
    codes = [one.ask(BUY, 1).code for _ in range(11)]
    assert codes == ["max_order_value"] * 10 + ["halted"]


def test_many_orders_over_a_longer_time_are_no_runaway(world):
    one = world(runaway="10/1s")
    for _ in range(100):
        assert one.ask(BUY, "0.001") is None
        one.pass_time(milliseconds=100)


def test_a_state_that_a_breaker_enters_can_be_chosen(world):
    one = world(on_rejects="reducing")
    one.trade(BUY, 1)
    for _ in range(3):
        reject(one)
    assert one.guard.state is REDUCING
    assert one.ask(SELL, 1) is None


def test_whoever_listens_is_told_of_a_restriction_once(world):
    heard = []
    one = world()
    one.guard = RiskGuard(one.limits, one.store, on_change=heard.append)
    for _ in range(2):
        one.guard.halt(time=one.time, by="ada", reason="stop")
    assert [(change.cause, change.state) for change in heard] == [("person", HALTED)]


# Restarts


def test_a_restart_in_the_middle_of_a_drawdown_changes_nothing(world):
    one = world(max_drawdown_pct="20%", max_daily_trades=5, max_daily_loss_pct="19%")
    one.equity = Decimal(12000)
    one.trade(BUY, 10)
    one.equity = Decimal(10500)
    one.ask(BUY, 1)
    before = one.guard.memory.plain()
    one.restart()
    assert one.guard.memory.plain() == before
    one.equity = Decimal(9600)
    assert one.ask(BUY, 1).code == "reducing"
    for _ in range(2):
        one.restart()
        one.equity = Decimal(12000)
        assert one.ask(BUY, 1).code == "reducing"
        assert one.ask(SELL, 1) is None


def test_a_person_s_halt_outlives_restarts_and_days(world):
    one = world()
    one.guard.halt(time=one.time, by="ada", reason="holidays")
    one.pass_time(days=30)
    one.restart()
    assert one.guard.state is HALTED
    assert "holidays" in one.ask(BUY, 1).reason
    one.guard.resume(time=one.time, by="ada")
    one.restart()
    assert one.ask(BUY, 1) is None


def test_a_restart_gives_no_new_day(world):
    one = world(max_daily_trades=2, max_daily_turnover=10_000, max_daily_loss=500)
    one.trade(BUY, 1)
    one.trade(BUY, 1)
    one.restart()
    assert one.ask(BUY, 1).code == "max_daily_trades"
    one.equity = Decimal(9400)
    one.restart()
    assert one.ask(BUY, 1).code == "reducing"


def test_a_restart_empties_no_rate(world):
    one = world(max_order_rate="2/1m", max_cancel_rate="1/1m")
    one.send(BUY, 1)
    name = one.send(BUY, 1)
    assert one.guard.check_cancel(one.orders[name], one.view()) is None
    one.restart()
    assert one.ask(BUY, 1).code == "max_order_rate"
    assert one.guard.check_cancel(one.orders[name], one.view()).code == "max_cancel_rate"


def test_a_rate_is_remembered_with_everything_else(world):
    one = world(max_order_rate="3/1m", max_cancel_rate="1/1m")
    one.trade(BUY, 1)
    one.trade(BUY, 1)
    one.guard.check_cancel(one.orders["rt-1"], one.view())
    one.guard.save()
    one.restart()
    one.trade(BUY, 1)
    assert one.ask(BUY, 1).code == "max_order_rate"
    assert one.guard.check_cancel(one.orders["rt-1"], one.view()).code == "max_cancel_rate"


def test_a_peak_that_only_a_denied_order_saw_outlives_a_restart_after_the_bar(world):
    one = world(max_drawdown_pct="20%", max_order_value=1)
    one.equity = Decimal(20000)
    assert one.ask(BUY, 1).code == "max_order_value"
    one.bar(1)
    one.restart()
    one.equity = Decimal(15000)
    assert one.ask(BUY, 1).code == "reducing"


def test_after_a_restart_open_orders_still_count(world):
    one = world(max_position_value=1000, max_daily_trades=2)
    one.send(BUY, 8, price="99")
    one.restart()
    assert one.ask(BUY, 2.1).code == "max_position_value"
    one.send(BUY, 1)
    assert one.ask(BUY, 1).code == "max_daily_trades"


def test_after_a_restart_open_exits_still_count(world):
    one = world(market="BTC/USDT:USDT")
    one.trade(SELL, 5)
    one.send(BUY, 3, price="99")
    one.guard.reduce(time=one.time, by="ada", reason="enough")
    one.restart()
    assert one.ask(BUY, 2.001).code == "reducing"
    assert one.ask(BUY, 2) is None


def test_S5_an_entry_that_a_crash_left_without_a_trace_counts_as_done(world):
    one = world(max_daily_trades=2, max_daily_turnover=1000)
    assert one.ask(BUY, 6) is None  # let through, then the process dies before it is journaled
    one.restart()
    assert one.ask(BUY, 4.1).code == "max_daily_turnover"
    assert one.ask(BUY, 4) is None
    assert one.ask(BUY, 0.001).code == "max_daily_trades"


def test_an_entry_that_was_proved_over_before_the_crash_does_not_count(world):
    one = world(max_daily_trades=1)
    one.become(one.send(BUY, 1), OrderState.REJECTED, "no")
    one.restart()
    assert one.ask(BUY, 1) is None


def test_fills_that_are_told_again_after_a_restart_count_once(world):
    one = world(max_daily_turnover=1000)
    name = one.send(BUY, 5)
    fill = one.fill(name, 2)
    one.restart()
    one.guard.fill_received(fill, one.orders[name])
    one.fill(name)
    assert one.ask(BUY, 5.001).code == "max_daily_turnover"
    assert one.ask(BUY, 5) is None


def test_damaged_state_halts_until_a_person_has_looked(world):
    class Broken(MemoryStateStore):
        def load(self):
            stored = super().load()
            if stored is not None:
                del stored.state["day"]
            return stored

    one = world()
    one.store = Broken()
    one.restart()
    assert one.ask(BUY, 1) is None
    one.restart()
    denial = one.ask(BUY, 1)
    assert denial.code == "halted"
    assert "cannot be read" in denial.reason
    one.guard.resume(time=one.time, by="ada")
    assert one.ask(BUY, 1) is None


# Kill switch


def test_L2_the_kill_switch_stops_everything_and_survives_a_restart(world):
    one = world()
    one.trade(BUY, 1)
    kept = MemoryStateStore()
    one.guard = RiskGuard(one.limits, kill_switch=KillSwitch(kept))
    one.guard.kill_switch.engage(time=one.time, by="ada", reason="fire")
    assert one.guard.state is HALTED
    for _ in range(2):
        denial = one.ask(SELL, 1)
        assert denial.code == "killed"
        assert "fire" in denial.reason
        one.guard = RiskGuard(one.limits, kill_switch=KillSwitch(kept))
    one.guard.kill_switch.release()
    assert KillSwitch(kept).state is None
    assert one.ask(SELL, 1) is None


def test_a_kill_switch_that_flattens_lets_exits_through(world):
    one = world()
    one.trade(BUY, 1)
    one.guard.kill_switch.engage(time=one.time, by="ada", reason="fire", flatten=True)
    assert one.guard.state is REDUCING
    assert one.ask(BUY, 1).code == "killed"
    assert one.ask(SELL, 1) is None


def test_engaging_again_changes_nothing_but_may_add_flattening(start):
    switch = KillSwitch()
    first = switch.engage(time=start, by="ada", reason="fire")
    assert switch.engage(time=start + timedelta(hours=1), by="bob", reason="smoke") == first
    added = switch.engage(time=start, by="bob", reason="smoke", flatten=True)
    assert added.flatten
    assert (added.by, added.since) == ("ada", start)
    assert switch.release() == added
    assert switch.release() is None
    assert not switch.engaged


def test_another_process_s_switch_is_seen_on_reload(start):
    kept = MemoryStateStore()
    here, there = KillSwitch(kept), KillSwitch(kept)
    there.engage(time=start, by="cli", reason="fire")
    assert here.state is None
    assert here.reload() == there.state
    assert here.engaged


def test_a_halt_holds_even_when_the_kill_switch_would_flatten(world):
    one = world()
    one.positions[one.symbol] = Position(symbol=one.symbol, amount="1", entry_price="100")
    one.guard.halt(time=one.time, by="ada", reason="stop")
    one.guard.kill_switch.engage(time=one.time, by="ada", reason="fire", flatten=True)
    assert one.guard.state is HALTED
    assert one.ask(SELL, 1, type=OrderType.MARKET) is not None
