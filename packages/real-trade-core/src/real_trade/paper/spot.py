"""A spot account: buys lock quote, sells lock base, fills exchange the two."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_UP, Decimal

from real_trade.model import Instrument
from real_trade.model.numbers import ONE, ZERO
from real_trade.paper.account import Account, Booking
from real_trade.paper.fees import Fee, FeeAsset
from real_trade.paper.ledger import Book, Entry, PostingKind, exact_sum
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest, VenueFill
from real_trade.paper.working import LiveOrder, Lock
from real_trade.utils.errors import DataError

__all__ = ["SpotAccount"]

# Locks are whole multiples of this, rounded up, so that sums of them stay exact.
_LOCK_STEP = Decimal("1e-12")


class SpotAccount(Account):
    """One account of a spot venue."""

    def check_request(self, request: OrderRequest, instrument: Instrument) -> None:
        """Refuse what only derivatives know."""
        if request.reduce_only:
            raise VenueReject(
                RejectReason.NOT_ALLOWED, f"reduce_only has no meaning for {instrument.symbol}"
            )

    # Locks

    def check_funds(
        self,
        order: LiveOrder,
        instrument: Instrument,
        now: tuple[Decimal, Decimal] | None,
        partner: LiveOrder | None,
    ) -> None:
        """Refuse an order that needs more than is free."""
        asset = self._asset(order, instrument)
        need = self._need(order, instrument) if now is None else self._need_now(order, *now)
        if partner is not None and partner.lock is not None:
            need -= partner.lock.amount
        free = self.ledger.free(asset)
        if need > free:
            raise VenueReject(
                RejectReason.INSUFFICIENT_BALANCE, f"the order needs {need} {asset}, free is {free}"
            )

    def reserve(
        self, order: LiveOrder, instrument: Instrument, time: datetime, partner: LiveOrder | None
    ) -> None:
        """Lock what an order needs; both legs of a pair share one lock."""
        shared = None if partner is None else partner.lock
        order.lock = shared or Lock(self._asset(order, instrument))
        order.lock.orders.append(order)
        self._relock(order.lock, self._target(order.lock, instrument), time)

    def release(self, order: LiveOrder, instrument: Instrument, time: datetime) -> None:
        """Unlock what an order no longer needs; never lock more."""
        lock = order.lock
        if lock is not None:
            self._relock(lock, min(lock.amount, self._target(lock, instrument)), time)

    def _relock(self, lock: Lock, target: Decimal, time: datetime) -> None:
        more = target - lock.amount
        if not more:
            return
        kind = PostingKind.LOCK if more > 0 else PostingKind.RELEASE
        entries = (Entry(Book.FREE, lock.asset, -more), Entry(Book.LOCKED, lock.asset, more))
        self.ledger.post(time, kind, f"order {lock.orders[0].order_id}", entries)
        lock.amount = target
        self.changed.setdefault(lock.asset)

    def _target(self, lock: Lock, instrument: Instrument) -> Decimal:
        needs = (self._need(order, instrument) for order in lock.orders if order.is_open)
        return max(needs, default=ZERO)

    def _need(self, order: LiveOrder, instrument: Instrument) -> Decimal:
        """Return what an order must lock: at its limit, its trigger or its estimated price."""
        if order.quote_left is not None:
            return _on_step(order.quote_left) if order.is_buy else ZERO
        if not order.is_buy:
            extra = self._rate(order) if self.fees.asset is FeeAsset.BASE else ZERO
            return _on_step(order.remaining * (ONE + extra))
        at = order.limit or order.stop_price or order.estimate
        return _on_step(self._with_fee(order, instrument.notional(order.remaining, at)))

    def _need_now(self, order: LiveOrder, amount: Decimal, cost: Decimal) -> Decimal:
        """Return what a market order gives away at once."""
        if order.is_buy:
            return self._with_fee(order, cost if order.quote_left is None else order.quote_left)
        extra = self._rate(order) if self.fees.asset is FeeAsset.BASE else ZERO
        return (amount if order.quote_left is not None else order.remaining) * (ONE + extra)

    def _with_fee(self, order: LiveOrder, cost: Decimal) -> Decimal:
        return cost * (ONE + self._rate(order)) if self.fees.asset is FeeAsset.QUOTE else cost

    def _rate(self, order: LiveOrder) -> Decimal:
        rates = (self.fees.rate(order.symbol, is_maker=maker) for maker in (True, False))
        return max(ZERO, *rates)

    @staticmethod
    def _asset(order: LiveOrder, instrument: Instrument) -> str:
        return instrument.quote if order.is_buy else instrument.base

    # Fills

    def can_pay(self, booking: Booking, instrument: Instrument) -> bool:
        """Whether free and locked funds cover the price and a fee in the same asset."""
        lock = booking.order.lock
        locked = ZERO if lock is None else lock.amount
        free = self.ledger.free(self._asset(booking.order, instrument))
        due = self._due(booking, instrument, self._fee(booking, instrument))
        return exact_sum(free, locked, -due) >= 0

    def settle(self, booking: Booking, instrument: Instrument) -> VenueFill:
        """Exchange base for quote, charge the fee, free what the fill needs no more."""
        order = booking.order
        fee = self._fee(booking, instrument)
        dust = instrument.notional(instrument.amount_step, booking.price)
        order.fill(booking.amount, booking.quote, dust)
        order.updated_at = booking.time
        entries = self._entries(booking, instrument, fee)
        if order.lock is not None:
            entries += self._freed(order.lock, instrument, self._due(booking, instrument, fee))
        self.ledger.post(booking.time, PostingKind.TRADE, f"trade {booking.trade_id}", entries)
        for entry in entries:
            self.changed.setdefault(entry.asset)
        return self.record(booking, fee.amount, fee.asset)

    def _due(self, booking: Booking, instrument: Instrument, fee: Fee) -> Decimal:
        """Return what a fill takes of the asset that the order gives away."""
        cost = booking.quote if booking.order.is_buy else booking.amount
        same = fee.asset == self._asset(booking.order, instrument)
        return cost + fee.amount if same else cost

    def _fee(self, booking: Booking, instrument: Instrument) -> Fee:
        fee = self.fees.fee(
            instrument,
            booking.order.request.side,
            booking.amount,
            booking.quote,
            is_maker=booking.is_maker,
        )
        asset = self.fees.discount_asset
        if not asset or fee.amount <= 0:
            return fee
        price = ONE if asset == fee.asset else self._price_of(asset, fee.asset)
        if price is None:
            return fee
        discounted = self.fees.discounted(fee, price)
        return discounted if self.ledger.free(asset) >= discounted.amount else fee

    def _entries(self, booking: Booking, instrument: Instrument, fee: Fee) -> list[Entry]:
        sign = 1 if booking.order.is_buy else -1
        amount, quote = sign * booking.amount, sign * booking.quote
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

    def _freed(self, lock: Lock, instrument: Instrument, due: Decimal) -> list[Entry]:
        # A market order may cost more than it locked; then it uses up what the rest has locked.
        short = exact_sum(due, -self.ledger.free(lock.asset))
        freed = max(lock.amount - self._target(lock, instrument), min(lock.amount, short))
        if freed <= 0:
            return []
        lock.amount = exact_sum(lock.amount, -freed)
        return [Entry(Book.LOCKED, lock.asset, -freed), Entry(Book.FREE, lock.asset, freed)]

    # Proof

    def check(self) -> None:
        """Prove the ledger, and that what is locked is what the open orders lock."""
        self.ledger.check()
        locks = {id(one.lock): one.lock for one in self.open.values() if one.lock is not None}
        for asset in self.ledger.assets:
            of_orders = sum((lock.amount for lock in locks.values() if lock.asset == asset), ZERO)
            locked = self.ledger.total(Book.LOCKED, asset)
            if locked != of_orders:
                raise DataError(f"{self.name} has {locked} {asset} locked, its orders {of_orders}")


def _on_step(amount: Decimal) -> Decimal:
    """Return `amount`, rounded up if it has more decimals than a lock may."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -12:
        return amount
    return amount.quantize(_LOCK_STEP, rounding=ROUND_UP)
