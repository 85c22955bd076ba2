"""The runner: its feeds, the objects it is given, the record it leaves, failing strategies."""

from __future__ import annotations

import urllib.request
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace

import backtrader as bt
import pytest

from real_trade.engine import ErrorPolicy, TradingRunner
from real_trade.engine.memory import forget_bars
from real_trade.model import Market, Mode, Timeframe
from real_trade.plugins import API_VERSION, PluginManager, hookimpl
from real_trade.storage.bar_files import BarTable
from real_trade.storage.runs import RunState
from real_trade.utils.errors import ConfigurationError


def enter(strategy):
    strategy.buy(size=2)


def leave(strategy):
    strategy.close()


def rest(strategy):
    strategy.sell(size=1, exectype=bt.Order.Limit, price=1000)


# The record that others read


def test_a_run_leaves_its_orders_fills_equity_and_bars_for_others_to_read(world):
    runner = world.run({1: enter, 3: leave, 4: rest}, bars=6, bot="alpha")
    with world.reader() as reader:
        run = reader.newest("alpha")
        orders = reader.orders(run.run_id)
        fills = reader.fills(run.run_id)
        equity = reader.equity(run.run_id)
        bars = reader.bars(run.run_id)
    assert (run.mode, run.exchange, run.market) == (Mode.TESTNET, "fake", "spot")
    assert (run.strategy, run.symbols, run.timeframe) == ("Doer", ("BTC/USDT",), "1m")
    assert (run.state, run.reason) == (RunState.STOPPED, "6 bars")
    assert [one.side for one in fills] == ["buy", "sell"]
    assert [one.amount for one in fills] == [Decimal(2), Decimal(2)]
    assert len(orders) == 3
    assert [one.open_time for one in bars] == [bar.open_time for bar in world.watcher.bars]
    assert len(bars) == 6
    assert equity[-1].equity == runner.store.books.cash
    assert run.health["cash"] == format(runner.store.books.cash, "f")


def test_a_run_that_is_not_to_be_recorded_leaves_nothing(world, tmp_path):
    world.run({1: enter}, bars=2, db_url=None)
    assert not (tmp_path / "store.sqlite").exists()


def test_the_hooks_tell_of_the_run_its_bot_the_account_and_the_report(world):
    world.run({1: enter}, bars=4, bot="alpha")
    heard = world.watcher
    run = heard.runs[0]
    assert (run.bot, run.market, run.sections) == ("alpha", Market.SPOT, {})
    assert heard.ends == ["4 bars"]
    assert heard.reports[0]["bars"] == 4
    last = heard.accounts[-1]
    assert last.positions["BTC/USDT"].amount == Decimal(2)
    assert last.cash == Decimal(10000) - 200
    times = [account.time for account in heard.accounts]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert min(gaps) >= 1.0


def test_messages_tell_of_start_fill_and_end_once_each_with_the_mode_in_words(world):
    world.run({1: enter}, bars=3)
    titles = [message.title for message in world.watcher.messages]
    assert titles == ["[testnet] main: started", "[testnet] main: fill", "[testnet] main: stopped"]


# Several feeds


def test_several_symbols_and_timeframes_reach_the_strategy_the_shortest_first(make_world):
    world = make_world("BTC/USDT", "ETH/USDT")
    seen = []

    def look(strategy):
        seen.extend((data.symbol, data.bar_length.value) for data in strategy.datas)
        strategy.buy(data=strategy.datas[1], size=3)

    runner = world.run({2: look}, bars=4)
    assert seen == [("BTC/USDT", "1m"), ("ETH/USDT", "1m")]
    assert runner.store.books.position("ETH/USDT").amount == 3
    told = {(bar.symbol, bar.open_time) for bar in world.watcher.bars}
    assert len(told) == len(world.watcher.bars) >= 7
    assert {symbol for symbol, _ in told} == {"BTC/USDT", "ETH/USDT"}


def table(symbol, count=600):
    from datetime import UTC, datetime, timedelta

    from real_trade.model import Bar

    start = datetime(2026, 1, 1, tzinfo=UTC)
    bars = [
        Bar(
            symbol=symbol,
            timeframe=Timeframe.M1,
            open_time=start + timedelta(minutes=number),
            open=str(100 + number),
            high=str(101 + number),
            low=str(99 + number),
            close=str(100 + number),
            volume="1",
        )
        for number in range(count)
    ]
    return BarTable.from_bars(symbol, Timeframe.M1, bars)


class Hours(bt.Strategy):
    """Notes the length of each feed and the hour bars' closes."""

    def __init__(self):
        self.closes = []

    def next(self):
        if len(self.datas) > 2 and len(self.datas[2]) > len(self.closes):
            self.closes.append(self.datas[2].close[0])


