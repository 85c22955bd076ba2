"""Times in microseconds, for clients that ask for them.

Source: spot documentation, rest-api.md, "General API Information" (header X-MBX-TIME-UNIT), and
web-socket-streams.md (parameter timeUnit).
"""

from __future__ import annotations

from typing import Any

from real_trade.simulator.errors import ApiError

__all__ = ["event_in_microseconds", "reply_in_microseconds", "wants_microseconds"]

_REPLY_KEYS = frozenset(
    {
        "serverTime",
        "time",
        "transactTime",
        "transactionTime",
        "workingTime",
        "updateTime",
        "trailingTime",
        "openTime",
        "closeTime",
        "authorizedSince",
        "connectedSince",
        "T",
    }
)
_EVENT_KEYS: dict[str, tuple[str, ...]] = {
    "24hrTicker": ("E", "O", "C"),
    "executionReport": ("E", "T", "O", "W", "D"),
    "outboundAccountPosition": ("E", "u"),
    "kline": ("E",),
    "depthUpdate": ("E",),
}
_OTHER_KEYS = ("E", "T")
_KLINE_COLUMNS = 12


def wants_microseconds(text: str) -> bool:
    """Return whether `text` asks for microseconds; "" does not.

    Raises:
        ApiError: -1194 for any other word.
    """
    if text in {"", "MILLISECOND", "millisecond"}:
        return False
    if text in {"MICROSECOND", "microsecond"}:
        return True
    raise ApiError(
        -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    )


def reply_in_microseconds(value: Any) -> Any:
    """Return a reply with its times in microseconds."""
    if isinstance(value, dict):
        return {
            key: one * 1000
            if key in _REPLY_KEYS and isinstance(one, int) and one >= 0
            else reply_in_microseconds(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        if len(value) == _KLINE_COLUMNS and isinstance(value[0], int):
            return [value[0] * 1000, *value[1:6], value[6] * 1000 + 999, *value[7:]]
        return [reply_in_microseconds(one) for one in value]
    return value


def event_in_microseconds(value: Any) -> Any:
    """Return a stream's message with its times in microseconds."""
    if isinstance(value, list):
        return [event_in_microseconds(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for key in _EVENT_KEYS.get(str(value.get("e")), _OTHER_KEYS):
        time = found.get(key)
        if isinstance(time, int) and time >= 0:
            found[key] = time * 1000
    if isinstance(found.get("k"), dict):
        bar = found["k"]
        found["k"] = {**bar, "t": bar["t"] * 1000, "T": bar["T"] * 1000 + 999}
    return found
