"""The store: one account of one market, found again, with no secret to be seen."""

from __future__ import annotations

import threading
from decimal import Decimal

import backtrader as bt
import pytest

from real_trade.common import BaseStore
from real_trade.exchange import Environment, Unavailable
from real_trade.model import Channel, Mode
from real_trade.plugins import ExchangeSpec, hookimpl
from real_trade.runtime import VirtualRuntime
from real_trade.utils.errors import ConfigurationError

KEY, SECRET = "the-key-of-this-account", "the-secret-of-this-account"


class Kind(BaseStore):
    """A store of an exchange for these tests: its instances are its own."""

    exchange_name = "fake"


@pytest.fixture
def get(kit):
    """`get_instance` of a class of this test, whose stores end with it."""
    cls = type("Mine", (Kind,), {})
    made = []

    def get_instance(**options):
        store = cls.get_instance(plugins=kit.no_plugins(), runtime=VirtualRuntime(), **options)
        made.append(store)
        return store

    yield get_instance
    for store in made:
        store.stop()


# Instances


def test_the_same_account_gives_the_same_store(get):
    assert get(apikey=KEY, mode=Mode.TESTNET) is get(apikey=KEY, mode=Mode.TESTNET)
    assert get() is get(mode=Mode.PAPER), "paper is the default"


