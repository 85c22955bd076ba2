"""A simulated exchange in a process of its own, one for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from real_trade.cli.simulated import SimulatedExchange, simulated_exchange


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatedExchange]:
    pytest.importorskip("real_trade.simulator")
    with simulated_exchange(7) as running:
        yield running
