"""`real-trade backtest` as a user meets it, good input and bad."""

from __future__ import annotations

import pytest

HEADER = "open_time,open,high,low,close,volume,close_time,q,n,tb,tq,ignore"


def kline(number, close=100.0):
    start = 1_700_000_000_000 // 3_600_000 * 3_600_000 + number * 3_600_000
    return f"{start},{close},{close + 1},{close - 1},{close},5,{start + 3_599_999},1,1,1,1,0"


def rows(count):
    return [
        kline(number, 100 + (number % 40 if number % 80 < 40 else 40 - number % 40))
        for number in range(count)
    ]


def write(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_file_of_klines_is_run_and_its_figures_are_told(typed, strategy_file, tmp_path):
    csv = write(tmp_path / "bars.csv", [HEADER, *rows(400)])
    done = typed("backtest", "-s", str(strategy_file), "--csv", csv, "--output", "json")
    assert done.code == 0, done.err
    told = done.json()
    assert told["timeframe"] == "1h"
    assert told["bars"] == 400
    assert told["trades"] > 0
    assert told["orders"] == told["completed"]
    assert told["fees"] > 0
    assert told["schema_version"] == 1


def test_the_table_names_the_mode(typed, strategy_file):
    done = typed("backtest", "-s", str(strategy_file), "--tape", "7", "--bars", "300")
    assert done.code == 0, done.err
    assert "backtest" in done.out
    assert "equity" in done.out


def test_the_same_tape_gives_the_same_figures(typed, strategy_file):
    words = (
        "backtest",
        "-s",
        str(strategy_file),
        "--tape",
        "7",
        "--bars",
        "300",
        "--output",
        "json",
    )
    assert typed(*words).out == typed(*words).out


def test_parameters_change_the_run(typed, strategy_file):
    words = (
        "backtest",
        "-s",
        str(strategy_file),
        "--tape",
        "7",
        "--bars",
        "500",
        "--output",
        "json",
    )
    assert typed(*words).json()["equity"] != typed(*words, "-p", "fast=15").json()["equity"]


def test_a_repeated_row_is_left_out_and_told(typed, strategy_file, tmp_path):
    lines = rows(60)
    csv = write(tmp_path / "bars.csv", [*lines[:30], lines[29], *lines[30:]])
    done = typed("backtest", "-s", str(strategy_file), "--csv", csv, "--output", "json")
    assert done.json()["bars"] == 60
    assert "1 repeated row" in done.err


def test_a_gap_is_told_and_the_run_goes_on(typed, strategy_file, tmp_path):
    lines = rows(60)
    csv = write(tmp_path / "bars.csv", lines[:30] + lines[35:])
    done = typed("backtest", "-s", str(strategy_file), "--csv", csv, "--output", "json")
    assert done.code == 0
    assert "warning" in done.err
    assert "5" in done.err


@pytest.mark.parametrize("wrong", ["nan", "text", "-3", ""])
def test_a_row_that_is_no_bar_is_refused_with_its_line(typed, strategy_file, tmp_path, wrong):
    lines = rows(60)
    cells = lines[20].split(",")
    cells[2] = wrong
    lines[20] = ",".join(cells)
    csv = write(tmp_path / "bars.csv", lines)
    done = typed("backtest", "-s", str(strategy_file), "--csv", csv)
    assert done.code == 9
    assert "bars.csv:21" in done.err
    assert "fix:" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--csv", "none.csv"], 9, "none.csv"),
        ([], 3, "one of --csv FILE"),
        (["--tape", "7", "--csv", "x.csv"], 3, "one of --csv FILE"),
        (["--tape", "7", "--timeframe", "1hour"], 3, "unknown timeframe '1hour'"),
        (["--tape", "7", "--bars", "0"], 3, "above zero"),
        (["--tape", "7", "--symbol", "BTCUSDT"], 3, "BASE/QUOTE"),
        (["--tape", "7", "-p", "fats=3"], 3, "did you mean 'fast'"),
        (["--tape", "seven"], 2, "--tape"),
    ],
)
def test_bad_input_is_told_in_one_message_with_its_exit_code(
    typed, strategy_file, words, code, told
):
    done = typed("backtest", "-s", str(strategy_file), *words)
    assert done.code == code
    assert told in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_strategy_that_is_not_there_is_told(typed):
    done = typed("backtest", "-s", "none.py", "--tape", "7")
    assert done.code == 3
    assert "none.py" in done.err


def test_an_error_in_the_strategy_is_told_with_its_line(typed, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(
        "import backtrader as bt\n\nclass Bad(bt.Strategy):\n    def next(self):\n        1 / 0\n"
    )
    done = typed("backtest", "-s", str(path), "--tape", "7")
    assert done.code == 1
    assert "bad.py:5" in done.err
    assert "ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in typed("backtest", "-s", str(path), "--tape", "7", "-vv").err
