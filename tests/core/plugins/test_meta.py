"""Every hook has a test named after it and a heading with its exact signature in the reference."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from real_trade.plugins import specs

HERE = Path(__file__).parent
REFERENCE = HERE.parents[2] / "docs" / "reference" / "hooks.md"
HOOKS = sorted(specs.PROVIDERS | specs.GUARDS | specs.OBSERVERS)


def test_the_kinds_name_exactly_the_specified_hooks():
    specified = {
        name
        for name, function in vars(specs).items()
        if inspect.isfunction(function) and function.__module__ == specs.__name__
    }
    assert specified == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_hook_has_a_test_of_its_name(hook):
    assert f"def test_hook_{hook}(" in (HERE / "test_hooks.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_the_hook_has_a_heading_with_its_exact_signature(hook):
    signature = str(inspect.signature(getattr(specs, hook))).replace("'", "")
    headings = [
        line
        for line in REFERENCE.read_text(encoding="utf-8").splitlines()
        if line.startswith("### ")
    ]
    assert f"### `{hook}{signature}`" in headings


def test_every_heading_of_the_reference_is_a_hook():
    headings = [
        line.removeprefix("### `").split("(")[0]
        for line in REFERENCE.read_text(encoding="utf-8").splitlines()
        if line.startswith("### ")
    ]
    assert sorted(headings) == HOOKS
