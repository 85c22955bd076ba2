"""The seed's store, broker, feed and the call that makes them: nothing here is connected."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from real_trade.binance import (
    BinanceBroker,
    BinanceData,
    BinanceStore,
    create_binance_engine,
    create_binance_engine_from_config,
)
from real_trade.exchange import AuthError
from real_trade.model import Mode
from real_trade.utils.config import GlobalConfig
from real_trade.utils.errors import ConfigurationError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in ("RT_ENDPOINT", "RT_APIKEY", "RT_SECRET", "RT_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def stores(monkeypatch):
    """Stop every store that a test makes."""
    made = []
    begin = BinanceStore.__init__

    def noting(store, *args, **options):
        begin(store, *args, **options)
        made.append(store)

    monkeypatch.setattr(BinanceStore, "__init__", noting)
    yield made
    for store in made:
        store.stop()


@pytest.fixture
def engine():
    return create_binance_engine


def test_the_seeds_defaults_give_paper_on_one_hour_bars_of_btc(engine):
    store, broker, data = engine()
    assert isinstance(store, BinanceStore)
    assert isinstance(broker, BinanceBroker)
    assert isinstance(data, BinanceData)
    assert store.mode is Mode.PAPER
    assert (data.symbol, data.bar_length.value) == ("BTC/USDT", "1h")
    assert (broker.startingcash, broker.p.commission) == (10000.0, 0.001)
    assert broker.store is store


def test_paper_and_backtest_keep_no_key(engine, monkeypatch):
    monkeypatch.setenv("RT_APIKEY", "environment-key")
    monkeypatch.setenv("RT_SECRET", "environment-secret")
    for flags in ({}, {"backtest": True}):
        store, _, _ = engine("YOUR_API_KEY", "YOUR_SECRET", **flags)
        assert not store.apikey
        assert not store.secret


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ({"backtest": True}, Mode.BACKTEST),
        ({"backtest": True, "paper_trading": False, "testnet": False}, Mode.BACKTEST),
        ({"testnet": False}, Mode.PAPER),
        ({"paper_trading": False, "apikey": "k" * 8, "secret": "s" * 8}, Mode.TESTNET),
    ],
)
def test_the_safest_switch_that_is_set_wins(engine, flags, mode):
    assert engine(**flags)[0].mode is mode


def test_testnet_takes_keys_from_the_environment_or_says_how(engine, monkeypatch):
    with pytest.raises(AuthError) as caught:
        engine(paper_trading=False)
    assert "RT_APIKEY" in caught.value.remedy
    monkeypatch.setenv("RT_APIKEY", "environment-key")
    monkeypatch.setenv("RT_SECRET", "environment-secret")
    store, _, _ = engine(paper_trading=False)
    assert store.apikey.reveal() == "environment-key"
    given, _, _ = engine("argument-key", "argument-secret", paper_trading=False)
    assert given.apikey.reveal() == "argument-key"


def test_real_money_is_refused(engine):
    with pytest.raises(ConfigurationError, match="live is refused"):
        engine("k" * 8, "s" * 8, testnet=False, paper_trading=False)


def test_the_endpoint_comes_from_the_environment(engine, monkeypatch):
    monkeypatch.setenv("RT_ENDPOINT", "http://127.0.0.1:9")
    assert engine()[0].endpoint == "http://127.0.0.1:9"
    assert engine(endpoint="http://127.0.0.1:8")[0].endpoint == "http://127.0.0.1:8"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeframe": "1hh"}, "unknown timeframe"),
        ({"market_type": "futures"}, "unknown market"),
        ({"symbol": "BTCUSDT"}, "BASE/QUOTE"),
        ({"historic_limit": 5}, "did you mean 'historical_limit'"),
    ],
)
def test_wrong_arguments_are_refused_by_name(engine, options, says):
    with pytest.raises(ConfigurationError, match=says):
        engine(**options)


def test_one_account_and_market_have_one_store():
    one = BinanceStore.get_instance("key-of-one", "secret-of-one")
    assert BinanceStore.get_instance("key-of-one", "secret-of-one") is one
    assert BinanceStore.get_instance("key-of-two", "secret-of-two") is not one
    other = BinanceStore.get_instance("key-of-one", "secret-of-one", market_type="future")
    assert other is not one
    assert one.mode is Mode.TESTNET
    assert BinanceStore.get_instance().mode is Mode.PAPER
    shown = repr(one) + str(vars(one))
    assert "key-of-one" not in shown
    assert "secret-of-one" not in shown


def test_a_broker_that_should_sign_refuses_a_store_that_does_not():
    with pytest.raises(ConfigurationError, match="paper_trading=False"):
        BinanceBroker(BinanceStore(), paper_trading=False)


SETTINGS = {"symbol": "ETH/USDT", "timeframe": "15m", "initial_cash": 500.0, "commission": 0.002}


def test_a_configuration_may_be_a_dict_a_file_or_an_object(tmp_path):
    flat = tmp_path / "flat.json"
    flat.write_text(json.dumps(SETTINGS))
    nested = tmp_path / "nested.toml"
    nested.write_text(
        '[data]\nsymbol = "ETH/USDT"\ntimeframe = "15m"\n'
        "[trading]\ninitial_cash = 500.0\ncommission = 0.002\n"
    )
    for config in (SETTINGS, flat, str(nested), GlobalConfig.from_dict(SETTINGS)):
        store, broker, data = create_binance_engine_from_config(config)
        assert (data.symbol, data.bar_length.value) == ("ETH/USDT", "15m")
        assert (broker.startingcash, broker.p.commission) == (500.0, 0.002)
        assert store.mode is Mode.PAPER


def test_a_configuration_that_is_wrong_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="symbl"):
        create_binance_engine_from_config({"symbl": "BTC/USDT"})
    with pytest.raises(ConfigurationError, match="kraken"):
        create_binance_engine_from_config({"exchange": "kraken"})
    with pytest.raises(ConfigurationError):
        create_binance_engine_from_config(tmp_path / "absent.json")


def test_loading_the_plugin_loads_nothing_heavy():
    code = (
        "import sys, real_trade.binance.plugin as p; (spec,) = p.register_exchanges();"
        "assert spec.name == 'binance' and spec.has_demo;"
        "print([m for m in ('ccxt', 'backtrader', 'urllib3', 'websocket') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_opening_an_exchange_reaches_for_nothing(make_settings, script, connector):
    from real_trade.binance.plugin import open_exchange

    exchange = open_exchange(make_settings())
    assert exchange.name == "binance"
    assert script.asked == []
    assert connector.sockets == []
