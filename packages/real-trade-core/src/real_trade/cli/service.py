"""`real-trade service`: a bot that systemd starts with the machine and watches."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from real_trade.cli.exits import Exit
from real_trade.utils.errors import ConfigurationError

__all__ = ["service", "unit_text"]

# What a restart does not mend: a fault in the strategy, wrong words, settings or keys, a risk halt,
# books that differ, another bot on the account. A person is needed.
_NEVER_AGAIN = (
    Exit.UNEXPECTED,
    Exit.USAGE,
    Exit.CONFIGURATION,
    Exit.CREDENTIALS,
    Exit.RISK_HALT,
    Exit.MISMATCH,
    Exit.ALREADY_RUNNING,
)
_UNIT = """\
# Written by `real-trade service install`; change it by running that again.
[Unit]
Description=real-trade bot {bot}
# However long the network is away, it comes back.
StartLimitIntervalSec=0

[Service]
Type=notify
WorkingDirectory={folder}
ExecStart={command}
Restart=on-failure
RestartSec=30
RestartPreventExitStatus={never_again}
WatchdogSec=120
TimeoutStartSec=300
TimeoutStopSec=30
KillSignal=SIGTERM
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes

[Install]
WantedBy=default.target
"""


def unit_text(bot: str, folder: Path, command: list[str]) -> str:
    """Return the unit of a bot.

    Args:
        bot: its name, for the description.
        folder: where the command runs; absolute.
        command: the program and its words.
    """
    return _UNIT.format(
        bot=_plain(bot),
        folder=_plain(str(folder)),
        command=" ".join(_quoted(word) for word in command),
        never_again=" ".join(str(int(code)) for code in _NEVER_AGAIN),
    )


def _plain(text: str) -> str:
    """Return a value that takes no quotes; systemd expands % in it (systemd.unit(5))."""
    if any(ord(sign) < 32 for sign in text):
        raise ConfigurationError(
            f"{text!r} holds a line break or a control character",
            remedy="give the folder, or the bot, a plain name",
        )
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """Return a word of ExecStart, in which \\, ", $ and % mean something (systemd.service(5))."""
    for sign, instead in (("\\", "\\\\"), ('"', '\\"'), ("$", "$$")):
        word = word.replace(sign, instead)
    return f'"{_plain(word)}"'


@click.group()
def service() -> None:
    """Have systemd run a bot: started with the machine, watched, restarted after a crash."""


@service.command("install", context_settings={"ignore_unknown_options": True})
@click.option("--bot", default="main", show_default=True, help="The bot's name.")
@click.option("--show", is_flag=True, help="Print the unit and write nothing.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def install(bot: str, show: bool, words: tuple[str, ...]) -> None:
    """Write a unit that runs `real-trade run WORDS` in this folder, for your user.

    WORDS are those of `real-trade run`, after `--`; they are checked now. Keys do not go here:
    systemd sees nothing of this terminal's environment, so keep them with `real-trade secrets`.
    """
    given = ["--bot", bot, *words]
    _check(given)
    command = [sys.executable, "-m", "real_trade.cli", "run", *given]
    text = unit_text(bot, Path.cwd(), command)
    if show:
        click.echo(text, nl=False)
        return
    path = _path(bot)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    unit = path.stem
    click.echo(f"written: {path}")
    click.echo("start it, now and with the machine:")
    click.echo(f"  systemctl --user daemon-reload && systemctl --user enable --now {unit}")
    click.echo("  loginctl enable-linger    # else it ends when you log out")
    click.echo(f"see it: systemctl --user status {unit}; real-trade status --bot {bot}")


@service.command("remove")
@click.option("--bot", default="main", show_default=True, help="The bot's name.")
def remove(bot: str) -> None:
    """Delete the unit of a bot; one that runs goes on until systemd stops it."""
    path = _path(bot)
    if not path.exists():
        raise ConfigurationError(
            f"there is no service for the bot {bot!r}",
            remedy=f"the units are in {path.parent}",
        )
    path.unlink()
    click.echo(f"removed: {path}")
    click.echo(f"stop it, if it runs: systemctl --user disable --now {path.stem}")


def _path(bot: str) -> Path:
    from platformdirs import user_config_path

    if not bot or not all(sign.isalnum() or sign in "-_" for sign in bot):
        raise ConfigurationError(
            f"{bot!r} is no name for a service", remedy="use letters, digits, - and _"
        )
    return user_config_path() / "systemd" / "user" / f"real-trade-{bot}.service"


def _check(words: list[str]) -> None:
    """Refuse words that `run` would refuse, while somebody reads the answer."""
    from real_trade.cli.configured import configured, sections_of
    from real_trade.cli.run import SETTINGS, run
    from real_trade.engine.strategies import load_strategy
    from real_trade.plugins import PluginManager

    context = run.make_context("real-trade run", list(words))
    plugins = PluginManager()
    loaded = configured(context, context.params["config_path"], SETTINGS, plugins)
    sections_of(loaded, plugins)
    load_strategy(context.params["strategy"], plugins)
