"""`real-trade secrets`: kept for the owner alone, and shown to nobody."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

VALUE = "not-to-be-seen-by-anybody"


@pytest.fixture
def typed(tmp_path):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RT_")}
    clean["XDG_CONFIG_HOME"] = str(tmp_path / "config")

    def type_(*words, told=None, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "real_trade.cli", *words],
            input=told, capture_output=True, text=True, check=False, cwd=tmp_path, env=clean,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert VALUE not in done.stdout + done.stderr
        return done

    return type_


def listed(typed):
    return json.loads(typed("secrets", "list", "--output", "json").stdout)


def test_a_secret_is_kept_for_its_owner_alone_and_used_by_runs(typed, tmp_path):
    for name in ("apikey", "secret"):
        typed("secrets", "set", name, "--profile", "binance.testnet", told=f"{VALUE}\n")
    found = listed(typed)
    file = tmp_path / "config" / "real-trade" / "secrets.toml"
    assert found["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert VALUE in file.read_text()
    rows = [(row["profile"], row["name"]) for row in found["secrets"]]
    assert rows == [("binance.testnet", "apikey"), ("binance.testnet", "secret")]
    (tmp_path / "real-trade.toml").write_text('mode = "testnet"\n')
    shown = json.loads(typed("config", "show", "--output", "json").stdout)["settings"]
    origins = {row["name"]: row["origin"] for row in shown}
    assert origins["apikey"] == str(file)


def test_setting_one_leaves_the_others_and_removing_forgets(typed):
    typed("secrets", "set", "notify_telegram", told=f"{VALUE}\n")
    typed("secrets", "set", "apikey", "--profile", "binance.testnet", told="another\n")
    first = {row["name"]: row["mark"] for row in listed(typed)["secrets"]}
    typed("secrets", "set", "apikey", "--profile", "binance.testnet", told="a-third\n")
    second = {row["name"]: row["mark"] for row in listed(typed)["secrets"]}
    assert first["notify_telegram"] == second["notify_telegram"]
    assert first["apikey"] != second["apikey"]
    typed("secrets", "remove", "apikey", "--profile", "binance.testnet")
    assert [row["name"] for row in listed(typed)["secrets"]] == ["notify_telegram"]


@pytest.mark.parametrize(
    ("words", "told", "hint"),
    [
        (("set", "Api Key"), "x\n", "is no name of a secret"),
        (("set", "apikey", "--profile", "binance"), "x\n", "is no profile"),
        (("set", "apikey"), "\n", "is empty"),
        (("set", "apikey"), "two words\n", "holds a space"),
        (("remove", "apikey"), None, "no secret apikey is kept"),
    ],
)
def test_bad_input_is_told_in_one_message(typed, words, told, hint):
    done = typed("secrets", *words, told=told, code=3)
    assert hint in done.stderr


def test_a_file_that_others_can_read_is_refused(typed, tmp_path):
    typed("secrets", "set", "apikey", told=f"{VALUE}\n")
    file = tmp_path / "config" / "real-trade" / "secrets.toml"
    file.chmod(0o644)
    done = typed("secrets", "list", code=3)
    assert "open to others" in done.stderr
