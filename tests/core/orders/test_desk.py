"""The way out: what leaves, what is refused, and what a listener is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from real_trade.exchange import AuthError, InsufficientFunds, InvalidOrder, RateLimited, Unavailable
from real_trade.model import (
    Channel,
    ConnectionChanged,
    ConnectionState,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from real_trade.orders import DeskSettings, FindingKind
from real_trade.utils.errors import RealTradeError

S = OrderState


def test_a_limit_order_is_submitted_then_accepted_then_filled(world: Any) -> None:
    name = world.submit()
    assert world.story(name) == [S.SUBMITTED]
    world.run()
    assert world.story(name) == [S.SUBMITTED, S.ACCEPTED]
    world.exchange.fill(name, "0.4")
    world.exchange.fill(name, "0.6")
    world.run()
    assert world.story(name) == [
        S.SUBMITTED,
        S.ACCEPTED,
        S.PARTIALLY_FILLED,
        S.FILLED,
    ]
    assert [fill.amount for fill in world.told_fills(name)] == [Decimal("0.4"), Decimal("0.6")]
    world.audit()


def test_submit_does_not_wait_for_the_exchange(world: Any) -> None:
    world.exchange.latency_s["submit"] = 20.0
    name = world.submit()
    assert world.runtime.clock.monotonic() == 0
    assert world.exchange.calls["submit"] == 0
    world.run(21)
    assert world.state(name) is S.ACCEPTED


def test_a_market_order_by_quote_amount_is_filled_by_its_fills(world: Any) -> None:
    name = world.market(amount=None, quote_amount="50")
    world.run()
    assert world.state(name) is S.FILLED
    assert world.order(name).filled == Decimal("0.5")
    world.audit()


def test_amounts_and_prices_are_rounded_before_they_leave(world: Any) -> None:
    name = world.submit(amount="0.12345", price="100.019")
    world.run()
    sent = world.exchange.book[name].intent
    assert (sent.amount, sent.price) == (Decimal("0.123"), Decimal("100.01"))
    sell = world.submit(amount="0.12345", price="100.011", side=Side.SELL)
    world.run()
    assert world.exchange.book[sell].intent.price == Decimal("100.02")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "NO/SUCH"}, "no symbol NO/SUCH"),
        ({"amount": "0.0004"}, "below one step"),
        ({"amount": "0.01"}, "below the minimum 5"),
        ({"amount": "-1"}, "below one step"),
        ({"amount": "0"}, "below one step"),
        ({"amount": None}, "needs an amount"),
        ({"price": None}, "needs a price"),
        ({"type": OrderType.STOP, "price": None}, "needs a stop price"),
        ({"type": OrderType.TRAILING_STOP, "price": None}, "needs a trail amount"),
        ({"time_in_force": TimeInForce.GTD}, "needs the date"),
        ({"post_only": True}, "no post-only orders"),
        ({"quote_amount": "5"}, "not both"),
    ],
)
def test_what_cannot_be_is_denied_with_the_reason_and_never_sent(
    world: Any, changes: dict[str, Any], reason: str
) -> None:
    order = world.desk.submit(world.intent(**changes))
    assert order.state is S.DENIED
    assert reason in order.reason
    assert world.story(order.client_order_id) == [S.DENIED]
    world.run()
    assert not world.exchange.sends
    assert list(world.journal.replay()) == []


def test_a_guard_denies_with_its_reason(world: Any) -> None:
    world.denial = "max_position: 3 BTC is the limit"
    order = world.desk.submit(world.intent())
    assert (order.state, order.reason) == (S.DENIED, "max_position: 3 BTC is the limit")
    world.run()
    assert not world.exchange.sends


def test_an_id_that_the_exchange_would_cut_short_is_never_sent(world: Any) -> None:
    longest = world.exchange.capabilities.max_client_order_id
    taken = world.submit(client_order_id="x" * longest)
    denied = world.submit(client_order_id="y" * (longest + 1))
    world.run()
    assert world.state(taken) is S.ACCEPTED
    assert world.state(denied) is S.DENIED
    assert f"ids of {longest} characters" in world.order(denied).reason
    assert world.exchange.calls["submit"] == 1


def test_an_id_is_used_once(world: Any) -> None:
    intent = world.intent()
    world.desk.submit(intent)
    with pytest.raises(ValueError, match="used already"):
        world.desk.submit(intent)


def test_a_rejection_has_the_exchanges_reason(world: Any) -> None:
    world.exchange.fate("submit", InvalidOrder("price too far from the market", code=-1013))
    name = world.submit()
    world.run()
    assert world.story(name) == [S.SUBMITTED, S.REJECTED]
    assert "too far" in world.order(name).reason
    assert not world.order(name).insufficient_funds


def test_a_rejection_for_want_of_funds_says_so(world: Any) -> None:
    world.exchange.fate("submit", InsufficientFunds("balance", code=-2010, remedy="add funds"))
    name = world.submit()
    world.run()
    assert world.order(name).insufficient_funds
    assert world.order(name).reason == "balance; add funds"


def test_N01_what_was_not_sent_is_rejected_and_never_sent_again(world: Any) -> None:
    world.exchange.fate("submit", Unavailable("no such host"))
    name = world.submit()
    world.run(60)
    assert world.state(name) is S.REJECTED
    assert world.exchange.calls["submit"] == 1
    world.audit()


def test_N12_a_rate_limit_on_a_send_is_rejected_without_a_second_send(world: Any) -> None:
    world.exchange.fate("submit", RateLimited("too many requests", retry_after_s=5, code=-1003))
    name = world.submit()
    world.run(60)
    assert world.state(name) is S.REJECTED
    assert world.exchange.calls["submit"] == 1


def test_N28_a_refused_key_halts_until_a_person_resumes(world: Any) -> None:
    world.exchange.fate("submit", AuthError("invalid key", code=-2015))
    first = world.submit()
    world.run()
    assert world.state(first) is S.REJECTED
    second = world.submit()
    assert world.state(second) is S.DENIED
    assert "invalid key" in world.order(second).reason
    assert world.exchange.calls["submit"] == 1
    assert [finding.kind for finding in world.findings] == [FindingKind.KEY]
    world.desk.resume()
    third = world.submit()
    world.run()
    assert world.state(third) is S.ACCEPTED


def test_a_halted_desk_still_cancels(world: Any) -> None:
    resting = world.placed()
    world.exchange.fate("submit", AuthError("invalid key"))
    world.submit()
    world.run()
    world.desk.cancel(resting)
    world.run()
    assert world.state(resting) is S.CANCELED


def test_T07_an_order_that_waited_too_long_is_not_sent(world: Any) -> None:
    world.open(settings=DeskSettings(send_within_s=5))
    world.exchange.latency_s["submit"] = 6.0
    first, second = world.submit(), world.submit()
    world.run(20)
    assert world.state(first) is S.ACCEPTED
    assert world.state(second) is S.REJECTED
    assert "waited more than 5 s" in world.order(second).reason
    assert world.exchange.calls["submit"] == 1


def test_T07_a_suspended_machine_does_not_send_its_backlog(world: Any) -> None:
    name = world.submit()
    world.runtime.clock.skew += world.runtime.clock.now() - world.runtime.clock.now().replace(
        year=2025
    )
    world.run()
    assert world.state(name) is S.REJECTED
    assert not world.exchange.sends


def test_N20_a_slow_look_up_does_not_hold_up_orders(world: Any) -> None:
    world.exchange.latency_s["open_orders"] = 20.0
    world.desk.reconcile()
    name = world.submit()
    world.run(30)
    assert (0, "submit") in world.exchange.log
    assert world.state(name) is S.ACCEPTED


def test_a_cancel_of_what_is_not_ours_is_refused(world: Any) -> None:
    world.exchange.place_foreign("foreign-1")
    with pytest.raises(RealTradeError, match="no order 'foreign-1' of ours"):
        world.desk.cancel("foreign-1")


def test_market_values_are_not_for_the_desk(world: Any) -> None:
    lost = ConnectionChanged(
        channel=Channel.BARS, state=ConnectionState.LOST, time=world.runtime.clock.now()
    )
    assert not world.desk.apply(lost)
    assert not world.desk.apply("a note")


def test_stopping_finishes_what_was_decided(world: Any) -> None:
    name = world.submit()
    assert world.desk.stop(5.0)
    assert world.state(name) is S.ACCEPTED
    assert world.exchange.sends[name] == 1
