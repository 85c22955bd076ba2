"""A plugin that breaks is reported and isolated; the others work."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from real_trade.exchange import ExchangeSettings
from real_trade.model import Market
from real_trade.plugins import (
    CommandSpec,
    ExchangeSpec,
    PluginManager,
    PluginStatus,
    StrategySpec,
    hookimpl,
)
from real_trade.runtime import VirtualRuntime
from real_trade.utils.errors import ConfigurationError


def exchanges(*names: str):
    @hookimpl
    def register_exchanges():
        return [
            ExchangeSpec(name=name, title=name.title(), open=lambda settings: settings)
            for name in names
        ]

    return register_exchanges


def by_name(plugins: PluginManager):
    return {info.name: info for info in plugins.infos}


def test_a_good_plugin_is_loaded_with_its_hooks(make_plugin):
    plugins = PluginManager([make_plugin("one", register_exchanges=exchanges("kraken"))], {})
    info = by_name(plugins)["one"]
    assert info.status is PluginStatus.LOADED
    assert info.api == (1, 0)
    assert info.hooks == ("register_exchanges",)
    assert list(plugins.exchanges) == ["kraken"]


def test_a_plugin_that_cannot_be_imported_leaves_the_others_working(make_plugin):
    broken = EntryPoint(name="aaa", value="no_such_module_anywhere", group="real_trade")
    plugins = PluginManager(
        [broken, make_plugin("one", register_exchanges=exchanges("kraken"))], {}
    )
    assert by_name(plugins)["aaa"].status is PluginStatus.FAILED
    assert "no_such_module_anywhere" in by_name(plugins)["aaa"].error
    assert "kraken" in plugins.exchanges


def test_a_plugin_that_exits_at_import_is_isolated(make_plugin, tmp_path, monkeypatch):
    (tmp_path / "leaves_at_once.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    rude = EntryPoint(name="rude", value="leaves_at_once", group="real_trade")
    plugins = PluginManager([rude, make_plugin("one", register_exchanges=exchanges("kraken"))], {})
    assert "SystemExit" in by_name(plugins)["rude"].error
    assert "kraken" in plugins.exchanges


@pytest.mark.parametrize("api", [None, (2, 0), (1, 99), "1.0", (1,)])
def test_U09_a_plugin_for_another_version_of_the_hooks_is_refused(make_plugin, api):
    plugins = PluginManager(
        [make_plugin("old", api=api, register_exchanges=exchanges("kraken"))], {}
    )
    assert by_name(plugins)["old"].status is PluginStatus.FAILED
    assert plugins.exchanges == {}


def test_a_hook_that_does_not_exist_in_the_specification_is_refused(make_plugin):
    @hookimpl
    def register_exchangs():
        return []

    plugins = PluginManager([make_plugin("typo", register_exchangs=register_exchangs)], {})
    assert by_name(plugins)["typo"].status is PluginStatus.FAILED
    assert "register_exchangs" in by_name(plugins)["typo"].error


def test_an_argument_that_the_hook_does_not_have_is_refused(make_plugin):
    @hookimpl
    def bar_closed(candle):
        return None

    plugins = PluginManager([make_plugin("typo", bar_closed=bar_closed)], {})
    assert "candle" in by_name(plugins)["typo"].error


def test_U08_a_second_plugin_with_the_same_exchange_name_is_refused(make_plugin):
    plugins = PluginManager(
        [
            make_plugin("aaa", register_exchanges=exchanges("kraken")),
            make_plugin("bbb", register_exchanges=exchanges("gate", "kraken")),
        ],
        {},
    )
    assert by_name(plugins)["aaa"].status is PluginStatus.LOADED
    assert by_name(plugins)["bbb"].status is PluginStatus.FAILED
    assert "taken by plugin aaa" in by_name(plugins)["bbb"].error
    assert list(plugins.exchanges) == ["kraken"]


def test_two_plugins_of_one_name_do_not_replace_each_other(make_plugin):
    plugins = PluginManager(
        [
            make_plugin("same", register_exchanges=exchanges("first")),
            make_plugin("same", register_exchanges=exchanges("second")),
        ],
        {},
    )
    assert list(plugins.exchanges) == ["first"]
    assert sum(info.status is PluginStatus.FAILED for info in plugins.infos) == 1


def test_the_order_of_plugins_is_that_of_their_names_not_of_the_file_system(make_plugin):
    points = [make_plugin(name, register_exchanges=exchanges(f"x{name}")) for name in ("zz", "aa")]
    assert [info.name for info in PluginManager(points, {}).infos] == ["aa", "zz"]


def test_a_provider_that_raises_disables_its_plugin_only(make_plugin):
    @hookimpl
    def register_strategies():
        raise RuntimeError("no strategies today")

    plugins = PluginManager(
        [
            make_plugin(
                "bad", register_exchanges=exchanges("b"), register_strategies=register_strategies
            ),
            make_plugin("good", register_exchanges=exchanges("g")),
        ],
        {},
    )
    assert list(plugins.exchanges) == ["g"]
    assert "no strategies today" in by_name(plugins)["bad"].error


def test_a_provider_with_an_answer_of_the_wrong_type_disables_its_plugin(make_plugin):
    @hookimpl
    def register_exchanges():
        return ["kraken"]

    plugins = PluginManager([make_plugin("bad", register_exchanges=register_exchanges)], {})
    assert "ExchangeSpec" in by_name(plugins)["bad"].error


def test_a_run_that_names_a_failed_plugin_is_told_why(make_plugin):
    plugins = PluginManager([make_plugin("kraken", api=(9, 0))], {})
    with pytest.raises(ConfigurationError, match=r"kraken.*version 9\.0"):
        plugins.exchange("kraken")


def test_an_unknown_exchange_is_answered_with_the_nearest(make_plugin):
    plugins = PluginManager([make_plugin("one", register_exchanges=exchanges("binance"))], {})
    with pytest.raises(ConfigurationError, match="did you mean 'binance'") as caught:
        plugins.exchange("binanse")
    assert "pip install" in caught.value.remedy


def test_a_market_that_the_exchange_does_not_have_is_refused(make_plugin):
    plugins = PluginManager([make_plugin("one", register_exchanges=exchanges("kraken"))], {})
    settings = ExchangeSettings(runtime=VirtualRuntime(), market=Market.FUTURE)
    with pytest.raises(ConfigurationError, match="no market 'future'"):
        plugins.open_exchange("kraken", settings)


def test_plugins_are_left_out_by_the_environment(make_plugin):
    points = [make_plugin(name, register_exchanges=exchanges(name)) for name in ("aa", "bb", "cc")]
    blocked = PluginManager(points, {"REAL_TRADE_BLOCK_PLUGINS": "aa, cc"})
    assert list(blocked.exchanges) == ["bb"]
    assert by_name(blocked)["aa"].status is PluginStatus.BLOCKED
    assert list(PluginManager(points, {"REAL_TRADE_LOAD_PLUGINS": "cc"}).exchanges) == ["cc"]


def test_a_plugin_object_can_be_registered_by_a_script():
    class Plugin:
        REAL_TRADE_API = (1, 0)

        @hookimpl
        def register_commands(self):
            return [CommandSpec(name="hello", target="builtins:print")]

        @hookimpl
        def register_strategies(self):
            return [StrategySpec(name="Mine", target="mine:Mine")]

    plugins = PluginManager([], {})
    assert plugins.register("mine", Plugin()).status is PluginStatus.LOADED
    assert list(plugins.commands) == ["hello"]
    assert list(plugins.strategies) == ["Mine"]


def test_registering_a_name_twice_tells_the_second_that_it_failed():
    class Plugin:
        REAL_TRADE_API = (1, 0)

    plugins = PluginManager([], {})
    assert plugins.register("mine", Plugin()).status is PluginStatus.LOADED
    second = plugins.register("mine", Plugin())
    assert second.status is PluginStatus.FAILED
    assert "taken" in second.error
