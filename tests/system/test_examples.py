"""The examples run as they are printed, on a simulated exchange."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("real_trade.binance")

from real_trade.examples import (
    check_available_symbols,
    config_example,
    live_trading,
    query_orders,
    quickstart,
)
from real_trade.utils.config import GlobalConfig


@pytest.fixture(autouse=True)
def at_the_simulator(simulator, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("RT_ENDPOINT", simulator.endpoint)
    monkeypatch.setenv("RT_APIKEY", simulator.apikey.reveal())
    monkeypatch.setenv("RT_SECRET", simulator.secret.reveal())


def test_quickstart_trades_on_a_generated_market_and_says_what_came_of_it(capsys):
    summary = quickstart.main(bars=300)
    assert summary.bars > 250
    assert summary.trades >= 1
    told = capsys.readouterr().out
    assert f"{summary.trades} trades closed" in told
    assert f"-> {summary.equity:.2f}" in told
    assert quickstart.main(bars=300) == summary


def test_live_trading_is_a_complete_system_whose_parts_are_effective(capsys):
    pytest.importorskip("real_trade.risk")
    figures = live_trading.main(max_bars=12)
    told = capsys.readouterr().out
    assert figures["orders"]["BTC/USDT"]["latency_s"] >= 0
    assert figures["fees"]["USDT"] > 0
    assert figures["equity"] != figures["initial_cash"]
    printed = re.search(r"equity: ([\d.,]+)", told)
    assert printed, told
    assert float(printed[1].replace(",", "")) == pytest.approx(float(figures["equity"]), abs=0.01)


def test_the_configuration_example_shows_no_key(capsys, simulator):
    read = config_example.main()
    told = capsys.readouterr().out
    assert isinstance(read, GlobalConfig)
    assert (read.symbol, read.timeframe) == ("ETH/USDT", "15m")
    assert "hidden" not in told
    assert simulator.secret.reveal() not in told


def test_the_symbols_are_listed_with_their_steps(capsys):
    found = check_available_symbols.main()
    assert "BTC/USDT" in [one.symbol for one in found]
    assert "BTC/USDT" in capsys.readouterr().out


def test_open_orders_are_queried(capsys, simulator):
    from real_trade.binance import BinanceStore
    from real_trade.model import Mode

    assert query_orders.main() == []
    store = BinanceStore(mode=Mode.TESTNET, db_url=None)
    try:
        from datetime import UTC, datetime
        from decimal import Decimal

        from real_trade.model import OrderIntent, OrderType, Side

        price = Decimal(round(store.get_ticker("BTC/USDT")["last"] / 2))
        store.exchange.submit(
            OrderIntent(
                client_order_id="example-1",
                symbol="BTC/USDT",
                side=Side.BUY,
                type=OrderType.LIMIT,
                amount=Decimal("0.01"),
                price=price,
                created_at=datetime.now(UTC),
            )
        )
        assert [one["client_order_id"] for one in query_orders.main("BTC/USDT")] == ["example-1"]
        store.exchange.cancel("BTC/USDT", "example-1")
    finally:
        store.stop()
    assert "1 open orders" in capsys.readouterr().out
    assert query_orders.main() == []


def test_an_example_that_fails_says_why_without_a_traceback(monkeypatch):
    from real_trade.examples._script import script

    monkeypatch.delenv("RT_APIKEY")
    monkeypatch.delenv("RT_SECRET")
    with pytest.raises(SystemExit, match="needs a key and a secret") as ended:
        script(query_orders.main)
    assert "fix:" in str(ended.value)
