"""One request to one endpoint, whichever way it came, and the door that it has to pass."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from real_trade.simulator.accounts import Accounts
from real_trade.simulator.errors import ApiError, mandatory
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.signing import ApiKey

__all__ = ["Call", "Endpoint", "Handler", "Security", "check_key", "check_time"]

_WINDOW_MS = 5000
_WINDOW_LONGEST_MS = 60_000
_AHEAD_MS = 1000
_MICROSECONDS = 10**14


class Security(Enum):
    """What an endpoint asks for (spot documentation, rest-api.md, "Request security")."""

    NONE = "NONE"
    KEY = "USER_STREAM"  # a key, no signature
    READ = "USER_DATA"
    TRADE = "TRADE"

    @property
    def is_signed(self) -> bool:
        """Whether a signature and a timestamp are needed."""
        return self in {Security.READ, Security.TRADE}


@attrs.define(kw_only=True)
class Call:
    """One request: its parameters, who sent it, and when it arrived."""

    params: Parameters
    now: int
    ip: str
    account: str = ""
    key: ApiKey | None = None
    socket: Any = None


Handler = Callable[[Call], Any]


@attrs.frozen(kw_only=True)
class Endpoint:
    """One thing that can be asked for, over REST, the websocket API, or both.

    Attributes:
        weight: request weight, or how to tell it from the parameters.
        free: it costs no weight when it succeeds.
        orders: how many orders it adds to the unfilled-order count.
    """

    name: str
    handler: Handler
    security: Security = Security.NONE
    weight: int | Callable[[Parameters], int] = 1
    free: bool = False
    orders: int = 0

    def weight_of(self, params: Parameters) -> int:
        """Return what this request weighs."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


def check_key(
    accounts: Accounts, key: str, ip: str, security: Security, *, futures: bool = False
) -> ApiKey:
    """Return the key's record.

    Raises:
        ApiError: -2014 for what cannot be a key, -2015 for one that may not do this.
    """
    if not key or not key.isalnum() or len(key) > 128:
        raise ApiError(-2014, "API-key format invalid.", status=401)
    known = accounts.keys.get(key)
    may = known is not None and not known.revoked and (not known.ip or known.ip == ip)
    if may and known is not None:
        if security is Security.READ:
            may = known.can_read
        elif security is Security.TRADE:
            may = known.can_trade_futures if futures else known.can_trade_spot
    if known is None or not may:
        raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    return known


def check_time(params: Parameters, now: int, *, enforce: bool = True) -> None:
    """Judge timestamp and recvWindow; called again just before the matching engine.

    Source: spot documentation, rest-api.md, "Timing security".

    Raises:
        ApiError: -1021 outside the window, -1102 for a window that is too long.
    """
    sent = params.integer("timestamp")
    if sent is None:
        raise mandatory("timestamp")
    if sent > _MICROSECONDS:
        sent //= 1000
    window = params.number("recvWindow", 3)
    if window is None:
        window = Decimal(_WINDOW_MS)
    if window > _WINDOW_LONGEST_MS:
        raise ApiError(
            -1102,
            f"'recvWindow' contains unexpected value. Cannot be greater than {_WINDOW_LONGEST_MS}.",
        )
    if not enforce:
        return
    if sent >= now + _AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > window:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
