"""GlobalConfig: the seed's names, strict values, no key in the clear."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from real_trade.model import Market, Mode
from real_trade.utils._global_config import settings
from real_trade.utils.config import GlobalConfig
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

pytestmark = pytest.mark.usefixtures("logging_restored")

KEY, SECRET = "k3y-of-the-account", "s3cret-of-the-account"
NESTED: dict[str, Any] = {
    "api": {"apikey": "", "secret": "", "testnet": True, "market_type": "future"},
    "trading": {"paper_trading": False, "initial_cash": 5000.0, "commission": 0.0005},
    "data": {
        "symbol": "ETH/USDT:USDT",
        "timeframe": "15m",
        "backtest": False,
        "historical_limit": 500,
    },
    "strategy": {"rsi_period": 7, "trade_size_pct": 0.3},
    "proxy": {"auto_detect": True, "proxy_url": ""},
}


def written(folder: Path, text: str, name: str = "config.json", mode: int = 0o644) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_seeds_constructor_call_works_and_means_paper() -> None:
    config = GlobalConfig(
        exchange="binance",
        apikey="your_api_key",
        secret="your_secret",
        testnet=True,
        symbol="BTC/USDT",
        timeframe="1h",
        paper_trading=True,
        initial_cash=10000.0,
        commission=0.001,
    )
    assert (config.mode, config.signs) == ("paper", False)
    assert config.initial_cash * config.commission == 10.0


def test_the_defaults_are_paper_on_binance_spot() -> None:
    config = GlobalConfig()
    assert (config.mode, config.exchange, config.market_type) == ("paper", "binance", "spot")
    assert (config.symbol, config.timeframe, config.initial_cash) == ("BTC/USDT", "1h", 10000.0)


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ({"backtest": True}, "backtest"),
        ({"paper_trading": True, "testnet": False}, "paper"),
        ({"paper_trading": False}, "testnet"),
        ({"paper_trading": False, "testnet": False}, "live"),
    ],
)
def test_the_seeds_flags_and_the_mode_say_the_same(flags: dict[str, Any], mode: str) -> None:
    assert GlobalConfig(**flags).mode == mode
    config = GlobalConfig(mode=mode)
    again = GlobalConfig(
        backtest=config.backtest, paper_trading=config.paper_trading, testnet=config.testnet
    )
    assert again == config
    assert Mode(mode).signs == config.signs


def test_a_mode_that_its_flags_contradict_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"mode = 'live' contradicts .*testnet = True"):
        GlobalConfig(mode="live", testnet=True)


def test_modes_and_markets_are_those_of_the_model() -> None:
    assert all(GlobalConfig(mode=each.value).mode == each.value for each in Mode)
    assert all(GlobalConfig(market_type=each.value).market_type == each.value for each in Market)


def test_nested_and_flat_files_mean_the_same(tmp_path: Path) -> None:
    config = GlobalConfig.from_json(written(tmp_path, json.dumps(NESTED)))
    assert (config.mode, config.market_type, config.symbol) == (
        "testnet",
        "future",
        "ETH/USDT:USDT",
    )
    assert (config.initial_cash, config.commission, config.historical_limit) == (5000, 0.0005, 500)
    assert config.strategy_params == {"rsi_period": 7, "trade_size_pct": 0.3}
    assert config.proxy_from_env
    assert GlobalConfig.from_dict(config.to_dict()) == config


def test_toml_reads_like_json(tmp_path: Path) -> None:
    text = 'mode = "testnet"\nmax_drawdown_pct = "15%"\n[data]\nsymbol = "ETH/USDT"\n'
    text += '[log]\nlevel = "debug"\n'
    config = GlobalConfig.from_toml(written(tmp_path, text, "config.toml"))
    assert (config.mode, config.symbol, config.log_level) == ("testnet", "ETH/USDT", "DEBUG")
    assert config.max_drawdown_pct == 0.15


def test_s6_a_key_shows_in_no_form_of_the_configuration(tmp_path: Path) -> None:
    config = GlobalConfig(apikey=KEY, secret=SECRET, proxy="http://me:pa55word-9@127.0.0.1:3128")
    path = tmp_path / "saved.json"
    config.save(path)
    config.save(tmp_path / "saved.toml")
    shown = f"{config!r} {config} {attrs.asdict(config)} {config.to_dict()} "
    shown += path.read_text() + (tmp_path / "saved.toml").read_text()
    assert KEY not in shown
    assert SECRET not in shown
    assert "pa55word-9" not in repr(config)
    assert config.to_dict()["apikey"] == "***"
    assert config.to_dict(reveal_secrets=True)["secret"] == SECRET


def test_a_masked_key_is_not_taken_for_a_key() -> None:
    masked = GlobalConfig(apikey=KEY).to_dict()
    with pytest.raises(ConfigurationError, match="is a mask, not a key"):
        GlobalConfig.from_dict(masked)


@pytest.mark.parametrize("name", ["bot.json", "bot.toml"])
def test_saved_files_are_private_say_where_keys_go_and_read_back(tmp_path: Path, name: str) -> None:
    config = GlobalConfig(
        mode="testnet", apikey=KEY, symbol="ETH/USDT", strategy_params={"fast": 10, "words": ["a"]}
    )
    path = tmp_path / name
    path.write_text("{}")
    path.chmod(0o644)
    config.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "RT_APIKEY_FILE" in path.read_text()
    read = GlobalConfig.from_json if name.endswith("json") else GlobalConfig.from_toml
    assert read(path) == attrs.evolve(config, apikey="")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_save_refuses_other_kinds_of_files_and_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"neither \.json nor \.toml"):
        GlobalConfig().save(tmp_path / "config.yaml")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        GlobalConfig().save(tmp_path / "none" / "config.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"symbl": "BTC/USDT"}, "unknown setting 'symbl'; did you mean 'symbol'?"),
        ({"Symbol": "BTC/USDT"}, "unknown setting 'Symbol'; did you mean 'symbol'?"),
        (
            {"api": {"apikeyy": ""}},
            "unknown setting 'apikeyy' in section api; did you mean 'apikey'?",
        ),
        ({"api": {"symbol": "BTC/USDT"}}, "api.symbol: symbol belongs to section data"),
        ({"tradng": {"commission": 0.1}}, "did you mean 'trading'?"),
        ({"symbol": "ETH/USDT", "data": {"symbol": "BTC/USDT"}}, "symbol is set twice"),
        ({"proxy": {"url": "", "proxy_url": ""}}, "proxy is set twice"),
        ({"symbol": "BTCUSDT"}, "did you mean BTC/USDT?"),
        ({"timeframe": "1hour"}, "did you mean 1h?"),
        ({"market_type": "futures"}, "must be one of spot, future, delivery"),
        ({"mode": "Live"}, "must be one of backtest, paper, testnet, live"),
        ({"testnet": "true"}, "must be true or false"),
        ({"testnet": 1}, "must be true or false"),
        ({"initial_cash": "10000"}, "must be a number"),
        ({"initial_cash": True}, "must be a number"),
        ({"initial_cash": 0}, "must be above zero"),
        ({"initial_cash": float("nan")}, "must be a finite number"),
        ({"initial_cash": float("inf")}, "must be a finite number"),
        ({"initial_cash": 10**400}, "must be a finite number"),
        ({"commission": -0.1}, "must not be negative"),
        ({"risk_per_trade": 3}, "is 300 %"),
        ({"risk_per_trade": "300%"}, "is 300 %"),
        ({"risk_per_trade": "x%"}, "must be a number"),
        ({"max_daily_trades": 1.5}, "must be a whole number"),
        ({"max_daily_trades": -1}, "must be from 0"),
        ({"log_level": "LOUD"}, "must be one of DEBUG"),
        ({"endpoint": "127.0.0.1:8080"}, "must be an address"),
        ({"endpoint": "ftp://x"}, "must be an address"),
        ({"endpoint": "http://u:p@x"}, "neither a user nor a query"),
        ({"endpoint": "http://x:port"}, "port"),
        ({"exchange": "Binance!"}, "must be a name in lower case"),
        ({"log_file": "a\nb"}, "control character"),
        ({"strategy": {"fast-period": 1}}, "'fast-period', which is no name"),
        ({"strategy_params": {"x": float("nan")}}, "not finite"),
        ({"strategy_params": 5}, "must be a table"),
        ({"apikey": "two words"}, "a space or a control character"),
        ({"apikey": 5}, "must be text"),
        ({"symbol": None}, "the symbol is empty"),
    ],
)
def test_c01_a_wrong_setting_is_refused_with_key_value_and_remedy(
    data: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        GlobalConfig.from_dict(data, where="bot.toml")
    assert message in str(raised.value)
    assert str(raised.value).startswith("bot.toml: ")
    assert raised.value.remedy


def test_a_wrong_key_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as raised:
        GlobalConfig(apikey=f"{KEY} ")
    assert KEY not in f"{raised.value} {raised.value.remedy}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"symbol": "BTC/USDT", "symbol": "ETH/USDT"}', "key 'symbol' stands twice"),
        ('{"api": {"testnet": true, "testnet": false}}', "key 'testnet' stands twice"),
        ('{"initial_cash": NaN}', "NaN is no number"),
        ('{"initial_cash": -Infinity}', "-Infinity is no number"),
        ('{"initial_cash": 1e400}', "must be a finite number"),
        ('{"symbol": "BTC/USDT",}', "config.json:1:2"),
        ('// comment\n{"symbol": "BTC/USDT"}', ":1:1: "),
        ("[]", "holds list where an object is wanted"),
        ("[" * 100_000, "config.json: "),
        ("", ":1:1: "),
    ],
)
def test_c03_json_that_is_not_strict_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        GlobalConfig.from_json(written(tmp_path, text))
    assert message in str(raised.value)
    assert "config.json" in str(raised.value)
    assert raised.value.remedy


def test_a_byte_order_mark_does_no_harm_and_other_encodings_are_refused(tmp_path: Path) -> None:
    text = '{"symbol": "ETH/USDT"}'
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert GlobalConfig.from_json(path).symbol == "ETH/USDT"
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        GlobalConfig.from_json(path)


def test_toml_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'symbol = "A/B"\nsymbol = "C/D"\n', "bot.toml")
    with pytest.raises(ConfigurationError, match=r"bot\.toml: .*overwrite"):
        GlobalConfig.from_toml(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        GlobalConfig.from_json(tmp_path / "none.json")
    with pytest.raises(ConfigurationError, match="larger than a megabyte"):
        GlobalConfig.from_json(written(tmp_path, " " * (1 << 21)))


def test_c08_a_file_with_keys_must_be_private_and_placeholders_are_no_keys(tmp_path: Path) -> None:
    text = json.dumps({"api": {"apikey": KEY, "secret": SECRET}})
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError, match="holds keys and is open to others") as raised:
        GlobalConfig.from_json(path)
    assert f"chmod 600 {path}" in raised.value.remedy
    path.chmod(0o600)
    assert GlobalConfig.from_json(path).apikey == Secret(KEY)
    template = json.dumps({"api": {"apikey": "YOUR_SPOT_DEMO_TRADING_API_KEY"}})
    assert GlobalConfig.from_json(written(tmp_path, template)).mode == "paper"


def test_c11_nothing_is_interpolated(tmp_path: Path) -> None:
    text = json.dumps({"log_file": "${HOME}/%(name)s/{0}.log", "strategy": {"a": "${SECRET}"}})
    config = GlobalConfig.from_json(written(tmp_path, text))
    assert config.log_file == "${HOME}/%(name)s/{0}.log"
    assert config.strategy_params == {"a": "${SECRET}"}


def from_env(**variables: str) -> GlobalConfig:
    return GlobalConfig.from_env(environ=variables)


def test_the_environment_sets_every_setting(tmp_path: Path) -> None:
    key_file = written(tmp_path, f"{SECRET}\n", "key", 0o600)
    config = from_env(
        RT_MODE="testnet",
        RT_APIKEY=KEY,
        RT_SECRET_FILE=str(key_file),
        RT_ENDPOINT="http://127.0.0.1:8080/",
        RT_SYMBOL="ETH/USDT",
        RT_INITIAL_CASH="2500.5",
        RT_COMMISSION="0.1%",
        RT_MAX_DAILY_TRADES="7",
        RT_NOTIFY_ON_TRADE="yes",
        RT_STRATEGY_PARAMS='{"fast": 10}',
        HOME="/home/somebody",
    )
    assert (config.apikey, config.secret) == (Secret(KEY), Secret(SECRET))
    assert (config.endpoint, config.symbol) == ("http://127.0.0.1:8080", "ETH/USDT")
    assert (config.initial_cash, config.commission, config.max_daily_trades) == (2500.5, 0.001, 7)
    assert config.notify_on_trade
    assert config.strategy_params == {"fast": 10}


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "yes", "Yes"])
def test_words_for_true_in_the_environment(word: str) -> None:
    assert from_env(RT_BACKTEST=word).backtest


@pytest.mark.parametrize("word", ["false", "0", "no", "No"])
def test_words_for_false_in_the_environment(word: str) -> None:
    assert not from_env(RT_NOTIFY_ON_ERROR=word).notify_on_error


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("RT_TESTNET", "on", "must be true or false (or 1, 0, yes, no)"),
        ("RT_TESTNET", "", "RT_TESTNET is empty"),
        ("RT_APIKEY", "", "RT_APIKEY is empty"),
        ("RT_INITIAL_CASH", "ten", "must be a number"),
        ("RT_INITIAL_CASH", "nan", "must be a number"),
        ("RT_INITIAL_CASH", "1_000", "must be a number"),
        ("RT_INITIAL_CASH", "1e999", "must be a finite number"),
        ("RT_MAX_DAILY_TRADES", "5.0", "must be a whole number"),
        ("RT_MAX_DAILY_TRADES", "9" * 30, "must be a whole number"),
        ("RT_STRATEGY_PARAMS", "{fast: 1}", "must be a JSON object"),
        ("RT_SYMBOL", "BTCUSDT", "did you mean BTC/USDT?"),
        ("RT_SYMBL", "BTC/USDT", "did you mean RT_SYMBOL?"),
        ("RT_APIKEYS", KEY, "did you mean RT_APIKEY?"),
    ],
)
def test_c04_a_wrong_variable_is_refused_by_its_name(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        from_env(**{name: text})
    assert message in str(raised.value)
    assert name in str(raised.value)
    assert raised.value.remedy
    assert KEY not in str(raised.value)


def test_other_variables_with_the_prefix_are_left_alone() -> None:
    assert from_env(RT_DB_URL="sqlite://", RT_KERNEL="6.1") == GlobalConfig()


def test_another_prefix_reads_other_variables() -> None:
    environ = {"BOT_SYMBOL": "ETH/USDT", "RT_SYMBOL": "BTC/EUR"}
    assert GlobalConfig.from_env("BOT_", environ).symbol == "ETH/USDT"


@attrs.frozen
class Telegram:
    """A plugin's section."""

    chat_id: int
    silent: bool = False


