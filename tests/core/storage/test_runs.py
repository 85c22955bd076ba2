"""What a run writes of itself, and what is read of it by others."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from real_trade.model import (
    Bar,
    Fill,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Side,
    Timeframe,
)
from real_trade.runtime import SystemRuntime, VirtualRuntime
from real_trade.storage.engine import StorageError
from real_trade.storage.places import data_folder, database_url
from real_trade.storage.runs import EquityPoint, RunLog, RunReader, RunRecord, RunState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record(run_id: str = "run1", bot: str = "main", started_at: datetime = NOW) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        bot=bot,
        mode=Mode.PAPER,
        exchange="binance",
        market="spot",
        symbols=("BTC/USDT", "ETH/USDT"),
        timeframe="1m",
        strategy="Turn",
        pid=42,
        host="here",
        started_at=started_at,
        heartbeat_at=started_at,
    )


def order(name: str = "rt-main-0-1", state: OrderState = OrderState.ACCEPTED, **more) -> Order:
    intent = OrderIntent(
        client_order_id=name,
        symbol="BTC/USDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=Decimal("0.10000000"),
        price=Decimal("30000.10"),
        created_at=NOW,
    )
    return Order(intent=intent, state=state, updated_at=NOW, **more)


def fill(trade: str = "1", name: str = "rt-main-0-1", seconds: int = 0) -> Fill:
    return Fill(
        trade_id=trade,
        symbol="BTC/USDT",
        client_order_id=name,
        exchange_order_id="7",
        side=Side.BUY,
        amount=Decimal("0.04"),
        price=Decimal("30000.10"),
        fee=Decimal("0.00001"),
        fee_asset="BNB",
        time=NOW + timedelta(seconds=seconds),
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def test_what_a_run_tells_is_read_back_exactly(url: str) -> None:
    runtime = VirtualRuntime()
    log = RunLog(url, runtime, record())
    log.start()
    log.order(order())
    log.order(order(state=OrderState.PARTIALLY_FILLED, fills=(fill(),)))
    log.order(order("rt-main-0-2", OrderState.CANCELED, reason="by a person"))
    log.fill(fill())
    log.fill(fill("2", seconds=5))
    point = EquityPoint(
        run_id="run1",
        time=NOW,
        cash=Decimal("0.00000001"),
        equity=Decimal("12345678901234.56789"),
        position_value=Decimal(-3),
    )
    log.equity(point)
    bar = Bar(
        symbol="BTC/USDT",
        timeframe=Timeframe.M1,
        open_time=NOW,
        open="1",
        high="2",
        low="0.5",
        close="1.50",
    )
    log.bar(bar)
    log.state(RunState.LIVE, {"feeds": "live"})
    log.stopped("the data ended")
    assert log.close()
    with RunReader(url) as reader:
        run = reader.newest()
        assert run is not None
        assert (run.state, run.reason, run.health) == (
            RunState.STOPPED,
            "the data ended",
            {"feeds": "live"},
        )
        assert run.symbols == ("BTC/USDT", "ETH/USDT")
        assert run.started_at == NOW
        assert reader.run("run1") == run
        orders = {one.client_order_id: one for one in reader.orders("run1")}
        assert orders["rt-main-0-1"].state == "partially_filled"
        assert orders["rt-main-0-1"].filled == Decimal("0.04")
        assert orders["rt-main-0-1"].average_price == Decimal("30000.10")
        assert orders["rt-main-0-2"].reason == "by a person"
        resting = reader.orders("run1", open_only=True)
        assert [one.client_order_id for one in resting] == ["rt-main-0-1"]
        assert [one.trade_id for one in reader.fills("run1")] == ["1", "2"]
        later = reader.fills("run1", since=NOW + timedelta(seconds=1))
        assert [one.trade_id for one in later] == ["2"]
        assert reader.equity("run1") == [point]
        assert reader.bars("run1") == [bar]
        assert reader.orders("another") == []


def test_a_fill_that_is_told_twice_is_kept_once(url: str) -> None:
    log = RunLog(url, VirtualRuntime(), record())
    log.start()
    log.fill(fill())
    log.fill(fill())
    log.close()
    with RunReader(url) as reader:
        assert len(reader.fills("run1")) == 1


def test_the_newest_run_of_a_bot_is_found_and_a_silent_one_counts_as_dead(url: str) -> None:
    runtime = VirtualRuntime(start=NOW)
    logs = [
        RunLog(url, runtime, record("a", "main", NOW)),
        RunLog(url, runtime, record("b", "main", NOW + timedelta(minutes=1))),
        RunLog(url, runtime, record("c", "other", NOW + timedelta(minutes=2))),
    ]
    for log in logs:
        log.start()
    runtime.clock.sleep(21)
    for log in logs[1:]:
        log.close()
    with RunReader(url) as reader:
        newest = reader.newest("main")
        assert newest is not None
        assert newest.run_id == "b"
        assert [run.run_id for run in reader.runs()] == ["c", "b", "a"]
        beaten = reader.run("a")
        assert beaten is not None
        assert beaten.heartbeat_at == NOW + timedelta(seconds=20)
        assert "a" in [run.run_id for run in reader.alive(NOW + timedelta(seconds=45))]
        assert "a" not in [run.run_id for run in reader.alive(NOW + timedelta(seconds=51))]


def test_D01_a_database_that_cannot_be_written_is_counted_told_and_made_up_for(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = VirtualRuntime()
    log = RunLog(url, runtime, record())
    log.start()
    runtime.clock.sleep(1)
    other = sqlite3.connect(tmp_path / "store.sqlite")
    # What SQLite does of a full disk: not a page more.
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON run_fills "
        "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
    )
    other.commit()
    with caplog.at_level(logging.WARNING):
        log.fill(fill())
        runtime.clock.sleep(20)
        log.order(order())
    assert log.failures >= 3
    told = [one for one in caplog.messages if "disk is full" in one]
    assert len(told) == 1
    assert "trading goes on" in told[0]
    other.execute("DROP TRIGGER full")
    other.commit()
    other.close()
    runtime.clock.sleep(10)
    assert log.close()
    with RunReader(url) as reader:
        assert len(reader.fills("run1")) == 1
        assert len(reader.orders("run1")) == 1


def test_telling_never_waits_for_a_locked_database(url: str, tmp_path: Path) -> None:
    runtime = SystemRuntime()
    log = RunLog(url, runtime, record())
    log.start()
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = runtime.clock.monotonic()
    for number in range(1000):
        log.fill(fill(str(number)))
    assert runtime.clock.monotonic() - began < 1.0
    other.execute("ROLLBACK")
    other.close()
    assert log.close()
    runtime.close()
    with RunReader(url) as reader:
        assert len(reader.fills("run1", limit=5000)) == 1000


def test_where_no_bot_has_run_reading_says_so_and_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(StorageError, match="no bot has run here") as caught:
        RunReader(f"sqlite:///{path}")
    assert "real-trade run" in caught.value.remedy
    assert not path.exists()


def test_each_mode_has_a_file_of_its_own_unless_told_otherwise() -> None:
    assert database_url(Mode.PAPER, environ={}).endswith("paper.sqlite")
    assert database_url(Mode.TESTNET, environ={}).endswith("testnet.sqlite")
    assert str(data_folder()) in database_url(Mode.PAPER, environ={})
    assert database_url(Mode.PAPER, environ={"RT_DB_URL": "sqlite:///x"}) == "sqlite:///x"
    assert database_url(Mode.PAPER, "sqlite:///y", {"RT_DB_URL": "sqlite:///x"}) == "sqlite:///y"
