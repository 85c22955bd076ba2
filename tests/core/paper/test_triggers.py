from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import TimeInForce
from real_trade.paper import Execution, OrderUpdated, RejectReason, Status, SymbolRules, VenueReject

D = Decimal
SYMBOL = "BTC/USDT"


def state(market, order, account="alice"):
    return market.venue.order(account, SYMBOL, order_id=order.order_id)


def deep_quote(market, price):
    price = D(price)
    market.quote([(str(price - 1), "100")], [(str(price + 1), "100")])


@pytest.mark.parametrize(
    ("side", "kind", "stop", "quiet", "hit"),
    [
        ("sell", "stop", "95", "95.01", "95"),
        ("buy", "stop", "105", "104.99", "105"),
        ("sell", "take_profit", "105", "104.99", "105"),
        ("buy", "take_profit", "95", "95.01", "95"),
    ],
)
def test_condition_is_met_by_a_trade_at_the_stop_price(
    market, request_for, side, kind, stop, quiet, hit
):
    deep_quote(market, 100)
    market.trade("100")
    order = market.venue.place("alice", request_for(side, kind, amount="1", stop_price=stop))
    assert (order.status, order.is_working) == (Status.NEW, False)
    market.trade(quiet, "0.001")
    assert state(market, order).status is Status.NEW
    market.trade(hit, "0.001")
    now = state(market, order)
    assert (now.status, now.triggered, now.is_working) == (Status.FILLED, True, True)
    assert now.average_price == (101 if side == "buy" else 99)
    news = [e for e in market.events if isinstance(e, OrderUpdated)]
    assert [e.execution for e in news] == [Execution.NEW, Execution.NEW, Execution.TRADE]
    market.venue.check()


def test_stop_limit_rests_at_its_limit_after_the_trigger(market, request_for):
    deep_quote(market, 100)
    market.trade("100")
    order = market.venue.place(
        "alice", request_for("sell", "stop_limit", amount="1", stop_price="95", price="99.5")
    )
    assert market.locked("alice", "BTC") == 1
    market.trade("94", "0.001")
    now = state(market, order)
    assert (now.status, now.triggered) == (Status.NEW, True)
    assert market.venue.depth(SYMBOL, 5)[1][0] == (D("99.5"), D(1))
    market.trade("99.6", "0.001", seller_takes=False)
    assert state(market, order).status is Status.FILLED


@pytest.mark.parametrize(
    ("side", "kind", "stop"),
    [("sell", "stop", "100"), ("buy", "stop", "99"), ("buy", "take_profit", "101")],
)
def test_stop_that_would_trigger_at_once_is_refused(market, request_for, side, kind, stop):
    market.trade("100")
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for(side, kind, amount="1", stop_price=stop))
    assert refused.value.reason is RejectReason.WOULD_TRIGGER_IMMEDIATELY


def test_trigger_of_one_stop_can_set_off_the_next(market, request_for):
    market.quote([("99", "1"), ("97", "1"), ("94", "1")], [])
    market.trade("100")
    first = market.venue.place("alice", request_for("sell", "stop", amount="2", stop_price="98.5"))
    second = market.venue.place("bob", request_for("sell", "stop", amount="1", stop_price="97"))
    market.trade("98.5", "0.001", seller_takes=False)
    assert state(market, first).average_price == 98
    assert state(market, second, "bob").average_price == 94


def run(market, *prices):
    for price in prices:
        market.trade(price, "0.001")


# The scenarios and figures are those of Binance's "Spot Trailing Stop order FAQ".


@pytest.mark.parametrize(
    ("side", "kind", "fields", "prices", "at"),
    [
        (
            "buy", "stop_limit",
            {"stop_price": "44000", "trailing_delta": 500, "price": "45000"},
            ["37000", "44000", "45000", "46000", "42000", "44099"], "44100",
        ),
        (
            "sell", "stop_limit",
            {"stop_price": "39000", "trailing_delta": 1000, "price": "38000"},
            ["41500", "39000", "37000", "41000", "36900.01"], "36900",
        ),
        (
            "buy", "take_profit_limit",
            {"stop_price": "38000", "trailing_delta": 850, "price": "38500"},
            ["42000", "38000", "37000", "39000", "38000", "40144.99"], "40145",
        ),
        (
            "sell", "take_profit_limit",
            {"stop_price": "42000", "trailing_delta": 750, "price": "41000"},
            ["41500", "39000", "42000", "45000", "44000", "46500", "43012.51"], "43012.5",
        ),
        (
            "sell", "stop_limit",
            {"trailing_delta": 700, "price": "39000"},
            ["42000", "39500", "45500", "42315.01"], "42315",
        ),
    ],
)  # fmt: skip
def test_trailing_orders_do_as_in_binances_scenarios(
    market_with, request_for, side, kind, fields, prices, at
):
    market = market_with(rules={SYMBOL: SymbolRules(trailing_min_below=1)})
    market.venue.deposit("alice", "USDT", D(10**6))
    market.trade("40000")
    order = market.venue.place("alice", request_for(side, kind, amount="0.1", **fields))
    run(market, *prices)
    assert not state(market, order).triggered
    run(market, at)
    assert state(market, order).triggered


def test_trailing_stop_by_amount_follows_the_price_and_never_goes_back(market, request_for):
    deep_quote(market, 100)
    market.trade("100")
    request = request_for("sell", "trailing_stop", amount="1", trail_amount="2")
    order = market.venue.place("alice", request)
    assert state(market, order).stop_price == 98
    run(market, "105", "103.5")
    assert state(market, order).stop_price == 103
    run(market, "103")
    assert state(market, order).status is Status.FILLED


def test_stop_whose_market_order_finds_no_book_expires(market, request_for):
    market.trade("100")
    order = market.venue.place("alice", request_for("sell", "stop", amount="1", stop_price="95"))
    market.trade("95")
    now = state(market, order)
    assert (now.status, now.filled) == (Status.EXPIRED, 0)
    assert market.locked("alice", "BTC") == 0


def test_stop_buy_that_became_too_dear_expires_for_want_of_funds(market, request_for):
    market.trade("100")
    order = market.venue.place("alice", request_for("buy", "stop", amount="99", stop_price="101"))
    market.quote([], [("150", "100")])
    market.trade("101")
    now = state(market, order)
    assert (now.status, now.insufficient_funds) == (Status.EXPIRED, True)
    assert market.free("alice", "USDT") == 10_000


def test_good_till_date_expires_at_its_time(market, request_for):
    until = market.after(10)
    order = market.venue.place(
        "alice",
        request_for("buy", price="90", amount="1", time_in_force=TimeInForce.GTD, expires_at=until),
    )
    assert market.venue.next_expiry() == until
    market.pass_time(9)
    market.trade("100")
    assert state(market, order).status is Status.NEW
    market.pass_time(1)
    market.venue.expire_due()
    assert state(market, order).status is Status.EXPIRED
    assert market.locked("alice", "USDT") == 0
