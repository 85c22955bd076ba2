"""What is heard of an order, in whatever order and however often, ends in one truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import (
    TRANSITIONS,
    Fill,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
)
from real_trade.orders import Tracker

S = OrderState
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def tracker(amount="1"):
    found = Tracker()
    found.add(
        OrderIntent(
            client_order_id="a",
            symbol="BTC/USDT",
            side=Side.BUY,
            type=OrderType.LIMIT,
            amount=amount,
            price="100",
            created_at=T0,
        )
    )
    found.mark("a", S.SUBMITTED)
    return found


def fill(number, amount="0.5"):
    return Fill(
        trade_id=str(number),
        symbol="BTC/USDT",
        client_order_id="a",
        exchange_order_id="7",
        side=Side.BUY,
        amount=amount,
        price="100",
        time=T0 + timedelta(seconds=number),
    )


def report(state, filled="0", fills=(), seconds=0):
    return OrderReport(
        client_order_id="a",
        symbol="BTC/USDT",
        state=state,
        filled=filled,
        fills=tuple(fills),
        exchange_order_id="7",
        time=T0 + timedelta(seconds=seconds),
    )


ACK = report(S.ACCEPTED)
FIRST = report(S.PARTIALLY_FILLED, "0.5", [fill(1)], 1)
SECOND = report(S.FILLED, "1", [fill(2)], 2)
WHOLE = report(S.FILLED, "1", [fill(1), fill(2)], 3)


@pytest.mark.parametrize("heard", list(permutations([ACK, FIRST, SECOND, WHOLE])))
def test_W12_every_order_of_arrival_ends_filled_with_each_fill_once(heard):
    found = tracker()
    changes = [change for one in heard if (change := found.apply_report(one))]
    assert found.orders["a"].state is S.FILLED
    assert found.orders["a"].filled == 1
    assert sum(len(change.fills) for change in changes) == 2
    assert not found.missing_fills("a")


def test_W11_a_fill_that_comes_twice_counts_once():
    found = tracker()
    assert found.apply_fill(fill(1)) is not None
    assert found.apply_fill(fill(1)) is None
    assert found.orders["a"].filled == Decimal("0.5")


def test_filled_follows_from_fills_not_from_the_word():
    found = tracker()
    found.apply_report(report(S.FILLED, "1"))
    assert found.orders["a"].state is S.ACCEPTED
    assert found.missing_fills("a")
    found.apply_fill(fill(1))
    assert found.missing_fills("a")
    found.apply_fill(fill(2))
    assert found.orders["a"].state is S.FILLED
    assert not found.missing_fills("a")


def test_W14_a_fill_after_the_cancel_is_booked():
    found = tracker()
    found.apply_report(report(S.CANCELED))
    change = found.apply_fill(fill(1))
    assert change is not None
    assert change.order.filled == Decimal("0.5")
    assert change.order.state is S.CANCELED
    found.apply_fill(fill(2))
    assert found.orders["a"].state is S.FILLED


def test_a_cancel_waits_for_the_fills_that_it_tells_of():
    found = tracker()
    found.apply_report(report(S.CANCELED, "0.5"))
    assert found.orders["a"].state is not S.CANCELED
    assert found.missing_fills("a")
    found.apply_fill(fill(1))
    assert found.orders["a"].state is S.CANCELED
    assert found.orders["a"].filled == Decimal("0.5")


def test_S14_a_report_that_is_older_does_not_turn_an_order_back():
    found = tracker()
    found.apply_report(FIRST)
    found.apply_report(ACK)
    assert found.orders["a"].state is S.PARTIALLY_FILLED
    found.apply_report(WHOLE)
    found.apply_report(ACK)
    assert found.orders["a"].state is S.FILLED


def test_S14_what_may_not_follow_is_ignored_and_counted():
    found = tracker()
    found.apply_report(report(S.REJECTED))
    assert found.apply_report(report(S.CANCELED)) is None
    assert found.orders["a"].state is S.REJECTED
    assert found.mark("a", S.UNKNOWN) is None
    assert found.ignored == 1


def test_a_quote_order_is_filled_when_all_told_fills_are_here():
    found = Tracker()
    found.add(
        OrderIntent(
            client_order_id="a",
            symbol="BTC/USDT",
            side=Side.BUY,
            type=OrderType.MARKET,
            quote_amount="50",
            created_at=T0,
        )
    )
    found.mark("a", S.SUBMITTED)
    found.apply_report(report(S.FILLED, "1", [fill(1)]))
    assert found.orders["a"].state is not S.FILLED
    found.apply_fill(fill(2))
    assert found.orders["a"].state is S.FILLED


def test_the_same_client_order_id_is_never_followed_twice():
    found = tracker()
    with pytest.raises(ValueError, match="used already"):
        found.add(found.orders["a"].intent)


@given(
    st.lists(
        st.sampled_from(
            [
                ACK,
                FIRST,
                SECOND,
                WHOLE,
                report(S.CANCELED),
                report(S.CANCELED, "0.5"),
                report(S.EXPIRED, "0.5", [fill(1)]),
                report(S.REJECTED),
                fill(1),
                fill(2),
            ]
        ),
        max_size=12,
    )
)
def test_S14_states_never_turn_back_and_fills_never_shrink(heard):
    found = tracker()
    for one in heard:
        before = found.orders["a"]
        change = found.apply_fill(one) if isinstance(one, Fill) else found.apply_report(one)
        after = found.orders["a"]
        assert after.filled >= before.filled
        assert after.filled <= 1
        assert after.state is before.state or after.state in TRANSITIONS[before.state]
        assert (change is None) == (after.state is before.state and after.fills == before.fills)
        assert (after in found.open_orders()) == after.state.is_open
