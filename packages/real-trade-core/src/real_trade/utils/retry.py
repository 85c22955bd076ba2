"""Asks again for what may be asked again: reads. A write to an exchange is sent once.

With a runtime, waits go through its clock, so that they cost nothing in virtual time; without one,
stamina waits on the machine's clock.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import attrs
import stamina

__all__ = ["RetryConfig", "Waiter", "call_with_retry", "is_transient", "retry"]

P = ParamSpec("P")
T = TypeVar("T")


class _Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class _Chance(Protocol):
    def uniform(self, a: float, b: float) -> float: ...


class Waiter(Protocol):
    """What waiting needs of a runtime: its clock and its chance."""

    @property
    def clock(self) -> _Clock:
        """Return the clock that waits."""

    @property
    def random(self) -> _Chance:
        """Return the source of jitter."""


def is_transient(error: Exception) -> bool:
    """Return whether asking again may help: the network, or an exchange that is not available.

    Programming errors and wrong keys are not transient. `exchange.Unavailable` is told by its
    `retry_after_s`, since this module knows no exchange.
    """
    return isinstance(error, (ConnectionError, TimeoutError)) or hasattr(error, "retry_after_s")


@attrs.frozen(kw_only=True)
class RetryConfig:
    """How often and how long.

    Attributes:
        max_retries: calls after the first.
        base_delay, max_delay: seconds before the second call, and at most; doubled by
            `backoff_factor`. Half of each wait is left to chance.
        deadline_s: give up once the next call would start later than this after the first.
        exceptions: what to ask again after; by default, whatever `is_transient`.
    """

    max_retries: int = attrs.field(default=3, validator=attrs.validators.ge(0))
    base_delay: float = attrs.field(default=0.5, validator=attrs.validators.ge(0))
    max_delay: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))
    backoff_factor: float = attrs.field(default=2.0, validator=attrs.validators.ge(1))
    deadline_s: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    exceptions: tuple[type[Exception], ...] | None = None

    def applies_to(self, error: Exception) -> bool:
        """Return whether `error` is one to ask again after."""
        if self.exceptions is None:
            return is_transient(error)
        return isinstance(error, self.exceptions)

    def delay(self, attempt: int, chance: _Chance, error: Exception) -> float:
        """Return the seconds to wait after failed call number `attempt`, counted from 1.

        What the exchange asks for (`retry_after_s`) is the least.
        """
        # Beyond 1,000 doublings a float overflows; the ceiling is reached long before.
        longest = min(self.max_delay, self.base_delay * self.backoff_factor ** min(attempt - 1, 64))
        wait = longest / 2 + chance.uniform(0, longest / 2)
        return max(wait, float(getattr(error, "retry_after_s", None) or 0.0))


def call_with_retry(
    function: Callable[[], T],
    waiter: Waiter,
    config: RetryConfig | None = None,
    on_retry: Callable[[int, float, Exception], None] | None = None,
) -> T:
    """Return what `function` returns, asking again as `config` says.

    Args:
        function: a read; it must be harmless to call it twice.
        waiter: a runtime.
        config: how often; the default is three times within a minute.
        on_retry: is told the failed call's number, the wait in seconds and the error.

    Raises:
        Exception: the last error of `function`, when it is not one to ask again after, or the calls
            or the time are used up.
    """
    config = config or RetryConfig()
    deadline = waiter.clock.monotonic() + config.deadline_s
    attempt = 1
    while True:
        try:
            return function()
        except Exception as error:
            if attempt > config.max_retries or not config.applies_to(error):
                raise
            wait = config.delay(attempt, waiter.random, error)
            if waiter.clock.monotonic() + wait > deadline:
                raise
            if on_retry is not None:
                on_retry(attempt, wait, error)
        waiter.clock.sleep(wait)
        attempt += 1


def retry(
    config: RetryConfig | None = None, *, waiter: Waiter | None = None, **settings: Any
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a read so that it is asked again: `@retry(max_retries=3, base_delay=1.0)`.

    Args:
        config: how often; or give its fields by name.
        waiter: a runtime; without one, stamina waits.
        **settings: fields of `RetryConfig`.
    """
    chosen = config or RetryConfig(**settings)
    if waiter is None:
        return _with_stamina(chosen)

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return call_with_retry(lambda: function(*args, **kwargs), waiter, chosen)

        return asked

    return decorate


def _with_stamina(config: RetryConfig) -> Callable[[Callable[P, T]], Callable[P, T]]:
    def applies(error: Exception) -> bool | float:
        # A number is the wait that the exchange asks for; older stamina reads it as yes.
        return config.applies_to(error) and (getattr(error, "retry_after_s", None) or True)

    return stamina.retry(
        on=applies,
        attempts=config.max_retries + 1,
        timeout=config.deadline_s,
        wait_initial=config.base_delay,
        wait_max=config.max_delay,
        wait_jitter=config.base_delay,
        wait_exp_base=config.backoff_factor,
    )
