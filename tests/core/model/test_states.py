"""The life of an order: the table, whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import TERMINAL, TRANSITIONS, OrderState, may_follow

TABLE = """
CREATED           DENIED SUBMITTED
SUBMITTED         ACCEPTED PARTIALLY_FILLED FILLED REJECTED CANCELED EXPIRED UNKNOWN PENDING_CANCEL
UNKNOWN           ACCEPTED PARTIALLY_FILLED FILLED CANCELED EXPIRED REJECTED
ACCEPTED          PARTIALLY_FILLED FILLED CANCELED EXPIRED REJECTED PENDING_CANCEL
PARTIALLY_FILLED  PARTIALLY_FILLED FILLED CANCELED EXPIRED PENDING_CANCEL
PENDING_CANCEL    CANCELED ACCEPTED PARTIALLY_FILLED FILLED EXPIRED REJECTED
CANCELED          FILLED
EXPIRED           FILLED
DENIED
FILLED
REJECTED
"""
ALLOWED = {
    OrderState[line.split()[0]]: {OrderState[name] for name in line.split()[1:]}
    for line in TABLE.strip().splitlines()
}
PAIRS = [(state, following) for state in OrderState for following in OrderState]


@pytest.mark.parametrize(("state", "following"), PAIRS, ids=lambda state: state.name)
def test_the_table_is_exactly_this(state: OrderState, following: OrderState) -> None:
    assert may_follow(state, following) == (following in ALLOWED[state])


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    reached = {OrderState.CREATED}
    while more := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= more
    assert reached == set(OrderState)


def test_s14_after_the_end_only_a_late_fill_can_come() -> None:
    for state in TERMINAL:
        assert TRANSITIONS[state] <= {OrderState.FILLED}
        assert state.is_terminal


def test_s9_every_order_that_may_rest_can_still_end() -> None:
    for state in set(OrderState) - TERMINAL:
        assert TRANSITIONS[state] & TERMINAL


def test_s5_the_worst_case_counts_everything_that_may_rest() -> None:
    assert {state for state in OrderState if state.is_open} == (
        set(OrderState) - TERMINAL - {OrderState.CREATED}
    )
    assert OrderState.UNKNOWN.is_open


def test_s1_nothing_is_sent_twice_no_state_leads_back_to_sending() -> None:
    for state in set(OrderState) - {OrderState.CREATED}:
        assert not TRANSITIONS[state] & {OrderState.CREATED, OrderState.SUBMITTED}


@given(st.data())
def test_s14_every_life_reaches_its_end_at_most_twice(data: st.DataObject) -> None:
    state, ends = OrderState.CREATED, 0
    for _ in range(50):
        if not TRANSITIONS[state]:
            break
        state = data.draw(st.sampled_from(sorted(TRANSITIONS[state], key=lambda s: s.name)))
        ends += state.is_terminal
    assert ends <= 2
