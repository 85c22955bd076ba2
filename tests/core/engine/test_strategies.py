"""A strategy is found by file, by class, by module or by registered name; else the error helps."""

from __future__ import annotations

import pytest

from real_trade.engine.strategies import load_strategy, parse_parameters
from real_trade.plugins import PluginManager, StrategySpec, hookimpl
from real_trade.utils.errors import ConfigurationError

ONE = """
import backtrader as bt
from helper_beside_it import PERIOD

class Mine(bt.Strategy):
    params = (("fast", PERIOD), ("name", "x"))
"""


@pytest.fixture
def plugins():
    return PluginManager([], {})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "helper_beside_it.py").write_text("PERIOD = 7\n")
    (tmp_path / "one.py").write_text(ONE)
    (tmp_path / "two.py").write_text(
        "import backtrader as bt\nclass A(bt.Strategy): pass\nclass B(bt.Strategy): pass\n"
    )
    return tmp_path


def test_the_only_class_of_a_file_is_found_with_its_neighbours_importable(folder, plugins):
    assert load_strategy(str(folder / "one.py"), plugins).__name__ == "Mine"


def test_a_class_is_found_by_name(folder, plugins):
    assert load_strategy(f"{folder / 'two.py'}:B", plugins).__name__ == "B"


def test_several_classes_without_a_name_are_refused_with_the_choice(folder, plugins):
    with pytest.raises(ConfigurationError, match="several strategies: A, B") as caught:
        load_strategy(str(folder / "two.py"), plugins)
    assert ":A" in caught.value.remedy


def test_a_wrong_class_name_is_answered_with_the_nearest(folder, plugins):
    with pytest.raises(ConfigurationError, match="did you mean 'Mine'"):
        load_strategy(f"{folder / 'one.py'}:Mina", plugins)


def test_a_missing_file_is_told_with_its_path(folder, plugins):
    with pytest.raises(ConfigurationError, match=r"none\.py.*does not exist"):
        load_strategy(str(folder / "none.py"), plugins)


def test_a_file_that_does_not_run_is_told_with_its_line(folder, plugins):
    (folder / "bad.py").write_text("import backtrader\n\nx = 1 / 0\n")
    with pytest.raises(ConfigurationError, match=r"bad\.py:3 does not run: ZeroDivisionError"):
        load_strategy(str(folder / "bad.py"), plugins)


def test_a_file_with_a_syntax_error_is_told_with_its_line(folder, plugins):
    (folder / "bad.py").write_text("import backtrader\nclass (\n")
    with pytest.raises(ConfigurationError, match=r"bad\.py:2 does not run: SyntaxError"):
        load_strategy(str(folder / "bad.py"), plugins)


def test_a_file_without_a_strategy_is_refused(folder, plugins):
    with pytest.raises(ConfigurationError, match="defines no strategy"):
        load_strategy(str(folder / "helper_beside_it.py"), plugins)


def test_a_registered_name_is_found_and_a_near_one_suggested(plugins):
    class Plugin:
        REAL_TRADE_API = (1, 0)

        @hookimpl
        def register_strategies(self):
            target = "backtrader.strategies.sma_crossover:MA_CrossOver"
            return [StrategySpec(name="MACross", target=target)]

    plugins.register("lib", Plugin())
    assert load_strategy("MACross", plugins).__name__ == "MA_CrossOver"
    with pytest.raises(ConfigurationError, match="did you mean 'MACross'"):
        load_strategy("MaCross", plugins)


def test_parameters_are_literals_or_text(folder, plugins):
    strategy = load_strategy(str(folder / "one.py"), plugins)
    assert parse_parameters(["fast=10", "name=abc"], strategy) == {"fast": 10, "name": "abc"}


def test_an_unknown_parameter_is_answered_with_the_nearest(folder, plugins):
    strategy = load_strategy(str(folder / "one.py"), plugins)
    with pytest.raises(ConfigurationError, match="did you mean 'fast'"):
        parse_parameters(["fats=10"], strategy)


def test_a_parameter_without_a_value_is_refused(folder, plugins):
    strategy = load_strategy(str(folder / "one.py"), plugins)
    with pytest.raises(ConfigurationError, match="NAME=VALUE"):
        parse_parameters(["fast"], strategy)
