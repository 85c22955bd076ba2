"""The simulator's speed: signed orders and stream messages on the wire, time in process, memory.

Prints one JSON object: `orders_per_s` (goal 2,000) and `messages_per_s` (goal 50,000) over loopback
from a client in the same machine; `times_real_time` in process with 20 symbols (goal 200);
`rss_growth_mib` of the server over `messages` messages (goal: flat).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import websocket

from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.simulator import Simulator
from real_trade.simulator.symbols import known_symbols

_SYMBOLS = known_symbols()[:20]
_CLIENTS = 4
_PONG = b"\x8a\x80\x00\x00\x00\x00"


@contextlib.contextmanager
def simulator(*options: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Run a simulator; give its ready line and its process id."""
    command = [sys.executable, "-m", "real_trade.simulator", "--port", "0", "--output", "json"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("no standard output")
        try:
            yield json.loads(process.stdout.readline()), process.pid
        finally:
            process.terminate()


def orders(count: int) -> float:
    """Return how many signed market orders a second one keep-alive connection gets through."""
    with simulator("--balance", "USDT=100000000", "--balance", "BTC=10000") as (ready, _):
        port = int(ready["spot"]["rest"].rsplit(":", 1)[1])
        secret, head = ready["secret"].encode(), f"X-MBX-APIKEY: {ready['apikey']}"
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            began = time.perf_counter()
            for number in range(count):
                side = "BUY" if number % 2 else "SELL"
                query = (
                    f"symbol=BTCUSDT&side={side}&type=MARKET&quantity=0.001"
                    f"&timestamp={time.time_ns() // 1_000_000}"
                )
                signature = hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
                path = f"/api/v3/order?{query}&signature={signature}"
                wire.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
                reply = wire.recv(65536)
                if not reply.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(reply.decode())
            return count / (time.perf_counter() - began)


def messages(wanted: int) -> tuple[float, float, int]:
    """Return messages a second over all clients, growth of the server's memory, and the count."""
    topics = ("trade", "aggTrade", "bookTicker", "kline_1s")
    names = "/".join(f"{symbol.lower()}@{topic}" for symbol in _SYMBOLS for topic in topics)
    # A fast clock makes the tape busy; pongs leave by a clock of their own.
    with simulator("--symbols", ",".join(_SYMBOLS), "--speed", "250") as (ready, process):
        url = f"{ready['spot']['ws']}/stream?streams={names}"
        clients: list[Any] = [websocket.create_connection(url).sock for _ in range(_CLIENTS)]
        counts = [0] * _CLIENTS
        stopped = threading.Event()
        threads = [
            threading.Thread(target=_read, args=(wire, counts, place, stopped), daemon=True)
            for place, wire in enumerate(clients)
        ]
        threads.append(threading.Thread(target=_answer, args=(clients, stopped), daemon=True))
        for thread in threads:
            thread.start()
        time.sleep(2)
        first, before, began = sum(counts), _rss_mib(process), time.perf_counter()
        while sum(counts) - first < wanted:
            if not any(thread.is_alive() for thread in threads[:_CLIENTS]):
                raise RuntimeError("all connections were cut")
            time.sleep(0.1)
        spent, read, after = time.perf_counter() - began, sum(counts) - first, _rss_mib(process)
        stopped.set()
        for wire in clients:
            wire.close()
        return read / spent, after - before, read


def in_process(seconds: int) -> float:
    """Return how many times faster than real time 20 symbols run without a wire."""
    world = Simulator(SimulatorSettings(seed=7, symbols=_SYMBOLS))
    world.schedule.run(world.schedule.now + 2000)
    began = time.process_time()
    world.schedule.run(world.schedule.now + seconds * 1000)
    return seconds / (time.process_time() - began)


def _read(wire: Any, counts: list[int], place: int, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            data = wire.recv(1 << 20)
        except OSError:
            return
        if not data:
            return
        counts[place] += data.count(b'{"stream"')


def _answer(clients: list[Any], stopped: threading.Event) -> None:
    while not stopped.wait(0.05):
        for wire in clients:
            with contextlib.suppress(OSError):
                wire.sendall(_PONG)


def _rss_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=4000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=600)
    asked = parser.parse_args()
    rate, growth, read = messages(asked.messages)
    print(
        json.dumps(
            {
                "benchmark": "simulator",
                "orders_per_s": round(orders(asked.orders)),
                "messages_per_s": round(rate),
                "messages": read,
                "rss_growth_mib": round(growth, 1),
                "times_real_time": round(in_process(asked.seconds)),
            }
        )
    )


if __name__ == "__main__":
    main()
