"""The trading floor: the books, accounts, ids and outgoing events that every part works on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from real_trade.model import Instrument, MarketTrade
from real_trade.model.numbers import ONE
from real_trade.paper.account import Account, Booking
from real_trade.paper.book import SymbolBook
from real_trade.paper.events import (
    BalanceReason,
    BalancesChanged,
    BookChanged,
    Execution,
    Listener,
    ListUpdated,
    OrderUpdated,
    TradePrinted,
    VenueEvent,
)
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import SymbolRules, VenueRules
from real_trade.paper.values import SelfTradePrevention, Status
from real_trade.paper.working import LiveList, LiveOrder
from real_trade.runtime import Clock
from real_trade.runtime.chance import seeded

__all__ = ["Floor", "ListKeeper"]

_ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class ListKeeper(Protocol):
    """What the floor tells about orders that belong to lists."""

    def before_fill(self, order: LiveOrder) -> None:
        """Take note that `order` is about to fill or has been triggered."""

    def after_close(self, order: LiveOrder) -> None:
        """Take note that `order` has closed."""


class Floor:
    """State that the venue's parts share, and the few steps that all of them take."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        venue_rules: VenueRules,
        self_trade_prevention: SelfTradePrevention,
        first_order_id: int,
        first_trade_id: int,
    ) -> None:
        self.clock = clock
        self.venue_rules = venue_rules
        self.self_trade_prevention = self_trade_prevention
        self.books: dict[str, SymbolBook] = {}
        self.accounts: dict[str, Account] = {}
        self.listeners: list[Listener] = []
        self.lists: ListKeeper
        # Orders whose turn has come, to be placed once the match that caused it is over.
        self.due: deque[LiveOrder] = deque()
        # Called after each trade of anybody, once both sides have booked it.
        self.after_trade: Callable[[SymbolBook, Decimal], None] | None = None
        self._chance = seeded("venue ids", seed)
        self._order_id = first_order_id - 1
        self._trade_ids: dict[str, int] = {}
        self._first_trade_id = first_trade_id
        self._list_id = 0
        self._sequence = 0
        self._pairs: dict[tuple[str, str], str] = {}
        self._changed_books: dict[str, None] = {}

    # Finding

    def book(self, symbol: str) -> SymbolBook:
        """Return a symbol's book, or refuse."""
        book = self.books.get(symbol)
        if book is None:
            known = ", ".join(list(self.books)[:5])
            raise VenueReject(
                RejectReason.UNKNOWN_SYMBOL, f"{symbol!r} is not traded here (there is {known})"
            )
        return book

    def account(self, name: str) -> Account:
        """Return an account, or refuse."""
        account = self.accounts.get(name)
        if account is None:
            raise VenueReject(RejectReason.UNKNOWN_ACCOUNT, f"there is no account {name!r}")
        return account

    def add_book(self, instrument: Instrument, rules: SymbolRules) -> None:
        """Open a symbol."""
        self.books[instrument.symbol] = SymbolBook(instrument, rules)
        self._pairs[instrument.base, instrument.quote] = instrument.symbol

    def price_of(self, asset: str, unit: str) -> Decimal | None:
        """Return the last price of `asset` in `unit`: of a pair of them, or across a quote."""
        direct = self._pair_price(asset, unit)
        if direct is not None:
            return direct
        for book in self.books.values():
            quote = book.instrument.quote
            if book.instrument.base == asset and book.last is not None:
                across = self._pair_price(unit, quote)
                if across:
                    return book.last / across
        return None

    def _pair_price(self, asset: str, unit: str) -> Decimal | None:
        if asset == unit:
            return ONE
        symbol = self._pairs.get((asset, unit))
        if symbol is not None:
            return self.books[symbol].last
        symbol = self._pairs.get((unit, asset))
        last = None if symbol is None else self.books[symbol].last
        return None if not last else ONE / last

    # Ids

    def now(self) -> datetime:
        """Return the venue's time."""
        return self.clock.now()

    def next_order_id(self) -> int:
        """Return a new order id."""
        self._order_id += 1
        return self._order_id

    def next_list_id(self) -> int:
        """Return a new list id."""
        self._list_id += 1
        return self._list_id

    def next_sequence(self) -> int:
        """Return a new place in time priority."""
        self._sequence += 1
        return self._sequence

    def next_trade_id(self, symbol: str) -> int:
        """Return a new trade id; ids count up for each symbol by itself."""
        trade_id = self._trade_ids.get(symbol, self._first_trade_id - 1) + 1
        self._trade_ids[symbol] = trade_id
        return trade_id

    def new_client_id(self) -> str:
        """Return an id for an order or list that came without one, drawn from the seed."""
        return "".join(self._chance.choices(_ID_LETTERS, k=22))

    # Telling

    def tell(self, event: VenueEvent) -> None:
        """Hand one event to the listeners."""
        for listener in self.listeners:
            listener(event)

    def tell_order(self, order: LiveOrder, execution: Execution, cancel_id: str = "") -> None:
        """Tell what happened to an order."""
        if self.listeners:
            self.tell(
                OrderUpdated(
                    account=order.account.name,
                    execution=execution,
                    order=order.snapshot(),
                    time=self.now(),
                    cancel_id=cancel_id,
                )
            )

    def tell_list(self, live: LiveList) -> None:
        """Tell that a list was taken, changed or is done."""
        if self.listeners:
            self.tell(ListUpdated(account=live.account.name, list=live.snapshot(), time=self.now()))

    def book_changed(self, symbol: str) -> None:
        """Remember that what accounts show in a book changed."""
        self._changed_books.setdefault(symbol)

    def flush(self, reason: BalanceReason = BalanceReason.ORDER) -> None:
        """End an operation: tell the balances and books that it changed."""
        time = self.now()
        for account in self.accounts.values():
            if account.changed:
                balances = tuple(account.ledger.balance(asset) for asset in account.changed)
                account.changed.clear()
                if self.listeners:
                    self.tell(
                        BalancesChanged(
                            account=account.name, balances=balances, reason=reason, time=time
                        )
                    )
        for symbol in self._changed_books:
            self.tell(BookChanged(symbol=symbol, time=time))
        self._changed_books.clear()

    # Steps

    def execute(
        self,
        book: SymbolBook,
        order: LiveOrder,
        price: Decimal,
        amount: Decimal,
        trade_id: int,
        *,
        is_maker: bool,
    ) -> None:
        """Book one side of a trade and tell it."""
        booking = self.booking(book, order, price, amount, trade_id, is_maker=is_maker)
        if order.list is not None:
            self.lists.before_fill(order)
        fill = order.account.settle(booking, book.instrument)
        if order.rests:
            self._after_resting_fill(book, order, amount)
        if not order.is_open:
            self.close(book, order)
        if self.listeners:
            self.tell(
                OrderUpdated(
                    account=order.account.name,
                    execution=Execution.TRADE,
                    order=order.snapshot(),
                    time=booking.time,
                    fill=fill,
                )
            )
        if order.list is not None and not order.is_open:
            self.lists.after_close(order)

    def booking(
        self,
        book: SymbolBook,
        order: LiveOrder,
        price: Decimal,
        amount: Decimal,
        trade_id: int,
        *,
        is_maker: bool,
    ) -> Booking:
        """Return a fill as the account books it."""
        return Booking(
            order=order,
            price=price,
            amount=amount,
            quote=book.instrument.notional(amount, price),
            is_maker=is_maker,
            trade_id=trade_id,
            time=self.now(),
        )

    def _after_resting_fill(self, book: SymbolBook, order: LiveOrder, amount: Decimal) -> None:
        order.shown -= amount
        self.book_changed(book.symbol)
        if order.remaining and order.shown <= 0:
            # An iceberg shows its next part, behind the others at its price.
            side = book.side(order)
            side.remove(order)
            side.add(order, self.next_sequence())

    def print_trade(
        self,
        book: SymbolBook,
        price: Decimal,
        amount: Decimal,
        trade_id: int,
        *,
        buyer_is_maker: bool,
        buyer: LiveOrder | None = None,
        seller: LiveOrder | None = None,
    ) -> None:
        """Count and tell a public trade."""
        time = self.now()
        book.traded(price, amount, time)
        if self.listeners:
            trade = MarketTrade(
                symbol=book.symbol,
                trade_id=str(trade_id),
                price=price,
                amount=amount,
                buyer_is_maker=buyer_is_maker,
                time=time,
            )
            self.tell(
                TradePrinted(
                    trade=trade,
                    buyer_order_id=buyer.order_id if buyer else 0,
                    seller_order_id=seller.order_id if seller else 0,
                )
            )
        if self.after_trade is not None:
            self.after_trade(book, price)

    def end(
        self,
        book: SymbolBook,
        order: LiveOrder,
        status: Status,
        execution: Execution,
        *,
        reason: str = "",
        cancel_id: str = "",
    ) -> None:
        """Close an order that has not filled, give back its funds, and tell."""
        order.status = status
        order.reason = reason
        order.updated_at = self.now()
        self.close(book, order)
        self.tell_order(order, execution, cancel_id)
        if order.list is not None:
            self.lists.after_close(order)

    def close(self, book: SymbolBook, order: LiveOrder) -> None:
        """Take a closed order out of the books and give back its funds."""
        if order.rests:
            self.book_changed(book.symbol)
        book.forget_order(order)
        order.account.closed(order)
        order.account.release(order, book.instrument, self.now())

    def shrink_shown(self, book: SymbolBook, order: LiveOrder) -> None:
        """Show no more of a resting order than what remains of it."""
        order.shown = min(order.shown, order.remaining)
        order.account.release(order, book.instrument, self.now())
        self.book_changed(book.symbol)

    def rest(self, book: SymbolBook, order: LiveOrder) -> None:
        """Put what remains of a limit order on the book."""
        book.side(order).add(order, self.next_sequence())
        self.book_changed(book.symbol)
