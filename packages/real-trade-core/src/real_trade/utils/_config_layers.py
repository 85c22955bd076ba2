"""Settings in layers: command line, environment, file here, the user's file, defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from real_trade.utils._config_reader import SECRETS, SettingsReader
from real_trade.utils._global_config import MODE_FLAGS, GlobalConfig, settings
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.redaction import redact
from real_trade.utils.secrets import Secret, find_secret

__all__ = ["CONFIG_FILE", "LoadedConfig", "load_config", "user_folder"]

CONFIG_FILE = "real-trade.toml"
_COMMAND_LINE = "command line"


@attrs.frozen
class LoadedConfig:
    """Settings and where each came from.

    Attributes:
        config: the settings.
        origins: setting name to "command line", "environment RT_…", a path, or "default".
        files: the configuration files that were read, the strongest first.
    """

    config: GlobalConfig
    origins: Mapping[str, str]
    files: tuple[Path, ...]

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (name, value, origin) of every setting, keys masked, for people to read."""
        values = self.config.to_dict()
        return [
            (field.name, _shown(values[field.name]), self.origins[field.name])
            for field in settings()
        ]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return redact(str(value).lower() if isinstance(value, bool) else str(value))


def user_folder() -> Path:
    """Return the user's configuration folder; it need not be there."""
    return platformdirs.user_config_path("real-trade", appauthor=False)


def load_config(
    path: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    here: Path | None = None,
    prefix: str = "RT_",
    sections: Mapping[str, type] | None = None,
) -> LoadedConfig:
    """Return the settings of all layers: each layer wins over those after it.

    The layers: `overrides`, the environment, the file (`path`, else `./real-trade.toml`), the
    user's `real-trade.toml`, defaults. A mode in one layer wins over flags in those after it. Keys
    are looked for only in testnet and live (`find_secret`), so the other modes hold none.

    Args:
        path: a file that must be there, instead of `./real-trade.toml`.
        env: the environment; by default the process's.
        overrides: what the command line says, each value of its own type; None means not given.
        folder: the user's configuration folder; by default the platform's.
        here: the working folder.
        prefix: of the variables.
        sections: plugins' sections: name to an attrs class.

    Raises:
        ConfigurationError: anything wrong in any layer, with its place.
    """
    environ = os.environ if env is None else env
    home = user_folder() if folder is None else folder
    reader = SettingsReader(settings(), sections)
    files = _files(path, home, Path() if here is None else here)
    merged = _Merged()
    for file in reversed(files):
        merged.add(reader.from_file(file), lambda _, file=file: str(file))
    merged.add(
        reader.from_environ(environ, prefix), lambda name: f"environment {prefix}{name.upper()}"
    )
    merged.add(_command_line(overrides or {}, reader), lambda _: _COMMAND_LINE)
    return _with_keys(merged, files, environ, home, prefix)


def _with_keys(
    merged: _Merged, files: tuple[Path, ...], environ: Mapping[str, str], home: Path, prefix: str
) -> LoadedConfig:
    """Return the merged settings, with keys only if the mode signs."""
    keys = {name: merged.values.pop(name, Secret()) for name in SECRETS}
    config = GlobalConfig(**merged.values)
    origins = merged.all_origins()
    if not config.signs:
        origins.update(dict.fromkeys(SECRETS, f"not read in mode {config.mode}"))
        return LoadedConfig(config, origins, files)
    profile = f"{config.exchange}.{config.mode}"
    for name in SECRETS:
        found = find_secret(name, environ=environ, folder=home, profile=profile, prefix=prefix)
        if found.secret:
            keys[name], origins[name] = found.secret, found.origin
    return LoadedConfig(attrs.evolve(config, **keys), origins, files)


def _files(path: str | os.PathLike[str] | None, home: Path, here: Path) -> tuple[Path, ...]:
    nearest = here / CONFIG_FILE if path is None else Path(path).expanduser()
    users = home / CONFIG_FILE
    return tuple(
        file for file in (nearest, users) if file.exists() or (file is nearest and path is not None)
    )


def _command_line(overrides: Mapping[str, Any], reader: SettingsReader) -> dict[str, Any]:
    given = {name: value for name, value in overrides.items() if value is not None}
    for name in SECRETS:
        if name in given:
            raise ConfigurationError(
                f"{name} does not belong on a command line, which every user of the machine sees",
                remedy=f"set RT_{name.upper()} or RT_{name.upper()}_FILE, or use secrets.toml",
            )
    return reader.from_mapping(given, _COMMAND_LINE)


class _Merged:
    """Values with their origins; later layers win."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._origins: dict[str, str] = {}

    def add(self, layer: dict[str, Any], origin: Any) -> None:
        if "mode" in layer:
            self._forget(*MODE_FLAGS)
        elif any(flag in layer for flag in MODE_FLAGS):
            self._forget("mode")
        for name, value in layer.items():
            if name in ("plugins", "strategy_params"):
                value = {**self.values.get(name, {}), **value}
            self.values[name] = value
            self._origins[name] = origin(name)

    def _forget(self, *names: str) -> None:
        for name in names:
            self.values.pop(name, None)
            self._origins.pop(name, None)

    def all_origins(self) -> dict[str, str]:
        """Return the origin of every setting; the mode and its flags follow from each other."""
        flags = [self._origins[flag] for flag in MODE_FLAGS if flag in self._origins]
        derived = dict.fromkeys(MODE_FLAGS, self._origins.get("mode", "default"))
        derived["mode"] = flags[0] if flags else "default"
        names = (field.name for field in settings())
        return {name: self._origins.get(name, derived.get(name, "default")) for name in names}
