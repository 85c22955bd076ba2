"""Leverage, margin type, position mode, isolated margin: when they may change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.paper import RejectReason, VenueReject
from real_trade.paper.futures import (
    AccountChanged,
    AccountReason,
    MarginType,
    PositionMode,
    SettingsChanged,
)

D = Decimal
LINEAR = "BTC/USDT:USDT"


def test_leverage_is_told_and_bound_by_the_brackets(desk):
    assert desk.venue.set_leverage("alice", LINEAR, 20).max_notional == 1_000_000
    assert desk.of(SettingsChanged)[-1].settings.leverage == 20
    for leverage in (0, 51):
        with pytest.raises(VenueReject) as caught:
            desk.venue.set_leverage("alice", LINEAR, leverage)
        assert caught.value.reason is RejectReason.LEVERAGE


def test_lower_leverage_needs_the_margin_for_it(desk):
    desk.at("50000")
    desk.order("buy", "1")
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_leverage("alice", LINEAR, 5)
    assert caught.value.reason is RejectReason.LEVERAGE_MARGIN
    assert desk.venue.settings("alice", LINEAR).leverage == 10


def test_leverage_whose_bracket_is_below_the_position_is_refused(desk):
    desk.at("50000")
    desk.order("buy", "1.1")
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_leverage("alice", LINEAR, 50)
    assert caught.value.reason is RejectReason.MAX_POSITION_AT_LEVERAGE


@pytest.mark.parametrize("kind", ["limit", "market"])
def test_margin_type_changes_only_without_orders_and_position(desk, kind):
    desk.at("50000")
    desk.order("buy", "0.1", kind, price="49000" if kind == "limit" else None)
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    reasons = {
        "limit": RejectReason.MARGIN_TYPE_ORDERS,
        "market": RejectReason.MARGIN_TYPE_POSITION,
    }
    assert caught.value.reason is reasons[kind]


def test_same_margin_type_and_mode_are_refused(desk):
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_margin_type("alice", LINEAR, MarginType.CROSS)
    assert caught.value.reason is RejectReason.MARGIN_TYPE_SAME
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_position_mode("alice", PositionMode.ONE_WAY)
    assert caught.value.reason is RejectReason.POSITION_MODE_SAME


def test_position_mode_does_not_change_with_open_algo_orders(desk):
    desk.at("50000")
    desk.algo("sell", "stop", amount="0.1", trigger_price="45000")
    with pytest.raises(VenueReject) as caught:
        desk.venue.set_position_mode("alice", PositionMode.HEDGE)
    assert caught.value.reason is RejectReason.POSITION_MODE_ORDERS


def test_isolated_margin_moves_in_and_out(desk):
    desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    desk.at("50000")
    desk.order("buy", "0.1")
    before = desk.venue.position("alice", LINEAR)
    after = desk.venue.change_margin("alice", LINEAR, D(100))
    assert after.isolated_wallet == before.isolated_wallet + 100
    assert after.liquidation_price < before.liquidation_price
    assert desk.of(AccountChanged)[-1].reason is AccountReason.MARGIN_TRANSFER
    desk.venue.change_margin("alice", LINEAR, D(-100))
    with pytest.raises(VenueReject) as caught:
        desk.venue.change_margin("alice", LINEAR, D(-1))
    assert caught.value.reason is RejectReason.ISOLATED_BALANCE
    with pytest.raises(VenueReject) as caught:
        desk.venue.change_margin("alice", LINEAR, D(100_000))
    assert caught.value.reason is RejectReason.CROSS_BALANCE
    desk.venue.check()


def test_closing_an_isolated_position_gives_its_margin_back(desk):
    desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    desk.at("50000")
    desk.order("buy", "0.3")
    desk.at("51000")
    desk.order("sell", "0.1")
    assert desk.venue.position("alice", LINEAR).isolated_wallet == 1000
    desk.order("sell", "0.2")
    margin = desk.venue.margin("alice", "USDT")
    assert margin.wallet == margin.cross_wallet == D("10287.88")  # + 300 - 6 - 2.04 - 4.08
    desk.venue.check()
