"""Matching on bars: what each open order does when a bar has closed."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import Bar, OrderType, TimeInForce
from real_trade.model.numbers import floor_to
from real_trade.paper.bars import BarModel, decide
from real_trade.paper.book import SymbolBook
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.triggers import Triggers
from real_trade.paper.values import Status
from real_trade.paper.working import LiveOrder

__all__ = ["BarMatcher"]


class BarMatcher:
    """Runs the open orders of a symbol through each closed bar, oldest first."""

    def __init__(self, floor: Floor, triggers: Triggers, model: BarModel) -> None:
        self._floor = floor
        self._triggers = triggers
        self._model = model
        # What orders may still take of the current bar's volume; None without such a limit.
        self._room: Decimal | None = None

    def on_bar(self, book: SymbolBook, bar: Bar) -> None:
        """Fill, trigger and expire what the bar fills, triggers and expires."""
        if self._model.volume_part is not None:
            room = bar.volume * self._model.volume_part
            self._room = floor_to(room, book.instrument.amount_step)
        for order in list(book.open.values()):
            if order.status is not Status.PENDING_NEW and order.since <= bar.open_time:
                self._through(book, order, bar)
        book.last = bar.close

    def _through(self, book: SymbolBook, order: LiveOrder, bar: Bar) -> None:
        if not order.is_open:
            return  # an earlier order of this bar has ended it
        until = order.request.expires_at
        is_market = order.request.type is OrderType.MARKET  # never expires in Backtrader
        if until is not None and bar.end_time > until and not is_market:
            self._expire(book, order, "its time has passed")
            return
        was_triggered = order.triggered
        prices = self._model.prices(bar, is_buy=order.is_buy)
        price = decide(order, prices, self._model)
        if order.triggered and not was_triggered:
            self._tell_triggered(order)
        if price is not None:
            at_limit = price == order.limit and price != prices.open
            self._fill(book, order, price, is_maker=at_limit)
        if order.is_open and order.request.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
            if not order.waits:
                self._expire(book, order, "it did not fill in its first bar")
        elif order.is_open and not was_triggered:
            self._triggers.after_bar(order, prices.close)

    def _tell_triggered(self, order: LiveOrder) -> None:
        if order.list is not None:
            self._floor.lists.before_fill(order)
        order.is_working = True
        order.working_at = order.updated_at = self._floor.now()
        self._floor.tell_order(order, Execution.NEW)

    def _fill(self, book: SymbolBook, order: LiveOrder, price: Decimal, *, is_maker: bool) -> None:
        if not order.account.may_work(order):
            self._expire(book, order, "reduce only: there is nothing left to reduce")
            return
        amount = self._amount(book, order, price)
        wanted = order.remaining if order.quote_left is None else amount
        if not amount or (order.request.time_in_force is TimeInForce.FOK and amount < wanted):
            return
        if order.waits:
            order.triggered = True
            self._tell_triggered(order)
        floor = self._floor
        trade_id = floor.next_trade_id(book.symbol)
        booking = floor.booking(book, order, price, amount, trade_id, is_maker=is_maker)
        if not order.account.can_pay(booking, book.instrument):
            order.insufficient_funds = True
            self._expire(book, order, f"the balance is too low for {amount} at {price}")
            return
        if self._room is not None:
            self._room -= amount
        floor.execute(book, order, price, amount, trade_id, is_maker=is_maker)

    def _amount(self, book: SymbolBook, order: LiveOrder, price: Decimal) -> Decimal:
        if order.quote_left is None:
            amount = order.remaining
        else:
            amount = floor_to(order.quote_left / price, book.instrument.amount_step)
        return amount if self._room is None else min(amount, self._room)

    def _expire(self, book: SymbolBook, order: LiveOrder, reason: str) -> None:
        self._floor.end(book, order, Status.EXPIRED, Execution.EXPIRED, reason=reason)
