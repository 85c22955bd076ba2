"""What plugins registered, and how each of them is doing."""

from __future__ import annotations

from enum import Enum

import attrs

__all__ = ["PluginInfo", "PluginStatus"]


class PluginStatus(Enum):
    """How a plugin is doing."""

    LOADED = "loaded"
    BLOCKED = "blocked"
    FAILED = "failed"
    MUTED = "muted"


@attrs.frozen(kw_only=True)
class PluginInfo:
    """One plugin as `real-trade plugins list` shows it."""

    name: str
    distribution: str = ""
    version: str = ""
    api: tuple[int, int] | None = None
    hooks: tuple[str, ...] = ()
    status: PluginStatus = PluginStatus.LOADED
    error: str = ""