def test_a_plugins_section_is_read_into_its_class_and_written_back() -> None:
    data = {"symbol": "ETH/USDT", "telegram": {"chat_id": 5, "silent": True}}
    config = GlobalConfig.from_dict(data, sections={"telegram": Telegram})
    assert config.plugins == {"telegram": Telegram(5, True)}
    assert config.to_dict()["telegram"] == {"chat_id": 5, "silent": True}
    with pytest.raises(ConfigurationError, match="unknown setting 'telegram'"):
        GlobalConfig.from_dict(data)
    with pytest.raises(ConfigurationError, match=r"section telegram .*chat"):
        GlobalConfig.from_dict(
            {"telegram": {"chatid": 5}}, sections={"telegram": Telegram}, where="bot.toml"
        )


@pytest.mark.parametrize(
    ("settings_given", "environ", "proxy"),
    [
        ({}, {"HTTPS_PROXY": "http://env:1"}, ""),
        ({"proxy_from_env": True}, {"HTTPS_PROXY": "http://env:1"}, "http://env:1"),
        ({"proxy_from_env": True}, {}, ""),
        (
            {"proxy": "http://own:2", "proxy_from_env": True},
            {"HTTPS_PROXY": "http://env:1"},
            "http://own:2",
        ),
    ],
)
def test_the_environments_proxy_is_used_only_when_asked_for(
    settings_given: dict[str, Any], environ: dict[str, str], proxy: str
) -> None:
    assert GlobalConfig(**settings_given).proxy_address(environ) == proxy


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def kept_or_refused(make: Callable[[], GlobalConfig], name: str) -> GlobalConfig | None:
    """Return the configuration, or None if it was refused by name and with a remedy."""
    refusal: ConfigurationError | None = None
    try:
        return make()
    except ConfigurationError as error:
        refusal = error
    assert refusal.remedy
    assert name.lower() in str(refusal).lower()
    return None


