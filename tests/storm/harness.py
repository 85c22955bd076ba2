"""The whole stack in a storm: real Cerebro, the order desk, ccxt and a simulated Binance.

All of it runs on one thread and a virtual clock. A seed decides what the strategy does, what goes
wrong, and when. At the end it is calm for a while, and then our books are compared with the
exchange's own.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import attrs
import backtrader as bt
import orjson

from real_trade.engine import TradingRunner
from real_trade.exchange import Exchange, ExchangeSettings, Unavailable
from real_trade.exchange.transport import HttpReply, HttpRequest, NotSent, SocketHandler
from real_trade.model import Mode, OrderState, to_ms
from real_trade.orders import JournalError
from real_trade.plugins import PluginManager
from real_trade.runtime import VirtualRuntime
from real_trade.runtime.failpoints import armed
from real_trade.simulator.inprocess import InProcessExchange
from real_trade.simulator.replies import Request
from real_trade.simulator.settings import SimulatorSettings, Switches

__all__ = ["POINTS", "Killed", "Storm", "Verdict", "kills_of", "storm", "storm_on_disk"]

KEY, SECRET = "k" * 64, "s" * 64
SYMBOL = "BTC/USDT"
CASH = Decimal(1_000_000)
CALM_BARS = 60
MOST_S = 3600
STARTS = 20
# Where a kill may strike: the crash points that a run on spot passes (trust promises S5 to S9).
POINTS = (
    *("c01", "c02", "c03", "c04", "c05", "c12", "c13", "c14", "c15", "c16", "c17", "c18"),
    *("c19", "c20", "c26", "c30", "c31", "c32"),
)
_FATES = {
    OrderState.SUBMITTED: "unresolved",
    OrderState.UNKNOWN: "unresolved",
    OrderState.PENDING_CANCEL: "unresolved",
}
# The exchange's words for what ours are.
_SAME = {"NEW": "accepted", "EXPIRED_IN_MATCH": "expired"}


class Killed(BaseException):
    """The process is gone: nothing may catch this and go on."""


class Wire:
    """The way to the exchange; a process that is dead sends nothing more on it."""

    def __init__(self, far: InProcessExchange) -> None:
        self.far = far
        self.is_dead = False

    def send(self, request: HttpRequest) -> HttpReply:
        if self.is_dead:
            raise NotSent("the process is dead")
        return self.far.send(request)

    def open(self, url: str, handler: SocketHandler) -> Any:
        return self.far.open(url, handler)

    def close(self) -> None:
        """Keep the exchange: it outlives our processes."""


@attrs.define
class Verdict:
    """What the audit of one seed found; the faults are sentences, none is good."""

    seed: int
    intents: int = 0
    exchange_orders: int = 0
    lost: list[str] = attrs.field(factory=list)
    duplicate: list[str] = attrs.field(factory=list)
    double_counted: list[str] = attrs.field(factory=list)
    mismatched: list[str] = attrs.field(factory=list)
    unresolved: list[str] = attrs.field(factory=list)
    as_scripted: int = 0
    hits: int = 0
    kills: list[str] = attrs.field(factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        found = (self.lost, self.duplicate, self.double_counted, self.mismatched, self.unresolved)
        return not any(found)


def rules(share: float, chance: random.Random) -> list[dict[str, Any]]:
    """Return the faults of a storm: `share` of all operations go wrong somehow."""
    writes = [
        ("drop_request", {}),
        ("drop_response", {}),
        ("drop_response", {"close": True}),
        ("delay", {"seconds": 3}),
        ("delay", {"seconds": 2, "before": True}),
        ("reset", {"executed": True}),
        ("reset", {"executed": False}),
        ("half_response", {"executed": True}),
        ("status", {"status": 503, "executed": True, "body": "html"}),
        ("status", {"status": 500, "executed": False, "body": "empty"}),
        ("status", {"status": 502, "executed": True, "body": "html"}),
        ("code", {"code": -1007, "message": "Timeout waiting for response", "status": 408}),
        ("code", {"code": -1006, "message": "Unexpected response", "executed": True}),
        ("status", {"status": 429, "retry_after_s": 2, "body": "json", "code": -1003}),
        ("body", {"body": "truncated", "executed": True}),
        ("refuse", {}),
    ]
    found = []
    for on in ("POST /api/v3/order", "POST /api/v3/orderList/oco", "DELETE /api/v3/order"):
        for do, args in writes:
            found.append(_rule(on, share / len(writes), do, args))
    reads = [("drop_response", {}), ("status", {"status": 502, "body": "html"}), ("refuse", {})]
    reads += [("not_found", {"seconds": 1})]
    for do, args in reads:
        on = "GET /api/v3/order" if do == "not_found" else "GET /api/v3/*"
        found.append(_rule(on, share / len(reads), do, args))
    events = [
        ("drop", {}),
        ("drop", {}),
        ("duplicate", {"copies": 2}),
        ("delay", {"seconds": 2}),
        ("reorder", {"hold": 2}),
    ]
    for do, args in events:
        found.append(_rule("user:executionReport", share / 2, do, args))
    found.append(_rule("user:outboundAccountPosition", share, "drop", {}))
    found.append(_rule("stream:*@kline_1s", share / 2, "drop", {}))
    found.append(_rule("stream:*@kline_1s", share / 2, "duplicate", {}))
    for _ in range(round(share * 40)):
        when = {"after_s": chance.uniform(5, 120), "times": 1}
        args = {"code": 1006, "reset": chance.random() < 0.5}
        found.append({"on": "socket:*", "when": when, "do": "close_sockets", "args": args})
    if share:
        silence = {"after_s": chance.uniform(10, 60), "times": 1}
        args = {"seconds": chance.choice((5, 25)), "pings": chance.random() < 0.5}
        found.append({"on": "socket:*", "when": silence, "do": "silence", "args": args})
        # No fault, and rare in so deep a book: orders that fill in parts.
        found.append(_rule("order:BTCUSDT", 0.5, "partial_fill", {"share": 0.4, "seconds": 2}))
    chance.shuffle(found)
    return found


def _rule(on: str, probability: float, do: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"on": on, "when": {"probability": probability}, "do": do, "args": args}


class Scripted(bt.Strategy):
    """Does at each live bar what its seed says, until it has placed its orders; then it is calm."""

    params = (("storm", None),)

    def __init__(self) -> None:
        storm = self.p.storm
        self.chance = random.Random(f"script {storm.seed} {len(storm.kills)}")
        self.calm_bars = 0
        self.live: dict[int, bt.Order] = {}
        self.ended: set[int] = set()

    def start(self) -> None:
        self.live = {order.ref: order for order in self.broker.get_orders_open()}

    def notify_order(self, order: bt.Order) -> None:
        if order.alive():
            self.live[order.ref] = order
            if order.ref in self.ended and order.status == order.Accepted:
                self.p.storm.complaints.append(f"{order.ref}: told accepted after its end")
        else:
            self.live.pop(order.ref, None)
            self.ended.add(order.ref)

    def next(self) -> None:
        if self.data._laststatus != self.data.LIVE:
            return
        if self.p.storm.placed >= self.p.storm.orders:
            self._be_calm()
            return
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            self._act()

    def _be_calm(self) -> None:
        if self.calm_bars == 0:
            self.p.storm.calm()
        if self.calm_bars % 5 == 2:
            for order in list(self.live.values()):
                self.cancel(order)
        self.calm_bars += 1
        if self.calm_bars == CALM_BARS:
            self.p.storm.runner.stop("calm")

    def _act(self) -> None:
        if self.live and self.chance.random() < 0.3:
            self.cancel(self.chance.choice(list(self.live.values())))
            return
        self.p.storm.placed += 1
        free = self.position.size - sum(
            abs(one.created.size) for one in self.live.values() if not one.isbuy()
        )
        price, size = self.data.close[0], self.chance.choice((0.001, 0.002, 0.005))
        sells = free >= size and self.chance.random() < 0.6
        place = self.sell if sells else self.buy
        sign = 1 if sells else -1
        kind = self.chance.choice(("market", "near", "near", "near", "far", "stop", "linked"))
        if kind == "linked":
            self._linked(price, size, sells=sells)
        elif kind == "market":
            place(size=size)
        elif kind == "stop":
            place(size=size, price=price * (1 - sign * 0.00003), exectype=bt.Order.Stop)
        else:
            away = 0.00002 if kind == "near" else 0.02
            place(size=size, price=price * (1 + sign * away), exectype=bt.Order.Limit)

    def _linked(self, price: float, size: float, *, sells: bool) -> None:
        """Place a pair of exits, or an entry with both of them."""
        self.p.storm.placed += 1
        high, low = price * 1.0002, price * 0.9998
        if sells:
            stop = self.sell(size=size, price=low, exectype=bt.Order.Stop)
            self.sell(size=size, price=high, exectype=bt.Order.Limit, oco=stop)
            return
        self.p.storm.placed += 1
        entry = self.chance.choice((bt.Order.Market, bt.Order.Limit))
        self.buy_bracket(size=size, exectype=entry, price=price, stopprice=low, limitprice=high)


class _Rerouted(PluginManager):
    """The installed plugins; Binance is in this process."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def open_exchange(self, name: str, settings: ExchangeSettings) -> Exchange:
        led = attrs.evolve(settings, transport=self._wire, connector=self._wire)
        return super().open_exchange(name, led)


