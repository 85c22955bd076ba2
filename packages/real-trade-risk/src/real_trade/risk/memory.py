"""Everything that limits remember, as one value that a store can keep."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Fill, Instrument, Market, Order, Side
from real_trade.model.numbers import ZERO
from real_trade.risk._plain import plain_time, read_time
from real_trade.risk.breakers import RejectBreaker
from real_trade.risk.equity import EquityMarks
from real_trade.risk.limits import Limits
from real_trade.risk.protections import Lock
from real_trade.risk.rates import RateWindows
from real_trade.risk.reservations import Reservation, Reservations
from real_trade.risk.state_store import Stored
from real_trade.risk.states import Restriction, TradingState, TradingStates
from real_trade.risk.trades import ClosedTrade, TradeBook, instrument_of

__all__ = ["Day", "RiskMemory"]

_VERSION = 1
_FILLS_REMEMBERED = 500


@attrs.define
class Day:
    """What entries used of one day."""

    date: date
    trades: int = 0
    turnover: Decimal = ZERO
    profit: Decimal = ZERO


class RiskMemory:
    """The past of one account, as far as limits need it.

    Reservations of entries are part of it: what was let through before a crash and is not found
    open afterwards counts as done, until somebody proves otherwise.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.now: datetime | None = None
        self.day = Day(date.min)
        self.marks = EquityMarks()
        self.states = TradingStates()
        self.orders = RateWindows(limits.max_order_rate or ())
        self.cancels = RateWindows(limits.max_cancel_rate or ())
        self.rejects = RejectBreaker(limits.identical_rejects)
        self.locks: list[Lock] = []
        self.closed: deque[ClosedTrade] = deque()
        self.book = TradeBook()
        self.instruments: dict[str, Instrument] = {}
        self.reservations = Reservations()
        self.unproven: set[str] = set()
        self._fills: dict[tuple[str, str], None] = {}
        self._next_day: datetime | None = None

    # Time

    def advance(self, time: datetime) -> datetime:
        """Take the time, which never goes back; begin a new day when it is due. Return it."""
        now = self.now = time if self.now is None or time > self.now else self.now
        if self._next_day is None or now >= self._next_day:
            rule = self.limits.day
            self._next_day = rule.next_start(now)
            today = rule.day_of(now)
            if today != self.day.date:
                self.day = Day(today)
                self.marks.new_day()
        return now

    # What happened

    def first_fill(self, fill: Fill) -> bool:
        """Return whether this fill was not told before."""
        key = (fill.symbol, fill.trade_id)
        if key in self._fills:
            return False
        self._fills[key] = None
        if len(self._fills) > _FILLS_REMEMBERED:
            del self._fills[next(iter(self._fills))]
        return True

    def count_fill(self, fill: Fill) -> None:
        """Take a fill off its reservation and put it on the day."""
        one = self.reservations.fill(fill.client_order_id, fill.amount)
        if one is None or not one.entry:
            return
        if self.now is not None and self.limits.day.day_of(fill.time) != self.day.date:
            return
        instrument = self.instrument(fill.symbol)
        if instrument is not None:
            self.day.turnover += instrument.quote_value(fill.amount, fill.price)
        if not one.traded:
            one.traded = True
            self.day.trades += 1

    def close_trade(self, fill: Fill, order: Order) -> ClosedTrade | None:
        """Book a fill; return the trade that it closed, or None."""
        instrument = self.instrument(fill.symbol)
        if instrument is None:
            return None
        closed = self.book.add(fill, instrument, order.intent.type)
        if closed is None:
            return None
        self.day.profit += closed.profit
        if self.limits.protections:
            longest = max(one.lookback for one in self.limits.protections)
            self.closed.append(closed)
            while self.closed and closed.closed_at - self.closed[0].closed_at > longest:
                self.closed.popleft()
        return closed

    def settle(self, order: Order) -> Reservation | None:
        """Release an order that is over."""
        return self.reservations.settle(order)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return what is known of a symbol; a spot symbol's name is enough."""
        known = self.instruments.get(symbol)
        if known is None:
            known = instrument_of(symbol)
            if known is not None:
                self.instruments[symbol] = known
        return known

    def learn(self, instrument: Instrument) -> None:
        """Remember an instrument."""
        if self.instruments.get(instrument.symbol) is not instrument:
            self.instruments[instrument.symbol] = instrument

    def account_for(self, open_ids: frozenset[str]) -> None:
        """After a restart: entries that are not open any more count as done, for want of proof."""
        for name in self.unproven - open_ids:
            one = self.reservations.drop(name)
            if one is not None:
                self.day.trades += 0 if one.traded else 1
                self.day.turnover += one.value_left
        self.unproven = set()

    # Over a restart

    def plain(self) -> dict[str, Any]:
        """Return everything as values that JSON can hold."""
        return {
            "version": _VERSION,
            "now": None if self.now is None else plain_time(self.now),
            "day": [
                *(self.day.date.isoformat(), self.day.trades),
                *(str(self.day.turnover), str(self.day.profit)),
            ],
            "marks": self.marks.plain(),
            "restrictions": [_plain_restriction(one) for one in self.states.restrictions],
            "orders": self.orders.remembered(),
            "cancels": self.cancels.remembered(),
            "rejects": self.rejects.plain(),
            "locks": [lock.plain() for lock in self.locks],
            "closed": [trade.plain() for trade in self.closed],
            "book": self.book.plain(),
            "instruments": [_plain_instrument(one) for one in self.instruments.values()],
            "entries": [_plain_entry(one) for one in self.reservations if one.entry],
            "fills": [list(key) for key in self._fills],
        }

    def restore(self, stored: Stored) -> None:
        """Take back what `plain` returned, and the notes since."""
        state = stored.state
        if state.get("version") != _VERSION:
            raise ValueError(f"risk state of version {state.get('version')}, not {_VERSION}")
        self.now = None if state["now"] is None else read_time(state["now"])
        day, trades, turnover, profit = state["day"]
        self.day = Day(date.fromisoformat(day), trades, Decimal(turnover), Decimal(profit))
        self.marks.restore(state["marks"])
        self.states = TradingStates(tuple(_read_restriction(one) for one in state["restrictions"]))
        self.orders.restore(state["orders"])
        self.cancels.restore(state["cancels"])
        self.rejects.restore(state["rejects"])
        self.locks = [Lock.read(one) for one in state["locks"]]
        self.closed.extend(ClosedTrade.read(one) for one in state["closed"])
        self.book.restore(state["book"])
        self.instruments = {one[0]: _read_instrument(one) for one in state["instruments"]}
        for entry in state["entries"]:
            self._expect(entry)
        self._fills = dict.fromkeys((symbol, trade) for symbol, trade in state["fills"])
        for note in stored.notes:
            self._recall(note)

    def _recall(self, note: list[Any]) -> None:
        kind, *rest = note
        if kind == "end":
            self.reservations.drop(rest[0])
            self.unproven.discard(rest[0])
            return
        at, equity = read_time(rest[0]), Decimal(rest[1])
        self.advance(at)
        self.marks.observe(equity, at)
        if kind == "order":
            self.orders.add(at)
            if rest[2] is not None:
                self._expect(rest[2])
        elif kind == "cancel":
            self.cancels.add(at)

    def _expect(self, entry: list[Any]) -> None:
        one = _read_entry(entry)
        self.reservations.reserve(one)
        self.unproven.add(one.client_order_id)

    def order_note(self, one: Reservation, equity: Decimal) -> list[Any]:
        """Return the note of an order that is let through."""
        return [*self.note("order", equity), _plain_entry(one) if one.entry else None]

    def note(self, kind: str, equity: Decimal) -> list[Any]:
        """Return the note of a cancel, or of equity that was seen."""
        return [kind, plain_time(self.now) if self.now else 0, str(equity)]


