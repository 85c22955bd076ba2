"""`real-trade plugins new` and `check`, as an author would use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ccxt")

ROOT = Path(__file__).parents[2]


def run(*words, folder, path=()):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-m", "real_trade.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def installed(source, name, folder):
    """Leave what `pip install` would: an entry point beside the package."""
    metadata = folder / f"real_trade_{name}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: real-trade-{name}\nVersion: 0.1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(
        f"[real_trade]\n{name} = real_trade_{name}\n", encoding="utf-8"
    )
    return [source, folder]


def test_a_new_plugin_installs_and_passes_its_check(tmp_path):
    made = run("plugins", "new", "bitstamp", "--ccxt-id", "bitstamp", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    home = tmp_path / "real-trade-bitstamp"
    assert (home / "pyproject.toml").exists()
    path = installed(home / "src", "bitstamp", tmp_path)
    checked = run(
        "plugins",
        "check",
        "bitstamp",
        "--tests",
        str(home / "tests"),
        "--output",
        "json",
        folder=tmp_path,
        path=path,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    told = json.loads(checked.stdout)
    assert told["failed"] == 0
    assert {case["suite"] for case in told["cases"]} == {"TestOffline", "TestBitstamp"}
    assert told["passed"] > 40


def test_nothing_is_overwritten_and_a_wrong_id_is_corrected(tmp_path):
    words = ("plugins", "new", "mine", "--ccxt-id")
    assert run(*words, "kraken", folder=tmp_path).returncode == 0
    again = run(*words, "kraken", folder=tmp_path)
    assert again.returncode == 3
    assert "nothing was written" in again.stderr
    wrong = run("plugins", "new", "other", "--ccxt-id", "krakn", folder=tmp_path)
    assert wrong.returncode == 3
    assert "did you mean kraken" in wrong.stderr
    unfit = run("plugins", "new", "Not-A-Name", "--ccxt-id", "kraken", folder=tmp_path)
    assert unfit.returncode == 3


def test_a_flawed_plugin_is_failed_with_the_case_it_breaks(tmp_path):
    assert run("plugins", "new", "bad", "--ccxt-id", "kraken", folder=tmp_path).returncode == 0
    source = tmp_path / "real-trade-bad" / "src"
    with (source / "real_trade_bad" / "exchange.py").open("a", encoding="utf-8") as file:
        file.write(
            "\n    def submit(self, intent):\n"
            "        from real_trade.exchange import OutcomeUnknown, Rejected\n\n"
            "        try:\n            return super().submit(intent)\n"
            "        except OutcomeUnknown as lost:\n"
            "            raise Rejected(str(lost)) from lost\n"
        )
    path = installed(source, "bad", tmp_path)
    checked = run("plugins", "check", "bad", "--output", "json", folder=tmp_path, path=path)
    assert checked.returncode == 1
    told = json.loads(checked.stdout)
    failed = {
        case["case"].partition("[")[0] for case in told["cases"] if case["ending"] == "failed"
    }
    assert failed == {"test_an_order_without_a_clear_answer_is_unknown"}


def test_the_example_of_a_third_party_passes_its_check(tmp_path):
    home = ROOT / "examples" / "real-trade-kraken"
    path = installed(home / "src", "kraken", tmp_path)
    words = ("plugins", "check", "kraken", "--tests", str(home / "tests"))
    checked = run(*words, folder=tmp_path, path=path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "an order without a clear answer is unknown (lost_after)" in " ".join(
        checked.stdout.split()
    )
    assert "0 failed" in checked.stderr


def test_an_unknown_plugin_is_an_error_with_the_known_ones(tmp_path):
    checked = run("plugins", "check", "nobody", folder=tmp_path)
    assert checked.returncode == 3
    assert "nobody" in checked.stderr
