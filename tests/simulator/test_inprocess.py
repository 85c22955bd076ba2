"""The exchange in virtual time, behind core's transport seams."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from real_trade.exchange.transport import HttpRequest, NotSent, ReplyLost
from real_trade.model import Bar, Timeframe, from_ms
from real_trade.paper import RecordedTape
from real_trade.runtime import VirtualRuntime
from real_trade.simulator.inprocess import InProcessExchange
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.simulator import Simulator
from real_trade.simulator.symbols import spot_listings
from real_trade.utils.errors import ConfigurationError

URL = "http://127.0.0.1:1"
START_MS = 1_795_000_000_000


class Handler:
    """Hears a websocket."""

    def __init__(self, runtime: VirtualRuntime) -> None:
        self._clock = runtime.clock
        self.opened_at: float | None = None
        self.messages: list[tuple[float, Any]] = []
        self.closed: Any = None

    def on_open(self) -> None:
        self.opened_at = self._clock.monotonic()

    def on_message(self, frame: bytes) -> None:
        self.messages.append((self._clock.monotonic(), json.loads(frame)))

    def on_close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


class World:
    """A client in virtual time."""

    def __init__(self, **options: Any) -> None:
        self.runtime = VirtualRuntime(seed=1)
        settings = SimulatorSettings(seed=7, start_ms=START_MS, symbols=("BTCUSDT",), **options)
        self.exchange = InProcessExchange(self.runtime, settings, latency_ms=10)
        self.key = self.exchange.simulator.accounts.first_key()

    def ask(self, method: str, path: str, deadline_s: float = 10.0, **params: Any) -> Any:
        reply = self.exchange.send(self.request(method, path, deadline_s, **params))
        return json.loads(reply.body)

    def request(
        self, method: str, path: str, deadline_s: float = 10.0, **params: Any
    ) -> HttpRequest:
        import hmac

        query = urlencode({**params, "timestamp": self.exchange.now_ms()})
        signature = hmac.new(self.key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return HttpRequest(
            method=method,
            url=f"{URL}{path}?{query}&signature={signature}",
            headers={"X-MBX-APIKEY": self.key.key},
            deadline_s=deadline_s,
        )

    def buy(self, name: str, deadline_s: float = 10.0) -> Any:
        return self.ask(
            "POST", "/api/v3/order", deadline_s, symbol="BTCUSDT", side="BUY", type="MARKET",
            quantity="0.001", newClientOrderId=name,
        )  # fmt: skip

    def names(self) -> list[str]:
        books = self.exchange.simulator.ledger()["accounts"]["default"]["spot"]
        return [order["client_order_id"] for order in books["orders"]]

    def fault(self, on: str, do: str, **args: Any) -> None:
        simulator = self.exchange.simulator
        rules = simulator.faults.add({"on": on, "do": do, "args": args}, simulator.schedule.now)
        for rule in rules:
            simulator.outages.start(rule)
        self.exchange.act(lambda: None)


@pytest.fixture
def world() -> World:
    found = World()
    found.runtime.clock.sleep(3)
    return found


def test_a_request_takes_the_latency_there_and_back(world: World) -> None:
    began = world.runtime.clock.monotonic()
    assert world.buy("a")["status"] == "FILLED"
    assert world.runtime.clock.monotonic() - began == pytest.approx(0.02)


def test_what_faults_do_comes_out_as_transport_errors(world: World) -> None:
    clock = world.runtime.clock
    world.fault("POST *", "refuse")
    with pytest.raises(NotSent):
        world.buy("a")
    world.exchange.simulator.faults.remove()
    world.fault("POST *", "drop_request")
    began = clock.monotonic()
    with pytest.raises(ReplyLost):
        world.buy("b")
    assert clock.monotonic() - began == pytest.approx(10)
    world.exchange.simulator.faults.remove()
    for name, action in (("c", "drop_response"), ("d", "reset"), ("e", "half_response")):
        world.fault("POST *", action)
        with pytest.raises(ReplyLost):
            world.buy(name)
        world.exchange.simulator.faults.remove()
    assert world.names() == ["c", "d", "e"]


def test_a_request_that_is_late_happens_after_the_client_gave_up(world: World) -> None:
    world.fault("POST *", "delay", seconds=3, before=True)
    with pytest.raises(ReplyLost):
        world.buy("late", deadline_s=1)
    assert world.names() == []
    world.runtime.clock.sleep(3)
    assert world.names() == ["late"]


def test_a_late_reply_is_lost_only_past_the_deadline(world: World) -> None:
    world.fault("POST *", "delay", seconds=2)
    assert world.buy("a")["status"] == "FILLED"
    with pytest.raises(ReplyLost):
        world.buy("b", deadline_s=1)
    assert world.names() == ["a", "b"]


def test_streams_come_with_latency_and_close(world: World) -> None:
    handler = Handler(world.runtime)
    socket = world.exchange.open("ws://127.0.0.1:1/ws/btcusdt@kline_1s", handler)
    world.runtime.clock.sleep(5.5)
    assert handler.opened_at is not None
    assert [message["k"]["x"] for _, message in handler.messages] == [True] * 5
    for at, message in handler.messages:
        sent = (message["E"] - START_MS) / 1000
        assert at == pytest.approx(sent + 0.01, abs=0.002)
    socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
    world.runtime.clock.sleep(0.1)
    assert handler.messages[-1][1] == {"result": ["btcusdt@kline_1s"], "id": 1}
    before = socket.last_heard
    socket.ping()
    world.runtime.clock.sleep(0.05)
    assert socket.last_heard > before
    world.fault("socket:*", "close_sockets", code=1012, reason="restart")
    world.runtime.clock.sleep(0.05)
    assert handler.closed == (1012, "restart")


def test_a_connection_lives_through_pings_and_ends_when_closed(world: World) -> None:
    handler = Handler(world.runtime)
    socket = world.exchange.open(f"{URL}/ws/btcusdt@kline_1m".replace("http", "ws"), handler)
    world.runtime.clock.sleep(300)
    assert not handler.closed
    socket.close()
    assert handler.closed == (1000, "")
    world.runtime.clock.sleep(1)
    assert not world.exchange.simulator.gateway.sockets


def test_a_refused_handshake_and_a_bad_frame_end_the_connection(world: World) -> None:
    nowhere = Handler(world.runtime)
    world.exchange.open("ws://127.0.0.1:1/elsewhere", nowhere)
    world.runtime.clock.sleep(1)
    assert nowhere.closed is not None
    assert nowhere.closed[0] == 1006
    assert nowhere.opened_at is None
    broken = Handler(world.runtime)
    world.fault("stream:btcusdt@kline_1s", "raw", kind="huge", bytes=17 << 20)
    world.exchange.open("ws://127.0.0.1:1/ws/btcusdt@kline_1s", broken)
    world.runtime.clock.sleep(2)
    assert broken.closed is not None
    assert broken.closed[0] == 1009


RUN = """
import hashlib, json, sys
sys.path.insert(0, {folder!r})
from test_inprocess import Handler, World
world = World()
handler = Handler(world.runtime)
world.exchange.open("ws://127.0.0.1:1/stream?streams=btcusdt@kline_1s/btcusdt@trade", handler)
world.fault("stream:*@trade", "drop", )
world.exchange.simulator.faults.remove()
simulator = world.exchange.simulator
simulator.faults.add(
    {{"on": "stream:*@trade", "do": "drop", "when": {{"probability": 0.3}}}}, simulator.schedule.now
)
for number in range(30):
    world.runtime.clock.sleep(7)
    world.buy(f"order-{{number}}")
