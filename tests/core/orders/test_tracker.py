"""What is heard of an order, in whatever order and however often, ends in one truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from real_trade.model import (
    TRANSITIONS,
    Fill,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
)
from real_trade.orders import OrderChange, Tracker
from real_trade.orders.entries import Entry, Mark, Sending

S = OrderState
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def sending(name: str = "a", amount: str | None = "1", **changes: Any) -> Sending:
    values: dict[str, Any] = {
        "client_order_id": name,
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "amount": amount,
        "price": "100",
        "created_at": T0,
        **changes,
    }
    return Sending(intent=OrderIntent(**values), deadline=T0)


def tracker(amount: str | None = "1") -> Tracker:
    found = Tracker()
    found.take(sending(amount=amount, quote_amount=None if amount else "50"))
    return found


def fill(number: int, amount: str = "0.5", **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "trade_id": str(number),
        "symbol": "BTC/USDT",
        "client_order_id": "a",
        "exchange_order_id": "7",
        "side": Side.BUY,
        "amount": amount,
        "price": "100",
        "time": T0 + timedelta(seconds=number),
        **changes,
    }
    return Fill(**values)


def report(
    state: OrderState,
    filled: str = "0",
    fills: tuple[Fill, ...] = (),
    seconds: int = 0,
    **changes: Any,
) -> OrderReport:
    values: dict[str, Any] = {
        "client_order_id": "a",
        "symbol": "BTC/USDT",
        "state": state,
        "filled": filled,
        "fills": fills,
        "exchange_order_id": "7",
        "time": T0 + timedelta(seconds=seconds),
        **changes,
    }
    return OrderReport(**values)


ACK = report(S.ACCEPTED)
FIRST = report(S.PARTIALLY_FILLED, "0.5", (fill(1),), 1)
SECOND = report(S.FILLED, "1", (fill(2),), 2)
WHOLE = report(S.FILLED, "1", (fill(1), fill(2)), 3)
ENDS = {
    "filled": (ACK, fill(1), fill(2), report(S.FILLED, "1", (), 3)),
    "canceled": (ACK, fill(1, "0.2"), fill(2, "0.3"), report(S.CANCELED, "0.5", (), 3)),
    "expired": (ACK, fill(1, "0.2"), fill(2, "0.3"), report(S.EXPIRED, "0.5", (), 3)),
}


def taken(found: Tracker, heard: tuple[Entry, ...]) -> list[OrderChange]:
    return [change for one in heard if (change := found.take(one)) is not None]


@pytest.mark.parametrize("heard", list(permutations([ACK, FIRST, SECOND, WHOLE])))
def test_W12_every_order_of_arrival_ends_filled_with_each_fill_once(
    heard: tuple[OrderReport, ...],
) -> None:
    found = tracker()
    changes = taken(found, heard)
    assert found.orders["a"].state is S.FILLED
    assert found.orders["a"].filled == 1
    assert sum(len(change.fills) for change in changes) == 2
    assert not found.is_missing_fills("a")


@pytest.mark.parametrize("end", ENDS)
def test_W12_ack_fill_fill_and_end_give_the_same_order_in_all_24_sequences(end: str) -> None:
    results = set()
    for heard in permutations(ENDS[end]):
        found = tracker()
        taken(found, heard)
        results.add(found.orders["a"])
    assert len(results) == 1
    assert results.pop().state.value == end


@pytest.mark.parametrize("end", ENDS)
def test_W12_fills_without_client_order_ids_find_their_order_in_all_24_sequences(end: str) -> None:
    for heard in permutations(ENDS[end]):
        found = tracker()
        for one in heard:
            bare = attrs.evolve(one, client_order_id="") if isinstance(one, Fill) else one
            found.take(bare)
            for late in found.adopt("a"):
                found.take(late)
        assert found.orders["a"].state.value == end
        assert len(found.orders["a"].fills) == 2
        assert not found.foreign_fills


def test_W11_a_fill_that_comes_twice_counts_once() -> None:
    found = tracker()
    assert found.take(fill(1)) is not None
    assert found.take(fill(1)) is None
    assert found.orders["a"].filled == Decimal("0.5")


def test_a_trade_with_oneself_fills_both_orders() -> None:
    found = tracker()
    found.take(sending("b", side=Side.SELL))
    found.take(fill(1))
    found.take(fill(1, client_order_id="b", exchange_order_id="8", side=Side.SELL))
    assert found.orders["a"].filled == found.orders["b"].filled == Decimal("0.5")


def test_filled_follows_from_fills_not_from_the_word() -> None:
    found = tracker()
    found.take(report(S.FILLED, "1"))
    assert found.orders["a"].state is S.ACCEPTED
    assert found.is_missing_fills("a")
    found.take(fill(1))
    assert found.is_missing_fills("a")
    found.take(fill(2))
    assert found.orders["a"].state is S.FILLED
    assert not found.is_missing_fills("a")


def test_an_order_that_was_made_smaller_is_filled_once_all_told_fills_are_here() -> None:
    found = tracker()
    found.take(report(S.FILLED, "0.5", amount="0.5"))
    found.take(fill(1))
    assert found.orders["a"].state is S.FILLED


def test_W14_a_fill_after_the_cancel_is_booked() -> None:
    found = tracker()
    found.take(report(S.CANCELED))
    change = found.take(fill(1))
    assert change is not None
    assert change.order.filled == Decimal("0.5")
    assert change.order.state is S.CANCELED
    found.take(fill(2))
    assert found.orders["a"].state is S.FILLED


def test_a_fill_of_an_order_that_was_given_up_is_booked_all_the_same() -> None:
    found = tracker()
    found.take(Mark(client_order_id="a", state=S.REJECTED, reason="proved absent"))
    change = found.take(fill(1))
    assert change is not None
    assert [one.trade_id for one in change.fills] == ["1"]
    assert change.order.state is S.REJECTED


def test_a_cancel_waits_for_the_fills_that_it_tells_of() -> None:
    found = tracker()
    found.take(report(S.CANCELED, "0.5"))
    assert found.orders["a"].state is not S.CANCELED
    assert found.is_missing_fills("a")
    found.take(fill(1))
    assert found.orders["a"].state is S.CANCELED
    assert found.orders["a"].filled == Decimal("0.5")


def test_S14_a_report_that_is_older_does_not_turn_an_order_back() -> None:
    found = tracker()
    found.take(FIRST)
    found.take(ACK)
    assert found.orders["a"].state is S.PARTIALLY_FILLED
    found.take(WHOLE)
    found.take(ACK)
    assert found.orders["a"].state is S.FILLED
    assert found.orders["a"].reported_filled == 1
    assert found.ignored == 0


def test_S14_what_may_not_follow_is_ignored_and_counted() -> None:
    found = tracker()
    found.take(report(S.REJECTED, reason="no"))
    assert found.take(report(S.CANCELED)) is None
    assert found.orders["a"].state is S.REJECTED
    assert found.take(Mark(client_order_id="a", state=S.UNKNOWN)) is None
    assert found.ignored == 2


@pytest.mark.parametrize(
    "mixed",
    [
        report(S.FILLED, "1", (fill(1),), symbol="ETH/USDT"),
        report(S.FILLED, "1", (fill(1),), side=Side.SELL),
        fill(1, side=Side.SELL),
        fill(1, symbol="ETH/USDT"),
    ],
)
def test_N18_what_speaks_of_another_symbol_or_side_changes_nothing(mixed: Entry) -> None:
    found = tracker()
    before = found.orders["a"]
    assert found.take(mixed) is None
    assert found.orders["a"] == before
    assert found.ignored == 1


def test_a_quote_order_is_filled_when_all_told_fills_are_here() -> None:
    found = tracker(amount=None)
    found.take(report(S.FILLED, "1", (fill(1),)))
    assert found.orders["a"].state is not S.FILLED
    found.take(fill(2))
    assert found.orders["a"].state is S.FILLED


def test_the_same_client_order_id_is_never_followed_twice() -> None:
    found = tracker()
    with pytest.raises(ValueError, match="used already"):
        found.take(sending())
    with pytest.raises(ValueError, match="used already"):
        found.deny(Order(intent=sending().intent))


def test_W15_what_is_not_ours_is_kept_apart() -> None:
    found = tracker()
    assert found.take(report(S.ACCEPTED, client_order_id="x", exchange_order_id="9")) is None
    assert found.take(fill(5, client_order_id="x", exchange_order_id="9")) is None
    assert list(found.foreign_orders) == ["x"]
    assert [one.trade_id for one in found.foreign_fills.values()] == ["5"]
    assert found.orders["a"].filled == 0
    found.take(report(S.FILLED, client_order_id="x", exchange_order_id="9"))
    assert not found.foreign_orders


EVIDENCE: list[Entry] = [
    ACK,
    FIRST,
    SECOND,
    WHOLE,
    report(S.CANCELED),
    report(S.CANCELED, "0.5"),
    report(S.EXPIRED, "0.5", (fill(1),)),
    report(S.REJECTED),
    fill(1),
    fill(2),
    attrs.evolve(fill(1), client_order_id=""),
    Mark(client_order_id="a", state=S.UNKNOWN, reason="lost"),
    Mark(client_order_id="a", state=S.PENDING_CANCEL),
    Mark(client_order_id="a", state=S.ACCEPTED),
    Mark(client_order_id="a", state=S.REJECTED),
]


@given(st.lists(st.sampled_from(EVIDENCE), max_size=14))
def test_S14_states_never_turn_back_and_fills_never_shrink(heard: list[Entry]) -> None:
    found = tracker()
    for one in heard:
        before = found.orders["a"]
        change = found.take(one)
        after = found.orders["a"]
        assert before.filled <= after.filled <= 1
        assert after.reported_filled >= before.reported_filled
        assert after.state is before.state or after.state in TRANSITIONS[before.state]
        assert (change is None) == (after.state is before.state and after.fills == before.fills)
        assert (after in found.open_orders()) == after.state.is_open


@given(st.lists(st.sampled_from(EVIDENCE), max_size=14))
def test_S17_only_what_brought_news_is_needed_to_know_the_same(heard: list[Entry]) -> None:
    found, again = tracker(), tracker()
    for one in heard:
        before = found.knowledge("a")
        found.take(one)
        if found.knowledge("a") != before:
            again.take(one)
    assert again.orders == found.orders


class Exchange(RuleBasedStateMachine):
    """An exchange whose messages come late, twice and in any order; in the end all have come."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = tracker()
        self.state = S.ACCEPTED
        self.fills: list[Fill] = []
        self.told: list[Entry] = [report(S.ACCEPTED)]
        self.booked: list[Fill] = []

    @property
    def filled(self) -> Decimal:
        return sum((one.amount for one in self.fills), Decimal(0))

    def take(self, entry: Entry) -> None:
        change = self.tracker.take(entry)
        if change is not None:
            self.booked.extend(change.fills)

    @precondition(lambda self: not self.state.is_terminal)
    @rule(amount=st.sampled_from(["0.1", "0.25", "0.5"]), bare=st.booleans())
    def trades(self, amount: str, bare: bool) -> None:
        size = min(Decimal(amount), 1 - self.filled)
        one = fill(len(self.fills) + 1, str(size))
        self.fills.append(one)
        self.state = S.FILLED if self.filled == 1 else S.PARTIALLY_FILLED
        carried = () if bare else (one,)
        self.told.append(report(self.state, str(self.filled), carried, len(self.told)))
        self.told.append(one)

    @precondition(lambda self: not self.state.is_terminal)
    @rule(end=st.sampled_from([S.CANCELED, S.EXPIRED]))
    def ends(self, end: OrderState) -> None:
        self.state = end
        self.told.append(report(end, str(self.filled), (), len(self.told)))

    @rule(data=st.data())
    def a_message_arrives(self, data: st.DataObject) -> None:
        self.take(data.draw(st.sampled_from(self.told)))

    @precondition(lambda self: self.tracker.orders["a"].state is S.SUBMITTED)
    @rule()
    def the_answer_is_lost(self) -> None:
        self.take(Mark(client_order_id="a", state=S.UNKNOWN, reason="lost"))

    @precondition(lambda self: self.tracker.orders["a"].state in {S.ACCEPTED, S.PARTIALLY_FILLED})
    @rule()
    def a_cancel_is_asked_for(self) -> None:
        self.take(Mark(client_order_id="a", state=S.PENDING_CANCEL))

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        assert self.tracker.orders["a"].filled <= self.filled
        assert sum(one.amount for one in self.booked) == self.tracker.orders["a"].filled
        assert self.tracker.ignored == 0

    def teardown(self) -> None:
        for one in self.told:
            self.take(one)
        order = self.tracker.orders["a"]
        assert order.filled == self.filled
        assert not self.tracker.is_missing_fills("a")
        if self.state.is_terminal:
            assert order.state is self.state
        else:
            assert order.state in {self.state, S.PENDING_CANCEL}


TestExchange = Exchange.TestCase
