"""An exchange that does as it is told, and a desk on it in virtual time."""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest

from real_trade.exchange import (
    Capabilities,
    DuplicateOrder,
    ExchangeError,
    OrderNotFound,
    OutcomeUnknown,
    Unavailable,
)
from real_trade.model import (
    Evidence,
    Fill,
    Instrument,
    Market,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from real_trade.orders import (
    DeskSettings,
    Finding,
    Journal,
    MemoryJournal,
    OrderChange,
    OrderDesk,
    Restored,
)
from real_trade.orders.sql_journal import JournalScope, SqlJournal
from real_trade.runtime import VirtualClock, VirtualRuntime
from real_trade.runtime.failpoints import armed, failpoint
from real_trade.storage.engine import open_engine
from real_trade.storage.schema import upgrade

SYMBOL = "BTC/USDT"
FUTURE = "BTC/USDT:USDT"
PRICE = Decimal(100)
S = OrderState


class Fate(Enum):
    """What becomes of a request."""

    TAKEN = "taken"
    LOST_BEFORE = "lost on its way there"
    LOST_AFTER = "carried out, and the answer lost"
    LATE = "held up for ten seconds, then carried out, and the answer lost"


@attrs.define
class Resting:
    """An order as the exchange has it."""

    intent: OrderIntent
    exchange_order_id: str
    time: datetime
    state: OrderState = S.ACCEPTED
    fills: list[Fill] = attrs.Factory(list)

    @property
    def filled(self) -> Decimal:
        return sum((fill.amount for fill in self.fills), Decimal(0))


def instrument(symbol: str, market: Market) -> Instrument:
    return Instrument(
        symbol=symbol,
        native="BTCUSDT",
        base="BTC",
        quote="USDT",
        settle="USDT",
        market=market,
        price_step="0.01",
        amount_step="0.001",
        min_amount="0.001",
        min_notional="5",
    )


class FakeExchange:
    """One account. Orders rest until `fill` or `finish`; fates and errors are scripted.

    Like Binance, it lists fills without client order ids.
    """

    name = "fake"
    capabilities = Capabilities(
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        quote_amount=True,
    )

    def __init__(self, runtime: VirtualRuntime) -> None:
        self.runtime = runtime
        self.sink: Callable[[Any], None] | None = None
        self.book: dict[str, Resting] = {}
        self.sends: Counter[str] = Counter()
        self.cancels: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.fates: dict[str, deque[Fate | ExchangeError | Callable[[OrderReport], Any]]] = {
            "submit": deque(),
            "cancel": deque(),
        }
        self.failures: dict[str, deque[Exception]] = {}
        self.is_down = False
        self.fills_with_reply = True
        self.instant: Callable[[Resting], None] = self._market_fills
        self.hides_order_for_s = 0.0
        self.latency_s: dict[str, float] = {}
        self.log: list[tuple[float, str]] = []
        self.partners: dict[str, str] = {}
        self._trades = 0

    # What a test says

    def fate(self, method: str, *fates: Any) -> None:
        self.fates[method].extend(fates)

    def fail(self, method: str, *errors: Exception) -> None:
        self.failures.setdefault(method, deque()).extend(errors)

    def fill(self, name: str, amount: str, price: Decimal = PRICE, *, tell: bool = True) -> Fill:
        resting = self.book[name]
        self._trades += 1
        fill = Fill(
            trade_id=str(self._trades),
            symbol=resting.intent.symbol,
            client_order_id=name,
            exchange_order_id=resting.exchange_order_id,
            side=resting.intent.side,
            amount=Decimal(amount),
            price=price,
            time=self.server_time(),
        )
        resting.fills.append(fill)
        resting.time = self.server_time()
        whole = resting.intent.amount is not None and resting.filled >= resting.intent.amount
        if not resting.state.is_terminal or whole:
            resting.state = S.FILLED if whole else S.PARTIALLY_FILLED
        self._end_partner(name, S.EXPIRED, tell=tell)
        if tell:
            self.tell(self.report(name, Evidence.STREAM))
            self.tell(fill)
        return fill

    def finish(self, name: str, state: OrderState, *, tell: bool = True) -> None:
        self.book[name].state = state
        self.book[name].time = self.server_time()
        if tell:
            self.tell(self.report(name, Evidence.STREAM))
        self._end_partner(name, state, tell=tell)

    def _end_partner(self, name: str, state: OrderState, *, tell: bool) -> None:
        partner = self.partners.get(name)
        if partner is not None and not self.book[partner].state.is_terminal:
            self.finish(partner, state, tell=tell)

    def tell(self, value: Any) -> None:
        if self.sink is not None:
            self.sink(value)

    def place_foreign(self, name: str, side: Side = Side.BUY) -> None:
        self._take(
            OrderIntent(
                client_order_id=name,
                symbol=SYMBOL,
                side=side,
                type=OrderType.LIMIT,
                amount="1",
                price="50",
                created_at=self.server_time(),
            )
        )

    # The boundary

    def connect(self) -> None:
        """There is nothing to connect to."""

    def close(self) -> None:
        """There is nothing to close."""

    def server_time(self) -> datetime:
        clock = self.runtime.clock
        return clock.true_now() if isinstance(clock, VirtualClock) else clock.now()

    def instruments(self) -> dict[str, Instrument]:
        return {
            SYMBOL: instrument(SYMBOL, Market.SPOT),
            FUTURE: instrument(FUTURE, Market.FUTURE),
        }

    def submit(self, intent: OrderIntent) -> OrderReport:
        self._arrive("submit", write=True)
        failpoint("c06")
        failpoint("c07")
        failpoint("c08")
        failpoint("c09")
        fate = self.fates["submit"].popleft() if self.fates["submit"] else Fate.TAKEN
        name = intent.client_order_id
        if fate is Fate.LOST_BEFORE:
            raise OutcomeUnknown("the answer did not come in time")
        if fate is Fate.LATE:
            self.runtime.call_later(10.0, lambda: self._take(intent))
            raise OutcomeUnknown("the answer did not come in time")
        if isinstance(fate, ExchangeError) and not isinstance(fate, OutcomeUnknown):
            raise fate
        if name in self.book:
            self.sends[name] += 1
            raise DuplicateOrder("Duplicate order sent.", code=-2010)
        self._take(intent)
        failpoint("c10")
        if fate is Fate.LOST_AFTER or isinstance(fate, OutcomeUnknown):
            raise OutcomeUnknown("connection reset")
        failpoint("c11")
        report = self.report(name, Evidence.REPLY, with_fills=self.fills_with_reply)
        return fate(report) if callable(fate) else report

    def submit_oco(self, first: OrderIntent, second: OrderIntent) -> list[OrderReport]:
        self._arrive("submit", write=True)
        fate = self.fates["submit"].popleft() if self.fates["submit"] else Fate.TAKEN
        if isinstance(fate, ExchangeError):
            raise fate
        if fate is Fate.LOST_BEFORE:
            raise OutcomeUnknown("the answer did not come in time")
        ids = first.client_order_id, second.client_order_id
        self.partners |= {ids[0]: ids[1], ids[1]: ids[0]}
        for intent in (first, second):
            self._take(intent)
        if fate is Fate.LOST_AFTER:
            raise OutcomeUnknown("connection reset")
        return [self.report(name, Evidence.REPLY) for name in ids]

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        self._arrive("cancel", write=True)
        fate = self.fates["cancel"].popleft() if self.fates["cancel"] else Fate.TAKEN
        self.cancels[client_order_id] += 1
        if fate is Fate.LOST_BEFORE:
            raise OutcomeUnknown("the answer did not come in time")
        if isinstance(fate, ExchangeError):
            raise fate
        resting = self.book.get(client_order_id)
        if resting is None or resting.state.is_terminal:
            raise OrderNotFound("Unknown order sent.", code=-2011)
        self.finish(client_order_id, S.CANCELED)
        if fate is Fate.LOST_AFTER:
            raise OutcomeUnknown("connection reset")
        return self.report(client_order_id, Evidence.REPLY)

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        self._arrive("order")
        resting = self.book.get(client_order_id)
        if resting is None or self._is_hidden(resting):
            raise OrderNotFound("Order does not exist.", code=-2013)
        return self.report(client_order_id, Evidence.LOOKUP)

    def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        self._arrive("open_orders")
        return [
            self.report(name, Evidence.LOOKUP)
            for name, resting in self.book.items()
            if not resting.state.is_terminal and symbol in {None, resting.intent.symbol}
        ]

    def fills(self, symbol: str, since: datetime) -> list[Fill]:
        self._arrive("fills")
        found = [
            attrs.evolve(fill, client_order_id="")
            for resting in self.book.values()
            for fill in resting.fills
            if fill.symbol == symbol and fill.time >= since
        ]
        return sorted(found, key=lambda fill: int(fill.trade_id))

    # What it does inside

    def report(self, name: str, evidence: Evidence, *, with_fills: bool = False) -> OrderReport:
        resting = self.book[name]
        return OrderReport(
            client_order_id=name,
            symbol=resting.intent.symbol,
            state=resting.state,
            time=resting.time,
            evidence=evidence,
            exchange_order_id=resting.exchange_order_id,
            side=resting.intent.side,
            type=resting.intent.type,
            amount=resting.intent.amount,
            price=resting.intent.price,
            filled=resting.filled,
            fills=tuple(resting.fills) if with_fills else (),
        )

    def _take(self, intent: OrderIntent) -> None:
        name = intent.client_order_id
        self.sends[name] += 1
        self.book[name] = Resting(intent, f"x{len(self.book) + 1}", self.server_time())
        self.tell(self.report(name, Evidence.STREAM))
        self.instant(self.book[name])

    def _market_fills(self, resting: Resting) -> None:
        if resting.intent.type is OrderType.MARKET:
            amount = resting.intent.amount or resting.intent.quote_amount / PRICE
            self.fill(resting.intent.client_order_id, str(amount))
            if resting.state is not S.FILLED:
                self.finish(resting.intent.client_order_id, S.FILLED)

    def _is_hidden(self, resting: Resting) -> bool:
        return self.server_time() - resting.time < timedelta(seconds=self.hides_order_for_s)

    def _arrive(self, method: str, *, write: bool = False) -> None:
        self.calls[method] += 1
        self.log.append((self.runtime.clock.monotonic(), method))
        if method in self.latency_s:
            self.runtime.clock.sleep(self.latency_s[method])
            self.log.append((self.runtime.clock.monotonic(), f"{method} ended"))
        if self.is_down:
            raise Unavailable("connection refused")
        if self.failures.get(method):
            raise self.failures[method].popleft()


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class World:
    """One exchange, one desk after another on it, in virtual time."""

    def __init__(self, runtime: Any = None) -> None:
        self.runtime = runtime or VirtualRuntime(seed=1)
        self.exchange = FakeExchange(self.runtime)
        self.changes: list[OrderChange] = []
        self.findings: list[Finding] = []
        self.denial = ""
        self.reference: Decimal | None = PRICE
        self.journal: Journal = MemoryJournal("rt-test-1", keeps=True)
        self.settings = DeskSettings()
        self.open()

    def open(self, journal: Journal | None = None, settings: DeskSettings | None = None) -> None:
        """Begin anew with a desk that knows nothing."""
        self.journal = journal or self.journal
        self.settings = settings or self.settings
        self.inbox = self.runtime.inbox()
        self.exchange.sink = self.inbox.put
        self.desk = OrderDesk(
            exchange=self.exchange,
            runtime=self.runtime,
            inbox=self.inbox,
            journal=self.journal,
            listener=self.changes.append,
            guard=lambda intent: self.denial,
            reference=lambda symbol: self.reference,
            on_finding=self.findings.append,
            settings=self.settings,
        )

    def open_sql(self, url: str) -> SqlJournal:
        """Open the journal at `url`, as a new process would."""
        return SqlJournal.open(
            url,
            JournalScope(exchange="fake", market="spot", account="a", environment="test"),
            bot="bot1",
            clock=self.runtime.clock,
            busy_timeout_s=0.05,
        )

    def begin_on(self, url: str) -> World:
        """Throw the desk away and begin with one that writes to `url`."""
        self.open(self.open_sql(url))
        self.desk.restore()
        self.desk.start()
        self.run(0.1)
        return self

    def kill(self) -> None:
        """Lose everything that is in memory or under way on our side."""
        if isinstance(self.journal, SqlJournal):
            self.journal.close()
        self.runtime = VirtualRuntime(seed=1, start=self.runtime.clock.true_now())
        self.exchange.runtime = self.runtime
        self.exchange.sink = None

    def restart(self, url: str = "") -> Restored:
        """Kill, open a new desk on the journal (in memory, or at `url`), restore and start it."""
        self.kill()
        self.open(self.open_sql(url) if url else None)
        restored = self.desk.restore()
        self.desk.start()
        return restored

    def intent(self, **changes: Any) -> OrderIntent:
        values: dict[str, Any] = {
            "client_order_id": self.desk.new_client_order_id(),
            "symbol": SYMBOL,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "amount": "1",
            "price": "100",
            "created_at": self.runtime.clock.now(),
            **changes,
        }
        return OrderIntent(**values)

    def submit(self, **changes: Any) -> str:
        """Submit an order (by default a limit order that rests) and return its id."""
        return self.desk.submit(self.intent(**changes)).client_order_id

    def market(self, **changes: Any) -> str:
        return self.submit(type=OrderType.MARKET, price=None, **changes)

    def placed(self, **changes: Any) -> str:
        """Submit an order and wait until it rests."""
        name = self.submit(**changes)
        self.run(0.1)
        return name

    def run(self, seconds: float = 1.0) -> None:
        """Let time pass and take in what comes, as a store's pump does.

        A call that takes its time may make it longer: one thread plays all of them.
        """
        clock = self.runtime.clock
        end = clock.monotonic() + seconds
        while clock.monotonic() <= end and self.inbox.wait(end - clock.monotonic()):
            for value in self.inbox.drain():
                self.desk.apply(value)

    def order(self, name: str) -> Order:
        return self.desk.orders[name]

    def state(self, name: str) -> OrderState:
        return self.order(name).state

    def story(self, name: str) -> list[OrderState]:
        """Return the states that the listener was told of, in order."""
        return [
            change.order.state for change in self.changes if change.order.client_order_id == name
        ]

    def told_fills(self, name: str) -> list[Fill]:
        """Return the fills that the listener was told of, in order."""
        return [
            fill
            for change in self.changes
            if change.order.client_order_id == name
            for fill in change.fills
        ]

    def kinds(self) -> list[str]:
        return [finding.kind.value for finding in self.findings]

    def audit(self) -> None:
        """Compare our books with the exchange's, to the last unit; each intent arrived once."""
        assert all(count == 1 for count in self.exchange.sends.values()), self.exchange.sends
        for name, resting in self.exchange.book.items():
            if name not in self.desk.orders:
                assert name.startswith("foreign"), f"{name} is at the exchange and unknown here"
                continue
            order = self.order(name)
            assert order.state is resting.state, name
            assert order.filled == resting.filled, name
            assert order.cost == sum(fill.amount * fill.price for fill in resting.fills), name
        for name, order in self.desk.orders.items():
            if name not in self.exchange.book:
                assert order.state in {S.DENIED, S.REJECTED}, (name, order.state)

    def killing(self, point: str, hit: int = 1) -> Any:
        """Kill the process when it passes `point` for the hit-th time."""
        seen = Counter[str]()

        def hook(name: str) -> None:
            seen[name] += 1
            if name == point and seen[name] == hit:
                raise Killed(name)

        return armed(hook)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def fate() -> type[Fate]:
    return Fate


@pytest.fixture
def killed() -> type[BaseException]:
    return Killed


@pytest.fixture
def make_world() -> type[World]:
    return World


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store with all tables: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "journal.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def journal_url(tmp_path: Path, migrated: Path) -> str:
    """The URL of an empty journal."""
    path = tmp_path / "state" / "journal.sqlite"
    path.parent.mkdir(0o700)
    shutil.copy(migrated, path)
    return f"sqlite:///{path}"
