"""Limits as a whole: from files, against each other, and as a plan."""

from __future__ import annotations

import json

import pytest

from real_trade.model import Side
from real_trade.plugins import PluginManager
from real_trade.risk import Cooldown, Limits, TradingState, plan, plugin
from real_trade.risk.limits import LIMIT_NAMES
from real_trade.utils.config import GlobalConfig
from real_trade.utils.errors import ConfigurationError


@pytest.mark.parametrize(
    "settings",
    [
        {"max_order_value": 6000, "max_position_value": 5000},
        {"max_order_pct": "40%", "max_position_pct": "30%"},
        {"max_position_pct": "90%", "max_total_pct": "80%"},
        {"max_total_pct": "80%", "max_leverage": "0.5x"},
        {"max_trade_loss_pct": "6%", "max_daily_loss_pct": "5%"},
        {"max_daily_loss_pct": "30%", "max_drawdown_pct": "20%"},
        {"max_order_rate": ["10/1s", "5/1m"]},
        {"max_order_rate": ["10/1s", "5/1s"]},
        {"max_order_rate": "200/1s"},
    ],
)
def test_limits_of_which_one_could_never_act_are_refused(settings):
    with pytest.raises(ConfigurationError, match="contradict"):
        Limits(**settings)


def test_a_contradiction_names_both_limits_and_both_values():
    with pytest.raises(ConfigurationError) as caught:
        Limits(max_order_value=6000, max_position_value=5000)
    for word in ("max_order_value", "6000", "max_position_value", "5000"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"allowed_symbols": []},
        {"allowed_symbols": ["BTCUSDT"]},
        {"allowed_sides": []},
        {"allowed_sides": ["up"]},
        {"trading_hours": []},
        {"trading_hours": "always"},
        {"trading_hours": "08:00-08:00"},
        {"trading_hours": "Xyz 08:00-09:00"},
        {"day_timezone": "Mars/Olympus"},
        {"day_start": "25:00"},
        {"on_drawdown": "active"},
        {"on_drawdown": "off"},
        {"protections": [{"kind": "luck"}]},
        {"protections": [{"kind": "cooldown", "luck": 1}]},
        {"protections": [{"kind": "cooldown", "stop_duration": 5}]},
    ],
)
def test_a_wrong_setting_is_refused_with_a_remedy(settings):
    with pytest.raises(ConfigurationError) as caught:
        Limits(**settings)
    assert caught.value.remedy


def test_all_settings_can_be_written_in_a_file(tmp_path):
    section = {
        "max_order_value": "5000",
        "max_order_pct": "10%",
        "max_position_pct": 0.3,
        "max_total_pct": "90%",
        "max_leverage": "3x",
        "max_price_deviation": "2%",
        "max_reference_age": "30s",
        "max_volume_pct": "1%",
        "max_order_rate": ["10/1s", "100/1h"],
        "max_daily_trades": 50,
        "allowed_symbols": ["BTC/USDT"],
        "allowed_sides": ["buy"],
        "trading_hours": ["Mon-Fri 08:00-16:00"],
        "protections": [{"kind": "cooldown", "stop_duration": "10m"}],
        "on_drawdown": "halted",
        "day_timezone": "Asia/Shanghai",
        "day_start": "08:00",
    }
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"symbol": "BTC/USDT", "limits": section}))
    plugins = PluginManager([], {})
    plugins.register("risk", plugin)
    config = GlobalConfig.from_json(file, sections=plugins.sections)
    limits = config.plugins["limits"]
    assert limits == Limits(**section)
    assert limits.allowed_sides == {Side.BUY}
    assert limits.on_drawdown is TradingState.HALTED
    assert isinstance(limits.protections[0], Cooldown)


def test_a_wrong_percentage_in_a_file_is_refused_with_the_question(tmp_path):
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"limits": {"max_position_pct": 3}}))
    with pytest.raises(ConfigurationError, match=r"is it 3 % or 300 %\?"):
        GlobalConfig.from_json(file, sections={"limits": Limits})


def test_an_unknown_limit_is_refused():
    with pytest.raises(ConfigurationError, match="max_luck"):
        Limits.from_section({"max_luck": 3})
    assert Limits.from_section({"max_daily_trades": 3}).max_daily_trades == 3


def test_a_run_s_own_risk_settings_become_limits():
    limits = Limits.from_settings(GlobalConfig(max_daily_trades=0, stop_loss_pct=0.05))
    assert limits == Limits(
        max_position_pct="30%",
        max_drawdown_pct="20%",
        stop_loss_pct="5%",
        max_trade_loss_pct="2%",
    )


def test_the_plan_names_every_limit_with_its_unit_or_as_missing():
    text = plan(
        Limits(
            max_position_pct="3%",
            max_leverage=2,
            max_order_value=5000,
            max_daily_loss_pct="5%",
            trading_hours="22:00-02:00",
            protections=[Cooldown()],
        )
    )
    for word in ("3 % of equity", "2x", "5,000 in the quote asset", "22:00-02:00", "cooldown"):
        assert word in text
    for name in LIMIT_NAMES:
        assert name in text


def test_without_limits_the_plan_says_none():
    assert "none" in plan(Limits())
    assert not Limits().configured


def test_none_means_the_default():
    assert Limits(volume_bars=None, max_order_value=None) == Limits()
