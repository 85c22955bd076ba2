"""The objects that a script hands to a run, made effective: risk, tracker, health, reporter,
notifiers.

An object that is a plugin (it has REAL_TRADE_API) hears the hooks as it says. Any other is called
by its documented methods; each method gets those of the arguments on offer that it has a name for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from real_trade.plugins import (
    API_VERSION,
    AccountView,
    Message,
    PluginManager,
    PluginStatus,
    hookimpl,
)
from real_trade.utils.errors import ConfigurationError

__all__ = ["Attachments", "offer"]

_SEED_LEVELS = {"info": "info", "warning": "warn", "error": "error", "critical": "critical"}


def offer(function: Callable[..., Any], /, *first: Any, **more: Any) -> Any:
    """Call `function` with `first`, as many as it takes, and those of `more` that it names."""
    parameters = inspect.signature(function).parameters.values()
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variable = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    taken = first if variable else first[: len(places)]
    left = {p.name for p in places[len(taken) :]}
    left |= {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return function(*taken, **{k: v for k, v in more.items() if everything or k in left})


class Attachments:
    """What a run was given, and how each of them hears of it.

    Args:
        risk: a RiskManager or its limits: enforced by the risk plugin, or by its own guard.
        tracker: `update(equity)` at every account change, `record_trade(pnl)` at closed trades.
        health: `check_store(store)`, `check_balance(broker)` and `status()`, once a second at most.
        reporter: `generate_text()` and `generate_json()`, when the run has ended.
        notifiers: `send(text, level)` for every message.
    """

    def __init__(
        self,
        *,
        risk: Any = None,
        tracker: Any = None,
        health: Any = None,
        reporter: Any = None,
        notifiers: Iterable[Any] = (),
    ) -> None:
        self.risk = risk
        self.tracker = tracker
        self.health = health
        self.reporter = reporter
        self.notifiers = tuple(notifiers)
        self.reports: dict[str, Any] = {}
        self._names: list[str] = []
        self._check()

    def _check(self) -> None:
        wanted = [
            ("risk", self.risk, ("guard", "check_order", "limits")),
            ("tracker", self.tracker, ("update", "record_trade", "fill_received")),
            ("health", self.health, ("status",)),
            ("reporter", self.reporter, ("generate_text", "generate_json")),
            *((("notifiers"), one, ("send", "deliver")) for one in self.notifiers),
        ]
        for word, thing, methods in wanted:
            if thing is None or _is_plugin(thing) or any(hasattr(thing, one) for one in methods):
                continue
            raise ConfigurationError(
                f"{word}={type(thing).__name__} has none of {', '.join(methods)}: nothing would "
                "come of it",
                remedy=f"pass an object with {methods[0]}(), or a plugin object",
            )

    # Life

    def register(self, plugins: PluginManager) -> None:
        """Have them hear the hooks, until `unregister`."""
        if self.risk is not None and not self._is_enforced_by(plugins):
            self._add(plugins, "run-risk", _guard_of(self.risk))
        for word, thing in (("tracker", self.tracker), ("health", self.health)):
            if _is_plugin(thing):
                self._add(plugins, f"run-{word}", thing)
        if _is_plugin(self.reporter):
            self._add(plugins, "run-reporter", self.reporter)
        for number, notifier in enumerate(self.notifiers):
            plugin = notifier if _is_plugin(notifier) else _Delivery(notifier)
            self._add(plugins, f"run-notifier-{number}", plugin)

    def unregister(self, plugins: PluginManager) -> None:
        """Take them back out."""
        for name in self._names:
            plugins.unregister(name)
        self._names.clear()

    def sections(self, plugins: PluginManager) -> dict[str, Any]:
        """Return the configuration sections that the objects stand for."""
        if self.risk is not None and self._is_enforced_by(plugins):
            return {"limits": _limits_of(self.risk)}
        return {}

    def _is_enforced_by(self, plugins: PluginManager) -> bool:
        """Whether the installed risk plugin takes these limits, and keeps its state over runs."""
        section = plugins.sections.get("limits")
        return section is not None and isinstance(_limits_of(self.risk), section)

    def _add(self, plugins: PluginManager, name: str, plugin: object) -> None:
        info = plugins.register(name, plugin)
        if info.status is not PluginStatus.LOADED:
            raise ConfigurationError(f"{type(plugin).__name__} cannot be used: {info.error}")
        self._names.append(info.name)

    # What is told

    def account_updated(self, account: AccountView) -> None:
        """Follow the account."""
        if self.tracker is not None and hasattr(self.tracker, "update"):
            offer(self.tracker.update, float(account.equity), time=account.time)

    def trade_closed(self, profit: float, **more: Any) -> None:
        """Count a closed trade, net of fees."""
        for thing in (self.tracker, self.risk):
            if hasattr(thing, "record_trade"):
                offer(thing.record_trade, profit, **more)

    def checks(self, store: Any, broker: Any) -> Mapping[str, Any]:
        """Have the health checker look; return what it says."""
        if self.health is None:
            return {}
        for name, seen in (("check_store", store), ("check_balance", broker)):
            check = getattr(self.health, name, None)
            if check is not None and not _is_plugin(self.health):
                offer(check, seen)
        status = self.health.status
        told = status() if callable(status) else status
        return told if isinstance(told, Mapping) else {"status": str(told)}

    def report(self, summary: Mapping[str, Any]) -> None:
        """Have the reporter write what it makes of the run, into `reports`."""
        for word in ("text", "json"):
            generate = getattr(self.reporter, f"generate_{word}", None)
            if generate is not None:
                self.reports[word] = offer(
                    generate, tracker=self.tracker, health=self.health, summary=dict(summary)
                )


def _is_plugin(thing: Any) -> bool:
    return hasattr(thing, "REAL_TRADE_API")


def _limits_of(risk: Any) -> Any:
    return getattr(risk, "limits", risk)


def _guard_of(risk: Any) -> Any:
    guard = getattr(risk, "guard", None)
    return guard() if callable(guard) else risk


class _Delivery:
    """A notifier with the seed's `send`, as a plugin."""

    REAL_TRADE_API = API_VERSION

    def __init__(self, notifier: Any) -> None:
        self._notifier = notifier

    @hookimpl
    def deliver(self, message: Message) -> None:
        """Send the message; this runs off the trading thread."""
        if hasattr(self._notifier, "deliver"):
            self._notifier.deliver(message)
            return
        text = f"{message.title}\n{message.text}" if message.text else message.title
        offer(self._notifier.send, text, level=_SEED_LEVELS[message.severity.value])
