"""Frames that cannot be read: counted, left out, and too many of them end the connection."""

from __future__ import annotations

import logging
from collections import Counter, deque

from real_trade.exchange.outcomes import clean
from real_trade.runtime import Clock

__all__ = ["Quarantine"]

_LOG = logging.getLogger("real_trade.binance.streams")
_MOST = 3
_WITHIN_S = 60.0


class Quarantine:
    """What one stream could not use."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: deque[float] = deque(maxlen=_MOST)
        self.broken = 0
        self.ignored: Counter[str] = Counter()

    def add(self, why: str) -> bool:
        """Take note of a broken frame; return whether the connection should be given up."""
        self.broken += 1
        _LOG.warning("a frame could not be read and is left out: %s", clean(why))
        now = self._clock.monotonic()
        self._recent.append(now)
        return len(self._recent) == _MOST and now - self._recent[0] <= _WITHIN_S

    def ignore(self, kind: str) -> None:
        """Take note of a message of a kind that this version does not use."""
        if not self.ignored[kind]:
            _LOG.info("messages of kind %s are ignored", clean(kind))
        self.ignored[kind] += 1
