"""The seed's one call that gives store, broker and feed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from real_trade.binance.broker import BinanceBroker
from real_trade.binance.datafeed import BinanceData
from real_trade.binance.store import BinanceStore
from real_trade.engine.modes import choose_mode
from real_trade.engine.offline import quote_of
from real_trade.exchange import AuthError
from real_trade.model import Mode
from real_trade.utils.config import GlobalConfig, load_config
from real_trade.utils.errors import ConfigurationError

__all__ = ["create_binance_engine", "create_binance_engine_from_config"]

Engine = tuple[BinanceStore, BinanceBroker, BinanceData]

_STORE = frozenset({"mode", "endpoint", "runtime", "plugins", "exchange"})
_BROKER = frozenset({"base_currency"})
_DATA = frozenset(
    {"historical_data", "historical_limit", "fromdate", "todate", "qcheck", "sessionstart"}
    | {"sessionend", "name"}
)


def create_binance_engine(
    apikey: str = "",
    secret: str = "",
    symbol: str = "BTC/USDT",
    timeframe: str = "1h",
    testnet: bool = True,
    paper_trading: bool = True,
    cash: float = 10000.0,
    commission: float = 0.001,
    proxy: str | None = None,
    backtest: bool = False,
    market_type: str = "spot",
    **options: Any,
) -> Engine:
    """Return (store, broker, data) for one symbol, ready for Cerebro; nothing is connected yet.

    More symbols: `store.getdata(symbol="ETH/USDT", ccxt_timeframe="1h")`.

    Args:
        apikey, secret: for testnet; `RT_APIKEY` and `RT_SECRET` where left out. Never passed on in
            backtest and paper.
        symbol: unified name.
        timeframe: bar length, such as "1h".
        testnet, paper_trading, backtest: the safest that is set wins; all False means real money,
            which is refused while its safeguards are missing.
        cash, commission: of the paper account; elsewhere Binance says.
        proxy: an HTTP proxy; never used for this machine.
        options: for the store (`mode`, `endpoint`, `runtime`, `plugins`, `exchange`), the broker
            (`base_currency`) and the feed (`historical_data`, `historical_limit`, `fromdate`,
            `todate`, `qcheck`). `RT_ENDPOINT` where no endpoint is given.

    Raises:
        ConfigurationError: an unknown option, market or timeframe; a mode that is refused.
        AuthError: testnet without a key.
    """
    _refuse_unknown(options)
    mode = options.pop("mode", None) or choose_mode(
        backtest=backtest, paper_trading=paper_trading, testnet=testnet
    )
    store = BinanceStore(
        apikey, secret, testnet, proxy, market_type, mode=mode, **_chosen(options, _STORE)
    )
    _need_keys(store)
    money = {"base_currency": quote_of(symbol)} | _chosen(options, _BROKER)
    broker = BinanceBroker(
        store, cash=cash, commission=commission, paper_trading=not mode.signs, **money
    )
    bars = {"symbol": symbol, "backtest": mode is Mode.BACKTEST} | _chosen(options, _DATA)
    data = BinanceData.from_timeframe_string(timeframe, store, **bars)
    assert isinstance(data, BinanceData)
    return store, broker, data


def create_binance_engine_from_config(
    config: str | os.PathLike[str] | Mapping[str, Any] | GlobalConfig,
) -> Engine:
    """Return (store, broker, data) for the settings in a file, a dict or a `GlobalConfig`.

    A file may be JSON or TOML, flat or in sections; the environment (`RT_…`) wins over it.

    Raises:
        ConfigurationError: an unknown key, a wrong value, another exchange.
        AuthError: testnet without a key.
    """
    found = _config(config)
    if found.exchange != "binance":
        raise ConfigurationError(
            f"the configuration names exchange {found.exchange!r}, not binance",
            remedy="set exchange to binance, or use that exchange's own plugin",
        )
    return create_binance_engine(
        apikey=found.apikey.reveal(),
        secret=found.secret.reveal(),
        symbol=found.symbol,
        timeframe=found.timeframe,
        testnet=found.testnet,
        cash=found.initial_cash,
        commission=found.commission,
        proxy=found.proxy_address(os.environ) or None,
        market_type=found.market_type,
        mode=Mode(found.mode),
        endpoint=found.endpoint,
        historical_limit=found.historical_limit,
    )


def _need_keys(store: BinanceStore) -> None:
    if store.mode.signs and not (store.apikey and store.secret):
        raise AuthError(
            f"{store.mode.value} needs a key and a secret of Binance's demo",
            remedy="set RT_APIKEY and RT_SECRET, pass apikey and secret, or use paper_trading=True",
        )


def _config(given: str | os.PathLike[str] | Mapping[str, Any] | GlobalConfig) -> GlobalConfig:
    if isinstance(given, GlobalConfig):
        return given
    if isinstance(given, Mapping):
        return GlobalConfig.from_dict(given)
    return load_config(Path(given)).config


def _chosen(options: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in names}


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    known = sorted(_STORE | _BROKER | _DATA)
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(
                f"create_binance_engine has no option {name!r}{hint}",
                remedy=f"known besides its arguments: {', '.join(known)}",
            )
