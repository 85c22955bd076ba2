"""Shared by the simulator's tests: an exchange without a wire, and one on a port."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import attrs
import orjson
import pytest

from real_trade.model import to_ms
from real_trade.runtime import SystemClock
from real_trade.simulator.frames import FrameError, payload_of
from real_trade.simulator.messages import Message
from real_trade.simulator.replies import Later, Reply, Request
from real_trade.simulator.server import Server
from real_trade.simulator.settings import SimulatorSettings, Switches
from real_trade.simulator.simulator import Simulator
from real_trade.simulator.sockets import SocketEnd

_WHOLE = ("/sapi", "/control", "/usdm", "/coinm")
START_MS = 1_795_000_000_000
BALANCES = {"USDT": Decimal(1_000_000), "BTC": Decimal(10), "BNB": Decimal(0)}


@attrs.define
class Told:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]
    reply: Reply | None = None

    @property
    def code(self) -> int:
        """Return Binance's code, 0 for success."""
        return self.body.get("code", 0) if isinstance(self.body, dict) else 0


class FakeSession:
    """The wire below a websocket, as a list."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.raw: list[bytes] = []
        self.pings: list[bytes] = []
        self.pongs: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.end: SocketEnd | None = None
        self.answers = True
        self.aborted = False

    def send(self, message: Message) -> None:
        payload = message.payload
        if message.raw:
            self.raw.append(payload)
            try:
                payload = payload_of(payload)
            except FrameError:
                return
        try:
            self.messages.append(orjson.loads(payload))
        except ValueError:
            self.messages.append(payload)

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)
        if self.answers and self.end is not None:
            self.end.on_pong(payload)

    def pong(self, payload: bytes) -> None:
        self.pongs.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def abort(self) -> None:
        self.aborted = True

    def take(self) -> list[Any]:
        """Return what has come since the last time."""
        found, self.messages = self.messages, []
        return found


class Desk:
    """A client without a wire: signs, asks, lets time pass."""

    def __init__(self, simulator: Simulator, account: str = "default") -> None:
        self.simulator = simulator
        self.key = simulator.accounts.first_key(account)
        self.ip = "127.0.0.1"

    @property
    def now(self) -> int:
        return self.simulator.schedule.now

    def wait(self, seconds: float) -> None:
        self.simulator.schedule.run(self.now + round(seconds * 1000))

    def sign(self, payload: str) -> str:
        return hmac.new(self.key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def ask(self, method: str, path: str, **params: Any) -> Told:
        """Send an unsigned request."""
        return self.send(method, path, urlencode(params, quote_via=quote))

    def signed(self, method: str, path: str, **params: Any) -> Told:
        """Send a signed request; `timestamp` is now unless given."""
        params = {"timestamp": self.now, **params}
        query = urlencode(params, quote_via=quote)
        return self.send(method, path, f"{query}&signature={self.sign(query)}")

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Told:
        """Send bytes as they are."""
        request = Request(
            method=method,
            path=path if path.startswith(_WHOLE) else f"/api/v3{path}",
            query=query,
            headers={"x-mbx-apikey": self.key.key} if headers is None else headers,
            body=body,
        )
        answer = self.simulator.gateway.http(request, self.ip, self.now)
        if isinstance(answer, Later):
            self.simulator.schedule.run(answer.at_ms)
            answer = answer.run()
        try:
            value = orjson.loads(answer.body)
        except ValueError:
            value = answer.body
        return Told(answer.status, value, dict(answer.headers), answer)

    def limit(self, side: str = "BUY", price: str = "90000", **more: Any) -> Told:
        """Place a limit order that rests unless told otherwise."""
        params = {"symbol": "BTCUSDT", "quantity": "0.01", "timeInForce": "GTC", **more}
        return self.signed("POST", "/order", side=side, type="LIMIT", price=price, **params)

    def market(self, side: str = "BUY", quantity: str = "0.01", **more: Any) -> Told:
        """Place a market order."""
        params = {"symbol": "BTCUSDT", "quantity": quantity, **more}
        return self.signed("POST", "/order", side=side, type="MARKET", **params)

    def fault(self, on: str, do: str, *, when: Any = None, **args: Any) -> Told:
        """Post a fault rule."""
        rule = {"on": on, "do": do, "args": args, "when": when or {}}
        return self.send("POST", "/control/faults", body=json.dumps(rule).encode())

    def act(self, do: str, **more: Any) -> Told:
        """Do something as the account's owner."""
        return self.send("POST", "/control/market", body=json.dumps({"do": do, **more}).encode())

    def books(self) -> dict[str, Any]:
        """Return the truth about the default account."""
        accounts = self.ask("GET", "/control/ledger").body["accounts"]
        found: dict[str, Any] = accounts["default"]["spot"]
        return found

    def socket(self, path: str, query: str = "") -> tuple[SocketEnd, FakeSession]:
        """Open a websocket."""
        session = FakeSession()
        end = self.simulator.gateway.open_socket(path, query, session, self.ip)
        assert isinstance(end, SocketEnd), end
        session.end = end
        return end, session

    def api(self, end: SocketEnd, method: str, *, sign: bool = False, **params: Any) -> None:
        """Send a websocket API request."""
        if sign:
            params = {"apiKey": self.key.key, "timestamp": self.now, **params}
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = self.sign(payload)
        end.on_text(json.dumps({"id": 1, "method": method, "params": params}).encode())


@pytest.fixture
def make_desk() -> Callable[..., Desk]:
    """Return a maker of exchanges without a wire."""

    def make(**options: Any) -> Desk:
        switches = options.pop("switches", {})
        settings = SimulatorSettings(
            **{
                "seed": 7,
                "start_ms": START_MS,
                "balances": BALANCES,
                "symbols": ("BTCUSDT", "ETHUSDT"),
                "switches": Switches(**switches),
                **options,
            }
        )
        return Desk(Simulator(settings))

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """Return an exchange without a wire, two seconds after its start."""
    found = make_desk()
    found.wait(2)
    return found


class Wired:
    """A simulator on a port, on a thread of its own."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._clock = SystemClock()
        self.simulator = Simulator(settings)
        self._started = self._clock.monotonic()
        self._loop = asyncio.new_event_loop()
        self.server = Server(self.simulator.gateway, self._now)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        key = self.simulator.accounts.first_key()
        self.apikey, self.secret = key.key, key.secret
        self.rest = f"http://127.0.0.1:{self.server.port}"
        self.ws = f"ws://127.0.0.1:{self.server.port}"
        self.ws_api = f"{self.ws}/ws-api/v3"
        self.control = f"{self.rest}/control"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _now(self) -> int:
        passed = self._clock.monotonic() - self._started
        return self.simulator.settings.start_ms + int(passed * 1000)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.server.start(0))
        self._ready.set()
        self._loop.run_forever()


@pytest.fixture
def make_wired() -> Iterator[Callable[..., Wired]]:
    """Return a maker of simulators on a port."""
    running: list[Wired] = []

    def make(**options: Any) -> Wired:
        settings = SimulatorSettings(
            **{
                "seed": 7,
                "start_ms": to_ms(SystemClock().now()),
                "balances": BALANCES,
                "symbols": ("BTCUSDT", "ETHUSDT"),
                **options,
            }
        )
        running.append(Wired(settings))
        return running[-1]

    yield make
    for one in running:
        one.stop()


@pytest.fixture
def wired(make_wired: Callable[..., Wired]) -> Wired:
    """Return a simulator on a port."""
    return make_wired()
