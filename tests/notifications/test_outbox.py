"""The way to one channel: bounded, one incident once, tried again, never in the caller's way."""

from __future__ import annotations

import attrs
import pytest

from real_trade.notifications.outbox import Outbox, Pace
from real_trade.plugins import Severity
from real_trade.runtime import SystemRuntime


@pytest.fixture
def box(chat, runtime):
    return Outbox(chat, runtime)


def test_a_note_arrives_without_the_caller_waiting(box, chat, runtime, note):
    assert box.put(note("first"))
    assert chat.titles == []
    runtime.clock.sleep(0.1)
    assert chat.titles == ["first"]


def test_u13_a_storm_of_one_incident_is_told_once_and_then_as_a_digest(box, chat, runtime, note):
    for number in range(1000):
        box.put(note("refused", text=f"order {number}"))
    runtime.clock.sleep(30)
    assert chat.titles == ["refused"]
    runtime.clock.sleep(31)
    assert chat.titles == ["refused", "refused (and 998 more)"]
    assert chat.notes[-1].text == "order 999"


def test_after_a_digest_the_next_note_goes_at_once_again(box, chat, runtime, note):
    box.put(note("lost"))
    runtime.clock.sleep(61)
    box.put(note("lost"))
    runtime.clock.sleep(1)
    assert chat.titles == ["lost", "lost"]


def test_what_gets_worse_is_told_at_once(box, chat, runtime, note):
    box.put(note("stream", key="stream"))
    box.put(note("stream lost", Severity.ERROR, key="stream"))
    runtime.clock.sleep(1)
    assert chat.titles == ["stream", "stream lost"]


def test_many_incidents_in_a_minute_become_one_digest_but_alarms_do_not(box, chat, runtime, note):
    for number in range(50):
        box.put(note(f"fill {number}"))
    box.put(note("halt", Severity.CRITICAL))
    runtime.clock.sleep(5)
    assert len(chat.titles) == 21
    assert chat.titles[-1] == "halt"
    runtime.clock.sleep(60)
    assert chat.titles[-1] == "fill 49 (and 29 more)"


def test_a_failed_note_is_tried_again_with_growing_pauses(make_chat, runtime, note):
    chat = make_chat(fails=2)
    box = Outbox(chat, runtime)
    before = runtime.clock.monotonic()
    box.put(note("late"))
    runtime.clock.sleep(0.1)
    assert (chat.tries, chat.titles, box.failing) == (3, ["late"], "")
    assert runtime.clock.monotonic() - before == pytest.approx(5.0)


def test_what_never_arrives_is_given_up_and_told(make_chat, runtime, note):
    ended = []
    box = Outbox(make_chat(fails=99), runtime, done=lambda note, ok: ended.append((note.title, ok)))
    box.put(note("gone"))
    runtime.clock.sleep(10)
    assert ended == [("gone", False)]


def test_u12_the_oldest_are_dropped_and_counted_while_a_channel_hangs(make_chat, runtime, note):
    class Hanging:
        name = "hanging"
        took = ()

        def send(self, note):
            runtime.clock.sleep(120)
            self.took = (*self.took, note.title)

    channel = Hanging()
    box = Outbox(channel, runtime, Pace(waiting=3, a_minute=100))
    for number in range(6):
        box.put(note(f"note {number}"))
    assert box.dropped == 3
    runtime.clock.sleep(1000)
    assert channel.took == ("note 3", "note 4", "note 5")


def test_flush_brings_out_what_is_held_back(box, chat, note):
    box.put(note("fill", text="one"))
    box.put(note("fill", text="two"))
    assert box.flush()
    assert [one.text for one in chat.notes] == ["one", "two"]


def test_on_real_threads_put_returns_while_the_channel_blocks(note):
    runtime = SystemRuntime()
    started = []

    class Slow:
        name = "slow"

        def send(self, note):
            started.append(note.title)
            runtime.clock.sleep(0.3)

    box = Outbox(Slow(), runtime)
    before = runtime.clock.monotonic()
    for number in range(10):
        box.put(note(f"note {number}"))
    assert runtime.clock.monotonic() - before < 0.2
    assert not box.flush(0.1)
    assert box.flush(5)
    assert len(started) == 10
    box.close()
    runtime.close()


def test_notes_are_values(note):
    assert attrs.evolve(note("a"), title="b").title == "b"
