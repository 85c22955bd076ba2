"""The algo service: conditional orders beside the book."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.paper import Execution, OrderUpdated, RejectReason, Status, VenueReject
from real_trade.paper.futures import AlgoStatus, AlgoUpdated, OrderOrigin, WorkingPrice

D = Decimal
LINEAR = "BTC/USDT:USDT"


def trail(desk):
    """Return what was told of algo and ordinary orders, in order."""
    found = []
    for event in desk.events:
        if isinstance(event, AlgoUpdated):
            found.append(event.order.status.value)
        elif isinstance(event, OrderUpdated):
            found.append(f"{event.execution.value} {event.order.status.value}")
    return found


def refused(desk, reason, *args, **fields):
    with pytest.raises(VenueReject) as caught:
        desk.algo(*args, **fields)
    assert caught.value.reason is reason


def test_fills_of_the_child_come_before_triggered(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    desk.events.clear()
    algo = desk.algo("sell", "stop", amount="0.1", trigger_price="49000", client_algo_id="mine")
    desk.at("48990")
    assert trail(desk) == [
        "NEW",
        "TRIGGERING",
        "NEW NEW",
        "TRADE FILLED",
        "TRIGGERED",
        "FINISHED",
    ]
    done = desk.venue.algo_order("alice", algo_id=algo.algo_id)
    child = desk.venue.order("alice", LINEAR, order_id=done.order_id)
    assert (child.client_order_id, child.request.origin) == ("mine", OrderOrigin.ALGO)
    assert (done.filled, done.average_price) == (D("0.1"), D(48990))


def test_limit_child_that_rests_is_triggered_at_once_and_finished_later(desk):
    desk.at("50000")
    desk.algo("sell", "take_profit_limit", amount="0.1", trigger_price="51000", price="52000")
    desk.at("51000")
    assert trail(desk) == ["NEW", "TRIGGERING", "NEW NEW", "TRIGGERED"]
    desk.at("52000.1")
    assert trail(desk)[-2:] == ["TRADE FILLED", "FINISHED"]


def test_algo_orders_are_listed_and_canceled_apart(desk):
    desk.at("50000")
    algo = desk.algo("sell", "stop", amount="0.1", trigger_price="49000")
    assert desk.venue.open_orders("alice") == []
    with pytest.raises(VenueReject):
        desk.venue.cancel_all("alice", LINEAR)
    assert [one.algo_id for one in desk.venue.open_algo_orders("alice")] == [algo.algo_id]
    gone = desk.venue.cancel_algo("alice", client_algo_id=algo.client_algo_id)
    assert gone.status is AlgoStatus.CANCELED
    assert desk.venue.open_algo_orders("alice") == []
    with pytest.raises(VenueReject) as caught:
        desk.venue.cancel_algo("alice", algo_id=algo.algo_id)
    assert caught.value.reason is RejectReason.UNKNOWN_ALGO_ORDER


def test_algo_order_takes_no_margin_before_its_trigger_and_is_rejected_then(desk):
    desk.at("50000")
    desk.algo("buy", "stop", amount="15", trigger_price="51000")
    assert desk.venue.margin("alice", "USDT").order_margin == 0
    desk.at("51000")
    assert trail(desk) == ["NEW", "TRIGGERING", "REJECTED"]
    assert "margin" in desk.of(AlgoUpdated)[-1].order.reason


def test_close_position_closes_all_of_it(desk):
    desk.at("50000")
    desk.order("sell", "0.3")
    desk.algo("buy", "take_profit", close_position=True, trigger_price="49000")
    desk.at("48000")
    assert desk.venue.positions("alice") == []
    assert desk.of(AlgoUpdated)[-1].order.filled == D("0.3")


def test_close_position_without_a_position_expires_at_its_trigger(desk):
    desk.at("50000")
    desk.algo("sell", "stop", close_position=True, trigger_price="49000")
    desk.at("48000")
    assert trail(desk) == ["NEW", "TRIGGERING", "EXPIRED"]


def test_second_order_that_closes_the_position_is_refused(desk):
    desk.at("50000")
    desk.algo("sell", "stop", close_position=True, trigger_price="49000")
    refused(
        desk,
        RejectReason.CLOSE_POSITION_EXISTS,
        "sell",
        "stop",
        close_position=True,
        trigger_price="48000",
    )


def test_trigger_that_is_past_already_is_refused(desk):
    desk.at("50000")
    reason = RejectReason.WOULD_TRIGGER_IMMEDIATELY
    refused(desk, reason, "sell", "stop", amount="0.1", trigger_price="50001")
    refused(desk, reason, "sell", "take_profit", amount="0.1", trigger_price="49999")


def test_mark_price_trigger_does_not_follow_the_contract_price(desk):
    desk.at("50000")
    desk.venue.set_mark_price(LINEAR, D(50000))
    desk.order("buy", "0.1")
    desk.algo(
        "sell",
        "stop",
        amount="0.1",
        trigger_price="49000",
        working_price=WorkingPrice.MARK_PRICE,
    )
    desk.at("48000")
    assert desk.venue.position("alice", LINEAR).amount == D("0.1")
    desk.venue.set_mark_price(LINEAR, D(48900))
    assert desk.venue.position("alice", LINEAR).amount == 0


def test_protected_trigger_waits_while_mark_and_contract_price_are_apart(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    desk.venue.set_mark_price(LINEAR, D(50000))
    desk.algo("sell", "stop", amount="0.1", trigger_price="45000", price_protect=True)
    desk.at("40000")
    assert desk.venue.open_algo_orders("alice")
    desk.venue.set_mark_price(LINEAR, D(40100))
    desk.at("40000")
    assert desk.venue.open_algo_orders("alice") == []


def test_trailing_stop_follows_from_its_activation_price(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    desk.algo("sell", "trailing_stop", amount="0.1", activation_price="51000", callback_rate="0.01")
    desk.at("49000")
    assert desk.venue.open_algo_orders("alice")[0].trigger_price is None
    desk.at("51000")
    desk.at("52000")
    assert desk.venue.open_algo_orders("alice")[0].trigger_price == 51480
    desk.at("51481")
    assert desk.venue.open_algo_orders("alice")
    desk.at("51480")
    assert desk.venue.open_algo_orders("alice") == []
    assert desk.venue.position("alice", LINEAR).amount == 0


@pytest.mark.parametrize(
    ("reason", "kind", "fields"),
    [
        (RejectReason.MISSING, "stop", {"amount": "0.1"}),
        (RejectReason.MISSING, "stop", {"trigger_price": "49000"}),
        (RejectReason.MISSING, "stop_limit", {"amount": "0.1", "trigger_price": "49000"}),
        (RejectReason.NOT_ALLOWED, "limit", {"amount": "0.1", "price": "49000"}),
        (
            RejectReason.NOT_ALLOWED,
            "stop",
            {"amount": "0.1", "close_position": True, "trigger_price": "49000"},
        ),
        (RejectReason.CALLBACK_RATE, "trailing_stop", {"amount": "0.1", "callback_rate": "0.2"}),
        (RejectReason.PRICE_FILTER, "stop", {"amount": "0.1", "trigger_price": "49000.05"}),
        (RejectReason.LOT_SIZE, "stop", {"amount": "0.0001", "trigger_price": "49000"}),
    ],
)
def test_malformed_algo_order_is_refused(desk, reason, kind, fields):
    desk.at("50000")
    refused(desk, reason, "sell", kind, **fields)
    assert desk.venue.algo_orders("alice") == []


def test_client_algo_id_is_unique_among_open_ones(desk):
    desk.at("50000")
    terms = {"amount": "0.1", "client_algo_id": "mine"}
    algo = desk.algo("sell", "stop", trigger_price="49000", **terms)
    refused(
        desk,
        RejectReason.DUPLICATE_CLIENT_ALGO_ID,
        "sell",
        "stop",
        trigger_price="48000",
        **terms,
    )
    desk.venue.cancel_algo("alice", algo_id=algo.algo_id)
    assert desk.algo("sell", "stop", trigger_price="48000", **terms).status is AlgoStatus.NEW


def test_stop_and_resting_target_of_the_same_position_do_not_turn_it_over(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    target = desk.order("sell", "0.1", "limit", price="52000", reduce_only=True)
    desk.algo("sell", "stop", amount="0.1", trigger_price="49000", reduce_only=True)
    desk.algo("sell", "stop", amount="0.1", trigger_price="48995", reduce_only=True)
    desk.at("48990")
    assert desk.venue.position("alice", LINEAR).amount == 0
    assert desk.venue.order("alice", LINEAR, order_id=target.order_id).status is Status.EXPIRED
    assert [one.status for one in desk.venue.algo_orders("alice")] == [
        AlgoStatus.FINISHED,
        AlgoStatus.REJECTED,
    ]
    assert Execution.EXPIRED in {event.execution for event in desk.of(OrderUpdated)}
