"""Orders without a size, on exchanges with minima."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.common.sizer import least_amount

D = Decimal


@pytest.fixture
def instrument(kit):
    return kit.instrument_of(
        amount_step="0.00001", price_step="0.01", min_notional=D(10), min_amount=D("0.00001")
    )


def buys(kit, instrument, cash, close=100):
    return kit.run_backtest(
        kit.flat_bars([close] * 10), cash=cash, instrument=instrument,
        plan={3: lambda strategy: strategy.buy()},
    )  # fmt: skip


def test_a_tenth_of_the_cash_is_rounded_down_to_the_step(kit, instrument):
    found = buys(kit, instrument, cash=10_000, close=60_007)
    assert found.last(found.sent[0]).created.size == 0.01666


def test_where_a_tenth_is_too_little_the_least_order_goes_out(kit, instrument):
    found = buys(kit, instrument, cash=60)
    assert found.told() == ["Submitted", "Accepted", "Completed"]
    assert found.last(found.sent[0]).created.size == 0.101


def test_where_the_least_order_costs_too_much_there_is_none_and_it_is_told(kit, instrument):
    found = buys(kit, instrument, cash=6)
    assert found.sent == [None]
    assert found.told() == []
    told = "6 USDT does not pay the least order of BTC/USDT, which is 0.101"
    assert any(told in note for note in found.notes)


def test_without_any_cash_there_is_no_order(kit, instrument):
    found = kit.run_backtest(
        kit.flat_bars([100] * 10), instrument=instrument, balances={"BTC": 1},
        plan={3: lambda strategy: strategy.buy()},
    )  # fmt: skip
    assert found.sent == [None]


def test_the_least_amount_of_a_market_order_keeps_every_minimum(kit):
    instrument = kit.instrument_of(
        amount_step="0.001", market_amount_step=D("0.01"), min_market_amount=D("0.05"),
        min_notional=D(5),
    )  # fmt: skip
    assert least_amount(instrument, D(1000)) == D("0.05")
    assert least_amount(instrument, D(10)) == D("0.51")
    for price in (D("0.37"), D(7), D(99), D(1001)):
        least = least_amount(instrument, price)
        assert instrument.fault(least, price, market_order=True) == ""
