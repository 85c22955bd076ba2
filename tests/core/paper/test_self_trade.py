"""The cases are those of Binance's "Self Trade Prevention FAQ"."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import TimeInForce
from real_trade.paper import Execution, OrderUpdated, SelfTradePrevention, Status

D = Decimal
SYMBOL = "BTC/USDT"
STP = SelfTradePrevention


def place_own_orders(market, request_for, mode, amount="3"):
    makers = [
        market.venue.place("alice", request_for("buy", price=price, amount=size))
        for price, size in (("12", "1.2"), ("11", "1.3"), ("10", "8.1"))
    ]
    taker = market.venue.place(
        "alice", request_for("sell", price="10", amount=amount, self_trade_prevention=mode)
    )
    makers = [market.venue.order("alice", SYMBOL, order_id=order.order_id) for order in makers]
    market.venue.check()
    return makers, taker


def prevented(market):
    return [
        (event.order.order_id, event.prevented_amount, event.prevented_price)
        for event in market.events
        if isinstance(event, OrderUpdated) and event.execution is Execution.TRADE_PREVENTION
    ]


def test_none_lets_an_account_trade_with_itself(market, request_for):
    makers, taker = place_own_orders(market, request_for, STP.NONE)
    assert taker.status is Status.FILLED
    assert [maker.filled for maker in makers] == [D("1.2"), D("1.3"), D("0.5")]
    assert market.free("alice", "BTC") == 10


def test_expire_maker_ends_all_own_orders_in_the_way_and_the_taker_rests(market, request_for):
    makers, taker = place_own_orders(market, request_for, STP.EXPIRE_MAKER)
    assert [maker.status for maker in makers] == [Status.EXPIRED_IN_MATCH] * 3
    assert [maker.prevented_amount for maker in makers] == [D("1.2"), D("1.3"), D("8.1")]
    assert (taker.status, taker.remaining) == (Status.NEW, 3)
    assert prevented(market) == [(1, D("1.2"), 12), (2, D("1.3"), 11), (3, D("8.1"), 10)]
    assert market.locked("alice", "USDT") == 0


def test_expire_taker_ends_the_taker_alone(market, request_for):
    makers, taker = place_own_orders(market, request_for, STP.EXPIRE_TAKER)
    assert [maker.status for maker in makers] == [Status.NEW] * 3
    assert (taker.status, taker.prevented_amount) == (Status.EXPIRED_IN_MATCH, 3)
    assert market.locked("alice", "BTC") == 0


def test_expire_both_ends_the_taker_and_the_first_maker(market, request_for):
    makers, taker = place_own_orders(market, request_for, STP.EXPIRE_BOTH)
    assert [maker.status for maker in makers] == [
        Status.EXPIRED_IN_MATCH,
        Status.NEW,
        Status.NEW,
    ]
    assert taker.status is Status.EXPIRED_IN_MATCH


def test_decrement_takes_from_both_until_one_is_gone(market, request_for):
    makers, taker = place_own_orders(market, request_for, STP.DECREMENT)
    assert [maker.prevented_amount for maker in makers] == [D("1.2"), D("1.3"), D("0.5")]
    assert [maker.status for maker in makers] == [
        Status.EXPIRED_IN_MATCH,
        Status.EXPIRED_IN_MATCH,
        Status.NEW,
    ]
    assert (taker.status, taker.prevented_amount) == (Status.EXPIRED_IN_MATCH, 3)
    assert market.locked("alice", "USDT") == D("76")
    assert not market.venue.fills("alice")


def test_others_orders_are_matched_before_and_after_the_own(market, request_for):
    market.venue.place("bob", request_for("buy", price="12.5", amount="1"))
    makers, taker = place_own_orders(market, request_for, STP.EXPIRE_MAKER, amount="1.5")
    assert taker.filled == 1
    assert makers[0].status is Status.EXPIRED_IN_MATCH


@pytest.mark.parametrize("default", [STP.NONE, STP.EXPIRE_TAKER])
def test_request_without_a_mode_takes_the_venues(market_with, request_for, default):
    market = market_with(self_trade_prevention=default)
    _, taker = place_own_orders(market, request_for, None)
    assert taker.self_trade_prevention is default
    assert taker.status is (Status.FILLED if default is STP.NONE else Status.EXPIRED_IN_MATCH)


def test_fill_or_kill_does_not_count_on_the_accounts_own_orders(market, request_for):
    market.venue.place("alice", request_for("sell", price="100", amount="2"))
    market.venue.place("bob", request_for("sell", price="100", amount="1"))
    order = market.venue.place(
        "alice", request_for("buy", price="100", amount="2", time_in_force=TimeInForce.FOK)
    )
    assert (order.status, order.filled) == (Status.EXPIRED, 0)
    assert not market.venue.fills("bob")
