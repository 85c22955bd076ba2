"""CPU of an order from decision to reply, against ccxt's own client; one JSON object.

All clients send the same signed limit order to the same server on loopback, which is a process of
its own and answers as Binance does. `exchange` is our boundary alone (signing, sending, parsing by
ccxt over our transport), `desk` adds the order desk with a journal in memory, `journal` the same
with the durable one. CPU is that of the whole process, all threads.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ccxt

from real_trade.binance.opening import open_exchange
from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.model import OrderIntent, OrderState, OrderType, Side
from real_trade.orders import Journal, MemoryJournal, OrderChange, OrderDesk
from real_trade.orders.sql_journal import JournalScope, SqlJournal
from real_trade.runtime import SystemRuntime
from real_trade.simulator.replies import Reply, Request
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.simulator import Simulator

ORDERS = 300
ROUNDS = 5
KEY, SECRET = "k" * 64, "s" * 64
SYMBOL = "BTC/USDT"


class Server:
    """Answers orders at once from a template, and everything else as the simulator does."""

    def __init__(self) -> None:
        now = int(time.time() * 1000)
        settings = SimulatorSettings(
            start_ms=now,
            keys={"default": (KEY, SECRET)},
            weight_per_minute=10**8,
            orders_per_10s=10**7,
            orders_per_day=10**8,
        )
        self.simulator = Simulator(settings)
        self.orders = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """Return the body of the reply."""
        url = urlsplit(path)
        if method == "POST" and url.path == "/api/v3/order":
            self.orders += 1
            words = parse_qs(url.query or body.decode())
            return self._order(words["newClientOrderId"][0], words)
        request = Request(method=method, path=url.path, query=url.query, headers=headers, body=body)
        self.simulator.schedule.run(int(time.time() * 1000))
        reply = self.simulator.gateway.http(request, "127.0.0.1", int(time.time() * 1000))
        return reply.body if isinstance(reply, Reply) else reply.run().body

    def _order(self, name: str, words: dict[str, list[str]]) -> bytes:
        now = int(time.time() * 1000)
        order = {
            "symbol": "BTCUSDT", "orderId": self.orders, "orderListId": -1, "clientOrderId": name,
            "transactTime": now, "price": words["price"][0], "origQty": words["quantity"][0],
            "executedQty": "0.00000000", "origQuoteOrderQty": "0.00000000",
            "cummulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC",
            "type": "LIMIT", "side": "BUY", "workingTime": now, "fills": [],
            "selfTradePreventionMode": "EXPIRE_MAKER",
        }  # fmt: skip
        return json.dumps(order).encode()


def serve(ready: Connection) -> None:
    """Answer one connection after the other, keep-alive, until killed."""
    server = Server()
    listener = socket.create_server(("127.0.0.1", 0))
    ready.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, path, _ = line.decode().split()
                headers = {}
                while (text := stream.readline().decode().strip()) != "":
                    name, _, value = text.partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                told = server.answer(method, path, headers, body)
                head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                connection.sendall(f"{head}content-length: {len(told)}\r\n\r\n".encode() + told)
                if headers.get("connection", "").lower() == "close":
                    break


def intent(name: str) -> OrderIntent:
    """Return a limit order far below the market."""
    return OrderIntent(
        client_order_id=name,
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=Decimal("0.001"),
        price=Decimal(60000),
        created_at=datetime.now(UTC),
    )


class FirstByte:
    """Notes the process's CPU time when a request's first bytes go to the socket.

    All clients write through `http.client`, below `urllib3` and `requests` alike.
    """

    def __init__(self) -> None:
        self.at = 0.0
        usual = http.client.HTTPConnection.send

        def send(connection: http.client.HTTPConnection, data: Any) -> None:
            if not self.at:
                self.at = time.process_time()
            usual(connection, data)

        http.client.HTTPConnection.send = send  # type: ignore[method-assign]

    def per_order(self, send: Callable[[int], None], settle: Callable[[], None]) -> float:
        """Return microseconds of CPU from decision to first byte, one order at a time."""
        spent = []
        for number in range(ORDERS):
            self.at = 0.0
            begin = time.process_time()
            send(10**6 + number)
            settle()
            spent.append((self.at - begin) * 1e6)
        return round(statistics.median(spent), 1)


FIRST = FirstByte()


def per_order(send: Callable[[int], None], settle: Callable[[], None]) -> tuple[float, float]:
    """Return microseconds of CPU an order, whole and to its first byte: medians."""
    send(-1)
    settle()
    spent = []
    for turn in range(ROUNDS):
        begin = time.process_time()
        for number in range(ORDERS):
            send(turn * ORDERS + number)
        settle()
        spent.append((time.process_time() - begin) / ORDERS * 1e6)
    return round(statistics.median(spent), 1), FIRST.per_order(send, settle)


def with_ccxt(endpoint: str) -> tuple[float, float]:
    """Measure ccxt's own synchronous client."""
    client = ccxt.binance({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    client.urls["api"] = dict.fromkeys(client.urls["api"], f"{endpoint}/api/v3")
    client.options |= {"fetchCurrencies": False, "defaultType": "spot"}
    client.options["fetchMarkets"] = {"types": ["spot"]}
    client.session.trust_env = False
    client.load_markets()

    def send(number: int) -> None:
        words = {"newClientOrderId": f"ccxt-{number}"}
        client.create_order(SYMBOL, "limit", "buy", 0.001, 60000, words)

    return per_order(send, lambda: None)


def with_exchange(exchange: Exchange) -> tuple[float, float]:
    """Measure our boundary alone."""
    return per_order(lambda number: exchange.submit(intent(f"rt-x-{number}")), lambda: None)


def nothing(value: object) -> None:
    """Take what nobody looks at."""


def with_desk(exchange: Exchange, journal: Journal) -> tuple[float, float]:
    """Measure the order desk, whose lanes do the sending."""
    runtime = SystemRuntime()
    inbox = runtime.inbox()
    accepted = [0]

    def changed(change: OrderChange) -> None:
        if change.order.state is OrderState.ACCEPTED:
            accepted[0] += 1
        elif change.order.state is not OrderState.SUBMITTED:
            raise SystemExit(f"not accepted, so this measures nothing: {change.order}")

    desk = OrderDesk(
        exchange=exchange, runtime=runtime, inbox=inbox, journal=journal,
        listener=changed, guard=lambda _: "", reference=nothing,
    )  # fmt: skip
    asked = 0

    def send(_: int) -> None:
        nonlocal asked
        asked += 1
        desk.submit(intent(desk.new_client_order_id()))

    def settle() -> None:
        while accepted[0] < asked:
            inbox.wait(1.0)
            for value in inbox.drain():
                desk.apply(value)

    measured = per_order(send, settle)
    desk.stop()
    runtime.close()
    return measured


def main() -> None:
    """Measure all, one after the other, and print them with their ratios."""
    mine, its = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(its,), daemon=True)
    server.start()
    endpoint = f"http://127.0.0.1:{mine.recv()}"
    try:
        print(json.dumps(measure(endpoint)))
    finally:
        server.terminate()
        server.join()


def measure(endpoint: str) -> dict[str, Any]:
    """Return microseconds of CPU an order for every client, and ratios."""
    by_ccxt = with_ccxt(endpoint)
    runtime = SystemRuntime()
    settings = ExchangeSettings(runtime=runtime, apikey=KEY, secret=SECRET, endpoint=endpoint)
    exchange = open_exchange(settings)
    exchange.connect()
    alone = with_exchange(exchange)
    desk = with_desk(exchange, MemoryJournal("rt-desk"))
    with tempfile.TemporaryDirectory() as folder:
        scope = JournalScope(exchange="binance", market="spot", account="a", environment="demo")
        url = f"sqlite:///{Path(folder) / 'journal.sqlite'}"
        journal = SqlJournal.open(url, scope, bot="bench", clock=runtime.clock)
        durable = with_desk(exchange, journal)
        journal.close()
    exchange.close()
    runtime.close()
    figures = {"ccxt": by_ccxt, "exchange": alone, "desk": desk, "journaled": durable}
    result: dict[str, Any] = {"benchmark": "order_path", "orders": ORDERS * ROUNDS}
    for name, (whole, first) in figures.items():
        result |= {f"{name}_us": whole, f"{name}_first_byte_us": first}
        if name != "ccxt":
            result[f"{name}_to_ccxt"] = round(whole / by_ccxt[0], 3)
            result[f"{name}_first_byte_to_ccxt"] = round(first / by_ccxt[1], 3)
    result["journal_share"] = round((durable[0] - desk[0]) / durable[0], 3)
    return result | {"goal_first_byte_to_ccxt": 0.5}


if __name__ == "__main__":
    main()
