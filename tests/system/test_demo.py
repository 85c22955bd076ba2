"""The first thing a newcomer types."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROC = Path("/proc")
DEMO = [sys.executable, "-m", "real_trade.cli", "demo"]


def start(*words):
    return subprocess.Popen(
        [*DEMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.timeout(110)
def test_the_demo_trades_recovers_and_agrees_with_the_ledger():
    done = subprocess.run(
        [*DEMO, "--bars", "14", "--seed", "7", "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["mode"] == "testnet"
    assert (told["symbol"], told["timeframe"]) == ("BTC/USDT", "1s")
    assert told["bars"] == 14
    assert told["orders"] >= 2
    assert told["fills"] > told["orders"] - 1
    assert told["disconnects_recovered"] >= 1
    assert told["partial_fills"] >= 1
    assert told["ledger_matches"] is True
    for event in ("connection lost", "connection back", "fill  rt-", "[testnet]"):
        assert event in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(110)
def test_ctrl_c_ends_the_demo_with_its_summary_and_130():
    process = start("--bars", "500", "--output", "json")
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "filled" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, "".join(seen) + err
    assert json.loads(out.splitlines()[-1])["ledger_matches"] is True
    assert "Traceback" not in err


@pytest.mark.timeout(110)
def test_ctrl_c_at_once_ends_without_a_traceback():
    process = start("--bars", "500")
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err


@pytest.mark.timeout(110)
@pytest.mark.skipif(not PROC.is_dir(), reason="reads the process table in /proc")
def test_a_demo_that_is_killed_takes_its_simulator_with_it():
    process = start("--bars", "500")
    process.stderr.readline()
    children = _children(process.pid)
    assert children
    process.kill()
    process.communicate()
    for _ in range(100):
        if not any((PROC / str(child)).exists() for child in children):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {children}")


def _children(parent):
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:  # it ended while we looked
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def test_too_few_bars_are_refused():
    process = start("--bars", "2")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "5 or more" in err
