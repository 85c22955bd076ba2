"""Validators: a verdict and what to change, and no NaN."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.utils.secrets import Secret
from real_trade.utils.time_utils import TIMEFRAMES
from real_trade.utils.validators import (
    validate_amount,
    validate_api_key,
    validate_api_keys,
    validate_percentage,
    validate_positive,
    validate_price,
    validate_symbol,
    validate_timeframe,
)

pytestmark = pytest.mark.usefixtures("logging_restored")

NOT_NUMBERS: list[Any] = [
    *(
        float("nan"),
        float("inf"),
        -float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
    ),
    *(None, "", "5", True, False, 1j, b"1", [1]),
]


@pytest.mark.parametrize(
    "symbol",
    [
        "BTC/USDT",
        "BTC/USDT:USDT",
        "BTC/USD:BTC",
        "BTC/USD:BTC-260327",
        "1000SHIB/USDT",
        "币安人生/USDT",
    ],
)
def test_a_unified_symbol_is_right(symbol: str) -> None:
    assert validate_symbol(symbol) == (True, "")


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [
        ("BTCUSDT", "did you mean BTC/USDT?"),
        ("btc/usdt", "did you mean BTC/USDT?"),
        ("BTC-USDT", "did you mean BTC/USDT?"),
        ("btc_usdt", "did you mean BTC/USDT?"),
        ("BTC", "write one such as"),
        ("/USDT", "write one such as"),
        ("../../etc", "write one such as"),
        ("BTC/USDT\n", "did you mean BTC/USDT?"),
        ("<b>/USDT", "write one such as"),
        ("A" * 2000 + "/USDT", "write one such as"),
        ("", "the symbol is empty"),
        (None, "the symbol is empty"),
    ],
)
def test_a_wrong_symbol_is_told_how_to_write_it(symbol: Any, hint: str) -> None:
    right, message = validate_symbol(symbol)
    assert not right
    assert hint in message
    assert len(message) < 200


def test_timeframes_are_known_or_the_nearest_is_named() -> None:
    assert all(validate_timeframe(each) == (True, "") for each in TIMEFRAMES)
    right, message = validate_timeframe("1hour")
    assert not right
    assert "did you mean 1h?" in message
    assert not validate_timeframe(None)[0]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_v01_what_is_no_finite_number_is_refused(value: Any) -> None:
    for check in (validate_amount, validate_price, validate_positive, validate_percentage):
        right, message = check(value)
        assert not right
        assert "finite number" in message


@given(st.one_of(st.integers(), st.floats(), st.decimals()))
def test_positive_and_percentage_accept_exactly_their_range(value: Any) -> None:
    finite = Decimal(value).is_finite()
    assert validate_amount(value)[0] == (finite and value > 0)
    assert validate_percentage(value)[0] == (finite and 0 <= value <= 1)


def test_c13_a_percentage_in_percent_is_told_how_to_write_it() -> None:
    assert validate_percentage(3, "risk_per_trade") == (
        False,
        "risk_per_trade must be from 0 to 1, not 3; 3 % is written 0.03",
    )


@pytest.mark.parametrize("value", [0, -1, -0.0, Decimal("-0.5")])
def test_v02_zero_and_less_is_no_amount(value: Any) -> None:
    right, message = validate_amount(value)
    assert not right
    assert message.startswith("amount must be above zero")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("", "empty"),
        ("sh0rt", "too short"),
        ("YOUR_API_KEY", "placeholder"),
        ("k3y with a space", "a space"),
        ("k3y-with-a-break\n", "a space"),
        ("ключ-от-счёта", "unusual character"),
    ],
)
def test_a_wrong_key_is_told_without_showing_it(key: str, hint: str) -> None:
    for given_key in (key, Secret(key)):
        right, message = validate_api_key(given_key)
        assert not right
        assert hint in message
        assert not key or key not in message


def test_a_key_pair_must_be_two_different_keys() -> None:
    assert validate_api_keys("k3y-of-the-account", Secret("s3cret-of-it")) == (True, "")
    assert "same" in validate_api_keys("k3y-of-the-account", "k3y-of-the-account")[1]
    assert "API secret is empty" in validate_api_keys("k3y-of-the-account", "")[1]
