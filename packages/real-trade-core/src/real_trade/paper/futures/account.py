"""A futures account: wallets in the settle assets, positions, and the margin that orders need."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

from real_trade.model import Instrument
from real_trade.model.numbers import ONE, ZERO
from real_trade.paper.account import Account, Booking, PriceOf
from real_trade.paper.events import VenueEvent
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.futures.booking import FillBooker
from real_trade.paper.futures.margin import Margin
from real_trade.paper.futures.market import FuturesMarket
from real_trade.paper.futures.positions import LivePosition
from real_trade.paper.futures.requests import is_forced, reduces, side_of
from real_trade.paper.futures.states import StateMaker
from real_trade.paper.futures.values import (
    FundingPayment,
    MarginType,
    PositionMode,
    PositionSide,
)
from real_trade.paper.ledger import Book, exact_sum
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest, VenueFill
from real_trade.paper.working import LiveOrder
from real_trade.utils.errors import DataError

__all__ = ["FuturesAccount"]


class FuturesAccount(Account):
    """One account of a futures venue.

    In the ledger, free funds are the cross wallet and locked funds are what isolated positions
    hold; together they are the wallet balance. Orders lock nothing there: the margin that they need
    is counted when it is asked for.
    """

    refuses_unfillable = True
    may_owe = True

    def __init__(
        self,
        name: str,
        fees: FeeSchedule,
        price_of: PriceOf,
        market: FuturesMarket,
        tell: Callable[[VenueEvent], None],
    ) -> None:
        super().__init__(name, fees, price_of)
        self.market = market
        self.mode = PositionMode.ONE_WAY
        self.positions: dict[tuple[str, PositionSide], LivePosition] = {}
        self.margin_types: dict[str, MarginType] = {}
        self.leverages: dict[str, int] = {}
        self.funding: deque[FundingPayment] = deque(maxlen=50_000)
        # Counts what was booked and told; with the market's, whether margins may have changed.
        self.version = 0
        self.watched = (-1, -1)
        self.margin = Margin(self)
        self.states = StateMaker(self)
        self.booker = FillBooker(self, tell)

    # Settings

    def leverage(self, symbol: str) -> int:
        """Return the leverage set for a symbol."""
        rules = self.market.rules(symbol)
        return self.leverages.get(symbol) or min(rules.default_leverage, rules.max_leverage)

    def margin_type(self, symbol: str) -> MarginType:
        """Return the margin type set for a symbol."""
        return self.margin_types.get(symbol, MarginType.CROSS)

    # Positions

    def position(self, symbol: str, side: PositionSide) -> LivePosition:
        """Return a position, flat if it was never opened."""
        key = (symbol, side)
        found = self.positions.get(key)
        if found is None:
            found = self.positions[key] = LivePosition(self.market.instrument(symbol), side)
        return found

    def open_positions(self, symbol: str | None = None) -> Iterator[LivePosition]:
        """Yield the positions that are not flat."""
        for position in self.positions.values():
            if position.amount and symbol in {None, position.symbol}:
                yield position

    def position_of(self, order: LiveOrder) -> LivePosition:
        """Return the position that an order is for."""
        return self.position(order.symbol, side_of(order.request))

    # What the venue asks

    def check_request(self, request: OrderRequest, instrument: Instrument) -> None:
        """Refuse what futures do not know, what is for the wrong side, and what reduces nothing."""
        if request.quote_amount is not None or request.iceberg_amount is not None:
            raise VenueReject(
                RejectReason.NOT_ALLOWED,
                f"{instrument.symbol} takes neither quote_amount nor iceberg_amount",
            )
        side = side_of(request)
        if (side is PositionSide.BOTH) is not (self.mode is PositionMode.ONE_WAY):
            raise VenueReject(
                RejectReason.POSITION_SIDE,
                f"position side {side.value} does not match {self.mode.value} mode",
            )
        if request.reduce_only and self.mode is PositionMode.HEDGE:
            raise VenueReject(
                RejectReason.NOT_ALLOWED, "reduce_only is for one-way mode; name the position side"
            )
        if reduces(request) and not request.type.is_conditional:
            self._check_reduces(request)

    def _check_reduces(self, request: OrderRequest) -> None:
        position = self.position(request.symbol, side_of(request))
        if position.amount * request.side.sign >= 0:
            raise VenueReject(
                RejectReason.REDUCE_ONLY,
                f"a {request.side.value} order reduces nothing of a position of {position.amount}",
            )

    def check_funds(
        self,
        order: LiveOrder,
        instrument: Instrument,
        now: tuple[Decimal, Decimal] | None,
        partner: LiveOrder | None,  # noqa: ARG002 - margin is shared anyway
    ) -> None:
        """Refuse an order whose margin is not there; trim one that reduces to what is left."""
        if order.waits:
            return
        if reduces(order.request):
            self.may_work(order)
            return
        price = order.limit or order.estimate or self.market.mark(order.symbol)
        if now is not None and now[0]:
            price = _average(instrument, *now)
        if price:
            self.margin.check(order, order.remaining, price)

    def reserve(
        self, order: LiveOrder, instrument: Instrument, time: datetime, partner: LiveOrder | None
    ) -> None:
        """Set nothing aside: the margin of open orders is counted, not moved."""

    def release(self, order: LiveOrder, instrument: Instrument, time: datetime) -> None:
        """Give nothing back, as nothing was moved."""

    def can_pay(self, booking: Booking, instrument: Instrument) -> bool:  # noqa: ARG002
        """Whether the margin for what a fill opens is there."""
        order = booking.order
        if reduces(order.request) or is_forced(order.request):
            return True
        try:
            self.margin.check(order, booking.amount, booking.price)
        except VenueReject:
            return False
        return True

    def may_work(self, order: LiveOrder) -> bool:
        """Trim an order that reduces to what is left of its position."""
        if not reduces(order.request) or is_forced(order.request):
            return True
        room = self.reducible(order)
        if order.remaining > room:
            order.amount = order.filled + order.prevented + room
        return room > 0

    def reducible(self, order: LiveOrder) -> Decimal:
        """Return how much of its position `order` may close."""
        position = self.position_of(order)
        if position.amount * order.request.side.sign >= 0:
            return ZERO
        return abs(position.amount)

    def settle(self, booking: Booking, instrument: Instrument) -> VenueFill:
        """Book a fill: position, profit, fee and margin."""
        return self.booker.book(booking, instrument)

    # Funds

    def wallet(self, asset: str) -> Decimal:
        """Return the wallet balance: cross and isolated."""
        return exact_sum(self.ledger.free(asset), self.ledger.total(Book.LOCKED, asset))

    def cut(self, amount: Decimal) -> Decimal:
        """Return `amount` with as many decimals as the fee schedule keeps."""
        digits = self.fees.digits
        return amount if digits is None else amount.quantize(ONE.scaleb(-digits))

    # Proof

    def check(self) -> None:
        """Prove the ledger, the isolated wallets, and positions against their fills."""
        self.ledger.check()
        for position in self.positions.values():
            if position.amount != position.traded:
                raise DataError(
                    f"{self.name} holds {position.amount} {position.symbol}, "
                    f"its fills sum to {position.traded}"
                )
        for asset in self.ledger.assets:
            isolated = exact_sum(
                *(
                    one.isolated_wallet
                    for one in self.positions.values()
                    if one.instrument.settle == asset
                )
            )
            locked = self.ledger.total(Book.LOCKED, asset)
            if locked != isolated:
                raise DataError(
                    f"{self.name} has {locked} {asset} isolated, its positions {isolated}"
                )


def _average(instrument: Instrument, amount: Decimal, quote: Decimal) -> Decimal:
    value = amount * instrument.contract_size
    return value / quote if instrument.inverse else quote / value
