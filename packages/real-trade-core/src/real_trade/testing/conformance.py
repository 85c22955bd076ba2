"""The suite that every exchange passes.

An author subclasses it and gives one fixture::

    class TestKraken(ExchangeConformance):
        @pytest.fixture
        def bench(self):
            bench = Workbench(open=open_kraken, settings=..., symbol="BTC/USDT", name="kraken")
            yield bench
            bench.close()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

import pytest

from real_trade.testing.markets import MarketCases
from real_trade.testing.orders import OrderCases
from real_trade.testing.outcomes import OutcomeCases
from real_trade.testing.streaming import StreamCases
from real_trade.testing.workbench import Workbench

__all__ = ["ExchangeConformance", "deviation"]

F = TypeVar("F", bound=Callable[..., Any])
_CASES = (MarketCases, OrderCases, OutcomeCases, StreamCases)


def deviation(reason: str) -> Callable[[F], F]:
    """Mark a test that replaces one of the suite's; `reason` is printed with the grade.

    Raises:
        ValueError: the reason is empty.
    """
    if not reason.strip():
        raise ValueError("a deviation needs a reason")

    def mark(function: F) -> F:
        function.deviation = reason  # type: ignore[attr-defined]
        return function

    return mark


class ExchangeConformance(MarketCases, OrderCases, OutcomeCases, StreamCases):
    """Everything that core relies on, as tests.

    Capabilities switch cases: what an exchange declares must work, what it does not declare must be
    refused before anything is sent. A test of the suite is replaced only under `deviation`.

    Raises:
        TypeError: a subclass replaces a standard test without a reason.
    """

    deviations: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        found = dict(cls.deviations)
        for name, value in vars(cls).items():
            if not name.startswith("test_") or not hasattr(ExchangeConformance, name):
                continue
            reason = getattr(value, "deviation", "")
            if not reason:
                raise TypeError(
                    f"{cls.__name__}.{name} replaces a standard test: say why with "
                    '@deviation("...")'
                )
            found[name] = reason
        cls.deviations = found

    @pytest.fixture
    def bench(self) -> Iterator[Workbench]:
        """Yield the exchange's workbench; a subclass must give it."""
        raise NotImplementedError(f"{type(self).__name__} must give a `bench` fixture")
