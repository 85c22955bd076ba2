from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import TimeInForce
from real_trade.paper import (
    Execution,
    FeeAsset,
    FeeSchedule,
    OrderUpdated,
    RejectReason,
    Status,
    TradePrinted,
    VenueReject,
)

D = Decimal


def executions(market, account="alice"):
    return [
        event.execution
        for event in market.events
        if isinstance(event, OrderUpdated) and event.account == account
    ]


def test_market_order_walks_the_displayed_depth(market, request_for):
    market.quote([("99", "5")], [("100", "1"), ("101", "1")])
    order = market.venue.place("alice", request_for("buy", "market", amount="1.5"))
    assert order.status is Status.FILLED
    assert [(fill.price, fill.amount) for fill in market.venue.fills("alice")] == [
        (D(100), D(1)),
        (D(101), D("0.5")),
    ]
    assert market.free("alice", "USDT") == D(10000) - 100 - D("50.5")
    market.venue.check()


def test_depth_that_was_taken_is_gone_until_the_next_quote(market, request_for):
    market.quote([], [("100", "1")])
    market.venue.place("alice", request_for("buy", "market", amount="1"))
    again = market.venue.place("bob", request_for("buy", "market", amount="1"))
    assert again.status is Status.EXPIRED
    assert again.filled == 0
    market.quote([], [("100", "1")])
    assert market.venue.place("bob", request_for("buy", "market", amount="1")).filled == 1


def test_limit_order_takes_what_it_may_and_rests_with_the_remainder(market, request_for):
    market.quote([("99", "5")], [("100", "1"), ("101", "1")])
    order = market.venue.place("alice", request_for("buy", price="100.5", amount="3"))
    assert (order.status, order.filled, order.remaining) == (Status.PARTIALLY_FILLED, 1, 2)
    assert market.locked("alice", "USDT") == D(201)
    assert executions(market) == [Execution.NEW, Execution.TRADE]
    market.venue.check()


def test_older_order_at_the_same_price_fills_first(market, request_for):
    first = market.venue.place("alice", request_for("sell", price="100", amount="1"))
    second = market.venue.place("bob", request_for("sell", price="100", amount="1"))
    better = market.venue.place("bob", request_for("sell", price="99.5", amount="1"))
    market.venue.open_account("carol", {"USDT": D(1000)})
    market.venue.place("carol", request_for("buy", "market", amount="1.5"))
    states = {
        one.order_id: market.venue.order(name, one.symbol, order_id=one.order_id).filled
        for name, one in (("alice", first), ("bob", second), ("bob", better))
    }
    assert states == {first.order_id: D("0.5"), second.order_id: 0, better.order_id: 1}


def test_maker_pays_the_maker_fee_and_taker_the_takers(market_with, request_for):
    market = market_with(fees=FeeSchedule(maker=D("0.001"), taker=D("0.002")))
    market.venue.place("alice", request_for("sell", price="100", amount="1"))
    market.venue.place("bob", request_for("buy", price="100", amount="1"))
    (maker,) = market.venue.fills("alice")
    (taker,) = market.venue.fills("bob")
    assert (maker.is_maker, maker.fee, maker.fee_asset) == (True, D("0.1"), "USDT")
    assert (taker.is_maker, taker.fee, taker.fee_asset) == (False, D("0.002"), "BTC")
    assert market.free("bob", "BTC") == D("10.998")
    assert maker.trade_id == taker.trade_id


def test_fee_in_quote_comes_on_top_of_the_price(market_with, request_for):
    market = market_with(fees=FeeSchedule(taker=D("0.001"), asset=FeeAsset.QUOTE))
    market.quote([], [("100", "5")])
    market.venue.place("alice", request_for("buy", "market", amount="2"))
    assert market.free("alice", "BTC") == 12
    assert market.free("alice", "USDT") == D(10_000) - 200 - D("0.2")