@hypothesis_settings(max_examples=400, deadline=None)
@given(name=st.sampled_from([field.name for field in settings()]), value=ANYTHING)
def test_s19_any_value_of_any_setting_is_kept_or_refused_in_words(name: str, value: Any) -> None:
    config = kept_or_refused(lambda: GlobalConfig.from_dict({name: value}), name)
    if config is None:
        return
    kept = getattr(config, name)
    if name in ("apikey", "secret"):
        kept = kept.reveal()
    assert kept == value or name in ("log_level", "endpoint", "proxy", "strategy_params")


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from([field.name for field in settings()]),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)
def test_s19_any_text_in_any_variable_is_kept_or_refused_in_words(name: str, text: str) -> None:
    kept_or_refused(lambda: from_env(**{f"RT_{name.upper()}": text}), name.upper())


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    cash=st.floats(1e-6, 1e12),
    commission=st.floats(0, 1),
    parameters=st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
        st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.booleans()
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
        max_size=4,
    ),
)
def test_what_is_saved_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    cash: float,
    commission: float,
    parameters: dict[str, Any],
) -> None:
    config = GlobalConfig(initial_cash=cash, commission=commission, strategy_params=parameters)
    folder = tmp_path_factory.mktemp("saved")
    for name, read in (("a.json", GlobalConfig.from_json), ("a.toml", GlobalConfig.from_toml)):
        config.save(folder / name)
        assert read(folder / name) == config
