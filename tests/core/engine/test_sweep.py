"""A search for parameters: what it tries, what it finds, and that it goes on after a stop."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("optuna")

from real_trade.cli.app import run as real_trade
from real_trade.engine.evaluation import evaluate
from real_trade.engine.offline import generated_bars
from real_trade.engine.strategies import load_strategy
from real_trade.engine.sweep_plan import Range, parse_search
from real_trade.model import Timeframe
from real_trade.plugins import PluginManager
from real_trade.utils.errors import ConfigurationError

STRATEGY = """
import backtrader as bt

class Cross(bt.Strategy):
    params = dict(fast=5, slow=20, size=0.05, kind="long")

    def __init__(self):
        if self.p.fast >= self.p.slow:
            raise ValueError("fast must be below slow")
        fast, slow = bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow)
        self.cross = bt.ind.CrossOver(fast, slow)

    def next(self):
        if self.cross > 0 and self.p.kind != "never":
            self.buy(size=self.p.size)
        elif self.cross < 0 and self.position:
            self.close()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cross.py"
    path.write_text(STRATEGY, encoding="utf-8")
    return path


@pytest.fixture
def typed(file, tmp_path, capfd):
    storage = f"sqlite:///{tmp_path / 'trials.sqlite'}"

    def type_(*words, command=()):
        head = command or ("sweep", "-s", str(file), "--tape", "7", "--bars", "400")
        code = real_trade([*head, *words, "--storage", storage, "--output", "json"])
        told = capfd.readouterr()
        return code, json.loads(told.out) if told.out else {}, told.err

    return type_


def test_a_grid_tries_everything_and_ranks_by_the_objective(typed, file):
    words = ("--search", "fast=2:4:2", "--search", "slow=8,16", "--sampler", "grid")
    code, told, _ = typed(*words, "--objective", "return")
    assert code == 0
    (window,) = told["windows"]
    tried = {(one["params"]["fast"], one["params"]["slow"]) for one in window["best"]}
    assert tried == {(2, 8), (2, 16), (4, 8), (4, 16)}
    returns = [one["figures"]["return"] for one in window["best"]]
    assert returns == sorted(returns, reverse=True)
    best = window["best"][0]
    again = evaluate(
        load_strategy(str(file), PluginManager([], {})), best["params"],
        generated_bars("BTC/USDT", Timeframe.H1, 400, 7), cash=10000.0, commission=0.001,
    )  # fmt: skip
    assert again == pytest.approx(best["figures"])


def test_the_lowest_drawdown_is_the_best_one(typed):
    words = ("--search", "fast=2:4:2", "--search", "slow=8,16", "--sampler", "grid")
    _, told, _ = typed(*words, "--objective", "max_drawdown")
    falls = [one["figures"]["max_drawdown"] for one in told["windows"][0]["best"]]
    assert falls == sorted(falls)
    assert len(falls) == 4


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_goes_on_where_it_stopped(typed, sampler):
    words = ("--search", "fast=2:6", "--search", "slow=8:30", "--sampler", sampler, "--study", "s")
    first = typed(*words, "--trials", "3", "--objective", "return")[1]["windows"][0]
    again = typed(*words, "--trials", "6", "--objective", "return")[1]["windows"][0]
    assert (first["trials"], again["trials"]) == (3, 6)
    kept = [json.dumps(one, sort_keys=True) for one in again["best"]]
    assert all(json.dumps(one, sort_keys=True) in kept for one in first["best"])
    third = typed(*words, "--trials", "6", "--objective", "return")[1]["windows"][0]
    assert third == again


def test_each_window_is_tested_on_the_bars_after_it(typed):
    words = ("--search", "fast=2,3", "--sampler", "grid", "--objective", "return")
    _, told, _ = typed(*words, "--walk-forward", "2")
    first, second = told["windows"]
    assert first["to"] < second["from"]
    assert first["test"]["equity"] > 0
    assert second["best"][0]["figures"]["return"] is not None


def test_trials_that_raise_are_counted_and_told(typed):
    _, told, _ = typed("--search", "fast=3,30", "--sampler", "grid", "--objective", "return")
    (window,) = told["windows"]
    assert (window["trials"], window["failed"]) == (2, 1)
    assert window["failure"] == "ValueError: fast must be below slow"


def test_a_figure_that_says_nothing_is_no_best(typed):
    _, told, _ = typed(
        "--search", "kind=never,long", "--sampler", "grid", "--objective", "win_rate"
    )
    (window,) = told["windows"]
    assert window["without_value"] == 1
    assert [one["params"]["kind"] for one in window["best"]] == ["long"]


def test_a_worker_helps_and_refuses_another_file(typed, file):
    words = ("--search", "fast=2:6", "--objective", "return", "--study", "shared")
    typed(*words, "--trials", "2")
    code, told, _ = typed("--study", "shared", command=("sweep", "worker"))
    assert (code, told["trials"]) == (0, 2)
    file.write_text(STRATEGY + "\n# changed\n", encoding="utf-8")
    code, _, err = typed("--study", "shared", command=("sweep", "worker"))
    assert code == 3
    assert "is not the file that the search began with" in err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--search", "quick=2:5"], "no parameter 'quick'"),
        (["--search", "fast=five:six"], "is no range"),
        (["--search", "fast=9:2"], "is empty"),
        (["--search", "fast"], "--search takes"),
        ([], "nothing to search"),
        (["--search", "fast=2:3", "--objective", "luck"], "unknown objective"),
        (["--search", "size=0.1:0.9", "--sampler", "grid"], "needs a step"),
        (["--search", "fast=2:3", "--walk-forward", "900"], "too few"),
        (["--search", "fast=30,40", "--objective", "return", "--sampler", "grid"], "every trial"),
    ],
)
def test_bad_input_is_told_in_one_message(typed, words, hint):
    code, _, err = typed(*words)
    assert code == 3
    assert hint in err
    assert "Traceback" not in err


def test_a_study_of_that_name_that_searches_for_something_else_is_refused(typed):
    typed("--search", "fast=2:3", "--trials", "1", "--study", "mine", "--objective", "return")
    code, _, err = typed("--search", "fast=2:9", "--trials", "1", "--study", "mine")
    assert code == 3
    assert "searches for something else" in err


def test_a_worker_names_the_searches_there_are(typed):
    typed("--search", "fast=2:3", "--trials", "1", "--study", "mine", "--objective", "return")
    code, _, err = typed("--study", "other", command=("sweep", "worker"))
    assert code == 9
    assert "known: mine" in err


def test_words_become_a_space():
    space = parse_search(["a=1:3", "b=0.1:0.3:0.1", "c=x,2,True"], ["a", "b", "c"])
    assert space == {"a": Range(1, 3, None), "b": Range(0.1, 0.3, 0.1), "c": ("x", 2, True)}
    assert space["a"].values() == [1, 2, 3]
    assert space["b"].values() == [0.1, 0.2, 0.3]
    with pytest.raises(ConfigurationError):
        Range(0.1, 0.2, None).values()
