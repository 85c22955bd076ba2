"""A store's file: durable, for its owner alone, and refused where it would not be safe."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from real_trade.storage.engine import StorageError, open_engine
from real_trade.storage.filesystem import filesystem_of

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /data rw - nfs4 server:/export rw
31 30 0:41 / /data/my\\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /tmp rw - tmpfs tmpfs rw
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_store_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "store.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    assert mode(path.parent) == 0o700
    assert {mode(one) for one in path.parent.iterdir()} == {0o600}
    engine.dispose()


def test_H22_a_store_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.touch(0o644)
    open_engine(f"sqlite:///{path}").dispose()
    assert mode(path) == 0o600


def test_what_is_committed_is_synced(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


@pytest.mark.parametrize("kind", ["directory", "link", "under a file", "device"])
def test_D08_a_place_that_will_not_do_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "store.sqlite"
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "elsewhere").touch()
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "under a file":
        path.touch()
        path = path / "store.sqlite"
    else:
        path = Path(os.devnull)
    with pytest.raises(StorageError) as caught:
        open_engine(f"sqlite:///{path}")
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"my diary\n" * 1000)
    with pytest.raises(StorageError, match="cannot be opened"):
        open_engine(f"sqlite:///{path}")
    assert path.read_bytes() == b"my diary\n" * 1000


def test_a_store_in_memory_is_refused() -> None:
    with pytest.raises(StorageError, match="forgets"):
        open_engine("sqlite://")


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://host/name"])
def test_a_url_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_engine(url)
    assert "sqlite:///" in caught.value.remedy


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(StorageError) as caught:
        open_engine("postgresql+psycopg://bot:hunter2@127.0.0.1:1/name")
    assert "hunter2" not in str(caught.value)


def test_a_store_in_use_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    engine = open_engine(f"sqlite:///{path}", busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Exception, match="locked"), engine.begin():
        pass
    other.close()
    engine.dispose()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me", "ext4"),
        ("/data/state", "nfs4"),
        ("/data/my disk/state", "xfs"),
        ("/database", "ext4"),
    ],
)
def test_D09_the_file_system_of_a_path_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert filesystem_of(Path(path), MOUNTS) == kind


def test_D09_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("real_trade.storage.engine.filesystem_of", lambda path: "nfs4")
    with pytest.raises(StorageError, match="network file system"):
        open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    assert list(tmp_path.iterdir()) == []


def test_another_process_does_not_take_the_log_from_under_a_store_that_is_open_twice(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    first = open_engine(url)
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    second = open_engine(url)  # as a run's log beside its journal
    look = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "print(c.execute('SELECT count(*) FROM t').fetchone()[0])\n"
        "c.close()\n"
    )

    def seen() -> str:
        command = [sys.executable, "-c", look, str(tmp_path / "store.sqlite")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert seen() == "0"
    for engine in (first, second):
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
    assert seen() == "2"
    first.dispose()
    second.dispose()
