"""`real-trade doctor` against a simulated exchange."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.risk")

from real_trade.cli.app import run as real_trade


@pytest.fixture
def examine(simulator, capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    keys = {"RT_APIKEY": simulator.apikey.reveal(), "RT_SECRET": simulator.secret.reveal()}
    for name, value in {"RT_ENDPOINT": simulator.endpoint, **keys}.items():
        monkeypatch.setenv(name, value)

    def ask(*words):
        code = real_trade(["doctor", *words, "--output", "json"])
        told = capfd.readouterr()
        assert keys["RT_SECRET"] not in told.out + told.err
        found = json.loads(told.out)
        return code, {one["name"]: one for one in found["checks"]}

    return ask


def test_a_testnet_that_is_set_up_fails_nothing_and_warns_of_what_is_missing(examine, tmp_path):
    code, checks = examine("--mode", "testnet")
    assert code == 0
    assert {name for name, one in checks.items() if one["state"] == "fail"} == set()
    assert "testnet.sqlite" in checks["store"]["detail"]
    assert "0.00001" in checks["symbol"]["detail"]
    assert checks["clock"]["state"] == "ok"
    assert checks["keys"]["state"] == "ok"
    assert checks["cash"]["detail"].endswith("USDT free")
    for name in ("limits", "notifications", "key rights"):
        assert checks[name]["state"] == "warn"
        assert checks[name]["fix"]
    (tmp_path / "real-trade.toml").write_text("[limits]\nmax_daily_trades = 5\n")
    _, checks = examine("--mode", "testnet")
    assert checks["limits"]["state"] == "ok"
    assert "max_daily_trades" in checks["limits"]["detail"]


def test_paper_needs_no_key(examine, monkeypatch):
    monkeypatch.delenv("RT_APIKEY")
    monkeypatch.delenv("RT_SECRET", raising=False)
    code, checks = examine()
    assert code == 0
    assert "keys" not in checks


def test_what_is_wrong_fails_with_its_fix(examine, monkeypatch):
    code, checks = examine("--mode", "testnet", "--symbol", "BTC/USTD")
    assert code == 3
    assert "did you mean BTC/USDT" in checks["symbol"]["fix"]
    monkeypatch.setenv("RT_SECRET", "another")
    code, checks = examine("--mode", "testnet")
    assert (code, checks["keys"]["state"]) == (3, "fail")
    monkeypatch.delenv("RT_SECRET")
    code, checks = examine("--mode", "testnet")
    assert (code, checks["keys"]["state"]) == (3, "fail")
    assert "RT_SECRET" in checks["keys"]["fix"]


def test_an_exchange_that_cannot_be_reached_fails_and_the_rest_is_told(examine, monkeypatch):
    monkeypatch.setenv("RT_ENDPOINT", "http://127.0.0.1:9")
    code, checks = examine()
    assert code == 3
    assert checks["exchange"]["state"] == "fail"
    assert checks["limits"]["state"] == "warn"


def test_a_key_that_can_withdraw_fails(examine, simulator):
    changed = {"enableWithdrawals": True, "ipRestrict": True}
    rule = {"on": "GET /sapi/v1/account/apiRestrictions", "do": "change", "args": {"set": changed}}
    simulator.add_fault({**rule, "when": {"times": 1}})
    code, checks = examine("--mode", "testnet")
    assert code == 3
    assert "can withdraw" in checks["key rights"]["detail"]


def test_an_exchange_without_a_plugin_is_told(examine):
    code, checks = examine("--exchange", "nowhere")
    assert code == 3
    assert "nowhere" in checks["plugins"]["detail"]
    assert "exchange" not in checks
