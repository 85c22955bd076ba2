"""What a note may hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from real_trade.model import Mode
from real_trade.notifications.note import Note, at_least, calm, severity_of
from real_trade.plugins import Message, Severity
from real_trade.utils.secrets import Secret


def message(**changes):
    given = {
        "severity": Severity.WARNING,
        "title": "order refused",
        "text": "too small",
        "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "mode": Mode.TESTNET,
    }
    return Message(**(given | changes))


@pytest.mark.parametrize(
    "text", ["@everyone sell", "<@123456> sell", "<!channel> sell", "<#77>", "@here"]
)
def test_u14_nobody_is_called_by_what_an_exchange_says(text):
    told = calm(text)
    assert text not in told
    assert told.replace("\u200b", "") == text


def test_u14_long_texts_are_cut_and_say_so():
    note = Note.of(message(text="x" * 10_000, title="t" * 1000))
    assert len(note.text) == 3500
    assert note.text.endswith("…")
    assert len(note.title) == 200


def test_h18_control_characters_are_blanked():
    assert calm("a\x1b[31mred\x00\r\nb") == "a [31mred  \nb"


def test_s06_secrets_are_masked():
    secret = Secret("canary-4f6c1d9a8b7e")
    note = Note.of(message(text=f"signature={secret.reveal()}", title=secret.reveal()))
    assert secret.reveal() not in note.text + note.title


def test_a_template_shapes_the_text_and_leaves_unknown_words():
    note = Note.of(message(), "$mode $severity $time: $title / $text / $nothing")
    assert note.text == (
        "testnet warning 2026-01-02T03:04:05+00:00: order refused / too small / $nothing"
    )


def test_a_message_without_a_key_is_an_incident_by_its_title():
    assert Note.of(message()).key == "order refused"
    assert Note.of(message(key="k")).key == "k"


def test_levels_have_the_seeds_words_and_an_order():
    assert severity_of("warn") is severity_of("WARNING") is Severity.WARNING
    assert at_least(Severity.CRITICAL, Severity.ERROR)
    assert not at_least(Severity.INFO, Severity.WARNING)
    with pytest.raises(ValueError, match="no level 'loud'"):
        severity_of("loud")
