"""Fills: each once, none lost, whatever the streams do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from real_trade.exchange import Unavailable
from real_trade.model import Evidence, OrderState
from real_trade.orders import FindingKind

S = OrderState


def test_W11_reply_stream_and_list_tell_the_same_fill_and_it_is_booked_once(world: Any) -> None:
    name = world.market()
    world.run()
    fill = world.exchange.book[name].fills[0]
    for _ in range(2):
        world.desk.apply(fill)
        world.desk.apply(attrs.evolve(fill, client_order_id=""))
        world.desk.apply(world.exchange.report(name, Evidence.STREAM, with_fills=True))
    world.desk.reconcile()
    world.run()
    assert len(world.told_fills(name)) == 1
    world.audit()


def test_W12_the_streams_fill_comes_before_the_reply(world: Any) -> None:
    world.exchange.latency_s["order"] = 1.0
    world.exchange.fills_with_reply = False
    name = world.market()
    world.run()
    assert world.state(name) is S.FILLED
    assert world.exchange.calls["fills"] == 0
    world.audit()


@pytest.mark.parametrize("failures", [0, 2])
def test_W13_a_fill_that_the_stream_lost_is_fetched_within_5_s(world: Any, failures: int) -> None:
    name = world.placed()
    world.exchange.fill(name, "0.4", tell=False)
    world.exchange.fail("fills", *[Unavailable("down")] * failures)
    world.exchange.fill(name, "0.1")
    world.run(5)
    assert world.order(name).filled == Decimal("0.5")
    assert len(world.told_fills(name)) == 2
    world.audit()


def test_W13_a_reply_that_counts_fills_and_lists_none_is_completed_from_the_list(
    world: Any,
) -> None:
    world.exchange.sink = None
    world.exchange.fills_with_reply = False
    name = world.market()
    world.run(5)
    assert world.state(name) is S.FILLED
    world.audit()


def test_W13_fills_that_the_exchange_counts_and_never_lists_are_told_to_a_person(
    world: Any,
) -> None:
    name = world.placed()
    report = world.exchange.report(name, Evidence.STREAM)
    world.desk.apply(attrs.evolve(report, state=S.PARTIALLY_FILLED, filled="0.2"))
    world.run(30)
    assert world.kinds() == [FindingKind.MISSING_FILLS.value]
    assert world.order(name).filled == 0


def test_W14_a_fill_after_the_cancel_is_booked_and_told(world: Any) -> None:
    name = world.placed()
    world.desk.cancel(name)
    world.run()
    assert world.state(name) is S.CANCELED
    world.exchange.fill(name, "0.25")
    world.run(5)
    assert world.state(name) is S.CANCELED
    assert world.order(name).filled == Decimal("0.25")
    assert world.kinds() == [FindingKind.LATE_FILL.value]
    world.audit()


def test_W14_a_late_fill_of_the_whole_amount_makes_the_order_filled(world: Any) -> None:
    name = world.placed()
    world.desk.cancel(name)
    world.run()
    world.exchange.fill(name, "1")
    world.run()
    assert world.story(name)[-2:] == [S.CANCELED, S.FILLED]
    world.audit()


def test_W15_a_fill_of_a_foreign_order_is_shown_and_booked_nowhere(world: Any) -> None:
    name = world.placed()
    world.exchange.place_foreign("foreign-1")
    world.exchange.fill("foreign-1", "0.5")
    world.run()
    assert world.order(name).filled == 0
    assert list(world.desk.foreign_orders) == ["foreign-1"]
    assert "foreign-1" not in world.desk.orders


def test_X04_a_market_order_that_ran_out_of_book_ends_expired_with_its_fills(world: Any) -> None:
    def half(resting: Any) -> None:
        world.exchange.fill(resting.intent.client_order_id, "0.5")
        world.exchange.finish(resting.intent.client_order_id, S.EXPIRED)

    world.exchange.instant = half
    name = world.market()
    world.run(5)
    assert world.state(name) is S.EXPIRED
    assert world.order(name).remaining == Decimal("0.5")
    assert world.exchange.calls["submit"] == 1
    world.audit()


def test_X05_an_order_that_expires_at_once_has_no_fill(world: Any) -> None:
    world.exchange.instant = lambda resting: world.exchange.finish(
        resting.intent.client_order_id, S.EXPIRED
    )
    name = world.submit()
    world.run(5)
    assert world.story(name) == [S.SUBMITTED, S.ACCEPTED, S.EXPIRED]
    assert world.told_fills(name) == []
