"""`real-trade run` on a simulator: paper and testnet, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

STRATEGY = '''
import backtrader as bt


class Turn(bt.Strategy):
    """Buys and sells on every other live bar; says what it is told."""

    def __init__(self):
        self.order = None
        self.live = False

    def notify_data(self, data, status, *args, **kwargs):
        self.live = status == data.LIVE

    def notify_order(self, order):
        print("ORDER", order.ref, order.getstatusname(), order.info.get("reason", ""), flush=True)
        if not order.alive():
            self.order = None

    def notify_trade(self, trade):
        if trade.isclosed:
            print("TRADE", trade.pnl, trade.commission, trade.size, flush=True)

    def next(self):
        if not self.live or self.order is not None:
            return
        self.order = self.close() if self.position else self.buy()
'''


@pytest.fixture
def strategy(tmp_path):
    path = tmp_path / "turn.py"
    path.write_text(STRATEGY)
    return path


@pytest.fixture
def run(strategy, tmp_path):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RT_")}

    def type_(*words, **variables):
        return subprocess.run(
            [sys.executable, "-m", "real_trade.cli", "run", "-s", str(strategy), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**clean, **variables},
            timeout=100,
        )

    return type_


def told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


WORDS = ("--timeframe", "1s", "--bars", "5", "--warm-up", "20", "--output", "json")


@pytest.mark.timeout(110)
def test_testnet_signs_and_its_orders_are_in_the_ledger(run, simulator):
    before = len(simulator.ledger()["accounts"]["default"]["spot"]["orders"])
    done = run(
        *WORDS,
        "--mode",
        "testnet",
        RT_ENDPOINT=simulator.endpoint,
        RT_APIKEY=simulator.apikey.reveal(),
        RT_SECRET=simulator.secret.reveal(),
    )
    figures = told(done)
    after = simulator.ledger()["accounts"]["default"]["spot"]["orders"]
    assert figures["mode"] == "testnet"
    assert figures["bars"] == 5
    assert len(after) - before == figures["orders"] > 0
    assert "Submitted" in done.stdout
    assert "Accepted" in done.stdout
    assert "Completed" in done.stdout


@pytest.mark.timeout(110)
def test_S7_paper_trades_live_bars_and_sends_no_order(run, simulator):
    before = simulator.ledger()["accounts"]["default"]["spot"]
    done = run(
        *WORDS,
        RT_ENDPOINT=simulator.endpoint,
        RT_APIKEY=simulator.apikey.reveal(),
        RT_SECRET=simulator.secret.reveal(),
    )
    figures = told(done)
    assert figures["mode"] == "paper"
    assert figures["completed"] > 0
    assert simulator.ledger()["accounts"]["default"]["spot"] == before


@pytest.mark.timeout(110)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--symbol", "BTC/USTD"), 3, "did you mean 'BTC/USDT'"),
        (("--timeframe", "7m"), 3, "unknown timeframe '7m'"),
        (("--symbol", "BTCUSDT"), 3, "BASE/QUOTE"),
        (("--market", "futures"), 2, "future"),
    ],
)
def test_bad_input_is_told_at_once(run, simulator, words, code, said):
    done = run(*words, RT_ENDPOINT=simulator.endpoint)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(110)
def test_a_wrong_key_is_a_matter_of_credentials(run, simulator):
    done = run(
        *WORDS,
        "--mode",
        "testnet",
        RT_ENDPOINT=simulator.endpoint,
        RT_APIKEY="a" * 64,
        RT_SECRET="b" * 64,
    )
    assert done.returncode == 4, done.stderr
    assert "fix:" in done.stderr
    assert "b" * 64 not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(110)
def test_no_network_is_told_with_the_address(run):
    done = run(*WORDS, RT_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 5, done.stderr
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
