"""Spot's streams: what is said on the websocket, and what is made of what comes."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal

import pytest

from real_trade.binance.opening import open_exchange
from real_trade.exchange import ConfigurationError, Environment, Subscription, UnknownSymbol
from real_trade.model import (
    AccountUpdate,
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    MarketTrade,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Timeframe,
    TopOfBook,
    from_ms,
    to_ms,
)

BARS = Subscription(Channel.BARS, "BTC/USDT", Timeframe.M1)
ACCOUNT = Subscription(Channel.ACCOUNT)
KLINE = {
    "e": "kline",
    "E": 1672515782136,
    "s": "BTCUSDT",
    "k": {
        "t": 1672515780000,
        "T": 1672515839999,
        "s": "BTCUSDT",
        "i": "1m",
        "o": "0.00100000",
        "c": "0.00200000",
        "h": "0.00250000",
        "l": "0.00090000",
        "v": "1000.10000000",
        "x": True,
        "q": "1.0000",
    },
}
EXECUTION = {
    "e": "executionReport",
    "E": 1499405658658,
    "s": "BTCUSDT",
    "c": "rt-1",
    "S": "BUY",
    "o": "LIMIT",
    "f": "GTC",
    "q": "1.00000000",
    "p": "0.10264410",
    "P": "0.00000000",
    "F": "0.00000000",
    "g": -1,
    "C": "",
    "x": "NEW",
    "X": "NEW",
    "r": "NONE",
    "i": 4293153,
    "l": "0.00000000",
    "z": "0.00000000",
    "L": "0.00000000",
    "n": "0",
    "N": None,
    "T": 1499405658657,
    "t": -1,
    "w": True,
    "m": False,
    "Z": "0.00000000",
    "Y": "0.00000000",
    "Q": "0.00000000",
}


class Sink:
    def __init__(self):
        self.values = []

    def __call__(self, value):
        self.values.append(value)

    @property
    def news(self):
        """What came besides news of the connection."""
        return [value for value in self.values if not isinstance(value, ConnectionChanged)]

    @property
    def states(self):
        return [value.state for value in self.values if isinstance(value, ConnectionChanged)]


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def start(exchange, sink):
    running = []

    def begin(*subscriptions):
        running.append(exchange.stream(subscriptions, sink))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def confirm(socket):
    """Answer everything that was asked, as Binance does."""
    names = []
    for request in socket.sent:
        if request["method"] == "SUBSCRIBE":
            names += request["params"]
            socket.say({"result": None, "id": request["id"]})
        elif request["method"] == "LIST_SUBSCRIPTIONS":
            socket.say({"result": names, "id": request["id"]})
        else:
            result = {"subscriptionId": 0}
            socket.say({"id": request["id"], "status": 200, "result": result})


@pytest.fixture
def market(start, runtime, connector):
    """A market stream of one minute bars that is confirmed."""
    handle = start(BARS)
    runtime.clock.sleep(2)
    confirm(connector.sockets[0])
    return connector.sockets[0], handle


@pytest.fixture
def account(start, runtime, connector):
    handle = start(ACCOUNT)
    runtime.clock.sleep(2)
    confirm(connector.sockets[0])
    return connector.sockets[0], handle


def test_bars_are_subscribed_by_message_and_checked_before_they_are_relied_on(
    start, runtime, connector, sink
):
    start(BARS)
    runtime.clock.sleep(2)
    socket = connector.sockets[0]
    assert socket.url == "ws://127.0.0.1:9/stream"
    assert [request["method"] for request in socket.sent] == ["SUBSCRIBE", "LIST_SUBSCRIPTIONS"]
    assert socket.sent[0]["params"] == ["btcusdt@kline_1m"]
    assert sink.states == []
    confirm(socket)
    assert sink.states == [ConnectionState.CONNECTED]
    assert sink.values[0].symbols == ("BTC/USDT",)


def test_w08_a_subscription_that_was_left_out_is_tried_again(start, runtime, connector, sink):
    start(BARS)
    runtime.clock.sleep(2)
    socket = connector.sockets[0]
    socket.say({"result": None, "id": socket.sent[0]["id"]})
    socket.say({"result": [], "id": socket.sent[1]["id"]})
    assert socket.closed
    runtime.clock.sleep(7)
    assert len(connector.sockets) == 2
    assert sink.states == []


def test_w08_a_refused_subscription_is_tried_again(start, runtime, connector, sink):
    start(BARS)
    runtime.clock.sleep(2)
    connector.sockets[0].say({"error": {"code": 2, "msg": "Invalid request"}, "id": 1})
    assert connector.sockets[0].closed
    assert sink.states == []


def test_five_hundred_symbols_are_subscribed_in_batches_at_the_exchanges_pace(
    make_settings, runtime, connector, sink, script, listing
):
    script.on("GET /api/v3/exchangeInfo", listing(500))
    exchange = open_exchange(make_settings(endpoint="http://127.0.0.1:9"))
    wanted = [Subscription(Channel.BARS, f"A{n}/USDT", Timeframe.S1) for n in range(500)]
    handle = exchange.stream(wanted, sink)
    runtime.clock.sleep(2)
    confirm(connector.sockets[0])
    assert sink.states == [ConnectionState.CONNECTED]
    assert sum(len(r.get("params", [])) for r in connector.sockets[0].sent) == 500
    assert len(connector.sockets[0].sent) == 6
    handle.close()


def test_a_kline_becomes_a_bar(market, sink):
    socket, _ = market
    socket.say({"stream": "btcusdt@kline_1m", "data": KLINE})
    forming = KLINE | {"k": KLINE["k"] | {"x": False, "t": 1672515840000}}
    socket.say({"stream": "btcusdt@kline_1m", "data": forming})
    closed, open_ = sink.news
    assert closed == Bar(
        symbol="BTC/USDT",
        timeframe=Timeframe.M1,
        open_time=from_ms(1672515780000),
        open=Decimal("0.001"),
        high=Decimal("0.0025"),
        low=Decimal("0.0009"),
        close=Decimal("0.002"),
        volume=Decimal("1000.1"),
        closed=True,
    )
    assert not open_.closed


def test_trades_and_top_of_book_can_be_added_later(market, runtime, sink):
    socket, handle = market
    handle.add([
        Subscription(Channel.TRADES, "BTC/USDT"),
        Subscription(Channel.TOP_OF_BOOK, "BTCUSDT"),
        BARS,
    ])  # fmt: skip
    runtime.clock.sleep(2)
    added = [request for request in socket.sent if request["method"] == "SUBSCRIBE"][1]
    assert added["params"] == ["btcusdt@trade", "btcusdt@bookTicker"]
    names = ["btcusdt@kline_1m", *added["params"]]
    socket.say({"result": None, "id": added["id"]})
    socket.say({"result": names, "id": socket.sent[-1]["id"]})
    told = [v.channel for v in sink.values if isinstance(v, ConnectionChanged)]
    assert told == [Channel.BARS, Channel.TRADES, Channel.TOP_OF_BOOK]
    trade = {"e": "trade", "t": 12345, "p": "0.001", "q": "100", "T": 1672515782136, "m": True}
    socket.say({"stream": "btcusdt@trade", "data": trade})
    book = {"u": 400900217, "b": "25.35", "B": "31.21", "a": "25.36", "A": "40.66"}
    socket.say({"stream": "btcusdt@bookTicker", "data": book})
    seen_trade, seen_book = sink.news
    assert isinstance(seen_trade, MarketTrade)
    assert (seen_trade.trade_id, seen_trade.buyer_is_maker) == ("12345", True)
    assert isinstance(seen_book, TopOfBook)
    assert (seen_book.symbol, seen_book.bid, seen_book.ask_amount) == (
        "BTC/USDT",
        Decimal("25.35"),
        Decimal("40.66"),
    )


def test_after_a_cut_everything_is_subscribed_again(market, runtime, connector, sink):
    socket, handle = market
    handle.add([Subscription(Channel.TRADES, "BTC/USDT")])
    runtime.clock.sleep(30)
    socket.handler.on_close(1006, "cut")
    assert sink.states[-2:] == [ConnectionState.LOST, ConnectionState.LOST]
    runtime.clock.sleep(3)
    again = connector.sockets[1]
    assert again.sent[0]["params"] == ["btcusdt@kline_1m", "btcusdt@trade"]
    confirm(again)
    assert sink.states[-2:] == [ConnectionState.CONNECTED, ConnectionState.CONNECTED]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"{not json", id="W22_json"),
        pytest.param(b"\xff\xfe\x00", id="W22_utf8"),
        pytest.param(b"[" * 100000, id="W22_nesting"),
        pytest.param(b"[1,2]", id="W22_list"),
        pytest.param(b'{"stream":"btcusdt@kline_1m"}', id="W22_no_data"),
        pytest.param(b'{"stream":"btcusdt@kline_1m","data":{"k":{}}}', id="W22_empty"),
        pytest.param(
            b'{"stream":"btcusdt@kline_1m","data":{"k":{"i":"1m","t":1e400}}}', id="W22_1e400"
        ),
        pytest.param(b'{"stream":"btcusdt@kline_1m","data":null}', id="W22_null"),
        pytest.param(b'{"stream":["x"],"data":{}}', id="W22_stream_list"),
    ],
)
def test_w22_a_frame_that_cannot_be_read_is_left_out_and_the_stream_goes_on(
    market, runtime, sink, frame
):
    socket, handle = market
    socket.say(frame)
    assert not socket.closed
    assert handle.market.quarantine.broken == 1
    socket.say({"stream": "btcusdt@kline_1m", "data": KLINE})
    assert len(sink.news) == 1


def test_w22_three_broken_frames_in_a_minute_end_the_connection(market, runtime, sink):
    socket, _ = market
    for _ in range(2):
        socket.say(b"{")
    runtime.clock.sleep(61)
    socket.say({"stream": "btcusdt@kline_1m", "data": KLINE})
    socket.say(b"{")
    assert not socket.closed
    for _ in range(2):
        socket.say(b"{")
    assert socket.closed


def test_w25_messages_of_streams_that_nobody_asked_for_are_counted(market, sink):
    socket, handle = market
    for name in ("BTCUSDT@kline_1m", "btcusdt@kline_1h", "btcusdt@kline_1h"):
        socket.say({"stream": name, "data": KLINE})
    assert sink.news == []
    assert handle.market.quarantine.ignored["btcusdt@kline_1h"] == 2
    assert not socket.closed


@pytest.mark.parametrize(
    "message",
    [
        {"e": "serverShutdown", "E": 1770123456789},
        {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1770123456789}},
    ],
)
def test_w05_when_the_server_shuts_down_the_next_connection_is_there_first(
    market, runtime, connector, sink, message
):
    socket, _ = market
    runtime.clock.sleep(30)
    socket.say(message)
    runtime.clock.sleep(2)
    assert not socket.closed
    confirm(connector.sockets[1])
    assert socket.closed
    assert sink.states == [ConnectionState.CONNECTED]


def test_w03_a_market_stream_that_fell_silent_is_replaced(market, runtime, sink):
    runtime.clock.sleep(140)
    assert ConnectionState.LOST in sink.states


def test_wrong_subscriptions_are_refused_at_once(start):
    with pytest.raises(UnknownSymbol):
        start(Subscription(Channel.BARS, "NO/SUCH", Timeframe.M1))
    with pytest.raises(ConfigurationError, match="timeframe"):
        start(Subscription(Channel.BARS, "BTC/USDT"))


def test_the_account_is_subscribed_with_a_signature_by_the_servers_clock(
    make_settings, runtime, connector, sink
):
    runtime.clock.skew = timedelta(minutes=-10)
    exchange = open_exchange(make_settings(endpoint="http://127.0.0.1:9"))
    handle = exchange.stream([ACCOUNT], sink)
    runtime.clock.sleep(1)
    socket = connector.sockets[0]
    assert socket.url == "ws://127.0.0.1:9/ws-api/v3"
    request = socket.sent[0]
    assert request["method"] == "userDataStream.subscribe.signature"
    assert set(request["params"]) == {"apiKey", "timestamp", "recvWindow", "signature"}
    sent_at = request["params"]["timestamp"]
    assert abs(sent_at - to_ms(runtime.clock.true_now())) < 1100
    assert sink.states == []
    confirm(socket)
    assert sink.states == [ConnectionState.CONNECTED]
    handle.close()


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (Environment.LIVE, "wss://ws-api.binance.com:443/ws-api/v3"),
        (Environment.DEMO, "wss://demo-ws-api.binance.com/ws-api/v3"),
        (Environment.TESTNET, "wss://ws-api.testnet.binance.vision/ws-api/v3"),
    ],
)
def test_each_environment_has_its_websockets(
    make_settings, runtime, connector, sink, environment, url
):
    exchange = open_exchange(make_settings(environment=environment))
    handle = exchange.stream([ACCOUNT], sink)
    runtime.clock.sleep(1)
    assert connector.sockets[0].url == url
    handle.close()


def test_n26_a_subscription_refused_for_its_time_asks_the_time_again(
    start, runtime, connector, script, sink
):
    start(ACCOUNT)
    runtime.clock.sleep(1)
    asked = len(script.sent("GET /api/v3/time"))
    error = {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
    connector.sockets[0].say({"id": 1, "status": 400, "error": error})
    runtime.clock.sleep(7)
    assert len(script.sent("GET /api/v3/time")) == asked + 1
    confirm(connector.sockets[1])
    assert sink.states == [ConnectionState.CONNECTED]


def event(socket, **changes):
    socket.say({"subscriptionId": 0, "event": EXECUTION | changes})


def test_a_new_order_is_told(account, sink):
    socket, _ = account
    event(socket)
    (report,) = sink.news
    assert isinstance(report, OrderReport)
    assert report.state is OrderState.ACCEPTED
    assert (report.client_order_id, report.exchange_order_id) == ("rt-1", "4293153")
    assert (report.side, report.type, report.amount) == (Side.BUY, OrderType.LIMIT, Decimal(1))
    assert report.price == Decimal("0.1026441")
    assert report.stop_price is None
    assert report.fills == ()


def test_a_fill_is_told_with_its_trade_and_fee(account, sink):
    socket, _ = account
    event(socket, x="TRADE", X="PARTIALLY_FILLED", l="0.4", z="0.4", L="0.1", Z="0.04", t=77,
          n="0.0004", N="BTC", m=True)  # fmt: skip
    (report,) = sink.news
    assert report.state is OrderState.PARTIALLY_FILLED
    assert (report.filled, report.quote_filled) == (Decimal("0.4"), Decimal("0.04"))
    (fill,) = report.fills
    assert (fill.trade_id, fill.amount, fill.price) == ("77", Decimal("0.4"), Decimal("0.1"))
    assert (fill.fee, fill.fee_asset, fill.is_maker) == (Decimal("0.0004"), "BTC", True)
    assert fill.client_order_id == "rt-1"


def test_a_fill_without_a_fee_has_none(account, sink):
    socket, _ = account
    event(socket, x="TRADE", X="FILLED", l="1", z="1", L="0.1", Z="0.1", t=78, n="0", N=None)
    assert (sink.news[0].fills[0].fee, sink.news[0].fills[0].fee_asset) == (Decimal(0), "")


def test_a_cancel_keeps_the_orders_own_id(account, sink):
    socket, _ = account
    event(socket, c="web_cancel_1", C="rt-1", x="CANCELED", X="CANCELED")
    assert (sink.news[0].client_order_id, sink.news[0].state) == ("rt-1", OrderState.CANCELED)


@pytest.mark.parametrize("status", ["EXPIRED", "EXPIRED_IN_MATCH"])
def test_x06_an_expired_order_tells_why(account, sink, status):
    socket, _ = account
    event(socket, x="EXPIRED", X=status, eR="EXECUTION_RULE_PRICE_RANGE_EXCEEDED")
    assert sink.news[0].state is OrderState.EXPIRED
    assert sink.news[0].reason == "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"


def test_a_rejected_order_tells_of_missing_funds(account, sink):
    socket, _ = account
    event(socket, x="REJECTED", X="REJECTED", r="INSUFFICIENT_BALANCES")
    assert sink.news[0].insufficient_funds


def test_an_order_of_a_symbol_that_is_new_to_us_is_told_all_the_same(account, sink):
    socket, _ = account
    event(socket, s="NEWUSDT")
    assert sink.news[0].symbol == "NEWUSDT"


def test_balances_are_told_as_figures_and_transfers_as_reasons(account, sink):
    socket, _ = account
    rows = [{"a": "ETH", "f": "10000.000000", "l": "1.5"}]
    position = {"e": "outboundAccountPosition", "E": 2, "u": 1564034571073, "B": rows}
    socket.say({"subscriptionId": 0, "event": position})
    moved = {"e": "balanceUpdate", "E": 3, "a": "BTC", "d": "-100.5", "T": 1573200697068}
    socket.say({"subscriptionId": 0, "event": moved})
    figures, transfer = sink.news
    assert isinstance(figures, AccountUpdate)
    assert figures.balances[0].total == Decimal("10001.5")
    assert (transfer.balances, transfer.reason) == ((), "withdrawal 100.5 BTC")


def test_unknown_account_events_and_fields_are_counted_and_ignored(account, sink):
    socket, handle = account
    for _ in range(2):
        socket.say({"subscriptionId": 0, "event": {"e": "eventOfNextYear", "E": 1}})
    event(socket, newField={"a": 1})
    assert len(sink.news) == 1
    assert handle.user.quarantine.ignored["eventOfNextYear"] == 2


def test_an_account_event_that_cannot_be_read_is_a_gap_that_is_told(account, runtime, sink):
    socket, _ = account
    runtime.clock.sleep(10)
    event(socket, X="A_STATE_OF_NEXT_YEAR")
    assert sink.states == [ConnectionState.CONNECTED, ConnectionState.LOST]


def test_w10_the_end_of_the_accounts_events_is_followed_by_a_new_beginning(
    account, runtime, connector, sink
):
    socket, _ = account
    runtime.clock.sleep(10)
    socket.say({"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}})
    assert sink.states[-1] is ConnectionState.LOST
    runtime.clock.sleep(3)
    confirm(connector.sockets[1])
    assert sink.states[-1] is ConnectionState.CONNECTED


def test_closing_ends_both_connections_and_nothing_comes_after(start, runtime, connector, sink):
    handle = start(BARS, ACCOUNT)
    runtime.clock.sleep(2)
    for socket in connector.sockets:
        confirm(socket)
    handle.close()
    told = len(sink.values)
    for socket in connector.sockets:
        assert socket.closed
        socket.say({"stream": "btcusdt@kline_1m", "data": KLINE})
        socket.handler.on_close(1000, "")
    runtime.clock.sleep(3600)
    assert len(sink.values) == told
    assert len(connector.sockets) == 2


def test_closing_the_exchange_closes_its_streams(start, exchange, runtime, connector, script):
    start(BARS, ACCOUNT)
    runtime.clock.sleep(2)
    exchange.close()
    asked = len(script.asked)
    assert all(socket.closed for socket in connector.sockets)
    runtime.clock.sleep(3600)
    assert len(connector.sockets) == 2
    assert len(script.asked) == asked


def test_s6_nothing_of_the_key_or_the_signature_is_logged(start, runtime, connector, caplog):
    caplog.set_level(logging.DEBUG)
    start(ACCOUNT)
    runtime.clock.sleep(1)
    params = connector.sockets[0].sent[0]["params"]
    error = {"code": -2015, "msg": f"Invalid key {params['apiKey']} {params['signature']}"}
    connector.sockets[0].say({"id": 1, "status": 401, "error": error})
    runtime.clock.sleep(10)
    assert caplog.records
    assert params["apiKey"] not in caplog.text
