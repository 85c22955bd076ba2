"""Binance spot, client and simulated exchange, over real sockets."""

from __future__ import annotations

import queue
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

pytest.importorskip("real_trade.binance")

from real_trade.binance.opening import open_exchange
from real_trade.exchange import (
    AuthError,
    ExchangeSettings,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    Subscription,
    Unavailable,
)
from real_trade.model import (
    AccountUpdate,
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    Market,
    MarketTrade,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Timeframe,
    TopOfBook,
)
from real_trade.runtime import SystemRuntime

POST = "POST /api/v3/order"


@pytest.fixture
def runtime():
    runtime = SystemRuntime()
    yield runtime
    runtime.close()


@pytest.fixture
def exchange(simulator, runtime):
    settings = ExchangeSettings(
        runtime=runtime,
        apikey=simulator.apikey,
        secret=simulator.secret,
        endpoint=simulator.endpoint,
    )
    exchange = open_exchange(settings)
    exchange.connect()
    yield exchange
    exchange.close()
    request = urllib.request.Request(f"{simulator.control}/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=5).read()


@pytest.fixture
def order(runtime, exchange):
    def make(**changes):
        given = {
            "client_order_id": f"rt-{runtime.token(12)}",
            "symbol": "BTC/USDT",
            "side": Side.BUY,
            "type": OrderType.MARKET,
            "amount": Decimal("0.01"),
            "created_at": runtime.clock.now(),
        }
        return OrderIntent(**(given | changes))

    return make


@pytest.fixture
def far_below(exchange):
    return (exchange.ticker("BTC/USDT").last * Decimal("0.5")).quantize(Decimal("0.01"))


class Stream:
    """What a stream put into its sink, to be waited for."""

    def __init__(self, exchange, *subscriptions):
        self.queue = queue.Queue()
        self.seen = []
        self.handle = exchange.stream(subscriptions, self.queue.put)

    def wait(self, condition, timeout=10.0):
        deadline = time.monotonic() + timeout
        for value in self.seen:
            if condition(value):
                return value
        while True:
            left = deadline - time.monotonic()
            assert left > 0, f"it did not come; came: {self.seen[-10:]}"
            try:
                value = self.queue.get(timeout=left)
            except queue.Empty:
                continue
            self.seen.append(value)
            if condition(value):
                return value

    def connected(self, channel):
        return self.wait(
            lambda v: (
                isinstance(v, ConnectionChanged)
                and v.channel is channel
                and v.state is ConnectionState.CONNECTED
            )
        )

    def forget(self):
        self.seen.clear()


@pytest.fixture
def stream(exchange):
    running = []

    def start(*subscriptions):
        running.append(Stream(exchange, *subscriptions))
        return running[-1]

    yield start
    for one in running:
        one.handle.close()


def test_markets_time_and_rules_are_read(exchange, runtime):
    instrument = exchange.instruments()["BTC/USDT"]
    assert instrument.active
    assert instrument.price_step == Decimal("0.01")
    assert instrument.min_notional > 0
    assert abs(exchange.server_time() - runtime.clock.now()) < timedelta(seconds=5)


def test_bars_follow_one_another_and_only_the_last_is_forming(exchange):
    bars = exchange.bars("BTC/USDT", Timeframe.M1, None, 1200)
    assert len(bars) == 1200
    for before, after in pairwise(bars):
        assert before.end_time == after.open_time
    assert all(bar.closed and not bar.fault() for bar in bars[:-1])
    since = bars[100].open_time
    assert exchange.bars("BTC/USDT", Timeframe.M1, since, 50) == bars[100:150]


def test_seconds_are_bars_too(exchange):
    bars = exchange.bars("BTC/USDT", Timeframe.S1, None, 30)
    assert len(bars) == 30
    assert bars[1].open_time - bars[0].open_time == timedelta(seconds=1)


def test_a_market_order_fills_and_the_account_shows_it_to_the_last_unit(exchange, order):
    before = exchange.balances()
    intent = order()
    report = exchange.submit(intent)
    assert report.state is OrderState.FILLED
    assert sum(fill.amount for fill in report.fills) == Decimal("0.01")
    assert exchange.order("BTC/USDT", intent.client_order_id).state is OrderState.FILLED
    after = exchange.balances()
    fees = sum(fill.fee for fill in report.fills if fill.fee_asset == "BTC")
    assert after["BTC"].total - before["BTC"].total == Decimal("0.01") - fees
    assert before["USDT"].total - after["USDT"].total == report.quote_filled
    fills = exchange.fills("BTC/USDT", report.time - timedelta(seconds=5))
    told = {fill.trade_id: (fill.amount, fill.price, fill.fee) for fill in fills}
    assert {f.trade_id: (f.amount, f.price, f.fee) for f in report.fills}.items() <= told.items()


def test_a_limit_order_rests_is_listed_is_canceled_and_is_gone(exchange, order, far_below):
    intent = order(type=OrderType.LIMIT, price=far_below)
    assert exchange.submit(intent).state is OrderState.ACCEPTED
    listed = [one.client_order_id for one in exchange.open_orders("BTC/USDT")]
    assert intent.client_order_id in listed
    assert exchange.cancel("BTC/USDT", intent.client_order_id).state is OrderState.CANCELED
    assert exchange.order("BTC/USDT", intent.client_order_id).state is OrderState.CANCELED
    assert intent.client_order_id not in [one.client_order_id for one in exchange.open_orders()]
    with pytest.raises(OrderNotFound):
        exchange.cancel("BTC/USDT", intent.client_order_id)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (OrderType.STOP, {"stop_price": Decimal("0.9")}),
        (OrderType.STOP_LIMIT, {"stop_price": Decimal("0.9"), "price": Decimal("0.89")}),
        (OrderType.TAKE_PROFIT, {"stop_price": Decimal("1.1")}),
        (OrderType.TAKE_PROFIT_LIMIT, {"stop_price": Decimal("1.1"), "price": Decimal("1.1")}),
        (OrderType.TRAILING_STOP, {"trail_percent": Decimal("0.05")}),
        (OrderType.LIMIT, {"price": Decimal("1.1"), "post_only": True}),
    ],
)
def test_every_native_type_rests_under_its_own_name(exchange, order, kind, changes):
    last = exchange.ticker("BTC/USDT").last
    given = {
        name: (last * value).quantize(Decimal("0.01")) if name.endswith("price") else value
        for name, value in changes.items()
    }
    intent = order(type=kind, side=Side.SELL, **given)
    assert exchange.submit(intent).state is OrderState.ACCEPTED
    found = exchange.order("BTC/USDT", intent.client_order_id)
    assert found.type is kind
    assert kind is OrderType.TRAILING_STOP or found.stop_price == given.get("stop_price")
    exchange.cancel("BTC/USDT", intent.client_order_id)


