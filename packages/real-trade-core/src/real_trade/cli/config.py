"""`real-trade config`: the settings, where each comes from, and whether they are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.configured import config_option, sections_of, tell_plan
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.utils.errors import ConfigurationError

if TYPE_CHECKING:
    from real_trade.utils.config import LoadedConfig

__all__ = ["config"]

_SECRETS = ("apikey", "secret")


@click.group()
def config() -> None:
    """See, check and change the settings of a run."""


@config.command()
@config_option
@output_option
def show(config_path: str | None, output: str) -> None:
    """Show every setting and where it comes from; keys are masked."""
    loaded = _load(config_path)
    rows = loaded.rows()
    sections = _plain_sections(loaded)
    if output == "json":
        settings = [
            {"name": name, "value": value, "origin": origin} for name, value, origin in rows
        ]
        files = [str(file) for file in loaded.files]
        print_json({"settings": settings, "sections": sections, "files": files})
        return
    print_table("Settings", ("setting", "value", "from"), rows)
    for name, values in sections.items():
        told = [(key, value) for key, value in values.items() if value not in (None, "", [], {})]
        print_table(f"[{name}]", ("setting", "value"), told)


@config.command()
@config_option
@output_option
def check(config_path: str | None, output: str) -> None:
    """Check the settings, and show the limits that they set; the exit code is 3 if one is wrong."""
    from real_trade.plugins import manager

    loaded = _load(config_path)
    sections = sections_of(loaded, manager())
    told = {
        "mode": loaded.config.mode,
        "exchange": loaded.config.exchange,
        "market": loaded.config.market_type,
        "symbol": loaded.config.symbol,
        "timeframe": loaded.config.timeframe,
        "files": [str(file) for file in loaded.files],
        "sections": sorted(sections),
    }
    if output == "json":
        print_json({"ok": True, **told})
        return
    tell_plan(sections)
    where = ", ".join(told["files"]) or "no file: the defaults"
    what = f"{told['symbol']} {told['timeframe']} on {told['exchange']} {told['market']}"
    click.echo(f"ok: {told['mode']}, {what} ({where})")


@config.command("set")
@click.argument("setting")
@click.argument("value")
@click.option(
    "-c",
    "--config",
    "config_path",
    metavar="FILE",
    default="real-trade.toml",
    show_default=True,
    help="The TOML file to change; it is made if it is not there.",
)
def set_(setting: str, value: str, config_path: str) -> None:
    """Write one SETTING into a file, as `symbol` or `limits.max_daily_trades`.

    The rest of the file stays as it is, comments too. A VALUE that would make the file wrong is
    refused, and the file is left alone.
    """
    import tomlkit

    name = setting.rpartition(".")[2]
    if name in _SECRETS:
        raise ConfigurationError(
            f"{name} does not belong on a command line, which every user of the machine sees",
            remedy=f"export RT_{name.upper()}=..., or RT_{name.upper()}_FILE=path",
        )
    path = Path(config_path)
    if path.suffix != ".toml":
        raise ConfigurationError(f"{path} is no TOML file", remedy="change it by hand")
    document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    place: Any = document
    *folders, last = setting.split(".")
    for folder in folders:
        place = place.setdefault(folder, tomlkit.table())
    place[last] = _value(value)
    _write_checked(path, tomlkit.dumps(document))
    click.echo(f"{path}: {setting} = {place[last]}")


@config.command()
def schema() -> None:
    """Print the settings as a JSON schema, for editors."""
    import sys

    import orjson

    from real_trade.plugins import manager
    from real_trade.utils.schema import json_schema

    told = orjson.dumps(json_schema(manager().sections), option=orjson.OPT_INDENT_2)
    sys.stdout.buffer.write(told + b"\n")
    sys.stdout.buffer.flush()


def _load(path: str | None) -> LoadedConfig:
    from real_trade.plugins import manager
    from real_trade.utils.config import load_config

    return load_config(path, sections=manager().sections)


def _plain_sections(loaded: LoadedConfig) -> dict[str, Any]:
    """Return plugins' sections as plain values."""
    names = set(loaded.config.plugins)
    plain = loaded.config.to_dict()
    return {name: plain[name] for name in sorted(names)}


def _value(text: str) -> Any:
    """Return a value as TOML reads it; what is none is text."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(f"value = {text}")["value"]
    except TOMLKitError:
        return text


def _write_checked(path: Path, text: str) -> None:
    """Write the file whole, if what it would say is right."""
    from real_trade.plugins import manager
    from real_trade.utils.config import load_config

    draft = path.with_name(f".{path.stem}.draft.toml")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o600)
        try:
            load_config(draft, env={}, here=draft.parent, sections=manager().sections)
        except ConfigurationError as error:
            message = str(error).replace(str(draft), str(path))
            raise ConfigurationError(message, remedy=error.remedy) from None
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", remedy="check the folder"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
