"""`real-trade plugins check`: an exchange plugin's grade."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from real_trade.utils.errors import ConfigurationError

if TYPE_CHECKING:
    from real_trade.plugins import ExchangeSpec
    from real_trade.testing.grade import Case

__all__ = ["check_exchange"]

# The suite is a class; pytest finds classes in files.
_CASES = '''\
"""The offline suite, for one market of one installed plugin."""

import pytest

from real_trade.model import Market
from real_trade.plugins import manager
from real_trade.testing.offline import OfflineConformance, offline_bench


class TestOffline(OfflineConformance):
    @pytest.fixture
    def spec(self):
        return manager().exchange({name!r})

    @pytest.fixture
    def bench(self, spec):
        bench = offline_bench(spec, Market({market!r}))
        yield bench
        bench.close()
'''


def check_exchange(spec: ExchangeSpec, tests: Sequence[Path]) -> list[Case]:
    """Run the offline suite for each market, and the plugin's own tests; return all cases.

    Raises:
        ConfigurationError: pytest is not installed.
    """
    try:
        from real_trade.testing.grade import grade
    except ImportError as error:
        raise ConfigurationError(
            "a plugin is checked with pytest, which is not installed",
            remedy='pip install "real-trade-core[testing]"',
        ) from error
    with tempfile.TemporaryDirectory(prefix="real-trade-check-") as folder:
        files = []
        for market in sorted(spec.markets, key=lambda one: one.value):
            file = Path(folder) / f"test_offline_{spec.name}_{market.value}.py"
            text = _CASES.format(name=spec.name, market=market.value)
            file.write_text(text, encoding="utf-8")
            files.append(file)
        cases = grade(files, "--rootdir", folder)
    for own in tests:
        cases += grade([own], "--rootdir", str(_root(own)))
    return cases


def _root(tests: Path) -> Path:
    """Return the folder whose settings the tests are meant to run with."""
    start = tests.resolve()
    for folder in [start, *start.parents]:
        if (folder / "pyproject.toml").exists():
            return folder
    return start if start.is_dir() else start.parent
