"""What every command shares: help, versions, suggestions, errors."""

from __future__ import annotations

import pytest

from real_trade.cli.exits import Exit, exit_code
from real_trade.exchange import AuthError, InvalidOrder, Unavailable, UnknownSymbol
from real_trade.utils.errors import ConfigurationError, DataError


def test_help_lists_the_commands(typed):
    done = typed("--help")
    assert done.code == 0
    for command in ("demo", "run", "backtest", "plugins"):
        assert command in done.out


def test_version_lists_the_parts(typed):
    done = typed("--version")
    assert done.code == 0
    assert "real-trade-core" in done.out
    assert "backtrader" in done.out


def test_an_unknown_command_is_answered_with_the_nearest(typed):
    done = typed("bakctest")
    assert done.code == 2
    assert "Did you mean 'backtest'" in done.err


def test_plugins_are_listed_as_json_alone_on_stdout(typed):
    done = typed("plugins", "list", "--output", "json")
    assert done.code == 0
    for plugin in done.json()["plugins"]:
        assert set(plugin) == {"name", "distribution", "version", "api", "hooks", "status", "error"}


def test_a_blocked_plugin_is_shown_as_blocked(typed):
    names = [one["name"] for one in typed("plugins", "list", "--output", "json").json()["plugins"]]
    if not names:
        pytest.skip("no plugin is installed beside core")
    done = typed("plugins", "list", "--output", "json", REAL_TRADE_BLOCK_PLUGINS=names[0])
    told = {one["name"]: one["status"] for one in done.json()["plugins"]}
    assert told[names[0]] == "blocked"


def test_an_exchange_that_is_not_installed_is_told_with_what_to_install(typed, strategy_file):
    done = typed("run", "-s", str(strategy_file), "--exchange", "nowhere")
    assert done.code == 3
    assert "nowhere" in done.err
    assert "pip install" in done.err


def test_live_is_refused_with_what_is_missing(typed, strategy_file):
    done = typed(
        "run", "-s", str(strategy_file), "--mode", "live", RT_APIKEY="k" * 64, RT_SECRET="s" * 64
    )
    assert done.code == 3
    assert "refused" in done.err
    assert "s" * 64 not in done.err


def test_testnet_without_a_key_says_where_to_put_one(typed, strategy_file):
    done = typed("run", "-s", str(strategy_file), "--mode", "testnet")
    assert done.code in {3, 4}
    assert "RT_APIKEY" in done.err


def test_an_unknown_mode_is_answered_with_the_nearest(typed, strategy_file):
    done = typed("run", "-s", str(strategy_file), "--mode", "papr")
    assert done.code == 3
    assert "write mode as paper" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), Exit.CONFIGURATION),
        (DataError("x"), Exit.DATA),
        (AuthError("x"), Exit.CREDENTIALS),
        (Unavailable("x"), Exit.EXCHANGE),
        (InvalidOrder("x"), Exit.EXCHANGE),
        (UnknownSymbol("x"), Exit.CONFIGURATION),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (RuntimeError("x"), Exit.UNEXPECTED),
    ],
)
def test_each_family_of_errors_has_its_exit_code(error, code):
    assert exit_code(error) is code
