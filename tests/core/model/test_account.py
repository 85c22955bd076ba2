"""Positions: linear and inverse arithmetic, by fills in any order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Balance, Instrument, Market, Position

D = Decimal
LINEAR = Instrument(
    symbol="BTC/USDT:USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    market=Market.FUTURE,
    price_step=D("0.1"),
    amount_step=D("0.001"),
)
INVERSE = attrs.evolve(
    LINEAR, symbol="BTC/USD:BTC", settle="BTC", market=Market.DELIVERY, contract_size=D("100")
)
AMOUNTS = st.integers(-1000, 1000).filter(bool).map(D)
PRICES = st.decimals("1", "100000", places=2, allow_nan=False)
FILLS = st.lists(st.tuples(AMOUNTS, PRICES), min_size=1, max_size=12)
TINY = D("1e-18")


def flat(thing: Instrument) -> Position:
    return Position(symbol=thing.symbol)


def after(thing: Instrument, *fills: tuple[Any, Any]) -> Position:
    position = flat(thing)
    for amount, price in fills:
        position = position.after(D(amount), D(price), thing)
    return position


def cash_flow(thing: Instrument, fills: list[tuple[Decimal, Decimal]], close: Decimal) -> Decimal:
    """Return the profit of `fills` marked at `close`, from cash alone: no position arithmetic."""
    if thing.inverse:
        return sum(
            (amount * thing.contract_size * (1 / price - 1 / close) for amount, price in fills),
            D(0),
        )
    return sum((amount * thing.contract_size * (close - price) for amount, price in fills), D(0))


def test_adding_averages_the_entry_arithmetically_on_linear_markets() -> None:
    position = after(LINEAR, ("1", "100"), ("3", "200"))
    assert (position.amount, position.entry_price) == (D(4), D(175))
    assert position.profit_at(D(185), LINEAR) == 40


def test_adding_averages_the_entry_harmonically_on_inverse_markets() -> None:
    position = after(INVERSE, ("1", "10000"), ("1", "40000"))
    assert (position.amount, position.entry_price) == (D(2), D(16000))
    assert position.profit_at(D(20000), INVERSE) == D("0.0025")


@pytest.mark.parametrize("thing", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_reducing_keeps_the_entry_closing_forgets_it_and_crossing_starts_anew(
    thing: Instrument,
) -> None:
    assert after(thing, ("4", "100"), ("-1", "500")).entry_price == 100
    closed = after(thing, ("4", "100"), ("-4", "500"))
    assert (closed.amount, closed.entry_price) == (D(0), D(0))
    assert closed.profit_at(D(7), thing) == 0
    crossed = after(thing, ("4", "100"), ("-5", "500"))
    assert (crossed.amount, crossed.entry_price) == (D(-1), D(500))


@pytest.mark.parametrize("thing", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_a_short_gains_when_the_price_falls(thing: Instrument) -> None:
    short = after(thing, ("-2", "50000"))
    assert short.profit_at(D(40000), thing) > 0 > short.profit_at(D(60000), thing)


@pytest.mark.parametrize("thing", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(fills=FILLS, close=PRICES)
def test_s20_realized_and_open_profit_are_what_the_cash_says(
    thing: Instrument, fills: list[tuple[Decimal, Decimal]], close: Decimal
) -> None:
    position, realized = flat(thing), D(0)
    for amount, price in fills:
        following = position.after(amount, price, thing)
        if position.amount * amount < 0:
            closed = -amount if abs(amount) < abs(position.amount) else position.amount
            part = Position(symbol="", amount=closed, entry_price=position.entry_price)
            realized += part.profit_at(price, thing)
        position = following
    expected = cash_flow(thing, fills, close)
    told = realized + position.profit_at(close, thing)
    assert abs(told - expected) <= TINY * max(D(1), abs(expected)) * 1000


@pytest.mark.parametrize("thing", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(fills=FILLS)
def test_the_amount_is_the_sum_of_fills_and_the_entry_is_between_their_prices(
    thing: Instrument, fills: list[tuple[Decimal, Decimal]]
) -> None:
    position = after(thing, *fills)
    assert position.amount == sum(amount for amount, _ in fills)
    if position.amount:
        prices = [price for _, price in fills]
        assert min(prices) - TINY <= position.entry_price <= max(prices) + TINY
    else:
        assert position.entry_price == 0


@given(st.permutations([("1", "100"), ("2", "150"), ("3", "250")]))
def test_the_order_of_fills_on_one_side_does_not_matter(fills: list[tuple[str, str]]) -> None:
    linear, inverse = after(LINEAR, *fills), after(INVERSE, *fills)
    assert abs(linear.entry_price - D(1150) / 6) < TINY
    assert abs(inverse.entry_price - 6 / (1 / D(100) + 2 / D(150) + 3 / D(250))) < TINY


def test_the_market_facts_of_a_position_survive_a_fill() -> None:
    position = Position(symbol="A", amount=D(1), entry_price=D(10), leverage=D(5), mark_price=D(11))
    following = position.after(D(1), D(20), LINEAR)
    assert (following.leverage, following.mark_price, position.amount) == (D(5), D(11), D(1))


def test_a_balance_is_what_is_free_and_what_is_locked() -> None:
    balance = Balance(asset="USDT", free=D("0.1"), locked=D("0.2"))
    assert balance.total == D("0.3")
    with pytest.raises(TypeError, match="free must be"):
        Balance(asset="USDT", free=0.1)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        balance.free = D(5)  # type: ignore[misc]  # on purpose
