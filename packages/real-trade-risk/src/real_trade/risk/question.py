"""One order as the limits see it: what it is worth, what it would lead to, whether it reduces."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.model import Instrument, Market, OrderIntent, Side
from real_trade.model.numbers import ONE, ZERO
from real_trade.plugins import AccountView
from real_trade.risk._lazy import lazy
from real_trade.risk.limits import Limits
from real_trade.risk.memory import RiskMemory
from real_trade.risk.reservations import Load
from real_trade.risk.units import format_duration

__all__ = ["Question", "Unpriced", "show"]


class Unpriced(Exception):
    """A figure that a limit needs is not known; the text says which."""


@attrs.frozen
class _Bound:
    """What one unit of a symbol's orders binds.

    `worth` is in the settle units of the order in question, `part` is what is paid in cash, and
    `quoted` tells whether a reservation's own value is in the same asset.
    """

    worth: Decimal
    part: Decimal
    spot: bool
    quoted: bool


class Question:
    """An intent with the account around it. Figures are worked out when a limit asks for them.

    Amounts are the instrument's; `quote` figures are in quote units, `settle` figures in those of
    the asset in which profit is paid, which equity and cash are in.
    """

    def __init__(
        self,
        intent: OrderIntent,
        account: AccountView,
        instrument: Instrument,
        limits: Limits,
        memory: RiskMemory,
        now: datetime,
    ) -> None:
        self.intent = intent
        self.account = account
        self.instrument = instrument
        self.limits = limits
        self.memory = memory
        self.now = now
        self.spot = instrument.market is Market.SPOT
        self.buys = intent.side is Side.BUY
        self.positions = {
            symbol: position.amount
            for symbol, position in account.positions.items()
            if position.amount
        }
        tally = memory.reservations.tally(
            account.open_orders, self.positions, intent.client_order_id
        )
        self.loads = tally.loads
        self.load = tally.loads.get(intent.symbol) or Load()
        self.trades_used = memory.day.trades + tally.trades
        self.turnover_used = memory.day.turnover + tally.turnover

    # Prices

    @lazy
    def reference(self) -> Decimal:
        """Return the last price of the symbol.

        Raises:
            Unpriced: there is none, it is not positive, or it is too old.
        """
        symbol = self.intent.symbol
        known = self.account.reference_prices.get(symbol)
        if known is None:
            raise Unpriced(f"no price of {symbol} is known: wait until data come")
        price, time = known
        if price <= 0:
            raise Unpriced(f"the last price of {symbol} is {price}, which is no price")
        age = self.account.time - time
        if age > self.limits.max_reference_age:
            allowed = format_duration(self.limits.max_reference_age)
            raise Unpriced(
                f"the last price of {symbol} is {age.total_seconds():.0f} s old, "
                f"max_reference_age is {allowed}: check the data stream"
            )
        return price

    @lazy
    def own_price(self) -> Decimal | None:
        """Return the worse of the order's own prices, or None if it has none."""
        own = [one for one in (self.intent.price, self.intent.stop_price) if one is not None]
        return max(own, default=None)

    @lazy
    def price(self) -> Decimal:
        """Return what one unit may cost: its own price, or the last with slippage."""
        if self.intent.type.has_limit and self.buys and self.intent.price is not None:
            return self.intent.price
        likely = self.reference * (1 + self.limits.slippage)
        return likely if self.own_price is None else max(self.own_price, likely)

    @lazy
    def mark(self) -> Decimal:
        """Return the price at which the symbol is valued: that of the order, or the last if worse.

        An inverse contract is worth more of its settle asset at a lower price.
        """
        if not self.instrument.inverse:
            return max(self.price, self.reference)
        low = self.reference * (1 - self.limits.slippage)
        own = [one for one in (self.intent.price, self.intent.stop_price) if one is not None]
        return min([low, *own])

    # The order

    @lazy
    def amount(self) -> Decimal:
        """Return the amount, an order by quote amount at the last price.

        Raises:
            Unpriced: an order by quote amount, and no price is known.
        """
        intent = self.intent
        if intent.amount is not None:
            return intent.amount
        if intent.quote_amount is None:
            raise Unpriced("the order has no amount: give size")
        low = self.reference * (1 - self.limits.slippage) if self.buys else self.reference
        return intent.quote_amount / low / self.instrument.contract_size

    @lazy
    def unit(self) -> Decimal:
        """Return the value of one unit of amount in quote units."""
        return self.instrument.quote_value(ONE, self.price)

    @lazy
    def value(self) -> Decimal:
        """Return the value of the order in quote units."""
        return self.amount * self.unit

    @lazy
    def settle_value(self) -> Decimal:
        """Return the value of the order in settle units."""
        price = self.mark if self.instrument.inverse else self.price
        return self.instrument.notional(self.amount, price)

    @lazy
    def exit_only(self) -> bool:
        """Return whether the exchange itself keeps the order from enlarging a position."""
        return self.intent.reduce_only and not self.spot

    @lazy
    def reduces(self) -> bool:
        """Return whether the order can only reduce, whatever the other open ones do.

        On spot a sale of what is held reduces: nobody can sell it twice.
        """
        if self.exit_only:
            return True
        held = self.load.position
        if self.spot:
            return not self.buys and self._sellable(held)
        if self.buys:
            return self.amount <= -held - self.load.buys
        return self.amount <= held - self.load.sells

    def _sellable(self, position: Decimal) -> bool:
        balance = self.account.balances.get(self.instrument.base)
        held = max(position, balance.total if balance is not None else ZERO)
        if self.intent.amount is None:
            return held > 0  # by quote amount: the exchange sells no more than is there
        return self.intent.amount <= held

    # What it would lead to

    @lazy
    def position_after(self) -> Decimal:
        """Return the largest position that this order can lead to, on its own side.

        The other side is no worse for it, and was judged when its orders were.
        """
        return self.load.after(self.intent.side, self.amount, spot=self.spot)

    @lazy
    def position_quote(self) -> Decimal:
        """Return the value of `position_after` in quote units."""
        return self.instrument.quote_value(self.position_after, self.mark)

    @lazy
    def position_settle(self) -> Decimal:
        """Return the value of `position_after` in settle units."""
        return self.instrument.notional(self.position_after, self.mark)

    @lazy
    def others(self) -> Decimal:
        """Return the worst value of all other symbols, in this one's settle units.

        Raises:
            Unpriced: one of them cannot be valued.
        """
        total = ZERO
        for symbol, load in self.loads.items():
            if symbol != self.intent.symbol:
                total += self._worth(symbol, load)
        return total

    @lazy
    def total_settle(self) -> Decimal:
        """Return the worst value of all symbols in settle units, this one's on the order's side."""
        return self.others + self.position_settle

    @lazy
    def total_quote(self) -> Decimal:
        """Return `total_settle` in quote units."""
        others = self.others * self.reference if self.instrument.inverse else self.others
        return others + self.position_quote

    @lazy
    def cash_after(self) -> Decimal:
        """Return the cash that is left when this and all other open orders fill."""
        cash = self.account.cash - self.settle_value * self._cash_part(self.intent.symbol)
        bounds: dict[str, _Bound] = {}
        for one in self.memory.reservations:
            if one.exit_only or one.client_order_id == self.intent.client_order_id:
                continue
            bound = bounds.get(one.symbol)
            if bound is None:
                bound = bounds[one.symbol] = self._bound(one.symbol)
            if bound.spot and one.side is Side.SELL:
                continue
            worth = max(bound.worth, one.unit) if bound.quoted else bound.worth
            cash -= one.left * worth * bound.part
        return cash

    def _bound(self, symbol: str) -> _Bound:
        instrument = self.known(symbol)
        worth = instrument.notional(ONE, self._price_of(symbol))
        return _Bound(
            worth=self._converted(worth, instrument.settle),
            part=self._cash_part(symbol),
            spot=instrument.market is Market.SPOT,
            quoted=instrument.settle == instrument.quote == self.instrument.settle,
        )

    def _cash_part(self, symbol: str) -> Decimal:
        """Return the part of an entry's value that it binds, fee included: all, or its margin."""
        position = self.account.positions.get(symbol)
        leverage = position.leverage if position is not None else None
        fee = self.instrument.taker_fee or ZERO
        return (1 / leverage if leverage and leverage > 1 else ONE) + fee

    def known(self, symbol: str) -> Instrument:
        """Return what is known of a symbol.

        Raises:
            Unpriced: a derivative whose contract nobody has told.
        """
        found = self.memory.instrument(symbol)
        if found is None:
            raise Unpriced(f"the contract of {symbol} is not known, so it cannot be counted")
        return found

    def _worth(self, symbol: str, load: Load) -> Decimal:
        instrument = self.known(symbol)
        worst = load.worst(spot=instrument.market is Market.SPOT)
        if not worst:
            return ZERO
        value = instrument.notional(worst, self._price_of(symbol))
        return self._converted(value, instrument.settle)

    def _price_of(self, symbol: str) -> Decimal:
        if symbol == self.intent.symbol:
            return self.mark
        known = self.account.reference_prices.get(symbol)
        position = self.account.positions.get(symbol)
        price = known[0] if known is not None else None
        if price is None and position is not None:
            price = position.mark_price or position.entry_price
        if price is None or price <= 0:
            raise Unpriced(f"no price of {symbol} is known, so the total cannot be counted")
        return price

    def _converted(self, value: Decimal, asset: str) -> Decimal:
        mine = self.instrument.settle
        if asset == mine or not value:
            return value
        prices = self.account.reference_prices
        if (rate := prices.get(f"{asset}/{mine}")) is not None and rate[0] > 0:
            return value * rate[0]
        if (rate := prices.get(f"{mine}/{asset}")) is not None and rate[0] > 0:
            return value / rate[0]
        raise Unpriced(f"no price of {asset} in {mine} is known, so the total cannot be counted")


def show(number: Decimal) -> str:
    """Return a figure for people: plain, at most eight decimals."""
    text = f"{number:.8f}"
    return text.rstrip("0").rstrip(".")
