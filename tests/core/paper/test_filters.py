from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from real_trade.model import TimeInForce
from real_trade.paper import RejectReason, SymbolRules, TradingStatus, VenueReject, VenueRules

D = Decimal
SYMBOL = "BTC/USDT"
R = RejectReason


@pytest.fixture
def strict(market_with, instrument_for):
    instrument = instrument_for(
        min_price="1", max_price="1000", max_amount="50", market_amount_step="0.1",
        max_market_amount="20", max_notional="4000", price_up="5", price_down="0.2",
    )  # fmt: skip
    rules = SymbolRules(iceberg_parts=3, max_position=D(15), max_orders=4, max_algo_orders=1,
                        max_iceberg_orders=1)  # fmt: skip
    market = market_with(instruments=[instrument], rules={SYMBOL: rules})
    market.quote([("99", "50")], [("101", "50")])
    market.trade("100")
    return market


@pytest.mark.parametrize(
    ("reason", "side", "kind", "fields"),
    [
        (R.PRICE_FILTER, "buy", "limit", {"price": "100.001", "amount": "1"}),
        (R.PRICE_FILTER, "buy", "limit", {"price": "0.5", "amount": "1"}),
        (R.PRICE_FILTER, "sell", "limit", {"price": "1001", "amount": "1"}),
        (R.PRICE_FILTER, "sell", "stop", {"stop_price": "90.005", "amount": "1"}),
        (R.LOT_SIZE, "buy", "limit", {"price": "100", "amount": "1.0005"}),
        (R.LOT_SIZE, "sell", "limit", {"price": "100", "amount": "50.001"}),
        (R.LOT_SIZE, "sell", "limit", {"price": "100", "amount": "0.0001"}),
        (R.MARKET_LOT_SIZE, "sell", "market", {"amount": "1.05"}),
        (R.MARKET_LOT_SIZE, "sell", "market", {"amount": "20.1"}),
        (R.NOTIONAL, "buy", "limit", {"price": "100", "amount": "0.049"}),
        (R.NOTIONAL, "buy", "limit", {"price": "100", "amount": "40.001"}),
        (R.NOTIONAL, "sell", "market", {"amount": "50"}),
        (R.NOTIONAL, "buy", "market", {"quote_amount": "4.99"}),
        (R.PERCENT_PRICE_BY_SIDE, "sell", "limit", {"price": "500.01", "amount": "1"}),
        (R.PERCENT_PRICE_BY_SIDE, "buy", "limit", {"price": "19.99", "amount": "1"}),
        (R.ICEBERG_PARTS, "buy", "limit",
         {"price": "90", "amount": "3.001", "iceberg_amount": "1"}),
        (R.ICEBERG_AMOUNT, "buy", "limit", {"price": "90", "amount": "3", "iceberg_amount": "4"}),
        (R.TRAILING_DELTA, "sell", "stop", {"amount": "1", "trailing_delta": 2001}),
        (R.TRAILING_DELTA, "buy", "stop", {"amount": "1", "trailing_delta": 9}),
        (R.MAX_POSITION, "buy", "limit", {"price": "90", "amount": "5.001"}),
        (R.INSUFFICIENT_BALANCE, "sell", "limit", {"price": "100", "amount": "10.001"}),
        (R.MISSING, "buy", "limit", {"amount": "1"}),
        (R.MISSING, "buy", "stop", {"amount": "1"}),
        (R.MISSING, "buy", "market", {}),
        (R.MISSING, "buy", "market", {"amount": "1", "quote_amount": "100"}),
        (R.MISSING, "buy", "limit",
         {"price": "90", "amount": "1", "time_in_force": TimeInForce.GTD}),
        (R.NOT_ALLOWED, "buy", "market", {"amount": "1", "price": "100"}),
        (R.NOT_ALLOWED, "buy", "limit", {"price": "90", "amount": "1", "stop_price": "95"}),
        (R.NOT_ALLOWED, "buy", "limit",
         {"price": "90", "amount": "1", "post_only": True, "time_in_force": TimeInForce.IOC}),
        (R.NOT_POSITIVE, "buy", "limit", {"price": "0", "amount": "1"}),
        (R.NOT_POSITIVE, "buy", "limit", {"price": "90", "amount": "-1"}),
    ],
)  # fmt: skip
def test_order_against_a_rule_is_refused_by_its_name(
    strict, request_for, reason, side, kind, fields
):
    if reason is R.MARKET_LOT_SIZE:
        strict.venue.deposit("alice", "BTC", D(100))
    if reason is R.NOTIONAL and kind == "market" and "amount" in fields:
        unlimited = attrs.evolve(strict.venue.instruments[SYMBOL], max_market_amount=0)
        strict.venue.set_instrument(unlimited)
    request = request_for(side, kind, **fields)
    for attempt in (strict.venue.test, strict.venue.place):
        with pytest.raises(VenueReject) as refused:
            attempt("alice", request)
        assert refused.value.reason is reason
        assert str(refused.value).startswith(reason.value)
    assert not strict.venue.orders("alice")
    assert strict.locked("alice", "USDT") == strict.locked("alice", "BTC") == 0


