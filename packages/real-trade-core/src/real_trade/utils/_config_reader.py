"""Turns what a file, a dict or the environment holds into settings, each value checked."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import cattrs

from real_trade.utils._config_files import check_private, read_config_file
from real_trade.utils._config_values import Kinds, wrong_value
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

__all__ = ["SECRETS", "SettingsReader", "checked"]

SECRETS = ("apikey", "secret")
_NOTE = "_note"
_PARAMETERS = "strategy_params"

Field: TypeAlias = "attrs.Attribute[Any]"


class SettingsReader:
    """Reads settings, flat or in sections, by the fields of a configuration class.

    Args:
        fields: those that `setting` made.
        plugin_sections: plugins' sections: name to an attrs class.
    """

    def __init__(
        self, fields: tuple[Field, ...], plugin_sections: Mapping[str, type] | None = None
    ) -> None:
        self._fields = {field.name: field for field in fields}
        self._plugin_sections = plugin_sections or {}
        self._sections: dict[str, dict[str, str]] = {}
        for field in fields:
            if field.name != _PARAMETERS:
                names = self._sections.setdefault(field.metadata["section"], {})
                names.update(dict.fromkeys((field.name, *field.metadata["also"]), field.name))

    def from_mapping(self, data: Mapping[str, Any], where: str = "") -> dict[str, Any]:
        """Return `data` as arguments for the configuration.

        Raises:
            ConfigurationError: an unknown key, a key twice, a wrong value.
        """
        if not isinstance(data, Mapping):
            raise wrong_value("configuration", data, "must be a table", "give a dict", where)
        flat: dict[str, Any] = {}
        plugins: dict[str, Any] = {}
        for key, value in data.items():
            if key == _NOTE:
                continue
            if key in self._plugin_sections:
                plugins[key] = _plugin_section(key, value, self._plugin_sections[key], where)
            elif key == "strategy" and isinstance(value, Mapping):
                self._put(flat, _PARAMETERS, value, key, where)
            elif key in self._sections and isinstance(value, Mapping):
                for name, item in value.items():
                    field = self._in_section(key, name, where)
                    self._put(flat, field, item, f"{key}.{name}", where)
            else:
                self._put(flat, self._known(key, where), value, str(key), where)
        return {**flat, "plugins": plugins} if plugins else flat

    def from_file(self, path: Path) -> dict[str, Any]:
        """Return the settings in a file as arguments for the configuration.

        Raises:
            ConfigurationError: as `from_mapping`; unreadable; keys in it that others could read.
        """
        values = self.from_mapping(read_config_file(path), str(path))
        if any(_is_real_key(values.get(name, Secret())) for name in SECRETS):
            check_private(path)
        return values

    def from_environ(self, environ: Mapping[str, str], prefix: str) -> dict[str, Any]:
        """Return the settings in `environ`, keys left out, as arguments for the configuration.

        Raises:
            ConfigurationError: an empty or wrong value, or a name that is nearly one of ours.
        """
        names = {f"{prefix}{name.upper()}": name for name in self._fields}
        files = {f"{prefix}{name.upper()}_FILE" for name in SECRETS}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(prefix) or variable in files:
                continue
            if variable not in names:
                _refuse_near_miss(variable, [*names, *files])
            elif not text:
                raise ConfigurationError(
                    f"environment variable {variable} is empty",
                    remedy=f"set it, or unset {variable}",
                )
            elif names[variable] not in SECRETS:
                values[names[variable]] = _from_text(self._fields[names[variable]], text, variable)
        return values

    def _put(self, flat: dict[str, Any], name: str, value: Any, written: str, where: str) -> None:
        value = checked(self._fields[name], value, where, written)
        if name in flat:
            raise wrong_value(written, value, f"{name} is set twice", "delete one of them", where)
        flat[name] = value

    def _known(self, key: Any, where: str) -> str:
        if key in self._fields:
            return str(key)
        choices = [*self._fields, *self._sections, "strategy", *self._plugin_sections]
        raise _unknown(f"setting {key!r}", str(key), choices, where)

    def _in_section(self, section: str, name: Any, where: str) -> str:
        names = self._sections[section]
        if name in names:
            return names[name]
        if name in self._fields:
            home = self._fields[name].metadata["section"]
            raise ConfigurationError(
                f"{_at(where)}{section}.{name}: {name} belongs to section {home}",
                remedy=f"move it to section {home}, or to the top",
            )
        raise _unknown(f"setting {name!r} in section {section}", str(name), [*names], where)


def checked(field: Field, value: Any, where: str, written: str = "") -> Any:
    """Return `value` as `field` keeps it; `written` is what the user called the field.

    Raises:
        ConfigurationError: with key, value, place and remedy.
    """
    kind, name = field.metadata["kind"], written or field.name
    try:
        return kind.check(value)
    except ValueError as error:
        shown = Secret(value) if kind is Kinds.SECRET and isinstance(value, str) else value
        remedy = f"write {field.name} as {kind.example}"
        raise wrong_value(name, shown, str(error), remedy, where) from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{_at(where)}{name}: {error}", remedy=error.remedy) from None


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _unknown(what: str, key: str, choices: list[str], where: str) -> ConfigurationError:
    near = get_close_matches(key.lower(), choices, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ConfigurationError(
        f"{_at(where)}unknown {what}{hint}",
        remedy=f"rename it to {near[0]}" if near else f"use one of {', '.join(choices)}",
    )


def _plugin_section(name: str, value: Any, target: type, where: str) -> Any:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    if isinstance(value, target):
        return value
    if isinstance(value, Mapping):
        _refuse_unknown_in(name, value, target, where)
    try:
        return converter.structure(value, target)
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        problems = "; ".join(cattrs.transform_error(error))
        raise ConfigurationError(
            f"{_at(where)}section {name}: {problems}",
            remedy=f"correct section {name}",
        ) from error


def _refuse_unknown_in(name: str, value: Mapping[str, Any], target: type, where: str) -> None:
    known = sorted(field.name for field in attrs.fields(target) if field.init)
    for word in value:
        if word not in known:
            near = get_close_matches(str(word), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(
                f"{_at(where)}section {name} has no setting {word!r}{hint}",
                remedy=f"it has: {', '.join(known)}",
            )


def _is_real_key(secret: Secret) -> bool:
    return bool(secret) and not secret.reveal().upper().startswith("YOUR_")


def _refuse_near_miss(variable: str, names: list[str]) -> None:
    """Refuse a mistyped variable; others with the prefix may belong to somebody else."""
    near = get_close_matches(variable.upper(), names, n=1, cutoff=0.85)
    if near:
        raise ConfigurationError(
            f"unknown environment variable {variable}; did you mean {near[0]}?",
            remedy=f"rename it to {near[0]}",
        )


def _from_text(field: attrs.Attribute[Any], text: str, variable: str) -> Any:
    try:
        value = field.metadata["kind"].read(text)
    except ValueError as error:
        remedy = f"write it as {field.metadata['kind'].example}"
        raise wrong_value(variable, text, str(error), remedy, "environment") from None
    return checked(field, value, "environment", variable)
