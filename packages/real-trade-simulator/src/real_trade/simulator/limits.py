"""Rate limits: request weight and raw requests by address, orders by account, and bans.

Source: spot documentation, rest-api.md, "LIMITS", and faqs/order_count_decrement.md.
"""

from __future__ import annotations

from typing import Any

import attrs

from real_trade.simulator.errors import ApiError

__all__ = ["Limits", "OrderCounts", "RateLimit", "Window"]

_INTERVALS_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_BAN_FIRST_MS = 120_000
_BAN_LONGEST_MS = 3 * 86_400_000
_BAN_AFTER = 50  # requests that kept coming although the answer was 429


@attrs.frozen
class RateLimit:
    """One limit, as exchangeInfo states it."""

    kind: str
    interval: str
    count: int
    limit: int

    @property
    def length_ms(self) -> int:
        """Return the window's length."""
        return _INTERVALS_S[self.interval] * self.count * 1000

    @property
    def suffix(self) -> str:
        """Return what headers call the window, such as 1M or 10S."""
        return f"{self.count}{self.interval[0]}"

    def to_json(self, used: int | None = None) -> dict[str, Any]:
        """Return the limit as JSON, with what is used of it if given."""
        found: dict[str, Any] = {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.count,
            "limit": self.limit,
        }
        if used is not None:
            found["count"] = used
        return found


class Window:
    """A count that starts anew with every interval of the clock."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._start = -1
        self._used = 0

    def used(self, now: int) -> int:
        """Return what the current interval has used."""
        start = now // self.limit.length_ms
        if start != self._start:
            self._start, self._used = start, 0
        return self._used

    def add(self, now: int, amount: int) -> int:
        """Count `amount`, which may be negative; never below zero."""
        self._used = max(0, self.used(now) + amount)
        return self._used

    def retry_after_s(self, now: int) -> int:
        """Return how many seconds remain of the current interval, at least 1."""
        length = self.limit.length_ms
        return max(1, -(-(length - now % length) // 1000))


class OrderCounts:
    """How many orders of one account are unfilled: a fill gives its place back."""

    def __init__(self, limits: tuple[RateLimit, ...]) -> None:
        self.windows = tuple(Window(limit) for limit in limits)

    def check(self, now: int, orders: int = 1) -> None:
        """Refuse `orders` more if a window has no room for them."""
        for window in self.windows:
            if window.used(now) + orders > window.limit.limit:
                limit = window.limit
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {limit.limit} orders per "
                    f"{limit.count} {limit.interval}.",
                    status=429,
                    headers=(("Retry-After", str(window.retry_after_s(now))),),
                )

    def add(self, now: int, orders: int) -> None:
        """Count orders; a negative number gives places back."""
        for window in self.windows:
            window.add(now, orders)

    def headers(self, now: int) -> tuple[tuple[str, str], ...]:
        """Return X-MBX-ORDER-COUNT-*."""
        return tuple(
            (f"X-MBX-ORDER-COUNT-{window.limit.suffix}", str(window.used(now)))
            for window in self.windows
        )

    def to_json(self, now: int) -> list[dict[str, Any]]:
        """Return the limits with their counts."""
        return [window.limit.to_json(window.used(now)) for window in self.windows]


@attrs.define
class _Address:
    weight: Window
    raw: Window
    refused: int = 0
    bans: int = 0
    banned_until: int = 0
    connections: Window | None = None


class Limits:
    """What each address has used of a market's limits."""

    def __init__(self, weight: RateLimit, raw: RateLimit, connections: RateLimit) -> None:
        self.weight = weight
        self.raw = raw
        self._connections = connections
        self._addresses: dict[str, _Address] = {}

    def charge(self, ip: str, now: int, weight: int) -> None:
        """Count one request of `weight`.

        Raises:
            ApiError: 429 when the minute is used up, 418 when that was ignored for too long.
        """
        address = self._address(ip)
        if address.banned_until > now:
            raise _banned(address.banned_until, now)
        used = address.weight.used(now) + weight
        if used > self.weight.limit or address.raw.used(now) >= self.raw.limit:
            address.refused += 1
            if address.refused > _BAN_AFTER:
                self.ban(ip, now, min(_BAN_FIRST_MS << address.bans, _BAN_LONGEST_MS))
                raise _banned(address.banned_until, now)
            raise self._too_much(address.weight.retry_after_s(now))
        address.refused = 0
        address.weight.add(now, weight)
        address.raw.add(now, 1)

    def ban(self, ip: str, now: int, length_ms: int) -> None:
        """Ban an address; the next ban will be longer."""
        address = self._address(ip)
        address.banned_until = now + length_ms
        address.bans += 1
        address.refused = 0

    def refund(self, ip: str, now: int, weight: int) -> None:
        """Give weight back: orders and cancels that succeed cost nothing."""
        self._address(ip).weight.add(now, -weight)

    def jump(self, ip: str, now: int, weight: int) -> None:
        """Count weight that somebody else behind the same address has used."""
        self._address(ip).weight.add(now, weight)

    def used(self, ip: str, now: int) -> int:
        """Return the weight that `ip` has used in this minute."""
        return self._address(ip).weight.used(now)

    def connect(self, ip: str, now: int) -> bool:
        """Count a websocket connection; return whether it is allowed."""
        address = self._address(ip)
        if address.connections is None:
            address.connections = Window(self._connections)
        return address.connections.add(now, 1) <= self._connections.limit

    def headers(self, ip: str, now: int) -> tuple[tuple[str, str], ...]:
        """Return X-MBX-USED-WEIGHT*."""
        used = str(self.used(ip, now))
        return (("X-MBX-USED-WEIGHT", used), (f"X-MBX-USED-WEIGHT-{self.weight.suffix}", used))

    def _address(self, ip: str) -> _Address:
        address = self._addresses.get(ip)
        if address is None:
            address = self._addresses[ip] = _Address(Window(self.weight), Window(self.raw))
        return address

    def _too_much(self, retry_after_s: int) -> ApiError:
        limit = self.weight
        return ApiError(
            -1003,
            f"Too much request weight used; current limit is {limit.limit} request weight per "
            f"{limit.count} {limit.interval}. Please use WebSocket Streams for live updates to "
            "avoid polling the API.",
            status=429,
            headers=(("Retry-After", str(retry_after_s)),),
        )


def _banned(until: int, now: int) -> ApiError:
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {until}. Please use WebSocket Streams "
        "for live updates to avoid bans.",
        status=418,
        data=None,
        headers=(("Retry-After", str(max(1, -(-(until - now) // 1000)))),),
    )
