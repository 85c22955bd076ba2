"""`real-trade init`: settings with safe defaults, and a strategy to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from real_trade.utils.errors import ConfigurationError

__all__ = ["init"]

_SETTINGS = """\
# What `real-trade run` and `real-trade backtest` use in this folder; `real-trade config show` tells
# every setting and where it comes from. Keys do not belong here: see `real-trade secrets`.

exchange = "{exchange}"
market_type = "{market}"
symbol = "{symbol}"
timeframe = "{timeframe}"

# paper: live market data, fills of our own, nothing is signed. testnet: signed orders to the
# exchange's demo or a simulator; it needs a key. Try `real-trade doctor` before.
mode = "paper"
initial_cash = {cash:g}
commission = 0.001
{limits}"""
_LIMITS = """
# Asked before every order, in a backtest too; `real-trade config check` shows them all.
[limits]
max_total_pct = "95%"
max_daily_loss_pct = "5%"
max_drawdown_pct = "20%"
max_daily_trades = 100
"""
_STRATEGY = '''\
"""Buys when the fast average crosses above the slow one, and sells when it crosses back."""

import backtrader as bt


class MyStrategy(bt.Strategy):
    params = dict(fast=10, slow=30)

    def __init__(self):
        fast = bt.ind.SMA(period=self.p.fast)
        slow = bt.ind.SMA(period=self.p.slow)
        self.cross = bt.ind.CrossOver(fast, slow)

    def next(self):
        if self.cross > 0 and not self.position:
            self.buy()  # the default sizer spends a share of the cash
        elif self.cross < 0 and self.position:
            self.close()
'''


@click.command()
@click.option("--exchange", default="binance", show_default=True, help="Which exchange.")
@click.option(
    "--market",
    default="spot",
    show_default=True,
    type=click.Choice(["spot", "future", "delivery"]),
    help="Which of its markets.",
)
@click.option("--symbol", default="BTC/USDT", show_default=True, help="What to trade.")
@click.option("--timeframe", default="1h", show_default=True, help="Bar length.")
@click.option("--cash", default=10000.0, show_default=True, help="Starting cash on paper.")
@click.option("--folder", default=".", show_default=True, help="Where the files go.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take the options.")
def init(**options: Any) -> None:
    """Write real-trade.toml and my_strategy.py into a folder: paper, with limits.

    On a terminal it asks; elsewhere, or with --yes, it takes the options. Settings that are there
    are never overwritten, and a strategy that is there stays.
    """
    from real_trade.plugins import manager
    from real_trade.utils.config import CONFIG_FILE

    folder = Path(options["folder"])
    file, strategy = folder / CONFIG_FILE, folder / "my_strategy.py"
    if file.exists():
        raise ConfigurationError(
            f"{file} is there already", remedy="change it with real-trade config set, or remove it"
        )
    if sys.stdin.isatty() and not options["yes"]:
        _ask(options, sorted(manager().exchanges))
    limits = _LIMITS if "limits" in manager().sections else ""
    text = _SETTINGS.format(**options, limits=limits)
    _check(text, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if not strategy.exists():
            strategy.write_text(_STRATEGY, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error.strerror}", remedy="choose another --folder"
        ) from error
    click.echo(f"{file}\n{strategy}")
    click.echo("next: real-trade backtest -s my_strategy.py --tape 7, then real-trade run")


def _ask(options: dict[str, Any], exchanges: list[str]) -> None:
    if len(exchanges) > 1:
        kind = click.Choice(exchanges)
        options["exchange"] = click.prompt("exchange", type=kind, default=options["exchange"])
    for name in ("symbol", "timeframe"):
        options[name] = click.prompt(name, default=options[name])
    options["cash"] = click.prompt("cash on paper", type=float, default=options["cash"])


def _check(text: str, folder: Path) -> None:
    """Refuse what would be wrong before anything is written."""
    import tomllib

    from real_trade.plugins import manager
    from real_trade.utils.config import GlobalConfig

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"these settings cannot be written: {error}", remedy="leave out quotes and backslashes"
        ) from None
    GlobalConfig.from_dict(values, sections=manager().sections)
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder", remedy="choose another --folder")