def test_a_backtest_takes_several_tables_and_makes_longer_bars_of_the_shortest():
    runner = TradingRunner(
        symbols=("BTC/USDT", "ETH/USDT"),
        timeframes=("1h", "1m"),
        strategy_cls=Hours,
        mode=Mode.BACKTEST,
        history=[table("BTC/USDT"), table("ETH/USDT")],
        plugins=PluginManager([], {}),
    )
    runner.run()
    strategy = runner.results[0]
    assert [len(data) for data in strategy.datas] == [600, 600, 10, 10]
    assert strategy.closes == [100 + 59 + 60 * hour for hour in range(10)]
    assert runner.timeframe == "1m"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"symbols": ("BTC/USDT", "BTC/USDT")}, "named twice"),
        ({"timeframes": ("1m", "1m")}, "named twice"),
        ({"timeframes": ("1m", "7m")}, "unknown timeframe '7m'"),
        ({"symbols": ("BTC/USDT", "ETH/EUR"), "history": None}, "EUR and USDT"),
        ({"symbols": ("ETH/USDT",)}, "no bars of ETH/USDT"),
        ({"timeframe": "1s"}, "has no bars of 1s"),
        ({"tracker": object()}, "tracker=object"),
        ({"notifiers": [object()]}, "notifiers=object"),
    ],
)
def test_arguments_that_cannot_work_are_refused_with_what_is_wrong(options, said):
    told = {"timeframe": "1m", "history": table("BTC/USDT", 5), "mode": Mode.BACKTEST, **options}
    with pytest.raises(ConfigurationError, match=said):
        TradingRunner(strategy_cls=Hours, plugins=PluginManager([], {}), **told).build()


# Objects that are handed over


class Tracker:
    def __init__(self):
        self.equity, self.trades = [], []

    def update(self, equity, time=None):
        self.equity.append((time, equity))

    def record_trade(self, pnl):
        self.trades.append(pnl)


class Health:
    def __init__(self):
        self.stores = set()

    def check_store(self, store):
        self.stores.add(store)

    def status(self):
        return {"store": "ok"}


class Reporter:
    def generate_text(self, tracker, health):
        return f"{len(tracker.trades)} trades, {health.status()['store']}"

    def generate_json(self, **everything):
        return sorted(everything)


class Notifier:
    def __init__(self):
        self.sent = []

    def send(self, text, level="info"):
        self.sent.append((level, text))


class Guard:
    """Denies every second order."""

    REAL_TRADE_API = API_VERSION

    def __init__(self):
        self.asked = 0

    @hookimpl
    def check_order(self, intent):
        del intent
        self.asked += 1
        if self.asked % 2 == 0:
            from real_trade.plugins import Denial

            return Denial(code="second", reason="every second order")
        return None


def test_prometheus_finds_the_figures_and_the_probes_while_a_run_goes_on(world):
    found = {}

    def look(bar):
        if bar != 5:
            return
        base = found["base"] = runner.metrics_address.removesuffix("metrics")
        for path in ("metrics", "healthz", "readyz"):
            with urllib.request.urlopen(base + path, timeout=5) as reply:
                found[path] = reply.status, reply.read().decode()

    runner = world.runner({1: enter}, bars=6, metrics_port=0, on_bar=look)
    assert runner.metrics_address == ""
    runner.run()
    assert 'realtrade_fills_total{side="buy",symbol="BTC/USDT"} 1.0' in found["metrics"][1]
    assert 'realtrade_run_info{bot="main"' in found["metrics"][1]
    assert found["healthz"] == found["readyz"] == (200, "ok\n")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(found["base"] + "metrics", timeout=5)


def test_a_run_is_checked_by_itself_and_status_can_tell(world):
    world.run({1: enter}, bars=4)
    with world.reader() as reader:
        told = reader.newest().health["health"]
    checks = {name: one["state"] for name, one in told["checks"].items()}
    assert checks == {"store": "ok", "data": "ok", "balance": "ok", "orders": "ok", "disk": "ok"}
    assert (told["live"], told["ready"], told["trading"]) == (True, True, True)


def test_the_objects_that_a_run_is_given_are_effective(world):
    tracker, health, notifier, guard = Tracker(), Health(), Notifier(), Guard()
    risk = SimpleNamespace(guard=lambda: guard, record_trade=lambda pnl: None)
    runner = world.run(
        {1: enter, 2: enter, 3: leave},
        bars=6,
        tracker=tracker,
        health=health,
        reporter=Reporter(),
        notifiers=[notifier],
        risk=risk,
    )
    assert guard.asked == 3
    assert [status for status, _ in runner.results[0].ended] == [
        "Completed",
        "Rejected",
        "Completed",
    ]
    assert tracker.trades == [0.0]
    assert tracker.equity[-1][1] == 10000.0
    assert health.stores == {runner.store}
    assert runner.given.reports["text"] == "1 trades, ok"
    assert runner.given.reports["json"] == ["health", "summary", "tracker"]
    levels = [level for level, _ in notifier.sent]
    assert levels[0] == "info"
    assert "warn" in levels
    with world.reader() as reader:
        assert reader.newest().health["checks"] == {"store": "ok"}
    # The plugins are as they were: the next run with them has other objects.
    assert {info.name for info in world.plugins.infos} == {"fake", "watcher"}


