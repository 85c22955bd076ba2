"""One thing to tell a person, fit for any service: short, plain and free of secrets."""

from __future__ import annotations

import re
from string import Template

import attrs

from real_trade.plugins import Message, Severity
from real_trade.utils.redaction import redact

__all__ = ["LEVELS", "Note", "at_least", "calm", "severity_of"]

# The seed's words, and those of Python's logging.
LEVELS = {
    "info": Severity.INFO,
    "warn": Severity.WARNING,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
    "critical": Severity.CRITICAL,
}
_ORDER = [Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL]
_LONGEST_TITLE, _LONGEST_TEXT = 200, 3500
# What chats turn into a call of many people, or into a link to one of them.
_MENTION = re.compile(r"@(?=\w)|<(?=[@!#])")
_ZERO_WIDTH = "\u200b"


@attrs.frozen(kw_only=True)
class Note:
    """What a channel sends.

    Attributes:
        key: names the incident; notes of one key within a while become one digest.
        picture: path of an image that goes along where the service takes one.
    """

    severity: Severity
    title: str
    text: str = ""
    key: str = ""
    picture: str = ""

    @classmethod
    def of(cls, message: Message, template: str = "") -> Note:
        """Return a message as a note: redacted, without mentions, cut to what every chat takes."""
        text = message.text
        if template:
            text = Template(template).safe_substitute(
                title=message.title,
                text=message.text,
                severity=message.severity.value,
                time=message.time.isoformat(timespec="seconds"),
                mode=message.mode.value,
            )
        return cls(
            severity=message.severity,
            title=calm(message.title, _LONGEST_TITLE).replace("\n", " "),
            text=calm(text, _LONGEST_TEXT),
            key=message.key or message.title,
        )


def calm(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return text that calls nobody, holds no secret and no control character, and is short."""
    printable = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    quiet = _MENTION.sub(lambda found: found.group() + _ZERO_WIDTH, redact(printable))
    return quiet if len(quiet) <= longest else f"{quiet[: longest - 1]}…"


def severity_of(level: str | Severity) -> Severity:
    """Return the severity that a level names.

    Raises:
        ValueError: there is no such level.
    """
    if isinstance(level, Severity):
        return level
    try:
        return LEVELS[level.lower()]
    except KeyError:
        raise ValueError(f"no level {level!r} (they are: {', '.join(LEVELS)})") from None


def at_least(severity: Severity, lowest: Severity) -> bool:
    """Return whether a severity is `lowest` or worse."""
    return _ORDER.index(severity) >= _ORDER.index(lowest)