@pytest.mark.parametrize(
    ("reason", "request_fields", "count"),
    [
        (R.MAX_NUM_ORDERS, ("limit", {"price": "90", "amount": "0.1"}), 4),
        (R.MAX_NUM_ALGO_ORDERS, ("stop", {"stop_price": "110", "amount": "0.1"}), 1),
        (R.MAX_NUM_ICEBERG_ORDERS,
         ("limit", {"price": "90", "amount": "0.3", "iceberg_amount": "0.1"}), 1),
    ],
)  # fmt: skip
def test_number_of_open_orders_is_limited(strict, request_for, reason, request_fields, count):
    kind, fields = request_fields
    orders = [strict.venue.place("alice", request_for("buy", kind, **fields)) for _ in range(count)]
    with pytest.raises(VenueReject) as refused:
        strict.venue.place("alice", request_for("buy", kind, **fields))
    assert refused.value.reason is reason
    strict.venue.cancel("alice", SYMBOL, order_id=orders[0].order_id)
    strict.venue.place("alice", request_for("buy", kind, **fields))


def test_number_of_orders_over_all_symbols_is_limited(market_with, request_for, instrument_for):
    market = market_with(
        instruments=[instrument_for(), instrument_for("ETH/USDT")],
        venue_rules=VenueRules(max_orders=2),
    )
    market.venue.place("alice", request_for("buy", price="90", amount="1"))
    market.venue.place("alice", request_for("buy", price="90", amount="1", symbol="ETH/USDT"))
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("buy", price="90", amount="1"))
    assert refused.value.reason is R.EXCHANGE_MAX_NUM_ORDERS


def test_client_order_ids_are_unique_only_among_open_orders(market, request_for):
    request = request_for("buy", price="90", amount="1", client_order_id="mine")
    first = market.venue.place("alice", request)
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request)
    assert refused.value.reason is R.DUPLICATE_CLIENT_ORDER_ID
    market.venue.place("bob", request)
    market.venue.cancel("alice", SYMBOL, client_order_id="mine")
    second = market.venue.place("alice", request)
    assert second.order_id != first.order_id
    newest = market.venue.order("alice", SYMBOL, client_order_id="mine")
    assert newest.order_id == second.order_id


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (TradingStatus.HALT, R.MARKET_CLOSED),
        (TradingStatus.BREAK, R.MARKET_CLOSED),
        (TradingStatus.CANCEL_ONLY, R.CANCEL_ONLY),
    ],
)
def test_closed_symbol_takes_cancels_and_nothing_else(market, request_for, status, reason):
    order = market.venue.place("alice", request_for("buy", price="90", amount="1"))
    market.venue.set_trading(SYMBOL, status)
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("buy", price="90", amount="1"))
    assert refused.value.reason is reason
    market.venue.cancel("alice", SYMBOL, order_id=order.order_id)


@pytest.mark.parametrize(
    "status", [one for one in TradingStatus if one is not TradingStatus.TRADING]
)
def test_nothing_fills_while_a_symbol_is_closed(market, request_for, status):
    market.venue.place("alice", request_for("buy", price="90", amount="1"))
    market.venue.set_trading(SYMBOL, status)
    market.trade("80", "10")
    assert not market.venue.fills("alice")
    market.venue.set_trading(SYMBOL, TradingStatus.TRADING)
    market.trade("80", "10")
    assert len(market.venue.fills("alice")) == 1


def test_what_is_not_there_is_told_by_name(market, request_for):
    for reason, attempt in (
        (R.UNKNOWN_SYMBOL, lambda: market.venue.depth("NO/PE", 5)),
        (R.UNKNOWN_ACCOUNT, lambda: market.venue.balances("nobody")),
        (R.UNKNOWN_ORDER, lambda: market.venue.order("alice", SYMBOL, order_id=99)),
        (R.UNKNOWN_ORDER, lambda: market.venue.cancel("alice", SYMBOL, client_order_id="x")),
        (R.UNKNOWN_ORDER, lambda: market.venue.cancel_all("alice", SYMBOL)),
        (R.UNKNOWN_LIST, lambda: market.venue.order_list("alice", list_id=1)),
    ):
        with pytest.raises(VenueReject) as refused:
            attempt()
        assert refused.value.reason is reason


def test_account_that_may_not_trade_is_refused(market, request_for):
    market.venue.set_can_trade("alice", False)
    with pytest.raises(VenueReject) as refused:
        market.venue.place("alice", request_for("buy", price="90", amount="1"))
    assert refused.value.reason is R.CANNOT_TRADE
