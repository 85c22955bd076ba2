"""The exact books: nothing counted twice, whatever comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.common.books import Books
from real_trade.model import AccountUpdate, Balance, Fill, Instrument, Side

D = Decimal
T0 = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL = "BTC/USDT"
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.01",
    amount_step="0.01",
)


@pytest.fixture
def books():
    made = Books({SYMBOL: INSTRUMENT}, "USDT")
    made.load([Balance(asset="USDT", free=1000), Balance(asset="BNB", free=2)], T0)
    return made


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def fill(number, side, amount, price, fee="0", fee_asset="USDT", seconds=None):
    return Fill(
        trade_id=str(number),
        symbol=SYMBOL,
        client_order_id="a",
        exchange_order_id="1",
        side=side,
        amount=D(amount),
        price=D(price),
        fee=D(fee),
        fee_asset=fee_asset,
        time=at(number if seconds is None else seconds),
    )


def word(seconds, **balances):
    return AccountUpdate(
        balances=tuple(Balance(asset=asset, free=D(held)) for asset, held in balances.items()),
        time=at(seconds),
    )


def test_a_fill_counts_at_once(books):
    books.book(fill(1, Side.BUY, "1", "100", "0.1"), None)
    assert books.cash == D("899.9")
    assert books.balance("BTC") == 1
    assert books.position(SYMBOL).amount == 1


def test_the_exchanges_word_after_a_fill_does_not_count_it_again(books):
    books.book(fill(1, Side.BUY, "1", "100"), None)
    books.update(word(1, USDT="900", BTC="1"))
    assert (books.cash, books.balance("BTC")) == (900, 1)


def test_the_exchanges_word_before_its_fill_does_not_count_it_again(books):
    books.update(word(1, USDT="900", BTC="1"))
    books.book(fill(1, Side.BUY, "1", "100"), None)
    assert (books.cash, books.balance("BTC")) == (900, 1)
    assert books.position(SYMBOL).amount == 1


def test_a_word_on_one_asset_hides_no_fill_of_another(books):
    books.book(fill(1, Side.BUY, "1", "100"), None)
    books.update(word(2, BNB="3"))
    assert (books.cash, books.balance("BTC"), books.balance("BNB")) == (900, 1, 3)


def test_an_old_word_that_comes_late_is_left_out(books):
    books.update(word(5, USDT="700"))
    books.update(word(3, USDT="900"))
    assert books.cash == 700


def test_a_word_without_a_time_is_the_newest(books):
    books.book(fill(1, Side.BUY, "1", "100"), None)
    books.update(AccountUpdate(balances=(Balance(asset="USDT", free=D("899")),)))
    assert books.cash == 899
    books.book(fill(2, Side.BUY, "1", "100"), None)
    assert books.cash == 799


def test_a_fee_in_the_base_asset_is_taken_from_the_position(books):
    booked = books.book(fill(1, Side.BUY, "1", "100", "0.001", "BTC"), None)
    assert booked.after.amount == D("0.999")
    assert booked.commission == D("0.1")
    assert books.cash == 900
    assert books.balance("BTC") == D("0.999")


def test_what_cannot_be_sold_becomes_dust_and_the_position_closes(books):
    books.book(fill(1, Side.BUY, "1", "100", "0.001", "BTC"), None)
    booked = books.book(fill(2, Side.SELL, "0.99", "100"), None)
    assert booked.after.amount == 0
    assert books.dust["BTC"] == D("0.009")
    assert books.balance("BTC") == D("0.009"), "the account still holds it"


def test_a_fee_in_a_third_asset_is_converted_and_leaves_cash_alone(books):
    booked = books.book(fill(1, Side.BUY, "1", "100", "0.0002", "BNB"), D("500"))
    assert booked.commission == D("0.1")
    assert books.cash == 900
    assert books.balance("BNB") == D("1.9998")
    assert booked.after.amount == 1


def test_an_asset_that_a_whole_account_no_longer_names_is_zero(books):
    books.load([Balance(asset="USDT", free=5)], at(10))
    assert books.balances() == {"USDT": 5}


amounts = st.integers(1, 500).map(lambda n: D(n) / 100)
prices = st.integers(100, 20000).map(lambda n: D(n) / 100)
deals = st.lists(st.tuples(amounts, prices, st.sampled_from(["USDT", "BTC", "BNB"])), max_size=8)


@st.composite
def histories(draw):
    """Fills, each with the account's truth after it, in any order that keeps each kind's own
    order; every word comes at least once."""
    truth = {"USDT": D(1000), "BTC": D(0), "BNB": D(2)}
    fills, words = [], []
    for number, (amount, price, fee_asset) in enumerate(draw(deals), start=1):
        fee = D("0.001")
        truth["BTC"] += amount
        truth["USDT"] -= amount * price
        truth[fee_asset] -= fee
        fills.append(fill(number, Side.BUY, amount, price, fee, fee_asset))
        named = {"BTC", "USDT", fee_asset}
        words.append(word(number, **{asset: truth[asset] for asset in named}))
    merged, left, right = [], list(fills), list(words)
    while left or right:
        first = left if left and (not right or draw(st.booleans())) else right
        merged.append(first.pop(0))
    return merged, dict(truth)


@given(histories())
def test_words_before_between_and_after_fills_never_count_one_twice(history):
    books = Books({SYMBOL: INSTRUMENT}, "USDT")
    books.load([Balance(asset="USDT", free=1000), Balance(asset="BNB", free=2)], T0)
    events, truth = history
    for event in events:
        if isinstance(event, Fill):
            books.book(event, D(500))
        else:
            books.update(event)
    for asset, held in truth.items():
        assert books.balance(asset) == held
    assert books.position(SYMBOL).amount == truth["BTC"]


@given(histories(), st.integers(0, 8))
def test_a_word_that_does_not_come_is_made_up_for_by_the_fills(history, dropped):
    books = Books({SYMBOL: INSTRUMENT}, "USDT")
    books.load([Balance(asset="USDT", free=1000), Balance(asset="BNB", free=2)], T0)
    events, truth = history
    words = [one for one in events if isinstance(one, AccountUpdate)]
    kept = words[:-dropped] if dropped else words
    for event in events:
        if isinstance(event, Fill):
            books.book(event, D(500))
        elif event in kept:
            books.update(event)
    for asset, held in truth.items():
        assert books.balance(asset) == held
