"""The settings of a run, under the seed's names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs
import cattrs

from real_trade.utils._config_files import write_config_file
from real_trade.utils._config_reader import SECRETS, SettingsReader, checked
from real_trade.utils._config_values import Kinds, described, keep_secret, setting
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.redaction import MASK
from real_trade.utils.secrets import Secret, find_secret

__all__ = ["MODE_FLAGS", "GlobalConfig", "settings"]

MODE_FLAGS = ("paper_trading", "testnet", "backtest")
"""The seed's three ways to name a mode."""


def _derived(rule: Any) -> Any:
    return attrs.Factory(rule, takes_self=True)


@attrs.frozen(kw_only=True)
class GlobalConfig:
    """All settings of one run. Wrong values are refused with what to write instead.

    `mode` and the seed's `backtest`, `paper_trading` and `testnet` say the same thing twice: give
    either. If both are given they must agree.
    """

    exchange: str = setting("binance", Kinds.NAME, "api", "the exchange, as its plugin calls it")
    market_type: str = setting("spot", Kinds.MARKET, "api", "which of the exchange's markets")
    mode: str = setting(
        "", Kinds.MODE, "trading", "where the market data come from and where orders go"
    )
    apikey: Secret = attrs.field(
        factory=Secret, converter=keep_secret, metadata=described(Kinds.SECRET, "api", "the key")
    )
    secret: Secret = attrs.field(
        factory=Secret, converter=keep_secret, metadata=described(Kinds.SECRET, "api", "its secret")
    )
    testnet: bool = setting(
        _derived(lambda self: self.mode != "live"),
        *(Kinds.TRUTH, "api", "signed orders go to the demo environment, not to real money"),
    )
    endpoint: str = setting(
        "", Kinds.ADDRESS, "api", "a simulator's address; replaces every host of the exchange"
    )
    proxy: str = setting(
        "", Kinds.PROXY, "proxy", "an HTTP proxy; loopback never uses it", ("proxy_url", "url")
    )
    proxy_from_env: bool = setting(
        False,
        Kinds.TRUTH,
        "proxy",
        "without `proxy`, take HTTPS_PROXY or ALL_PROXY",
        ("auto_detect", "from_env"),
    )
    symbol: str = setting("BTC/USDT", Kinds.SYMBOL, "data", "what to trade")
    timeframe: str = setting("1h", Kinds.TIMEFRAME, "data", "the length of a bar")
    historical_limit: int = setting(
        1000, Kinds.COUNT, "data", "how many bars of history come before the first live one"
    )
    backtest: bool = setting(
        _derived(lambda self: self.mode == "backtest"),
        *(Kinds.TRUTH, "data", "history only; nothing is signed"),
    )
    paper_trading: bool = setting(
        _derived(lambda self: self.mode in {"", "backtest", "paper"}),
        *(Kinds.TRUTH, "trading", "live market data, our own fills; nothing is signed"),
    )
    initial_cash: float = setting(
        10000.0, Kinds.MONEY, "trading", "cash at the start of a backtest or of paper trading"
    )
    commission: float = setting(
        0.001, Kinds.RATIO, "trading", "the fee, as a part of a trade's value"
    )
    max_position_pct: float = setting(
        0.3, Kinds.SHARE, "risk", "the largest position, as a part of equity"
    )
    risk_per_trade: float = setting(
        0.02, Kinds.SHARE, "risk", "the most one trade may lose, as a part of equity"
    )
    max_drawdown_pct: float = setting(
        0.2, Kinds.SHARE, "risk", "the drawdown at which trading halts, as a part of equity"
    )
    max_daily_trades: int = setting(
        50, Kinds.COUNT, "risk", "the most trades a UTC day; 0 for no limit"
    )
    max_daily_loss: float = setting(
        0.0, Kinds.LOSS, "risk", "the most lost in a UTC day, in quote units; 0 for no limit"
    )
    stop_loss_pct: float | None = setting(
        None, Kinds.OPTIONAL_SHARE, "risk", "distance of a stop from the entry price"
    )
    log_level: str = setting("INFO", Kinds.LEVEL, "log", "the least level to show", ("level",))
    log_file: str | None = setting(
        None, Kinds.OPTIONAL_PATH, "log", "a file for JSON lines; it rotates", ("file",)
    )
    notify_on_trade: bool = setting(
        False, Kinds.TRUTH, "notify", "send a message for every trade", ("on_trade",)
    )
    notify_on_error: bool = setting(
        True, Kinds.TRUTH, "notify", "send a message for every error", ("on_error",)
    )
    strategy_params: Mapping[str, Any] = setting(
        attrs.Factory(dict), Kinds.TABLE, "strategy", "the strategy's own parameters"
    )
    plugins: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for field in settings():
            if field.name != "mode" or self.mode:
                value = checked(field, getattr(self, field.name), "")
                object.__setattr__(self, field.name, value)
        if not self.mode:
            object.__setattr__(self, "mode", _mode_of(self))
        _check_mode(self)

    @property
    def signs(self) -> bool:
        """Whether orders are signed and sent to an exchange: in testnet and live."""
        return self.mode in {"testnet", "live"}

    def proxy_address(self, environ: Mapping[str, str]) -> str:
        """Return the proxy to use: the one set, or that of `environ` if it was asked for."""
        if self.proxy or not self.proxy_from_env:
            return self.proxy
        names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        return next((environ[name] for name in names if environ.get(name)), "")

    def to_dict(self, *, reveal_secrets: bool = False) -> dict[str, Any]:
        """Return all settings as plain values; keys are masked unless `reveal_secrets`."""
        values = {field.name: getattr(self, field.name) for field in settings()}
        for name in SECRETS:
            secret: Secret = values[name]
            values[name] = secret.reveal() if reveal_secrets else MASK if secret else ""
        values["strategy_params"] = dict(self.strategy_params)
        return {**values, **cattrs.unstructure(dict(self.plugins))}

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        sections: Mapping[str, type] | None = None,
        where: str = "",
    ) -> Self:
        """Return the settings in `data`, flat or in sections (`api trading data strategy proxy …`).

        Args:
            data: values of their own types, as JSON and TOML hold them.
            sections: plugins' sections: name to an attrs class.
            where: the file, for messages.

        Raises:
            ConfigurationError: an unknown key, a key twice, a wrong value.
        """
        return cls(**SettingsReader(settings(), sections).from_mapping(data, where))

    @classmethod
    def from_json(
        cls, path: str | os.PathLike[str], *, sections: Mapping[str, type] | None = None
    ) -> Self:
        """Return the settings in a JSON file.

        Raises:
            ConfigurationError: see `from_dict`; not well-formed; keys that others could read.
        """
        return cls(**SettingsReader(settings(), sections).from_file(Path(path)))

    @classmethod
    def from_toml(
        cls, path: str | os.PathLike[str], *, sections: Mapping[str, type] | None = None
    ) -> Self:
        """Return the settings in a TOML file.

        Raises:
            ConfigurationError: see `from_json`.
        """
        return cls(**SettingsReader(settings(), sections).from_file(Path(path)))

    @classmethod
    def from_env(cls, prefix: str = "RT_", environ: Mapping[str, str] | None = None) -> Self:
        """Return the settings in the environment: `RT_SYMBOL`, `RT_APIKEY`, `RT_SECRET_FILE`, …

        Raises:
            ConfigurationError: an empty or wrong value, or a name that is nearly one of ours.
        """
        source = os.environ if environ is None else environ
        values = SettingsReader(settings()).from_environ(source, prefix)
        for name in SECRETS:
            values[name] = find_secret(name, environ=source, prefix=prefix).secret
        return cls(**values)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all settings but the keys to a `.json` or `.toml` file, for the owner alone.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        values = self.to_dict()
        write_config_file(Path(path), {k: v for k, v in values.items() if k not in SECRETS})


def settings() -> tuple[attrs.Attribute[Any], ...]:
    """Return the fields that are settings, in order; each has its metadata."""
    return tuple(field for field in attrs.fields(GlobalConfig) if "kind" in field.metadata)


def _mode_of(config: GlobalConfig) -> str:
    if config.backtest:
        return "backtest"
    if config.paper_trading:
        return "paper"
    return "testnet" if config.testnet else "live"


def _check_mode(config: GlobalConfig) -> None:
    """Refuse flags that contradict the mode; paper and backtest leave `testnet` open."""
    implied = _mode_of(config)
    if implied != config.mode:
        flags = ", ".join(f"{name} = {getattr(config, name)}" for name in MODE_FLAGS)
        raise ConfigurationError(
            f"mode = {config.mode!r} contradicts {flags}, which mean {implied!r}",
            remedy=f"give the mode alone, or the flags of {config.mode}",
        )
