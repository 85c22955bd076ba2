"""The plugin as a run meets it, and its commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from real_trade.cli.app import run as real_trade
from real_trade.model import Market, Mode
from real_trade.notifications import plugin
from real_trade.notifications.settings import NotificationSettings
from real_trade.plugins import HealthState, Message, PluginManager, RunInfo, Severity

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def homes(tmp_path, monkeypatch):
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plugin._close()


def info(mode=Mode.PAPER, **settings):
    return RunInfo(
        run_id="r",
        mode=mode,
        exchange="binance",
        market=Market.SPOT,
        symbols=("BTC/USDT",),
        timeframe="1m",
        strategy="Mine",
        started_at=START,
        sections={"notifications": NotificationSettings(**settings)},
    )


def message(title, severity=Severity.INFO):
    return Message(severity=severity, title=title, text="", time=START, mode=Mode.PAPER)


def own(web, monkeypatch):
    monkeypatch.setenv("RT_NOTIFY_OWN", f"http://127.0.0.1:{web.port}/hook")
    return {"channels": ["own"], "allow_private_webhooks": True}


def test_core_finds_it_by_its_entry_point():
    plugins = PluginManager()
    found = {one.name: one for one in plugins.infos}
    assert found["notifications"].status.value == "loaded"
    assert plugins.sections["notifications"] is NotificationSettings
    assert "notify" in plugins.commands


def test_a_runs_messages_arrive_and_the_last_one_before_the_end(web, monkeypatch):
    run = info(**own(web, monkeypatch))
    plugin.run_started(run)
    plugin.deliver(message("fill"))
    plugin.run_stopped(run, "the data ended")
    plugin.deliver(message("stopped"))
    assert [body["title"] for _, _, body in web.taken] == ["fill", "stopped"]


def test_a_backtest_tells_nobody(web, monkeypatch):
    plugin.run_started(info(Mode.BACKTEST, **own(web, monkeypatch)))
    plugin.deliver(message("fill"))
    plugin.run_stopped(info(Mode.BACKTEST), "done")
    assert web.taken == []


def test_health_fails_while_alarms_went_unheard(homes):
    run = info()
    plugin.run_started(run)
    assert plugin._health().state is HealthState.OK
    plugin.deliver(message("halt", Severity.CRITICAL))
    told = plugin._health()
    assert told.state is HealthState.FAIL
    assert "halt" in told.detail
    assert real_trade(["notify", "siren", "--clear"]) == 0
    assert plugin._health().state is HealthState.OK


def test_notify_test_tries_every_channel_and_says_which_failed(
    web, monkeypatch, homes, capfdbinary
):
    own(web, monkeypatch)
    monkeypatch.setenv("RT_NOTIFY_DEAD", "https://127.0.0.1:1/hook")
    (homes / "real-trade.toml").write_text(
        '[notifications]\nchannels = ["own", "dead"]\nallow_private_webhooks = true\n',
        encoding="utf-8",
    )
    assert real_trade(["notify", "test", "--output", "json"]) == 5
    told = json.loads(capfdbinary.readouterr().out)
    assert [(one["channel"], one["delivered"]) for one in told["channels"]] == [
        ("own", True),
        ("dead", False),
    ]
    assert web.taken[0][2]["title"] == "real-trade: a test"
    assert real_trade(["notify", "test", "--channel", "own"]) == 0


def test_notify_test_without_a_channel_says_how_to_add_one(capfd):
    assert real_trade(["notify", "test"]) == 3
    assert "channels = " in capfd.readouterr().err


def test_a_channel_without_an_address_is_an_error_at_the_start(homes):
    from real_trade.utils.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="notify_telegram"):
        plugin.run_started(info(channels=["telegram"]))
