"""Configuration files: JSON and TOML, read strictly and written privately."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit

from real_trade.utils.errors import ConfigurationError

__all__ = ["check_private", "parse_json", "parse_toml", "read_config_file", "write_config_file"]

_MOST_BYTES = 1 << 20
_SECRETS_NOTE = (
    "Keys are never saved here. Give them by RT_APIKEY and RT_SECRET, by RT_APIKEY_FILE and "
    "RT_SECRET_FILE, or in secrets.toml."
)


def read_config_file(path: Path) -> dict[str, Any]:
    """Return what a `.json` or `.toml` file holds, not yet checked.

    Raises:
        ConfigurationError: no such file, another suffix, or not well-formed.
    """
    parse = {".json": parse_json, ".toml": parse_toml}.get(path.suffix.lower())
    if parse is None:
        raise ConfigurationError(
            f"configuration {path}: neither .json nor .toml", remedy="name a .toml or .json file"
        )
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"configuration {path} cannot be read: {error.strerror}", remedy="check the path"
        ) from error
    if len(raw) > _MOST_BYTES:
        raise ConfigurationError(
            f"configuration {path} is larger than a megabyte", remedy="name the right file"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"configuration {path} is not UTF-8 text (byte {error.start})",
            remedy="save it as UTF-8",
        ) from None
    return parse(text, str(path))


def parse_json(text: str, where: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Raises:
        ConfigurationError: not well-formed, a key twice, NaN or infinity, or no object.
    """
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{where}:{error.lineno}:{error.colno}: {error.msg}", remedy="repair the JSON"
        ) from None
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise ConfigurationError(f"{where}: {why}", remedy="repair the JSON") from None
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{where}: holds {type(data).__name__} where an object is wanted",
            remedy='write {"symbol": "BTC/USDT", ...}',
        )
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"key {key!r} stands twice; delete one")
        table[key] = value
    return table


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number; write a finite one")


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Return what the TOML in `text` holds; the format itself refuses a key twice.

    Raises:
        ConfigurationError: not well-formed.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{where}: {error}", remedy="repair the TOML") from None


def check_private(path: Path) -> None:
    """Refuse a file with keys in it that others can read.

    Raises:
        ConfigurationError: group or others may read it.
    """
    if os.name != "posix":
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"configuration {path} holds keys and is open to others (mode {mode:04o})",
            remedy=f"chmod 600 {path}, or move the keys to secrets.toml",
        )


def write_config_file(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` as `.json` or `.toml`, whole or not at all, for the owner alone.

    Raises:
        ConfigurationError: another suffix, or the file cannot be written.
    """
    if path.suffix.lower() == ".json":
        text = json.dumps({"_note": _SECRETS_NOTE, **values}, indent=2, ensure_ascii=False) + "\n"
    elif path.suffix.lower() == ".toml":
        text = _toml(values)
    else:
        raise ConfigurationError(
            f"configuration {path}: neither .json nor .toml", remedy="name a .toml or .json file"
        )
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        with open(draft, "x", encoding="utf-8", opener=_private) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"configuration {path} cannot be written: {error.strerror}",
            remedy="check the folder and its space",
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _toml(values: Mapping[str, Any]) -> str:
    document = tomlkit.document()
    for line in _SECRETS_NOTE.split(". "):
        document.add(tomlkit.comment(line.rstrip(".") + "."))
    # TOML has no null: what is not set is left out. Tables come after plain keys.
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    for key, value in {**values, **tables}.items():
        if value is not None and key not in tables:
            document.add(key, value)
    for key, table in tables.items():
        if table:
            document.add(key, _without_null(table))
    return tomlkit.dumps(document)


def _without_null(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return value