def test_an_amount_in_quote_units_is_spent(exchange, order):
    report = exchange.submit(order(amount=None, quote_amount=Decimal(100)))
    assert report.state is OrderState.FILLED
    assert Decimal(99) < report.quote_filled <= Decimal(100)


def test_refusals_come_with_their_reason(exchange, order, far_below):
    with pytest.raises(InsufficientFunds):
        exchange.submit(order(type=OrderType.LIMIT, price=far_below, amount=Decimal(100)))
    with pytest.raises(InvalidOrder, match="NOTIONAL"):
        exchange.submit(order(amount=exchange.resolve("BTC/USDT").min_amount))
    with pytest.raises(OrderNotFound):
        exchange.order("BTC/USDT", "rt-nobody-knows-this")


def test_a_wrong_key_is_an_auth_error(simulator, runtime):
    settings = ExchangeSettings(
        runtime=runtime, apikey="x" * 64, secret="y" * 64, endpoint=simulator.endpoint
    )
    exchange = open_exchange(settings)
    with pytest.raises(AuthError):
        exchange.balances()
    exchange.close()


def test_no_exchange_there_is_unavailable(runtime):
    exchange = open_exchange(ExchangeSettings(runtime=runtime, endpoint="http://127.0.0.1:1"))
    with pytest.raises(Unavailable, match="refused"):
        exchange.connect()


def test_what_the_key_may_do_is_told(exchange):
    permissions = exchange.key_permissions()
    assert permissions.reading
    assert permissions.faults(Market.SPOT) == []


def test_n05_a_lost_reply_leaves_one_order_that_the_look_up_finds(
    exchange, simulator, order, far_below
):
    simulator.add_fault({"on": POST, "do": "drop_response", "args": {"close": True}})
    intent = order(type=OrderType.LIMIT, price=far_below)
    with pytest.raises(OutcomeUnknown):
        exchange.submit(intent)
    found = exchange.order("BTC/USDT", intent.client_order_id)
    assert found.state is OrderState.ACCEPTED
    same = [o for o in exchange.open_orders() if o.client_order_id == intent.client_order_id]
    assert len(same) == 1
    exchange.cancel("BTC/USDT", intent.client_order_id)


def test_n04_a_lost_request_leaves_no_order(exchange, simulator, order, far_below):
    simulator.add_fault({"on": POST, "do": "drop_request", "args": {"close": True}})
    intent = order(type=OrderType.LIMIT, price=far_below)
    with pytest.raises(OutcomeUnknown):
        exchange.submit(intent)
    with pytest.raises(OrderNotFound):
        exchange.order("BTC/USDT", intent.client_order_id)


