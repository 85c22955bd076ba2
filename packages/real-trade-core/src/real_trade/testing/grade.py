"""Runs conformance cases and says how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

import attrs
import pytest

from real_trade.utils.errors import ConfigurationError

__all__ = ["Case", "Ending", "grade"]


class Ending(Enum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Case:
    """One case: the suite's class, the test's name with its parameter, and why it ended so."""

    suite: str
    name: str
    ending: Ending
    reason: str = ""

    @property
    def test(self) -> str:
        """Return the name without the parameter."""
        return self.name.partition("[")[0]


class _Collector:
    def __init__(self) -> None:
        self.cases: list[Case] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        failed_outside = report.when != "call" and report.failed
        if report.when == "call" or failed_outside or (report.when == "setup" and report.skipped):
            self.cases.append(_case(report.nodeid, report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.cases.append(_case(report.nodeid, report))


def grade(paths: Sequence[Path | str], *arguments: str) -> list[Case]:
    """Run the tests under `paths` in this process and return how each case ended.

    A file that cannot be imported counts as one failed case.

    Raises:
        ConfigurationError: pytest could not run at all.
    """
    collector = _Collector()
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options = ["-o", "addopts=", "--import-mode=importlib", *arguments]
    code = pytest.main([*quiet, *options, *map(str, paths)], plugins=[collector])
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        raise ConfigurationError(
            f"pytest could not run {', '.join(map(str, paths))}",
            remedy="run pytest on them yourself to see why",
        )
    return collector.cases


def _case(nodeid: str, report: pytest.TestReport | pytest.CollectReport) -> Case:
    parts = nodeid.split("::")
    return Case(
        suite=parts[-2] if len(parts) > 2 else parts[0],
        name=parts[-1],
        ending=Ending(report.outcome),
        reason=_reason(report),
    )


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(getattr(crash, "message", report.longrepr or "")).strip().splitlines()
    return lines[0] if lines else ""