def test_fee_is_paid_in_the_discount_asset_while_there_is_enough(
    market_with, request_for, instrument_for
):
    fees = FeeSchedule(taker=D("0.001"), discount_asset="BNB", discount=D("0.25"))
    instruments = [instrument_for(), instrument_for("BNB/USDT")]
    market = market_with(fees=fees, instruments=instruments)
    market.venue.deposit("alice", "BNB", D("0.0002"))
    market.trade("500", symbol="BNB/USDT")
    market.quote([("100", "5")], [])
    market.venue.place("alice", request_for("sell", "market", amount="1"))
    market.venue.place("alice", request_for("sell", "market", amount="1"))
    first, second = market.venue.fills("alice")[:2]
    assert (first.fee, first.fee_asset) == (D("0.00015"), "BNB")  # 0.1 USDT less 25 %, at 500
    assert (second.fee, second.fee_asset) == (D("0.1"), "USDT")
    market.venue.check()


def test_discount_asset_pays_for_a_fee_in_base_across_the_quote(
    market_with, request_for, instrument_for
):
    fees = FeeSchedule(taker=D("0.001"), discount_asset="BNB", discount=D("0.25"))
    market = market_with(fees=fees, instruments=[instrument_for(), instrument_for("BNB/USDT")])
    market.venue.deposit("alice", "BNB", D(1))
    market.trade("500", symbol="BNB/USDT")
    market.trade("100")
    market.quote([], [("100", "5")])
    market.venue.place("alice", request_for("buy", "market", amount="1"))
    (fill,) = market.venue.fills("alice")
    assert (fill.fee, fill.fee_asset) == (D("0.00015"), "BNB")  # 0.001 BTC is worth 0.0002 BNB


def test_immediate_or_cancel_expires_with_what_did_not_fill(market, request_for):
    market.quote([], [("100", "1")])
    order = market.venue.place(
        "alice", request_for("buy", price="100", amount="2", time_in_force=TimeInForce.IOC)
    )
    assert (order.status, order.filled) == (Status.EXPIRED, 1)
    assert market.locked("alice", "USDT") == 0
    assert executions(market)[-1] is Execution.EXPIRED


@pytest.mark.parametrize(("amount", "status"), [("2", Status.FILLED), ("2.5", Status.EXPIRED)])
def test_fill_or_kill_fills_whole_or_not_at_all(market, request_for, amount, status):
    market.quote([], [("100", "1"), ("101", "1"), ("102", "9")])
    order = market.venue.place(
        "alice", request_for("buy", price="101", amount=amount, time_in_force=TimeInForce.FOK)
    )
    assert order.status is status
    assert order.filled in {0, D(amount)}


def test_order_by_quote_amount_spends_what_buys_whole_steps(market, request_for):
    market.quote([], [("99.99", "100")])
    order = market.venue.place("alice", request_for("buy", "market", quote_amount="50"))
    assert order.status is Status.FILLED
    assert order.filled == D("0.5")
    assert order.quote_filled == D("49.995")


def test_order_by_quote_amount_sells_until_it_has_received_it(market, request_for):
    market.quote([("100", "0.2"), ("90", "5")], [])
    order = market.venue.place("alice", request_for("sell", "market", quote_amount="38"))
    assert (order.status, order.filled) == (Status.FILLED, D("0.4"))


def test_market_buy_beyond_the_balance_is_refused(market, request_for):
    market.quote([], [("9000", "5")])
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("buy", "market", amount="2"))
    assert refused.value.reason is RejectReason.INSUFFICIENT_BALANCE
    assert not market.venue.orders("alice")


def test_sell_beyond_the_balance_is_refused(market, request_for):
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("sell", price="100", amount="11"))
    assert refused.value.reason is RejectReason.INSUFFICIENT_BALANCE


def test_post_only_that_would_take_is_refused_and_otherwise_rests(market, request_for):
    market.quote([("99", "1")], [("100", "1")])
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("buy", price="100", amount="1", post_only=True))
    assert refused.value.reason is RejectReason.WOULD_IMMEDIATELY_MATCH
    order = market.venue.place(
        "alice", request_for("buy", price="99.99", amount="1", post_only=True)
    )
    assert order.status is Status.NEW


