"""The settings as a JSON schema (draft 2020-12), for editors that complete and check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from real_trade.utils._global_config import settings

__all__ = ["json_schema"]

_NUMBER = {"type": "number"}
_RATIO = {"type": ["number", "string"]}
_BY_KIND: dict[str, dict[str, Any]] = {
    "true or false": {"type": "boolean"},
    "spot, future or delivery": {"enum": ["spot", "future", "delivery"]},
    "backtest, paper, testnet or live": {"enum": ["backtest", "paper", "testnet", "live"]},
    "number above zero": {"type": "number", "exclusiveMinimum": 0},
    "number, 0 for none": {"type": "number", "minimum": 0},
    "ratio or percentage": _RATIO,
    "ratio or percentage above 0": _RATIO,
    "ratio or percentage above 0, or nothing": {"type": ["number", "string", "null"]},
    "whole number": {"type": "integer", "minimum": 0},
    "path, or nothing": {"type": ["string", "null"]},
    "table": {"type": "object"},
}


def json_schema(sections: Mapping[str, type] | None = None) -> dict[str, Any]:
    """Return the schema of a settings' file, flat or in sections.

    Args:
        sections: plugins' sections: name to an attrs class; of those only the names are known.
    """
    flat = {field.name: _of(field) for field in settings()}
    grouped: dict[str, dict[str, Any]] = {}
    for field in settings():
        group = grouped.setdefault(field.metadata["section"], {})
        for name in (field.name, *field.metadata["also"]):
            group[name] = flat[field.name]
    properties: dict[str, Any] = {
        **{name: _table(values) for name, values in grouped.items()},
        **flat,
    }
    for name, kind in (sections or {}).items():
        names = [field.name for field in attrs.fields(kind) if field.init]
        properties[name] = _table({one: {} for one in names})
    properties["strategy"] = {"type": "object", "description": "the strategy's own parameters"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "real-trade",
        **_table(properties),
    }


def _of(field: attrs.Attribute[Any]) -> dict[str, Any]:
    kind = field.metadata["kind"]
    return {**_BY_KIND.get(kind.name, {"type": "string"}), "description": field.metadata["meaning"]}


def _table(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}
