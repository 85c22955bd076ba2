"""A second run of the same bot: what the first one left stands there as Backtrader's objects."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import backtrader as bt
import pytest

from real_trade.model import OrderType
from real_trade.runtime import VirtualRuntime
from real_trade.storage.locks import AlreadyRunning

D = Decimal


@pytest.fixture
def world(kit, tmp_path):
    """An exchange that outlives runs, and a way to run on it with one journal."""

    class World:
        def __init__(self):
            self.runtime = VirtualRuntime(start=kit.START + timedelta(minutes=10))
            self.exchange = kit.FakeExchange(
                self.runtime, kit.flat_bars([100.0] * 300), {"USDT": 1000}
            )

        def run(self, plan=None, seconds=300, setup=None, strategy=None, feeds=(kit.SYMBOL,)):
            return kit.run_live(
                self.exchange, strategy or kit.Recorder, seconds=seconds, plan=plan, setup=setup,
                db_url=f"sqlite:///{tmp_path / 'orders.sqlite'}", feeds=feeds,
            )  # fmt: skip

        def fill_soon(self, *amounts, price="100", fee="0"):
            """Have what was placed last filled in parts."""
            for number, amount in enumerate(amounts, start=1):
                self.runtime.call_later(
                    0.2 * number,
                    lambda amount=amount: self.exchange.fill(
                        self.exchange.intents[-1].client_order_id, amount, price, fee=fee
                    ),
                )

        def buy_in_parts(self, strategy):
            order = strategy.buy(size=0.3)
            self.fill_soon("0.1", "0.1", "0.1", fee="0.01")
            return order

    return World()


class Finder(bt.Strategy):
    """Takes its order up again as the documentation says."""

    params = (("plan", None), ("on_bar", None))

    def __init__(self):
        self.found, self.told, self.trades = [], [], []
        self.held = None

    def start(self):
        self.found = self.broker.get_orders_open()
        self.held = self.getposition().size

    def notify_order(self, order):
        self.told.append((order.getstatusname(), order.info.get("name"), order.executed.size))

    def notify_trade(self, trade):
        self.trades.append((trade.isclosed, trade.pnlcomm, trade.commission, trade.open_datetime()))

    def next(self):
        act = (self.p.plan or {}).get(len(self))
        if act is not None:
            act(self)


def at_live_bar(act):
    """Return a plan that acts once, at the third live bar or so."""
    return {8: act}


def test_an_open_position_and_a_resting_order_come_back_and_nothing_is_told_again(world):
    def limit(strategy):
        strategy.sell(size=0.2, price=120, exectype=bt.Order.Limit, name="target")

    world.run({7: world.buy_in_parts, 8: limit})
    after = world.run(strategy=Finder)
    assert after.held == pytest.approx(0.3)
    (order,) = after.found
    assert order.info.name == "target"
    assert order.info.restored
    assert (order.status, order.exectype) == (bt.Order.Accepted, bt.Order.Limit)
    assert (order.created.size, order.created.price) == (-0.2, 120.0)
    assert (after.told, after.trades) == ([], [])
    assert len(world.exchange.intents) == 2


def test_a_trade_that_began_before_the_restart_closes_to_zero_with_all_its_commission(world):
    first = world.run({7: world.buy_in_parts})
    opened = first.trades[0].open_datetime()

    def close(strategy):
        strategy.close()
        world.fill_soon("0.3", price="110", fee="0.03")

    after = world.run(at_live_bar(close), strategy=Finder)
    assert after.getposition().size == 0
    ((is_closed, profit, commission, since),) = after.trades
    assert is_closed
    assert profit == pytest.approx(0.3 * 10 - 0.06)
    assert commission == pytest.approx(0.06)
    assert abs(since - opened) < timedelta(minutes=2)


def test_a_closed_round_trip_is_not_told_again_and_a_new_trade_begins_anew(world):
    def close(strategy):
        strategy.close()
        world.fill_soon("0.3")

    world.run({7: world.buy_in_parts, 8: close})
    after = world.run(at_live_bar(world.buy_in_parts), strategy=Finder)
    assert after.held == 0
    assert [(is_closed, commission) for is_closed, _, commission, _ in after.trades] == [
        (False, pytest.approx(0.01))
    ]


def test_a_fill_while_the_bot_was_down_is_told_once_on_the_restored_order(world):
    def limit(strategy):
        strategy.buy(size=0.5, price=90, exectype=bt.Order.Limit, name="dip")
        world.fill_soon("0.2", price="90")

    world.run({7: limit})
    world.exchange.fill(world.exchange.intents[0].client_order_id, "0.3", "90")
    after = world.run(strategy=Finder)
    assert after.held == pytest.approx(0.2)
    assert after.told == [("Completed", "dip", pytest.approx(0.5))]
    assert after.getposition().size == pytest.approx(0.5)
    assert [is_closed for is_closed, *_ in after.trades] == []  # it was told open at first
    assert after.broker.get_orders_open() == []


def test_a_bracket_comes_back_and_its_exits_are_the_strategys_own(world):
    world.exchange.capabilities = attrs.evolve(
        world.exchange.capabilities, order_types=frozenset(OrderType), oco=True
    )

    def bracket(strategy):
        strategy.buy_bracket(
            size=0.5, price=99, stopprice=90, limitprice=120,
            stopargs={"name": "stop"}, limitargs={"name": "target"},
        )  # fmt: skip
        world.runtime.call_later(5, lambda: fill(0, "0.2", "99"))

    def fill(number, amount, price):
        world.exchange.fill(world.exchange.intents[number].client_order_id, amount, price)

    first = world.run({7: bracket})
    assert [one.type.value for one in world.exchange.intents] == ["limit", "stop", "limit"]
    assert [float(one.amount) for one in world.exchange.intents] == [0.5, 0.2, 0.2]
    assert first.told()[:6] == ["Submitted", "Submitted", "Accepted", "Submitted", "Accepted",
                                "Accepted"]  # fmt: skip
    fill(0, "0.3", "99")  # while nobody is there
    after = world.run(
        {8: lambda one: fill(1, "0.2", "90"), 9: lambda one: fill(3, "0.3", "90")},
        strategy=Finder,
    )
    assert {one.info.get("name") for one in after.found} >= {"stop", "target"}
    assert [float(one.amount) for one in world.exchange.intents[3:]] == [0.3, 0.3]
    ends = {name: status for status, name, _ in after.told}
    assert ends == {None: "Completed", "stop": "Completed", "target": "Canceled"}
    assert after.getposition().size == 0
    assert after.trades[-1][0]


def test_a_restored_order_can_be_cancelled(world):
    world.run({7: lambda one: one.buy(size=1, price=50, exectype=bt.Order.Limit, name="low")})
    after = world.run(
        at_live_bar(lambda one: one.cancel(one.broker.get_orders_open()[0])), strategy=Finder
    )
    assert after.told[-1][:2] == ("Canceled", "low")
    assert world.exchange.open_orders() == []


def test_P_a_second_writer_for_one_account_is_refused_and_told_of_the_first(world):
    found = []

    def second(cerebro, store):
        def attempt():
            try:
                world.run(seconds=60)
            except AlreadyRunning as error:
                found.append(error)

        world.runtime.call_later(120, attempt)

    world.run(setup=second)
    assert found
    assert found[0].pid > 0


def test_an_order_on_a_symbol_without_a_feed_is_told_of_and_followed(world, kit):
    other = kit.instrument_of("ETH/USDT")
    world.exchange.known["ETH/USDT"] = other
    world.exchange.tape += kit.flat_bars([10.0] * 300, symbol="ETH/USDT")
    world.run(
        {7: lambda one: one.buy(one.datas[1], size=1, price=5, exectype=bt.Order.Limit)},
        feeds=(kit.SYMBOL, "ETH/USDT"),
    )
    after = world.run(strategy=Finder)
    assert after.found == []
    assert [order.symbol for order in after.broker.store.desk.open_orders()] == ["ETH/USDT"]


def test_a_position_is_this_bots_own_and_a_symbol_that_is_gone_hurts_nobody(world, kit):
    world.run({7: world.buy_in_parts})
    world.exchange.known = {"ETH/USDT": kit.instrument_of("ETH/USDT")}
    world.exchange.tape = kit.flat_bars([10.0] * 300, symbol="ETH/USDT")
    after = world.run(strategy=Finder, feeds=("ETH/USDT",))
    assert (after.held, after.found) == (0, [])


def test_coins_that_went_elsewhere_are_told_while_the_bot_runs(world):
    found = world.run({7: world.buy_in_parts}, seconds=400)
    assert any("holdings differ: the account holds 0 BTC" in str(note) for note in found.notes)
    world.exchange.held["BTC"] = D("0.3")
    after = world.run(seconds=400)
    assert not any("holdings differ" in str(note) for note in after.notes)
