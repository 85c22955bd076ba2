"""Find the strategy that a user names: FILE, FILE:Class, package.module:Class or a registered
name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from ast import literal_eval
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import backtrader as bt

from real_trade.plugins import PluginManager
from real_trade.utils.errors import ConfigurationError

__all__ = ["load_strategy", "parse_parameters"]


def load_strategy(target: str, plugins: PluginManager) -> type[bt.Strategy]:
    """Return the strategy class that `target` names.

    Args:
        target: `my.py`, `my.py:MyStrategy`, `package.module:MyStrategy`, or the name under which a
            plugin registered one.
        plugins: where registered names are looked up.

    Raises:
        ConfigurationError: no such file, class or name, or the file does not run; with the remedy.
    """
    if target in plugins.strategies:
        target = plugins.strategies[target].target
    place, _, name = target.partition(":") if not _is_drive(target) else (target, "", "")
    if place.endswith(".py") or Path(place).exists():
        return _choose(_run_file(Path(place)), name, place)
    if name:
        return _choose(_import(place), name, place)
    raise _unknown(target, plugins)


def parse_parameters(words: Iterable[str], strategy: type[bt.Strategy]) -> dict[str, Any]:
    """Return strategy parameters from words such as `fast=10`.

    Values are Python literals; what is none is text. A name that the strategy does not have is an
    error that suggests the nearest.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigurationError(
                f"a parameter is NAME=VALUE, not {word!r}", remedy="for example: -p fast=10"
            )
        try:
            found[key] = literal_eval(text)
        except (ValueError, SyntaxError):
            found[key] = text
    return parameters_of(found, strategy)


def parameters_of(values: Mapping[str, Any], strategy: type[bt.Strategy]) -> dict[str, Any]:
    """Return `values` if all of them are parameters of the strategy.

    Raises:
        ConfigurationError: one is not; the message suggests the nearest.
    """
    known = [key for key in strategy.params._getkeys() if not key.startswith("_")]
    for key in values:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(
                f"{strategy.__name__} has no parameter {key!r}{hint} "
                f"(it has: {', '.join(known) or 'none'})"
            )
    return dict(values)


def _is_drive(target: str) -> bool:
    return target[1:3] in {":\\", ":/"} and target.count(":") == 1


def _run_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigurationError(
            f"strategy file {str(path)!r} does not exist",
            remedy=f"check the path; the current folder is {Path.cwd()}",
        )
    name = f"real_trade_strategy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is no Python file", remedy="name a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:  # as `python FILE` would have it: its neighbours are importable
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError(
            f"strategy file {path}{_line_of(error, path)} does not run: "
            f"{type(error).__name__}: {error}",
            remedy=f"{Path(sys.executable).name} {path}",
        ) from error
    return module


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"module {name!r} cannot be imported: {error}",
            remedy="install it, or name the file: -s path/to/file.py:Class",
        ) from error


def _line_of(error: Exception, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f":{error.lineno}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]
    return f":{lines[-1]}" if lines else ""


def _choose(module: ModuleType, name: str, place: str) -> type[bt.Strategy]:
    found = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, bt.Strategy) and value is not bt.Strategy
    }
    if name:
        if name in found:
            return found[name]
        near = get_close_matches(name, found, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigurationError(
            f"{place} has no strategy class {name!r}{hint} (it has: {', '.join(found) or 'none'})",
            remedy="a strategy is a class derived from backtrader.Strategy",
        )
    own = {key: cls for key, cls in found.items() if cls.__module__ == module.__name__}
    if len(own) == 1:
        return next(iter(own.values()))
    if not own:
        raise ConfigurationError(
            f"{place} defines no strategy",
            remedy="a strategy is a class derived from backtrader.Strategy",
        )
    raise ConfigurationError(
        f"{place} defines several strategies: {', '.join(own)}",
        remedy=f"name one: -s {place}:{next(iter(own))}",
    )


def _unknown(target: str, plugins: PluginManager) -> ConfigurationError:
    known = list(plugins.strategies)
    near = get_close_matches(target, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = f" (registered: {', '.join(known)})" if known else ""
    return ConfigurationError(
        f"no strategy called {target!r}{hint}{listed}",
        remedy="name a file: -s my_strategy.py, or -s my_strategy.py:MyStrategy",
    )
