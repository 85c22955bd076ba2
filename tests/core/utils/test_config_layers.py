"""Layers: command line, environment, file here, the user's file, defaults, and their origins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from real_trade.utils.config import CONFIG_FILE, LoadedConfig, load_config, user_folder
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

pytestmark = pytest.mark.usefixtures("logging_restored")

KEY, SECRET = "k3y-of-the-account", "s3cret-of-the-account"


class Place:
    """A working folder, a user's folder and an environment."""

    def __init__(self, root: Path) -> None:
        self.here, self.home = root / "here", root / "home"
        self.here.mkdir()
        self.home.mkdir()
        self.environ: dict[str, str] = {}

    def file(self, folder: Path, text: str, name: str = CONFIG_FILE, mode: int = 0o600) -> Path:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def load(self, path: Path | None = None, **overrides: Any) -> LoadedConfig:
        return load_config(path, self.environ, overrides, folder=self.home, here=self.here)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setitem(sys.modules, "keyring", None)
    return Place(tmp_path)


def test_each_layer_wins_over_those_below_and_is_named(place: Place) -> None:
    users = place.file(
        place.home, 'timeframe = "4h"\nsymbol = "A/B"\ncommission = 0.5\nlog_level = "DEBUG"\n'
    )
    nearest = place.file(place.here, 'symbol = "C/D"\ncommission = 0.4\n[log]\nlevel = "ERROR"\n')
    place.environ = {"RT_COMMISSION": "0.3", "RT_LOG_LEVEL": "WARNING"}
    loaded = place.load(log_level="INFO", symbol=None)
    config, origins = loaded.config, loaded.origins
    assert (config.timeframe, origins["timeframe"]) == ("4h", str(users))
    assert (config.symbol, origins["symbol"]) == ("C/D", str(nearest))
    assert (config.commission, origins["commission"]) == (0.3, "environment RT_COMMISSION")
    assert (config.log_level, origins["log_level"]) == ("INFO", "command line")
    assert (config.initial_cash, origins["initial_cash"]) == (10000, "default")
    assert loaded.files == (nearest, users)


def test_without_any_layer_all_is_default(place: Place) -> None:
    loaded = place.load()
    assert loaded.files == ()
    assert loaded.config.mode == "paper"
    assert set(loaded.origins.values()) == {"default", "not read in mode paper"}


def test_a_named_file_replaces_the_one_here_and_must_be_there(place: Place) -> None:
    place.file(place.here, 'symbol = "A/B"')
    named = place.file(place.here, '{"data": {"symbol": "C/D"}}', "other.json")
    assert place.load(named).config.symbol == "C/D"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        place.load(place.here / "none.toml")


def test_a_mode_wins_over_flags_in_the_layers_below(place: Place) -> None:
    file = place.file(place.here, "[trading]\npaper_trading = true\n[api]\ntestnet = true\n")
    loaded = place.load(mode="live")
    assert (loaded.config.mode, loaded.config.testnet) == ("live", False)
    assert loaded.origins["paper_trading"] == "command line"
    assert place.load().origins["mode"] == str(file)


def test_a_flag_wins_over_a_mode_in_the_layers_below(place: Place) -> None:
    place.file(place.here, 'mode = "live"')
    place.environ = {"RT_PAPER_TRADING": "true"}
    loaded = place.load()
    assert loaded.config.mode == "paper"
    assert loaded.origins["mode"] == "environment RT_PAPER_TRADING"


def test_a_mode_and_flags_that_disagree_in_one_layer_are_refused(place: Place) -> None:
    place.file(place.here, 'mode = "live"\npaper_trading = true\n')
    with pytest.raises(ConfigurationError, match="contradicts"):
        place.load()


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_s7_backtest_and_paper_hold_no_key_wherever_one_lies(place: Place, mode: str) -> None:
    place.environ = {"RT_APIKEY": KEY, "RT_SECRET": SECRET}
    place.file(place.here, f'apikey = "{KEY}"')
    place.file(place.home, f'apikey = "{KEY}"', "secrets.toml")
    loaded = place.load(mode=mode)
    assert loaded.config.apikey == loaded.config.secret == Secret()
    assert loaded.origins["apikey"] == f"not read in mode {mode}"


def test_keys_come_from_the_environment_then_the_secrets_file_then_the_configuration(
    place: Place,
) -> None:
    place.file(place.here, 'apikey = "in-the-configuration"\nsecret = "in-the-configuration-2"\n')
    loaded = place.load(mode="testnet")
    assert loaded.config.apikey == Secret("in-the-configuration")
    file = place.file(
        place.home, '[binance.testnet]\napikey = "in-the-secrets-file"\n', "secrets.toml"
    )
    loaded = place.load(mode="testnet")
    assert (loaded.config.apikey, loaded.origins["apikey"]) == (
        Secret("in-the-secrets-file"),
        str(file),
    )
    assert loaded.config.secret == Secret("in-the-configuration-2")
    assert place.load(mode="live").config.apikey == Secret("in-the-configuration")
    place.environ = {"RT_APIKEY": KEY}
    assert place.load(mode="testnet").origins["apikey"] == "environment RT_APIKEY"


def test_c09_a_key_on_the_command_line_is_refused_without_showing_it(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="does not belong on a command line") as raised:
        place.load(secret=SECRET)
    assert "RT_SECRET_FILE" in raised.value.remedy
    assert SECRET not in str(raised.value)


def test_parameters_of_the_strategy_are_merged_one_by_one(place: Place) -> None:
    place.file(place.here, "[strategy]\nfast = 10\nslow = 30\n")
    loaded = place.load(strategy_params={"fast": 5})
    assert loaded.config.strategy_params == {"fast": 5, "slow": 30}


def test_rows_for_people_show_every_setting_and_no_key(place: Place) -> None:
    place.environ = {"RT_APIKEY": KEY, "RT_PROXY": "http://me:pa55word-9@127.0.0.1:3128"}
    rows = {name: (value, origin) for name, value, origin in place.load(mode="testnet").rows()}
    assert rows["apikey"] == ("***", "environment RT_APIKEY")
    assert rows["secret"] == ("-", "default")
    assert rows["testnet"] == ("true", "command line")
    assert rows["proxy"][0] == "http://me:***@127.0.0.1:3128"
    assert KEY not in str(rows)


def test_a_mistake_names_its_layer(place: Place) -> None:
    users = place.file(place.home, 'symbl = "A/B"')
    with pytest.raises(ConfigurationError, match="did you mean 'symbol'") as raised:
        place.load()
    assert str(raised.value).startswith(f"{users}: ")
    users.unlink()
    with pytest.raises(ConfigurationError, match=r"^command line: timeframe = '7m'"):
        place.load(timeframe="7m")


def test_the_users_folder_is_the_platforms() -> None:
    assert user_folder().name == "real-trade"
