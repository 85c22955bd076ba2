from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from real_trade.paper import (
    BalanceReason,
    BalancesChanged,
    BookChanged,
    Execution,
    OrderUpdated,
    RejectReason,
    ReplaceMode,
    SpotAccount,
    Status,
    TradingChanged,
    TradingStatus,
    VenueReject,
)
from real_trade.utils.errors import DataError

D = Decimal
SYMBOL = "BTC/USDT"


def test_cancel_gives_the_rest_back_and_tells_both_ids(market, request_for):
    order = market.venue.place(
        "alice", request_for("buy", price="100", amount="2", client_order_id="mine")
    )
    market.trade("100", "0.5")
    canceled = market.venue.cancel("alice", SYMBOL, order_id=order.order_id, cancel_id="why")
    assert (canceled.status, canceled.filled) == (Status.CANCELED, D("0.5"))
    assert market.free("alice", "USDT") == 9950
    event = [e for e in market.events if isinstance(e, OrderUpdated)][-1]
    assert (event.execution, event.cancel_id) == (Execution.CANCELED, "why")
    assert event.order.client_order_id == "mine"


def test_cancel_of_a_closed_order_is_refused(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    market.trade("99", "1")
    with pytest.raises(VenueReject) as refused:
        market.venue.cancel("alice", SYMBOL, order_id=order.order_id)
    assert refused.value.reason is RejectReason.UNKNOWN_ORDER


def test_cancel_by_two_ids_needs_both_to_match(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    with pytest.raises(VenueReject):
        market.venue.cancel("alice", SYMBOL, order_id=order.order_id, client_order_id="other")


def test_accounts_do_not_see_each_others_orders(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    with pytest.raises(VenueReject):
        market.venue.cancel("bob", SYMBOL, order_id=order.order_id)
    assert market.venue.open_orders("bob") == []


def test_amended_order_keeps_its_place(market, request_for):
    first = market.venue.place("alice", request_for("buy", price="100", amount="2"))
    market.venue.place("bob", request_for("buy", price="100", amount="2"))
    amended = market.venue.amend("alice", SYMBOL, order_id=first.order_id, amount=D(1))
    assert (amended.amount, amended.amendments) == (1, 1)
    assert amended.client_order_id != first.client_order_id
    assert market.locked("alice", "USDT") == 100
    market.trade("100", "1.5")
    assert market.venue.order("alice", SYMBOL, order_id=first.order_id).status is Status.FILLED
    assert market.venue.fills("bob")[0].amount == D("0.5")


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("2.5", RejectReason.AMEND_NOT_LOWER),
        ("0.5", RejectReason.AMEND_NOT_LOWER),
        ("2", RejectReason.AMEND_NO_CHANGE),
        ("1.0001", RejectReason.LOT_SIZE),
    ],
)
def test_amendment_that_is_not_lower_is_refused(market, request_for, amount, reason):
    order = market.venue.place("alice", request_for("buy", price="100", amount="2"))
    market.trade("100", "0.5")
    with pytest.raises(VenueReject) as refused:
        market.venue.amend("alice", SYMBOL, order_id=order.order_id, amount=D(amount))
    assert refused.value.reason is reason


def test_replace_cancels_one_and_places_the_other(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="90"))
    result = market.venue.replace(
        "alice",
        request_for("buy", price="101", amount="90"),
        mode=ReplaceMode.STOP_ON_FAILURE,
        order_id=order.order_id,
    )
    assert result.canceled.status is Status.CANCELED
    assert result.placed.status is Status.NEW
    assert len(market.venue.open_orders("alice")) == 1


@pytest.mark.parametrize("mode", list(ReplaceMode))
def test_replace_of_an_order_that_is_gone_follows_its_mode(market, request_for, mode):
    result = market.venue.replace(
        "alice", request_for("buy", price="100", amount="1"), mode=mode, order_id=77
    )
    assert isinstance(result.canceled, VenueReject)
    assert (result.placed is None) == (mode is ReplaceMode.STOP_ON_FAILURE)


