"""The same desk on real threads and a real clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from real_trade.exchange import OutcomeUnknown, Unavailable
from real_trade.model import OrderState
from real_trade.runtime import SystemRuntime

S = OrderState
_PATIENCE_S = 20.0


@pytest.fixture
def runtime() -> Iterator[SystemRuntime]:
    found = SystemRuntime()
    yield found
    found.close()


def settle(world: Any) -> None:
    """Take in what comes until no order is on its way."""
    clock = world.runtime.clock
    end = clock.monotonic() + _PATIENCE_S
    moving = {S.SUBMITTED, S.UNKNOWN, S.PENDING_CANCEL}
    while any(order.state in moving for order in world.desk.orders.values()):
        assert clock.monotonic() < end, "an order does not settle"
        world.inbox.wait(0.1)
        for value in world.inbox.drain():
            world.desk.apply(value)


def test_orders_go_out_and_come_back_through_real_lanes_and_a_real_journal(
    make_world: Any, journal_url: str, runtime: SystemRuntime, fate: Any
) -> None:
    world = make_world(runtime)
    world.open(world.open_sql(journal_url))
    world.exchange.fate("submit", fate.TAKEN, fate.LOST_AFTER, Unavailable("down"))
    world.exchange.fate("cancel", fate.LOST_AFTER, OutcomeUnknown("timeout"))
    names = [world.market() if number % 2 else world.submit() for number in range(60)]
    for name in names[::4]:
        world.desk.cancel(name)
    settle(world)
    world.audit()
    assert world.state(names[2]) is S.REJECTED
    assert all(world.state(name) is S.FILLED for name in names[1::2])
    assert world.desk.stop()
    before = dict(world.desk.orders)
    world.journal.close()
    world.open(world.open_sql(journal_url))
    world.desk.restore()
    assert dict(world.desk.orders) == before
    world.desk.stop()
    world.journal.close()
