"""`real-trade reconcile`: what differs between journal and exchange, and what a run would do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from real_trade.exchange import OrderNotFound
from real_trade.model import Fill, OrderIntent, OrderReport, OrderState, OrderType, Side
from real_trade.orders.comparison import Remedy, compare
from real_trade.orders.entries import Opened, Sending

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL = "BTC/USDT"


class Books:
    """An exchange that has what the test says."""

    def __init__(self):
        self.listed, self.known, self.traded = [], {}, []

    def open_orders(self):
        return self.listed

    def order(self, symbol, client_order_id):
        if client_order_id not in self.known:
            raise OrderNotFound(client_order_id)
        return self.known[client_order_id]

    def fills(self, symbol, since):
        return [fill for fill in self.traded if fill.symbol == symbol and fill.time >= since]


def sending(name):
    intent = OrderIntent(
        client_order_id=name, symbol=SYMBOL, side=Side.BUY, type=OrderType.LIMIT,
        created_at=NOW, amount=Decimal(1), price=Decimal(100),
    )  # fmt: skip
    return Sending(intent=intent, deadline=NOW)


def report(name, state=OrderState.ACCEPTED, filled="0"):
    return OrderReport(
        client_order_id=name, symbol=SYMBOL, state=state, time=NOW, side=Side.BUY,
        amount=Decimal(1), filled=Decimal(filled), exchange_order_id=f"x-{name}",
    )  # fmt: skip


def fill(name, trade_id="1"):
    return Fill(
        trade_id=trade_id, symbol=SYMBOL, client_order_id=name, exchange_order_id=f"x-{name}",
        side=Side.BUY, amount=Decimal("0.40"), price=Decimal(100), time=NOW,
    )  # fmt: skip


@pytest.fixture
def books():
    return Books()


def journal(*entries):
    return [Opened(epoch=1, bot="main"), *entries]


def test_an_order_that_both_sides_know_alike_needs_nothing(books):
    books.listed = [report("rt-main-1-1")]
    (row,) = compare(journal(sending("rt-main-1-1"), report("rt-main-1-1")), books)
    assert (row.journal, row.exchange) == ("accepted, filled 0", "accepted, filled 0")
    assert row.remedy is Remedy.NONE
    assert not row.differs


def test_a_fill_that_the_journal_missed_is_to_be_adopted(books):
    name = "rt-main-1-1"
    books.known = {name: report(name, OrderState.PARTIALLY_FILLED, "0.4")}
    books.traded = [fill(name)]
    order, trade = compare(journal(sending(name), report(name)), books)
    assert order.exchange == "partially_filled, filled 0.4"
    assert (trade.what, trade.exchange) == ("fill 1", "buy 0.4 at 100")
    assert {order.remedy, trade.remedy} == {Remedy.ADOPT}


def test_an_order_that_was_about_to_be_sent_and_is_not_there_is_asked_about(books):
    (row,) = compare(journal(sending("rt-main-1-1")), books)
    assert row.exchange == ""
    assert row.remedy is Remedy.ASK
    assert row.differs


def test_an_order_of_ours_that_the_journal_does_not_know_halts_a_run(books):
    books.listed = [report("rt-main-9-1")]
    (row,) = compare(journal(), books)
    assert row.remedy is Remedy.HALT


def test_others_orders_and_fills_are_shown_and_are_no_difference(books):
    books.listed = [report("web_1"), attrs.evolve(report(""), exchange_order_id="77")]
    books.traded = [fill("web_0", "5")]
    name = "rt-main-1-1"
    books.listed.append(report(name))
    rows = compare(journal(sending(name), report(name)), books)
    assert [row.differs for row in rows] == [False] * 4
    assert {row.client_order_id for row in rows} == {name, "web_1", "77", "web_0"}


def test_a_fill_that_is_known_is_not_shown(books):
    name = "rt-main-1-1"
    books.listed = [report(name, OrderState.PARTIALLY_FILLED, "0.4")]
    books.traded = [fill(name)]
    entries = journal(sending(name), report(name, OrderState.PARTIALLY_FILLED, "0.4"), fill(name))
    assert [row.remedy for row in compare(entries, books)] == [Remedy.NONE]
