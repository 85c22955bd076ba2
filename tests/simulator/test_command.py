"""`real-trade simulator` as a process."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from real_trade.runtime import SystemClock

CLOCK = SystemClock()


@pytest.fixture
def start() -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "real_trade.simulator", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield begin
    for one in running:
        one.kill()
        one.wait()
        for pipe in (one.stdout, one.stderr):
            if pipe is not None:
                pipe.close()


def test_one_line_of_json_says_that_it_is_ready(start: Any) -> None:
    process = start("--port", "0", "--seed", "7", "--output", "json", "--balance", "USDT=123.45")
    ready = json.loads(process.stdout.readline())
    assert ready.keys() >= {"control", "apikey", "secret", "spot"}
    assert ready["spot"].keys() == {"rest", "ws", "ws_api"}
    port = int(ready["spot"]["rest"].rsplit(":", 1)[1])
    assert ready["control"] == f"http://127.0.0.1:{port}/control"
    assert ready["spot"]["ws_api"] == f"ws://127.0.0.1:{port}/ws-api/v3"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/control/ledger")
    ledger = json.loads(connection.getresponse().read())
    connection.close()
    assert ledger["accounts"]["default"]["spot"]["balances"] == {
        "USDT": {"free": "123.45", "locked": "0"}
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_well_when_told_to(start: Any, number: signal.Signals) -> None:
    process = start("--port", "0", "--output", "json")
    ready = json.loads(process.stdout.readline())
    # A connection that hangs must not keep it.
    port = int(ready["spot"]["rest"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /api/v3/ping HTTP/1.1\r\n")
        began = CLOCK.monotonic()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert CLOCK.monotonic() - began < 1
    assert process.stderr.read() == ""
    assert process.stdout.read() == ""


def test_a_port_in_use_is_one_clear_message(start: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port), "--output", "json")
        assert process.wait(10) == 5
    error = process.stderr.read()
    assert f"port {port} of 127.0.0.1 cannot be used" in error
    assert "--port 0" in error
    assert "Traceback" not in error
    assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--symbols", "BTCUSDX"), "did you mean BTCUSD"),
        (("--balance", "USDT"), "write it as USDT=10000"),
        (("--balance", "USDT=-1"), "write it as USDT=10000"),
        (("--balance", "USDT=NaN"), "write it as USDT=10000"),
    ],
)
def test_wrong_options_are_explained(start: Any, arguments: tuple[str, ...], words: str) -> None:
    process = start("--port", "0", *arguments)
    assert process.wait(10) == 3
    error = process.stderr.read()
    assert words in error
    assert "Traceback" not in error


def test_more_accounts_have_keys_of_their_own(start: Any) -> None:
    process = start("--port", "0", "--output", "json", "--account", "b", "--account", "c")
    ready = json.loads(process.stdout.readline())
    keys = [ready["apikey"], *(one["apikey"] for one in ready["accounts"].values())]
    assert list(ready["accounts"]) == ["b", "c"]
    assert len(set(keys)) == 3
    twice = start("--port", "0", "--account", "b", "--account", "b")
    assert twice.wait(10) == 3
    assert "named twice" in twice.stderr.read()


def test_lines_for_people(start: Any) -> None:
    process = start("--port", "0")
    assert "Stop it with Ctrl-C" in process.stdout.readline()
    lines = [process.stdout.readline() for _ in range(4)]
    assert [line.split()[0] for line in lines] == ["control", "apikey", "secret", "spot"]


def test_time_may_run_faster(start: Any) -> None:
    process = start("--port", "0", "--output", "json", "--speed", "100", "--symbols", "BTCUSDT")
    ready = json.loads(process.stdout.readline())
    port = int(ready["spot"]["rest"].rsplit(":", 1)[1])

    def now() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/api/v3/time")
        found: int = json.loads(connection.getresponse().read())["serverTime"]
        connection.close()
        return found

    before = CLOCK.monotonic()
    began = now()
    CLOCK.sleep(0.5)
    passed = now() - began
    assert 49_000 < passed <= (CLOCK.monotonic() - before) * 100_000


def test_the_plugin_offers_the_command_without_loading_the_exchange() -> None:
    code = (
        "import sys, real_trade.simulator.plugin as plugin\n"
        "(spec,) = plugin.register_commands()\n"
        "print(plugin.REAL_TRADE_API, spec.name, spec.target)\n"
        "heavy = ('asyncio', 'click', 'orjson', 'httptools', 'ccxt', 'backtrader')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    target = "real_trade.simulator.command:simulator_command"
    assert shown == [f"(1, 0) simulator {target}", "[]"]


def test_the_ready_line_names_the_futures_markets_that_there_are(start: Any) -> None:
    process = start("--port", "0", "--output", "json", "--usdm", "ethusdt", "--coinm", "")
    ready = json.loads(process.stdout.readline())
    assert "coinm" not in ready
    base = ready["control"].removesuffix("/control")
    assert ready["usdm"]["rest"] == f"{base}/usdm"
    port = int(base.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/usdm/fapi/v1/exchangeInfo")
    symbols = json.loads(connection.getresponse().read())["symbols"]
    connection.close()
    assert [one["symbol"] for one in symbols] == ["ETHUSDT"]


def test_a_contract_that_is_not_listed_ends_with_a_list_of_those_that_are(start: Any) -> None:
    process = start("--port", "0", "--usdm", "NOPEUSDT")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "BTCUSDT" in said
