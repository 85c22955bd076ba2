"""The two markers of pluggy, under the project's name."""

from __future__ import annotations

import pluggy

__all__ = ["API_VERSION", "ENTRY_POINT_GROUP", "PROJECT", "hookimpl", "hookspec"]

PROJECT = "real_trade"
ENTRY_POINT_GROUP = "real_trade"
API_VERSION = (1, 0)
"""The version of the hooks: a plugin of another major version is refused."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
