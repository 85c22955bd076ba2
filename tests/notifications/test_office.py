"""Who is told what: levels, quiet hours, the second channel, the siren."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from real_trade.model import Mode
from real_trade.notifications.office import Office
from real_trade.notifications.settings import NotificationSettings, QuietHours, address_of
from real_trade.notifications.siren import Siren
from real_trade.plugins import Message, Severity
from real_trade.runtime import VirtualRuntime
from real_trade.utils.errors import ConfigurationError


def office(settings, channels, runtime, tmp_path, second=None):
    made = NotificationSettings(**settings)
    return Office(made, channels, runtime, second=second, siren=Siren(tmp_path / "SIREN.txt"))


def test_each_channel_hears_from_its_own_level_on(make_chat, runtime, note, tmp_path):
    loud, calm = make_chat("telegram"), make_chat("email")
    settings = {"channels": ["telegram", "email"], "levels": {"email": "error"}}
    told = office(settings, [loud, calm], runtime, tmp_path)
    told.tell(note("fill"))
    told.tell(note("halt", Severity.CRITICAL))
    runtime.clock.sleep(1)
    assert loud.titles == ["fill", "halt"]
    assert calm.titles == ["halt"]


def test_u15_an_alarm_that_no_channel_takes_goes_to_the_second(make_chat, runtime, note, tmp_path):
    broken, second = make_chat("telegram", fails=99), make_chat("email")
    told = office({"channels": ["telegram"]}, [broken], runtime, tmp_path, second)
    told.tell(note("halt", Severity.CRITICAL))
    told.tell(note("fill"))
    runtime.clock.sleep(60)
    assert second.titles == ["halt"]
    assert told.siren.lines() == []
    assert "out of order" in told.failing["telegram"]


def test_u15_and_then_into_the_siren_file(make_chat, runtime, note, tmp_path):
    channels = [make_chat("telegram", fails=99), make_chat("discord", fails=99)]
    second = make_chat("email", fails=99)
    told = office({"channels": ["telegram", "discord"]}, channels, runtime, tmp_path, second)
    told.tell(note("halt", Severity.CRITICAL, text="drawdown 21 %"))
    runtime.clock.sleep(60)
    (line,) = told.siren.lines()
    assert "critical halt: drawdown 21 %" in line


def test_without_any_channel_an_alarm_is_in_the_siren_file_at_once(runtime, note, tmp_path):
    told = office({}, [], runtime, tmp_path)
    told.tell(note("halt", Severity.ERROR))
    told.tell(note("fill"))
    assert len(told.siren.lines()) == 1


def test_one_of_two_channels_is_enough(make_chat, runtime, note, tmp_path):
    channels = [make_chat("telegram", fails=99), make_chat("discord")]
    told = office({"channels": ["telegram", "discord"]}, channels, runtime, tmp_path)
    told.tell(note("halt", Severity.CRITICAL))
    runtime.clock.sleep(60)
    assert channels[1].titles == ["halt"]
    assert told.siren.lines() == []


def test_a_repeated_alarm_raises_no_second_siren(make_chat, runtime, note, tmp_path):
    chat = make_chat()
    told = office({"channels": ["chat"]}, [chat], runtime, tmp_path)
    for _ in range(5):
        told.tell(note("unknown", Severity.ERROR))
    runtime.clock.sleep(61)
    assert chat.titles == ["unknown", "unknown (and 3 more)"]
    assert told.siren.lines() == []


def test_in_quiet_hours_only_alarms_are_told_and_the_rest_in_the_morning(make_chat, note, tmp_path):
    runtime = VirtualRuntime(7, start=datetime(2026, 1, 1, 23, 30, tzinfo=UTC))
    chat = make_chat()
    settings = {"channels": ["chat"], "quiet_hours": "22:00-07:00"}
    told = office(settings, [chat], runtime, tmp_path)
    told.tell(note("fill one", text="buy"))
    told.tell(note("fill two"))
    told.tell(note("halt", Severity.CRITICAL))
    runtime.clock.sleep(60)
    assert chat.titles == ["halt"]
    runtime.clock.sleep(timedelta(hours=7, minutes=30).total_seconds())
    assert chat.titles == ["halt", "2 messages from the quiet hours"]
    assert chat.notes[-1].text == "fill one: buy\nfill two"


def test_quiet_hours_are_those_of_the_zone(make_chat, note, tmp_path):
    runtime = VirtualRuntime(7, start=datetime(2026, 7, 1, 14, 0, tzinfo=UTC))
    settings = {"channels": ["chat"], "quiet_hours": "22:00-07:00", "tz": "Asia/Shanghai"}
    chat = make_chat()
    office(settings, [chat], runtime, tmp_path).tell(note("fill"))
    runtime.clock.sleep(60)
    assert chat.titles == []


def test_flush_does_not_wait_for_the_morning(make_chat, note, tmp_path):
    runtime = VirtualRuntime(7, start=datetime(2026, 1, 1, 23, 30, tzinfo=UTC))
    chat = make_chat()
    told = office({"channels": ["chat"], "quiet_hours": "22:00-07:00"}, [chat], runtime, tmp_path)
    told.tell(note("stopped"))
    told.flush()
    assert chat.titles == ["1 messages from the quiet hours"]


def test_messages_become_notes(make_chat, runtime, tmp_path):
    chat = make_chat()
    told = office({"channels": ["chat"], "template": "$mode: $text"}, [chat], runtime, tmp_path)
    told.deliver(
        Message(
            severity=Severity.INFO,
            title="fill",
            text="buy",
            time=runtime.clock.now(),
            mode=Mode.PAPER,
        )
    )
    runtime.clock.sleep(1)
    assert chat.notes[0].text == "paper: buy"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"channels": ["Tele Gram"]}, "no name of a channel"),
        ({"channels": ["a", "a"]}, "twice"),
        ({"level": "loud"}, "no level"),
        ({"quiet_hours": "22-7"}, "no span"),
        ({"quiet_hours": "25:00-07:00"}, "no span"),
        ({"tz": "Mars/Olympus"}, "no time zone"),
        ({"levels": {"email": "error"}}, "no channel"),
        ({"digest_s": 0}, "not positive"),
        ({"a_minute": -1}, "not positive"),
        ({"daily_at": "8 o'clock"}, "no span"),
    ],
)
def test_wrong_settings_say_what_is_wrong(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        NotificationSettings(**settings)


@pytest.mark.parametrize(
    ("at", "seconds"),
    [("21:59", 0), ("22:00", 9 * 3600), ("06:59", 60), ("07:00", 0), ("12:00", 0)],
)
def test_quiet_hours_over_midnight(at, seconds):
    hour, minute = map(int, at.split(":"))
    now = datetime(2026, 1, 1, hour, minute, tzinfo=UTC)
    assert QuietHours.parse("22:00-07:00").hold(now) == seconds


def test_addresses_are_secrets_by_the_channels_name(tmp_path):
    found = address_of("telegram", {"RT_NOTIFY_TELEGRAM": "tgram://token/chat"}, tmp_path)
    assert found.reveal() == "tgram://token/chat"
    with pytest.raises(ConfigurationError, match="notify_email") as caught:
        address_of("email", {}, tmp_path)
    assert "RT_NOTIFY_EMAIL" in str(caught.value.remedy)


def test_the_siren_stays_until_a_person_clears_it(tmp_path, note):
    siren = Siren(tmp_path / "deep" / "SIREN.txt")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    siren.sound(note("halt", Severity.CRITICAL, text="a\nb"), now)
    assert siren.lines() == ["2026-01-01T00:00:00+00:00 critical halt: a b"]
    siren.path.write_text("x" * (2 << 20), encoding="utf-8")
    siren.sound(note("more"), now)
    assert len(siren.lines()) == 1
    siren.clear()
    assert siren.lines() == []
