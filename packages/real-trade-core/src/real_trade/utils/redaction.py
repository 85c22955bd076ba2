"""Takes secrets out of text: those that are known, in any usual encoding, and what looks like one.

Every `Secret` makes itself known here. From the first one on, each record of the standard library's
logging is cleaned as well, whoever logs it and wherever it goes, its traceback included.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import threading
from urllib.parse import quote, quote_plus

__all__ = [
    "CONTROLS",
    "MASK",
    "encodings",
    "escape_controls",
    "is_secret_name",
    "redact",
    "register",
    "registered",
]

MASK = "***"
_SHORTEST = 8  # anything shorter is a word: masking it would hide half of the log

# What each pattern has at least: most lines have none of it, and one search tells.
_SUSPECT = re.compile(
    r"signature|listen|key|secret|pass|token|authorization|://|\d:|/bot|hooks|/hook/|sign=|/ws/|"
    r"/stream/",
    re.IGNORECASE,
)
# C0, C1, line and paragraph separators, direction overrides, lone surrogates.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What could forge a line of a log, move a cursor, or not be written at all."""

_known: dict[str, tuple[str, ...]] = {}
_lock = threading.Lock()

_NAMES = (
    r"signature|listen_?key|api_?key|api_?secret|secret(?:_?key)?|passphrase|password|passwd|"
    r"(?:access_|bot_|refresh_)?token|x-mbx-apikey|authorization|private_?key"
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        # signature=…, apiKey=…, token=… in queries and keyword arguments
        (rf"\b({_NAMES})(=|%3d)(?!Secret\(|None\b|'?\*\*\*)(['\"]?)[^\s&'\"<>,;)]+", r"\1\2\3***"),
        # "apiKey": "…" in JSON and in a dict's repr
        (
            rf"(['\"])({_NAMES})(\\?['\"]\s*:\s*b?\\?['\"])(?!\*\*\*)[^'\"\\]+",
            r"\1\2\3***",
        ),
        # X-MBX-APIKEY: …, Authorization: Bearer … in headers
        (r"\b(x-mbx-apikey|authorization)(\s*:\s*(?:bearer |basic )?)[^\s'\",]+", r"\1\2***"),
        # https://user:password@host, postgresql://…
        (r"(\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:)[^\s/@'\"]+@", r"\1***@"),
        # bot tokens, in the address and alone
        (r"(/bot)\d{5,}(?::|%3a)[\w-]{20,}", r"\1***"),
        (r"\b\d{6,}:[A-Za-z0-9_-]{30,}", MASK),
        (r"([?&]sign=)[^\s&'\"]+", r"\1***"),
        # webhooks whose address is the secret
        (r"(hooks\.slack\.com/services/)[\w/-]+", r"\1***"),
        (r"(/api/webhooks/\d+/)[\w-]+", r"\1***"),
        (r"(/open-apis/bot/v2/hook/)[\w-]+", r"\1***"),
        (r"(/webhook/send\?key=)[\w-]+", r"\1***"),
        # a listen key as part of a stream's address
        (r"(/(?:ws|stream)/)[A-Za-z0-9]{50,}", r"\1***"),
        (
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            "-----PRIVATE KEY ***-----",
        ),
    )
)


def register(text: str) -> None:
    """Make `text` known as a secret; too short a text is not worth hiding and is left out."""
    if len(text) < _SHORTEST or text in _known:
        return
    with _lock:
        _known[text] = encodings(text)
        _guard_log_records()


def registered(text: str) -> bool:
    """Return whether `text` is masked wherever it would appear."""
    return text in _known


def redact(text: str) -> str:
    """Return `text` without what is known, or looks like, a secret."""
    if len(text) >= _SHORTEST:
        for needles in tuple(_known.values()):
            for needle in needles:
                if needle in text:
                    text = text.replace(needle, MASK)
    if _SUSPECT.search(text):
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    return text


def escape_controls(text: str) -> str:
    """Return `text` with control characters written out: a line break as `\\n`."""
    return CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)


def is_secret_name(name: str) -> bool:
    """Return whether what is called `name` is a secret, such as `apiKey` or `password`."""
    return _SECRET_NAME.fullmatch(name) is not None


def encodings(text: str) -> tuple[str, ...]:
    """Return `text` in the forms in which it may turn up, longest first."""
    raw = text.encode("utf-8", "surrogatepass")
    percent = quote(text, safe="", errors="surrogatepass")
    spelled = (text, text[::-1], text.lower(), text.upper())
    forms = {
        percent,
        percent.lower(),
        quote(percent, safe=""),
        quote_plus(text, errors="surrogatepass"),
        quote(text, errors="surrogatepass"),
        base64.b32encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        raw.hex(":"),
        *spelled,
        *(escaped for form in spelled for escaped in _escaped(form)),
        *_base64_cores(raw),
    }
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True))


def _escaped(text: str) -> set[str]:
    return {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        repr(text.encode("utf-8", "surrogatepass"))[2:-1],
        html.escape(text),
    }


def _base64_cores(raw: bytes) -> set[str]:
    """Return what base64 makes of `raw` wherever it stands in a longer text (`user:secret`)."""
    cores = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        # The first and last characters depend on what stands beside the secret.
        core = encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        cores |= {core, core.replace("+", "-").replace("/", "_"), quote(core, safe="")}
    return cores


class _CleanRecord(logging.LogRecord):
    """A log record whose message and traceback hold no secret, whichever handler asks."""

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        text = redact(super().getMessage())
        # What others say is theirs; our own lines are safe in their handlers too.
        return escape_controls(text) if self.name.startswith("real_trade") else text

    @property
    def exc_text(self) -> str | None:
        text = self.__dict__.get("_exc_text")
        return None if text is None else str(text)

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self.__dict__["_exc_text"] = None if text is None else redact(text)


def _guard_log_records() -> None:
    # A factory of somebody else's is left alone; our own handlers clean what comes from it.
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(_CleanRecord)
