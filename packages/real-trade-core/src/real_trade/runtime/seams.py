"""What a runtime offers: a clock, timers, lanes, inboxes and chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from real_trade.runtime.clock import Clock
from real_trade.runtime.inbox import Inbox
from real_trade.runtime.lanes import Lane

__all__ = ["Runtime", "Timer"]


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call; nothing happens when it has run already."""


class Runtime(Protocol):
    """The world outside the program, as far as time, threads and chance go."""

    @property
    def clock(self) -> Clock:
        """Return the clock."""

    @property
    def random(self) -> random.Random:
        """Return the source of chance, for jitter and for what a seed shall repeat."""

    def inbox(self) -> Inbox:
        """Return a new inbox."""

    def lane(self, name: str) -> Lane:
        """Return a new lane: its work runs one piece after another, off Cerebro's thread."""

    def call_later(self, delay_s: float, function: Callable[[], None]) -> Timer:
        """Call `function` once, after `delay_s` seconds, off Cerebro's thread.

        It must be quick and must not raise; work that blocks belongs on a lane.
        """

    def token(self, length: int) -> str:
        """Return `length` random characters of 0-9a-z, different in every process and run."""

    def close(self) -> None:
        """Stop timers and lanes that are still running."""
