"""Fills that the exchange has counted and not told: fetched within seconds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from real_trade.model import Evidence, Fill, OrderReport
from real_trade.orders.errands import Outcome
from real_trade.orders.parts import Parts
from real_trade.orders.resolve import fills_since
from real_trade.orders.values import Action, Finding, FindingKind
from real_trade.runtime import Lane

__all__ = ["MissingFills"]

_LOG = logging.getLogger("real_trade.orders")
_TELL_AT = 5
_DAY = timedelta(days=1)


class MissingFills:
    """Fetches an order's fills while the exchange counts more than are known."""

    def __init__(self, parts: Parts, lane: Lane) -> None:
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._settings = parts.settings
        self._lane = lane
        self._attempts: dict[str, int] = {}

    def look_after(self, report: OrderReport) -> None:
        """Fetch what `report`, which has been taken in, counts and nobody has told.

        After a reply or a stream's word, the fills themselves are mostly on their way.
        """
        name = self._record.tracker.owner_of(report)
        if not name or name in self._attempts or not self._is_missing(name):
            return
        self._attempts[name] = 0
        if report.evidence is Evidence.LOOKUP:
            self._fetch(name)
        else:
            self._errands.later(self._settings.fills_after_s, lambda: self._fetch(name))

    def _is_missing(self, name: str) -> bool:
        return self._record.tracker.is_missing_fills(name)

    def _fetch(self, name: str) -> None:
        if not self._is_missing(name):
            del self._attempts[name]
            return
        order = self._record.order(name)
        since = fills_since(order)
        if self._attempts[name] >= 3:
            since -= _DAY
        self._errands.run(
            self._lane,
            lambda: self._exchange.fills(order.symbol, since),
            lambda outcome: self._fetched(name, outcome),
        )

    def _fetched(self, name: str, outcome: Outcome[list[Fill]]) -> None:
        if outcome.error is not None:
            _LOG.warning("fills of order %s: %s", name, outcome.error)
        fills: Sequence[Fill] = outcome.value or ()
        for fill in fills:
            self._record.fill(fill)
        if not self._is_missing(name):
            del self._attempts[name]
            return
        attempt = self._attempts[name]
        self._attempts[name] = attempt + 1
        if attempt + 1 == _TELL_AT:
            self._tell(name)
        pause = self._settings.pause(self._settings.look_up_after_s, attempt)
        self._errands.later(pause, lambda: self._fetch(name))

    def _tell(self, name: str) -> None:
        order = self._record.order(name)
        detail = (
            f"the exchange counts {order.reported_filled} as filled of order {name}, "
            f"and lists {order.filled}"
        )
        self._record.find(
            Finding(
                kind=FindingKind.MISSING_FILLS,
                action=Action.ALERT,
                detail=detail,
                symbol=order.symbol,
                client_order_id=name,
            )
        )