class Storm:
    """One seed's world.

    Args:
        orders: how many the strategy places.
        faults: what share of operations go wrong.
        kills: (crash point, which hit of it) for each process; the last one lives to the end.
        db_url: where the journal is; in memory, and so without kills, if None.
    """

    def __init__(
        self,
        seed: int,
        orders: int,
        faults: float,
        kills: Sequence[tuple[str, int]] = (),
        db_url: str | None = None,
    ) -> None:
        self.seed, self.orders = seed, orders
        self.runtime = VirtualRuntime(seed)
        settings = SimulatorSettings(
            seed=seed,
            start_ms=to_ms(self.runtime.clock.true_now()),
            symbols=("BTCUSDT",),
            usdm_symbols=(),
            coinm_symbols=(),
            balances={"USDT": CASH, "BTC": Decimal(0), "BNB": Decimal(0)},
            keys={"default": (KEY, SECRET)},
            switches=Switches(read_lag_ms=seed % 3 * 700 if faults else 0),
        )
        self.far = InProcessExchange(self.runtime, settings)
        self.faults = rules(faults, random.Random(f"faults {seed}"))
        self.placed = 0
        self.hits = 0
        self.kills: list[str] = []
        self.complaints: list[str] = []
        self._wanted = list(kills)
        self._is_stormy = False
        self.db_url = db_url
        self._new_process()

    def _new_process(self) -> None:
        self.wire = Wire(self.far)
        self.runner = TradingRunner(
            "binance",
            KEY,
            SECRET,
            SYMBOL,
            "1s",
            Scripted,
            {"storm": self},
            mode=Mode.TESTNET,
            endpoint="http://127.0.0.1:1",
            runtime=self.runtime,
            plugins=_Rerouted(self.wire),
            warm_up=5,
            db_url=self.db_url,
            on_bar=self._begin,
        )

    def _begin(self, bar: int) -> None:
        if not self._is_stormy and bar == 1:
            self._is_stormy = True
            self._control("POST", self.faults)

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        told = orjson.loads(self._control("GET", None))
        self.hits = sum(rule["hits"] for rule in told)
        self._control("DELETE", None)

    def _control(self, method: str, body: Any) -> bytes:
        """Ask the control plane, without time passing."""
        data = b"" if body is None else orjson.dumps(body)
        headers = {"content-type": "application/json"}
        asked = Request(method=method, path="/control/faults", query="", headers=headers, body=data)
        reply = self.far.simulator.gateway.http(asked, "127.0.0.1", self.far.now_ms())
        if reply.status != 200:
            raise RuntimeError(f"the control plane refuses: {reply.body!r}")
        return bytes(reply.body)

    def run(self) -> Verdict:
        """Run it, process after process, and compare the books."""
        while self._wanted:
            point, hit = self._wanted.pop(0)
            if not self._run_until_killed(point, hit):
                return self.audit()
            self._restart()
        self._run_one()
        return self.audit()

    def _run_one(self) -> None:
        """Run one process; while the exchange cannot be reached, another one is started."""
        for _ in range(STARTS):
            runner = self.runner
            self.runtime.call_later(MOST_S, lambda runner=runner: runner.stop("it took too long"))
            try:
                runner.run()
            except Unavailable:
                self.runtime.clock.sleep(5)
                self._restart()
            else:
                return
        raise RuntimeError(f"seed {self.seed}: no process could start")

    def _run_until_killed(self, point: str, hit: int) -> bool:
        """Run one process; return whether it was killed, and did not end before that."""
        seen = Counter[str]()

        def strike(name: str) -> None:
            if not self._is_stormy:
                return
            seen[name] += 1
            if name == point and seen[name] == hit:
                self.wire.is_dead = True
                if self.runner.store._journal is not None:
                    self.runner.store._journal._broken = JournalError("dead", is_final=True)
                self.kills.append(f"{point}:{hit}")
                raise Killed(point)

        with armed(strike):
            try:
                self._run_one()
            except Killed:
                return True
        return False

    def _restart(self) -> None:
        """Begin a process anew; the exchange has gone on and knows nothing of it."""
        self.runtime = VirtualRuntime(self.seed + 1, start=self.runtime.clock.true_now())
        self.far.move_to(self.runtime)
        self._new_process()

    def audit(self) -> Verdict:
        """Compare our books with the exchange's ledger, to the last unit."""
        store = self.runner.store
        ledger = self.far.simulator.ledger()["accounts"]["default"]["spot"]
        found = Verdict(seed=self.seed, hits=self.hits, kills=self.kills)
        theirs: dict[str, list[dict[str, Any]]] = {}
        for order in ledger["orders"]:
            theirs.setdefault(order["client_order_id"], []).append(order)
        fills = Counter(fill["client_order_id"] for fill in ledger["fills"])
        ours = {
            name: order
            for name, order in store.desk.orders.items()
            if order.state is not OrderState.DENIED
        }
        found.intents, found.exchange_orders = len(ours), len(ledger["orders"])
        for name in theirs.keys() - ours.keys():
            found.lost.append(f"{name}: the exchange has it, and we do not")
        for name, order in ours.items():
            self._compare(found, name, order, theirs.get(name, []), fills[name])
        linked = store.desk.linked
        there = {linked.asked_id(name) for name in theirs.keys() & ours.keys()}
        # What could not be sent at first, and then was, under another id: it went as scripted.
        found.as_scripted += sum(
            linked.asked_id(name) in there for name in ours.keys() - theirs.keys()
        )
        self._compare_account(found, ledger)
        found.mismatched += self.complaints
        return found

    def _compare(
        self, found: Verdict, name: str, order: Any, there: list[dict[str, Any]], fills: int
    ) -> None:
        if order.state in _FATES:
            found.unresolved.append(f"{name}: {order.state.value}")
            return
        if len(there) > 1:
            found.duplicate.append(f"{name}: {len(there)} orders")
        if not there:
            if order.state is not OrderState.REJECTED:
                found.lost.append(f"{name}: {order.state.value} here, and not there")
            return
        found.as_scripted += 1
        one = there[0]
        if order.state is OrderState.REJECTED and one["status"].upper() != "REJECTED":
            found.lost.append(f"{name}: rejected here, {one['status']} there")
        if len(order.fills) > fills or order.filled > Decimal(one["filled"]):
            found.double_counted.append(f"{name}: {order.filled} here, {one['filled']} there")
        elif order.filled != Decimal(one["filled"]) or len(order.fills) != fills:
            found.mismatched.append(f"{name}: {order.filled} here, {one['filled']} there")
        same = _SAME.get(one["status"], one["status"].lower()) == order.state.value
        if not same and order.state is not OrderState.REJECTED:
            found.mismatched.append(f"{name}: {order.state.value} here, {one['status']} there")

    def _compare_account(self, found: Verdict, ledger: dict[str, Any]) -> None:
        books = self.runner.store.books
        held = {
            asset: Decimal(one["free"]) + Decimal(one["locked"])
            for asset, one in ledger["balances"].items()
        }
        if books.cash != held["USDT"]:
            found.mismatched.append(f"cash: {books.cash} here, {held['USDT']} there")
        position = books.position(SYMBOL).amount + books.dust["BTC"]
        if position != held.get("BTC", Decimal(0)):
            found.mismatched.append(f"position: {position} here, {held.get('BTC')} there")


def storm(
    seed: int,
    orders: int,
    faults: float,
    kills: Sequence[tuple[str, int]] = (),
    db_url: str | None = None,
) -> Verdict:
    """Run one seed and return what its audit found."""
    return Storm(seed, orders, faults, kills, db_url).run()


def storm_on_disk(
    seed: int, orders: int, faults: float, kills: Sequence[tuple[str, int]]
) -> Verdict:
    """Run one seed with a journal on disk, so that processes may be killed."""
    with (
        tempfile.TemporaryDirectory(prefix="rt-storm-") as folder,
        patch.dict(os.environ, {"XDG_DATA_HOME": folder}),
    ):
        return storm(seed, orders, faults, kills, f"sqlite:///{folder}/journal.sqlite")


def kills_of(seed: int, count: int, points: Sequence[str] = POINTS) -> list[tuple[str, int]]:
    """Return where the first processes of a seed are killed."""
    chance = random.Random(f"kills {seed}")
    return [(chance.choice(points), chance.randint(1, 8)) for _ in range(count)]
