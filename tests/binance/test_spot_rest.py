"""Spot by REST: what goes out, and what is made of what comes back."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from real_trade.binance.opening import open_exchange
from real_trade.exchange import AuthError, ConfigurationError, Environment, UnknownSymbol
from real_trade.exchange.errors import InvalidOrder
from real_trade.model import (
    Evidence,
    Market,
    OrderIntent,
    OrderState,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    to_ms,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
FILLED = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "orderListId": -1,
    "clientOrderId": "rt-1",
    "transactTime": 1507725176595,
    "price": "0.00000000",
    "origQty": "0.30000000",
    "executedQty": "0.30000000",
    "origQuoteOrderQty": "0.000000",
    "cummulativeQuoteQty": "30.00300000",
    "status": "FILLED",
    "timeInForce": "GTC",
    "type": "MARKET",
    "side": "BUY",
    "fills": [
        {"price": "100.01", "qty": "0.1", "commission": "0.0001", "commissionAsset": "BTC"}
        | {"tradeId": 56 + n}
        for n in range(3)
    ],
}
RESTING = {
    "symbol": "BTCUSDT",
    "orderId": 29,
    "orderListId": -1,
    "clientOrderId": "rt-1",
    "price": "90.00000000",
    "origQty": "1.00000000",
    "executedQty": "0.00000000",
    "cummulativeQuoteQty": "0.00000000",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "stopPrice": "0.00000000",
    "time": 1499827319559,
    "updateTime": 1499827319560,
    "isWorking": True,
}


def intent(**changes):
    given = {
        "client_order_id": "rt-1",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "amount": Decimal("0.3"),
        "created_at": NOW,
    }
    return OrderIntent(**(given | changes))


def order_parameters(exchange, script, wanted, reply=None):
    filled = {"origQty": str(wanted.amount), "side": wanted.side.name, "fills": []}
    script.on("POST /api/v3/order", reply or (FILLED | filled))
    exchange.submit(wanted)
    sent = dict(script.sent("POST /api/v3/order")[-1].query)
    for name in ("timestamp", "recvWindow", "signature"):
        del sent[name]
    return sent


def test_connecting_costs_one_call_for_the_time_and_one_for_the_market(exchange, script):
    assert [one.call for one in script.asked] == ["GET /api/v3/time", "GET /api/v3/exchangeInfo"]
    exchange.connect()
    assert len(script.asked) == 2


def test_every_host_is_replaced_by_the_endpoint(exchange, script):
    assert {one.host for one in script.asked} == {"127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        (Environment.LIVE, "api.binance.com"),
        (Environment.DEMO, "demo-api.binance.com"),
        (Environment.TESTNET, "testnet.binance.vision"),
    ],
)
def test_each_environment_has_its_host(make_settings, script, environment, host):
    exchange = open_exchange(make_settings(environment=environment))
    exchange.connect()
    assert {one.host for one in script.asked} == {host}


def test_filters_become_the_instruments_rules(exchange):
    instrument = exchange.instruments()["BTC/USDT"]
    assert (instrument.native, instrument.base, instrument.quote) == ("BTCUSDT", "BTC", "USDT")
    assert instrument.price_step == Decimal("0.01")
    assert instrument.amount_step == Decimal("0.00001")
    assert instrument.max_market_amount == Decimal("120.5")
    assert instrument.min_notional == Decimal(5)
    assert (instrument.price_up, instrument.price_down) == (Decimal(6), Decimal("0.2"))
    assert instrument.taker_fee == Decimal("0.001")
    assert instrument.active
    assert not exchange.instruments()["ETH/USDT"].active
    assert instrument.fault(Decimal(121), Decimal(100), market_order=True) != ""


@pytest.mark.parametrize("spelling", ["BTC/USDT", "BTCUSDT"])
def test_symbols_are_known_by_both_names(exchange, spelling):
    assert exchange.resolve(spelling).symbol == "BTC/USDT"


def test_an_unknown_symbol_is_refused_with_a_suggestion_and_nothing_is_sent(exchange, script):
    before = len(script.asked)
    with pytest.raises(UnknownSymbol, match="BTC-USDT") as caught:
        exchange.bars("BTC-USDT", Timeframe.M1, None, 10)
    assert "BTC/USDT" in caught.value.remedy
    assert len(script.asked) == before


def test_an_order_is_signed_with_the_servers_clock_though_ours_is_ten_minutes_off(
    make_settings, runtime, script
):
    runtime.clock.skew = timedelta(minutes=10)
    exchange = open_exchange(make_settings(endpoint="http://127.0.0.1:9"))
    script.on("POST /api/v3/order", FILLED)
    runtime.clock.sleep(100)
    exchange.submit(intent())
    sent = script.sent("POST /api/v3/order")[0]
    assert int(sent.query["timestamp"]) == to_ms(runtime.clock.true_now())
    assert sent.query["recvWindow"] == "5000"
    unsigned, _, signature = sent.signed_text.rpartition("&signature=")
    wanted = hmac.new(SECRET.encode(), unsigned.encode(), hashlib.sha256).hexdigest()
    assert signature == wanted


def test_a_clock_that_jumps_is_measured_again_before_the_next_order(exchange, runtime, script):
    script.on("POST /api/v3/order", FILLED)
    runtime.clock.skew = timedelta(hours=-2)
    exchange.submit(intent())
    assert [one.call for one in script.asked[-2:]] == ["GET /api/v3/time", "POST /api/v3/order"]


def test_a_market_order_has_our_id_and_no_price(exchange, script):
    assert order_parameters(exchange, script, intent(price=Decimal(100))) == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "newClientOrderId": "rt-1",
        "newOrderRespType": "FULL",
        "quantity": "0.3",
    }


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (
            {"type": OrderType.LIMIT, "price": Decimal("100.10")},
            {"type": "LIMIT", "price": "100.1", "timeInForce": "GTC"},
        ),
        (
            {"type": OrderType.LIMIT, "price": Decimal(90), "time_in_force": TimeInForce.FOK},
            {"type": "LIMIT", "price": "90", "timeInForce": "FOK"},
        ),
        (
            {"type": OrderType.LIMIT, "price": Decimal(90), "post_only": True},
            {"type": "LIMIT_MAKER", "price": "90"},
        ),
        (
            {"type": OrderType.STOP, "stop_price": Decimal(80), "side": Side.SELL},
            {"type": "STOP_LOSS", "stopPrice": "80", "side": "SELL"},
        ),
        (
            {"type": OrderType.STOP_LIMIT, "stop_price": Decimal(80), "price": Decimal(79)},
            {"type": "STOP_LOSS_LIMIT", "stopPrice": "80", "price": "79", "timeInForce": "GTC"},
        ),
        (
            {"type": OrderType.TAKE_PROFIT, "stop_price": Decimal(120)},
            {"type": "TAKE_PROFIT", "stopPrice": "120"},
        ),
        (
            {"type": OrderType.TAKE_PROFIT_LIMIT, "stop_price": Decimal(1), "price": Decimal(2)},
            {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "1", "price": "2", "timeInForce": "GTC"},
        ),
        (
            {"type": OrderType.TRAILING_STOP, "trail_percent": Decimal("0.015")},
            {"type": "STOP_LOSS", "trailingDelta": "150"},
        ),
    ],
)
def test_each_type_of_order_is_binances_own(exchange, script, changes, wanted):
    sent = order_parameters(exchange, script, intent(**changes))
    assert sent == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "newClientOrderId": "rt-1",
        "newOrderRespType": "FULL",
        "quantity": "0.3",
        **wanted,
    }


def test_an_amount_in_quote_units_is_sent_as_such(exchange, script):
    wanted = intent(amount=None, quote_amount=Decimal("50.5"))
    sent = order_parameters(exchange, script, wanted, FILLED)
    assert sent["quoteOrderQty"] == "50.5"
    assert "quantity" not in sent


def test_tiny_amounts_are_written_without_an_exponent(exchange, script):
    assert order_parameters(exchange, script, intent(amount=Decimal("1e-7")))["quantity"] == (
        "0.0000001"
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": OrderType.TRAILING_STOP_LIMIT}, "trailing_stop_limit"),
        ({"type": OrderType.TRAILING_STOP, "trail_amount": Decimal(5)}, "percent only"),
        ({"type": OrderType.TRAILING_STOP, "trail_percent": Decimal("0.00015")}, "basis points"),
        ({"time_in_force": TimeInForce.FOK}, "time in force"),
        ({"time_in_force": TimeInForce.GTD}, "GTD"),
        ({"reduce_only": True}, "reduce-only"),
        ({"post_only": True}, "post-only"),
        ({"amount": None}, "one amount"),
        ({"type": OrderType.STOP}, "stop price"),
        ({"type": OrderType.LIMIT}, "price"),
    ],
)
def test_what_spot_cannot_do_is_refused_by_name_and_not_sent(exchange, script, changes, why):
    with pytest.raises(InvalidOrder, match=why):
        exchange.submit(intent(**changes))
    assert script.sent("POST /api/v3/order") == []


def test_a_filled_order_comes_with_its_fills(exchange, script):
    script.on("POST /api/v3/order", FILLED)
    report = exchange.submit(intent())
    assert report.state is OrderState.FILLED
    assert report.evidence is Evidence.REPLY
    assert (report.filled, report.quote_filled) == (Decimal("0.3"), Decimal("30.003"))
    assert report.average_price == Decimal("100.01")
    assert [fill.trade_id for fill in report.fills] == ["56", "57", "58"]
    assert sum(fill.amount for fill in report.fills) == report.filled
    assert {(fill.fee, fill.fee_asset, fill.client_order_id) for fill in report.fills} == {
        (Decimal("0.0001"), "BTC", "rt-1")
    }


def test_an_order_is_looked_up_by_our_id(exchange, script):
    script.on("GET /api/v3/order", RESTING)
    report = exchange.order("BTC/USDT", "rt-1")
    assert script.sent("GET /api/v3/order")[0].query["origClientOrderId"] == "rt-1"
    assert report.state is OrderState.ACCEPTED
    assert report.evidence is Evidence.LOOKUP
    assert (report.price, report.stop_price, report.type) == (Decimal(90), None, OrderType.LIMIT)


def test_a_canceled_order_keeps_the_orders_id_not_the_cancels(exchange, script):
    gone = RESTING | {
        "origClientOrderId": "rt-1",
        "clientOrderId": "cancelMyOrder1",
        "transactTime": 1684804350068,
        "status": "CANCELED",
        "executedQty": "0.4",
    }
    script.on("DELETE /api/v3/order", gone)
    report = exchange.cancel("BTC/USDT", "rt-1")
    assert (report.client_order_id, report.state) == ("rt-1", OrderState.CANCELED)
    assert report.filled == Decimal("0.4")


def test_open_orders_of_all_symbols(exchange, script):
    script.on("GET /api/v3/openOrders", [RESTING, RESTING | {"clientOrderId": "other"}])
    assert [one.client_order_id for one in exchange.open_orders()] == ["rt-1", "other"]
    assert "symbol" not in script.sent("GET /api/v3/openOrders")[0].query


def test_balances_leave_out_what_is_zero(exchange, script):
    rows = [
        {"asset": "BTC", "free": "4723846.89208129", "locked": "0.00000001"},
        {"asset": "LTC", "free": "0.00000000", "locked": "0.00000000"},
    ]
    script.on("GET /api/v3/account", {"balances": rows})
    balances = exchange.balances()
    assert set(balances) == {"BTC"}
    assert balances["BTC"].total == Decimal("4723846.89208130")


def kline(open_time):
    ms = to_ms(open_time)
    return [ms, "1.1", "2.2", "0.5", "1.7", "10.25", ms + 59999, "0", 1, "0", "0", "0"]


def answer_klines(script, first, last):
    def answer(asked):
        import orjson

        from real_trade.exchange.transport import HttpReply

        size = int(asked.query["limit"])
        start = int(asked.query.get("startTime", 0))
        end = int(asked.query.get("endTime", 1 << 60))
        times = []
        at = first
        while at <= last:
            if start <= to_ms(at) <= end:
                times.append(at)
            at += timedelta(minutes=1)
        chosen = times[:size] if "startTime" in asked.query else times[-size:]
        return HttpReply(status=200, body=orjson.dumps([kline(at) for at in chosen]))

    script.on("GET /api/v3/klines", answer)


def test_bars_since_a_time_come_in_pages_without_gap_or_double(exchange, script):
    first = NOW - timedelta(minutes=2500)
    answer_klines(script, first, NOW)
    bars = exchange.bars("BTC/USDT", Timeframe.M1, first, 2300)
    assert len(bars) == 2300
    assert bars[0].open_time == first
    assert all(b.open_time - a.open_time == timedelta(minutes=1) for a, b in pairwise(bars))
    assert len(script.sent("GET /api/v3/klines")) == 3


def test_the_newest_bars_come_in_pages_and_the_forming_one_says_so(exchange, script):
    answer_klines(script, NOW - timedelta(minutes=3000), NOW)
    bars = exchange.bars("BTC/USDT", Timeframe.M1, None, 1500)
    assert len(bars) == 1500
    assert bars[-1].open_time == NOW
    assert [bar.closed for bar in bars[-2:]] == [True, False]
    assert (bars[0].high, bars[0].volume) == (Decimal("2.2"), Decimal("10.25"))
    opened = [bar.open_time for bar in bars]
    assert opened == sorted(set(opened))


def test_bars_end_where_history_ends(exchange, script):
    answer_klines(script, NOW - timedelta(minutes=5), NOW)
    assert len(exchange.bars("BTC/USDT", Timeframe.M1, None, 5000)) == 6
    assert len(exchange.bars("BTC/USDT", Timeframe.M1, NOW - timedelta(days=9), 5000)) == 6


def trade(number, at):
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 100234,
        "price": "4.00000100",
        "qty": "12.00000000",
        "commission": "10.10000000",
        "commissionAsset": "BNB",
        "time": to_ms(at),
        "isBuyer": True,
        "isMaker": number % 2 == 0,
    }


def test_fills_are_found_days_back_and_paged_by_id(exchange, script):
    trades = [trade(n, NOW - timedelta(days=3) + timedelta(minutes=n)) for n in range(2500)]

    def answer(asked):
        import orjson

        from real_trade.exchange.transport import HttpReply

        query = asked.query
        if "fromId" in query:
            found = [one for one in trades if one["id"] >= int(query["fromId"])]
            assert "startTime" not in query
        else:
            start, end = int(query["startTime"]), int(query["endTime"])
            assert end - start <= 24 * 3600 * 1000
            found = [one for one in trades if start <= one["time"] <= end]
        return HttpReply(status=200, body=orjson.dumps(found[: int(query["limit"])]))

    script.on("GET /api/v3/myTrades", answer)
    fills = exchange.fills("BTC/USDT", NOW - timedelta(days=5))
    assert [fill.trade_id for fill in fills] == [str(n) for n in range(2500)]
    assert (fills[0].fee, fills[0].fee_asset) == (Decimal("10.1"), "BNB")
    assert (fills[0].is_maker, fills[1].is_maker) == (True, False)
    assert exchange.fills("BTC/USDT", NOW - timedelta(hours=1)) == []


def test_the_ticker_shows_the_last_price_where_the_book_is_empty(exchange, script):
    row = {"lastPrice": "4.00000200", "bidPrice": "4.00000000", "askPrice": "0.00000000"}
    script.on("GET /api/v3/ticker/24hr", row | {"closeTime": 1499869899040})
    ticker = exchange.ticker("BTC/USDT")
    assert (ticker.last, ticker.bid, ticker.ask) == (
        Decimal("4.000002"),
        Decimal(4),
        Decimal("4.000002"),
    )


def test_without_a_key_an_account_is_refused_with_a_remedy_and_data_are_not(make_settings, script):
    exchange = open_exchange(make_settings(apikey="", secret="", endpoint="http://127.0.0.1:9"))
    with pytest.raises(AuthError, match="needs a key") as caught:
        exchange.balances()
    assert "RT_APIKEY" in caught.value.remedy
    answer_klines(script, NOW, NOW)
    assert len(exchange.bars("BTC/USDT", Timeframe.M1, None, 1)) == 1
    assert all("X-MBX-APIKEY" not in one.request.headers for one in script.asked)


def test_what_a_key_may_do(exchange, script):
    rights = {"ipRestrict": False, "enableReading": True, "enableSpotAndMarginTrading": True}
    script.on("GET /sapi/v1/account/apiRestrictions", rights | {"enableWithdrawals": True})
    permissions = exchange.key_permissions()
    assert permissions.faults(Market.SPOT) == [
        "the key can withdraw: whoever has it can take everything"
    ]
    assert permissions.warnings()
    assert "cannot trade" in permissions.faults(Market.FUTURE)[1]


def test_keys_are_not_sent_in_the_clear_to_another_machine(make_settings):
    with pytest.raises(ConfigurationError, match="neither on this machine nor encrypted"):
        open_exchange(make_settings(endpoint="http://exchange.example:80"))


def test_no_text_of_the_exchange_shows_key_or_secret(exchange):
    shown = f"{exchange!r} {exchange.settings!r} {exchange.link!r} {exchange.client!r}"
    assert SECRET not in shown
    assert "vmPUZE" not in shown
    assert "signature" not in repr(vars(exchange.client).get("last_request_url"))


@pytest.mark.parametrize("market", [Market.FUTURE, Market.DELIVERY])
def test_a_market_that_is_not_there_yet_says_so(make_settings, market):
    with pytest.raises(ConfigurationError, match="not yet in this version"):
        open_exchange(make_settings(market=market))
