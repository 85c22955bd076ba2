"""The account in exact figures: balances by the exchange's word and the fills since, positions
by fills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model import AccountUpdate, Balance, Fill, Instrument, Position, Side
from real_trade.model.numbers import ZERO

__all__ = ["BookedFill", "Books"]


@attrs.frozen(kw_only=True)
class BookedFill:
    """A fill as Backtrader hears of it.

    Attributes:
        signed: change of the position: net of a fee in the base asset, positive for a buy.
        price: the price of the fill.
        commission: the fee in quote units.
        before, after: the position around it.
    """

    signed: Decimal
    price: Decimal
    commission: Decimal
    before: Position
    after: Position


class Books:
    """Balances by asset and positions by symbol; only Cerebro's thread changes them.

    The exchange's word on balances is absolute and comes with a time; fills that are newer than it
    are added on top, so that cash is right at once and never counts a fill twice.
    """

    def __init__(self, instruments: Mapping[str, Instrument], quote: str) -> None:
        self._instruments = instruments
        self.quote = quote
        self.positions: dict[str, Position] = {}
        self.dust: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._told: dict[str, Decimal] = {}
        self._told_at: datetime | None = None
        self._since: list[tuple[datetime, dict[str, Decimal]]] = []
        self._sum: dict[str, Decimal] = defaultdict(lambda: ZERO)

    def load(self, balances: Iterable[Balance], time: datetime) -> None:
        """Take the whole account as the exchange tells it."""
        self._told = {balance.asset: balance.total for balance in balances}
        self._take_over(time)

    def update(self, update: AccountUpdate) -> None:
        """Take the exchange's word on the assets that changed."""
        for balance in update.balances:
            self._told[balance.asset] = balance.total
        if update.time is not None and update.balances:
            self._take_over(update.time)

    def balance(self, asset: str) -> Decimal:
        """Return what the account holds of `asset`, free and locked."""
        return self._told.get(asset, ZERO) + self._sum[asset]

    def balances(self) -> dict[str, Decimal]:
        """Return all assets that are not zero."""
        assets = sorted({*self._told, *self._sum})
        return {asset: held for asset in assets if (held := self.balance(asset))}

    @property
    def cash(self) -> Decimal:
        """Return the quote balance, free and locked."""
        return self.balance(self.quote)

    def position(self, symbol: str) -> Position:
        """Return the position of `symbol`, which may be none."""
        return self.positions.get(symbol) or Position(symbol=symbol)

    def book(self, fill: Fill, rate: Decimal | None) -> BookedFill:
        """Book one fill.

        Args:
            fill: the fill; each comes here once.
            rate: quote units for one unit of the fee's asset, where that is neither base nor quote.
        """
        instrument = self._instruments[fill.symbol]
        self._add(fill, instrument)
        net, commission = fill.amount, fill.fee
        if fill.fee and fill.fee_asset == instrument.base:
            net = fill.amount - fill.fee if fill.side is Side.BUY else fill.amount + fill.fee
            commission = fill.fee * fill.price
        elif fill.fee and fill.fee_asset not in {"", instrument.quote, instrument.settle}:
            commission = fill.fee * rate if rate is not None else ZERO
        before = self.position(fill.symbol)
        signed = self._whole(before, net * fill.side.sign, instrument)
        after = before.after(signed, fill.price, instrument)
        self.positions[fill.symbol] = after
        return BookedFill(
            signed=signed, price=fill.price, commission=commission, before=before, after=after
        )

    def _whole(self, before: Position, signed: Decimal, instrument: Instrument) -> Decimal:
        """Return `signed`, or all of the position where what would be left cannot be traded."""
        left = before.amount + signed
        if before.amount * signed < 0 and left and abs(left) < instrument.amount_step:
            self.dust[instrument.base] += left
            return -before.amount
        return signed

    def _add(self, fill: Fill, instrument: Instrument) -> None:
        if self._told_at is not None and fill.time <= self._told_at:
            return
        change: dict[str, Decimal] = defaultdict(lambda: ZERO)
        change[instrument.base] += fill.amount * fill.side.sign
        change[instrument.quote] -= fill.amount * fill.price * fill.side.sign
        if fill.fee:
            change[fill.fee_asset or instrument.quote] -= fill.fee
        self._since.append((fill.time, change))
        for asset, amount in change.items():
            self._sum[asset] += amount

    def _take_over(self, time: datetime) -> None:
        self._told_at = time if self._told_at is None else max(self._told_at, time)
        self._since = [(at, change) for at, change in self._since if at > self._told_at]
        self._sum = defaultdict(lambda: ZERO)
        for _, change in self._since:
            for asset, amount in change.items():
                self._sum[asset] += amount