log = json.dumps(handler.messages)
books = json.dumps(simulator.ledger())
print(len(handler.messages), hashlib.sha256(log.encode()).hexdigest())
print(hashlib.sha256(books.encode()).hexdigest())
"""


def test_the_same_seed_gives_the_same_ledger_and_events_in_every_process() -> None:
    from pathlib import Path

    code = RUN.format(folder=str(Path(__file__).parent))
    shown = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert shown[0] == shown[1]
    assert int(shown[0].split()[0]) > 200


def test_an_hour_of_market_passes_in_seconds() -> None:
    world = World()
    handler = Handler(world.runtime)
    world.exchange.open("ws://127.0.0.1:1/ws/btcusdt@kline_1m", handler)
    world.runtime.clock.sleep(3600)
    closed = [one["k"] for _, one in handler.messages if one["k"]["x"]]
    assert len(closed) == 60
    assert world.exchange.simulator.health()["tape_events"] > 7000


def test_a_recorded_tape_is_replayed() -> None:
    (listing,) = spot_listings(["BTCUSDT"])
    opens = [Decimal(price) for price in ("50000", "50100", "49900", "50300")]
    bars = [
        Bar(
            symbol="BTC/USDT",
            timeframe=Timeframe.M1,
            open_time=from_ms(START_MS - START_MS % 60_000 + 60_000 * number),
            open=price,
            high=price + 100,
            low=price - 50,
            close=price + 10,
            volume=Decimal(3),
        )
        for number, price in enumerate(opens)
    ]
    runtime = VirtualRuntime(seed=1)
    settings = SimulatorSettings(
        seed=7, start_ms=START_MS - START_MS % 60_000, symbols=("BTCUSDT",)
    )
    tape = RecordedTape(listing.instrument, bars)
    exchange = InProcessExchange(runtime, settings, tapes={"BTC/USDT": tape})
    runtime.clock.sleep(250)
    reply = exchange.send(
        HttpRequest(
            method="GET",
            url=f"{URL}/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={settings.start_ms}",
        )
    )
    rows = json.loads(reply.body)
    for row, bar in zip(rows, bars, strict=False):
        figures = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        assert tuple(map(Decimal, row[1:6])) == figures


def test_a_tape_that_ended_before_the_start_is_refused() -> None:
    (listing,) = spot_listings(["BTCUSDT"])
    settings = SimulatorSettings(seed=7, start_ms=START_MS, symbols=("BTCUSDT",))
    with pytest.raises(ConfigurationError, match="nothing after the start"):
        Simulator(settings, {"BTC/USDT": RecordedTape(listing.instrument, [])})
