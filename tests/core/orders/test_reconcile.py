"""After a cut, our books follow the exchange's, and what is not ours is left alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from real_trade.exchange import AuthError, Unavailable
from real_trade.model import Channel, ConnectionChanged, ConnectionState, Evidence, OrderState
from real_trade.orders import Action, DeskSettings, FindingKind

S = OrderState


def connected(world: Any) -> ConnectionChanged:
    return ConnectionChanged(
        channel=Channel.ACCOUNT,
        state=ConnectionState.CONNECTED,
        time=world.runtime.clock.now(),
    )


def test_a_reconnect_brings_what_was_missed(world: Any) -> None:
    filled, part, canceled, resting = (world.placed() for _ in range(4))
    world.exchange.sink = None
    world.exchange.fill(filled, "1")
    world.exchange.fill(part, "0.5")
    world.exchange.finish(canceled, S.CANCELED)
    assert world.desk.apply(connected(world))
    world.run(3)
    assert world.state(filled) is S.FILLED
    assert world.state(part) is S.PARTIALLY_FILLED
    assert world.state(canceled) is S.CANCELED
    assert world.state(resting) is S.ACCEPTED
    assert world.desk.is_reconciled
    assert set(world.kinds()) == {FindingKind.MISSED_FILL.value}
    world.audit()


def test_it_repeats_on_a_timer(world: Any) -> None:
    world.desk.start()
    world.run(1)
    name = world.placed()
    world.exchange.sink = None
    world.exchange.fill(name, "1")
    world.run(65)
    assert world.state(name) is S.FILLED
    world.audit()


def test_the_timer_can_be_off(world: Any) -> None:
    world.open(settings=DeskSettings(reconcile_every_s=0))
    world.desk.start()
    world.run(1000)
    assert world.exchange.calls["open_orders"] == 1


def test_two_reconnects_in_a_row_are_two_comparisons_one_after_another(world: Any) -> None:
    world.exchange.latency_s["open_orders"] = 2.0
    for _ in range(3):
        world.desk.apply(connected(world))
    world.run(10)
    listed = [entry for entry in world.exchange.log if "open_orders" in entry[1]]
    assert [time_s for time_s, _ in listed] == [0, 2, 2, 4]


def test_a_comparison_that_fails_is_tried_again(world: Any) -> None:
    world.exchange.fail("open_orders", Unavailable("down"), Unavailable("down", retry_after_s=7))
    world.desk.start()
    world.run(6)
    assert not world.desk.is_reconciled
    world.run(3)
    assert world.desk.is_reconciled


def test_a_refused_key_halts(world: Any) -> None:
    world.exchange.fail("open_orders", AuthError("revoked"))
    world.desk.start()
    world.run()
    assert "revoked" in world.desk.halted


def test_S16_foreign_orders_are_shown_and_never_touched(world: Any) -> None:
    world.exchange.sink = None
    world.exchange.place_foreign("foreign-1")
    world.exchange.fill("foreign-1", "0.5")
    name = world.placed()
    world.desk.start()
    world.run(200)
    assert list(world.desk.foreign_orders) == ["foreign-1"]
    assert {(finding.kind, finding.action) for finding in world.findings} == {
        (FindingKind.FOREIGN_ORDER, Action.IGNORE),
        (FindingKind.FOREIGN_FILL, Action.IGNORE),
    }
    assert world.exchange.calls["cancel"] == 0
    assert world.state(name) is S.ACCEPTED
    world.exchange.finish("foreign-1", S.CANCELED)
    world.run(65)
    assert not world.desk.foreign_orders


@pytest.mark.parametrize("ended", [True, False])
def test_D06_an_order_of_ours_that_the_journal_does_not_know_halts(world: Any, ended: bool) -> None:
    lost = world.placed()
    world.kill()
    world.journal = type(world.journal)("rt-test-1")
    for _ in range(3):
        world.journal.next_client_order_id()
    world.open()
    if ended:
        other = world.placed()
        world.exchange.fill(lost, "1", tell=False)
        world.exchange.fill(other, "0.1", tell=False)
    else:
        world.desk.start()
    world.desk.reconcile()
    world.run(5)
    if ended:
        # A list of fills does not say whose they are: shown as foreign.
        assert FindingKind.FOREIGN_FILL.value in world.kinds()
        return
    assert "older than the account" in world.desk.halted
    assert world.state(world.submit()) is S.DENIED


def test_N30_lists_that_are_late_take_nothing_back(world: Any) -> None:
    name = world.placed()
    stale = world.exchange.report(name, Evidence.LOOKUP)
    world.exchange.fill(name, "1")
    world.run()
    world.exchange.open_orders = lambda symbol=None: [stale]
    world.exchange.order = lambda symbol, name: stale
    world.desk.reconcile()
    world.run(5)
    assert world.state(name) is S.FILLED
    assert not world.findings


def test_an_order_that_stays_listed_after_its_end_halts_the_symbol(world: Any) -> None:
    name = world.placed()
    world.desk.apply(
        type(world.exchange.report(name, Evidence.STREAM))(
            client_order_id=name,
            symbol="BTC/USDT",
            state=S.CANCELED,
            time=world.runtime.clock.now(),
        )
    )
    world.desk.start()
    world.run(130)
    assert world.state(name) is S.CANCELED
    assert "listed as open" in world.desk.halted_symbols["BTC/USDT"]


def test_an_order_on_its_way_is_not_missed(world: Any) -> None:
    world.exchange.latency_s["submit"] = 5.0
    name = world.submit()
    world.desk.reconcile()
    world.run(6)
    assert world.exchange.calls["order"] == 0
    assert world.state(name) is S.ACCEPTED


def test_fills_between_two_comparisons_are_found_by_the_overlap(world: Any) -> None:
    world.desk.start()
    world.run(1)
    name = world.placed()
    for _ in range(10):
        world.exchange.fill(name, "0.05", tell=False)
        world.run(61)
    assert world.order(name).filled == Decimal("0.5")
    world.audit()


@pytest.mark.parametrize("streams", [True, False])
def test_X27_an_order_of_ours_that_was_canceled_by_hand_is_told(world: Any, streams: bool) -> None:
    world.desk.start()
    name = world.placed()
    if not streams:
        world.exchange.sink = None
    world.exchange.finish(name, S.CANCELED)
    world.run(65)
    assert world.story(name) == [S.SUBMITTED, S.ACCEPTED, S.CANCELED]
