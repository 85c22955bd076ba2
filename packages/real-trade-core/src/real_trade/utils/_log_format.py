"""How a log record looks: a line for people, or a line of JSON. Both hold no secret.

Control characters are escaped, so that no text from outside can forge a line or move the cursor.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from real_trade.utils.redaction import CONTROLS, MASK, escape_controls, is_secret_name, redact

__all__ = ["FIELDS", "ConsoleFormatter", "JsonFormatter"]

FIELDS = "rt_fields"
"""The attribute of a log record that holds an event's keys and values."""

_DEEPEST = 6
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "_exc_text"),
    *(FIELDS, "_rt_plain"),
}
_COLORS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "1;31", "DEBUG": "2"}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return an event's own keys, and those of `extra` where the standard logger was used."""
    extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    return {**extra, **getattr(record, FIELDS, {})}


def _plain_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the record's keys and values, cleaned once for all handlers."""
    plain: dict[str, Any] | None = vars(record).get("_rt_plain")
    if plain is None:
        plain = _plain(_fields(record))
        vars(record)["_rt_plain"] = plain
    return plain


def _plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON can hold it, without secrets."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if isinstance(value, (str, Decimal)):
        return redact(str(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if depth < _DEEPEST and isinstance(value, Mapping):
        # A secret under a telling name shows only together with that name.
        return {
            redact(str(key)): _plain(_hidden_by_name(str(key), item), depth + 1)
            for key, item in value.items()
        }
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    return redact(repr(value))


def _hidden_by_name(key: str, value: Any) -> Any:
    return MASK if value and isinstance(value, (str, bytes)) and is_secret_name(key) else value


class _Formatter(logging.Formatter):
    """What both looks share."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        return redact(super().formatException(ei))

    def traceback(self, record: logging.LogRecord) -> str:
        """Return the record's traceback and stack, or ""."""
        parts = []
        if record.exc_info and record.exc_info[0] is not None:
            parts.append(self.formatException(record.exc_info))
        elif record.exc_text:
            parts.append(redact(record.exc_text))
        if record.stack_info:
            parts.append(redact(record.stack_info))
        return "\n".join(parts)


class JsonFormatter(_Formatter):
    """One JSON object a line: time (UTC), level, logger, event, mode, then the event's own keys."""

    def __init__(self, mode: str = "") -> None:
        super().__init__()
        self._mode = mode

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        time = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
        }
        if self._mode:
            line["mode"] = self._mode
        for key, value in _plain_fields(record).items():
            line[f"{key}_" if key in line else key] = value
        if text := self.traceback(record):
            line["exception"] = text
        return CONTROLS.sub(_json_escape, json.dumps(line, ensure_ascii=False))


def _json_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


class ConsoleFormatter(_Formatter):
    """A line for people: time (UTC), level, mode, logger, event, key=value.

    With `fmt`, the line is what that format of the standard library makes of it.
    """

    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(self, fmt: str | None = None, mode: str = "", color: bool = False) -> None:
        super().__init__(fmt)
        self._own = fmt is None
        self._mode = mode
        self._color = color

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the record's time in UTC."""
        time = datetime.fromtimestamp(record.created, UTC)
        return time.strftime(datefmt or "%Y-%m-%d %H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line, with its traceback indented below."""
        event = escape_controls(redact(record.getMessage()))
        details = " ".join(f"{key}={_shown(value)}" for key, value in _plain_fields(record).items())
        message = f"{event}  {details}" if details else event
        line = self._own_line(record, message) if self._own else self._line(record, message)
        text = self.traceback(record)
        below = [f"  | {escape_controls(each)}" for each in text.splitlines()]
        return "\n".join([line, *below])

    def _own_line(self, record: logging.LogRecord, message: str) -> str:
        level = f"{record.levelname:<8}"
        if self._color and record.levelname in _COLORS:
            level = f"\x1b[{_COLORS[record.levelname]}m{level}\x1b[0m"
        parts = [self.formatTime(record), level, self._mode, escape_controls(record.name), message]
        return " ".join(part for part in parts if part)

    def _line(self, record: logging.LogRecord, message: str) -> str:
        record.message = message
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        return redact(self.formatMessage(record))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = escape_controls(text)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or "=" in text else text
