"""Load plugins from entry points, each in isolation, in order of their names.

pluggy's own loader lets one broken import stop the host, drops a duplicate name in silence and
follows the order of the file system; this one does none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import attrs
import pluggy

from real_trade.plugins import specs
from real_trade.plugins.markers import API_VERSION, ENTRY_POINT_GROUP, PROJECT
from real_trade.plugins.registry import PluginInfo, PluginStatus

__all__ = ["BLOCK", "LOAD", "Loader", "installed"]

BLOCK = "REAL_TRADE_BLOCK_PLUGINS"
LOAD = "REAL_TRADE_LOAD_PLUGINS"


def installed() -> list[EntryPoint]:
    """Return the entry points of all installed plugins, sorted by name and distribution."""
    found = entry_points(group=ENTRY_POINT_GROUP)
    return sorted(found, key=lambda point: (point.name, _distribution(point)))


class Loader:
    """Turns entry points into registered plugins and a record of what became of each."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.pluggy = pluggy.PluginManager(PROJECT)
        self.pluggy.add_hookspecs(specs)
        self.infos: dict[str, PluginInfo] = {}
        self._blocked = _names(environment.get(BLOCK, ""))
        self._wanted = _names(environment.get(LOAD, ""))

    def load(self, points: Iterable[EntryPoint]) -> None:
        """Load each entry point; what fails is recorded and the others load."""
        for point in points:
            self._load_one(point)

    def add(self, name: str, plugin: object, distribution: str = "", version: str = "") -> str:
        """Register one plugin object, or record why not; return the name it is recorded under."""
        info = PluginInfo(name=name, distribution=distribution, version=version)
        if name in self.infos:
            other = self.infos[name]
            key = f"{name} ({distribution or 'again'})"
            return self._fail(
                PluginInfo(name=key, distribution=distribution, version=version),
                f"the plugin name {name!r} is taken by {other.distribution or 'another plugin'}",
            )
        api = getattr(plugin, "REAL_TRADE_API", None)
        problem = _api_problem(api)
        if problem:
            return self._fail(info, problem)
        try:
            self.pluggy.register(plugin, name)
            self.pluggy.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.pluggy.has_plugin(name):
                self.pluggy.unregister(name=name)
            return self._fail(info, _one_line(error))
        self.infos[name] = PluginInfo(
            name=name,
            distribution=distribution,
            version=version,
            api=api,
            hooks=_hooks(self.pluggy, plugin),
        )
        return name

    def remove(self, name: str) -> None:
        """Take a plugin out and forget it."""
        self.pluggy.unregister(name=name)
        del self.infos[name]

    def disable(self, name: str, error: str) -> None:
        """Take a plugin out and record why."""
        self.pluggy.unregister(name=name)
        self._fail(self.infos[name], error)

    def _load_one(self, point: EntryPoint) -> None:
        distribution = _distribution(point)
        version = point.dist.version if point.dist is not None else ""
        info = PluginInfo(name=point.name, distribution=distribution, version=version)
        if point.name in self._blocked or (self._wanted and point.name not in self._wanted):
            variable = BLOCK if point.name in self._blocked else LOAD
            self.infos[point.name] = attrs.evolve(
                info, status=PluginStatus.BLOCKED, error=f"left out by {variable}"
            )
            return
        try:
            plugin: ModuleType | Any = point.load()
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
                raise
            self._fail(info, f"cannot be imported: {_one_line(error)}")
            return
        self.add(point.name, plugin, distribution, version)

    def _fail(self, info: PluginInfo, error: str) -> str:
        self.infos[info.name] = attrs.evolve(info, status=PluginStatus.FAILED, error=error)
        return info.name


def _api_problem(api: object) -> str:
    if not (
        isinstance(api, tuple) and len(api) == 2 and all(isinstance(part, int) for part in api)
    ):
        return "has no REAL_TRADE_API = (major, minor), so nobody knows which hooks it was made for"
    if api[0] != API_VERSION[0] or api[1] > API_VERSION[1]:
        made, ours = ".".join(map(str, api)), ".".join(map(str, API_VERSION))
        return f"was made for version {made} of the hooks; this is {ours}: install a matching one"
    return ""


def _hooks(manager: pluggy.PluginManager, plugin: object) -> tuple[str, ...]:
    callers = manager.get_hookcallers(plugin) or []
    return tuple(sorted(caller.name for caller in callers))


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def _names(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")
