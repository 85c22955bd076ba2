"""The package: the seed's imports work, and importing it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import real_trade.utils


@pytest.mark.parametrize("name", real_trade.utils.__all__)
def test_the_seeds_names_can_be_imported_from_the_package(name: str) -> None:
    program = f"from real_trade.utils import {name}; assert callable({name}), {name}"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_package_alone_loads_none_of_its_modules() -> None:
    program = (
        "import sys, real_trade.utils, real_trade.utils.errors\n"
        "heavy = {'structlog', 'cattrs', 'stamina', 'attrs', 'tomlkit'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = real_trade.utils.nothing
