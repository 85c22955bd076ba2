"""An exchange in memory whose calls go as the test says, and a desk on it in virtual time."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from real_trade.exchange import Capabilities, OrderNotFound
from real_trade.model import (
    Fill,
    Instrument,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
)
from real_trade.orders import MemoryJournal, OrderDesk
from real_trade.runtime import VirtualRuntime

INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.01",
    amount_step="0.001",
    min_amount="0.001",
    min_notional="5",
)


class FakeExchange:
    """Keeps orders by client id. `script` holds what the next writes do besides: raise, before or
    after the order was taken."""

    name = "fake"
    capabilities = Capabilities()

    def __init__(self, clock):
        self.clock = clock
        self.taken: dict[str, OrderReport] = {}
        self.sent: list[str] = []
        self.trades: list[Fill] = []
        self.script: deque = deque()
        self.reads: deque = deque()
        self.cancel_script: deque = deque()
        self.lookups = 0

    def instruments(self):
        return {"BTC/USDT": INSTRUMENT}

    def submit(self, intent):
        self.sent.append(intent.client_order_id)
        before, after = self.script.popleft() if self.script else (None, None)
        if before is not None:
            raise before
        self.taken[intent.client_order_id] = self.report(intent)
        if intent.type is OrderType.MARKET:
            self.fill(intent.client_order_id, intent.amount, "100")
        if after is not None:
            raise after
        return self.taken[intent.client_order_id]

    def report(self, intent, state=OrderState.ACCEPTED):
        return OrderReport(
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            state=state,
            side=intent.side,
            amount=intent.amount,
            exchange_order_id=str(len(self.taken) + 1),
            time=self.clock.now(),
        )

    def fill(self, name, amount, price):
        """Execute part of an order, as the market would."""
        report = self.taken[name]
        filled = report.filled + Decimal(amount)
        state = OrderState.FILLED if filled == report.amount else OrderState.PARTIALLY_FILLED
        trade = Fill(
            trade_id=str(len(self.trades) + 1),
            symbol="BTC/USDT",
            client_order_id=name,
            exchange_order_id=report.exchange_order_id,
            side=report.side,
            amount=amount,
            price=price,
            time=self.clock.now(),
        )
        self.trades.append(trade)
        self.taken[name] = attrs.evolve(
            report, state=state, filled=filled, fills=(*report.fills, trade)
        )
        return trade

    def cancel(self, symbol, name):
        before, after = self.cancel_script.popleft() if self.cancel_script else (None, None)
        if before is not None:
            raise before
        report = self.taken.get(name)
        if report is None or report.state.is_terminal:
            raise OrderNotFound("Unknown order sent.")
        self.taken[name] = attrs.evolve(report, state=OrderState.CANCELED)
        if after is not None:
            raise after
        return self.taken[name]

    def order(self, symbol, name):
        self.lookups += 1
        if self.reads:
            error = self.reads.popleft()
            if error is not None:
                raise error
        if name not in self.taken:
            raise OrderNotFound("Order does not exist.")
        return self.taken[name]

    def open_orders(self, symbol=None):
        return [report for report in self.taken.values() if not report.state.is_terminal]

    def fills(self, symbol, since):
        return [trade for trade in self.trades if trade.time >= since]


class World:
    """A desk, its exchange and all that the listener heard."""

    def __init__(self):
        self.runtime = VirtualRuntime(seed=1)
        self.exchange = FakeExchange(self.runtime.clock)
        self.inbox = self.runtime.inbox()
        self.changes = []
        self.denials = []
        self.journal = MemoryJournal("rt-test")
        self.desk = OrderDesk(
            exchange=self.exchange,
            runtime=self.runtime,
            inbox=self.inbox,
            journal=self.journal,
            listener=self.changes.append,
            guard=lambda intent: self.denials.pop() if self.denials else "",
            reference=lambda symbol: Decimal(100),
        )

    def intent(self, **options):
        options.setdefault("type", OrderType.LIMIT)
        if options["type"] is OrderType.LIMIT:
            options.setdefault("price", "100")
        options.setdefault("amount", "1")
        return OrderIntent(
            client_order_id=self.desk.new_client_order_id(),
            symbol=options.pop("symbol", "BTC/USDT"),
            side=options.pop("side", Side.BUY),
            created_at=self.runtime.clock.now(),
            **options,
        )

    def submit(self, **options):
        return self.desk.submit(self.intent(**options))

    def pass_time(self, seconds=0.0):
        """Let time pass as Cerebro's thread would, taking in what comes."""
        end = self.runtime.clock.now() + timedelta(seconds=seconds)
        while True:
            left = (end - self.runtime.clock.now()).total_seconds()
            self.inbox.wait(max(left, 0.0))
            values = self.inbox.drain()
            for value in values:
                self.desk.apply(value)
            if not values and left <= 0:
                return

    def order(self, order):
        return self.desk.orders[order.client_order_id]

    def states(self, order):
        name = order.client_order_id
        return [
            change.order.state for change in self.changes if change.order.client_order_id == name
        ]

    def copies(self, order):
        """How often the order reached the exchange's door."""
        return self.exchange.sent.count(order.client_order_id)


@pytest.fixture
def world():
    return World()