def test_trade_beyond_the_price_fills_a_resting_order_whole_at_its_own_price(market, request_for):
    market.quote([("100", "50")], [("101", "1")])
    order = market.venue.place("alice", request_for("buy", price="100", amount="2"))
    market.trade("99.99", "0.1")
    now = market.venue.order("alice", order.symbol, order_id=order.order_id)
    assert (now.status, now.average_price) == (Status.FILLED, 100)
    assert market.venue.fills("alice")[0].is_maker


def test_trades_at_the_price_first_fill_those_who_stood_in_front(market, request_for):
    market.quote([("100", "3")], [("101", "1")])
    order = market.venue.place("alice", request_for("buy", price="100", amount="2"))

    def filled():
        return market.venue.order("alice", order.symbol, order_id=order.order_id).filled

    market.trade("100", "2")
    assert filled() == 0
    market.trade("100", "1", seller_takes=False)  # a buyer took at 100: not our side
    assert filled() == 0
    market.trade("100", "1.5")
    assert filled() == D("0.5")
    market.trade("100", "5")
    assert filled() == 2


def test_queue_moves_on_when_the_market_shows_less(market, request_for):
    market.quote([("100", "3")], [("101", "1")])
    order = market.venue.place("alice", request_for("buy", price="100", amount="1"))
    market.quote([("100", "1")], [("101", "1")])
    market.trade("100", "1.5")
    assert market.venue.order("alice", order.symbol, order_id=order.order_id).filled == D("0.5")


def test_quote_that_crosses_a_resting_order_fills_it_at_its_price(market, request_for):
    market.quote([("100", "3")], [("101", "1")])
    order = market.venue.place("alice", request_for("buy", price="100.5", amount="2"))
    market.quote([("100", "3")], [("100.2", "0.7"), ("100.4", "0.5"), ("100.6", "9")])
    now = market.venue.order("alice", order.symbol, order_id=order.order_id)
    assert (now.filled, now.average_price) == (D("1.2"), D("100.5"))


def test_iceberg_shows_a_part_and_goes_back_in_the_queue(market, request_for):
    market.venue.place("alice", request_for("sell", price="100", amount="3", iceberg_amount="1"))
    market.venue.place("bob", request_for("sell", price="100", amount="1"))
    assert market.venue.depth("BTC/USDT", 5)[1] == [(D(100), D(2))]
    market.venue.open_account("carol", {"USDT": D(1000)})
    market.venue.place("carol", request_for("buy", "market", amount="2"))
    assert [fill.account for fill in market.venue.fills("alice")] == ["alice"]
    assert len(market.venue.fills("bob")) == 1


def test_book_shows_the_market_and_the_accounts_together(market, request_for):
    market.quote([("99", "1")], [("101", "1")])
    market.venue.place("alice", request_for("buy", price="99", amount="2"))
    market.venue.place("bob", request_for("buy", price="99.5", amount="1"))
    bids, asks = market.venue.depth("BTC/USDT", 10)
    assert bids == [(D("99.5"), D(1)), (D(99), D(3))]
    assert asks == [(D(101), D(1))]


def test_public_trades_count_every_execution_once(market, request_for):
    market.quote([("100", "1")], [("101", "1")])
    market.venue.place("alice", request_for("buy", price="100.5", amount="1"))
    market.venue.place("bob", request_for("sell", price="100.5", amount="0.4"))
    market.trade("100.5", "1")
    trades = [event.trade for event in market.events if isinstance(event, TradePrinted)]
    assert [(trade.price, trade.amount) for trade in trades] == [
        (D("100.5"), D("0.4")),
        (D("100.5"), D("0.6")),
        (D("100.5"), D("0.4")),
    ]
    assert [trade.trade_id for trade in trades] == ["1", "2", "3"]
