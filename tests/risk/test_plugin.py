"""The plugin: installed, asked, told, configured, and one guard for each run."""

from __future__ import annotations

import json
import subprocess
import sys

import attrs
import pytest

from real_trade.model import Market, Mode, Side
from real_trade.plugins import HealthState, PluginManager, PluginStatus, RunInfo
from real_trade.risk import KillSwitch, Limits, MemoryStateStore, plugin
from real_trade.risk.status import status

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture(autouse=True)
def nothing_left_behind():
    yield
    plugin.configure(None)


@pytest.fixture
def installed(world):
    """A world whose orders go through the plugin manager."""
    plugins = PluginManager([], {})
    plugins.register("risk", plugin)
    one = world()
    one.guard = plugins
    return one


def run_info(mode=Mode.PAPER, **changes):
    import datetime

    return attrs.evolve(
        RunInfo(
            run_id="r",
            mode=mode,
            exchange="binance",
            market=Market.SPOT,
            symbols=("BTC/USDT",),
            timeframe="1h",
            strategy="Mine",
            started_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        ),
        **changes,
    )


def test_the_installed_plugin_loads():
    [info] = [info for info in PluginManager().infos if info.name == "risk"]
    assert info.status is PluginStatus.LOADED
    assert {"check_order", "check_cancel", "fill_received", "order_updated"} <= set(info.hooks)
    assert PluginManager().sections["limits"] is Limits


def test_without_configuration_it_stands_in_nobody_s_way(installed):
    for _ in range(500):
        assert installed.ask(BUY, "1e6") is None


def test_once_configured_it_denies(installed):
    plugin.configure(Limits(max_order_value=1000))
    assert installed.ask(BUY, 11).code == "max_order_value"
    assert installed.ask(BUY, 10) is None


def test_a_kill_switch_is_obeyed_without_any_limit(installed):
    switch = KillSwitch()
    plugin.configure(None, kill_switch=switch)
    switch.engage(time=installed.time, by="ada", reason="fire")
    assert installed.ask(BUY, 1).code == "killed"


def test_every_backtest_begins_anew(installed):
    plugin.configure(Limits(max_daily_trades=1), MemoryStateStore())
    for _ in range(2):
        installed.guard.tell("run_started", run=run_info(Mode.BACKTEST))
        assert installed.ask(BUY, 1) is None
        assert installed.ask(BUY, 1).code == "max_daily_trades"


def test_a_paper_run_goes_on_where_the_last_one_ended(installed):
    plugin.configure(Limits(max_daily_trades=1), MemoryStateStore())
    installed.guard.tell("run_started", run=run_info())
    assert installed.ask(BUY, 1) is None
    installed.guard.tell("run_stopped", run=run_info(), reason="done")
    installed.guard.tell("run_started", run=run_info())
    assert installed.ask(BUY, 1).code == "max_daily_trades"


def test_state_is_kept_in_the_file_that_is_named(installed, tmp_path):
    file = tmp_path / "mine.json"
    plugin.configure(Limits(max_daily_trades=1, state_file=str(file)))
    installed.guard.tell("run_started", run=run_info())
    assert installed.ask(BUY, 1) is None
    assert file.exists()


def test_state_has_a_file_for_each_exchange_market_and_mode():
    paper = plugin.state_path(run_info())
    assert paper.name == "risk-binance-spot-paper.json"
    assert paper != plugin.state_path(run_info(Mode.LIVE))


def test_a_run_without_limits_writes_nothing(installed, monkeypatch, tmp_path):
    monkeypatch.setattr(plugin, "state_path", lambda run: tmp_path / "x.json")
    installed.guard.tell("run_started", run=run_info())
    installed.ask(BUY, 1)
    installed.guard.tell("run_stopped", run=run_info(), reason="done")
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_state_cannot_be_kept_trades_nothing(installed, tmp_path):
    (tmp_path / "file").write_text("in the way")
    plugin.configure(Limits(max_daily_trades=5, state_file=str(tmp_path / "file" / "x.json")))
    installed.guard.tell("run_started", run=run_info())
    denial = installed.ask(BUY, 1)
    assert denial.code == "halted"
    assert "cannot be kept" in denial.reason


def test_U06_a_guard_that_fails_inside_denies(installed, monkeypatch):
    monkeypatch.setattr(plugin.guard(), "_see", lambda account: 1 / 0)
    assert installed.ask(BUY, 1).code == "guard_failed"


def test_health_tells_the_state(installed):
    check = installed.guard.health_checks["risk"]
    assert check().state is HealthState.WARN
    assert "no limit" in check().detail
    plugin.configure(Limits(max_daily_trades=1))
    assert check().state is HealthState.OK
    plugin.guard().reduce(time=installed.time, by="ada", reason="enough")
    assert check().state is HealthState.WARN
    plugin.guard().halt(time=installed.time, by="ada", reason="odd prices")
    assert check().state is HealthState.FAIL
    assert check().detail == "odd prices"


def test_the_status_shows_states_limits_and_their_use(world):
    one = world(
        max_position_pct="30%",
        max_daily_trades=4,
        max_order_rate="10/1s",
        max_drawdown_pct="20%",
        allowed_sides=["buy"],
        protections=[{"kind": "cooldown", "stop_duration": "10m"}],
    )
    one.trade(BUY, 15)
    one.equity = 9000
    one.trade(SELL, 15)
    one.positions.clear()
    one.ask(BUY, 1)
    one.guard.reduce(time=one.time, by="ada", reason="enough")
    shown = json.loads(json.dumps(status(one.guard)))
    uses = {use["name"]: use for use in shown["limits"]}
    assert shown["state"] == "reducing"
    assert shown["restrictions"][0]["by"] == "ada"
    assert shown["locks"][0]["code"] == "cooldown"
    assert uses["max_daily_trades"]["used"] == "1"
    assert uses["max_daily_trades"]["part"] == 0.25
    assert uses["max_drawdown_pct"]["used"] == "10.00%"
    assert uses["max_drawdown_pct"]["part"] == 0.5
    assert uses["max_order_rate"]["used"] == "2"
    assert uses["allowed_sides"]["limit"] == "buy"


def test_before_anything_was_seen_the_status_is_empty(world):
    shown = status(world(max_position_pct="30%").guard)
    assert shown["state"] == "active"
    assert shown["limits"] == [
        {"name": "max_position_pct", "limit": "30 % of equity", "used": "", "part": None}
    ]


def test_a_guard_needs_no_backtrader():
    code = "import sys, real_trade.risk.plugin; sys.exit('backtrader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
