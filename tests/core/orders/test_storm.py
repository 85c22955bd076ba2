"""Random faults, then calm, then the books: nothing lost, doubled or left open, for every seed."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from real_trade.exchange import (
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from real_trade.model import (
    Channel,
    ConnectionChanged,
    ConnectionState,
    OrderState,
    OrderType,
    Side,
)

S = OrderState
SEEDS = range(24)
POINTS = ["c03", "c04", "c05", "c10", "c11", "c12", "c13", "c14", "c18", "c19", "c26", "c31"]


class Weather:
    """What a seed lets happen, on one world."""

    def __init__(self, world: Any, seed: int, fates: Any, url: str, killed: Any) -> None:
        self.world, self.fates, self.url, self.killed = world, fates, url, killed
        self.chance = random.Random(seed)
        self.names: list[str] = []
        self.kills = 0
        self.given: Counter[tuple[str, str]] = Counter()

    def run(self, steps: int) -> None:
        self._connect()
        for _ in range(steps):
            point = self.chance.choice(POINTS)
            kill_now = self.chance.random() < 0.03
            try:
                if kill_now:
                    with self.world.killing(point):
                        self._step()
                        self.world.run(2)
                else:
                    self._step()
                    self.world.run(self.chance.choice([0, 0.05, 0.3, 2]))
            except self.killed:
                self._restart()
            self._market()

    def _restart(self) -> None:
        restored = self.world.restart(self.url)
        self.kills += 1
        self.world.changes.clear()
        self.given = Counter((fill.client_order_id, fill.trade_id) for fill in restored.fills)
        self._connect()

    def known_fills(self) -> Counter[tuple[str, str]]:
        """Return how often a strategy has every fill: from the restart or told since."""
        return self.given + Counter(
            (fill.client_order_id, fill.trade_id)
            for change in self.world.changes
            for fill in change.fills
        )

    def calm(self) -> None:
        world = self.world
        world.exchange.is_down = False
        world.exchange.latency_s.clear()
        for queue in (*world.exchange.fates.values(), *world.exchange.failures.values()):
            queue.clear()
        self._connect()
        world.desk.reconcile()
        world.run(120)

    def _connect(self) -> None:
        self.world.exchange.sink = self._sink

    def _sink(self, value: Any) -> None:
        """A stream that loses, doubles and holds things up."""
        world, roll = self.world, self.chance.random()
        put = world.inbox.put
        if roll < 0.1:
            return
        if roll < 0.2:
            put(value)
        if roll < 0.4:
            world.runtime.call_later(self.chance.uniform(0, 5), lambda: put(value))
        else:
            put(value)

    def _step(self) -> None:
        world, chance = self.world, self.chance
        self._faults()
        if chance.random() < 0.6:
            values: dict[str, Any] = {"side": chance.choice(list(Side))}
            if chance.random() < 0.4:
                values |= {"type": OrderType.MARKET, "price": None}
            self.names.append(world.submit(**values))
        elif self.names:
            name = chance.choice(self.names[-6:])
            if name in world.desk.orders:
                world.desk.cancel(name)

    def _faults(self) -> None:
        chance, exchange, fates = self.chance, self.world.exchange, self.fates
        if chance.random() < 0.3:
            error = chance.choice(
                [
                    fates.LOST_BEFORE,
                    fates.LOST_AFTER,
                    fates.LATE,
                    OutcomeUnknown("-1006"),
                    Unavailable("down"),
                    RateLimited("slow", retry_after_s=3),
                    InvalidOrder("no"),
                ]
            )
            exchange.fate("submit", error)
        if chance.random() < 0.2:
            error = chance.choice(
                [fates.LOST_BEFORE, fates.LOST_AFTER, OrderNotFound("-2011"), Unavailable("down")]
            )
            exchange.fate("cancel", error)
        for method in ("order", "open_orders", "fills"):
            if chance.random() < 0.1:
                exchange.fail(method, Unavailable("down"))
        exchange.is_down = chance.random() < (0.6 if exchange.is_down else 0.04)
        for method in ("submit", "cancel", "order", "open_orders", "fills"):
            exchange.latency_s[method] = chance.choice([0, 0, 0, 0.02, 0.5])
        exchange.hides_order_for_s = chance.choice([0, 0, 1, 8])

    def _market(self) -> None:
        world = self.world
        for name, resting in list(world.exchange.book.items()):
            if resting.state.is_terminal or self.chance.random() < 0.7:
                continue
            left = resting.intent.amount - resting.filled
            amount = left if self.chance.random() < 0.3 else left / 2
            world.exchange.fill(name, str(amount))
        if self.chance.random() < 0.1:
            world.desk.apply(
                ConnectionChanged(
                    channel=Channel.ACCOUNT,
                    state=ConnectionState.CONNECTED,
                    time=world.runtime.clock.now(),
                )
            )


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_storm_the_books_agree_to_the_last_unit(
    make_world: Any, journal_url: str, fate: Any, killed: Any, seed: int
) -> None:
    world = make_world().begin_on(journal_url)
    weather = Weather(world, seed, fate, journal_url, killed)
    weather.run(60)
    weather.calm()
    world.audit()
    assert not [order for order in world.desk.orders.values() if order.state is S.UNKNOWN]
    assert not [order for order in world.desk.orders.values() if order.state is S.PENDING_CANCEL]
    assert weather.known_fills() == Counter(
        (name, fill.trade_id)
        for name, resting in world.exchange.book.items()
        for fill in resting.fills
    )
    # What a restart would give back is what is known now.
    before = {
        name: order for name, order in world.desk.orders.items() if order.state is not S.DENIED
    }
    world.desk.stop()
    world.restart(journal_url)
    after = dict(world.desk.orders)
    unwritten = {name for name in before if name not in after}
    assert {name: before[name] for name in after} == after
    assert not [name for name in unwritten if before[name].state is not S.REJECTED]
