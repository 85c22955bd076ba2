"""Plugins made on the spot, as modules that entry points name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

MakePlugin = Callable[..., EntryPoint]


@pytest.fixture
def make_plugin() -> Iterator[MakePlugin]:
    made: list[str] = []

    def make(
        name: str, *, module: str = "", api: object = (1, 0), **functions: object
    ) -> EntryPoint:
        module_name = module or f"plugin_{name}_{len(made)}"
        new = ModuleType(module_name)
        if api is not None:
            new.REAL_TRADE_API = api  # type: ignore[attr-defined]
        for key, function in functions.items():
            setattr(new, key, function)
        sys.modules[module_name] = new
        made.append(module_name)
        return EntryPoint(name=name, value=module_name, group="real_trade")

    yield make
    for module_name in made:
        del sys.modules[module_name]
