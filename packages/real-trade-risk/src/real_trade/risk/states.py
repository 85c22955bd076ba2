"""Trading states: what may leave, why, and what ends it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs

from real_trade.model.times import optional_time_field, time_field

__all__ = ["Restriction", "TradingState", "TradingStates"]


class TradingState(Enum):
    """What may leave: everything, only what reduces a position, or nothing but cancels."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"

    @property
    def severity(self) -> int:
        """Return 0, 1 or 2: of two states the severer one holds."""
        return _SEVERITY[self]


_SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


@attrs.frozen(kw_only=True)
class Restriction:
    """One reason for a state other than ACTIVE.

    Attributes:
        cause: a stable code, such as `max_drawdown_pct` or `person`.
        until: when a rule lifts it; None if only a person does.
        by: who or what set it.
    """

    cause: str
    state: TradingState
    reason: str
    since: datetime = time_field()
    until: datetime | None = optional_time_field()
    by: str = "limit"


class TradingStates:
    """All restrictions in force, one for each cause; the severest is the state."""

    def __init__(self, restrictions: tuple[Restriction, ...] = ()) -> None:
        self._by_cause = {one.cause: one for one in restrictions}

    @property
    def restrictions(self) -> tuple[Restriction, ...]:
        """Return the restrictions in force, the severest first."""
        found = self._by_cause.values()
        return tuple(sorted(found, key=lambda one: (-one.state.severity, one.since, one.cause)))

    @property
    def state(self) -> TradingState:
        """Return the state that holds."""
        return self.restrictions[0].state if self._by_cause else TradingState.ACTIVE

    @property
    def foremost(self) -> Restriction | None:
        """Return the restriction that gives the state, or None while ACTIVE."""
        return self.restrictions[0] if self._by_cause else None

    def restrict(self, restriction: Restriction) -> bool:
        """Add a restriction; return False if that cause holds as severely already."""
        known = self._by_cause.get(restriction.cause)
        if known is not None and known.state.severity >= restriction.state.severity:
            return False
        self._by_cause[restriction.cause] = restriction
        return True

    def expire(self, now: datetime) -> tuple[Restriction, ...]:
        """Lift what a rule lifts by `now`; return it."""
        if not self._by_cause:
            return ()
        over = [one for one in self._by_cause.values() if one.until and one.until <= now]
        for one in over:
            del self._by_cause[one.cause]
        return tuple(over)

    def lift(self, cause: str | None = None) -> tuple[Restriction, ...]:
        """Lift one cause, or all; a person's word. Return what was lifted."""
        causes = list(self._by_cause) if cause is None else [cause] * (cause in self._by_cause)
        return tuple(self._by_cause.pop(one) for one in causes)
