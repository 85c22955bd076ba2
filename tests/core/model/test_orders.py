"""Orders and bars as values: derived from fills, frozen, exact."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Bar, Fill, Mode, Order, OrderIntent, OrderType, Side, Timeframe

NOW = datetime(2026, 11, 23, tzinfo=UTC)
D = Decimal


def intent(**changes: Any) -> OrderIntent:
    facts: dict[str, Any] = {
        "client_order_id": "rt1",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "created_at": NOW,
        "amount": "0.3",
        "price": "100",
    }
    return OrderIntent(**{**facts, **changes})


def fill(number: int, amount: Any, price: Any = "100") -> Fill:
    return Fill(
        trade_id=str(number),
        symbol="BTC/USDT",
        client_order_id="rt1",
        exchange_order_id="9",
        side=Side.BUY,
        amount=amount,
        price=price,
        time=NOW,
    )


def test_three_fills_of_a_tenth_complete_an_order_of_three_tenths() -> None:
    order = Order(intent=intent(), fills=tuple(fill(n, "0.1") for n in range(3)))
    assert (order.filled, order.remaining) == (D("0.3"), D(0))
    assert (order.cost, order.average_price) == (D(30), D(100))
    assert (order.client_order_id, order.symbol, order.side) == ("rt1", "BTC/USDT", Side.BUY)


@given(
    st.lists(
        st.tuples(st.decimals("0.001", "9", places=3), st.decimals("1", "9999", places=2)),
        min_size=1,
        max_size=9,
    )
)
def test_the_average_price_is_between_the_fills(fills: list[tuple[Decimal, Decimal]]) -> None:
    order = Order(intent=intent(), fills=tuple(fill(n, *each) for n, each in enumerate(fills)))
    prices = [price for _, price in fills]
    assert order.average_price is not None
    assert min(prices) - D("1e-9") <= order.average_price <= max(prices) + D("1e-9")
    assert order.filled == sum(amount for amount, _ in fills)


def test_an_order_without_fills_has_no_average_and_one_by_quote_no_remainder() -> None:
    assert Order(intent=intent()).average_price is None
    assert Order(intent=intent(amount=None, quote_amount="50")).remaining is None


@pytest.mark.parametrize(
    "field", ["amount", "price", "stop_price", "trail_percent", "quote_amount"]
)
@pytest.mark.parametrize("value", [0.1, "nan", True])
def test_v01_no_intent_is_made_of_floats_or_nan(field: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=field):
        intent(**{field: value})


def test_t04_no_intent_has_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        intent(created_at=NOW.replace(tzinfo=None))


def test_u04_values_cannot_be_changed() -> None:
    for value, field in (
        (intent(), "amount"),
        (fill(1, "1"), "price"),
        (Order(intent=intent()), "state"),
    ):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field, D(1))


def test_types_say_what_they_wait_for() -> None:
    resting = {each for each in OrderType if each.has_limit}
    assert {each for each in OrderType if not each.is_conditional} == {
        OrderType.MARKET,
        OrderType.LIMIT,
    }
    assert resting == {each for each in OrderType if each.name.endswith("LIMIT")}


def test_s7_only_testnet_and_live_sign() -> None:
    assert [mode for mode in Mode if mode.signs] == [Mode.TESTNET, Mode.LIVE]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"high": "9"}, "contradict each other"),
        ({"low": "10.6"}, "contradict each other"),
        ({"low": "0"}, "a price is not positive"),
        ({"volume": "-1"}, "volume -1 is negative"),
    ],
)
def test_v13_a_bar_that_contradicts_itself_says_so(changes: dict[str, str], fault: str) -> None:
    figures: dict[str, Any] = {"open": "10", "high": "11", "low": "9", "close": "10.5", "volume": 1}
    bar = Bar(symbol="BTC/USDT", timeframe=Timeframe.M1, open_time=NOW, **{**figures, **changes})
    assert (fault in bar.fault()) if fault else bar.fault() == ""