def _plain_entry(one: Reservation) -> list[Any]:
    figures = (str(one.left), str(one.unit))
    return [one.client_order_id, one.symbol, one.side.value, *figures, one.exit_only, one.traded]


def _read_entry(plain: list[Any]) -> Reservation:
    name, symbol, side, left, unit, exit_only, traded = plain
    return Reservation(
        client_order_id=name,
        symbol=symbol,
        side=Side(side),
        left=Decimal(left),
        unit=Decimal(unit),
        entry=True,
        exit_only=exit_only,
        traded=traded,
    )


def _plain_restriction(one: Restriction) -> list[Any]:
    until = None if one.until is None else plain_time(one.until)
    return [one.cause, one.state.value, one.reason, plain_time(one.since), until, one.by]


def _read_restriction(plain: list[Any]) -> Restriction:
    cause, state, reason, since, until, by = plain
    return Restriction(
        cause=cause,
        state=TradingState(state),
        reason=reason,
        since=read_time(since),
        until=None if until is None else read_time(until),
        by=by,
    )


def _plain_instrument(one: Instrument) -> list[Any]:
    names = (one.symbol, one.native, one.base, one.quote, one.settle, one.market.value)
    return [*names, str(one.contract_size)]


def _read_instrument(plain: list[Any]) -> Instrument:
    symbol, native, base, quote, settle, market, contract_size = plain
    return Instrument(
        symbol=symbol,
        native=native,
        base=base,
        quote=quote,
        settle=settle,
        market=Market(market),
        price_step=ZERO,
        amount_step=ZERO,
        contract_size=contract_size,
    )
