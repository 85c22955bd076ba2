"""A key that may do more than trade is refused before the first order, whatever starts the run."""

from __future__ import annotations

import json
import urllib.request
from types import SimpleNamespace

import pytest

pytest.importorskip("real_trade.binance")

from real_trade.binance import BinanceStore
from real_trade.cli.app import run as real_trade
from real_trade.common import key_check
from real_trade.exchange import AuthError, Unavailable
from real_trade.model import Market, Mode

STRATEGY = """
import backtrader as bt


class Buy(bt.Strategy):
    def next(self):
        self.buy(size=0.001)
"""


@pytest.fixture
def rights(simulator):
    """Change what the account's key may do; everything is as before afterwards."""

    def change(**flags):
        body = json.dumps({"do": "key", "set": flags}).encode()
        request = urllib.request.Request(f"{simulator.control}/market", data=body)
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200

    yield change
    change(can_withdraw=False, can_trade_spot=True)


def orders_of(simulator):
    accounts = simulator.ledger()["accounts"]
    return [one for books in accounts.values() for one in books["spot"]["orders"]]


@pytest.mark.parametrize(
    ("flags", "why"),
    [({"can_withdraw": True}, "can withdraw"), ({"can_trade_spot": False}, "cannot trade")],
)
def test_S18_C07_a_key_with_the_wrong_rights_starts_nothing(
    simulator, rights, flags, why, tmp_path, monkeypatch, capfd
):
    rights(**flags)
    (tmp_path / "buy.py").write_text(STRATEGY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("RT_ENDPOINT", simulator.endpoint)
    monkeypatch.setenv("RT_APIKEY", simulator.apikey.reveal())
    monkeypatch.setenv("RT_SECRET", simulator.secret.reveal())
    before = orders_of(simulator)
    code = real_trade(["run", "-s", "buy.py", "--mode", "testnet", "--timeframe", "1s"])
    told = capfd.readouterr().err
    assert code == 4
    assert why in told
    assert "read and trade, and nothing else" in told
    assert "Traceback" not in told
    assert orders_of(simulator) == before


def test_a_key_that_is_not_bound_to_an_address_is_told_and_taken(simulator):
    store = BinanceStore(
        simulator.apikey.reveal(),
        simulator.secret.reveal(),
        mode=Mode.TESTNET,
        endpoint=simulator.endpoint,
        db_url=None,
    )
    try:
        store.start(broker=store.getbroker())
        notes = [str(note) for note, *_ in store.get_notifications()]
    finally:
        store.stop()
    assert any("not bound to an address" in note for note in notes)


def store_with(answer, *, signs=True):
    notes = []

    def key_permissions():
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SimpleNamespace(
        mode=Mode.TESTNET if signs else Mode.PAPER,
        market=Market.SPOT,
        exchange=SimpleNamespace(key_permissions=key_permissions),
        put_notification=notes.append,
        notes=notes,
    )


def test_rights_that_cannot_be_read_now_are_told_and_a_refused_key_ends_the_start():
    store = store_with(Unavailable("busy"))
    key_check.check_key(store)
    assert store.notes == ["what the key may do could not be read: busy"]
    with pytest.raises(AuthError, match="revoked"):
        key_check.check_key(store_with(AuthError("revoked")))


def test_paper_asks_nothing_and_an_exchange_that_tells_nothing_is_taken():
    key_check.check_key(store_with(AuthError("never asked"), signs=False))
    silent = store_with(None)
    key_check.check_key(silent)
    assert silent.notes == []
