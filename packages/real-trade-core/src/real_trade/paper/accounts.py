"""A spot account: its books, the funds its orders lock, and what a fill does to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model import Instrument
from real_trade.model.numbers import ONE, ZERO
from real_trade.paper.fees import Fee, FeeAsset, FeeSchedule
from real_trade.paper.ledger import Book, Entry, Ledger, PostingKind
from real_trade.paper.values import VenueFill
from real_trade.paper.working import LiveList, LiveOrder, Lock

__all__ = ["Execution", "SpotAccount"]


@attrs.frozen
class Execution:
    """One fill that is about to be booked."""

    order: LiveOrder
    price: Decimal
    amount: Decimal
    quote: Decimal
    is_maker: bool
    trade_id: int
    time: datetime


class SpotAccount:
    """One account of a spot venue.

    Args:
        price_of: the last price of one asset in another, or None; for fees in a discount asset.
    """

    def __init__(
        self, name: str, fees: FeeSchedule, price_of: Callable[[str, str], Decimal | None]
    ) -> None:
        self.name = name
        self.fees = fees
        self.ledger = Ledger()
        self.orders: dict[int, LiveOrder] = {}
        self.open: dict[int, LiveOrder] = {}
        self.by_client_id: dict[str, LiveOrder] = {}
        self.lists: dict[int, LiveList] = {}
        self.fills: list[VenueFill] = []
        self.can_trade = True
        # The assets that the current operation changed, in order; the floor tells and clears them.
        self.changed: dict[str, None] = {}
        self._price_of = price_of

    # Movements

    def move(
        self, time: datetime, kind: PostingKind, reference: str, asset: str, amount: Decimal
    ) -> None:
        """Book a movement between what is free and the outside."""
        other = Book.FUNDING if kind is PostingKind.FUNDING else Book.EXTERNAL
        entries = (Entry(other, asset, -amount), Entry(Book.FREE, asset, amount))
        self.ledger.post(time, kind, reference, entries)
        self.changed.setdefault(asset)

    # Locks

    def lock_for(self, order: LiveOrder, instrument: Instrument) -> Lock:
        """Return a new, empty lock for the asset that `order` gives away."""
        lock = Lock(instrument.quote if order.is_buy else instrument.base)
        lock.orders.append(order)
        order.lock = lock
        return lock

    def need(self, order: LiveOrder, instrument: Instrument) -> Decimal:
        """Return what `order` must lock: at its limit, its trigger or its estimated price."""
        if order.quote_left is not None:
            return order.quote_left if order.is_buy else ZERO
        if not order.is_buy:
            extra = self._rate(order) if self.fees.asset is FeeAsset.BASE else ZERO
            return order.remaining * (ONE + extra)
        at = order.limit or order.stop_price or order.estimate
        return self.with_fee(order, instrument.notional(order.remaining, at))

    def with_fee(self, order: LiveOrder, cost: Decimal) -> Decimal:
        """Return what a buy that costs `cost` may take in all, where the quote pays the fee."""
        return cost * (ONE + self._rate(order)) if self.fees.asset is FeeAsset.QUOTE else cost

    def _rate(self, order: LiveOrder) -> Decimal:
        rates = (self.fees.rate(order.symbol, is_maker=maker) for maker in (True, False))
        return max(ZERO, *rates)

    def lock_target(self, lock: Lock, instrument: Instrument) -> Decimal:
        """Return what the lock's open orders need; both legs of a pair share one lock."""
        needs = (self.need(order, instrument) for order in lock.orders if order.is_open)
        return max(needs, default=ZERO)

    def relock(self, lock: Lock, instrument: Instrument, time: datetime) -> None:
        """Lock what the lock's orders need now, no more and no less."""
        target = self.lock_target(lock, instrument)
        more = target - lock.amount
        if not more:
            return
        kind = PostingKind.LOCK if more > 0 else PostingKind.RELEASE
        entries = (Entry(Book.FREE, lock.asset, -more), Entry(Book.LOCKED, lock.asset, more))
        self.ledger.post(time, kind, f"order {lock.orders[0].order_id}", entries)
        lock.amount = target
        self.changed.setdefault(lock.asset)

    def release(self, order: LiveOrder, instrument: Instrument, time: datetime) -> None:
        """Give back what a closed order no longer needs."""
        if order.lock is not None:
            self.relock(order.lock, instrument, time)

    # Fills

    def can_pay(self, execution: Execution, instrument: Instrument) -> bool:
        """Whether the fill can be booked without overdrawing the account."""
        order = execution.order
        cost, fee = self._cost(execution, instrument)
        asset = instrument.quote if order.is_buy else instrument.base
        due = cost + (fee.amount if fee.asset == asset else ZERO)
        locked = ZERO if order.lock is None else order.lock.amount
        return self.ledger.free(asset) + locked >= due

    def settle(self, execution: Execution, instrument: Instrument) -> VenueFill:
        """Book a fill: the order's figures, the funds, the fee, and the lock that it frees."""
        order = execution.order
        _, fee = self._cost(execution, instrument)
        dust = instrument.notional(instrument.amount_step, execution.price)
        order.fill(execution.amount, execution.quote, dust)
        order.updated_at = execution.time
        entries = self._entries(execution, instrument, fee)
        lock = order.lock
        if lock is not None:
            freed = lock.amount - self.lock_target(lock, instrument)
            # A market order may cost more than it locked; then all of the lock goes to it.
            freed = max(ZERO, freed)
            if freed:
                entries += [
                    Entry(Book.LOCKED, lock.asset, -freed),
                    Entry(Book.FREE, lock.asset, freed),
                ]
                lock.amount -= freed
        self.ledger.post(execution.time, PostingKind.TRADE, f"trade {execution.trade_id}", entries)
        for entry in entries:
            self.changed.setdefault(entry.asset)
        return self._record(execution, fee)

    def _cost(self, execution: Execution, instrument: Instrument) -> tuple[Decimal, Fee]:
        order = execution.order
        fee = self.fees.fee(
            instrument,
            order.request.side,
            execution.amount,
            execution.quote,
            is_maker=execution.is_maker,
        )
        cost = execution.quote if order.is_buy else execution.amount
        return cost, self._in_discount_asset(fee)

    def _in_discount_asset(self, fee: Fee) -> Fee:
        asset = self.fees.discount_asset
        if not asset or fee.amount <= 0:
            return fee
        price = ONE if asset == fee.asset else self._price_of(asset, fee.asset)
        if price is None:
            return fee
        discounted = self.fees.discounted(fee, price)
        return discounted if self.ledger.free(asset) >= discounted.amount else fee

    def _entries(self, execution: Execution, instrument: Instrument, fee: Fee) -> list[Entry]:
        sign = 1 if execution.order.is_buy else -1
        amount, quote = sign * execution.amount, sign * execution.quote
        entries = [
            Entry(Book.FREE, instrument.base, amount),
            Entry(Book.MARKET, instrument.base, -amount),
            Entry(Book.FREE, instrument.quote, -quote),
            Entry(Book.MARKET, instrument.quote, quote),
        ]
        if fee.amount:
            entries.append(Entry(Book.FREE, fee.asset, -fee.amount))
            entries.append(Entry(Book.FEES, fee.asset, fee.amount))
        return entries

    def _record(self, execution: Execution, fee: Fee) -> VenueFill:
        order = execution.order
        fill = VenueFill(
            account=self.name,
            trade_id=execution.trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            list_id=None if order.list is None else order.list.list_id,
            symbol=order.symbol,
            side=order.request.side,
            price=execution.price,
            amount=execution.amount,
            quote_amount=execution.quote,
            fee=fee.amount,
            fee_asset=fee.asset,
            is_maker=execution.is_maker,
            time=execution.time,
        )
        order.fills.append(fill)
        self.fills.append(fill)
        return fill
