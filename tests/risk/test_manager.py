"""The seed's risk manager and its parts, and what makes them effective."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from real_trade.model import Side
from real_trade.plugins import PluginManager
from real_trade.risk import (
    ATRStopLoss,
    DrawdownGuard,
    FixedStopLoss,
    MemoryStateStore,
    RiskManager,
    TradeLimiter,
    TrailingStopLoss,
)
from real_trade.utils.errors import ConfigurationError

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Broker:
    def __init__(self, value=10_000.0):
        self.value = value

    def getvalue(self):
        return self.value


class Data:
    def __init__(self, close):
        self.close = {0: close}


def test_the_seed_s_defaults():
    manager = RiskManager()
    assert (manager.sizer.p.risk_pct, manager.sizer.p.max_position_pct) == (0.02, 0.3)
    assert manager.stop_loss is None
    assert manager.get_stop_price(100, "buy") is None
    assert manager.limiter.max_daily_trades == 50
    assert float(manager.drawdown_guard.max_drawdown_pct) == 0.2


def test_the_size_follows_the_stop_where_one_is_set():
    assert RiskManager().calc_size(Broker(), Data(100.0)) == 2.0
    assert RiskManager(stop_loss_pct=0.1).calc_size(Broker(), Data(100.0)) == 20.0
    assert RiskManager(stop_loss_pct=0.01).calc_size(Broker(), Data(100.0)) == 30.0  # the cap


@pytest.mark.parametrize("price", [0.0, float("nan"), -5.0])
def test_no_price_no_size(price):
    assert RiskManager(stop_loss_pct=0.1).calc_size(Broker(), Data(price)) == 0.0


def test_trades_of_a_day_are_limited_and_the_reason_is_told():
    manager = RiskManager(max_daily_trades=2)
    for _ in range(2):
        assert manager.allow_trade(Broker(), now=NOON)
        manager.record_trade(5)
    assert not manager.allow_trade(Broker(), now=NOON)
    assert "max_daily_trades" in manager.refusal
    assert manager.allow_trade(Broker(), now=NOON + timedelta(hours=12))


def test_a_day_s_loss_is_limited():
    manager = RiskManager(max_daily_loss=100)
    manager.record_trade(-60, now=NOON)
    assert manager.allow_trade(Broker(), now=NOON)
    manager.record_trade(-40, now=NOON)
    assert not manager.allow_trade(Broker(), now=NOON)


def test_a_fall_from_the_peak_stops_until_it_is_reset():
    manager = RiskManager(max_drawdown_pct=0.2)
    assert manager.allow_trade(Broker(10_000), now=NOON)
    assert not manager.allow_trade(Broker(8_000), now=NOON)
    assert "20.00%" in manager.refusal
    assert not manager.allow_trade(Broker(10_000), now=NOON + timedelta(days=9))
    manager.drawdown_guard.reset()
    assert manager.allow_trade(Broker(10_000), now=NOON)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_equity_that_is_no_number_allows_nothing(value):
    manager = RiskManager()
    assert not manager.allow_trade(Broker(value), now=NOON)
    assert "no number" in manager.refusal


def test_bars_tell_the_time_in_a_backtest():
    import backtrader as bt

    class Hourly(bt.feeds.DataBase):
        def start(self):
            super().start()
            self._hour = 0

        def _load(self):
            self._hour += 1
            if self._hour > 48:
                return False
            time = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=self._hour)
            self.lines.datetime[0] = bt.date2num(time.replace(tzinfo=None))
            self.lines.close[0] = 100.0
            return True

    allowed = []

    class Eager(bt.Strategy):
        def __init__(self):
            self.manager = RiskManager(max_daily_trades=3)

        def next(self):
            if self.manager.allow_trade(self.broker):
                self.manager.record_trade(0)
                allowed.append(self.data.datetime.datetime(0))

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(Hourly())
    cerebro.addstrategy(Eager)
    cerebro.run()
    days = [time.day for time in allowed]
    assert days == [4, 4, 4, 5, 5, 5, 6]


def test_the_status_is_plain_and_shows_use():
    manager = RiskManager()
    manager.allow_trade(Broker(10_000), now=NOON)
    manager.record_trade(-50)
    manager.allow_trade(Broker(9_000), now=NOON)
    status = manager.status()
    assert status["daily_trades"] == 1
    assert status["daily_profit"] == -50.0
    assert status["drawdown_pct"] == pytest.approx(0.1)
    assert status["peak_equity"] == 10_000.0


@pytest.mark.parametrize(
    "options",
    [
        {"max_position_pct": 3},
        {"risk_per_trade": -0.02},
        {"max_drawdown_pct": "200%"},
        {"stop_loss_pct": float("nan")},
        {"max_daily_loss": -5},
        {"max_daily_trades": -1},
    ],
)
def test_C13_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(ConfigurationError):
        RiskManager(**options)


def test_the_same_limits_hold_for_a_strategy_that_never_asks(world):
    store = MemoryStateStore()
    guard = RiskManager(max_position_pct=0.3, max_daily_trades=2).guard(store)
    plugins = PluginManager([], {})
    plugins.register("risk-manager", guard)
    one = world()
    one.guard = plugins
    assert one.ask(Side.BUY, 31).code == "max_position_pct"
    assert one.ask(Side.BUY, 15) is None
    assert one.ask(Side.BUY, 15) is None
    assert one.ask(Side.BUY, 0.001).code == "max_daily_trades"
    assert store.load() is not None


def test_the_risk_per_trade_is_a_limit_once_there_is_a_stop():
    assert RiskManager().limits.max_trade_loss_pct is None
    assert float(RiskManager(stop_loss_pct=0.05).limits.max_trade_loss_pct) == 0.02


# Stops


@pytest.mark.parametrize(
    ("side", "price"),
    [("buy", 98.0), ("long", 98.0), (Side.BUY, 98.0), ("sell", 102.0), ("short", 102.0)],
)
def test_a_fixed_stop_is_on_the_losing_side(side, price):
    assert FixedStopLoss().get_stop_price(100, side) == price
    assert RiskManager(stop_loss_pct=0.02).get_stop_price(100, side) == price


def test_a_fixed_stop_is_hit_at_its_price():
    stop = FixedStopLoss(0.02)
    assert stop.is_hit(98, 100)
    assert not stop.is_hit(98.01, 100)
    assert stop.is_hit(102, 100, "sell")


def test_a_trailing_stop_follows_and_never_falls_back():
    stop = TrailingStopLoss(0.1)
    assert stop.start(100) == 90.0
    assert stop.update(120) == 108.0
    assert stop.update(110) == 108.0
    assert stop.is_hit(108)
    assert not stop.is_hit(108.1)
    assert stop.start(100, "sell") == 110.0
    assert stop.update(90) == 99.0
    assert stop.update(95) == 99.0


def test_a_trailing_stop_without_an_entry_is_refused():
    with pytest.raises(ConfigurationError):
        TrailingStopLoss().update(100)


def test_an_atr_stop_is_some_ranges_away():
    assert ATRStopLoss().get_stop_price(100, "buy", 3) == 94.0
    assert ATRStopLoss(1.5).get_stop_price(100, "sell", 2) == 103.0
    assert ATRStopLoss(50).get_stop_price(100, "buy", 3) == 0.0


@pytest.mark.parametrize("value", [float("nan"), 0, -1, None])
def test_a_price_that_is_none_gives_no_stop(value):
    with pytest.raises(ConfigurationError):
        FixedStopLoss().get_stop_price(value)
    with pytest.raises(ConfigurationError):
        ATRStopLoss().get_stop_price(100, "buy", value)


def test_a_side_that_is_none_is_refused():
    with pytest.raises(ConfigurationError, match="sideways"):
        FixedStopLoss().get_stop_price(100, "sideways")


# Limiter and guard by themselves


def test_the_limiter_pauses_after_a_trade():
    limiter = TradeLimiter(cooldown_seconds=60)
    limiter.record(0, NOON)
    assert not limiter.allow(NOON + timedelta(seconds=59))[0]
    assert limiter.allow(NOON + timedelta(seconds=60))[0]
    refused, reason = limiter.allow()
    assert not refused
    assert "time" in reason


def test_the_limiter_without_any_time_counts_all_as_one_day():
    limiter = TradeLimiter(max_daily_trades=1)
    assert limiter.allow() == (True, "")
    limiter.record()
    assert not limiter.allow()[0]


def test_zero_is_no_limit():
    limiter = TradeLimiter(max_daily_trades=0, max_daily_loss=0)
    for _ in range(200):
        limiter.record(-10, NOON)
    assert limiter.allow(NOON) == (True, "")


def test_the_limiter_refuses_what_is_no_number():
    with pytest.raises(ConfigurationError):
        TradeLimiter().record(float("nan"))


def test_equity_of_nothing_trips_the_drawdown_guard():
    assert not DrawdownGuard().update(0)
    assert not DrawdownGuard().update(-1)
