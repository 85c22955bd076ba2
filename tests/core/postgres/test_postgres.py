"""Journal and runs in PostgreSQL: what SQLite promises holds there too."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from real_trade.model import OrderIntent, OrderState, OrderType, Side
from real_trade.orders import JournalError
from real_trade.orders.entries import Cancel, Opened, Sending
from real_trade.orders.sql_journal import JournalScope, SqlJournal, read_journal
from real_trade.runtime import SystemClock
from real_trade.storage.command_values import CommandState, Verb
from real_trade.storage.locks import AlreadyRunning
from real_trade.storage.runs import RunReader

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = JournalScope(exchange="binance", market="spot", account="a1", environment="testnet")


def opened(url, folder, **changes):
    chosen = {"bot": "main", "clock": SystemClock(), "lock_directory": folder} | changes
    return SqlJournal.open(url, chosen.pop("scope", SCOPE), **chosen)


def sending(name):
    intent = OrderIntent(
        client_order_id=name, symbol="BTC/USDT", side=Side.BUY, type=OrderType.LIMIT,
        created_at=NOW, amount=Decimal("0.10000000"), price=Decimal("30000.10"),
        tags=(("info", '{"name": "entry"}'),),
    )  # fmt: skip
    return Sending(intent=intent, deadline=NOW)


def test_what_was_written_is_read_again_after_a_restart(url, tmp_path):
    with closing(opened(url, tmp_path)) as journal:
        journal.write([sending("rt-main-1-1"), Cancel(client_order_id="rt-main-1-1")])
        journal.write([sending("rt-main-1-2")])
    with closing(opened(url, tmp_path)) as again:
        entries = list(again.replay())
    kinds = [type(one).__name__ for one in entries]
    assert kinds == ["Opened", "Sending", "Cancel", "Sending", "Opened"]
    assert entries[1] == sending("rt-main-1-1")
    with read_journal(url, SCOPE) as seen:
        assert list(seen) == entries


def test_S12_a_second_writer_is_refused_and_one_on_another_machine_is_noticed(url, tmp_path):
    with closing(opened(url, tmp_path)) as first:
        with pytest.raises(AlreadyRunning):
            opened(url, tmp_path)
        with closing(opened(url, tmp_path / "elsewhere")) as other:
            other.write([sending("rt-main-2-1")])
            with pytest.raises(JournalError, match="another program writes"):
                first.write([sending("rt-main-1-1")])


def test_D05_a_row_that_was_changed_is_noticed_at_the_next_start(url, tmp_path):
    with closing(opened(url, tmp_path)) as journal:
        journal.write([sending("rt-main-1-1")])
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE journal_rows SET payload = replace(payload, '30000.10', '31000.10')")
        )
    engine.dispose()
    with pytest.raises(JournalError, match="damaged"):
        opened(url, tmp_path)


def test_accounts_and_environments_do_not_mix(url, tmp_path):
    opened(url, tmp_path).close()
    other = JournalScope(exchange="binance", market="spot", account="b2", environment="testnet")
    with closing(opened(url, tmp_path, scope=other)) as journal:
        assert [type(one) for one in journal.replay()] == [Opened]
    live = JournalScope(exchange="binance", market="spot", account="a1", environment="live")
    with pytest.raises(JournalError, match="environment"):
        opened(url, tmp_path, scope=live)


def test_orders_and_fills_come_back_after_a_restart(url, orders_kit, tmp_path):
    world = orders_kit.World()
    scope = JournalScope(exchange="fake", market="spot", account="a", environment="test")
    world.open_sql = lambda url: opened(url, tmp_path, scope=scope, clock=world.runtime.clock)
    world.begin_on(url)
    resting, filled = world.placed(), world.placed()
    world.exchange.fill(filled, "0.25")
    world.run(2)
    restored = world.restart(url)
    assert {order.client_order_id for order in restored.orders} == {resting, filled}
    assert [fill.amount for fill in restored.fills] == [Decimal("0.25")]
    world.desk.start()
    world.run(5)
    assert world.state(resting) is OrderState.ACCEPTED
    world.audit()


def test_a_run_is_recorded_commanded_and_restarted(url, engine_kit, tmp_path):
    world = engine_kit.World(tmp_path)
    world.url = url
    asked = []

    def enter(strategy):
        strategy.buy(size=1)

    def pause(strategy):
        asked.append(world.ask(Verb.PAUSE))

    def resume(strategy):
        asked.append(world.ask(Verb.RESUME))

    runner = world.run({1: enter, 2: pause, 3: enter, 4: resume}, bars=4)
    assert [status for status, _ in runner.results[0].ended] == ["Completed", "Rejected"]
    assert [world.command(one).state for one in asked] == [CommandState.DONE] * 2
    with RunReader(url) as reader:
        run = reader.newest()
        assert {order.state for order in reader.orders(run.run_id)} == {"filled", "denied"}
        assert len(reader.fills(run.run_id)) == 1
        assert reader.equity(run.run_id)
    again = world.run({}, bars=1)
    assert again.broker.getposition(again.data).size == 1
