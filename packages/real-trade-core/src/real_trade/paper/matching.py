"""Matching: an incoming order takes what is against it, in price and then time priority."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import MarketTrade, OrderType, TimeInForce
from real_trade.model.numbers import ZERO, floor_to
from real_trade.paper.book import BookSide, SymbolBook
from real_trade.paper.events import Execution, OrderUpdated
from real_trade.paper.floor import Floor
from real_trade.paper.values import Quote, SelfTradePrevention, Status
from real_trade.paper.working import LiveOrder

__all__ = ["Matcher"]

_STP = SelfTradePrevention


class Matcher:
    """Price-time priority over the market's displayed depth and the accounts' orders."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    # An incoming order

    def take(self, book: SymbolBook, order: LiveOrder) -> None:
        """Match an order that has just started to work; then it rests, or expires."""
        order.is_working = True
        order.working_at = order.working_at or self._floor.now()
        if not order.account.may_work(order):
            self._expire(book, order, "reduce only: there is nothing left to reduce")
            return
        if order.request.time_in_force is TimeInForce.FOK and not self._can_fill(book, order):
            self._expire(book, order, "fill or kill: there is not enough at the price")
            return
        self.take_now(book, order)
        if order.is_open:
            self._settle_rest(book, order)

    def take_now(self, book: SymbolBook, order: LiveOrder) -> None:
        """Match what can be matched, and leave what remains to the caller."""
        while order.is_open and self._wants(order):
            if not self._step(book, order):
                break

    def available(self, book: SymbolBook, order: LiveOrder) -> tuple[Decimal, Decimal]:
        """Return amount and cost of what `order` would take now from others than its account."""
        wanted, left = order.remaining, order.quote_left
        amount = cost = ZERO
        own = None if order.stp is _STP.NONE else order.account
        for price, shown in book.against(order).merged(without=own):
            if not book.against(order).reaches(price, order.limit):
                break
            take = shown
            if left is not None:
                step = book.instrument.amount_step
                take = min(take, floor_to((left - cost) / price, step))
            else:
                take = min(take, wanted - amount)
            if take <= 0:
                break
            amount += take
            cost += book.instrument.notional(take, price)
        return amount, cost

    def would_match(self, book: SymbolBook, order: LiveOrder) -> bool:
        """Whether `order` would take something at once."""
        best = book.against(order).best_price()
        return best is not None and book.against(order).reaches(best, order.limit)

    def _can_fill(self, book: SymbolBook, order: LiveOrder) -> bool:
        return self.available(book, order)[0] >= order.remaining

    def _wants(self, order: LiveOrder) -> bool:
        if order.quote_left is None:
            return order.remaining > 0
        return order.quote_left > 0

    def _step(self, book: SymbolBook, order: LiveOrder) -> bool:
        """Make one trade with the best counterparty; return False when there is none."""
        side = book.against(order)
        price = side.best_price()
        if price is None or not side.reaches(price, order.limit):
            return False
        level, maker = side.best_level(), side.best_order()
        shown = level[1] if level is not None and level[0] == price else ZERO
        if maker is not None and maker.limit == price and (not shown or maker.ahead <= 0):
            return self._with_order(book, order, maker, price)
        if maker is not None and maker.limit == price:
            shown = min(shown, maker.ahead)
        return self._with_market(book, order, side, price, shown)

    def _with_market(
        self, book: SymbolBook, order: LiveOrder, side: BookSide, price: Decimal, shown: Decimal
    ) -> bool:
        amount = self._amount(book, order, price, shown)
        if not amount:
            return False
        floor = self._floor
        trade_id = floor.next_trade_id(book.symbol)
        if not self._affords(book, order, price, amount, trade_id):
            return False
        level = side.best_level()
        if level is not None:
            level[1] -= amount
        side.advance(price, amount)
        floor.execute(book, order, price, amount, trade_id, is_maker=False)
        floor.print_trade(
            book,
            price,
            amount,
            trade_id,
            buyer_is_maker=not order.is_buy,
            buyer=order if order.is_buy else None,
            seller=None if order.is_buy else order,
        )
        return True

    def _with_order(
        self, book: SymbolBook, order: LiveOrder, maker: LiveOrder, price: Decimal
    ) -> bool:
        if maker.account is order.account and order.stp is not _STP.NONE:
            self._prevent(book, order, maker, price)
            return True
        amount = self._amount(book, order, price, maker.shown)
        if not amount:
            return False
        trade_id = self._floor.next_trade_id(book.symbol)
        if not self._affords(book, order, price, amount, trade_id):
            return False
        self._trade(book, order, maker, price, amount, trade_id)
        return True

    def _trade(
        self,
        book: SymbolBook,
        taker: LiveOrder,
        maker: LiveOrder,
        price: Decimal,
        amount: Decimal,
        trade_id: int,
    ) -> None:
        floor = self._floor
        floor.execute(book, taker, price, amount, trade_id, is_maker=False)
        floor.execute(book, maker, price, amount, trade_id, is_maker=True)
        floor.print_trade(
            book,
            price,
            amount,
            trade_id,
            buyer_is_maker=maker.is_buy,
            buyer=taker if taker.is_buy else maker,
            seller=maker if taker.is_buy else taker,
        )

    def _amount(
        self, book: SymbolBook, order: LiveOrder, price: Decimal, shown: Decimal
    ) -> Decimal:
        if order.quote_left is None:
            return min(order.remaining, shown)
        step = book.instrument.amount_step
        return min(floor_to(order.quote_left / price, step), shown)

    def _affords(
        self, book: SymbolBook, order: LiveOrder, price: Decimal, amount: Decimal, trade_id: int
    ) -> bool:
        if order.request.type is OrderType.LIMIT:
            return True  # it has locked what it needs
        booking = self._floor.booking(book, order, price, amount, trade_id, is_maker=False)
        if order.account.can_pay(booking, book.instrument):
            return True
        order.insufficient_funds = True
        return False

    # What remains of an incoming order

    def _settle_rest(self, book: SymbolBook, order: LiveOrder) -> None:
        if order.limit is None:
            self._finish_market(book, order)
        elif order.request.time_in_force in {TimeInForce.GTC, TimeInForce.GTD}:
            self._floor.rest(book, order)
        else:
            self._expire(book, order, "immediate or cancel: the rest did not fill at once")

    def _finish_market(self, book: SymbolBook, order: LiveOrder) -> None:
        reason = "the balance is too low" if order.insufficient_funds else "the book is empty"
        self._expire(book, order, reason)

    def _expire(self, book: SymbolBook, order: LiveOrder, reason: str) -> None:
        self._floor.end(book, order, Status.EXPIRED, Execution.EXPIRED, reason=reason)

    # Self-trade prevention

    def _prevent(
        self, book: SymbolBook, taker: LiveOrder, maker: LiveOrder, price: Decimal
    ) -> None:
        mode = taker.stp
        if mode is _STP.DECREMENT:
            both = min(taker.remaining, maker.remaining)
            losses = [(taker, maker, both), (maker, taker, both)]
        else:
            losses = []
            if mode in {_STP.EXPIRE_TAKER, _STP.EXPIRE_BOTH}:
                losses.append((taker, maker, taker.remaining))
            if mode in {_STP.EXPIRE_MAKER, _STP.EXPIRE_BOTH}:
                losses.append((maker, taker, maker.remaining))
        for order, other, amount in losses:
            self._lose(book, order, other, amount, price)

    def _lose(
        self, book: SymbolBook, order: LiveOrder, other: LiveOrder, amount: Decimal, price: Decimal
    ) -> None:
        floor = self._floor
        order.prevented += amount
        order.updated_at = floor.now()
        if order.quote_left is not None or not order.remaining:
            order.status = Status.EXPIRED_IN_MATCH
            order.reason = "self-trade prevention"
            floor.close(book, order)
        elif order.rests:
            floor.shrink_shown(book, order)
        if floor.listeners:
            floor.tell(
                OrderUpdated(
                    account=order.account.name,
                    execution=Execution.TRADE_PREVENTION,
                    order=order.snapshot(),
                    time=floor.now(),
                    prevented_amount=amount,
                    prevented_order_id=other.order_id,
                    prevented_price=price,
                )
            )
        if order.list is not None and not order.is_open:
            floor.lists.after_close(order)

    # The tape

    def on_quote(self, book: SymbolBook, quote: Quote) -> None:
        """Take the market's depth; what it crosses of the accounts' orders fills as maker."""
        book.show(quote)
        if book.bids.orders:
            self._cross(book, book.bids, book.asks)
        if book.asks.orders:
            self._cross(book, book.asks, book.bids)

    def _cross(self, book: SymbolBook, resting: BookSide, market: BookSide) -> None:
        while (order := resting.best_order()) is not None:
            level = market.best_level()
            if level is None or order.limit is None or not resting.reaches(order.limit, level[0]):
                return
            amount = min(level[1], order.shown)
            level[1] -= amount
            self._fill_resting(book, order, order.limit, amount)

    def on_trade(self, book: SymbolBook, trade: MarketTrade) -> None:
        """Take a trade of the market: orders it went through fill, then those at its price."""
        left = trade.amount
        for side in (book.bids, book.asks):
            if side.orders:
                self._sweep(book, side, trade.price)
        side = book.bids if trade.buyer_is_maker else book.asks
        if side.orders:
            left -= self._fill_at(book, side, trade.price, left)
        if left > 0 or not trade.amount:
            self._floor.print_trade(
                book,
                trade.price,
                left,
                self._floor.next_trade_id(book.symbol),
                buyer_is_maker=trade.buyer_is_maker,
            )

    def _sweep(self, book: SymbolBook, side: BookSide, price: Decimal) -> None:
        """Fill the orders whose price is better than where the market has traded."""
        while (order := side.best_order()) is not None:
            if order.limit is None or order.limit == price or not side.reaches(order.limit, price):
                return
            self._fill_resting(book, order, order.limit, order.shown)

    def _fill_at(
        self, book: SymbolBook, side: BookSide, price: Decimal, amount: Decimal
    ) -> Decimal:
        """Fill orders at `price`, as the queue allows; return how much of it they took."""
        filled = queued = ZERO
        for order in [order for _, order in side.orders if order.limit == price]:
            if not order.is_open:
                continue  # a fill of another one has ended it
            queued = max(queued, min(order.ahead, amount))
            room = amount - queued - filled
            if room <= 0:
                break
            take = min(room, order.shown)
            self._fill_resting(book, order, price, take)
            filled += take
        side.advance(price, min(queued, amount - filled))
        return filled

    def _fill_resting(
        self, book: SymbolBook, order: LiveOrder, price: Decimal, amount: Decimal
    ) -> None:
        floor = self._floor
        trade_id = floor.next_trade_id(book.symbol)
        floor.execute(book, order, price, amount, trade_id, is_maker=True)
        floor.print_trade(
            book,
            price,
            amount,
            trade_id,
            buyer_is_maker=order.is_buy,
            buyer=order if order.is_buy else None,
            seller=None if order.is_buy else order,
        )
