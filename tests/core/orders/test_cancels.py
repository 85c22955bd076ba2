"""A cancel is a request: what it met, the exchange says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from real_trade.exchange import AuthError, OrderNotFound, OutcomeUnknown, Rejected, Unavailable
from real_trade.model import OrderState
from real_trade.orders import FindingKind

S = OrderState


def test_a_cancel_is_pending_until_the_exchange_has_carried_it_out(world: Any) -> None:
    name = world.placed()
    world.desk.cancel(name)
    assert world.state(name) is S.PENDING_CANCEL
    assert not world.exchange.cancels
    world.run()
    assert world.story(name)[-2:] == [S.PENDING_CANCEL, S.CANCELED]
    assert world.exchange.cancels[name] == 1
    world.audit()


def test_a_cancel_twice_is_asked_for_once(world: Any) -> None:
    name = world.placed()
    world.desk.cancel(name)
    world.desk.cancel(name)
    world.run()
    world.desk.cancel(name)
    world.run()
    assert world.exchange.cancels[name] == 1


def test_a_cancel_right_after_the_submit_does_not_overtake_it(world: Any) -> None:
    world.exchange.latency_s["submit"] = 3.0
    name = world.submit()
    world.desk.cancel(name)
    world.run(5)
    assert world.exchange.log[:3] == [(0, "submit"), (3, "submit ended"), (3, "cancel")]
    assert world.state(name) is S.CANCELED
    world.audit()


def test_a_cancel_of_an_order_that_was_never_sent_asks_nothing(world: Any) -> None:
    world.exchange.fate("submit", Unavailable("down"))
    name = world.submit()
    world.desk.cancel(name)
    world.run(30)
    assert world.state(name) is S.REJECTED
    assert world.exchange.calls["cancel"] == 0


@pytest.mark.parametrize("fate_name", ["LOST_BEFORE", "LOST_AFTER", "LATE"])
def test_a_cancel_of_an_unknown_order_ends_it_or_finds_it_absent(
    world: Any, fate: Any, fate_name: str
) -> None:
    world.exchange.sink = None
    world.exchange.fate("submit", fate[fate_name])
    name = world.submit()
    world.desk.cancel(name)
    world.run(60)
    assert world.state(name) is (S.REJECTED if fate_name == "LOST_BEFORE" else S.CANCELED)
    world.audit()


def test_X01_a_partial_fill_before_the_cancel_is_kept(world: Any) -> None:
    name = world.placed()
    world.exchange.fill(name, "0.3", tell=False)
    world.desk.cancel(name)
    world.run(5)
    assert world.state(name) is S.CANCELED
    assert world.order(name).filled == Decimal("0.3")
    assert len(world.told_fills(name)) == 1
    world.audit()


def test_X01_a_cancels_end_is_told_after_its_fills(world: Any) -> None:
    name = world.placed()
    world.exchange.fill(name, "0.3", tell=False)
    world.exchange.sink = None
    world.desk.cancel(name)
    world.run(5)
    told = [
        (change.order.state, len(change.fills))
        for change in world.changes
        if change.order.client_order_id == name
    ]
    assert told[-1] == (S.CANCELED, 1)


def test_X02_a_cancel_that_came_too_late_finds_the_order_filled_and_tells_it_once(
    world: Any,
) -> None:
    name = world.placed()
    world.exchange.sink = None
    world.exchange.fill(name, "1")
    world.desk.cancel(name)
    world.run(10)
    assert world.state(name) is S.FILLED
    assert world.story(name).count(S.FILLED) == 1
    assert world.exchange.cancels[name] == 1
    world.audit()


@pytest.mark.parametrize("streams", [True, False])
def test_X03_a_cancel_whose_answer_is_lost_is_looked_up(
    world: Any, fate: Any, streams: bool
) -> None:
    name = world.placed()
    if not streams:
        world.exchange.sink = None
    world.exchange.fate("cancel", fate.LOST_AFTER)
    world.desk.cancel(name)
    world.run(5)
    assert world.state(name) is S.CANCELED
    assert world.exchange.cancels[name] == 1


def test_X03_a_cancel_that_never_arrived_is_asked_for_again(world: Any, fate: Any) -> None:
    name = world.placed()
    world.exchange.fate("cancel", fate.LOST_BEFORE, Unavailable("down"))
    world.desk.cancel(name)
    world.run(10)
    assert world.state(name) is S.CANCELED
    assert world.exchange.calls["cancel"] == 3
    world.audit()


def test_X03_a_cancel_that_never_gets_through_is_given_up_and_told(world: Any) -> None:
    name = world.placed()
    world.exchange.fate("cancel", *[OutcomeUnknown("timeout")] * 6)
    world.desk.cancel(name)
    world.run(60)
    assert world.state(name) is S.ACCEPTED
    assert world.kinds() == [FindingKind.CANCEL_FAILED.value]
    world.desk.cancel(name)
    world.run(5)
    assert world.state(name) is S.CANCELED


def test_a_cancel_that_is_refused_leaves_the_order_as_it_was(world: Any) -> None:
    name = world.placed()
    world.exchange.fill(name, "0.3")
    world.exchange.fate("cancel", Rejected("this order may not be canceled now", code=-2011))
    world.desk.cancel(name)
    world.run(5)
    assert world.state(name) is S.PARTIALLY_FILLED
    assert "may not be canceled now" in world.order(name).reason
    assert world.exchange.calls["cancel"] == 1


def test_not_found_at_a_cancel_proves_nothing(world: Any) -> None:
    name = world.placed()
    world.exchange.fate("cancel", OrderNotFound("Unknown order sent.", code=-2011))
    world.desk.cancel(name)
    world.run(10)
    assert world.state(name) is S.CANCELED
    assert world.exchange.calls["cancel"] == 2


def test_X29_an_order_that_the_exchange_forgets_is_not_thought_to_be_canceled(world: Any) -> None:
    name = world.placed()
    del world.exchange.book[name]
    world.desk.cancel(name)
    world.run(120)
    assert world.state(name) is S.PENDING_CANCEL
    assert world.kinds() == [FindingKind.VANISHED.value]


def test_a_cancel_with_a_refused_key_halts(world: Any) -> None:
    name = world.placed()
    world.exchange.fate("cancel", AuthError("revoked"))
    world.desk.cancel(name)
    world.run(3)
    assert "revoked" in world.desk.halted


def test_a_cancel_is_not_held_up_by_an_order_that_hangs(world: Any) -> None:
    name = world.placed()
    world.exchange.latency_s["submit"] = 20.0
    world.submit()
    world.desk.cancel(name)
    began_s = world.runtime.clock.monotonic()
    world.run(30)
    assert (began_s, "cancel") in world.exchange.log
    assert world.state(name) is S.CANCELED
