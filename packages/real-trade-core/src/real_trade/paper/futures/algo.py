"""The algo service: conditional orders that live apart from the book until they trigger.

Source: Binance's change log of 2025-11-06 and the user data event ALGO_UPDATE. No margin is checked
before the trigger; then an ordinary order with a new id comes to the book, and its fills are told
before TRIGGERED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model import OrderType, Side
from real_trade.model.numbers import ONE, ZERO
from real_trade.paper.floor import Floor
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.algo_checks import check_algo, condition_of
from real_trade.paper.futures.events import AlgoUpdated
from real_trade.paper.futures.market import FuturesMarket
from real_trade.paper.futures.values import (
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    FuturesRequest,
    OrderOrigin,
    PositionSide,
    WorkingPrice,
)
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest, VenueOrder
from real_trade.paper.working import LiveOrder

__all__ = ["AlgoService", "LiveAlgo"]

Place = Callable[[str, OrderRequest], VenueOrder]
_TAKES_PROFIT = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


class LiveAlgo:
    """One algo order's changing figures.

    Attributes:
        trigger: where it triggers now; a trailing order's is None until it is active.
        best: the best price since a trailing order became active.
        child: the order that it made.
    """

    def __init__(
        self, account: FuturesAccount, algo_id: int, request: AlgoRequest, time: datetime
    ) -> None:
        self.account = account
        self.algo_id = algo_id
        self.request = request
        self.status = AlgoStatus.NEW
        self.trigger = request.trigger_price
        self.best: Decimal | None = None
        self.child: LiveOrder | None = None
        self.reason = ""
        self.created_at = self.updated_at = time
        self.triggered_at: datetime | None = None

    @property
    def is_rising(self) -> bool:
        """Whether a price at or above the trigger pulls it."""
        return (self.request.side is Side.BUY) is not (self.request.type in _TAKES_PROFIT)

    def is_hit(self, price: Decimal) -> bool:
        """Whether `price` pulls the trigger."""
        if self.trigger is None:
            return False
        return price >= self.trigger if self.is_rising else price <= self.trigger

    def trail(self, price: Decimal) -> None:
        """Become active at the activation price, and follow the best price from then on."""
        rate, activation = self.request.callback_rate, self.request.activation_price
        if rate is None:
            return
        buys = self.request.side is Side.BUY
        if self.best is None:
            reached = activation is None or (price <= activation if buys else price >= activation)
            if not reached:
                return
            self.best = price
        self.best = min(self.best, price) if buys else max(self.best, price)
        self.trigger = self.best * (ONE + rate if buys else ONE - rate)

    def snapshot(self) -> AlgoOrder:
        """Return the algo order as it stands."""
        child = None if self.child is None else self.child.snapshot()
        return AlgoOrder(
            account=self.account.name,
            algo_id=self.algo_id,
            client_algo_id=self.request.client_algo_id,
            request=self.request,
            status=self.status,
            trigger_price=self.trigger,
            order_id=None if child is None else child.order_id,
            filled=ZERO if child is None else child.filled,
            average_price=None if child is None else child.average_price,
            created_at=self.created_at,
            updated_at=self.updated_at,
            triggered_at=self.triggered_at,
            reason=self.reason,
        )


class AlgoService:
    """Keeps the algo orders of all accounts and triggers them.

    Args:
        place: places a child order and matches it.
        vet: refuses a request that shape or filters do not let pass.
    """

    def __init__(
        self,
        floor: Floor,
        market: FuturesMarket,
        place: Place,
        vet: Callable[[str, OrderRequest], None],
    ) -> None:
        self._floor = floor
        self._market = market
        self._place = place
        self._vet = vet
        self._algos: dict[int, LiveAlgo] = {}
        self._open: dict[int, LiveAlgo] = {}
        self._with_child: dict[int, LiveAlgo] = {}
        self._next_id = 1

    # Asking

    def find(self, name: str, algo_id: int | None, client_id: str | None) -> LiveAlgo:
        """Return an algo order by either id; by client id the newest one that had it."""
        if algo_id is not None:
            found = self._algos.get(algo_id)
        else:
            named = [one for one in self.all(name) if one.request.client_algo_id == client_id]
            found = named[-1] if named else None
        is_it = found is not None and found.account.name == name
        if found is None or not is_it or client_id not in {None, found.request.client_algo_id}:
            raise VenueReject(
                RejectReason.UNKNOWN_ALGO_ORDER, f"{name} has no algo order {algo_id or client_id}"
            )
        return found

    def all(self, name: str, symbol: str | None = None) -> Iterator[LiveAlgo]:
        """Yield the algo orders of an account, oldest first."""
        for one in self._algos.values():
            if one.account.name == name and symbol in {None, one.request.symbol}:
                yield one

    def open(self, name: str, symbol: str | None = None) -> list[LiveAlgo]:
        """Return those that have not triggered, oldest first."""
        return [
            one
            for one in self._open.values()
            if one.account.name == name and symbol in {None, one.request.symbol}
        ]

    def has_open(self, name: str, symbol: str | None) -> bool:
        """Whether an account has open algo orders."""
        return bool(self.open(name, symbol))

    # Taking and canceling

    def take(self, account: FuturesAccount, request: AlgoRequest) -> LiveAlgo:
        """Take an algo order, or refuse it."""
        book = self._floor.book(request.symbol)
        rules = self._market.rules(request.symbol)
        others = self.open(account.name)
        check_algo(request, others=[one.request for one in others])
        if len(others) >= rules.max_algo_orders:
            raise VenueReject(
                RejectReason.MAX_ALGO_ORDERS, f"{len(others)} algo orders are open already"
            )
        self._vet(account.name, condition_of(request, book.instrument))
        if not request.client_algo_id:
            request = attrs.evolve(request, client_algo_id=self._floor.new_client_id())
        live = LiveAlgo(account, self._next_id, request, self._floor.now())
        price = self._price(live)
        if price is not None:
            if live.is_hit(price):
                raise VenueReject(
                    RejectReason.WOULD_TRIGGER_IMMEDIATELY,
                    f"the price {price} is past the trigger {live.trigger}",
                )
            live.trail(price)
        self._next_id += 1
        self._algos[live.algo_id] = self._open[live.algo_id] = live
        self._tell(live, AlgoStatus.NEW)
        return live

    def cancel(self, live: LiveAlgo) -> None:
        """Cancel one that has not triggered."""
        if not live.status.is_open:
            raise VenueReject(
                RejectReason.UNKNOWN_ALGO_ORDER,
                f"algo order {live.algo_id} is {live.status.value}, not open",
            )
        self._end(live, AlgoStatus.CANCELED)

    def expire_symbol(self, symbol: str, reason: str) -> None:
        """Expire all open algo orders of a symbol."""
        for live in list(self._open.values()):
            if live.request.symbol == symbol:
                self._end(live, AlgoStatus.EXPIRED, reason)

    # Prices

    def see(self, symbol: str, price: Decimal, kind: WorkingPrice) -> None:
        """Take a new price of one kind; trigger what it reaches, oldest first."""
        for live in list(self._open.values()):
            if live.request.symbol != symbol or live.request.working_price is not kind:
                continue
            if not live.status.is_open:
                continue  # a fill of an earlier one has ended it
            if live.is_hit(price):
                if not self._is_protected(live):
                    self._trigger(live)
            else:
                live.trail(price)

    def expire_due(self) -> None:
        """Expire those whose time has passed."""
        now = self._floor.now()
        for live in list(self._open.values()):
            until = live.request.expires_at
            if until is not None and until <= now:
                self._end(live, AlgoStatus.EXPIRED, "its time has passed")

    def next_expiry(self) -> datetime | None:
        """Return the earliest time at which one expires."""
        times = [one.request.expires_at for one in self._open.values()]
        return min((time for time in times if time is not None), default=None)

    def finish(self) -> None:
        """Tell those FINISHED whose child order is done."""
        for live in list(self._with_child.values()):
            if live.child is not None and not live.child.is_open:
                del self._with_child[live.algo_id]
                self._tell(live, AlgoStatus.FINISHED)

    def _price(self, live: LiveAlgo) -> Decimal | None:
        symbol = live.request.symbol
        if live.request.working_price is WorkingPrice.MARK_PRICE:
            return self._market.mark(symbol)
        return self._floor.book(symbol).last

    def _is_protected(self, live: LiveAlgo) -> bool:
        """Whether mark and contract price are too far apart for a protected trigger."""
        symbol = live.request.symbol
        mark, last = self._market.mark(symbol), self._floor.book(symbol).last
        if not live.request.price_protect or not mark or last is None:
            return False
        return abs(last - mark) / mark > self._market.rules(symbol).trigger_protect

    # Triggering

    def _trigger(self, live: LiveAlgo) -> None:
        del self._open[live.algo_id]
        live.triggered_at = self._floor.now()
        self._tell(live, AlgoStatus.TRIGGERING)
        amount = self._amount(live)
        if not amount:
            self._end(live, AlgoStatus.EXPIRED, "there is no position to close")
            return
        try:
            placed = self._place(live.account.name, self._child_of(live, amount))
        except VenueReject as refused:
            self._end(live, AlgoStatus.REJECTED, str(refused))
            return
        live.child = live.account.orders[placed.order_id]
        self._with_child[live.algo_id] = live
        self._tell(live, AlgoStatus.TRIGGERED)

    def _amount(self, live: LiveAlgo) -> Decimal:
        request = live.request
        if not request.close_position:
            return request.amount or ZERO
        position = live.account.position(request.symbol, request.position_side)
        if position.amount * request.side.sign >= 0:
            return ZERO
        return abs(position.amount)

    @staticmethod
    def _child_of(live: LiveAlgo, amount: Decimal) -> FuturesRequest:
        request = live.request
        one_way = request.position_side is PositionSide.BOTH
        is_limit = request.type.has_limit
        return FuturesRequest(
            symbol=request.symbol,
            side=request.side,
            type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            amount=amount,
            price=request.price,
            price_match=request.price_match,
            position_side=request.position_side,
            reduce_only=one_way and (request.reduce_only or request.close_position),
            time_in_force=request.time_in_force,
            expires_at=request.expires_at,
            post_only=request.post_only and is_limit,
            client_order_id=request.client_algo_id,
            self_trade_prevention=request.self_trade_prevention,
            origin=OrderOrigin.ALGO,
            algo_id=live.algo_id,
        )

    def _end(self, live: LiveAlgo, status: AlgoStatus, reason: str = "") -> None:
        self._open.pop(live.algo_id, None)
        live.reason = reason
        self._tell(live, status)

    def _tell(self, live: LiveAlgo, status: AlgoStatus) -> None:
        live.status = status
        live.updated_at = self._floor.now()
        self._floor.tell(
            AlgoUpdated(account=live.account.name, order=live.snapshot(), time=live.updated_at)
        )
