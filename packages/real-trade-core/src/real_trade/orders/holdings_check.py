"""Whether the account holds what our fills add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import attrs

from real_trade.model import Balance, Instrument, Market, Position
from real_trade.model.numbers import ZERO
from real_trade.orders.record import Record
from real_trade.orders.values import Action, Finding, FindingKind

__all__ = ["Held", "HoldingsCheck"]

Held = Callable[[], Mapping[str, Decimal]]
"""Returns the signed position of each symbol by our fills; on Cerebro's thread."""


@attrs.frozen
class _Difference:
    symbol: str
    ours: Decimal
    theirs: Decimal


class HoldingsCheck:
    """Compares positions by fills with the account's; a difference counts when it is seen twice.

    One look may fall between a fill and our hearing of it. On spot only less than ours is a
    difference: what others bought is theirs.
    """

    def __init__(
        self, record: Record, instruments: Callable[[], Mapping[str, Instrument]], held: Held
    ) -> None:
        self._record = record
        self._instruments = instruments
        self._held = held
        self._suspected: frozenset[_Difference] = frozenset()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to compare: asking costs a part of the rate budget."""
        listed = self._instruments()
        return any(amount for amount in self._held().values()) or any(
            one.market is not Market.SPOT for one in listed.values()
        )

    def look(self, balances: Mapping[str, Balance], positions: Sequence[Position]) -> bool:
        """Tell what differs for the second time; return whether something differs for the first."""
        found = frozenset([*self._spot(balances), *self._derivatives(positions)])
        confirmed = found & self._suspected
        self._suspected = found
        for one in sorted(confirmed, key=lambda one: one.symbol):
            self._tell(one)
        return bool(found - confirmed)

    def _spot(self, balances: Mapping[str, Balance]) -> list[_Difference]:
        listed = self._instruments()
        ours: dict[str, Decimal] = defaultdict(lambda: ZERO)
        first: dict[str, Instrument] = {}
        for symbol, amount in self._held().items():
            instrument = listed.get(symbol)
            if instrument is not None and instrument.market is Market.SPOT:
                ours[instrument.base] += amount
                first.setdefault(instrument.base, instrument)
        found = []
        for base, amount in ours.items():
            held = balances[base].total if base in balances else ZERO
            if held + first[base].amount_step <= amount:
                found.append(_Difference(first[base].symbol, amount, held))
        return found

    def _derivatives(self, positions: Sequence[Position]) -> list[_Difference]:
        listed = self._instruments()
        theirs: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for position in positions:
            theirs[position.symbol] += position.amount
        ours = {
            symbol: amount
            for symbol, amount in self._held().items()
            if symbol in listed and listed[symbol].market is not Market.SPOT
        }
        return [
            _Difference(symbol, ours.get(symbol, ZERO), theirs[symbol])
            for symbol in sorted({*ours, *theirs})
            if ours.get(symbol, ZERO) != theirs[symbol]
        ]

    def _tell(self, one: _Difference) -> None:
        instrument = self._instruments()[one.symbol]
        if instrument.market is Market.SPOT:
            detail = (
                f"the account holds {one.theirs.normalize():f} {instrument.base}, and our fills "
                f"add up to {one.ours.normalize():f}: some was sold or withdrawn elsewhere"
            )
            action = Action.ALERT
        else:
            detail = (
                f"the account's position in {one.symbol} is {one.theirs.normalize():f}, and our "
                f"fills add up to {one.ours.normalize():f}"
            )
            # A position where we have none is somebody else's; ours that is not there is not to
            # be closed, since that would open one.
            action = Action.HALT_SYMBOL if one.ours else Action.ALERT
        self._record.find(
            Finding(kind=FindingKind.HOLDINGS, action=action, detail=detail, symbol=one.symbol)
        )
