"""What could keep a run from working, looked at before it starts: each check with its fix."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import attrs

from real_trade.exchange import (
    AuthError,
    Environment,
    Exchange,
    ExchangeError,
    ExchangeSettings,
    TellsKeyRights,
)
from real_trade.model import Market, Mode
from real_trade.plugins import HealthState, PluginManager, PluginStatus
from real_trade.runtime import SystemRuntime
from real_trade.storage.engine import open_engine, sqlite_path
from real_trade.storage.places import database_url
from real_trade.utils.config import LoadedConfig
from real_trade.utils.errors import RealTradeError

__all__ = ["Checked", "examine"]

_OK, _WARN, _FAIL = HealthState.OK, HealthState.WARN, HealthState.FAIL
_MOST_SKEW = timedelta(seconds=1)
_LEAST_FREE = 1 << 30
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@attrs.frozen
class Checked:
    """One line of the examination; `fix` says what to do where it is not ok."""

    name: str
    state: HealthState
    detail: str
    fix: str = ""


def examine(
    loaded: LoadedConfig,
    sections: Mapping[str, Any],
    plugins: PluginManager,
    environ: Mapping[str, str],
    db_url: str = "",
) -> Iterator[Checked]:
    """Yield the checks one by one; the network is asked only about the exchange.

    Args:
        loaded: the settings of the run that is to be.
        sections: the plugins' sections, such as `limits`.
        environ: where proxies are looked for.
        db_url: the store, if not the mode's own.
    """
    yield _python()
    yield from _packages()
    yield from _plugins(plugins, loaded.config.exchange)
    yield _settings(loaded)
    yield from _store(Mode(loaded.config.mode), db_url)
    yield _proxy(loaded, environ)
    yield from _exchange(loaded, plugins, environ)
    yield _limits(sections, plugins)
    yield _notifications(sections, plugins)


def _python() -> Checked:
    return Checked("python", _OK, f"{platform.python_version()} on {platform.system()}")


def _packages() -> Iterator[Checked]:
    for name in ("real-trade-core", "backtrader"):
        try:
            yield Checked(name, _OK, version(name))
        except PackageNotFoundError:
            yield Checked(name, _FAIL, "not installed", f"pip install {name}")


def _plugins(plugins: PluginManager, wanted: str) -> Iterator[Checked]:
    broken = [info for info in plugins.infos if info.status is PluginStatus.FAILED]
    for info in broken:
        yield Checked(
            f"plugin {info.name}", _FAIL, info.error, "real-trade plugins list; update or remove it"
        )
    names = ", ".join(info.name for info in plugins.infos if info.status is PluginStatus.LOADED)
    if wanted in plugins.exchanges:
        yield Checked("plugins", _OK, names)
    else:
        fix = f"pip install real-trade-{wanted}"
        yield Checked("plugins", _FAIL, f"none offers the exchange {wanted!r}: {names}", fix)


def _settings(loaded: LoadedConfig) -> Checked:
    files = ", ".join(str(file) for file in loaded.files) or "no file: the defaults"
    return Checked("settings", _OK, f"{loaded.config.mode}, {files}")


def _store(mode: Mode, db_url: str) -> Iterator[Checked]:
    if mode is Mode.BACKTEST:
        return
    url = database_url(mode, db_url)
    path = sqlite_path(url)
    try:
        open_engine(url).dispose()
    except RealTradeError as error:
        yield Checked("store", _FAIL, str(error), error.remedy)
        return
    yield Checked("store", _OK, str(path or url.partition("@")[2] or "a database"))
    if path is not None:
        free = shutil.disk_usage(path.parent).free
        state = _OK if free >= _LEAST_FREE else _WARN
        fix = "" if state is _OK else "make room: without a journal nothing is sent"
        yield Checked("disk", state, f"{free / (1 << 30):.1f} GiB free", fix)


def _proxy(loaded: LoadedConfig, environ: Mapping[str, str]) -> Checked:
    used = loaded.config.proxy_address(environ)
    if used:
        return Checked("proxy", _OK, "requests go through the proxy that is set")
    if any(environ.get(name) for name in _PROXIES):
        fix = "proxy_from_env = true uses it"
        return Checked("proxy", _WARN, "the environment names one, and it is not used", fix)
    return Checked("proxy", _OK, "none")


def _exchange(
    loaded: LoadedConfig, plugins: PluginManager, environ: Mapping[str, str]
) -> Iterator[Checked]:
    config, mode = loaded.config, Mode(loaded.config.mode)
    if config.exchange not in plugins.exchanges:
        return
    if mode.signs and not (config.apikey and config.secret):
        fix = (
            "set RT_APIKEY and RT_SECRET, or the files that RT_APIKEY_FILE and RT_SECRET_FILE name"
        )
        yield Checked("keys", _FAIL, f"{mode.value} signs, and there is no key", fix)
        return
    runtime = SystemRuntime()
    signed = (config.apikey, config.secret) if mode.signs else ("", "")
    settings = ExchangeSettings(
        runtime=runtime,
        market=Market(config.market_type),
        environment=Environment.DEMO if mode is Mode.TESTNET else Environment.LIVE,
        apikey=signed[0],
        secret=signed[1],
        endpoint=config.endpoint,
        proxy=config.proxy_address(environ),
    )
    try:
        exchange = plugins.open_exchange(config.exchange, settings)
        try:
            yield from _open_exchange(exchange, loaded, runtime)
        finally:
            exchange.close()
    except RealTradeError as error:
        yield Checked("exchange", _FAIL, str(error), error.remedy or "check the settings")
    finally:
        runtime.close()


def _open_exchange(
    exchange: Exchange, loaded: LoadedConfig, runtime: SystemRuntime
) -> Iterator[Checked]:
    began = runtime.clock.monotonic()
    try:
        exchange.connect()
    except ExchangeError as error:
        fix = error.remedy or "check the network, the endpoint and the proxy"
        yield Checked("exchange", _FAIL, str(error), fix)
        return
    took = runtime.clock.monotonic() - began
    listed = len(exchange.instruments())
    yield Checked("exchange", _OK, f"{loaded.config.exchange}: {listed} symbols in {took:.1f} s")
    yield _clock(exchange, runtime)
    yield _symbol(exchange, loaded)
    if Mode(loaded.config.mode).signs:
        yield from _account(exchange, loaded)


def _clock(exchange: Exchange, runtime: SystemRuntime) -> Checked:
    exchange.server_time()  # the first call measures how far it is
    before = runtime.clock.now()
    theirs = exchange.server_time()
    skew = theirs - before - (runtime.clock.now() - before) / 2
    told = f"{skew.total_seconds():+.2f} s from the exchange's"
    if abs(skew) > _MOST_SKEW:
        fix = "turn time synchronization on; orders are timed by the exchange's clock all the same"
        return Checked("clock", _WARN, told, fix)
    return Checked("clock", _OK, told)


def _symbol(exchange: Exchange, loaded: LoadedConfig) -> Checked:
    symbol, listed = loaded.config.symbol, exchange.instruments()
    instrument = listed.get(symbol)
    if instrument is None:
        from difflib import get_close_matches

        near = ", ".join(get_close_matches(symbol, listed, n=3))
        fix = f"did you mean {near}?" if near else "choose one that the exchange lists"
        return Checked("symbol", _FAIL, f"{symbol} is not listed", fix)
    told = (
        f"{symbol}: steps {instrument.price_step.normalize():f} and "
        f"{instrument.amount_step.normalize():f}, at least "
        f"{instrument.min_notional.normalize():f} {instrument.quote}"
    )
    if not Mode(loaded.config.mode).signs:
        cash = Decimal(repr(loaded.config.initial_cash))
        if cash < instrument.min_notional:
            fix = "raise initial_cash"
            return Checked("symbol", _FAIL, f"{told}; {cash} is less than one order", fix)
    return Checked("symbol", _OK, told)


def _account(exchange: Exchange, loaded: LoadedConfig) -> Iterator[Checked]:
    try:
        balances = exchange.balances()
    except AuthError as error:
        fix = error.remedy or "check key and secret, and that they are of this environment"
        yield Checked("keys", _FAIL, str(error), fix)
        return
    instrument = exchange.instruments().get(loaded.config.symbol)
    told = f"the account answers and holds {len(balances)} assets"
    yield Checked("keys", _OK, told)
    if instrument is not None:
        held = balances.get(instrument.settle or instrument.quote)
        cash = Decimal(0) if held is None else held.free
        told = f"{cash.normalize():f} {instrument.quote} free"
        if cash < instrument.min_notional:
            fix = f"one order needs {instrument.min_notional.normalize():f}: add funds"
            yield Checked("cash", _WARN, told, fix)
        else:
            yield Checked("cash", _OK, told)
    if isinstance(exchange, TellsKeyRights):
        yield from _permissions(exchange, Market(loaded.config.market_type))


def _permissions(exchange: TellsKeyRights, market: Market) -> Iterator[Checked]:
    try:
        found = exchange.key_permissions()
    except ExchangeError as error:
        yield Checked("key rights", _WARN, f"they cannot be read: {error}", "look on its page")
        return
    if found is None:
        yield Checked("key rights", _OK, "not told in this environment")
        return
    faults, warnings = found.faults(market), found.warnings()
    for text in faults:
        yield Checked("key rights", _FAIL, text, "make a key that may read and trade, and no more")
    for text in warnings:
        yield Checked("key rights", _WARN, text, "restrict the key to this machine's address")
    if not faults and not warnings:
        yield Checked("key rights", _OK, "reading and trading, from your address alone")


def _limits(sections: Mapping[str, Any], plugins: PluginManager) -> Checked:
    if "limits" not in plugins.sections:
        return Checked("limits", _WARN, "nothing limits orders", "pip install real-trade-risk")
    configured = getattr(sections.get("limits"), "configured", ())
    if not configured:
        fix = 'write [limits], such as max_daily_loss_pct = "3%"'
        return Checked("limits", _WARN, "no limit is set", fix)
    return Checked("limits", _OK, ", ".join(configured))


def _notifications(sections: Mapping[str, Any], plugins: PluginManager) -> Checked:
    if "notifications" not in plugins.sections:
        fix = "pip install real-trade-notifications"
        return Checked("notifications", _WARN, "nobody is told of anything", fix)
    channels = getattr(sections.get("notifications"), "channels", ())
    if not channels:
        fix = 'write [notifications] with channels = ["telegram"]; real-trade notify test'
        return Checked("notifications", _WARN, "no channel is set: nobody is told", fix)
    return Checked(
        "notifications", _OK, f"{', '.join(channels)}; real-trade notify test tries them"
    )
