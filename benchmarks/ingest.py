"""From websocket frame to value: CPU per message against a bare floor and against WebSocketApp.

The floor is a loop over frames in memory and orjson. The others get the same bytes: our reader with
our values, our reader with the JSON alone, and websocket-client's own frame loop (with its UTF-8
check, as installed plainly) with json. Prints one JSON object: microseconds a message, and ratios.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import websocket

from real_trade.binance.market_readers import reader_of
from real_trade.exchange import Subscription
from real_trade.exchange._frames import FrameReader
from real_trade.model import Channel, Timeframe

_READ = 256 << 10
_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_TRADE = {"e": "trade", "E": 1672515782136, "s": "BTCUSDT", "t": 12345, "p": "16500.01000000"}
_TRADE |= {"q": "0.01000000", "T": 1672515782136, "m": True, "M": True}
_BAR = {"t": 1672515780000, "T": 1672515839999, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 200}
_BAR |= {"o": "16500.01000000", "c": "16501.02000000", "h": "16502.03000000", "n": 100, "x": False}
_BAR |= {"l": "16499.00000000", "v": "1000.00000", "q": "1.0000", "V": "500", "Q": "0.5", "B": "0"}
_MESSAGES = {
    "trade": (
        Subscription(Channel.TRADES, "BTC/USDT"),
        {"stream": "btcusdt@trade", "data": _TRADE},
    ),
    "bar": (
        Subscription(Channel.BARS, "BTC/USDT", Timeframe.M1),
        {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "E": 1, "s": "BTCUSDT", "k": _BAR}},
    ),
}


def frame(message: Any) -> bytes:
    """Return a server's text frame."""
    payload = orjson.dumps(message)
    size = len(payload)
    head = bytes([0x81, size]) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + payload


def floor(data: bytes) -> None:
    """Walk over the frames and parse."""
    view, at, end = memoryview(data), 0, len(data)
    while at < end:
        size, head = data[at + 1], at + 2
        if size == 126:
            size = data[head] << 8 | data[head + 1]
            head += 2
        orjson.loads(view[head : head + size])
        at = head + size


def ours(data: bytes, use: Callable[[Any], Any]) -> None:
    """Read as the socket's thread does, in pieces of 256 KiB."""
    reader, at = FrameReader(), 0
    while at < len(data):
        space = reader.space()
        count = min(len(space), _READ, len(data) - at)
        space[:count] = data[at : at + count]
        at += count
        for _, payload in reader.received(count):
            use(orjson.loads(payload))


class Bytes:
    """A socket as websocket-client sees one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def recv(self, size: int) -> bytes:
        """Return the next bytes."""
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def gettimeout(self) -> None:
        """There is none."""


def plain_client(data: bytes, count: int) -> None:
    """Receive with websocket-client, as WebSocketApp does."""
    client: Any = websocket.WebSocket()
    client.sock = Bytes(data)
    client.connected = True
    for _ in range(count):
        _, message = client.recv_data_frame(True)
        json.loads(message.data.decode())


def best(run: Callable[[], None], count: int) -> float:
    """Return CPU microseconds a message, the best of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        run()
        spent.append((time.process_time() - began) / count * 1e6)
    return min(spent)


def measure(name: str, count: int) -> dict[str, float]:
    """Return the figures of one kind of message."""
    subscription, message = _MESSAGES[name]
    data = frame(message) * count
    read = reader_of(subscription, "BTC/USDT", lambda: _TIME)
    bare = best(lambda: floor(data), count)
    parsed = best(lambda: ours(data, lambda parsed: parsed), count)
    value = best(lambda: ours(data, lambda parsed: read(parsed["data"])), count)
    few = max(count // 20, 1)
    slow = best(lambda: plain_client(frame(message) * few, few), few)
    return {
        "floor_us": round(bare, 2),
        "parsed_us": round(parsed, 2),
        "value_us": round(value, 2),
        "websocketapp_us": round(slow, 2),
        "parsed_to_floor": round(parsed / bare, 2),
        "value_to_floor": round(value / bare, 2),
        "websocketapp_to_value": round(slow / value, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    count = parser.parse_args().messages
    print(json.dumps({"benchmark": "ingest"} | {name: measure(name, count) for name in _MESSAGES}))


if __name__ == "__main__":
    main()
