"""Liquidation, auto-deleveraging, delivery and funding in time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import OrderType, TimeInForce
from real_trade.paper import Book, OrderUpdated, RejectReason, Status, TradingStatus, VenueReject
from real_trade.paper.futures import (
    FundingSettled,
    LiquidationFilled,
    MarginCalled,
    MarginType,
    OrderOrigin,
)

D = Decimal
LINEAR = "BTC/USDT:USDT"
INVERSE = "BTC/USD:BTC"
QUARTERLY = "BTC/USD:BTC-261225"


def test_cross_position_is_liquidated_at_its_price_and_not_before(desk):
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("40424.3")
    assert desk.venue.positions("alice")
    desk.at("40424.2")
    assert desk.venue.positions("alice") == []
    desk.venue.check()


def test_liquidation_order_is_told_as_such(desk):
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("40000")
    (event,) = desk.of(LiquidationFilled)
    order = event.order
    assert order.client_order_id.startswith("autoclose-")
    assert order.request.origin is OrderOrigin.LIQUIDATION
    assert (order.request.type, order.request.time_in_force) == (
        OrderType.LIMIT,
        TimeInForce.IOC,
    )
    assert order.status is Status.FILLED
    assert order.price == 40020  # 50000 - 9980 / 1


def test_loss_beyond_the_wallet_is_for_the_insurance_fund(desk):
    """A gap to 30000: the fund takes over at 40020, so the wallet ends at zero."""
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("30000")
    assert desk.venue.margin("alice", "USDT").wallet == 0
    assert desk.venue.ledger("alice").total(Book.INSURANCE, "USDT") == 0
    desk.venue.check()


def test_liquidation_in_the_book_leaves_what_the_clearing_fee_does_not_take(desk):
    """At 40400 the book takes all: 9980 - 9600 = 380 is left, the fee (1.25 %, 505) takes it."""
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("40400")
    assert desk.venue.margin("alice", "USDT").wallet == 0
    assert desk.venue.ledger("alice").total(Book.INSURANCE, "USDT") == 380


def test_liquidation_cancels_open_orders_first(desk):
    desk.at("50000")
    desk.order("buy", "1")
    order = desk.order("buy", "0.1", "limit", price="30000")
    desk.at("40000")
    assert desk.venue.order("alice", LINEAR, order_id=order.order_id).status is Status.CANCELED


def test_isolated_liquidation_leaves_the_cross_wallet(desk):
    desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("45454.5")
    assert desk.venue.positions("alice") == []
    assert desk.venue.margin("alice", "USDT").wallet == 4980
    desk.venue.check()


def test_inverse_short_is_liquidated_when_the_price_rises(desk):
    desk.venue.set_margin_type("alice", INVERSE, MarginType.ISOLATED)
    desk.at("50000", INVERSE)
    desk.order("sell", "100", symbol=INVERSE)
    desk.at("54999.9", INVERSE)
    assert desk.venue.positions("alice")
    desk.at("55000.1", INVERSE)
    assert desk.venue.positions("alice") == []
    assert desk.venue.margin("alice", "BTC").wallet == D("0.97992")  # 1 - 0.02 - 0.00008
    desk.venue.check()


def test_premium_of_the_mark_price_liquidates_without_a_trade(desk):
    desk.at("50000")
    desk.order("buy", "1")
    desk.venue.set_premium(LINEAR, D("-0.2"))
    assert desk.venue.mark_price(LINEAR).mark == 40000
    assert desk.venue.positions("alice") == []


def test_margin_call_comes_once_before_the_liquidation(desk):
    desk.at("50000")
    desk.order("buy", "1")
    desk.at("40500")
    desk.at("40490")
    (call,) = desk.of(MarginCalled)
    assert call.positions[0].amount == 1
    assert call.cross_wallet == 9980


def test_auto_deleveraging_takes_a_part_at_mark(desk):
    desk.at("50000")
    desk.order("sell", "1")
    desk.at("49000")
    order = desk.venue.auto_deleverage("alice", LINEAR, amount=D("0.4"))
    assert order.client_order_id == "adl_autoclose"
    assert (order.filled, order.average_price) == (D("0.4"), 49000)
    assert desk.venue.position("alice", LINEAR).realized == 400
    with pytest.raises(VenueReject) as caught:
        desk.venue.auto_deleverage("alice", LINEAR, amount=D(1))
    assert caught.value.reason is RejectReason.NO_POSITION


def test_delivery_closes_positions_and_orders_and_the_market(desk):
    desk.at("50000", QUARTERLY)
    desk.order("buy", "10", symbol=QUARTERLY)
    resting = desk.order("buy", "1", "limit", price="40000", symbol=QUARTERLY)
    (order,) = desk.venue.deliver(QUARTERLY, D(62500))
    assert order.client_order_id.startswith("settlement_autoclose-")
    # 1000 x (1/50000 - 1/62500) = 0.004
    assert desk.venue.fills("alice")[-1].realized_pnl == D("0.004")
    assert desk.venue.positions("alice") == []
    found = desk.venue.order("alice", QUARTERLY, order_id=resting.order_id)
    assert found.status is Status.EXPIRED
    assert desk.venue.trading(QUARTERLY) is TradingStatus.BREAK
    desk.venue.check()


def test_funding_is_paid_when_the_clock_has_passed_its_time(desk):
    desk.at("50000")
    desk.order("buy", "0.1")
    due = desk.venue.mark_price(LINEAR).next_funding
    assert (due.hour % 8, due.minute) == (0, 0)
    desk.clock.sleep((due - desk.clock.now()).total_seconds() - 1)
    desk.at("50000")
    assert desk.venue.funding_payments("alice") == []
    desk.clock.sleep(2)
    desk.at("50000")
    (payment,) = desk.venue.funding_payments("alice", LINEAR)
    assert payment.amount == D("-0.5")
    assert desk.venue.mark_price(LINEAR).next_funding > due
    assert [event.symbol for event in desk.of(FundingSettled)] == [LINEAR, INVERSE]


def test_dated_contract_has_no_funding(desk):
    desk.at("50000", QUARTERLY)
    assert desk.venue.mark_price(QUARTERLY).next_funding is None


def test_position_turned_by_force_is_told_in_order(desk):
    desk.at("50000")
    desk.order("buy", "1")
    desk.events.clear()
    desk.venue.liquidate("alice", LINEAR)
    statuses = [event.order.status for event in desk.of(OrderUpdated)]
    assert statuses == [Status.NEW, Status.FILLED]


def test_forced_liquidation_cancels_the_symbols_orders_and_trades_not_with_them(desk):
    desk.at("50000")
    desk.order("buy", "1")
    order = desk.order("buy", "0.1", "limit", price="49000")
    desk.venue.liquidate("alice", LINEAR)
    assert desk.venue.order("alice", LINEAR, order_id=order.order_id).status is Status.CANCELED
    assert desk.venue.positions("alice") == []


def test_withdrawn_margin_and_funding_liquidate_without_a_move_of_the_price(desk):
    desk.venue.set_leverage("alice", LINEAR, 20)
    desk.at("50000")
    desk.order("buy", "1")
    desk.venue.withdraw("alice", "USDT", D(7400))
    assert desk.venue.positions("alice")
    desk.venue.settle_funding(LINEAR, D("0.05"))
    assert desk.venue.positions("alice") == []
    desk.venue.check()
