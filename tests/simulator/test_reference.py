"""The reference page names everything there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from real_trade.simulator.distortions import BODIES, FRAMES
from real_trade.simulator.faults import known_actions
from real_trade.simulator.futures.owner import FuturesOwner
from real_trade.simulator.owner import Owner

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulator.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not here")


def test_every_endpoint_and_method_stands_in_the_table(desk: Any) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    surface = desk.simulator.surface
    for method, path in surface.rest:
        assert any(line.startswith(f"| `{method} {path}` |") for line in rows), (method, path)
    for market in desk.simulator.futures:
        for method, path in market.surface.rest:
            assert any(f"| `{method} {path}` |" in line for line in rows), (method, path)
    for name in surface.methods:
        assert any(f"| `{name}` |" in line for line in rows), name


def test_every_fault_and_every_deed_is_described() -> None:
    text = PAGE.read_text()
    for names in known_actions().values():
        for name in names:
            assert f"| `{name}` |" in text, name
    for name in (*BODIES, *FRAMES, *Owner.deeds, *FuturesOwner.deeds):
        assert f"`{name}`" in text, name


def test_the_tests_it_names_exist() -> None:
    import re

    for name in set(re.findall(r"`((?:futures/)?test_\w+\.py)`", PAGE.read_text())):
        assert (Path(__file__).parent / name).exists(), name