def test_limits_go_to_the_installed_risk_plugin_as_its_section(world):
    class Limits:
        pass

    plugin = SimpleNamespace(
        REAL_TRADE_API=API_VERSION, register_config=hookimpl(lambda: {"limits": Limits})
    )
    world.plugins.register("risk", plugin)
    limits = Limits()
    world.run(bars=1, risk=SimpleNamespace(limits=limits, guard=None))
    assert world.watcher.runs[0].sections == {"limits": limits}


# A strategy that raises


class Broken(ValueError):
    pass


def broken(strategy):
    raise Broken("no such thing")


def test_U01_a_strategy_that_raises_ends_the_run_and_its_stops_stay(world):
    runner = world.runner({1: enter, 2: rest, 3: broken}, bars=9)
    with pytest.raises(Broken):
        runner.run()
    assert [one.state.value for one in world.exchange.open_orders()] == ["accepted"]
    assert "cancel" not in world.exchange.calls
    with world.reader() as reader:
        run = reader.newest()
    assert run.reason == "Broken: no such thing"
    assert run.state is RunState.STOPPED
    critical = [one for one in world.watcher.messages if one.severity.value == "critical"]
    assert "no such thing" in critical[0].text
    assert not runner.is_running()


def test_U01_flatten_cancels_and_closes_before_the_run_ends_with_the_error(world):
    runner = world.runner({1: enter, 2: rest, 3: broken}, bars=99, on_error=ErrorPolicy.FLATTEN)
    with pytest.raises(Broken):
        runner.run()
    assert world.exchange.open_orders() == []
    assert runner.store.books.position("BTC/USDT").amount == 0
    assert "flat: 1 positions closed" in runner.stop_reason


def test_U01_restart_begins_anew_a_few_times_and_then_tells_the_error(world):
    runs = []

    def fail_twice(strategy):
        runs.append(strategy)
        world.exchange = world.new_exchange()
        if len(runs) < 3:
            raise Broken("again")

    runner = world.run({2: fail_twice}, bars=4, on_error=ErrorPolicy.RESTART)
    assert len(runs) == 3
    assert runner.summary().bars == 4
    with world.reader() as reader:
        assert [one.reason for one in reader.runs()] == ["4 bars", "Broken: again", "Broken: again"]

    def fail(strategy):
        runs.append(strategy)
        world.exchange = world.new_exchange()
        raise Broken("always")

    runs.clear()
    world.exchange = world.new_exchange()
    with pytest.raises(Broken):
        world.run({1: fail}, bars=4, on_error=ErrorPolicy.RESTART)
    assert len(runs) == 4


def test_P12_a_strategy_cannot_leave_the_process_past_the_policy(world):
    def leave_process(strategy):
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        world.run({1: leave_process}, bars=9)
    with world.reader() as reader:
        assert reader.newest().stopped_at is not None


def test_U03_an_error_in_notify_order_is_the_strategys_too(world):
    class Clumsy(bt.Strategy):
        def notify_order(self, order):
            raise Broken("in notify_order")

        def next(self):
            if self.data._laststatus == self.data.LIVE and not self.position:
                self.buy(size=1)

    with pytest.raises(Broken):
        world.run(strategy=Clumsy, bars=9)


# Life


def test_the_seeds_methods_are_there_and_a_runner_runs_again(world):
    runner = world.runner({1: enter}, bars=2)
    assert not runner.is_running()
    seen = []
    runner._on_bar = lambda count: seen.append(runner.is_running())
    assert runner.build() is runner
    runner.run()
    assert seen == [True, True]
    assert len(runner.results) == 1
    world.exchange = world.new_exchange()
    again = runner.run()
    assert again.bars == 2


def test_a_live_run_forgets_old_bars_and_indicators_do_not_notice(world):
    class Averaging(bt.Strategy):
        def __init__(self):
            self.average = bt.ind.SMA(period=3)
            self.spread = self.average - self.data.close
            self.seen = []

        def next(self):
            closes = [self.data.close[-ago] for ago in range(3)]
            self.seen.append((self.average[0], self.spread[0], closes))
            forget_bars(self, 8)

    runner = world.run(strategy=Averaging, bars=40)
    strategy = runner.results[0]
    assert len(strategy.seen) >= 40
    for average, spread, closes in strategy.seen:
        assert average == pytest.approx(sum(closes) / 3)
        assert spread == pytest.approx(average - closes[0])
    assert len({tuple(closes) for _, _, closes in strategy.seen}) == 7  # the tape's own pattern
    for line in (strategy.data.close, strategy.average.line, strategy.spread):
        assert len(line.array) <= 9
    assert len(strategy) >= 40


def test_the_runner_forgets_by_itself_what_is_older_than_asked(world, monkeypatch):
    monkeypatch.setattr("real_trade.engine.runner._TRIM_EVERY", 10)
    runner = world.run(bars=40, bars_kept=12)
    assert len(runner.results[0].data.close.array) <= 12 + 11
