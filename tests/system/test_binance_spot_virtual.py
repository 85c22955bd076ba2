"""Binance spot on a simulated exchange without a wire: hours of faults in virtual time."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.simulator")

from real_trade.binance.opening import open_exchange
from real_trade.exchange import (
    ExchangeSettings,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Subscription,
    Unavailable,
)
from real_trade.exchange.transport import HttpRequest
from real_trade.model import (
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Timeframe,
    to_ms,
)
from real_trade.runtime import VirtualRuntime
from real_trade.simulator.inprocess import InProcessExchange
from real_trade.simulator.settings import SimulatorSettings

POST = "POST /api/v3/order"
KEY, SECRET = "k" * 64, "s" * 64
BARS = Subscription(Channel.BARS, "BTC/USDT", Timeframe.S1)
ACCOUNT = Subscription(Channel.ACCOUNT)


class World:
    """Client and exchange on one virtual clock."""

    def __init__(self, seed=7):
        self.runtime = VirtualRuntime(seed)
        start = to_ms(self.runtime.clock.true_now())
        settings = SimulatorSettings(seed=seed, start_ms=start, keys={"default": (KEY, SECRET)})
        self.far = InProcessExchange(self.runtime, settings)
        self.exchange = open_exchange(
            ExchangeSettings(
                runtime=self.runtime,
                apikey=KEY,
                secret=SECRET,
                endpoint="http://127.0.0.1:1",
                transport=self.far,
                connector=self.far,
            )
        )
        self.values = []
        self.exchange.connect()

    def stream(self, *subscriptions):
        self.handle = self.exchange.stream(subscriptions, self.values.append)
        self.pass_(5)

    def pass_(self, seconds):
        self.runtime.clock.sleep(seconds)

    def fault(self, **rule):
        request = HttpRequest(
            method="POST",
            url="http://127.0.0.1:1/control/faults",
            body=orjson.dumps(rule),
        )
        reply = self.far.send(request)
        assert reply.status == 200, reply.body

    def order(self, **changes):
        given = {
            "client_order_id": f"rt-{self.runtime.token(10)}",
            "symbol": "BTC/USDT",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "amount": Decimal("0.01"),
            "price": Decimal(20000),
            "created_at": self.runtime.clock.now(),
        }
        return OrderIntent(**(given | changes))

    @property
    def states(self):
        return [
            (value.channel, value.state)
            for value in self.values
            if isinstance(value, ConnectionChanged)
        ]

    def closed_bars(self):
        return [value for value in self.values if isinstance(value, Bar) and value.closed]


@pytest.fixture
def world():
    world = World()
    yield world
    world.exchange.close()


def test_w02_a_half_open_connection_is_noticed_within_15_seconds(world):
    world.stream(BARS, ACCOUNT)
    assert set(world.states) == {
        (Channel.BARS, ConnectionState.CONNECTED),
        (Channel.ACCOUNT, ConnectionState.CONNECTED),
    }
    world.pass_(60)
    world.values.clear()
    world.fault(on="socket:*", do="silence", args={"seconds": 600, "pings": False})
    world.pass_(15)
    lost = [channel for channel, state in world.states if state is ConnectionState.LOST]
    assert set(lost) == {Channel.BARS, Channel.ACCOUNT}


def test_w01_to_w06_an_hour_of_cuts_ends_with_everything_running(world):
    world.stream(BARS, ACCOUNT)
    for number in range(12):
        world.fault(
            on="socket:*", do="close_sockets", args={"code": 1001, "reset": bool(number % 2)}
        )
        world.pass_(300)
    world.values.clear()
    world.pass_(30)
    opened = [bar.open_time for bar in world.closed_bars()]
    assert len(opened) >= 29
    assert opened == sorted(set(opened))
    assert world.states == []
    intent = world.order()
    world.exchange.submit(intent)
    world.pass_(1)
    ours = [v for v in world.values if isinstance(v, OrderReport)]
    assert [v.client_order_id for v in ours] == [intent.client_order_id]


def test_a_refusing_exchange_is_found_again_within_30_seconds(world):
    world.stream(BARS)
    world.fault(on="socket:*", do="refuse_connections", when={"for_s": 600})
    world.fault(on="socket:*", do="close_sockets")
    world.pass_(600)
    assert world.states[-1] == (Channel.BARS, ConnectionState.LOST)
    world.pass_(30)
    assert world.states[-1] == (Channel.BARS, ConnectionState.CONNECTED)


@pytest.mark.parametrize(
    ("action", "arguments", "taken"),
    [
        ("drop_request", {}, False),
        ("drop_response", {}, True),
        ("reset", {"executed": True}, True),
        ("reset", {"executed": False}, False),
        ("half_response", {"executed": True}, True),
        ("status", {"status": 502, "body": "<html>", "executed": True}, True),
        ("status", {"status": 503, "body": "<html>", "executed": False}, False),
        ("code", {"code": -1007, "message": "Timeout", "executed": True}, True),
        ("code", {"code": -1006, "message": "Unexpected", "executed": False}, False),
        ("body", {"body": "<html>fine</html>", "executed": True}, True),
        ("change", {"set": {"clientOrderId": "other"}}, True),
        ("delay", {"seconds": 20}, True),
    ],
)
def test_an_order_whose_answer_went_wrong_is_unknown_and_the_look_up_tells_the_truth(
    world, action, arguments, taken
):
    world.fault(on=POST, do=action, args=arguments, when={"times": 1})
    intent = world.order()
    with pytest.raises(OutcomeUnknown):
        world.exchange.submit(intent)
    world.pass_(15)
    if taken:
        found = world.exchange.order("BTC/USDT", intent.client_order_id)
        assert found.state is OrderState.ACCEPTED
    else:
        with pytest.raises(OrderNotFound):
            world.exchange.order("BTC/USDT", intent.client_order_id)
    orders = [one.client_order_id for one in world.exchange.open_orders()]
    assert orders.count(intent.client_order_id) == int(taken)


def test_n02_a_refused_connection_sends_nothing(world):
    world.fault(on=POST, do="refuse", when={"times": 1})
    with pytest.raises(Unavailable):
        world.exchange.submit(world.order())
    assert world.exchange.open_orders() == []


def test_n13_a_ban_stops_every_call_until_it_is_over(world):
    world.fault(on="GET /api/v3/account", do="ban", args={"seconds": 120}, when={"times": 1})
    with pytest.raises(RateLimited) as caught:
        world.exchange.balances()
    assert 100 <= caught.value.retry_after_s <= 121
    before = world.far.simulator.schedule.now
    for _ in range(50):
        with pytest.raises(RateLimited):
            world.exchange.balances()
    assert world.far.simulator.schedule.now - before < 1000  # nothing travelled
    world.pass_(125)
    assert world.exchange.balances()["USDT"].total > 0


def test_w11_w12_doubled_and_late_account_events_are_told_as_they_come(world):
    world.stream(ACCOUNT)
    world.fault(on="user:executionReport", do="duplicate", args={"copies": 2})
    report = world.exchange.submit(world.order(type=OrderType.MARKET, price=None))
    world.pass_(2)
    told = [
        fill.trade_id
        for value in world.values
        if isinstance(value, OrderReport)
        for fill in value.fills
    ]
    assert set(told) == {fill.trade_id for fill in report.fills}
    assert len(told) > len(report.fills)


def test_w22_a_broken_frame_is_left_out_and_the_next_ones_come(world):
    world.stream(BARS)
    world.fault(on="stream:*", do="raw", args={"text": "{broken"}, when={"times": 1})
    world.pass_(10)
    assert world.handle.market.quarantine.broken == 1
    assert len(world.closed_bars()) >= 8
    assert (Channel.BARS, ConnectionState.LOST) not in world.states


def test_the_same_seed_gives_the_same_run_to_the_last_value():
    runs = []
    for _ in range(2):
        world = World(seed=11)
        world.stream(BARS, ACCOUNT)
        world.fault(on="socket:*", do="close_sockets", when={"after_s": 20})
        world.pass_(60)
        runs.append(repr(world.values))
        world.exchange.close()
    assert runs[0] == runs[1]
    assert len(runs[0]) > 1000
