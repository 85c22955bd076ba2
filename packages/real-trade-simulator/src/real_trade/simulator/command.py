"""`real-trade simulator`: runs the exchange until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn

import attrs
import click
import orjson

from real_trade.model import to_ms
from real_trade.runtime import SystemClock
from real_trade.utils.errors import ConfigurationError

if TYPE_CHECKING:
    from real_trade.simulator.settings import SimulatorSettings
    from real_trade.simulator.simulator import Simulator

__all__ = ["simulator_command"]

_PORT_TAKEN = 5
_MISUSED = 3


@click.command("simulator")
@click.option("--port", default=8788, show_default=True, type=click.IntRange(0, 65535),
              help="Port on 127.0.0.1; 0 takes a free one.")  # fmt: skip
@click.option("--seed", default=7, show_default=True, type=int,
              help="The same seed gives the same market and the same keys.")  # fmt: skip
@click.option("--symbols", default="BTCUSDT,ETHUSDT,BNBUSDT,SOLUSDT", show_default=True,
              help="Spot symbols, separated by commas.")  # fmt: skip
@click.option("--usdm", default="BTCUSDT,ETHUSDT", show_default=True,
              help="USDⓈ-M contracts, separated by commas; empty for no such market.")  # fmt: skip
@click.option("--coinm", default="BTCUSD_PERP,ETHUSD_PERP", show_default=True,
              help="COIN-M contracts, likewise.")  # fmt: skip
@click.option("--balance", "balances", multiple=True, metavar="ASSET=AMOUNT",
              help="What the account starts with; may be given several times.")  # fmt: skip
@click.option("--account", "accounts", multiple=True, metavar="NAME",
              help="One more account with a key of its own and the same balances.")  # fmt: skip
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 1000),
              help="How many of the exchange's seconds pass in one; other than 1, "
                   "timestamps are not judged.")  # fmt: skip
@click.option("--read-lag-ms", default=0, show_default=True, type=click.IntRange(0),
              help="Look-ups see an order only so long after it was sent.")  # fmt: skip
@click.option("--listen-keys", is_flag=True,
              help="Spot as before 2026-02-20, with listen keys.")  # fmt: skip
@click.option("--fees-in-bnb", is_flag=True, help="Fees are paid in BNB while there is some.")
@click.option(
    "--until-stdin-closes",
    "tied",
    is_flag=True,
    help="End when standard input does: with the process that started it.",
)
@click.option("--output", default="text", type=click.Choice(["text", "json"]), show_default=True,
              help="How to say that it is ready.")  # fmt: skip
def simulator_command(port: int, speed: float, tied: bool, output: str, **options: Any) -> None:
    """Run a simulated Binance on loopback, with faults on demand.

    Prints where it listens and the account's key, then runs until SIGTERM or Ctrl-C.
    """
    # Imported here: `real-trade --help` must not load the exchange.
    from real_trade.simulator.simulator import Simulator

    try:
        simulator = Simulator(_settings(check_time=speed == 1.0, **options))
    except ConfigurationError as error:
        _fail(str(error), error.remedy, _MISUSED)
    try:
        asyncio.run(_serve(simulator, port, speed, as_json=output == "json", tied=tied))
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        _fail(
            f"port {port} of 127.0.0.1 cannot be used: {error.strerror or error}",
            "choose another with --port, or --port 0 for a free one",
            _PORT_TAKEN,
        )


def _settings(
    *,
    seed: int,
    symbols: str,
    usdm: str,
    coinm: str,
    balances: tuple[str, ...],
    accounts: tuple[str, ...],
    read_lag_ms: int,
    listen_keys: bool,
    fees_in_bnb: bool,
    check_time: bool,
) -> SimulatorSettings:
    """Return the settings that the options stand for."""
    from real_trade.simulator.accounts import DEFAULT_ACCOUNT
    from real_trade.simulator.settings import SimulatorSettings, Switches

    found = SimulatorSettings(
        seed=seed,
        start_ms=to_ms(SystemClock().now()),
        symbols=_parts(symbols),
        usdm_symbols=_parts(usdm),
        coinm_symbols=_parts(coinm),
        discount_in_bnb=fees_in_bnb,
        switches=Switches(
            read_lag_ms=read_lag_ms, listen_keys_on_spot=listen_keys, check_time=check_time
        ),
    )
    if balances:
        found = attrs.evolve(found, balances=_balances(balances))
    if len({DEFAULT_ACCOUNT, *accounts}) <= len(accounts):
        raise ConfigurationError(
            f"an account is named twice: {', '.join((DEFAULT_ACCOUNT, *accounts))}",
            remedy="give every --account a name of its own",
        )
    return attrs.evolve(found, accounts=dict.fromkeys(accounts, found.balances))


async def _serve(
    simulator: Simulator, port: int, speed: float, *, as_json: bool, tied: bool
) -> None:
    from real_trade.simulator.server import Server

    clock = SystemClock()
    started = clock.monotonic()
    start_ms = simulator.settings.start_ms

    def clock_ms() -> int:
        return start_ms + int((clock.monotonic() - started) * 1000 * speed)

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if tied:
        try:
            loop.add_reader(sys.stdin.fileno(), _read_until_closed, stopped)
        except PermissionError:  # a file or /dev/null cannot be waited for
            _fail("standard input is no pipe", "leave --until-stdin-closes out", _MISUSED)
    server = Server(simulator.gateway, clock_ms)
    await server.start(port, speed)
    _say(ready(simulator, server.port), as_json=as_json)
    await stopped.wait()
    await server.stop()


def _read_until_closed(stopped: asyncio.Event) -> None:
    """Throw away what comes by standard input; its end is the end."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopped.set()


def ready(simulator: Simulator, port: int) -> dict[str, object]:
    """Return what the ready line says: addresses and the default account's key."""
    key = simulator.accounts.first_key()
    found: dict[str, object] = {
        "control": f"http://127.0.0.1:{port}/control",
        "apikey": key.key,
        "secret": key.secret,
    }
    others = [name for name in simulator.accounts.names if name != key.account]
    if others:
        keys = {name: simulator.accounts.first_key(name) for name in others}
        found["accounts"] = {
            name: {"apikey": one.key, "secret": one.secret} for name, one in keys.items()
        }
    for surface in simulator.surfaces:
        found[surface.name] = {
            name: f"{'http' if name == 'rest' else 'ws'}://127.0.0.1:{port}{path}"
            for name, path in surface.addresses.items()
        }
    return found


def _say(found: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(found).decode())
    else:
        click.echo("The simulated exchange is running. Stop it with Ctrl-C.")
        for name, value in found.items():
            if isinstance(value, dict):
                value = "  ".join(f"{one} {address}" for one, address in value.items())
            click.echo(f"  {name:<8} {value}")
    sys.stdout.flush()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip().upper() for part in text.split(",") if part.strip())


def _balances(given: tuple[str, ...]) -> dict[str, Decimal]:
    found = {}
    for text in given:
        asset, separator, amount = text.partition("=")
        try:
            number = Decimal(amount)
        except InvalidOperation:
            number = Decimal(-1)
        if not separator or not asset.strip() or not number.is_finite() or number < 0:
            raise ConfigurationError(
                f"cannot read the balance {text!r}", remedy="write it as USDT=10000"
            )
        found[asset.strip().upper()] = number
    return found


def _fail(message: str, remedy: str, code: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    if remedy:
        click.echo(f"  {remedy}", err=True)
    raise SystemExit(code)
