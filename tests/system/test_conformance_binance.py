"""Binance's markets against the suite that every exchange passes, on the simulated exchange."""

from __future__ import annotations

import orjson
import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.simulator")

from real_trade.binance.opening import open_exchange
from real_trade.exchange import ExchangeSettings
from real_trade.exchange.transport import HttpRequest
from real_trade.model import Market, to_ms
from real_trade.runtime import VirtualRuntime
from real_trade.simulator.inprocess import InProcessExchange
from real_trade.simulator.settings import SimulatorSettings
from real_trade.testing import ExchangeConformance, Workbench

KEY, SECRET = "k" * 64, "s" * 64


def cut(far):
    rule = orjson.dumps({"on": "socket:*", "do": "close_sockets"})
    reply = far.send(HttpRequest(method="POST", url="http://127.0.0.1:1/control/faults", body=rule))
    assert reply.status == 200, reply.body


def workbench(market, symbol):
    runtime = VirtualRuntime(7)
    start = to_ms(runtime.clock.true_now())
    far = InProcessExchange(
        runtime, SimulatorSettings(seed=7, start_ms=start, keys={"default": (KEY, SECRET)})
    )
    settings = ExchangeSettings(
        runtime=runtime,
        market=market,
        apikey=KEY,
        secret=SECRET,
        endpoint="http://127.0.0.1:1",
        transport=far,
        connector=far,
    )
    return Workbench(
        open=open_exchange,
        settings=settings,
        symbol=symbol,
        name="binance",
        bad_keys=("b" * 64, "c" * 64),
        cut=lambda: cut(far),
    )


class TestBinanceSpot(ExchangeConformance):
    @pytest.fixture
    def bench(self):
        bench = workbench(Market.SPOT, "BTC/USDT")
        yield bench
        bench.close()