@pytest.mark.parametrize(
    "other",
    [
        {"apikey": "another"},
        {"market_type": "future"},
        {"mode": Mode.BACKTEST},
        {"endpoint": "http://127.0.0.1:8080"},
        {"testnet": False},
        {"exchange_name": "other"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_account_market_mode_or_endpoint_gives_another_store(get, other):
    mine = {"apikey": KEY, "mode": Mode.TESTNET}
    assert get(**mine) is not get(**(mine | other))


def test_a_store_that_was_stopped_is_made_anew(get):
    first = get()
    first.stop()
    assert get() is not first


def test_many_threads_get_one_store(get):
    start, found = threading.Barrier(8), []

    def ask():
        start.wait()
        found.append(get(apikey=KEY))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(store) for store in found}) == 1


def test_an_unknown_market_is_refused_with_those_that_exist(get):
    with pytest.raises(ConfigurationError, match="spot, future, delivery"):
        get(market_type="futures")


# Secrets


def test_nothing_that_shows_a_store_shows_its_secret(get):
    store = get(apikey=KEY, secret=SECRET, mode=Mode.TESTNET)
    shown = f"{store!r} {store} {vars(store)} {type(store)._instances}"
    assert SECRET not in shown
    assert KEY not in shown
    assert store.secret.reveal() == SECRET


def test_paper_and_backtest_drop_the_keys(get):
    for mode in (Mode.PAPER, Mode.BACKTEST):
        store = get(apikey=KEY, secret=SECRET, mode=mode)
        assert not store.apikey.reveal()
        assert not store.secret.reveal()


class Plugin:
    """Registers an exchange whose opening notes the settings."""

    REAL_TRADE_API = (1, 0)

    def __init__(self, exchange):
        self.exchange, self.settings = exchange, []

    @hookimpl
    def register_exchanges(self):
        def opened(settings):
            self.settings.append(settings)
            return self.exchange

        return [ExchangeSpec(name="fake", title="Fake", open=opened)]


@pytest.fixture
def plugins(kit, exchange):
    manager = kit.no_plugins()
    plugin = Plugin(exchange)
    manager.register("fake", plugin)
    manager.opened = plugin.settings
    return manager


def run_paper(kit, exchange, plugins, mode=Mode.PAPER, act=None):
    store = Kind(
        KEY, SECRET, mode=mode, runtime=exchange.runtime, plugins=plugins, endpoint="http://x"
    )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(store.getbroker(cash=5000.0, commission=0.001))
    cerebro.adddata(store.getdata(ccxt_timeframe="1m", historical_limit=3))
    cerebro.addstrategy(kit.Recorder, on_bar=act)
    exchange.runtime.call_later(200, store.request_stop)
    found = cerebro.run()[0]
    found.store = store
    return found


def test_paper_passes_no_key_to_the_exchange_and_fills_by_itself(kit, exchange, plugins):
    def act(strategy):
        if strategy.data.is_live_now and not strategy.sent:
            strategy.sent.append(strategy.buy(size=1))

    found = run_paper(kit, exchange, plugins, act=act)
    settings = plugins.opened[0]
    assert (settings.apikey.reveal(), settings.secret.reveal()) == ("", "")
    assert settings.environment is Environment.LIVE, "paper trades on the real market's data"
    assert settings.endpoint == "http://x"
    assert "submit" not in exchange.calls
    assert "balances" not in exchange.calls
    assert found.told() == ["Submitted", "Accepted", "Completed"]
    assert found.broker.getposition(found.data).size == 0.999, "the fee is in what was bought"


def test_testnet_passes_the_keys_to_the_exchanges_demo(kit, exchange, plugins):
    run_paper(kit, exchange, plugins, mode=Mode.TESTNET)
    settings = plugins.opened[0]
    assert settings.apikey.reveal() == KEY
    assert settings.environment is Environment.DEMO


def test_live_is_refused_before_anything_is_opened(kit, exchange, plugins):
    with pytest.raises(ConfigurationError, match="live is refused") as caught:
        run_paper(kit, exchange, plugins, mode=Mode.LIVE)
    assert "paper" in caught.value.remedy
    assert plugins.opened == []


def test_an_exchange_that_nobody_offers_is_refused(kit, exchange):
    store = Kind(mode=Mode.PAPER, runtime=exchange.runtime, plugins=kit.no_plugins())
    with pytest.raises(ConfigurationError, match="fake"):
        store.start(broker=store.getbroker())


# Notifications


def test_a_notification_before_the_start_reaches_the_strategy(kit, exchange):
    def setup(cerebro, store):
        store.put_notification("hello", 1, two=2)

    told = []

    class Told(kit.Recorder):
        def notify_store(self, message, *args, **kwargs):
            super().notify_store(message)
            told.append((message, args, kwargs))

    found = kit.run_live(exchange, Told, seconds=30, setup=setup)
    assert told[0] == ("hello", (1,), {"two": 2})
    assert f"{Channel.BARS.value}: connected" in found.notes


def test_a_notification_is_given_once(get):
    store = get()
    store.put_notification("hello")
    assert store.get_notifications() == [("hello", (), {})]
    assert store.get_notifications() == []


# Questions


@pytest.fixture
def store(kit, exchange):
    made = Kind(
        mode=Mode.TESTNET, exchange=exchange, runtime=exchange.runtime, plugins=kit.no_plugins()
    )
    yield made
    made.stop()


def test_a_balance_is_what_the_account_holds(store, exchange):
    exchange.held = {"USDT": Decimal("12.5"), "BTC": Decimal(2)}
    assert store.get_balance() == 12.5
    assert store.get_balance("BTC") == 2.0
    assert store.get_balance("ETH") == 0.0
    assert store.get_total_value() == 12.5 + 2 * store.get_ticker("BTC/USDT")["last"]
    assert store.get_positions() == [{"symbol": "BTC/USDT", "size": 2.0, "price": 0.0}]
    assert store.get_positions(["ETH/USDT"]) == []
    assert set(store.get_markets()) == {"BTC/USDT"}
    assert store.get_open_orders() == []


@pytest.mark.parametrize("question", ["get_balance", "get_total_value", "get_positions"])
def test_an_exchange_that_does_not_answer_is_an_error_and_never_zero(store, exchange, question):
    def broken():
        raise Unavailable("down for maintenance")

    exchange.balances = broken
    with pytest.raises(Unavailable, match="maintenance"):
        getattr(store, question)()


def test_a_connection_that_fails_is_told_with_its_reason(store, exchange):
    assert store.test_connection()

    def broken():
        raise Unavailable("down for maintenance")

    exchange.server_time = broken
    assert not store.test_connection()
    assert any("maintenance" in note for note, _, _ in store.get_notifications())


def test_books_and_desk_before_the_start_are_a_clear_error(store):
    for part in ("books", "desk"):
        with pytest.raises(ConfigurationError, match="has not started"):
            getattr(store, part)


# Life


def test_a_run_ends_when_it_is_asked_and_lets_the_exchange_go(kit, exchange):
    found = kit.run_live(exchange, seconds=61)
    assert exchange.calls[-1] == "close"
    assert found.store.is_closed
    assert exchange.sinks == []


def test_a_runtime_that_was_given_is_left_running(kit, exchange):
    closed = []
    exchange.runtime.close = lambda: closed.append(True)
    kit.run_live(exchange, seconds=61)
    assert closed == []
