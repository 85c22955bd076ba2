"""The settings of a command: what was typed, over the environment, over files, over defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from real_trade.utils.config import LoadedConfig

__all__ = ["config_option", "configured", "is_typed", "sections_of", "tell_plan"]

# The seed's settings that are limits, by the names that the risk plugin gives them.
_SEED_LIMITS = ("max_position_pct", "max_drawdown_pct", "max_daily_trades", "max_daily_loss")

config_option = click.option(
    "-c",
    "--config",
    "config_path",
    metavar="FILE",
    help="Settings, TOML or JSON; ./real-trade.toml and the user's own if not given.",
)


def configured(
    ctx: click.Context, path: str | None, names: Mapping[str, str], plugins: Any
) -> LoadedConfig:
    """Return the settings of all layers.

    Args:
        names: settings by the name of the option that says them; an option counts only if typed.
        plugins: the manager whose plugins' sections are read too.

    Raises:
        ConfigurationError: anything wrong in any layer, with its place.
    """
    from real_trade.utils.config import load_config

    typed: dict[str, Any] = {}
    for option, setting in names.items():
        if is_typed(ctx, option):
            value = ctx.params[option]
            typed[setting] = value[0] if isinstance(value, tuple) else value
    return load_config(path, overrides=typed, sections=plugins.sections)


def is_typed(ctx: click.Context, option: str) -> bool:
    """Return whether an option stands on the command line."""
    return ctx.get_parameter_source(option) is ParameterSource.COMMANDLINE


def sections_of(loaded: LoadedConfig, plugins: Any) -> dict[str, Any]:
    """Return the plugins' sections; the seed's risk settings stand for limits where none are."""
    sections = dict(loaded.config.plugins)
    kind = plugins.sections.get("limits")
    if kind is None or "limits" in sections:
        return sections
    said = {
        name: getattr(loaded.config, name)
        for name in _SEED_LIMITS
        if loaded.origins[name] != "default" and getattr(loaded.config, name)
    }
    if said:
        sections["limits"] = kind(**said)
    return sections


def tell_plan(sections: Mapping[str, Any]) -> None:
    """Write to stderr what each section that has a plan will do, before anything is done."""
    for section in sections.values():
        plan = getattr(section, "plan", None)
        if plan is not None:
            click.echo(plan(), err=True)
