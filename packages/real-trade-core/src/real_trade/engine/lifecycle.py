"""Start and stop in order, and try again what may be tried again; the seed's `LifecycleManager`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self, TypeVar

from real_trade.engine.signals import stop_on_signals
from real_trade.engine.systemd import ServiceNotifier
from real_trade.exchange import Unavailable
from real_trade.runtime import Runtime, SystemRuntime
from real_trade.utils.errors import ConfigurationError

__all__ = ["Component", "LifecycleManager"]

_LOG = logging.getLogger("real_trade.engine.lifecycle")
_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])
# What says that nothing happened and that it may work later. Never a wrong key, never a mistake in
# the program or its configuration, never an order whose fate is open.
_MAY_PASS = (Unavailable, ConnectionError, TimeoutError)
_LONGEST_S = 300.0


class Component(Protocol):
    """Something with a life of its own."""

    def start(self) -> None:
        """Begin; an error leaves nothing behind."""

    def stop(self) -> None:
        """End; safe to call again."""


class LifecycleManager:
    """Starts components in order and stops them in the reverse one, whatever happens meanwhile.

    Use it as a context manager; in the main thread it then heeds signals: the first asks to stop,
    the second ends at once.

    Args:
        max_retries: how often in a row `run_with_retry` begins again.
        retry_delay: seconds before the first time; twice as long each time, five minutes at most.
        stable_after_s: what ran for so long before it failed begins a new row.
        runtime: of clock and chance.
    """

    def __init__(
        self,
        max_retries: int = 3,
        retry_delay: float = 5.0,
        *,
        stable_after_s: float = 600.0,
        runtime: Runtime | None = None,
        service: ServiceNotifier | None = None,
    ) -> None:
        if max_retries < 0 or retry_delay < 0:
            raise ConfigurationError(
                f"max_retries={max_retries} and retry_delay={retry_delay} must not be negative"
            )
        self.max_retries = max_retries
        self.retry_delay = retry_delay
        self.stop_reason = ""
        self._stable_after_s = stable_after_s
        self._owns_runtime = runtime is None
        self._runtime = runtime or SystemRuntime()
        self._service = service or ServiceNotifier()
        self._starts: list[tuple[Callable[[], Any], Callable[[], Any] | None]] = []
        self._stops: list[Callable[[], Any]] = []
        self._to_stop: list[Callable[[], Any]] = []
        self._on_error: list[Callable[[BaseException], Any]] = []
        self._on_request: list[Callable[[str], Any]] = []
        self._asked = threading.Event()
        self._signals: AbstractContextManager[None] | None = None
        self._started = False

    # What takes part

    def add(self, component: Component) -> None:
        """Have a component started after those before it, and stopped before them."""
        self._starts.append((component.start, component.stop))

    def on_start(self, function: _F) -> _F:
        """Have `function` called at the start, in order; may be used as a decorator."""
        self._starts.append((function, None))
        return function

    def on_stop(self, function: _F) -> _F:
        """Have `function` called at the stop, the last one first; may be used as a decorator."""
        self._stops.append(function)
        return function

    def on_error(self, function: _F) -> _F:
        """Have `function` told of every error; may be used as a decorator."""
        self._on_error.append(function)
        return function

    def on_request(self, function: Callable[[str], Any]) -> None:
        """Have `function` told the reason when a stop is asked for, as `runner.stop` wants it.

        It may be called in a signal handler: it must be quick and take no lock.
        """
        self._on_request.append(function)

    # Life

    def start(self) -> None:
        """Start everything in order; what had started is stopped again if something does not.

        Raises:
            ConfigurationError: it has started already.
        """
        if self._started:
            raise ConfigurationError("it has started already", remedy="call stop() first")
        self._started = True
        self._heed_signals()
        self._to_stop = list(self._stops)
        try:
            for start, stop in self._starts:
                start()
                if stop is not None:
                    self._to_stop.append(stop)
        except BaseException as error:
            self._tell(error)
            self.stop()
            raise
        self._service.ready()

    def stop(self) -> None:
        """Stop everything in reverse order; an error of one does not keep the others running."""
        if not self._started:
            return
        self._started = False
        self.request_stop("stopped")
        self._service.stopping()
        while self._to_stop:
            stop = self._to_stop.pop()
            try:
                stop()
            except Exception as error:  # noqa: BLE001 - isolation: the others must stop too
                self._tell(error)
        signals, self._signals = self._signals, None
        if signals is not None:
            signals.__exit__(None, None, None)
        if self._owns_runtime:
            self._runtime.close()

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Ask for the end; from any thread, or from a signal handler."""
        if self.stop_reason:
            return
        self.stop_reason = reason
        for function in self._on_request:
            function(reason)
        self._asked.set()

    @property
    def should_stop(self) -> bool:
        """Return whether the end was asked for."""
        return bool(self.stop_reason)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the end is asked for, or for `timeout_s`; return whether it was."""
        return self._asked.wait(timeout_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            self._tell(error)
        self.stop()

    # Trying again

    def run_with_retry(self, func: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Call `func`, and again where the exchange or the network was not there; return its word.

        Anything else, such as a wrong key or a mistake in the program, is raised at once.
        """
        failed = 0
        while True:
            began_s = self._runtime.clock.monotonic()
            try:
                return func(*args, **kwargs)
            except _MAY_PASS as error:
                self._tell(error)
                ran_s = self._runtime.clock.monotonic() - began_s
                failed = 1 if ran_s >= self._stable_after_s else failed + 1
                if failed > self.max_retries or self.should_stop:
                    raise
                self._pause(failed, error)
                if self.should_stop:
                    raise

    def _pause(self, failed: int, error: BaseException) -> None:
        """Wait, twice as long each time and never in step with others."""
        asked_s = getattr(error, "retry_after_s", None) or 0.0
        usual_s = min(_LONGEST_S, self.retry_delay * 2.0 ** (failed - 1))
        delay_s = max(float(asked_s), usual_s * self._runtime.random.uniform(0.75, 1.25))
        _LOG.warning("%s; trying again in %.1f s (%d/%d)", error, delay_s, failed, self.max_retries)
        if self._owns_runtime:
            self._asked.wait(delay_s)
        else:
            self._runtime.clock.sleep(delay_s)

    def _tell(self, error: BaseException) -> None:
        for function in self._on_error:
            try:
                function(error)
            except Exception:  # noqa: BLE001 - isolation: who is told must not add trouble
                _LOG.exception("on_error failed while it was told of: %s", error)

    def _heed_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._signals = stop_on_signals(_Signalled(self))
            self._signals.__enter__()


class _Signalled:
    """The manager as signals see it."""

    def __init__(self, manager: LifecycleManager) -> None:
        self._manager = manager

    @property
    def stop_reason(self) -> str:
        return self._manager.stop_reason

    def stop(self, reason: str) -> None:
        self._manager.request_stop(reason)

    def kill(self, by: str, reason: str) -> None:
        self._manager.request_stop(f"{reason} ({by})")
