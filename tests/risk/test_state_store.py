"""The state's file: whole or not at all, checked, and private."""

from __future__ import annotations

import os
import stat

import pytest

from real_trade.model import Side
from real_trade.risk import FileStateStore, KillSwitch, RiskGuard
from real_trade.risk.state_store import DamagedState


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "risk.json"


def test_what_is_saved_and_noted_is_loaded_by_the_next_process(path):
    store = FileStateStore(path)
    assert store.load() is None
    store.save({"a": 1})
    store.note(["order", 1])
    store.note(["order", 2])
    found = FileStateStore(path).load()
    assert (found.state, found.notes) == ({"a": 1}, (["order", 1], ["order", 2]))


def test_a_save_takes_the_place_of_notes(path):
    store = FileStateStore(path)
    store.save({"a": 1})
    store.note(["x"])
    store.save({"a": 2})
    assert FileStateStore(path).load().notes == ()


def test_notes_of_an_older_state_are_not_taken_for_new_ones(path):
    store = FileStateStore(path)
    store.save({"a": 1})
    store.note(["old"])
    notes = path.with_name("risk.json.notes").read_bytes()
    store.save({"a": 2})
    path.with_name("risk.json.notes").write_bytes(notes)  # a crash between the two writes
    assert FileStateStore(path).load().notes == ()


def test_a_note_cut_off_by_a_crash_is_left_out(path):
    store = FileStateStore(path)
    store.save({})
    store.note(["one"])
    store.note(["two"])
    file = path.with_name("risk.json.notes")
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        notes = FileStateStore(path).load().notes
        assert notes in [(), (["one"],)]


def test_every_damaged_byte_of_the_state_is_noticed(path):
    FileStateStore(path).save({"limit": "reached"})
    whole = path.read_bytes().rstrip(b"\n")
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DamagedState):
            FileStateStore(path).load()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"00000000 {}"])
def test_a_file_that_is_none_of_ours_is_refused(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DamagedState):
        FileStateStore(path).load()


def test_a_damaged_note_before_others_is_noticed(path):
    store = FileStateStore(path)
    store.save({})
    store.note(["one"])
    store.note(["two"])
    file = path.with_name("risk.json.notes")
    file.write_bytes(file.read_bytes().replace(b"one", b"0ne"))
    with pytest.raises(DamagedState):
        FileStateStore(path).load()


def test_a_save_that_fails_leaves_the_old_state(path, monkeypatch):
    store = FileStateStore(path)
    store.save({"a": 1})

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="space"):
            store.save({"a": 2})
    assert FileStateStore(path).load().state == {"a": 1}


@pytest.mark.skipif(os.name == "nt", reason="no permission bits")
def test_the_files_are_the_owner_s_alone(path):
    store = FileStateStore(path)
    store.save({})
    store.note([])
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_note_before_a_state_is_refused(path):
    with pytest.raises(RuntimeError, match="save"):
        FileStateStore(path).note([])


def test_a_guard_remembers_in_a_file(world, path):
    one = world(max_daily_trades=1)
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    one.trade(Side.BUY, 1)
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    assert one.ask(Side.BUY, 1).code == "max_daily_trades"


def test_a_damaged_file_halts_and_is_replaced_once_a_person_resumes(world, path):
    one = world()
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    one.trade(Side.BUY, 1)
    path.write_bytes(b"nothing of the kind")
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    assert one.ask(Side.BUY, 1).code == "halted"
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    assert one.ask(Side.BUY, 1).code == "halted"
    one.guard.resume(time=one.time, by="ada")
    one.guard = RiskGuard(one.limits, FileStateStore(path))
    assert one.ask(Side.BUY, 1) is None


def test_the_kill_switch_keeps_its_word_in_a_file(path, start):
    KillSwitch(FileStateStore(path)).engage(time=start, by="ada", reason="fire", flatten=True)
    found = KillSwitch(FileStateStore(path)).state
    assert (found.by, found.reason, found.since, found.flatten) == ("ada", "fire", start, True)
