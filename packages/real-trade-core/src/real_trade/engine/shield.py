"""What happens when a strategy raises: halt, flatten or restart, with its stops left in place."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from enum import Enum
from typing import Any

import backtrader as bt

from real_trade.utils.errors import ConfigurationError

__all__ = ["ErrorPolicy", "Shield", "parse_policy"]

_LOG = logging.getLogger("real_trade.engine.strategy")
_METHODS = (
    "prenext",
    "nextstart",
    "next",
    "notify_order",
    "notify_trade",
    "notify_store",
    "notify_data",
    "notify_timer",
    "notify_cashvalue",
    "notify_fund",
)


class ErrorPolicy(Enum):
    """What to do when a strategy raises in a live run; a backtest always ends.

    In each case what rests at the exchange stays there, stops above all; FLATTEN cancels it when
    it closes the position that it protected.
    """

    HALT = "halt"  # end the run in order and tell the error
    FLATTEN = "flatten"  # cancel, close, then end the run and tell the error
    RESTART = "restart"  # end the run and begin anew, a few times; then halt


def parse_policy(text: str) -> ErrorPolicy:
    """Return the policy called `text`.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return ErrorPolicy(text)
    except ValueError:
        known = ", ".join(policy.value for policy in ErrorPolicy)
        raise ConfigurationError(f"unknown policy {text!r} (known: {known})") from None


class Shield(bt.Analyzer):
    """An analyzer that stands before the strategy's methods and hears what they raise.

    Args (params):
        failed: called with the error, once; True means that the run goes on without the strategy,
            False that the error ends it.
    """

    params = (("failed", None),)

    def create_analysis(self) -> None:
        """Nothing has failed."""
        self.error: BaseException | None = None

    def get_analysis(self) -> dict[str, str]:
        """Return what the strategy raised, as other analyzers return what they found."""
        return {} if self.error is None else {"error": repr(self.error)}

    def start(self) -> None:
        """Stand before the strategy."""
        for name in _METHODS:
            method = getattr(self.strategy, name)
            setattr(self.strategy, name, self._guarded(name, method))

    def _guarded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.error is not None:
                return None
            try:
                return method(*args, **kwargs)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            # SystemExit and RecursionError too: a strategy may not end the run past its policy.
            except BaseException as error:
                self.error = error
                _LOG.exception("the strategy raised in %s()", name)
                if not self.p.failed(error):
                    raise
                return None

        return call