def test_replace_whose_second_half_fails_has_canceled_nevertheless(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    result = market.venue.replace(
        "alice",
        request_for("buy", price="100", amount="1000"),
        mode=ReplaceMode.STOP_ON_FAILURE,
        order_id=order.order_id,
    )
    assert result.canceled.status is Status.CANCELED
    assert isinstance(result.placed, VenueReject)
    assert not market.venue.open_orders("alice")


def test_replace_against_a_filter_cancels_nothing(market, request_for):
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    with pytest.raises(VenueReject) as refused:
        market.venue.replace(
            "alice",
            request_for("buy", price="100.001", amount="1"),
            mode=ReplaceMode.ALLOW_FAILURE,
            order_id=order.order_id,
        )
    assert refused.value.reason is RejectReason.PRICE_FILTER
    assert [o.order_id for o in market.venue.open_orders("alice")] == [order.order_id]


def test_deposits_and_withdrawals_are_booked_and_told(market):
    market.venue.deposit("alice", "ETH", D("1.5"))
    market.venue.withdraw("alice", "ETH", D("0.5"))
    events = [event for event in market.events if isinstance(event, BalancesChanged)]
    assert [(e.reason, e.deltas) for e in events] == [
        (BalanceReason.DEPOSIT, (("ETH", D("1.5")),)),
        (BalanceReason.WITHDRAW, (("ETH", D("-0.5")),)),
    ]
    assert market.free("alice", "ETH") == 1
    with pytest.raises(VenueReject) as refused:
        market.venue.withdraw("alice", "ETH", D(2))
    assert refused.value.reason is RejectReason.INSUFFICIENT_BALANCE


def test_balances_are_told_once_after_the_orders_of_an_operation(market, request_for):
    market.quote([], [("100", "1"), ("101", "1")])
    market.events.clear()
    market.venue.place("alice", request_for("buy", "market", amount="2"))
    kinds = [type(e).__name__ for e in market.events if not type(e).__name__.startswith("Trade")]
    assert kinds == ["OrderUpdated", "OrderUpdated", "OrderUpdated", "BalancesChanged"]
    told = {balance.asset: balance.free for balance in market.events[-1].balances}
    assert told == {"BTC": 12, "USDT": 9799}


def test_balances_are_told_when_the_tape_fills_the_last_open_order(market, request_for):
    market.venue.place("alice", request_for("buy", price="100", amount="1"))
    market.events.clear()
    market.trade("99", "1")
    assert isinstance(market.events[-1], BalancesChanged | BookChanged)
    told = [e for e in market.events if isinstance(e, BalancesChanged)]
    assert {one.asset: one.free for one in told[0].balances} == {"BTC": 11, "USDT": 9900}


def test_events_carry_the_order_as_it_was_then(market, request_for):
    market.quote([], [("100", "1"), ("101", "1")])
    market.venue.place("alice", request_for("buy", "market", amount="2"))
    orders = [e.order for e in market.events if isinstance(e, OrderUpdated)]
    assert [(o.status, o.filled) for o in orders] == [
        (Status.NEW, 0),
        (Status.PARTIALLY_FILLED, 1),
        (Status.FILLED, 2),
    ]


def test_opening_and_closing_of_a_symbol_is_told(market):
    market.venue.set_trading(SYMBOL, TradingStatus.HALT)
    assert [e.status for e in market.events if isinstance(e, TradingChanged)] == [
        TradingStatus.HALT
    ]


def test_account_cannot_be_opened_twice(market):
    with pytest.raises(DataError, match="alice"):
        market.venue.open_account("alice", {})


def test_average_price_is_weighted_by_volume_over_its_minutes(market):
    market.trade("100", "1")
    market.trade("110", "3")
    assert market.venue.average_price(SYMBOL) == D("107.5")
    market.pass_time(301)
    market.trade("120", "1")
    assert market.venue.average_price(SYMBOL) == 120


def test_oldest_closed_orders_are_forgotten_beyond_the_limit(market_with, request_for):
    market = market_with(account_kind=partial(SpotAccount, keep=3))
    resting = market.venue.place("alice", request_for("buy", price="90", amount="1"))
    for number in range(5):
        request = request_for("buy", price="90", amount="1", client_order_id=f"c{number}")
        order = market.venue.place("alice", request)
        market.venue.cancel("alice", SYMBOL, order_id=order.order_id)
    known = [order.order_id for order in market.venue.orders("alice")]
    assert known == [resting.order_id, 4, 5, 6]
    with pytest.raises(VenueReject):
        market.venue.order("alice", SYMBOL, client_order_id="c0")
    assert market.venue.order("alice", SYMBOL, client_order_id="c4").status is Status.CANCELED
