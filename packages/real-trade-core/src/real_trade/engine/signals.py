"""Signals: the first asks a run to end in order, the second ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Stoppable", "stop_on_signals"]

_STOP = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stoppable(Protocol):
    """What a signal can stop and kill."""

    stop_reason: str

    def stop(self, reason: str) -> None:
        """End in order; must be fit for a signal handler."""

    def kill(self, by: str, reason: str) -> None:
        """Let nothing leave any more; must be fit for a signal handler."""


@contextmanager
def stop_on_signals(run: Stoppable) -> Iterator[None]:
    """Have SIGINT, SIGTERM and a lost terminal stop `run`; handlers are restored afterwards.

    The first ends it in order, a second at once, by KeyboardInterrupt. SIGUSR1 kills: nothing
    leaves any more, and the run goes on to be looked at. Only the main thread may use it.
    """

    def stop(number: int, frame: object) -> None:
        del frame
        if run.stop_reason:
            raise KeyboardInterrupt
        run.stop(signal.Signals(number).name)

    def kill(number: int, frame: object) -> None:
        del frame
        run.kill("signal", f"{signal.Signals(number).name} came")

    handlers = dict.fromkeys(_STOP, stop)
    if hasattr(signal, "SIGUSR1"):
        handlers[signal.SIGUSR1] = kill
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
