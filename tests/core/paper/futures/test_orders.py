"""Orders on margin: what is refused, trimmed, matched and told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import TimeInForce
from real_trade.paper import Execution, OrderUpdated, RejectReason, Status, VenueReject
from real_trade.paper.futures import AccountChanged, PositionMode, PositionSide, PriceMatch

D = Decimal
LINEAR = "BTC/USDT:USDT"
INVERSE = "BTC/USD:BTC"


def refused(desk, reason, *args, **fields):
    with pytest.raises(VenueReject) as caught:
        desk.order(*args, **fields)
    assert caught.value.reason is reason
    desk.venue.check()


def test_order_beyond_the_margin_is_refused(desk):
    desk.at("50000")
    refused(desk, RejectReason.INSUFFICIENT_MARGIN, "buy", "2.001")
    desk.order("buy", "1.9")
    refused(desk, RejectReason.INSUFFICIENT_MARGIN, "buy", "0.2")


def test_open_orders_need_margin_once_for_both_sides(desk):
    desk.at("50000")
    desk.order("buy", "1", "limit", price="49000")
    assert desk.venue.margin("alice", "USDT").order_margin == 4900
    desk.order("sell", "0.9", "limit", price="51000")
    assert desk.venue.margin("alice", "USDT").order_margin == 4900
    desk.order("sell", "0.1", "limit", price="51000")
    assert desk.venue.margin("alice", "USDT").order_margin == 5100


def test_open_loss_counts_as_cost_of_an_order(desk):
    desk.quote("50000", "60000")
    desk.trade("50000")
    refused(desk, RejectReason.INSUFFICIENT_MARGIN, "buy", "0.7", "limit", price="60000")
    desk.order("buy", "0.6", "limit", price="60000")  # 3600 margin, 6000 open loss


def test_position_above_the_bracket_of_the_leverage_is_refused(desk):
    desk.at("50000")
    desk.venue.set_leverage("alice", LINEAR, 50)
    refused(desk, RejectReason.MAX_POSITION_AT_LEVERAGE, "buy", "1.1")
    desk.order("buy", "1")


def test_reduce_only_without_a_position_to_reduce_is_refused(desk):
    desk.at("50000")
    refused(desk, RejectReason.REDUCE_ONLY, "sell", "0.1", reduce_only=True)
    desk.order("buy", "0.1")
    refused(desk, RejectReason.REDUCE_ONLY, "buy", "0.1", reduce_only=True)


def test_reduce_only_order_is_trimmed_to_the_position(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    order = desk.order("sell", "0.5", reduce_only=True)
    assert (order.status, order.filled) == (Status.FILLED, D("0.1"))
    assert desk.venue.positions("alice") == []


def test_reduce_only_order_is_not_below_the_minimum_notional(desk_with):
    desk = desk_with()
    desk.at("3000")
    desk.order("buy", "0.002")
    refused(desk, RejectReason.NOTIONAL, "sell", "0.001")
    desk.order("sell", "0.001", reduce_only=True)


def test_resting_reduce_only_orders_end_when_the_position_is_gone(desk):
    desk.at("50000")
    desk.order("buy", "0.2")
    first = desk.order("sell", "0.2", "limit", price="51000", reduce_only=True)
    second = desk.order("sell", "0.2", "limit", price="51000", reduce_only=True)
    desk.order("sell", "0.1")
    assert [one.amount for one in desk.venue.open_orders("alice")] == [D("0.1"), D("0.1")]
    desk.at("51000.1")
    assert desk.venue.order("alice", LINEAR, order_id=first.order_id).status is Status.FILLED
    assert desk.venue.order("alice", LINEAR, order_id=second.order_id).status is Status.EXPIRED
    assert desk.venue.position("alice", LINEAR).amount == 0
    desk.venue.check()


def test_an_order_may_turn_the_position_over(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    desk.at("51000")
    desk.order("sell", "0.3")
    position = desk.venue.position("alice", LINEAR)
    assert (position.amount, position.entry_price, position.realized) == (D("-0.2"), 51000, 100)


def test_post_only_order_that_would_take_is_refused(desk):
    desk.quote("49999", "50000")
    desk.trade("50000")
    refused(
        desk,
        RejectReason.WOULD_IMMEDIATELY_MATCH,
        "buy",
        "0.1",
        "limit",
        price="50000",
        post_only=True,
    )
    order = desk.order("buy", "0.1", "limit", price="49999.9", post_only=True)
    assert order.status is Status.NEW


def test_fill_or_kill_that_cannot_fill_is_refused_and_leaves_no_order(desk):
    desk.quote("49999", "50000", amount="0.05")
    refused(
        desk,
        RejectReason.UNFILLABLE,
        "buy",
        "0.1",
        "limit",
        price="50000",
        time_in_force=TimeInForce.FOK,
    )
    assert desk.venue.orders("alice") == []


def test_immediate_or_cancel_fills_what_it_can(desk):
    desk.quote("49999", "50000", amount="0.05")
    order = desk.order("buy", "0.1", "limit", price="50000", time_in_force=TimeInForce.IOC)
    assert (order.status, order.filled) == (Status.EXPIRED, D("0.05"))


def test_good_till_date_must_be_ten_minutes_away_and_expires_then(desk):
    desk.at("50000")
    terms = {"price": "49000", "time_in_force": TimeInForce.GTD}
    soon, later = desk.after(seconds=599), desk.after(seconds=601)
    refused(desk, RejectReason.GOOD_TILL_DATE, "buy", "0.1", "limit", expires_at=soon, **terms)
    order = desk.order("buy", "0.1", "limit", expires_at=later, **terms)
    desk.clock.sleep(602)
    assert desk.venue.next_due() == later
    desk.venue.run_due()
    assert desk.venue.order("alice", LINEAR, order_id=order.order_id).status is Status.EXPIRED


def test_price_match_takes_the_price_of_the_book(desk):
    desk.quote("49999", "50000")
    order = desk.order("buy", "0.1", "limit", price_match=PriceMatch.QUEUE)
    assert (order.price, order.status) == (49999, Status.NEW)
    order = desk.order("buy", "0.1", "limit", price_match=PriceMatch.OPPONENT)
    assert (order.price, order.status) == (50000, Status.FILLED)
    refused(
        desk, RejectReason.PRICE_MATCH, "buy", "0.1", "limit", price_match=PriceMatch.OPPONENT_5
    )


def test_hedge_mode_holds_a_long_and_a_short_position(desk):
    desk.venue.set_position_mode("alice", PositionMode.HEDGE)
    desk.at("50000")
    refused(desk, RejectReason.POSITION_SIDE, "buy", "0.1")
    desk.order("buy", "0.2", position_side=PositionSide.LONG)
    desk.order("sell", "0.1", position_side=PositionSide.SHORT)
    held = {one.side: one.amount for one in desk.venue.positions("alice")}
    assert held == {PositionSide.LONG: D("0.2"), PositionSide.SHORT: D("-0.1")}
    desk.order("sell", "0.5", position_side=PositionSide.LONG)
    assert desk.venue.position("alice", LINEAR, PositionSide.LONG).amount == 0
    refused(desk, RejectReason.REDUCE_ONLY, "sell", "0.1", position_side=PositionSide.LONG)
    desk.venue.check()


def test_position_side_in_one_way_mode_is_refused(desk):
    desk.at("50000")
    refused(desk, RejectReason.POSITION_SIDE, "buy", "0.1", position_side=PositionSide.LONG)


def test_account_change_of_a_fill_comes_before_the_order_update(desk):
    desk.at("50000")
    desk.events.clear()
    desk.order("buy", "0.1")
    told = [
        event.execution if isinstance(event, OrderUpdated) else type(event)
        for event in desk.events
        if isinstance(event, OrderUpdated | AccountChanged)
    ]
    assert told == [Execution.NEW, AccountChanged, Execution.TRADE]
    (change,) = desk.of(AccountChanged)
    assert (change.assets[0].wallet, change.positions[0].amount) == (D(9998), D("0.1"))


def test_modified_order_has_the_new_terms_and_may_match(desk):
    desk.quote("49999", "50000")
    order = desk.order("buy", "0.1", "limit", price="49000")
    changed = desk.venue.modify(
        "alice", LINEAR, amount=D("0.2"), price=D(49500), order_id=order.order_id
    )
    assert (changed.order_id, changed.amount, changed.price) == (order.order_id, D("0.2"), 49500)
    assert desk.of(OrderUpdated)[-1].execution is Execution.REPLACED
    done = desk.venue.modify(
        "alice", LINEAR, amount=D("0.2"), price=D(50000), order_id=order.order_id
    )
    assert (done.status, done.average_price) == (Status.FILLED, 50000)


def test_unchanged_modification_is_refused(desk):
    desk.quote("49999", "50000")
    order = desk.order("buy", "0.1", "limit", price="49000")
    with pytest.raises(VenueReject) as caught:
        desk.venue.modify("alice", LINEAR, amount=D("0.1"), price=D(49000), order_id=order.order_id)
    assert caught.value.reason is RejectReason.AMEND_NO_CHANGE


def test_accounts_trade_with_each_other_as_maker_and_taker(desk):
    desk.trade("50000")
    desk.order("sell", "0.1", "limit", price="50000", account="bob")
    desk.order("buy", "0.1")
    assert desk.venue.fills("alice")[0].fee == 2
    assert desk.venue.fills("bob")[0].fee == 1
    assert desk.venue.position("bob", LINEAR).amount == D("-0.1")


def test_average_price_of_contracts_is_a_price(desk):
    desk.at("40000", INVERSE)
    order = desk.order("buy", "10", symbol=INVERSE)
    assert order.average_price == 40000


def test_withdrawal_leaves_the_margin(desk):
    desk.at("50000")
    desk.order("buy", "1")
    with pytest.raises(VenueReject):
        desk.venue.withdraw("alice", "USDT", D(5000))
    desk.venue.withdraw("alice", "USDT", D(4980))
    assert desk.venue.margin("alice", "USDT").available == 0
