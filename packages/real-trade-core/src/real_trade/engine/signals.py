"""Signals: the first asks a run to end in order, the second ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

__all__ = ["GRACE_S", "Stoppable", "stop_on_signals"]

GRACE_S = 10.0
"""How long an end in order may take; then it is as if a second signal came."""

_STOP = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stoppable(Protocol):
    """What a signal can stop and kill."""

    @property
    def stop_reason(self) -> str:
        """Return why the end was asked for, "" while it was not."""

    def stop(self, reason: str) -> None:
        """End in order; must be fit for a signal handler."""

    def kill(self, by: str, reason: str) -> None:
        """Let nothing leave any more; must be fit for a signal handler."""


@contextmanager
def stop_on_signals(run: Stoppable, grace_s: float = GRACE_S) -> Iterator[None]:
    """Have SIGINT, SIGTERM and a lost terminal stop `run`; handlers are restored afterwards.

    The first ends it in order, within `grace_s`; a second at once, by KeyboardInterrupt. SIGUSR1
    kills: nothing leaves any more, and the run goes on to be looked at. Main thread only.
    """

    def stop(number: int, frame: object) -> None:
        del frame
        if run.stop_reason:
            raise KeyboardInterrupt
        run.stop(signal.Signals(number).name)
        _alarm(grace_s)

    def overdue(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    def kill(number: int, frame: object) -> None:
        del frame
        run.kill("signal", f"{signal.Signals(number).name} came")

    handlers: dict[Any, Callable[[int, Any], None]] = dict.fromkeys(_STOP, stop)
    for name, handler in (("SIGUSR1", kill), ("SIGALRM", overdue)):
        if hasattr(signal, name):
            handlers[getattr(signal, name)] = handler
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        _alarm(0)
        for number, known in before.items():
            signal.signal(number, known)


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
