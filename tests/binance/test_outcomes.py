"""What each thing that can go wrong with a call means: may it have happened?"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from real_trade.exchange import (
    AuthError,
    ClockSkew,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownSymbol,
)
from real_trade.exchange.transport import NotSent, ReplyLost
from real_trade.model import OrderIntent, OrderType, Side

POST = "POST /api/v3/order"
GET = "GET /api/v3/order"
DELETE = "DELETE /api/v3/order"
TAKEN = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "rt-1",
    "transactTime": 1507725176595,
    "price": "90",
    "origQty": "1.0",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "fills": [],
}


@pytest.fixture
def order():
    return OrderIntent(
        client_order_id="rt-1",
        symbol="BTC/USDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=Decimal(1),
        price=Decimal(90),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def refusal(code, message):
    return {"code": code, "msg": message}


UNKNOWN_REPLIES = [
    pytest.param(b"<html>busy</html>", 500, id="N08_500"),
    pytest.param(b"<html>bad gateway</html>", 502, id="N08_502"),
    pytest.param(b"", 504, id="N08_504"),
    pytest.param(refusal(-1000, "Unknown error, please check your request"), 503, id="N09_503"),
    pytest.param(refusal(-1001, "Internal error; unable to process"), 503, id="N09_1001"),
    pytest.param(refusal(-1006, "An unexpected response was received"), 400, id="N10_1006"),
    pytest.param(refusal(-1007, "Timeout waiting for response"), 408, id="N10_1007"),
    pytest.param(refusal(-1008, "Request throttled"), 503, id="N11_1008"),
    pytest.param(b"<html>forbidden</html>", 403, id="N14_403"),
    pytest.param(b"", 302, id="N15_302"),
    pytest.param(b"<html>fine</html>", 200, id="N16_html"),
    pytest.param(b"", 200, id="N16_empty"),
    pytest.param(b'{"symbol":"BTCUSDT","orderId":', 200, id="N16_truncated"),
    pytest.param(b'{"symbol":"BTCUSDT\xff"}', 200, id="N16_charset"),
    pytest.param(b"[" * 100000, 200, id="N16_nested"),
    pytest.param({"symbol": "BTCUSDT"}, 200, id="N17_missing"),
    pytest.param(TAKEN | {"executedQty": None}, 200, id="N17_null"),
    pytest.param(TAKEN | {"executedQty": 0.5}, 200, id="N17_float"),
    pytest.param(TAKEN | {"status": "SOMETHING_NEW"}, 200, id="N17_status"),
    pytest.param([TAKEN], 200, id="N17_list"),
    pytest.param(None, 200, id="N17_none"),
    pytest.param(TAKEN | {"clientOrderId": "other"}, 200, id="N18_id"),
    pytest.param(TAKEN | {"symbol": "ETHUSDT"}, 200, id="N18_symbol"),
    pytest.param(TAKEN | {"side": "SELL"}, 200, id="N18_side"),
    pytest.param(TAKEN | {"origQty": "2"}, 200, id="N18_amount"),
    pytest.param(refusal(-9999, "A code of next year"), 400, id="unlisted_code"),
    pytest.param(refusal(-2010, "Account has insufficient balance"), 500, id="500_with_a_code"),
    pytest.param(refusal(-2010, "Account has insufficient balance"), 200, id="200_with_a_code"),
    pytest.param({"error": "no code"}, 400, id="400_without_a_code"),
]


@pytest.mark.parametrize(("payload", "status"), UNKNOWN_REPLIES)
def test_an_order_that_may_have_been_taken_is_outcome_unknown(
    exchange, script, order, payload, status
):
    script.on(POST, payload, status=status)
    with pytest.raises(OutcomeUnknown):
        exchange.submit(order)
    assert len(script.sent(POST)) == 1


def test_n04_n05_n07_a_lost_reply_is_outcome_unknown_and_the_order_is_not_sent_again(
    exchange, script, order
):
    script.on(POST, ReplyLost("no whole reply: it took too long"))
    with pytest.raises(OutcomeUnknown, match="took too long"):
        exchange.submit(order)
    assert len(script.sent(POST)) == 1


def test_n01_n02_n03_what_was_never_sent_is_unavailable(exchange, script, order):
    script.on(POST, NotSent("cannot connect: refused"))
    with pytest.raises(Unavailable) as caught:
        exchange.submit(order)
    assert not isinstance(caught.value, RateLimited)


@pytest.mark.parametrize("failure", [ReplyLost("cut"), NotSent("refused")])
def test_a_read_never_has_an_unknown_outcome(exchange, script, failure):
    script.on(GET, failure)
    with pytest.raises(Unavailable):
        exchange.order("BTC/USDT", "rt-1")


@pytest.mark.parametrize(("payload", "status"), UNKNOWN_REPLIES[:12])
def test_a_read_that_failed_may_be_asked_again(exchange, script, payload, status):
    script.on("GET /api/v3/account", payload, status=status)
    with pytest.raises(Unavailable):
        exchange.balances()


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (-1013, "Filter failure: LOT_SIZE", InvalidOrder),
        (-1013, "Filter failure: NOTIONAL", InvalidOrder),
        (-1102, "Mandatory parameter 'price' was not sent", InvalidOrder),
        (-1104, "Not all sent parameters were read", InvalidOrder),
        (-1111, "Parameter 'quantity' has too much precision.", InvalidOrder),
        (-1121, "Invalid symbol.", UnknownSymbol),
        (-1021, "Timestamp for this request is outside of the recvWindow.", ClockSkew),
        (-1022, "Signature for this request is not valid.", AuthError),
        (-2014, "API-key format invalid.", AuthError),
        (-2015, "Invalid API-key, IP, or permissions for action.", AuthError),
        (-2010, "Account has insufficient balance for requested action.", InsufficientFunds),
        (-2010, "Duplicate order sent.", DuplicateOrder),
        (-2010, "Order would immediately match and take.", InvalidOrder),
        (-2010, "Stop price would trigger immediately.", InvalidOrder),
        (-2010, "Market is closed.", Rejected),
        (-1015, "Too many new orders; current limit is 10 orders per 10 SECOND.", Unavailable),
    ],
)
def test_a_refusal_says_that_the_order_was_not_taken(exchange, script, order, code, message, error):
    script.on(POST, refusal(code, message), status=400)
    with pytest.raises(error) as caught:
        exchange.submit(order)
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert message in str(caught.value)


def test_n28_a_revoked_key_stays_an_auth_error_after_calls_that_worked(exchange, script):
    script.on("GET /api/v3/account", {"balances": []})
    exchange.balances()
    script.answers.clear()
    script.on("GET /api/v3/account", refusal(-2015, "Invalid API-key, IP"), status=401)
    for _ in range(2):
        with pytest.raises(AuthError):
            exchange.balances()


def test_a_cancel_of_an_unknown_order_proves_nothing_but_is_not_unknown(exchange, script):
    script.on(DELETE, refusal(-2011, "Unknown order sent."), status=400)
    with pytest.raises(OrderNotFound):
        exchange.cancel("BTC/USDT", "rt-1")


def test_an_order_that_is_not_known_is_not_found(exchange, script):
    script.on(GET, refusal(-2013, "Order does not exist."), status=400)
    with pytest.raises(OrderNotFound):
        exchange.order("BTC/USDT", "rt-1")


def test_x29_an_archived_order_is_not_taken_for_absent(exchange, script):
    script.on(GET, refusal(-2026, "Order was canceled or expired and archived."), status=400)
    with pytest.raises(Rejected) as caught:
        exchange.order("BTC/USDT", "rt-1")
    assert not isinstance(caught.value, OrderNotFound)


def test_a_look_up_that_answers_for_another_order_is_not_believed(exchange, script):
    script.on(GET, TAKEN | {"clientOrderId": "other", "time": 1})
    with pytest.raises(Unavailable, match="speaks of order other"):
        exchange.order("BTC/USDT", "rt-1")


def test_n18_the_text_names_what_differs(exchange, script, order):
    script.on(POST, TAKEN | {"origQty": "2"})
    with pytest.raises(OutcomeUnknown, match="amount 2 for 1"):
        exchange.submit(order)


@pytest.mark.parametrize(("status", "code", "wait"), [(429, -1003, 7), (418, -1003, 120)])
def test_n12_n13_a_limit_stops_every_call_until_it_is_over(
    exchange, script, runtime, order, status, code, wait
):
    headers = {"retry_after": "7"} if status == 429 else {}
    script.on("GET /api/v3/account", refusal(code, "Too much weight"), status=status, **headers)
    with pytest.raises(RateLimited) as caught:
        exchange.balances()
    assert caught.value.retry_after_s == wait
    calls = len(script.asked)
    script.on(POST, TAKEN)
    script.on(DELETE, TAKEN)
    for call in (lambda: exchange.submit(order), lambda: exchange.cancel("BTC/USDT", "rt-1")):
        with pytest.raises(RateLimited):
            call()
    assert len(script.asked) == calls
    runtime.clock.sleep(wait)
    exchange.submit(order)
    assert len(script.sent(POST)) == 1


def test_n14_a_firewalls_403_pauses_all_calls(exchange, script, order):
    script.on(POST, b"<html>forbidden</html>", status=403)
    with pytest.raises(OutcomeUnknown):
        exchange.submit(order)
    calls = len(script.asked)
    with pytest.raises(RateLimited, match="firewall"):
        exchange.order("BTC/USDT", "rt-1")
    assert len(script.asked) == calls


def test_n24_the_exchanges_count_slows_history_first_and_cancels_last(exchange, script, order):
    used = {"x_mbx_used_weight_1m": "5800"}
    script.on("GET /api/v3/account", {"balances": []}, **used)
    script.on(DELETE, TAKEN | {"origClientOrderId": "rt-1"})
    script.on(POST, TAKEN)
    exchange.balances()
    from real_trade.model import Timeframe

    for call in (
        lambda: exchange.bars("BTC/USDT", Timeframe.M1, None, 5),
        exchange.balances,
        lambda: exchange.submit(order),
    ):
        with pytest.raises(RateLimited, match="5800 of 6000"):
            call()
    exchange.cancel("BTC/USDT", "rt-1")


def test_n25_the_order_count_holds_orders_back_before_the_exchange_does(exchange, script, order):
    script.on(POST, TAKEN, x_mbx_order_count_10s="95")
    exchange.submit(order)
    with pytest.raises(RateLimited, match="ORDERS 10s"):
        exchange.submit(order)
    assert len(script.sent(POST)) == 1


def test_n26_after_a_clock_refusal_the_time_is_asked_again(exchange, script, order):
    script.on(POST, refusal(-1021, "Timestamp outside of the recvWindow."), status=400)
    script.on(POST, TAKEN)
    with pytest.raises(ClockSkew):
        exchange.submit(order)
    times = len(script.sent("GET /api/v3/time"))
    exchange.submit(order)
    assert len(script.sent("GET /api/v3/time")) == times + 1


def test_n17_unknown_and_reordered_fields_do_not_matter(exchange, script, order):
    reply = dict(reversed((TAKEN | {"newField": {"deep": [1.5]}}).items()))
    script.on(POST, reply)
    assert exchange.submit(order).exchange_order_id == "28"


def test_h18_an_exchanges_text_is_one_short_clean_line(exchange, script, order):
    nasty = "bad\r\n\x1b[31m" + "x" * 5000 + " signature=abcdef0123456789"
    script.on(POST, refusal(-1102, nasty), status=400)
    with pytest.raises(InvalidOrder) as caught:
        exchange.submit(order)
    text = str(caught.value)
    assert len(text) < 400
    assert text.isprintable()


def test_s6_no_error_carries_the_signature_or_the_key(exchange, script, order):
    def tell_all(asked):
        raise ReplyLost(f"lost {asked.request.url}")

    script.on(POST, tell_all)
    with pytest.raises(OutcomeUnknown) as caught:
        exchange.submit(order)
    assert "signature=" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
