"""The plugins of this process: providers asked once, guards that can deny, observers that are
told."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint
from typing import Any

import attrs

from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.model import Instrument, Order, OrderIntent
from real_trade.plugins.loader import Loader, installed
from real_trade.plugins.registry import PluginInfo, PluginStatus
from real_trade.plugins.specs import OBSERVERS
from real_trade.plugins.values import (
    AccountView,
    CommandSpec,
    Denial,
    ExchangeSpec,
    SimulatorSpec,
    StrategySpec,
)
from real_trade.utils.errors import ConfigurationError

__all__ = ["PluginManager", "manager"]

_LOG = logging.getLogger("real_trade.plugins")
_MUTE_AFTER = 5
_TOLD_TO_ALL = frozenset({"trading_halted", "trading_resumed"})


class PluginManager:
    """Loads plugins and speaks to them; a plugin that fails harms nobody but itself.

    Args:
        points: entry points to load; those installed by default.
        environment: where REAL_TRADE_BLOCK_PLUGINS and REAL_TRADE_LOAD_PLUGINS are read.
    """

    def __init__(
        self,
        points: Iterable[EntryPoint] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._loader = Loader(os.environ if environment is None else environment)
        self._failures: dict[str, int] = {}
        self._exchanges: dict[str, tuple[str, ExchangeSpec]] = {}
        self._strategies: dict[str, tuple[str, StrategySpec]] = {}
        self._commands: dict[str, tuple[str, CommandSpec]] = {}
        self._simulators: dict[str, tuple[str, SimulatorSpec]] = {}
        self._sections: dict[str, tuple[str, type]] = {}
        self._checks: dict[str, tuple[str, Callable[[], object]]] = {}
        self._loader.load(installed() if points is None else points)
        self._ask_providers()

    def register(self, name: str, plugin: object) -> PluginInfo:
        """Add a plugin object that is not installed, for tests and scripts; return what became
        of it."""
        recorded = self._loader.add(name, plugin)
        if self._loader.infos[recorded].status is PluginStatus.LOADED:
            self._ask_provider(recorded)
        return self._loader.infos[recorded]

    def unregister(self, name: str) -> None:
        """Take back what `register` added under `name`; nothing where there is no such plugin."""
        if self._loader.pluggy.has_plugin(name):
            self._withdraw(name)
            self._loader.remove(name)
            self._failures.pop(name, None)

    @property
    def infos(self) -> list[PluginInfo]:
        """Return all plugins, sorted by name."""
        return [self._loader.infos[name] for name in sorted(self._loader.infos)]

    # Providers

    @property
    def exchanges(self) -> dict[str, ExchangeSpec]:
        """Return the exchanges on offer, by name."""
        return {name: spec for name, (_, spec) in sorted(self._exchanges.items())}

    @property
    def strategies(self) -> dict[str, StrategySpec]:
        """Return the strategies on offer, by name."""
        return {name: spec for name, (_, spec) in sorted(self._strategies.items())}

    @property
    def commands(self) -> dict[str, CommandSpec]:
        """Return the commands on offer, by name."""
        return {name: spec for name, (_, spec) in sorted(self._commands.items())}

    @property
    def simulators(self) -> dict[str, SimulatorSpec]:
        """Return the simulators on offer, by the exchange that each plays."""
        return {name: spec for name, (_, spec) in sorted(self._simulators.items())}

    @property
    def sections(self) -> dict[str, type]:
        """Return the configuration sections of plugins, by name."""
        return {name: section for name, (_, section) in sorted(self._sections.items())}

    @property
    def health_checks(self) -> dict[str, Callable[[], object]]:
        """Return the health checks of plugins, by name."""
        return {name: check for name, (_, check) in sorted(self._checks.items())}

    def exchange(self, name: str) -> ExchangeSpec:
        """Return the exchange called `name`.

        Raises:
            ConfigurationError: no plugin offers it; the message says which are there, which failed,
                and what to install.
        """
        if name in self._exchanges:
            return self._exchanges[name][1]
        failed = [info for info in self.infos if info.error and name in info.name]
        known = sorted(self._exchanges)
        if failed:
            raise ConfigurationError(
                f"exchange {name!r} is not available: plugin {failed[0].name} {failed[0].error}",
                remedy="real-trade plugins list",
            )
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigurationError(
            f"unknown exchange {name!r}{hint} (installed: {', '.join(known) or 'none'})",
            remedy=f"pip install real-trade-{near[0] if near else name or 'binance'}",
        )

    def open_exchange(self, name: str, settings: ExchangeSettings) -> Exchange:
        """Open the exchange called `name` for one account and market."""
        spec = self.exchange(name)
        if settings.market not in spec.markets:
            offered = ", ".join(sorted(market.value for market in spec.markets))
            raise ConfigurationError(
                f"{spec.title} has no market {settings.market.value!r} here (it has: {offered})",
                remedy=f"use --market {offered.split(', ', maxsplit=1)[0]}",
            )
        return spec.open(settings)

    # Guards

    def check_order(
        self, intent: OrderIntent, account: AccountView, instrument: Instrument
    ) -> Denial | None:
        """Ask all guards about an order; a guard that fails denies."""
        return self._ask_guards(
            "check_order", intent=intent, account=account, instrument=instrument
        )

    def check_cancel(self, order: Order, account: AccountView) -> Denial | None:
        """Ask all guards about a cancel that a strategy wants; a guard that fails denies."""
        return self._ask_guards("check_cancel", order=order, account=account)

    @property
    def has_guards(self) -> bool:
        """Whether any plugin guards orders: without one no view of the account need be made."""
        hook = self._loader.pluggy.hook
        return bool(hook.check_order.get_hookimpls() or hook.check_cancel.get_hookimpls())

    def _ask_guards(self, hook: str, **values: Any) -> Denial | None:
        first: Denial | None = None
        for name, answer in self._call_each(hook, values):
            denial = _verdict(name, answer)
            first = first or denial
        return first

    # Observers

    def listens(self, hook: str) -> bool:
        """Return whether any plugin implements `hook`: what nobody hears need not be made."""
        return bool(getattr(self._loader.pluggy.hook, hook).get_hookimpls())

    def tell(self, hook: str, /, **values: Any) -> None:
        """Tell all observers; a failure is logged, five in a row mute that plugin's observers."""
        if hook not in OBSERVERS:
            raise ValueError(f"{hook!r} is no observer hook (they are: {sorted(OBSERVERS)})")
        for name, answer in self._call_each(hook, values):
            if not isinstance(answer, BaseException):
                self._failures[name] = 0
                continue
            self._failures[name] = self._failures.get(name, 0) + 1
            _LOG.error("plugin %s failed in %s: %s", name, hook, answer, exc_info=answer)
            if self._failures[name] == _MUTE_AFTER:
                self._mute(name, hook, answer)

    def _mute(self, name: str, hook: str, error: BaseException) -> None:
        text = f"muted after {_MUTE_AFTER} failures in a row, the last in {hook}: {error}"
        _LOG.error("plugin %s %s", name, text)
        info = self._loader.infos[name]
        self._loader.infos[name] = attrs.evolve(info, status=PluginStatus.MUTED, error=text)

    # Calls

    def _call_each(self, hook: str, values: dict[str, Any]) -> list[tuple[str, Any]]:
        """Call one hook of every plugin, sorted by name; an error takes the place of the answer."""
        caller = getattr(self._loader.pluggy.hook, hook)
        answers = []
        for implementation in sorted(caller.get_hookimpls(), key=lambda item: item.plugin_name):
            name = implementation.plugin_name
            muted = self._loader.infos[name].status is PluginStatus.MUTED
            if muted and hook in OBSERVERS and hook not in _TOLD_TO_ALL:
                continue
            wanted = {key: values[key] for key in implementation.argnames}
            try:
                answers.append((name, implementation.function(**wanted)))
            except Exception as error:  # noqa: BLE001 - isolation: whose fault it is, is told
                answers.append((name, error))
        return answers

    def _ask_providers(self) -> None:
        for name in sorted(self._loader.infos):
            if self._loader.pluggy.has_plugin(name):
                self._ask_provider(name)

    def _ask_provider(self, name: str) -> None:
        plugin = self._loader.pluggy.get_plugin(name)
        try:
            self._collect(name, plugin)
        except Exception as error:  # noqa: BLE001 - one plugin's failure disables that plugin only
            self._withdraw(name)
            self._loader.disable(name, f"{type(error).__name__}: {error}".replace("\n", " "))

    def _collect(self, owner: str, plugin: Any) -> None:
        for hook, kind, table in (
            ("register_exchanges", ExchangeSpec, self._exchanges),
            ("register_strategies", StrategySpec, self._strategies),
            ("register_commands", CommandSpec, self._commands),
            ("register_simulators", SimulatorSpec, self._simulators),
        ):
            for spec in self._answer(plugin, hook, list):
                if not isinstance(spec, kind):
                    raise TypeError(f"{hook} must return {kind.__name__}s, not {spec!r}")
                _claim(table, spec.name, owner, spec, hook)
        for section, cls in self._answer(plugin, "register_config", dict).items():
            _claim(self._sections, section, owner, cls, "register_config")
        for check, function in self._answer(plugin, "register_health_checks", dict).items():
            _claim(self._checks, check, owner, function, "register_health_checks")

    def _answer(self, plugin: Any, hook: str, kind: type) -> Any:
        caller = getattr(self._loader.pluggy.hook, hook)
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                answer = implementation.function()
                if not isinstance(answer, kind):
                    raise TypeError(f"{hook} must return a {kind.__name__}, not {answer!r}")
                return answer
        return kind()

    def _withdraw(self, owner: str) -> None:
        tables: list[dict[str, tuple[str, Any]]] = [
            self._exchanges,
            self._strategies,
            self._commands,
            self._simulators,
            self._sections,
            self._checks,
        ]
        for table in tables:
            for name in [name for name, (who, _) in table.items() if who == owner]:
                del table[name]


def _claim(table: dict[str, tuple[str, Any]], name: str, owner: str, value: Any, hook: str) -> None:
    if name in table:
        raise ValueError(f"{hook}: the name {name!r} is taken by plugin {table[name][0]}")
    table[name] = (owner, value)


def _verdict(name: str, answer: object) -> Denial | None:
    if answer is None or isinstance(answer, Denial):
        return answer
    if isinstance(answer, BaseException):
        _LOG.error("guard %s failed and denies the order: %s", name, answer, exc_info=answer)
        return Denial(code="guard_failed", reason=f"guard {name} failed: {answer}")
    _LOG.error("guard %s answered %r, which is no verdict, and denies the order", name, answer)
    return Denial(code="guard_failed", reason=f"guard {name} gave no verdict: {answer!r}")


_MANAGER: PluginManager | None = None


def manager() -> PluginManager:
    """Return the plugins of this process; loads them at the first call."""
    global _MANAGER  # noqa: PLW0603 - entry points are loaded once a process
    if _MANAGER is None:
        _MANAGER = PluginManager()
    return _MANAGER
