"""One writer: the kernel holds the lock, so a dead process holds none."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from real_trade.storage.engine import StorageError
from real_trade.storage.locks import AlreadyRunning, FileLock

HOLD = """
import sys
from pathlib import Path
from real_trade.storage.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_P05_a_second_process_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "state" / "account.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning) as caught:
            FileLock(path)
        assert (caught.value.pid, caught.value.host) == (first.pid, platform.node())
        assert str(first.pid) in str(caught.value)
        first.kill()
    FileLock(path).release()


def test_P07_a_lock_file_that_a_crash_left_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "account.lock"
    path.write_text(f'{{"pid": {os.getpid()}, "host": "{platform.node()}"}}')
    FileLock(path).release()


def test_a_lock_is_free_once_it_was_released(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "account.lock")
    first.release()
    first.release()
    FileLock(tmp_path / "account.lock").release()


def test_notes_go_from_holder_to_holder(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "account.lock")
    first.notes["epoch"] = 7
    first.save()
    first.release()
    second = FileLock(tmp_path / "account.lock")
    assert second.notes == {"epoch": 7}
    second.release()


@pytest.mark.parametrize("text", ["", "not json", "[1, 2]"])
def test_a_lock_file_with_nonsense_in_it_will_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "account.lock"
    path.write_text(text)
    lock = FileLock(path)
    assert lock.notes == {}
    lock.release()


def test_D08_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "account.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError):
        FileLock(tmp_path / "account.lock")
