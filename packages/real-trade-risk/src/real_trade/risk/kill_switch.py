"""The kill switch: once engaged, nothing leaves, over restarts too, until a person releases it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from real_trade.model.times import time_field
from real_trade.risk._plain import plain_time, read_time
from real_trade.risk.state_store import MemoryStateStore, StateStore

__all__ = ["KillSwitch", "Killed"]


@attrs.frozen(kw_only=True)
class Killed:
    """That the switch is engaged. With `flatten`, positions are to be closed."""

    since: datetime = time_field()
    by: str
    reason: str
    flatten: bool = False


class KillSwitch:
    """Engaged or not, kept in a store of its own; on disk before `engage` returns.

    Args:
        store: where it is kept; for this process alone without one.

    Raises:
        DamagedState: the store holds something else than was written.
    """

    def __init__(self, store: StateStore | None = None) -> None:
        self._store = store if store is not None else MemoryStateStore()
        self._state: Killed | None = None
        self.reload()

    @property
    def state(self) -> Killed | None:
        """Return since when and why it is engaged, or None."""
        return self._state

    @property
    def engaged(self) -> bool:
        """Return whether it is engaged."""
        return self._state is not None

    def engage(self, *, time: datetime, by: str, reason: str, flatten: bool = False) -> Killed:
        """Engage; again it changes nothing, but that `flatten` may be added. Return what holds."""
        known = self._state
        if known is None:
            known = Killed(since=time, by=by, reason=reason, flatten=flatten)
        elif flatten and not known.flatten:
            known = attrs.evolve(known, flatten=True)
        if known != self._state:
            self._state = known
            self._keep()
        return known

    def release(self) -> Killed | None:
        """Release; again it changes nothing. Return what held."""
        held, self._state = self._state, None
        if held is not None:
            self._keep()
        return held

    def reload(self) -> Killed | None:
        """Read the store again: another process may have engaged or released. Return what holds."""
        stored = self._store.load()
        plain = stored.state.get("killed") if stored is not None else None
        self._state = None if plain is None else _read(plain)
        return self._state

    def _keep(self) -> None:
        held = self._state
        plain: list[Any] | None = None
        if held is not None:
            plain = [plain_time(held.since), held.by, held.reason, held.flatten]
        self._store.save({"killed": plain})


def _read(plain: list[Any]) -> Killed:
    since, by, reason, flatten = plain
    return Killed(since=read_time(since), by=by, reason=reason, flatten=flatten)
