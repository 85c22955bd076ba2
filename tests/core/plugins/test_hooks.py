"""Each hook, called as core calls it: `test_hook_<name>` exists for every hook (see test_meta)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from real_trade.model import (
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    Fill,
    Instrument,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderType,
    Side,
    Timeframe,
)
from real_trade.plugins import (
    AccountView,
    CommandSpec,
    Denial,
    ExchangeSpec,
    Health,
    HealthState,
    Message,
    Network,
    PluginManager,
    PluginStatus,
    RunInfo,
    Severity,
    SimulatorSpec,
    StrategySpec,
    hookimpl,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.01",
    amount_step="0.00001",
)
INTENT = OrderIntent(
    client_order_id="rt-1",
    symbol="BTC/USDT",
    side=Side.BUY,
    type=OrderType.MARKET,
    amount="0.1",
    created_at=NOW,
)
ORDER = Order(intent=INTENT)
ACCOUNT = AccountView(mode=Mode.PAPER, time=NOW, cash="100", equity="100")
FILL = Fill(
    trade_id="1",
    symbol="BTC/USDT",
    client_order_id="rt-1",
    exchange_order_id="7",
    side=Side.BUY,
    amount="0.1",
    price="100",
    time=NOW,
)
RUN = RunInfo(
    run_id="r",
    mode=Mode.PAPER,
    exchange="binance",
    market=Market.SPOT,
    symbols=("BTC/USDT",),
    timeframe="1h",
    strategy="Mine",
    started_at=NOW,
)
BAR = Bar(
    symbol="BTC/USDT",
    timeframe=Timeframe.H1,
    open_time=NOW,
    open="1",
    high="2",
    low="1",
    close="2",
    volume="5",
)
MESSAGE = Message(severity=Severity.INFO, title="t", text="x", time=NOW, mode=Mode.PAPER)
CHANGE = ConnectionChanged(channel=Channel.BARS, state=ConnectionState.LOST, time=NOW)


class Plugin:
    """A plugin whose one hook is `function`, called `name`."""

    REAL_TRADE_API = (1, 0)


def plugin_with(name, function):
    function.__name__ = name
    return type("P", (Plugin,), {name: staticmethod(hookimpl(function))})()


def ask(name, answer):
    plugins = PluginManager([], {})
    plugins.register("p", plugin_with(name, lambda: answer))
    return plugins


def told(hook, argument, value, **others):
    """Return what an observer of `hook` was told as `argument`."""
    heard = []
    namespace: dict = {}
    exec(f"def observer({argument}): heard.append({argument})", {"heard": heard}, namespace)
    plugins = PluginManager([], {})
    plugins.register("p", plugin_with(hook, namespace["observer"]))
    plugins.tell(hook, **{argument: value}, **others)
    return heard


def test_hook_register_exchanges():
    spec = ExchangeSpec(name="kraken", title="Kraken", open=lambda settings: settings)
    assert ask("register_exchanges", [spec]).exchanges == {"kraken": spec}


def test_hook_register_strategies():
    spec = StrategySpec(name="Mine", target="mine:Mine")
    assert ask("register_strategies", [spec]).strategies == {"Mine": spec}


def test_hook_register_simulators():
    spec = SimulatorSpec(name="binance", open=lambda market: Network(None, None))
    assert ask("register_simulators", [spec]).simulators == {"binance": spec}


def test_hook_register_commands():
    spec = CommandSpec(name="hello", target="mine:hello")
    assert ask("register_commands", [spec]).commands == {"hello": spec}


def test_hook_register_config():
    @attrs.frozen
    class Section:
        limit: int = 3

    assert ask("register_config", {"risk": Section}).sections == {"risk": Section}


def test_hook_register_health_checks():
    def check():
        return Health(name="disk", state=HealthState.OK)

    assert ask("register_health_checks", {"disk": check}).health_checks["disk"]() == check()


def test_hook_check_order():
    denial = Denial(code="too_big", reason="0.1 is above 0.01")
    plugins = PluginManager([], {})
    plugins.register(
        "p", plugin_with("check_order", lambda intent: denial if intent.amount else None)
    )
    assert plugins.check_order(INTENT, ACCOUNT, INSTRUMENT) == denial


def test_hook_check_cancel():
    plugins = PluginManager([], {})
    plugins.register("p", plugin_with("check_cancel", lambda order: None))
    assert plugins.check_cancel(ORDER, ACCOUNT) is None


@pytest.mark.parametrize("answer", [True, False, "no", 1])
def test_U06_a_guard_with_a_wrong_answer_denies_the_order(answer):
    plugins = PluginManager([], {})
    plugins.register("p", plugin_with("check_order", lambda intent: answer))
    denial = plugins.check_order(INTENT, ACCOUNT, INSTRUMENT)
    assert denial is not None
    assert denial.code == "guard_failed"


def test_U06_a_guard_that_raises_denies_the_order():
    def broken(intent):
        raise ZeroDivisionError("equity was zero")

    plugins = PluginManager([], {})
    plugins.register("p", plugin_with("check_order", broken))
    denial = plugins.check_order(INTENT, ACCOUNT, INSTRUMENT)
    assert denial is not None
    assert "equity was zero" in denial.reason


def test_all_guards_are_asked_and_the_first_denial_by_name_counts():
    asked = []

    def guard(name):
        def check(intent):
            asked.append(name)
            return Denial(code=name, reason="no")

        return check

    plugins = PluginManager([], {})
    plugins.register("zz", plugin_with("check_order", guard("zz")))
    plugins.register("aa", plugin_with("check_order", guard("aa")))
    denial = plugins.check_order(INTENT, ACCOUNT, INSTRUMENT)
    assert denial is not None
    assert denial.code == "aa"
    assert asked == ["aa", "zz"]


def test_hook_run_started():
    assert told("run_started", "run", RUN) == [RUN]


def test_hook_run_stopped():
    assert told("run_stopped", "run", RUN, reason="Ctrl-C") == [RUN]


def test_hook_order_updated():
    assert told("order_updated", "order", ORDER) == [ORDER]


def test_hook_fill_received():
    assert told("fill_received", "fill", FILL, order=ORDER) == [FILL]


def test_hook_bar_closed():
    assert told("bar_closed", "bar", BAR) == [BAR]


def test_hook_account_updated():
    assert told("account_updated", "account", ACCOUNT) == [ACCOUNT]


def test_hook_connection_changed():
    assert told("connection_changed", "change", CHANGE) == [CHANGE]


def test_hook_trading_halted():
    assert told("trading_halted", "reason", "three rejects") == ["three rejects"]


def test_hook_trading_resumed():
    assert told("trading_resumed", "by", "ann") == ["ann"]


def test_hook_report_ready():
    assert told("report_ready", "summary", {"fills": 3}) == [{"fills": 3}]


def test_hook_deliver():
    assert told("deliver", "message", MESSAGE) == [MESSAGE]


def test_an_observer_that_raises_does_not_stop_the_others():
    heard = []

    def broken(reason):
        raise RuntimeError("full disk")

    def listening(reason):
        heard.append(reason)

    plugins = PluginManager([], {})
    plugins.register("aa", plugin_with("trading_halted", broken))
    plugins.register("bb", plugin_with("trading_halted", listening))
    plugins.tell("trading_halted", reason="limit")
    assert heard == ["limit"]


def test_an_observer_is_muted_after_five_failures_in_a_row_and_not_before():
    calls = []

    def broken(bar):
        calls.append(bar)
        raise RuntimeError("full disk")

    plugins = PluginManager([], {})
    plugins.register("bad", plugin_with("bar_closed", broken))
    for _ in range(9):
        plugins.tell("bar_closed", bar=BAR)
    assert len(calls) == 5
    assert plugins.infos[0].status is PluginStatus.MUTED


def test_a_success_between_failures_keeps_an_observer_heard():
    calls = []

    def sometimes(bar):
        calls.append(bar)
        if len(calls) % 5:
            raise RuntimeError("now and then")

    plugins = PluginManager([], {})
    plugins.register("moody", plugin_with("bar_closed", sometimes))
    for _ in range(20):
        plugins.tell("bar_closed", bar=BAR)
    assert len(calls) == 20


def test_a_word_that_is_no_observer_hook_is_refused():
    with pytest.raises(ValueError, match="no observer hook"):
        PluginManager([], {}).tell("check_order", intent=INTENT)


def test_without_guards_no_account_view_is_needed():
    plugins = PluginManager([], {})
    assert not plugins.has_guards
    plugins.register("p", plugin_with("check_order", lambda intent: None))
    assert plugins.has_guards


def test_amounts_in_the_account_view_are_exact():
    assert AccountView(mode=Mode.LIVE, time=NOW, cash="0.1", equity="0.3").cash == Decimal("0.1")
