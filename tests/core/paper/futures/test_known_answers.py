"""Hand-worked cases: fees, profit, entries, liquidation prices, funding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.paper.futures import MarginType

D = Decimal
LINEAR = "BTC/USDT:USDT"
INVERSE = "BTC/USD:BTC"


def near(found: Decimal, expected: str, digits: str = "1e-8") -> bool:
    return abs(found - D(expected)) <= D(digits)


def test_one_contract_of_100_usd_at_82945_2_costs_48_satoshi(desk):
    """Fee = contracts x size / price x rate = 100 / 82945.2 x 0.0004 = 0.000000482..., cut off.

    Source: Binance, "Trading fees of COIN-M futures"; a recorded fill shows 0.00000048 BTC.
    """
    desk.at("82945.2", INVERSE)
    desk.order("buy", "1", symbol=INVERSE)
    (fill,) = desk.venue.fills("alice", INVERSE)
    assert (fill.fee, fill.fee_asset) == (D("0.00000048"), "BTC")
    assert desk.venue.balance("alice", "BTC").free == D("0.99999952")


def test_break_even_of_a_contract_includes_the_fee_of_opening(desk):
    """Profit at the break-even price = fee: with it cut to 0.00000048, 1/b = 1/p - fee/100.

    b = 1 / (1/82945.2 - 0.0000000048) = 82978.2372..., entry x 1.0004 but for the cut.
    Source: recorded positions of Binance COIN-M, where bep = ep x 1.0004.
    """
    desk.at("82945.2", INVERSE)
    desk.order("buy", "1", symbol=INVERSE)
    assert near(desk.venue.position("alice", INVERSE).break_even_price, "82978.2", "0.1")


def test_linear_profit_and_fees(desk):
    """Profit = amount x (exit - entry) = 0.5 x (50500 - 50000) = 250; fees = notional x 0.0004.

    0.5 x 50000 x 0.0004 = 10, 0.5 x 50500 x 0.0004 = 10.1; 10000 + 250 - 20.1 = 10229.9.
    Source: Binance, "USDⓈ-M Futures: profit and loss calculation".
    """
    desk.at("50000")
    desk.order("buy", "0.5")
    desk.at("50500")
    desk.order("sell", "0.5")
    assert desk.venue.fills("alice")[-1].realized_pnl == 250
    assert desk.venue.margin("alice", "USDT").wallet == D("10229.9")


def test_linear_entry_is_the_arithmetic_average(desk):
    """(0.1 x 50000 + 0.3 x 52000) / 0.4 = 51500; reducing keeps it."""
    desk.at("50000")
    desk.order("buy", "0.1")
    desk.at("52000")
    desk.order("buy", "0.3")
    assert desk.venue.position("alice", LINEAR).entry_price == 51500
    desk.order("sell", "0.2")
    assert desk.venue.position("alice", LINEAR).entry_price == 51500


def test_inverse_entry_is_the_harmonic_average(desk):
    """(10 + 20) / (10/40000 + 20/50000) = 30 / 0.00065 = 46153.846153846...

    Source: Binance, "COIN-M Futures: average entry price".
    """
    desk.at("40000", INVERSE)
    desk.order("buy", "10", symbol=INVERSE)
    desk.at("50000", INVERSE)
    desk.order("buy", "20", symbol=INVERSE)
    assert near(desk.venue.position("alice", INVERSE).entry_price, "46153.84615385")


@pytest.mark.parametrize(
    ("side", "back", "profit"), [("buy", "sell", "0.005"), ("sell", "buy", "-0.005")]
)
def test_inverse_profit_is_in_the_coin(desk, side, back, profit):
    """Profit of 10 long contracts = 10 x 100 x (1/40000 - 1/50000) = 0.005 BTC.

    Source: Binance, "COIN-M Futures: profit and loss calculation".
    """
    desk.at("40000", INVERSE)
    desk.order(side, "10", symbol=INVERSE)
    desk.at("50000", INVERSE)
    desk.order(back, "10", symbol=INVERSE)
    assert desk.venue.fills("alice")[-1].realized_pnl == D(profit)


def test_isolated_linear_liquidation_price(desk):
    """1 BTC at 50000, leverage 10, ratio 0.01 (bracket 1 up to 50000): wallet 5000.

    price = (wallet + deduction - amount x entry) / (amount x ratio - amount)
          = (5000 - 50000) / (0.01 - 1) = 45454.5454...
    Source: Binance, "USDⓈ-M Futures: liquidation price".
    """
    desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    desk.at("50000")
    desk.order("buy", "1")
    position = desk.venue.position("alice", LINEAR)
    assert position.isolated_wallet == 5000
    assert near(position.liquidation_price, "45454.54545455")
    assert near(position.bankruptcy_price, "45000")


def test_isolated_short_linear_liquidation_price_in_the_second_bracket(desk):
    """1 BTC short at 50000, wallet 5000; above 50000 the ratio is 0.02, the deduction 500.

    price = (5000 + 500 + 50000) / (1 x 0.02 + 1) = 54411.7647...
    """
    desk.venue.set_margin_type("alice", LINEAR, MarginType.ISOLATED)
    desk.at("50000")
    desk.order("sell", "1")
    assert near(desk.venue.position("alice", LINEAR).liquidation_price, "54411.76470588")


def test_cross_linear_liquidation_price(desk):
    """1 BTC at 50000, cross wallet 10000 - 20 fee = 9980, ratio 0.01.

    price = (9980 - 50000) / (0.01 - 1) = 40424.2424...
    """
    desk.at("50000")
    desk.order("buy", "1")
    assert near(desk.venue.position("alice", LINEAR).liquidation_price, "40424.24242424")


def test_inverse_cross_liquidation_price(desk):
    """1000 contracts of 100 USD at 50000 (2 BTC), wallet 1 - 0.0008 = 0.9992, ratio 0.01.

    wallet + v/entry - v/x = v/x x ratio, so x = v (1 + ratio) / (wallet + v/entry)
      = 100000 x 1.01 / (0.9992 + 2) = 33675.6468...
    Source: Binance, "COIN-M Futures: liquidation price".
    """
    desk.at("50000", INVERSE)
    desk.order("buy", "1000", symbol=INVERSE)
    found = desk.venue.position("alice", INVERSE).liquidation_price
    assert near(found, "33675.64683916")


def test_inverse_isolated_short_liquidation_price(desk):
    """100 contracts short at 50000 (0.2 BTC), leverage 10: wallet 0.02, ratio 0.01.

    x = v (ratio - 1) / (wallet - v/entry) = 10000 x -0.99 / (0.02 - 0.2) = 55000
    """
    desk.venue.set_margin_type("alice", INVERSE, MarginType.ISOLATED)
    desk.at("50000", INVERSE)
    desk.order("sell", "100", symbol=INVERSE)
    assert near(desk.venue.position("alice", INVERSE).liquidation_price, "55000")


@pytest.mark.parametrize(
    ("side", "rate", "paid"),
    [("buy", "0.0001", "-5"), ("sell", "0.0001", "5"), ("buy", "-0.0002", "10")],
)
def test_linear_funding_is_notional_at_mark_times_rate(desk, side, rate, paid):
    """1 BTC at mark 50000: 50000 x 0.0001 = 5, from longs to shorts.

    Source: Binance, "Introduction to Binance Futures funding rates".
    """
    desk.at("50000")
    desk.order(side, "1")
    before = desk.venue.margin("alice", "USDT").wallet
    (payment,) = desk.venue.settle_funding(LINEAR, D(rate))
    assert payment.amount == D(paid)
    assert desk.venue.margin("alice", "USDT").wallet == before + D(paid)


def test_inverse_funding_is_paid_in_the_coin(desk):
    """100 contracts at mark 50000 are 0.2 BTC; x 0.0001 = 0.00002 BTC."""
    desk.at("50000", INVERSE)
    desk.order("sell", "100", symbol=INVERSE)
    (payment,) = desk.venue.settle_funding(INVERSE, D("0.0001"))
    assert (payment.amount, payment.asset) == (D("0.00002"), "BTC")


def test_brackets_make_the_maintenance_margin_continuous(desk):
    """Second bracket: deduction = 50000 x (0.02 - 0.01) = 500, so 50000 costs 500 in both.

    Source: Binance, "Leverage and margin": maintenance amount.
    """
    rules = desk.venue.futures_rules(LINEAR)
    assert rules.brackets[1].deduction == 500
    assert rules.maintenance(D(50000)) == 500
    assert rules.maintenance(D(60000)) == 700
