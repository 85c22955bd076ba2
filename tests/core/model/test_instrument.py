"""What an instrument allows, and what it says of what it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Instrument, Market, Side

D = Decimal
BTC = Instrument(
    symbol="BTC/USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step=D("0.01"),
    amount_step=D("0.00001"),
    min_price=D("0.01"),
    max_price=D("1000000"),
    min_amount=D("0.00001"),
    max_amount=D("9000"),
    max_market_amount=D("100"),
    min_notional=D("5"),
    max_notional=D("9000000"),
)


@pytest.mark.parametrize(
    ("amount", "price", "options", "fault"),
    [
        ("0.001", "65000", {}, ""),
        ("0.001", None, {"market_order": True}, ""),
        ("0", "65000", {}, "is below one step of 0.00001"),
        ("-1", "65000", {}, "is below one step of 0.00001"),
        ("0.000001", "65000", {}, "is below the minimum 0.00001"),
        ("9001", "65000", {}, "is above the maximum 9000"),
        ("101", "65000", {"market_order": True}, "is above the maximum 100"),
        ("0.000015", "65000", {}, "is not a multiple of 0.00001"),
        ("0.001", "65000.001", {}, "is not a multiple of the tick 0.01"),
        ("0.001", "65000.001", {"market_order": True}, ""),
        ("0.001", "0", {}, "is not positive"),
        ("0.001", "1000000.01", {}, "is above the maximum 1000000"),
        ("0.00001", "65000", {}, "order value 0.65000 USDT of BTC/USDT is below the minimum 5"),
        ("0.00001", "65000", {"reduce_only": True}, ""),
        ("5000", "65000", {}, "is above the maximum 9000000"),
    ],
)
def test_an_order_against_the_rules_is_told_which(
    amount: str, price: str | None, options: dict[str, bool], fault: str
) -> None:
    said = BTC.fault(D(amount), None if price is None else D(price), **options)
    assert (fault in said) if fault else said == ""


@given(
    amount=st.decimals("-1", "20000", allow_nan=False, places=8),
    price=st.decimals("-1", "2000000", allow_nan=False, places=5),
    side=st.sampled_from(Side),
)
def test_a_rounded_order_is_never_at_fault_for_its_steps(
    amount: Decimal, price: Decimal, side: Side
) -> None:
    said = BTC.fault(BTC.round_amount(amount), BTC.round_price(price, side))
    assert "multiple" not in said


@pytest.mark.parametrize("field", ["price_step", "amount_step", "min_notional", "taker_fee"])
@pytest.mark.parametrize("value", [0.1, float("nan"), "nan"])
def test_an_instrument_takes_no_float(field: str, value: Any) -> None:
    facts: dict[str, Any] = {"price_step": "1", "amount_step": "1", field: value}
    with pytest.raises((TypeError, ValueError), match=field):
        Instrument(symbol="A/B", native="AB", base="A", quote="B", settle="B", **facts)


def test_contracts_are_worth_their_size_in_quote_and_less_base_at_higher_prices() -> None:
    contract = Instrument(
        symbol="BTC/USD:BTC",
        native="BTCUSD_PERP",
        base="BTC",
        quote="USD",
        settle="BTC",
        market=Market.DELIVERY,
        price_step=D("0.1"),
        amount_step=D("1"),
        contract_size=D("100"),
    )
    assert contract.inverse
    assert contract.quote_value(D(3), D(50000)) == 300
    assert contract.notional(D(3), D(50000)) == D("0.006")
    assert contract.notional(D(3), D(100000)) == D("0.003")
    assert BTC.notional(D("0.1"), D(50000)) == BTC.quote_value(D("0.1"), D(50000)) == 5000


def test_sides_are_opposite_and_signed() -> None:
    assert [(side.sign, side.opposite.opposite) for side in Side] == [
        (1, Side.BUY),
        (-1, Side.SELL),
    ]