def test_n07_half_a_reply_is_unknown_and_the_order_is_there(exchange, simulator, order, far_below):
    simulator.add_fault({"on": POST, "do": "half_response", "args": {"part": 0.5}})
    intent = order(type=OrderType.LIMIT, price=far_below)
    with pytest.raises(OutcomeUnknown):
        exchange.submit(intent)
    assert exchange.order("BTC/USDT", intent.client_order_id).state is OrderState.ACCEPTED
    exchange.cancel("BTC/USDT", intent.client_order_id)


def test_bars_stream_closed_and_forming_in_order(exchange, stream):
    running = stream(Subscription(Channel.BARS, "BTC/USDT", Timeframe.S1))
    changed = running.connected(Channel.BARS)
    assert changed.symbols == ("BTC/USDT",)
    for _ in range(3):
        running.wait(lambda v: isinstance(v, Bar) and v.closed)
        running.forget()
    assert not any(isinstance(v, ConnectionChanged) for v in running.seen)


def test_trades_and_top_of_book_stream_and_more_can_be_added(exchange, stream):
    running = stream(Subscription(Channel.TRADES, "BTC/USDT"))
    running.connected(Channel.TRADES)
    trade = running.wait(lambda v: isinstance(v, MarketTrade))
    assert trade.price > 0
    running.handle.add([Subscription(Channel.TOP_OF_BOOK, "ETHUSDT")])
    assert running.connected(Channel.TOP_OF_BOOK).symbols == ("ETH/USDT",)
    book = running.wait(lambda v: isinstance(v, TopOfBook))
    assert book.symbol == "ETH/USDT"
    assert 0 < book.bid < book.ask


def test_the_account_tells_of_orders_fills_and_balances(exchange, stream, order, far_below):
    running = stream(Subscription(Channel.ACCOUNT))
    running.connected(Channel.ACCOUNT)
    bought = order()
    reply = exchange.submit(bought)

    def about(intent, state):
        return running.wait(
            lambda v: (
                isinstance(v, OrderReport)
                and v.client_order_id == intent.client_order_id
                and v.state is state
            )
        )

    report = about(bought, OrderState.FILLED)
    told = [
        fill
        for value in running.seen
        if isinstance(value, OrderReport) and value.client_order_id == bought.client_order_id
        for fill in value.fills
    ]
    assert [(f.trade_id, f.amount, f.price, f.fee, f.fee_asset) for f in told] == [
        (f.trade_id, f.amount, f.price, f.fee, f.fee_asset) for f in reply.fills
    ]
    assert report.filled == Decimal("0.01")
    update = running.wait(lambda v: isinstance(v, AccountUpdate))
    assert {balance.asset for balance in update.balances} >= {"BTC", "USDT"}
    resting = order(type=OrderType.LIMIT, price=far_below)
    exchange.submit(resting)
    about(resting, OrderState.ACCEPTED)
    exchange.cancel("BTC/USDT", resting.client_order_id)
    assert about(resting, OrderState.CANCELED).side is Side.BUY


def test_w01_after_the_exchange_cut_everything_it_comes_back_by_itself(
    exchange, simulator, stream, order
):
    running = stream(
        Subscription(Channel.BARS, "BTC/USDT", Timeframe.S1), Subscription(Channel.ACCOUNT)
    )
    running.connected(Channel.BARS)
    running.connected(Channel.ACCOUNT)
    running.forget()
    simulator.add_fault({"on": "socket:*", "do": "close_sockets", "args": {"reset": True}})
    for channel in (Channel.BARS, Channel.ACCOUNT):
        running.wait(
            lambda v, c=channel: (
                isinstance(v, ConnectionChanged)
                and v.channel is c
                and v.state is ConnectionState.LOST
            )
        )
    running.forget()
    running.connected(Channel.BARS)
    running.connected(Channel.ACCOUNT)
    intent = order()
    exchange.submit(intent)
    running.wait(
        lambda v: isinstance(v, OrderReport) and v.client_order_id == intent.client_order_id
    )
    running.wait(lambda v: isinstance(v, Bar))


def test_after_closing_a_stream_nothing_more_comes(exchange, stream):
    running = stream(Subscription(Channel.BARS, "BTC/USDT", Timeframe.S1))
    running.wait(lambda v: isinstance(v, Bar))
    running.handle.close()
    while not running.queue.empty():
        running.queue.get()
    time.sleep(1.2)
    assert running.queue.empty()


def test_the_account_without_a_key_is_refused(simulator, runtime):
    exchange = open_exchange(ExchangeSettings(runtime=runtime, endpoint=simulator.endpoint))
    with pytest.raises(AuthError, match="needs a key"):
        exchange.stream([Subscription(Channel.ACCOUNT)], print)
    bars = exchange.bars("BTC/USDT", Timeframe.H1, datetime(2026, 1, 1, tzinfo=UTC), 5)
    assert len(bars) == 5
    exchange.close()
