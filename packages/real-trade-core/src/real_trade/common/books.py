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
from real_trade.model.times import EPOCH

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


class _Held:
    """One asset: what the exchange told of it, when, and what our fills changed since."""

    def __init__(self, told: Decimal = ZERO, at: datetime = EPOCH) -> None:
        self.told = told
        self.at = at
        self.since: list[tuple[datetime, Decimal]] = []
        self.total = told

    def tell(self, told: Decimal, at: datetime) -> None:
        """Take the exchange's word, unless a newer one is known."""
        if at < self.at:
            return
        self.told, self.at = told, at
        self.since = [(time, amount) for time, amount in self.since if time > at]
        self.total = told + sum((amount for _, amount in self.since), ZERO)

    def change(self, amount: Decimal, time: datetime) -> None:
        """Add what a fill changed, unless the exchange's word knows it already."""
        if time > self.at:
            self.since.append((time, amount))
            self.total += amount


class Books:
    """Balances by asset and positions by symbol; only Cerebro's thread changes them.

    The exchange's word on an asset is absolute and comes with a time; fills that are newer than it
    are added on top, so that cash is right at once and never counts a fill twice.
    """

    def __init__(self, instruments: Mapping[str, Instrument], quote: str) -> None:
        self._instruments = instruments
        self.quote = quote
        self.positions: dict[str, Position] = {}
        self.dust: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._held: dict[str, _Held] = {}
        self._loaded_at = EPOCH

    def load(self, balances: Iterable[Balance], time: datetime) -> None:
        """Take the whole account as the exchange tells it; what it does not name is zero."""
        told = {balance.asset: balance.total for balance in balances}
        self._loaded_at = max(self._loaded_at, time)
        for asset in {*told, *self._held}:
            self._asset(asset).tell(told.get(asset, ZERO), time)

    def update(self, update: AccountUpdate) -> None:
        """Take the exchange's word on the assets that it names; without a time it is the newest."""
        for balance in update.balances:
            held = self._asset(balance.asset)
            newest = max((held.at, *(time for time, _ in held.since)))
            held.tell(balance.total, newest if update.time is None else update.time)

    def balance(self, asset: str) -> Decimal:
        """Return what the account holds of `asset`, free and locked."""
        held = self._held.get(asset)
        return ZERO if held is None else held.total

    def balances(self) -> dict[str, Decimal]:
        """Return all assets that are not zero."""
        return {asset: held.total for asset, held in sorted(self._held.items()) if held.total}

    @property
    def cash(self) -> Decimal:
        """Return the quote balance, free and locked."""
        return self.balance(self.quote)

    def position(self, symbol: str) -> Position:
        """Return the position of `symbol`, which may be none."""
        return self.positions.get(symbol) or Position(symbol=symbol)

    def amounts(self) -> dict[str, Decimal]:
        """Return the signed amount of each position that there is."""
        return {name: one.amount for name, one in self.positions.items() if one.amount}

    def prices_fee_of(self, fill: Fill) -> bool:
        """Return whether the fill itself prices its fee: it was paid in base or quote."""
        instrument = self._instruments[fill.symbol]
        return fill.fee_asset in {"", instrument.base, instrument.quote, instrument.settle}

    def book(self, fill: Fill, rate: Decimal | None) -> BookedFill:
        """Book one fill.

        Args:
            fill: the fill; each comes here once.
            rate: quote units for one unit of the fee's asset, where that is neither base nor quote.
        """
        self._add(fill, self._instruments[fill.symbol])
        return self.rebook(fill, rate)

    def rebook(self, fill: Fill, rate: Decimal | None) -> BookedFill:
        """Book a fill of an earlier run: the position follows it, the balances know it already."""
        instrument = self._instruments[fill.symbol]
        net, commission = fill.amount, fill.fee
        if fill.fee and fill.fee_asset == instrument.base:
            net = fill.amount - fill.fee if fill.side is Side.BUY else fill.amount + fill.fee
            commission = fill.fee * fill.price
        elif fill.fee and not self.prices_fee_of(fill):
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
        signed = fill.amount * fill.side.sign
        self._asset(instrument.base).change(signed, fill.time)
        self._asset(instrument.quote).change(-signed * fill.price, fill.time)
        if fill.fee:
            self._asset(fill.fee_asset or instrument.quote).change(-fill.fee, fill.time)

    def _asset(self, asset: str) -> _Held:
        if asset not in self._held:
            self._held[asset] = _Held(at=self._loaded_at)
        return self._held[asset]
