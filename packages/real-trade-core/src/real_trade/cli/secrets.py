"""`real-trade secrets`: keys in a file of the user's own, never shown."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from real_trade.cli.output import output_option, print_json, print_table
from real_trade.utils.errors import ConfigurationError

__all__ = ["secrets"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_PROFILE = re.compile(r"[a-z0-9_]+\.(testnet|live)")


@click.group()
def secrets() -> None:
    """Keep keys in secrets.toml of the user's configuration folder, readable by its owner alone.

    The environment (RT_APIKEY, RT_SECRET, RT_..._FILE) and the system's keyring go before it.
    """


@secrets.command("set")
@click.argument("name")
@click.option(
    "--profile",
    default="",
    metavar="EXCHANGE.MODE",
    help="Whose key, such as binance.testnet; for all if not given.",
)
def set_(name: str, profile: str) -> None:
    """Keep the secret NAME: apikey, secret, or notify_ and the name of a channel.

    The value is asked for without showing it, or read from standard input.
    """
    _check(name, profile)
    value = _ask(name)
    path = _file()
    document = _read(path)
    place: Any = document
    if profile:
        exchange, mode = profile.split(".")
        place = place.setdefault(exchange, {}).setdefault(mode, {})
    place[name] = value
    _write(path, document)
    click.echo(f"kept in {path}")


@secrets.command("list")
@output_option
def list_(output: str) -> None:
    """List which secrets are kept, by name, with a mark that tells one from another."""
    from real_trade.utils.secrets import Secret

    rows = [
        {"profile": profile, "name": name, "mark": Secret(value).fingerprint}
        for profile, name, value in _flat(_read(_file()), "")
    ]
    if output == "json":
        print_json({"file": str(_file()), "secrets": rows})
    elif rows:
        print_table(str(_file()), ("profile", "name", "mark"), [list(r.values()) for r in rows])
    else:
        click.echo("no secret is kept: real-trade secrets set apikey --profile binance.testnet")


@secrets.command("remove")
@click.argument("name")
@click.option("--profile", default="", metavar="EXCHANGE.MODE", help="Whose key.")
def remove(name: str, profile: str) -> None:
    """Forget the secret NAME."""
    _check(name, profile)
    path = _file()
    document = _read(path)
    place: Any = document
    for part in profile.split(".") if profile else ():
        place = place.get(part, {})
    if name not in place:
        whose = f" of {profile}" if profile else ""
        raise ConfigurationError(
            f"no secret {name}{whose} is kept", remedy="real-trade secrets list"
        )
    del place[name]
    _write(path, document)
    click.echo(f"removed from {path}")


def _check(name: str, profile: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name of a secret", remedy="apikey, secret, or notify_telegram"
        )
    if profile and not _PROFILE.fullmatch(profile):
        raise ConfigurationError(
            f"{profile!r} is no profile", remedy="EXCHANGE.MODE, such as binance.testnet"
        )


def _ask(name: str) -> str:
    if sys.stdin.isatty():
        value = str(click.prompt(name, hide_input=True))
    else:
        value = sys.stdin.readline().strip("\r\n")
    if not value or not value.isprintable() or any(map(str.isspace, value)):
        raise ConfigurationError(
            "the value is empty, or holds a space or a control character",
            remedy="copy the key again",
        )
    return value


def _file() -> Path:
    from real_trade.utils.config import user_folder

    return user_folder() / "secrets.toml"


def _read(path: Path) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from real_trade.utils.secrets import read_private_file

    if not (path.exists() or path.is_symlink()):
        return tomlkit.document()
    try:
        return tomlkit.parse(read_private_file(path))
    except TOMLKitError as error:
        # The parser's message may quote the line, and that holds a key.
        raise ConfigurationError(f"{path} is no TOML", remedy="repair the file") from error


def _write(path: Path, document: Any) -> None:
    """Write the file whole, never readable by others for a moment."""
    import tomlkit

    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(tomlkit.dumps(document))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", remedy="check the folder"
        ) from error


def _flat(table: Any, profile: str) -> list[tuple[str, str, str]]:
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{profile}.{name}" if profile else str(name))
        else:
            found.append((profile, str(name), str(value)))
    return found
