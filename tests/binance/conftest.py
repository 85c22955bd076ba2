"""A transport that answers from a script, with Binance's own shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import pytest

from real_trade.exchange import ExchangeSettings
from real_trade.exchange.transport import HttpReply, HttpRequest, SocketHandler
from real_trade.runtime import VirtualRuntime

APIKEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


def symbol_info(native: str, base: str, quote: str, **changes: Any) -> dict[str, Any]:
    return {
        "symbol": native,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00001000",
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": "0.00000000",
                "maxQty": "120.50000000",
                "stepSize": "0.00000000",
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "6",
                "askMultiplierDown": "0.3",
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        **changes,
    }


EXCHANGE_INFO = {
    "timezone": "UTC",
    "serverTime": 1,
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
    ],
    "exchangeFilters": [],
    "symbols": [
        symbol_info("BTCUSDT", "BTC", "USDT"),
        symbol_info("ETHUSDT", "ETH", "USDT", status="BREAK"),
    ],
}


class Asked:
    """One request, taken apart."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        parts = urlsplit(request.url)
        self.host = parts.netloc
        self.path = parts.path
        self.signed_text = request.body.decode() or parts.query
        self.query = dict(parse_qsl(self.signed_text))
        self.repeated = {k: v for k, v in parse_qs(self.signed_text).items() if len(v) > 1}

    @property
    def call(self) -> str:
        return f"{self.request.method} {self.path}"


Answer = HttpReply | Exception | Callable[[Asked], HttpReply]


class ScriptedTransport:
    """Answers by "METHOD /path"; knows time and exchangeInfo by itself."""

    def __init__(self, runtime: VirtualRuntime) -> None:
        self.runtime = runtime
        self.asked: list[Asked] = []
        self.answers: dict[str, list[Answer]] = {}

    def on(self, call: str, payload: Any = None, *, status: int = 200, **headers: str) -> None:
        """Queue an answer; the last one stays."""
        if isinstance(payload, Exception) or callable(payload):
            answer: Answer = payload
        else:
            body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = HttpReply(status=status, headers=named, body=body)
        self.answers.setdefault(call, []).append(answer)

    def sent(self, call: str) -> list[Asked]:
        return [one for one in self.asked if one.call == call]

    def send(self, request: HttpRequest) -> HttpReply:
        asked = Asked(request)
        self.asked.append(asked)
        queue = self.answers.get(asked.call)
        if not queue:
            return self._standard(asked)
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, HttpReply) else answer(asked)

    def _standard(self, asked: Asked) -> HttpReply:
        if asked.path.endswith("/time"):
            now = self.runtime.clock.true_now()
            ms = int(now.timestamp() * 1000)
            return HttpReply(status=200, body=orjson.dumps({"serverTime": ms}))
        if asked.path.endswith("/exchangeInfo"):
            return HttpReply(status=200, body=orjson.dumps(EXCHANGE_INFO))
        raise AssertionError(f"nobody said how to answer {asked.call}")

    def close(self) -> None:
        pass


@pytest.fixture
def runtime() -> VirtualRuntime:
    return VirtualRuntime(seed=7)


@pytest.fixture
def script(runtime: VirtualRuntime) -> ScriptedTransport:
    return ScriptedTransport(runtime)


class FakeSocket:
    """The client's end of a websocket; the test plays the server."""

    def __init__(self, runtime: VirtualRuntime, url: str, handler: SocketHandler) -> None:
        self.url = url
        self.handler = handler
        self.sent: list[Any] = []
        self.closed = False
        self._clock = runtime.clock
        self.last_heard = runtime.clock.monotonic()

    def send(self, text: str) -> None:
        self.sent.append(orjson.loads(text))

    def ping(self) -> None:
        self.last_heard = self._clock.monotonic()

    def close(self) -> None:
        self.closed = True

    def say(self, message: Any) -> None:
        frame = message if isinstance(message, bytes) else orjson.dumps(message)
        self.handler.on_message(frame)


class FakeConnector:
    """Grants every handshake a millisecond later."""

    def __init__(self, runtime: VirtualRuntime) -> None:
        self._runtime = runtime
        self.sockets: list[FakeSocket] = []

    def open(self, url: str, handler: SocketHandler) -> FakeSocket:
        made = FakeSocket(self._runtime, url, handler)
        self.sockets.append(made)
        self._runtime.call_later(0.001, handler.on_open)
        return made


@pytest.fixture
def connector(runtime: VirtualRuntime) -> FakeConnector:
    return FakeConnector(runtime)


@pytest.fixture
def make_settings(runtime: VirtualRuntime, script: ScriptedTransport, connector: FakeConnector):
    def make(**changes: Any) -> ExchangeSettings:
        given = {"runtime": runtime, "apikey": APIKEY, "secret": SECRET, "transport": script}
        given["connector"] = connector
        return ExchangeSettings(**(given | changes))

    return make


@pytest.fixture
def exchange(make_settings):
    from real_trade.binance.opening import open_exchange

    exchange = open_exchange(make_settings(endpoint="http://127.0.0.1:9"))
    exchange.connect()
    yield exchange
    exchange.close()


@pytest.fixture
def listing():
    """Return an exchangeInfo that lists so many symbols, A0USDT and so on."""

    def make(count: int) -> dict[str, Any]:
        many = [symbol_info(f"A{n}USDT", f"A{n}", "USDT") for n in range(count)]
        return EXCHANGE_INFO | {"symbols": many}

    return make
