"""How much an exchange lets us ask, and who may ask when it grows short.

The exchange's own count, told in reply headers, rules: others may share the address. History stops
first, cancels last. While the exchange asks us to pause, nothing goes out at all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import Enum
from typing import ClassVar
from weakref import WeakKeyDictionary

import attrs

from real_trade.exchange.errors import RateLimited
from real_trade.runtime import Clock, Runtime

__all__ = ["Priority", "RateBudget", "Window"]


class Priority(Enum):
    """Why something is asked; the value is the share of a window that may be used for it."""

    CANCEL = 1.0
    ORDER = 0.95
    RECONCILE = 0.9
    HISTORY = 0.75


@attrs.frozen(kw_only=True)
class Window:
    """At most `limit` units in each `seconds`, which begin at whole multiples of them."""

    limit: int
    seconds: int


@attrs.define
class _Used:
    window: Window
    used: int = 0
    number: int = -1


class RateBudget:
    """The budget that one address or account has at one exchange; shared and thread-safe."""

    _shared: ClassVar[WeakKeyDictionary[Runtime, dict[str, RateBudget]]] = WeakKeyDictionary()

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Used] = {}
        self._paused_until = 0.0
        self._reason = ""
        self._lock = threading.Lock()

    @classmethod
    def shared(cls, runtime: Runtime, key: str, clock: Clock | None = None) -> RateBudget:
        """Return the budget that all users of `key` share in this runtime.

        `clock` is the exchange's where that is not the runtime's.
        """
        budgets = cls._shared.setdefault(runtime, {})
        return budgets.setdefault(key, cls(clock or runtime.clock))

    def limit(self, name: str, window: Window) -> None:
        """Set the limit of the window called `name`, as the exchange tells it."""
        with self._lock:
            self._windows.setdefault(name, _Used(window)).window = window

    def acquire(self, costs: Mapping[str, int], priority: Priority) -> None:
        """Reserve `costs` by window name.

        Raises:
            RateLimited: the exchange asked for a pause, or the rest is kept for what matters more;
                nothing was reserved.
        """
        with self._lock:
            self._refuse_while_paused()
            for name, cost in costs.items():
                self._refuse_above(name, cost, priority)
            for name, cost in costs.items():
                if name in self._windows:
                    self._windows[name].used += cost

    def observe(self, name: str, used: int) -> None:
        """Take note of the exchange's own count for the window called `name`."""
        with self._lock:
            if name in self._windows:
                self._current(name).used = used

    def pause(self, seconds: float, reason: str) -> None:
        """Let nothing go out for `seconds`; a longer pause that is on already stays."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            if until > self._paused_until:
                self._paused_until = until
                self._reason = reason

    @property
    def paused_s(self) -> float:
        """Return for how long nothing may go out."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    def _refuse_while_paused(self) -> None:
        left = self.paused_s
        if left > 0:
            text = f"no call goes out for another {left:.0f} s: {self._reason}"
            raise RateLimited(text, retry_after_s=left)

    def _refuse_above(self, name: str, cost: int, priority: Priority) -> None:
        if name not in self._windows:
            return
        current = self._current(name)
        most = current.window.limit * priority.value
        if current.used + cost > most:
            left = self._rest_of(current.window)
            raise RateLimited(
                f"{current.used} of {current.window.limit} {name} are used up; "
                f"{priority.name.lower()} waits for {left:.0f} s",
                retry_after_s=left,
            )

    def _current(self, name: str) -> _Used:
        entry = self._windows[name]
        number = int(self._clock.monotonic() // entry.window.seconds)
        if number != entry.number:
            entry.number = number
            entry.used = 0
        return entry

    def _rest_of(self, window: Window) -> float:
        return window.seconds - self._clock.monotonic() % window.seconds
