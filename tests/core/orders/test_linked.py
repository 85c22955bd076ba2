"""Orders that belong together: what is held, what leaves when, and what ends with what."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from real_trade.exchange import InvalidOrder, RateLimited, Unavailable
from real_trade.model import OrderState, OrderType, Side, TimeInForce
from real_trade.orders import DeskSettings, MemoryJournal, Unprotected
from real_trade.orders.legs import OCO, tagged

S = OrderState
D = Decimal
FUTURE = "BTC/USDT:USDT"


class Bracket:
    """An entry with a stop and a target that were asked for at once."""

    def __init__(self, world: Any, symbol: str = "BTC/USDT", **entry: Any) -> None:
        self.world = world
        parent = world.intent(symbol=symbol, **entry)
        exits = {"side": Side.SELL, "symbol": symbol, "amount": parent.amount}
        stop = world.intent(type=OrderType.STOP, price=None, stop_price="90", **exits)
        target = world.intent(price="120", **exits)
        self.entry, self.stop, self.target = (one.client_order_id for one in (parent, stop, target))
        world.desk.submit_together([parent], {self.entry: [stop, target]})
        world.run(0.1)

    def asked(self, name: str) -> Any:
        return self.world.desk.linked.asked_orders()[name]

    def told(self, name: str) -> list[OrderState]:
        linked = self.world.desk.linked
        shown = [linked.asked(change.order) for change in self.world.changes]
        return [one.state for one in shown if one.client_order_id == name]


@pytest.fixture
def pairing(make_world):
    """A world whose exchange keeps pairs of orders."""
    world = make_world()
    world.exchange.capabilities = attrs.evolve(world.exchange.capabilities, oco=True)
    return world


@pytest.fixture
def futures(make_world):
    """A world whose exchange keeps no pairs, and knows orders that only reduce."""
    world = make_world()
    world.exchange.capabilities = attrs.evolve(world.exchange.capabilities, reduce_only=True)
    return world


def test_children_stay_here_until_their_parent_fills(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.run(60)
    assert list(pairing.exchange.book) == [one.entry]
    assert one.asked(one.stop).state is S.ACCEPTED
    assert pairing.desk.linked.open_ids() == [one.entry, one.stop, one.target]


def test_both_exits_leave_as_one_pair_when_the_entry_has_filled(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "1")
    pairing.run(0.5)
    assert pairing.exchange.calls["submit"] == 2
    assert set(pairing.exchange.book) == {one.entry, one.stop, one.target}
    assert pairing.exchange.partners == {one.stop: one.target, one.target: one.stop}
    pairing.audit()


def test_the_exit_that_fills_is_filled_and_the_other_is_told_canceled(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "1")
    pairing.run(0.5)
    pairing.exchange.fill(one.stop, "1")
    pairing.run(5)
    assert one.asked(one.stop).state is S.FILLED
    assert one.asked(one.target).state is S.CANCELED
    assert one.told(one.target)[-1] is S.CANCELED
    assert pairing.exchange.calls["cancel"] == 0, "the exchange has ended it by itself"
    assert pairing.desk.linked.open_ids() == []


def test_a_part_of_the_entry_is_covered_within_a_second_and_the_rest_when_it_comes(
    pairing: Any,
) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "0.4")
    pairing.run(1)
    sent = {name: resting.intent.amount for name, resting in pairing.exchange.book.items()}
    assert sent == {one.entry: D(1), one.stop: D("0.4"), one.target: D("0.4")}
    pairing.exchange.fill(one.entry, "0.6")
    pairing.run(1)
    stops = [
        resting.intent.amount
        for resting in pairing.exchange.book.values()
        if resting.intent.type is OrderType.STOP
    ]
    assert stops == [D("0.4"), D("0.6")]
    for name, resting in list(pairing.exchange.book.items()):
        if resting.intent.type is OrderType.STOP:
            pairing.exchange.fill(name, str(resting.intent.amount))
    pairing.run(1)
    asked = one.asked(one.stop)
    assert (asked.state, asked.filled) == (S.FILLED, D(1))
    assert one.asked(one.target).state is S.CANCELED
    pairing.audit()


def test_what_is_covered_is_what_filled_if_the_entry_is_canceled_on_the_way(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "0.4")
    pairing.run(1)
    pairing.exchange.finish(one.entry, S.CANCELED)
    pairing.run(1)
    assert pairing.exchange.book[one.stop].intent.amount == D("0.4")
    pairing.exchange.fill(one.target, "0.4")
    pairing.run(1)
    assert one.asked(one.target).state is S.FILLED
    assert one.asked(one.stop).state is S.CANCELED


def test_children_end_with_a_parent_that_ends_without_a_fill(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.finish(one.entry, S.CANCELED)
    pairing.run(1)
    assert one.told(one.stop) == one.told(one.target) == [S.CANCELED]
    assert list(pairing.exchange.book) == [one.entry]


def test_children_end_with_a_parent_that_is_denied(pairing: Any) -> None:
    pairing.denial = "no"
    one = Bracket(pairing)
    pairing.run(1)
    assert one.told(one.stop) == [S.CANCELED]
    assert pairing.exchange.book == {}


def test_canceling_a_child_that_waits_cancels_the_whole_bracket(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.desk.cancel(one.stop)
    pairing.run(1)
    assert one.asked(one.entry).state is S.CANCELED
    assert one.told(one.stop) == one.told(one.target) == [S.CANCELED]


def test_canceling_one_exit_cancels_the_other_with_one_request(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "1")
    pairing.run(0.5)
    pairing.desk.cancel(one.target)
    pairing.run(2)
    assert one.asked(one.stop).state is one.asked(one.target).state is S.CANCELED
    assert pairing.exchange.calls["cancel"] == 1


def test_a_fee_in_the_base_asset_leaves_less_to_sell(pairing: Any) -> None:
    one = Bracket(pairing)
    fill = pairing.exchange.fill(one.entry, "1", tell=False)
    charged = attrs.evolve(fill, fee="0.001", fee_asset="BTC")
    pairing.exchange.book[one.entry].fills = [charged]
    pairing.exchange.tell(charged)
    pairing.run(1)
    assert pairing.exchange.book[one.stop].intent.amount == D("0.999")


def test_a_refused_stop_is_told_and_what_it_was_for_is_closed_at_market(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fate("submit", InvalidOrder("the stop price is past the market"))
    pairing.exchange.fill(one.entry, "1")
    pairing.run(2)
    assert "unprotected position" in pairing.kinds()
    sold = [
        resting.intent
        for resting in pairing.exchange.book.values()
        if resting.intent.side is Side.SELL
    ]
    assert [(intent.type, intent.amount) for intent in sold] == [(OrderType.MARKET, D(1))]
    assert one.asked(one.stop).state is S.FILLED


def test_a_refused_stop_is_only_told_where_that_is_the_policy(pairing: Any) -> None:
    pairing.open(settings=DeskSettings(on_unprotected=Unprotected.ALERT))
    one = Bracket(pairing)
    pairing.exchange.fate("submit", InvalidOrder("the stop price is past the market"))
    pairing.exchange.fill(one.entry, "1")
    pairing.run(2)
    assert "unprotected position" in pairing.kinds()
    assert list(pairing.exchange.book) == [one.entry]
    assert one.asked(one.stop).state is S.REJECTED


def test_exits_that_could_not_be_sent_are_made_anew_until_they_are_there(pairing: Any) -> None:
    one = Bracket(pairing)
    pause = RateLimited("too many requests", retry_after_s=2.0)
    pairing.exchange.fate("submit", pause, Unavailable("connection refused"))
    pairing.exchange.fill(one.entry, "1")
    pairing.run(2.5)
    assert list(pairing.exchange.book) == [one.entry]
    pairing.run(2)
    stops = [r for r in pairing.exchange.book.values() if r.intent.type is OrderType.STOP]
    assert [resting.intent.amount for resting in stops] == [D(1)]
    assert pairing.kinds() == []
    pairing.audit()


def test_exits_that_can_not_be_sent_for_long_are_told_of(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.exchange.fill(one.entry, "1")
    pairing.exchange.is_down = True
    pairing.run(60)
    assert "unprotected position" in pairing.kinds()


def test_a_pair_whose_answer_is_lost_is_looked_up_by_both_ids_and_never_sent_again(
    pairing: Any, fate: Any
) -> None:
    one = Bracket(pairing)
    pairing.exchange.fate("submit", fate.LOST_AFTER)
    pairing.exchange.sink = None
    pairing.exchange.fill(one.entry, "1")
    pairing.exchange.sink = pairing.inbox.put
    pairing.desk.reconcile()
    pairing.run(5)
    assert pairing.state(one.stop) is pairing.state(one.target) is S.ACCEPTED
    pairing.audit()


def test_a_pair_that_never_arrived_is_placed_anew_once_that_is_proved(
    pairing: Any, fate: Any
) -> None:
    one = Bracket(pairing)
    pairing.exchange.fate("submit", fate.LOST_BEFORE)
    pairing.exchange.fill(one.entry, "1")
    pairing.run(60)
    assert pairing.state(one.stop) is S.REJECTED
    assert one.asked(one.stop).state is S.ACCEPTED
    stops = [r for r in pairing.exchange.book.values() if r.intent.type is OrderType.STOP]
    assert [resting.intent.amount for resting in stops] == [D(1)]
    pairing.audit()


def test_without_pairs_on_spot_the_stop_stands_and_the_target_is_refused(make_world: Any) -> None:
    world = make_world()
    one = Bracket(world)
    assert one.told(one.target) == [S.DENIED]
    assert "behind one order" in one.asked(one.target).reason
    world.exchange.fill(one.entry, "1")
    world.run(1)
    assert world.exchange.book[one.stop].intent.amount == D(1)


def test_on_futures_both_exits_rest_and_the_fill_of_one_cancels_the_other(futures: Any) -> None:
    one = Bracket(futures, symbol=FUTURE)
    futures.exchange.fill(one.entry, "1")
    futures.run(1)
    exits = [futures.exchange.book[name].intent for name in (one.stop, one.target)]
    assert all(intent.reduce_only for intent in exits)
    futures.exchange.fill(one.target, "0.3")
    futures.run(1)
    assert futures.exchange.book[one.stop].state is S.CANCELED
    assert futures.exchange.cancels[one.stop] == 1
    assert one.asked(one.target).state is S.PARTIALLY_FILLED


def test_two_entries_of_one_group_leave_as_a_pair(pairing: Any) -> None:
    low = pairing.intent(price="95")
    high = pairing.intent(type=OrderType.STOP, price=None, stop_price="105")
    group = {OCO: low.client_order_id}
    pairing.desk.submit_together([tagged(low, **group), tagged(high, **group)], {})
    pairing.run(0.5)
    assert pairing.exchange.calls["submit"] == 1
    pairing.exchange.fill(high.client_order_id, "1")
    pairing.run(1)
    linked = pairing.desk.linked
    assert linked.asked_orders()[low.client_order_id].state is S.CANCELED


def test_a_later_member_of_a_group_is_canceled_by_a_fill_of_the_first(futures: Any) -> None:
    first = futures.placed(symbol=FUTURE, price="95")
    second = futures.intent(symbol=FUTURE, price="94")
    futures.desk.submit_together([tagged(second, **{OCO: first})], {})
    futures.run(0.5)
    futures.exchange.fill(first, "0.2")
    futures.run(1)
    assert futures.state(second.client_order_id) is S.CANCELED
    assert futures.state(first) is S.PARTIALLY_FILLED


def test_an_end_that_the_exchange_cannot_keep_is_kept_here(make_world: Any) -> None:
    world = make_world()
    forces = frozenset({TimeInForce.GTC})
    world.exchange.capabilities = attrs.evolve(world.exchange.capabilities, times_in_force=forces)
    end = world.runtime.clock.now() + timedelta(minutes=5)
    name = world.placed(time_in_force=TimeInForce.GTD, expires_at=end)
    assert world.exchange.book[name].intent.time_in_force is TimeInForce.GTC
    world.run(290)
    assert world.state(name) is S.ACCEPTED
    world.run(20)
    assert world.exchange.book[name].state is S.CANCELED
    assert world.desk.linked.asked(world.order(name)).state is S.EXPIRED


def test_a_kept_end_is_kept_over_a_restart(make_world: Any) -> None:
    world = make_world()
    world.exchange.capabilities = attrs.evolve(
        world.exchange.capabilities, times_in_force=frozenset({TimeInForce.GTC})
    )
    end = world.runtime.clock.now() + timedelta(minutes=5)
    name = world.placed(time_in_force=TimeInForce.GTD, expires_at=end)
    world.restart()
    world.run(200)
    assert world.exchange.book[name].state is S.ACCEPTED
    world.run(120)
    assert world.exchange.book[name].state is S.CANCELED


def test_a_bracket_comes_back_after_a_restart_and_goes_on(pairing: Any) -> None:
    one = Bracket(pairing)
    restored = pairing.restart()
    assert [order.client_order_id for order in restored.orders] == [one.entry, one.stop, one.target]
    pairing.run(1)
    pairing.exchange.fill(one.entry, "1")
    pairing.run(1)
    assert pairing.state(one.stop) is S.ACCEPTED
    pairing.restart()
    pairing.exchange.fill(one.target, "1")
    pairing.run(1)
    assert one.asked(one.target).state is S.FILLED
    assert one.asked(one.stop).state is S.CANCELED
    pairing.audit()
    pairing.changes.clear()
    assert pairing.restart().orders == (), "it is over, and is not told of again"
    pairing.run(5)
    assert pairing.changes == []


def test_an_entry_that_fills_while_the_bot_is_down_is_covered_at_the_start(pairing: Any) -> None:
    one = Bracket(pairing)
    pairing.kill()
    pairing.exchange.fill(one.entry, "1")
    pairing.open()
    pairing.desk.restore()
    pairing.desk.start()
    pairing.run(2)
    assert pairing.state(one.stop) is pairing.state(one.target) is S.ACCEPTED
    pairing.audit()


def test_children_of_a_parent_that_was_never_sent_are_forgotten(pairing: Any) -> None:
    journal = MemoryJournal("rt-other", keeps=True)
    pairing.open(journal)
    one = Bracket(pairing)
    kept = [entry for entry in journal.replay() if type(entry).__name__ == "Held"]
    pairing.kill()
    pairing.exchange.book.clear()
    again = MemoryJournal("rt-other", keeps=True)
    again.write(kept)
    pairing.open(again)
    pairing.desk.restore()
    pairing.desk.start()
    pairing.run(5)
    assert pairing.desk.linked.open_ids() == []
    assert pairing.exchange.book == {}
    assert one.asked(one.stop).state is S.CANCELED
