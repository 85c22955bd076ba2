"""History from Binance's protocol to a backtest, by the commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("real_trade.binance")

from real_trade.cli.app import run as real_trade

STRATEGY = """
import backtrader as bt
class Cross(bt.Strategy):
    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=5), bt.ind.SMA(period=20))
    def next(self):
        if self.cross > 0:
            self.buy(size=0.01)
        elif self.position:
            self.close()
"""


@pytest.fixture
def typed(simulator, capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("RT_ENDPOINT", simulator.endpoint)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def type_(*words):
        code = real_trade([*words, "--output", "json"])
        told = capfd.readouterr()
        return code, json.loads(told.out) if told.out else {}, told.err

    return type_


def days_ago(count):
    return (datetime.now(UTC) - timedelta(days=count)).date().isoformat()


def test_history_is_fetched_once_and_a_backtest_runs_on_it(typed, tmp_path):
    file = tmp_path / "cross.py"
    file.write_text(STRATEGY, encoding="utf-8")
    words = ("--symbol", "BTC/USDT", "--timeframe", "1h", "--since", days_ago(60))
    code, told, _ = typed("download", *words)
    assert code == 0
    (row,) = told["downloads"]
    assert row["bars"] == row["fetched"] >= 59 * 24
    assert row["missing"] == 0
    code, told, _ = typed("backtest", "-s", str(file), *words)
    assert code == 0
    assert told["bars"] >= row["bars"]
    assert told["trades"] > 5
    _, told, _ = typed("download", *words)
    assert told["downloads"][0]["fetched"] <= 1


def test_a_file_of_the_public_archive_is_taken_in(typed, tmp_path):
    _, _, _ = typed(
        "download", "--timeframe", "1d", "--since", "2026-01-05", "--until", "2026-03-09",
        "--csv", str(tmp_path / "BTCUSDT-1d.csv"),
    )  # fmt: skip
    code, told, _ = typed(
        "download", "--timeframe", "1d", "--symbol", "SOL/USDT",
        "--import", str(tmp_path / "BTCUSDT-1d.csv"),
    )  # fmt: skip
    assert code == 0
    assert told["downloads"][0]["bars"] == 63
    assert told["downloads"][0]["first"] == "2026-01-05T00:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["--symbol", "BTC/USTD", "--since", "2026-01-01"], 3, "did you mean"),
        (["--timeframe", "7h", "--since", "2026-01-01"], 3, "7h"),
        (["--since", "last week"], 3, "is no date"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], 3, "is not before"),
        ([], 3, "--since is missing"),
        (["--import", "nowhere.zip"], 9, "does not exist"),
    ],
)
def test_bad_input_gets_one_clear_line(typed, words, code, hint):
    got, told, err = typed("download", *words)
    assert (got, told) == (code, {})
    assert hint in err
    assert "Traceback" not in err
