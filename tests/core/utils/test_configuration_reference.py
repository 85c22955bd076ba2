"""docs/reference/configuration.md says of every setting what the code says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from real_trade.utils._global_config import settings
from real_trade.utils.config import GlobalConfig, user_folder
from real_trade.utils.secrets import Secret

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def row(field: attrs.Attribute[Any]) -> str:
    """Return the line of the page's table for `field`."""
    value = getattr(GlobalConfig(), field.name)
    if isinstance(value, bool):
        value = str(value).lower()
    plain = value is None or isinstance(value, (Secret, dict)) or value == ""
    shown = "none" if plain else f"`{value}`"
    nested = "strategy.*"
    if field.name != "strategy_params":
        names = (field.name, *field.metadata["also"])
        nested = ", ".join(f"{field.metadata['section']}.{name}" for name in names)
    cells = (
        f"`{field.name}`",
        f"`{nested}`",
        field.metadata["kind"].name,
        shown,
        f"`RT_{field.name.upper()}`",
        field.metadata["meaning"],
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("field", settings(), ids=lambda field: field.name)
def test_every_setting_is_in_the_reference_as_it_is(field: attrs.Attribute[Any], page: str) -> None:
    assert row(field) in page.splitlines()


def test_the_reference_names_nothing_else(page: str) -> None:
    told = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert told == [field.name for field in settings()]


def test_the_places_of_keys_are_told(page: str) -> None:
    for place in ("RT_APIKEY_FILE", "RT_SECRET_FILE", "keyring", "secrets.toml", "chmod 600"):
        assert place in page
    assert user_folder().name in page
