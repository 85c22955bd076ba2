"""After a crash: the same orders, the same fills, nothing sent twice, nothing told twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from real_trade.exchange import Rejected
from real_trade.model import OrderState
from real_trade.orders import FindingKind, JournalError
from real_trade.orders.entries import Cancel, Sending
from real_trade.runtime.failpoints import armed

S = OrderState


def snapshot(world: Any) -> dict[str, Any]:
    return {name: order for name, order in world.desk.orders.items() if order.state is not S.DENIED}


@pytest.mark.parametrize("on_disk", [True, False])
def test_open_orders_and_all_fills_come_back_and_nobody_is_told_again(
    world: Any, journal_url: str, on_disk: bool
) -> None:
    if on_disk:
        world.begin_on(journal_url)
    done, part, resting = world.market(), world.placed(), world.placed()
    world.exchange.fill(part, "0.4")
    canceled = world.placed()
    world.desk.cancel(canceled)
    world.run()
    before = snapshot(world)
    told = len(world.changes)
    restored = world.restart(journal_url if on_disk else "")
    assert snapshot(world) == before
    assert [order.client_order_id for order in restored.orders] == [part, resting]
    assert [(fill.client_order_id, fill.amount) for fill in restored.fills] == [
        (done, Decimal(1)),
        (part, Decimal("0.4")),
    ]
    world.run(5)
    assert len(world.changes) == told
    assert snapshot(world) == before
    world.audit()


def test_W16_events_of_the_time_before_the_restart_find_their_orders(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    name = world.placed()
    world.restart(journal_url)
    world.run(1)
    world.exchange.fill(name, "1")
    world.run(1)
    assert world.state(name) is S.FILLED
    assert len(world.told_fills(name)) == 1


def test_what_happened_while_nobody_was_there_is_told_after_the_restart(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    filled, canceled, part = world.placed(), world.placed(), world.placed()
    world.kill()
    world.exchange.fill(filled, "1")
    world.exchange.fill(part, "0.2")
    world.exchange.finish(canceled, S.CANCELED)
    world.runtime.clock.sleep(3600)
    world.changes.clear()
    world.restart(journal_url)
    assert not world.changes
    world.run(5)
    assert world.story(filled) == [S.FILLED]
    assert world.story(canceled) == [S.CANCELED]
    assert world.story(part) == [S.PARTIALLY_FILLED]
    world.audit()


def test_an_order_that_was_being_sent_comes_back_unknown_and_is_never_sent_again(
    world: Any, journal_url: str, killed: Any
) -> None:
    world.begin_on(journal_url)
    world.submit()
    with world.killing("c05"), pytest.raises(killed):
        world.run()
    restored = world.restart(journal_url)
    assert [order.state for order in restored.orders] == [S.UNKNOWN]
    name = restored.orders[0].client_order_id
    world.run(30)
    assert world.state(name) is S.REJECTED
    assert world.exchange.calls["submit"] == 0


def test_a_cancel_that_was_under_way_is_settled_after_the_restart(
    world: Any, journal_url: str, killed: Any
) -> None:
    world.begin_on(journal_url)
    name = world.placed()
    world.desk.cancel(name)
    with world.killing("c19"), pytest.raises(killed):
        world.run()
    world.restart(journal_url)
    world.run(5)
    assert world.state(name) is S.CANCELED


@pytest.mark.parametrize("sent", [True, False])
def test_a_cancel_that_was_wanted_is_seen_through_after_the_restart(
    world: Any, journal_url: str, killed: Any, sent: bool
) -> None:
    world.begin_on(journal_url)
    name = world.placed() if sent else world.submit()
    world.desk.cancel(name)
    with world.killing("c18"), pytest.raises(killed):
        world.run()
    world.restart(journal_url)
    world.run(10)
    assert world.state(name) is S.CANCELED
    assert world.exchange.cancels[name] == 1


def test_a_cancel_that_was_given_up_is_not_taken_up_again(world: Any, journal_url: str) -> None:
    world.begin_on(journal_url)
    name = world.placed()
    world.exchange.fate("cancel", Rejected("not now"))
    world.desk.cancel(name)
    world.run(5)
    world.restart(journal_url)
    world.run(10)
    assert world.state(name) is S.ACCEPTED
    assert world.exchange.calls["cancel"] == 1


def test_a_denied_order_is_not_in_the_journal(world: Any, journal_url: str) -> None:
    world.begin_on(journal_url)
    world.submit(amount="0")
    world.run()
    assert not [entry for entry in world.journal.replay() if isinstance(entry, Sending)]


def test_S1_the_intent_is_durable_before_the_exchange_hears_of_it(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    path = journal_url.removeprefix("sqlite:///")
    seen = []

    def look(point: str) -> None:
        if point == "c06":
            with closing(sqlite3.connect(path)) as other:
                rows = other.execute(
                    "SELECT client_order_id FROM journal_rows WHERE kind = 'sending'"
                )
                seen.append([row[0] for row in rows])

    names = [world.submit() for _ in range(3)]
    with armed(look):
        world.run()
    assert seen[0] == names


def test_orders_that_wait_together_are_made_durable_by_one_commit(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    writes = []
    write = world.journal.write
    world.journal.write = lambda entries: (writes.append(entries), write(entries))[1]
    for _ in range(20):
        world.submit()
    world.run()
    assert len(writes[0]) == 20
    assert len(writes) < 10
    assert len(world.exchange.book) == 20


def test_D01_D03_an_intent_that_cannot_be_written_is_not_sent_and_the_reason_says_what_to_do(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    path = journal_url.removeprefix("sqlite:///")
    resting = world.placed()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        names = [world.submit(), world.submit()]
        world.desk.cancel(resting)
        world.run(3)
        for name in names:
            assert world.state(name) is S.REJECTED
            assert "locked" in world.order(name).reason
            assert "end the other program" in world.order(name).reason
            assert world.exchange.sends[name] == 0
        assert world.state(resting) is S.CANCELED
        assert FindingKind.JOURNAL.value in world.kinds()
        other.execute("ROLLBACK")
    later = world.submit()
    world.run(10)
    assert world.state(later) is S.ACCEPTED
    restored = world.restart(journal_url)
    assert [order.client_order_id for order in restored.orders] == [later]
    assert world.state(resting) is S.CANCELED
    assert set(world.desk.orders) == {resting, later}


def test_D03_what_could_not_be_written_is_written_once_the_journal_is_free(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    name = world.placed()
    with closing(sqlite3.connect(journal_url.removeprefix("sqlite:///"), isolation_level=None)) as (
        other
    ):
        other.execute("BEGIN IMMEDIATE")
        world.exchange.fill(name, "0.5")
        world.run(3)
        other.execute("ROLLBACK")
    world.run(10)
    before = snapshot(world)
    world.kill()
    world.open(world.open_sql(journal_url))
    world.desk.restore()
    assert snapshot(world) == before


def test_D07_a_journal_that_was_moved_away_halts_and_cancels_still_work(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    resting = world.placed()
    path = Path(journal_url.removeprefix("sqlite:///"))
    path.rename(path.with_name("moved"))
    lost = world.submit()
    world.run()
    assert world.state(lost) is S.REJECTED
    assert world.exchange.sends[lost] == 0
    assert "moved, deleted or replaced" in world.desk.halted
    assert world.state(world.submit()) is S.DENIED
    world.desk.cancel(resting)
    world.run()
    assert world.state(resting) is S.CANCELED


def test_D05_a_damaged_journal_is_never_traded_on(world: Any, journal_url: str) -> None:
    world.begin_on(journal_url)
    world.placed()
    world.run()
    world.kill()
    with closing(sqlite3.connect(journal_url.removeprefix("sqlite:///"))) as other:
        other.execute("DELETE FROM journal_rows WHERE seq = 2")
        other.commit()
    with pytest.raises(JournalError, match="damaged"):
        world.open_sql(journal_url)


def test_D06_a_restored_backup_is_noticed_by_the_orders_that_it_lacks(
    world: Any, journal_url: str, tmp_path: Path
) -> None:
    world.begin_on(journal_url)
    world.kill()
    state = Path(journal_url.removeprefix("sqlite:///")).parent
    shutil.copytree(state, tmp_path / "backup")
    world.restart(journal_url)
    world.placed()
    world.kill()
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "backup", state)
    world.restart(journal_url)
    world.run(3)
    assert "older than the account" in world.desk.halted
    assert world.state(world.submit()) is S.DENIED


def test_S17_a_replay_of_the_journal_is_the_live_state_to_the_byte(
    world: Any, journal_url: str, fate: Any
) -> None:
    world.begin_on(journal_url)
    world.exchange.fate("submit", fate.TAKEN, fate.LOST_AFTER, fate.LOST_BEFORE, fate.LATE)
    names = [world.submit() for _ in range(6)]
    world.run(2)
    world.exchange.fill(names[0], "0.25", tell=False)
    world.exchange.fill(names[0], "0.25")
    world.desk.cancel(names[1])
    world.market()
    world.desk.reconcile()
    world.run(40)
    before = snapshot(world)
    world.desk.stop()
    world.kill()
    world.open(world.open_sql(journal_url))
    world.desk.restore()
    assert repr(snapshot(world)) == repr(before)
    assert [entry for entry in world.journal.replay() if isinstance(entry, Cancel)]


def test_L5_fifty_open_and_a_thousand_recent_orders_are_back_soon(
    world: Any, journal_url: str
) -> None:
    world.begin_on(journal_url)
    for _ in range(20):
        for _ in range(50):
            world.market()
        world.run(1)
    names = [world.placed() for _ in range(50)]
    restored = world.restart(journal_url)
    assert [order.client_order_id for order in restored.orders] == names
    assert len(restored.fills) == 1000
    began_s = world.runtime.clock.monotonic()
    while not world.desk.is_reconciled:
        world.run(0.1)
    assert world.runtime.clock.monotonic() - began_s < 15
    world.audit()
