"""Exact numbers: one door, no floats, and rounding that never adds risk."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Instrument, Side, decimal
from real_trade.model.numbers import ceil_to, floor_to

STEPS = st.integers(1, 999).flatmap(
    lambda digits: st.integers(-18, 3).map(lambda power: Decimal(digits).scaleb(power))
)
POSITIVE = st.decimals("1e-18", "1e18", allow_nan=False, allow_infinity=False)
ANY_SIGN = st.decimals("-1e18", "1e18", allow_nan=False, allow_infinity=False)


def instrument(**changes: Any) -> Instrument:
    facts: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "native": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "price_step": "0.01",
        "amount_step": "0.001",
    }
    return Instrument(**{**facts, **changes})


@pytest.mark.parametrize("value", [0.1, 1.0, float("nan"), True, None, b"1", 1j, [1], (0, (1,), 0)])
def test_v01_floats_booleans_and_other_things_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="amount must be a Decimal, an int or text"):
        decimal(value, "amount")


@pytest.mark.parametrize(
    "value", ["", "ten", "nan", "sNaN", "inf", "-Infinity", Decimal("NaN"), Decimal("inf"), "1,5"]
)
def test_v01_nan_infinity_and_unreadable_text_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="price is not"):
        decimal(value, "price")


@given(ANY_SIGN)
def test_a_number_enters_exactly(value: Decimal) -> None:
    assert decimal(value) == decimal(str(value)) == value


def test_v03_small_numbers_in_scientific_text_are_exact() -> None:
    assert decimal("1e-07") == Decimal("0.0000001")
    assert decimal("1e-18") * 10**18 == 1


@given(ANY_SIGN, STEPS)
def test_floor_and_ceil_enclose_a_number_by_less_than_a_step(value: Decimal, step: Decimal) -> None:
    low, high = Fraction(floor_to(value, step)), Fraction(ceil_to(value, step))
    assert low <= Fraction(value) <= high
    assert high - low in {0, Fraction(step)}
    assert low % Fraction(step) == high % Fraction(step) == 0


@given(ANY_SIGN, STEPS)
def test_what_is_on_a_step_stays_to_the_last_digit(value: Decimal, step: Decimal) -> None:
    on_step = floor_to(value, step)
    assert floor_to(on_step, step) == ceil_to(on_step, step) == on_step


@given(POSITIVE, STEPS)
def test_s10_rounding_an_amount_never_adds_risk_and_changes_less_than_a_step(
    amount: Decimal, step: Decimal
) -> None:
    rounded = instrument(amount_step=step).round_amount(amount)
    assert 0 <= rounded <= amount
    assert Fraction(amount) - Fraction(rounded) < Fraction(step)


@given(ANY_SIGN, STEPS)
def test_s10_rounding_never_flips_a_side(amount: Decimal, step: Decimal) -> None:
    rounded = instrument(amount_step=step).round_amount(amount)
    assert rounded >= 0
    assert amount > 0 or rounded == 0


@given(POSITIVE, STEPS, STEPS)
def test_a_market_order_obeys_the_coarser_of_both_steps(
    amount: Decimal, step: Decimal, market_step: Decimal
) -> None:
    thing = instrument(amount_step=step, market_amount_step=market_step)
    rounded = thing.round_amount(amount, market_order=True)
    assert rounded == floor_to(amount, max(step, market_step))


@given(POSITIVE, STEPS)
def test_s10_a_price_is_never_rounded_to_a_worse_one(price: Decimal, step: Decimal) -> None:
    thing = instrument(price_step=step)
    assert thing.round_price(price, Side.BUY) <= price <= thing.round_price(price, Side.SELL)


@given(STEPS, st.integers(1, 10**12))
def test_three_tenths_is_three_steps_of_a_tenth(step: Decimal, steps: int) -> None:
    amount = Context(prec=60).multiply(step, Decimal(steps))
    assert instrument(amount_step=step).round_amount(amount) == amount


@pytest.mark.parametrize("digits", [28, 59, 60, 61, 100, 500])
def test_s10_a_number_with_too_many_digits_is_not_rounded_the_wrong_way(digits: int) -> None:
    almost_one, just_above = Decimal("0." + "9" * digits), Decimal("1." + "0" * digits + "1")
    assert floor_to(almost_one, Decimal(1)) == 0
    assert ceil_to(just_above, Decimal(1)) == 2


def test_a_step_of_zero_leaves_a_number_alone() -> None:
    assert floor_to(Decimal("0.123"), Decimal(0)) == Decimal("0.123")
