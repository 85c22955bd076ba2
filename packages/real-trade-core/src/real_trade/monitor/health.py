"""Whether a run is well: alive, ready, and fit to trade are three different answers."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from real_trade.plugins import Health, HealthState
from real_trade.runtime import Clock, SystemClock

__all__ = ["HealthChecker"]

_LEAST_FREE_SHARE = 0.05
_LEAST_FREE_BYTES = 200 << 20
_MOST_SKEW = timedelta(seconds=1)
_TRADING = frozenset({"store", "data", "balance", "clock", "journal", "guards"})


class HealthChecker:
    """Keeps the newest answer of each check. Nothing checked is not healthy.

    Args:
        clock: for the age of data and of answers.
        stale_after: answers older than this count as failed: a checker that hangs is not well.
    """

    def __init__(
        self, clock: Clock | None = None, stale_after: timedelta = timedelta(minutes=5)
    ) -> None:
        self._clock = clock or SystemClock()
        self._stale_after = stale_after
        self._answers: dict[str, tuple[Health, datetime]] = {}

    # The seed's checks

    def check_store(self, store: Any) -> Health:
        """Check that the store is connected, and in a state in which it trades."""
        if not getattr(store, "is_connected", False):
            return self.record("store", HealthState.FAIL, "not connected", "check the network")
        state = getattr(store, "engine_state", None)
        name = str(getattr(state, "value", state or "connected"))
        worst = {"degraded": HealthState.WARN, "halted": HealthState.FAIL}.get(name, HealthState.OK)
        remedy = "" if worst is HealthState.OK else "see real-trade status"
        return self.record("store", worst, name, remedy)

    def check_data_freshness(
        self, last_bar: datetime | None, max_age: timedelta = timedelta(minutes=5)
    ) -> Health:
        """Check that the newest bar ended at most `max_age` ago."""
        if last_bar is None:
            return self.record("data", HealthState.FAIL, "no bar has come", "check the stream")
        age = self._clock.now() - last_bar
        told = f"the newest bar is {age.total_seconds():.0f} s old"
        if age > max_age:
            return self.record("data", HealthState.FAIL, told, "check the stream and the clock")
        return self.record("data", HealthState.OK, told)

    def check_balance(self, broker: Any, least: float = 0.0) -> Health:
        """Check that the account's equity is a number and above `least`, in quote units."""
        equity = float(broker.getvalue())
        if not math.isfinite(equity):
            return self.record("balance", HealthState.FAIL, f"equity is {equity}", "reconcile")
        if equity <= least:
            told = f"equity is {equity:.2f}, at or below {least:.2f}"
            return self.record("balance", HealthState.FAIL, told, "add funds, or lower the minimum")
        return self.record("balance", HealthState.OK, f"equity {equity:.2f}")

    # More checks

    def check_clock(self, skew: timedelta) -> Health:
        """Check how far this machine's clock is from the exchange's."""
        told = f"{skew.total_seconds():+.3f} s from the exchange's"
        if abs(skew) > _MOST_SKEW:
            return self.record("clock", HealthState.WARN, told, "turn time synchronization on")
        return self.record("clock", HealthState.OK, told)

    def check_disk(self, folder: Path) -> Health:
        """Check that the disk of a folder has 5 % and 200 MB left."""
        usage = shutil.disk_usage(folder)
        share = usage.free / usage.total
        told = f"{usage.free >> 20} MB free ({share:.0%})"
        if usage.free < _LEAST_FREE_BYTES or share < _LEAST_FREE_SHARE:
            return self.record("disk", HealthState.FAIL, told, "make room: orders need the journal")
        return self.record("disk", HealthState.OK, told)

    def check_lag(self, name: str, seconds: float, most: float) -> Health:
        """Check that something waits no longer than `most` seconds."""
        state = HealthState.OK if seconds <= most else HealthState.WARN
        remedy = "" if state is HealthState.OK else "the strategy or the disk is too slow"
        return self.record(name, state, f"{seconds:.3f} s behind", remedy)

    def run(self, checks: Mapping[str, Callable[[], object]]) -> None:
        """Run plugins' checks; one that raises or answers nonsense has failed."""
        for name, check in sorted(checks.items()):
            try:
                answer = check()
            except Exception as error:  # noqa: BLE001 - isolation: whose fault it is, is told
                self.record(name, HealthState.FAIL, f"{type(error).__name__}: {error}")
                continue
            if isinstance(answer, Health):
                self._keep(attrs.evolve(answer, name=name))
            else:
                self.record(name, HealthState.FAIL, f"it answered {answer!r}")

    def record(self, name: str, state: HealthState, detail: str = "", remedy: str = "") -> Health:
        """Keep one answer and return it."""
        return self._keep(Health(name=name, state=state, detail=detail, remedy=remedy))

    def _keep(self, answer: Health) -> Health:
        self._answers[answer.name] = (answer, self._clock.now())
        return answer

    # Answers

    @property
    def answers(self) -> list[Health]:
        """Return the newest answer of every check; one that is too old has failed."""
        now = self._clock.now()
        return [
            answer if now - when <= self._stale_after else _stale(answer, now - when)
            for answer, when in (self._answers[name] for name in sorted(self._answers))
        ]

    @property
    def is_healthy(self) -> bool:
        """Return whether something was checked and nothing failed."""
        return self.readiness()

    def liveness(self) -> bool:
        """Return whether checks still run: a process that does not check should be restarted."""
        now = self._clock.now()
        return any(now - when <= self._stale_after for _, when in self._answers.values())

    def readiness(self) -> bool:
        """Return whether something was checked and nothing failed."""
        found = self.answers
        return bool(found) and all(one.state is not HealthState.FAIL for one in found)

    def trading(self) -> bool:
        """Return whether what orders depend on was checked and is well, warnings excluded."""
        found = [one for one in self.answers if one.name in _TRADING]
        return bool(found) and all(one.state is HealthState.OK for one in found)

    def status(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "healthy": self.is_healthy,
            "live": self.liveness(),
            "ready": self.readiness(),
            "trading": self.trading(),
            "checks": {
                one.name: {
                    "state": one.state.value,
                    "detail": one.detail,
                    "remedy": one.remedy or None,
                    **({"details": dict(one.details)} if one.details else {}),
                }
                for one in self.answers
            },
        }


def _stale(answer: Health, age: timedelta) -> Health:
    told = f"last checked {age.total_seconds():.0f} s ago; then: {answer.detail}"
    return Health(
        name=answer.name,
        state=HealthState.FAIL,
        detail=told,
        remedy="the checker hangs, or its thread has ended",
    )
