"""The journal: written before anything is sent, and never trusted once it is not whole."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from real_trade.model import (
    Evidence,
    Fill,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from real_trade.orders import Action, Finding, FindingKind, JournalError, MemoryJournal
from real_trade.orders.codec import decode, encode
from real_trade.orders.entries import Cancel, Entry, Mark, Opened, Sending, Watermark
from real_trade.orders.sql_journal import JournalScope, SqlJournal
from real_trade.runtime import VirtualRuntime
from real_trade.storage.locks import AlreadyRunning
from real_trade.utils.errors import ConfigurationError, RealTradeError

S = OrderState
SCOPE = JournalScope(exchange="fake", market="spot", account="a1b2c3", environment="demo")
TIME = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def opened(url: str, **changes: Any) -> SqlJournal:
    options: dict[str, Any] = {
        "bot": "bot1",
        "clock": VirtualRuntime().clock,
        "busy_timeout_s": 0.05,
        **changes,
    }
    scope = options.pop("scope", SCOPE)
    return SqlJournal.open(url, scope, **options)


@pytest.fixture
def journal(journal_url: str) -> Iterator[SqlJournal]:
    found = opened(journal_url)
    yield found
    found.close()


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def marks(count: int, first: int = 0) -> list[Entry]:
    return [Mark(client_order_id=f"o{number}", state=S.UNKNOWN) for number in range(count)]


def written(found: SqlJournal) -> list[Entry]:
    return [entry for entry in found.replay() if not isinstance(entry, Opened)]


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0)
times = st.datetimes(timezones=st.just(UTC))
texts = st.text(max_size=30)
fills = st.builds(
    Fill,
    trade_id=texts,
    symbol=texts,
    client_order_id=texts,
    exchange_order_id=texts,
    side=st.sampled_from(Side),
    amount=amounts,
    price=amounts,
    fee=amounts,
    fee_asset=texts,
    is_maker=st.booleans(),
    realized_pnl=st.none() | amounts,
    time=times,
)
reports = st.builds(
    OrderReport,
    client_order_id=texts,
    symbol=texts,
    state=st.sampled_from(S),
    time=times,
    evidence=st.sampled_from(Evidence),
    side=st.none() | st.sampled_from(Side),
    type=st.none() | st.sampled_from(OrderType),
    amount=st.none() | amounts,
    filled=amounts,
    fills=st.lists(fills, max_size=2).map(tuple),
    reason=texts,
    insufficient_funds=st.booleans(),
)
intents = st.builds(
    OrderIntent,
    client_order_id=texts,
    symbol=texts,
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    created_at=times,
    amount=st.none() | amounts,
    price=st.none() | amounts,
    time_in_force=st.sampled_from(TimeInForce),
    expires_at=st.none() | times,
    post_only=st.booleans(),
)
entries = st.one_of(
    fills,
    reports,
    st.builds(Sending, intent=intents, deadline=times),
    st.builds(Mark, client_order_id=texts, state=st.sampled_from(S), reason=texts),
    st.builds(Cancel, client_order_id=texts),
    st.builds(Watermark, symbol=texts, time=times),
    st.builds(Opened, epoch=st.integers(0, 2**62), bot=texts, environment=texts),
    st.builds(
        Finding,
        kind=st.sampled_from(FindingKind),
        action=st.sampled_from(Action),
        detail=texts,
    ),
)


@given(entries)
def test_S10_every_entry_comes_back_exactly_as_it_was_written(entry: Entry) -> None:
    kind, _, text = encode(entry)
    again = decode(kind, text)
    assert again == entry
    assert encode(again)[2] == text


def test_H18_half_a_surrogate_pair_in_a_message_is_no_reason_not_to_trade(
    journal: SqlJournal,
) -> None:
    odd = Finding(
        kind=FindingKind.FOREIGN_ORDER,
        action=Action.IGNORE,
        detail="\x00 \ud800 \U0001f4a5",
        client_order_id="\ud800",
    )
    journal.write([odd])
    assert written(journal) == [odd]


def test_what_was_written_is_read_again_in_order_after_a_restart(journal_url: str) -> None:
    with closing(opened(journal_url)) as first:
        first.write(marks(3))
        first.write([Cancel(client_order_id="o1")])
    with closing(opened(journal_url)) as second:
        assert written(second) == [*marks(3), Cancel(client_order_id="o1")]
        epochs = [entry.epoch for entry in second.replay() if isinstance(entry, Opened)]
        assert epochs == sorted(set(epochs))


def test_client_order_ids_never_repeat_and_fit_every_market(journal_url: str) -> None:
    names = []
    for _ in range(3):
        with closing(opened(journal_url)) as found:
            names += [found.next_client_order_id() for _ in range(50)]
    assert len(set(names)) == 150
    assert all(re.fullmatch(r"rt-bot1-[0-9a-z]+-[0-9a-z]+", name) for name in names)
    assert all(len(name) <= 36 for name in names)


def test_ids_do_not_repeat_when_the_journal_was_lost(tmp_path: Path) -> None:
    runtime = VirtualRuntime()
    with closing(opened(f"sqlite:///{tmp_path}/a.sqlite", clock=runtime.clock)) as found:
        first = found.next_client_order_id()
    shutil.rmtree(tmp_path)
    runtime.clock.sleep(1)
    with closing(opened(f"sqlite:///{tmp_path}/a.sqlite", clock=runtime.clock)) as found:
        assert found.next_client_order_id() != first
        assert found.is_own_id(first)
        assert not found.is_own_id("rt-bot2-1-1")
        assert not found.is_own_id("web_abc")


@pytest.mark.parametrize("bot", ["", "a" * 17, "with-dash", "blank here", "ümlaut", "a/b"])
def test_V12_a_bot_name_that_does_not_fit_is_refused(journal_url: str, bot: str) -> None:
    before = path_of(journal_url).read_bytes()
    with pytest.raises(ConfigurationError, match="bot name"):
        opened(journal_url, bot=bot)
    assert path_of(journal_url).read_bytes() == before


def test_P05_a_second_writer_is_refused_and_told_of_the_first(
    journal: SqlJournal, journal_url: str
) -> None:
    with pytest.raises(AlreadyRunning) as caught:
        opened(journal_url)
    assert caught.value.pid == os.getpid()
    journal.write(marks(1))


def test_P05_another_account_has_a_journal_of_its_own_in_the_same_file(
    journal: SqlJournal, journal_url: str
) -> None:
    with closing(opened(journal_url, scope=attrs.evolve(SCOPE, account="other"))) as other:
        other.write(marks(2))
        journal.write(marks(1))
        assert len(written(journal)) == 1
        assert len(written(other)) == 2


def test_S12_two_files_for_one_account_share_a_lock(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    with (
        closing(opened(f"sqlite:///{tmp_path}/a.sqlite", lock_directory=locks)),
        pytest.raises(AlreadyRunning),
    ):
        opened(f"sqlite:///{tmp_path}/b.sqlite", lock_directory=locks)


def test_X31_a_journal_of_another_environment_is_refused(journal_url: str) -> None:
    opened(journal_url).close()
    with pytest.raises(JournalError, match=r"'demo'.*'live'"):
        opened(journal_url, scope=attrs.evolve(SCOPE, environment="live"))
    opened(journal_url).close()


def test_D01_a_full_disk_refuses_the_entry_and_takes_it_once_there_is_room(
    journal: SqlJournal, journal_url: str
) -> None:
    with journal._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    big = [Mark(client_order_id="o", state=S.UNKNOWN, reason="x" * 100_000)]
    with pytest.raises(JournalError, match="full") as caught:
        journal.write(big)
    assert not caught.value.is_final
    assert "free space" in caught.value.remedy
    with journal._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=100000")
    journal.write(big)
    assert journal.verify() == 2


def test_D02_an_error_of_the_disk_closes_the_journal_for_good(journal: SqlJournal) -> None:
    def broken(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    event.listen(journal._engine, "before_cursor_execute", broken)
    with pytest.raises(JournalError, match="I/O") as caught:
        journal.write(marks(1))
    assert caught.value.is_final
    event.remove(journal._engine, "before_cursor_execute", broken)
    with pytest.raises(JournalError, match="I/O"):
        journal.write(marks(1))


def test_D03_a_locked_journal_is_waited_for_only_so_long(
    journal: SqlJournal, journal_url: str
) -> None:
    with closing(sqlite3.connect(path_of(journal_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked") as caught:
            journal.write(marks(1))
        assert not caught.value.is_final
        other.execute("ROLLBACK")
    journal.write(marks(1))
    assert len(written(journal)) == 1


def test_D04_a_log_cut_anywhere_gives_back_a_whole_number_of_commits(
    journal: SqlJournal, journal_url: str, tmp_path: Path
) -> None:
    for number in range(8):
        journal.write([Cancel(client_order_id=f"o{number}")] * 2)
    assert journal.verify() == 17
    source = path_of(journal_url)
    log = Path(f"{source}-wal").read_bytes()
    counts = set()
    for cut in [*range(0, len(log), 1536), len(log)]:
        target = tmp_path / f"cut{cut}" / "journal.sqlite"
        target.parent.mkdir()
        shutil.copy(source, target)
        Path(f"{target}-wal").write_bytes(log[:cut])
        with closing(opened(f"sqlite:///{target}")) as found:
            count = len(written(found))
        assert count % 2 == 0
        counts.add(count)
    assert counts == set(range(0, 17, 2))


CHANGES = [
    "UPDATE journal_rows SET payload = replace(payload, 'o2', 'o3') WHERE seq = 4",
    "UPDATE journal_rows SET kind = 'cancel' WHERE seq = 4",
    "UPDATE journal_rows SET client_order_id = 'x' WHERE seq = 4",
    "UPDATE journal_rows SET digest = x'00' WHERE seq = 4",
    "UPDATE journal_rows SET epoch = epoch + 1 WHERE seq = 4",
    "DELETE FROM journal_rows WHERE seq = 4",
    "DELETE FROM journal_rows WHERE seq = 1",
    "UPDATE journal_rows SET seq = 100 WHERE seq = 4",
]


@pytest.mark.parametrize("change", CHANGES)
def test_D05_a_row_that_was_changed_or_taken_out_is_noticed_at_the_next_start(
    journal_url: str, change: str
) -> None:
    with closing(opened(journal_url)) as found:
        found.write(marks(6))
    with closing(sqlite3.connect(path_of(journal_url))) as other:
        other.execute(change)
        other.commit()
    with pytest.raises(JournalError, match="damaged") as caught:
        opened(journal_url)
    assert "restore" in caught.value.remedy


def test_D05_a_flipped_bit_anywhere_is_noticed_or_does_no_harm(
    journal_url: str, tmp_path: Path
) -> None:
    with closing(opened(journal_url)) as found:
        found.write(marks(40))
    data = path_of(journal_url).read_bytes()
    assert not Path(f"{path_of(journal_url)}-wal").exists()
    noticed = 0
    for offset in range(0, len(data), 499):
        target = tmp_path / f"flip{offset}" / "journal.sqlite"
        target.parent.mkdir()
        target.write_bytes(
            data[:offset] + bytes([data[offset] ^ 1 << offset % 8]) + data[offset + 1 :]
        )
        try:
            with closing(opened(f"sqlite:///{target}")) as again:
                assert written(again) == marks(40)
        except RealTradeError as refused:
            noticed += bool(refused.remedy)
        shutil.rmtree(target.parent)
    assert noticed


def test_D06_an_older_copy_of_the_journal_is_refused(journal_url: str, tmp_path: Path) -> None:
    opened(journal_url).close()
    shutil.copy(path_of(journal_url), tmp_path / "backup")
    opened(journal_url).close()
    shutil.copy(tmp_path / "backup", path_of(journal_url))
    with pytest.raises(JournalError, match="older copy") as caught:
        opened(journal_url)
    assert ".lock" in caught.value.remedy
    path_of(journal_url).with_name(f"{SCOPE.name}.lock").unlink()
    opened(journal_url).close()


@pytest.mark.parametrize("replaced", [True, False])
def test_D07_a_journal_that_is_moved_away_while_in_use_takes_nothing_more(
    journal: SqlJournal, journal_url: str, replaced: bool
) -> None:
    path = path_of(journal_url)
    path.rename(path.with_name("moved"))
    if replaced:
        path.touch()
    with pytest.raises(JournalError, match="moved, deleted or replaced") as caught:
        journal.write(marks(1))
    assert caught.value.is_final


def test_P08_a_forked_process_cannot_write(
    journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(JournalError, match="forked"):
        journal.write(marks(1))


def test_P06_another_writer_in_the_same_database_is_noticed(
    journal: SqlJournal, journal_url: str, tmp_path: Path
) -> None:
    with closing(opened(journal_url, lock_directory=tmp_path / "elsewhere")) as other:
        other.write(marks(1))
        with pytest.raises(JournalError, match="another program writes"):
            journal.write(marks(1))
        with pytest.raises(JournalError, match="another program writes"):
            journal.write(marks(1))
        assert other.verify() == 3


def test_a_closed_journal_takes_nothing_more(journal_url: str) -> None:
    found = opened(journal_url)
    found.close()
    found.close()
    with pytest.raises(JournalError, match="closed"):
        found.write(marks(1))


def test_a_journal_in_memory_keeps_what_it_is_told_to_keep() -> None:
    keeping, forgetting = MemoryJournal("rt-a", keeps=True), MemoryJournal("rt-a")
    for found in (keeping, forgetting):
        found.write(marks(2))
    assert list(keeping.replay()) == marks(2)
    assert list(forgetting.replay()) == []
    assert keeping.next_client_order_id() != keeping.next_client_order_id()


def test_the_journal_is_imported_only_by_those_who_use_it() -> None:
    code = (
        "import real_trade.orders, sys; "
        "print([name for name in ('sqlalchemy', 'alembic', 'cattrs') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numbers_are_written_as_their_digits() -> None:
    fill = Fill(
        trade_id="1",
        symbol="BTC/USDT",
        client_order_id="o",
        exchange_order_id="x",
        side=Side.BUY,
        amount=Decimal("0.10000000"),
        price=Decimal("1E-8"),
        time=TIME,
    )
    assert '"amount":"0.10000000"' in encode(fill)[2]
    again = decode("fill", encode(fill)[2])
    assert isinstance(again, Fill)
    assert str(again.amount) == "0.10000000"
    assert again.price == Decimal("0.00000001")


WRITE = """
import sys
from datetime import UTC, datetime
from real_trade.model import OrderState
from real_trade.orders.entries import Cancel
from real_trade.orders.sql_journal import JournalScope, SqlJournal
from real_trade.runtime import SystemClock
scope = JournalScope(exchange="fake", market="spot", account="a1b2c3", environment="demo")
journal = SqlJournal.open(sys.argv[1], scope, bot="bot1", clock=SystemClock())
while True:
    name = journal.next_client_order_id()
    journal.write([Cancel(client_order_id=name)])
    print(name, flush=True)
"""


@pytest.mark.parametrize("after", [1, 20, 150])
def test_P01_what_was_written_before_a_kill_9_is_there_and_the_lock_is_free(
    journal_url: str, after: int
) -> None:
    command = [sys.executable, "-c", WRITE, journal_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(after)]
        writer.kill()
        told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    with closing(opened(journal_url)) as found:
        names = [one.client_order_id for one in written(found) if isinstance(one, Cancel)]
    assert names[: len(told)] == told
    assert len(names) - len(told) <= 1
