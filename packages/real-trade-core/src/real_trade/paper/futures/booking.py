"""How a futures account books what happens: fills, funding, margin transfers, clearing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from real_trade.model import Instrument
from real_trade.model.numbers import ZERO
from real_trade.paper.account import Booking
from real_trade.paper.events import VenueEvent
from real_trade.paper.futures.events import AccountChanged, AssetChange
from real_trade.paper.futures.positions import LivePosition
from real_trade.paper.futures.values import AccountReason, FuturesRequest, OrderOrigin
from real_trade.paper.ledger import Book, Entry, PostingKind, exact_sum
from real_trade.paper.values import OrderRequest, VenueFill

if TYPE_CHECKING:
    from real_trade.paper.futures.account import FuturesAccount

__all__ = ["FillBooker"]

# A quotient of coins is cut to this, so that one fill's average is its price.
_PRICE = Decimal("1e-10")


class FillBooker:
    """Books into one account's ledger and tells what changed."""

    def __init__(self, account: FuturesAccount, tell: Callable[[VenueEvent], None]) -> None:
        self._account = account
        self._tell = tell

    def book(self, booking: Booking, instrument: Instrument) -> VenueFill:
        """Book one fill of one order."""
        account, order = self._account, booking.order
        position = account.position_of(order)
        signed = booking.amount if order.is_buy else -booking.amount
        rate = account.fees.rate(order.symbol, is_maker=booking.is_maker)
        fee = ZERO if _is_free(order.request) else account.fees.cut(booking.quote * rate)
        closed = position.closing(signed)
        profit = account.cut(position.profit_of(closed, booking.price)) if closed else ZERO
        entries = self._entries(position, signed, closed, profit, fee, booking.price)
        self._move_fees(position, abs(signed), closed, fee)
        position.fill(signed, booking.price)
        position.realized += profit
        position.updated_at = booking.time
        order.fill(booking.amount, booking.quote, ZERO)
        order.average = _average(instrument, order.filled, order.quote_filled)
        order.updated_at = booking.time
        self.post(booking.time, PostingKind.TRADE, f"trade {booking.trade_id}", entries)
        self.told(AccountReason.ORDER, booking.time, (position,))
        return account.record(booking, fee, instrument.settle, profit)

    def _entries(
        self,
        position: LivePosition,
        signed: Decimal,
        closed: Decimal,
        profit: Decimal,
        fee: Decimal,
        price: Decimal,
    ) -> list[Entry]:
        asset = position.instrument.settle
        entries = [Entry(Book.FREE, asset, profit), Entry(Book.MARKET, asset, -profit)]
        if fee:
            entries += [Entry(Book.FREE, asset, -fee), Entry(Book.FEES, asset, fee)]
        if self._account.margin.is_isolated(position):
            entries += self._isolated(position, signed, closed, profit, price)
        return [entry for entry in entries if entry.amount]

    def _isolated(
        self,
        position: LivePosition,
        signed: Decimal,
        closed: Decimal,
        profit: Decimal,
        price: Decimal,
    ) -> list[Entry]:
        """Move margin between the cross wallet and the position's own; cover what is missing."""
        account, asset = self._account, position.instrument.settle
        wallet, missing = position.isolated_wallet, ZERO
        freed = ZERO
        if closed:
            is_all = closed == abs(position.amount)
            freed = wallet if is_all else account.cut(wallet * closed / abs(position.amount))
            # A loss beyond the part's own margin takes of the rest, then of the insurance fund.
            missing = max(ZERO, -exact_sum(freed, profit))
            more = min(missing, max(ZERO, exact_sum(wallet, -freed)))
            freed, missing = exact_sum(freed, more), exact_sum(missing, -more)
        opened = abs(signed) - closed
        taken = ZERO
        if opened:
            notional = position.instrument.notional(opened, price)
            taken = account.cut(notional / account.leverage(position.symbol))
        moved = exact_sum(taken, -freed)
        position.isolated_wallet = exact_sum(wallet, moved)
        return [
            Entry(Book.FREE, asset, -moved),
            Entry(Book.LOCKED, asset, moved),
            Entry(Book.FREE, asset, missing),
            Entry(Book.INSURANCE, asset, -missing),
        ]

    @staticmethod
    def _move_fees(position: LivePosition, amount: Decimal, closed: Decimal, fee: Decimal) -> None:
        if closed:
            held = abs(position.amount)
            position.fees -= position.fees * closed / held
        position.fees += fee * (amount - closed) / amount

    # Everything else

    def fund(self, position: LivePosition, amount: Decimal, time: datetime) -> None:
        """Book funding: `amount` came in, or went out if it is negative."""
        asset = position.instrument.settle
        isolated = self._account.margin.is_isolated(position)
        book = Book.LOCKED if isolated else Book.FREE
        entries = [Entry(book, asset, amount), Entry(Book.FUNDING, asset, -amount)]
        self.post(time, PostingKind.FUNDING, f"funding {position.symbol}", entries)
        if isolated:
            position.isolated_wallet = exact_sum(position.isolated_wallet, amount)
        shown = (position,) if isolated else ()
        self.told(AccountReason.FUNDING_FEE, time, shown, {asset: amount}, position.symbol)

    def isolate(self, position: LivePosition, amount: Decimal, time: datetime) -> None:
        """Move `amount` from the cross wallet behind a position; back if it is negative."""
        asset = position.instrument.settle
        kind = PostingKind.LOCK if amount > 0 else PostingKind.RELEASE
        entries = [Entry(Book.FREE, asset, -amount), Entry(Book.LOCKED, asset, amount)]
        self.post(time, kind, f"isolated margin {position.symbol}", entries)
        position.isolated_wallet = exact_sum(position.isolated_wallet, amount)
        self.told(AccountReason.MARGIN_TRANSFER, time, (position,))

    def charge(self, asset: str, amount: Decimal, reference: str, time: datetime) -> None:
        """Give `amount` of the cross wallet to the insurance fund; get it if it is negative."""
        if not amount:
            return
        entries = [Entry(Book.FREE, asset, -amount), Entry(Book.INSURANCE, asset, amount)]
        self.post(time, PostingKind.LIQUIDATION, reference, entries)
        self.told(AccountReason.INSURANCE_CLEAR, time, (), {asset: -amount})

    def post(
        self, time: datetime, kind: PostingKind, reference: str, entries: Sequence[Entry]
    ) -> None:
        """Write entries down and remember whose balances changed."""
        if not entries:
            return
        self._account.ledger.post(time, kind, reference, entries)
        for entry in entries:
            self._account.changed.setdefault(entry.asset)

    def told(
        self,
        reason: AccountReason,
        time: datetime,
        positions: Sequence[LivePosition],
        changes: dict[str, Decimal] | None = None,
        symbol: str = "",
    ) -> None:
        """Tell the wallets of `positions` and of `changes`, and the positions."""
        changes = changes or {}
        self._account.version += 1
        assets = {one.instrument.settle: None for one in positions} | dict.fromkeys(changes)
        account = self._account
        self._tell(
            AccountChanged(
                account=account.name,
                reason=reason,
                assets=tuple(
                    AssetChange(
                        asset=asset,
                        wallet=account.wallet(asset),
                        cross_wallet=account.ledger.free(asset),
                        change=changes.get(asset, ZERO),
                    )
                    for asset in assets
                ),
                positions=tuple(account.states.position(one) for one in positions),
                time=time,
                symbol=symbol or (positions[0].symbol if positions else ""),
            )
        )


def _is_free(request: OrderRequest) -> bool:
    """Whether no trading fee is due: a liquidation pays the insurance fund instead."""
    if not isinstance(request, FuturesRequest):
        return False
    return request.origin in {OrderOrigin.LIQUIDATION, OrderOrigin.ADL}


def _average(instrument: Instrument, filled: Decimal, quote: Decimal) -> Decimal | None:
    if not filled or not quote:
        return None
    value = filled * instrument.contract_size
    if instrument.inverse:
        return (value / quote).quantize(_PRICE)
    return quote / value
