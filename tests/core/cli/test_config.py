"""`real-trade config`: see, check and change settings."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def folder(tmp_path):
    """The folder that commands are typed in."""
    return tmp_path


def test_every_setting_is_shown_with_its_origin(typed, folder):
    (folder / "real-trade.toml").write_text('symbol = "ETH/USDT"\n')
    told = typed("config", "show", "--output", "json", RT_TIMEFRAME="15m").json()
    rows = {row["name"]: (row["value"], row["origin"]) for row in told["settings"]}
    assert rows["symbol"] == ("ETH/USDT", "real-trade.toml")
    assert rows["timeframe"] == ("15m", "environment RT_TIMEFRAME")
    assert rows["commission"] == ("0.001", "default")
    assert told["files"] == ["real-trade.toml"]


def test_keys_are_masked(typed, folder):
    (folder / "real-trade.toml").write_text('mode = "testnet"\n')
    keys = {"RT_APIKEY": "not-to-be-seen-key", "RT_SECRET": "not-to-be-seen-secret"}
    for words in (("config", "show"), ("config", "show", "--output", "json"), ("config", "check")):
        done = typed(*words, **keys)
        assert done.code == 0, done.err
        assert "not-to-be-seen" not in done.out + done.err
    rows = typed("config", "show", "--output", "json", **keys).json()["settings"]
    origins = {row["name"]: row["origin"] for row in rows}
    assert origins["apikey"] == "environment RT_APIKEY"


def test_set_changes_one_value_and_leaves_the_rest_with_its_comments(typed, folder):
    file = folder / "real-trade.toml"
    file.write_text('# mine\nsymbol = "BTC/USDT"  # the big one\n')
    assert typed("config", "set", "timeframe", "15m").code == 0
    assert typed("config", "set", "symbol", "ETH/USDT").code == 0
    text = file.read_text()
    assert text.startswith('# mine\nsymbol = "ETH/USDT"')
    assert "# the big one" in text
    assert typed("config", "check", "--output", "json").json()["timeframe"] == "15m"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("timeframe", "7h"), "did you mean 8h"),
        (("simbol", "BTC/USDT"), "did you mean"),
        (("commission", "900%"), "commission"),
        (("apikey", "abc"), "does not belong on a command line"),
        (("api.secret", "abc"), "does not belong on a command line"),
    ],
)
def test_what_would_be_wrong_is_refused_and_the_file_stays(typed, folder, words, hint):
    file = folder / "real-trade.toml"
    file.write_text('symbol = "BTC/USDT"\n')
    done = typed("config", "set", *words)
    assert done.code == 3
    assert hint in done.err
    assert file.read_text() == 'symbol = "BTC/USDT"\n'
    assert sorted(path.name for path in folder.iterdir()) == ["real-trade.toml"]


def test_check_tells_what_is_wrong_and_where(typed, folder):
    (folder / "bad.toml").write_text('symbol = "BTC/USDT"\nsymbl = "ETH/USDT"\n')
    done = typed("config", "check", "-c", "bad.toml")
    assert done.code == 3
    assert "symbl" in done.err
    assert "symbol" in done.err


def test_the_schema_knows_every_setting_flat_and_in_sections(typed):
    told = json.loads(typed("config", "schema").out)
    rows = typed("config", "show", "--output", "json").json()["settings"]
    assert {row["name"] for row in rows} <= set(told["properties"])
    assert told["properties"]["mode"]["enum"] == ["backtest", "paper", "testnet", "live"]
    assert "symbol" in told["properties"]["data"]["properties"]
    assert told["additionalProperties"] is False
