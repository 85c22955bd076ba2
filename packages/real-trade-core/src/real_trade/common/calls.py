"""What other threads want done on Cerebro's thread, between two of its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

__all__ = ["Call", "Calls"]


@attrs.frozen
class Call:
    """Something to do; it must handle its own errors."""

    function: Callable[[], None]


class Calls:
    """Calls that wait until Cerebro has put the feeds' lines in order.

    While a feed waits for its bar, its lines already have a place for it that holds no time yet:
    an order that was placed there and then would have none either.
    """

    def __init__(self) -> None:
        self._waiting: deque[Call] = deque()

    def add(self, call: Call) -> None:
        """Take a call in; on Cerebro's thread."""
        self._waiting.append(call)

    def make(self) -> None:
        """Make all calls that wait; those that they bring about wait for the next time."""
        for _ in range(len(self._waiting)):
            self._waiting.popleft().function()
