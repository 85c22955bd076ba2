"""What plugin authors test with: the conformance suite, its workbench and its broken network.

Needs pytest: `pip install "real-trade-core[testing]"`.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "real_trade.testing.markets",
    "real_trade.testing.orders",
    "real_trade.testing.outcomes",
    "real_trade.testing.streaming",
    "real_trade.testing.workbench",
)

from real_trade.testing.conformance import ExchangeConformance, deviation  # noqa: E402
from real_trade.testing.wire import Mishap, Wire  # noqa: E402
from real_trade.testing.workbench import Workbench  # noqa: E402

__all__ = ["ExchangeConformance", "Mishap", "Wire", "Workbench", "deviation"]
