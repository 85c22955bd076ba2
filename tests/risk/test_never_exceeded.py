"""S5: no sequence of orders, fills, cancels, timeouts, crashes and restarts exceeds a limit.

The machine is an exchange that keeps the truth, and a client that hears of it late, in parts, or
only after asking. Limits are judged on the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from real_trade.model import (
    Fill,
    Instrument,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Position,
    Side,
)
from real_trade.plugins import AccountView
from real_trade.risk import Limits, MemoryStateStore, RiskGuard, TradingState
from real_trade.risk.reservations import Load

S = OrderState
SPOT, SWAP = "BTC/USDT", "ETH/USDT:USDT"
PRICE = Decimal(100)
POSITION, TOTAL, TURNOVER, TRADES = Decimal(1000), Decimal(1500), Decimal(2500), 4
RATE, MINUTE = 4, timedelta(minutes=1)
INSTRUMENTS = {
    symbol: Instrument(
        symbol=symbol,
        native=symbol,
        base=symbol[:3],
        quote="USDT",
        settle="USDT",
        market=market,
        price_step="0.01",
        amount_step="1",
    )
    for symbol, market in ((SPOT, Market.SPOT), (SWAP, Market.FUTURE))
}
amounts = st.sampled_from([1, 5, 10])
picks = st.integers(min_value=0, max_value=10**6)


@attrs.define
class Resting:
    """An order as the exchange has it."""

    intent: OrderIntent
    entry: bool
    left: Decimal
    open: bool = True
    fills: list[Fill] = attrs.Factory(list)
    told: int = 0
    end: OrderState = S.CANCELED


class Limited(RuleBasedStateMachine):
    """Client, guard and exchange. Each kind of limit has a machine, lest one hide another."""

    limits = Limits(identical_rejects=1000)

    def __init__(self) -> None:
        super().__init__()
        self.time = datetime(2026, 3, 4, 23, 50, tzinfo=UTC)
        self.store = MemoryStateStore()
        self.guard = RiskGuard(self.limits, self.store)
        self.truth: dict[str, Resting] = {}
        self.held = {SPOT: Decimal(0), SWAP: Decimal(0)}
        self.known: dict[str, Order] = {}
        self.positions: dict[str, Position] = {}
        self.sent: list[datetime] = []
        self.next_id = self.next_trade = 0

    # What the client knows

    def view(self) -> AccountView:
        return AccountView(
            mode=Mode.TESTNET,
            time=self.time,
            cash="100000",
            equity="100000",
            positions=dict(self.positions),
            open_orders=tuple(one for one in self.known.values() if one.state.is_open),
            reference_prices=dict.fromkeys(INSTRUMENTS, (PRICE, self.time)),
        )

    def loads(self) -> dict[str, Load]:
        view = self.view()
        held = {symbol: one.amount for symbol, one in view.positions.items()}
        return self.guard.memory.reservations.tally(view.open_orders, held, "").loads

    def worst_known(self, symbol: str) -> Decimal:
        load = self.loads().get(symbol) or Load()
        return load.worst(spot=symbol == SPOT)

    def worst_true(self, symbol: str) -> Decimal:
        long = short = self.held[symbol]
        for one in self.truth.values():
            intent = one.intent
            if one.open and intent.symbol == symbol and not intent.reduce_only:
                long += one.left if intent.side is Side.BUY else 0
                short -= one.left if intent.side is Side.SELL else 0
        return max(long, Decimal(0) if symbol == SPOT else -short)

    def tell(self, name: str, state: OrderState) -> None:
        """Let the client hear everything of one order, its fills first."""
        for fill in self.book(name):
            self.guard.fill_received(fill, self.known[name])
        self.become(name, state)

    def book(self, name: str) -> list[Fill]:
        """Let the client book what it has not heard yet."""
        one = self.truth[name]
        fresh = one.fills[one.told :]
        one.told = len(one.fills)
        for fill in fresh:
            held = self.positions.get(fill.symbol) or Position(symbol=fill.symbol)
            signed = fill.amount * fill.side.sign
            instrument = INSTRUMENTS[fill.symbol]
            self.positions[fill.symbol] = held.after(signed, fill.price, instrument)
        order = self.known[name]
        self.known[name] = attrs.evolve(order, fills=(*order.fills, *fresh))
        return fresh

    def become(self, name: str, state: OrderState) -> None:
        order = attrs.evolve(self.known[name], state=state, updated_at=self.time)
        self.known[name] = order
        self.guard.order_updated(order)

    def pick(self, number: int, wanted: Callable[[str], bool]) -> str | None:
        names = [name for name in self.truth if wanted(name)]
        return names[number % len(names)] if names else None

    def is_open(self, name: str) -> bool:
        return self.truth[name].open

    def is_waiting(self, name: str) -> bool:
        return not self.known[name].state.is_terminal

    # What happens

    def ask(self, symbol: str, side: Side, amount: int, *, reduce_only: bool) -> str | None:
        self.next_id += 1
        intent = OrderIntent(
            client_order_id=f"rt-{self.next_id}",
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT,
            amount=amount,
            price=PRICE,
            created_at=self.time,
            reduce_only=reduce_only and symbol == SWAP,
        )
        before = self.worst_known(symbol)
        state = self.guard.state
        if self.guard.check_order(intent, self.view(), INSTRUMENTS[symbol]) is not None:
            return None
        reserved = self.guard.memory.reservations.get(intent.client_order_id)
        assert reserved is not None
        assert state is not TradingState.HALTED
        if state is TradingState.REDUCING:
            self.cannot_grow(symbol, intent, before)
        self.sent.append(self.time)
        if reserved.entry:
            recent = [time for time in self.sent if self.time - time < MINUTE]
            allowed = RATE if self.limits.max_order_rate else len(recent)
            assert len(recent) <= allowed, "an entry above max_order_rate"
        self.truth[intent.client_order_id] = Resting(
            intent=intent, entry=reserved.entry, left=Decimal(amount)
        )
        return intent.client_order_id

    def cannot_grow(self, symbol: str, intent: OrderIntent, before: Decimal) -> None:
        if intent.reduce_only:
            return  # the exchange keeps it from doing so, see the_exchange_fills
        assert self.worst_known(symbol) <= before, "REDUCING let exposure grow"
        if symbol == SWAP:
            load = self.loads()[symbol]
            out = load.buys if intent.side is Side.BUY else load.sells
            assert out <= -load.position * intent.side.sign, "REDUCING let a position turn"

    @rule(
        symbol=st.sampled_from([SPOT, SWAP]),
        side=st.sampled_from(Side),
        amount=amounts,
        reduce_only=st.booleans(),
    )
    def an_order_is_sent(self, symbol: str, side: Side, amount: int, reduce_only: bool) -> None:
        name = self.ask(symbol, side, amount, reduce_only=reduce_only)
        if name is not None:
            self.known[name] = Order(intent=self.truth[name].intent)
            self.become(name, S.SUBMITTED)

    @rule(symbol=st.sampled_from([SPOT, SWAP]), side=st.sampled_from(Side), amount=amounts)
    def an_order_is_sent_and_fills(self, symbol: str, side: Side, amount: int) -> None:
        self.an_order_is_sent(symbol, side, amount, False)
        name = f"rt-{self.next_id}"
        if name in self.truth:
            self.fills(name, amount)
            self.hears(name)

    @rule(symbol=st.sampled_from([SPOT, SWAP]), side=st.sampled_from(Side), amount=amounts)
    def the_process_dies_before_an_order_is_written_down(
        self, symbol: str, side: Side, amount: int
    ) -> None:
        name = self.ask(symbol, side, amount, reduce_only=False)
        if name is not None:
            del self.truth[name]  # it was never sent
            self.restart()

    @rule(number=picks)
    def the_process_dies_before_it_tells_of_a_fill(self, number: int) -> None:
        name = self.pick(number, lambda one: len(self.truth[one].fills) > self.truth[one].told)
        if name is not None:
            self.book(name)
            state = S.PARTIALLY_FILLED if self.truth[name].open else self.truth[name].end
            self.known[name] = attrs.evolve(self.known[name], state=state)
            self.restart()

    @rule(number=picks)
    def a_timeout_leaves_an_order_unknown(self, number: int) -> None:
        name = self.pick(number, lambda one: self.known[one].state is S.SUBMITTED)
        if name is not None:
            self.become(name, S.UNKNOWN)

    @rule(number=picks)
    def an_order_never_arrives(self, number: int) -> None:
        def fresh(name: str) -> bool:
            untouched = self.is_open(name) and not self.truth[name].fills
            return untouched and self.known[name].state in {S.SUBMITTED, S.UNKNOWN}

        name = self.pick(number, fresh)
        if name is not None:
            self.truth[name].open = False
            self.truth[name].end = S.REJECTED

    @rule(number=picks, part=amounts)
    def the_exchange_fills(self, number: int, part: int) -> None:
        name = self.pick(number, self.is_open)
        if name is not None:
            self.fills(name, part)

    def fills(self, name: str, part: int) -> None:
        one = self.truth[name]
        held = self.held[one.intent.symbol]
        amount = min(Decimal(part), one.left)
        if one.intent.reduce_only or (one.intent.symbol == SPOT and one.intent.side is Side.SELL):
            # The exchange sells no more than is there, and lets reduce-only orders only reduce.
            amount = min(amount, max(-held * one.intent.side.sign, Decimal(0)))
        if not amount:
            return
        self.next_trade += 1
        fill = Fill(
            trade_id=str(self.next_trade),
            symbol=one.intent.symbol,
            client_order_id=name,
            exchange_order_id="x",
            side=one.intent.side,
            amount=amount,
            price=PRICE,
            time=self.time,
        )
        one.fills.append(fill)
        one.left -= amount
        self.held[one.intent.symbol] += amount * one.intent.side.sign
        if not one.left:
            one.open, one.end = False, S.FILLED

    @rule(number=picks)
    def the_exchange_cancels(self, number: int) -> None:
        name = self.pick(number, self.is_open)
        if name is not None:
            self.truth[name].open = False

    @rule(number=picks)
    def a_cancel_is_asked_for(self, number: int) -> None:
        name = self.pick(number, lambda one: self.known[one].state is S.ACCEPTED)
        if name is not None:
            assert self.guard.check_cancel(self.known[name], self.view()) is None
            self.become(name, S.PENDING_CANCEL)

    @rule(number=picks)
    def the_client_hears(self, number: int) -> None:
        name = self.pick(number, self.is_waiting)
        if name is not None:
            self.hears(name)

    def hears(self, name: str) -> None:
        one = self.truth[name]
        if not one.open:
            self.tell(name, one.end)
        elif one.fills:
            self.tell(name, S.PARTIALLY_FILLED)
        elif self.known[name].state is not S.PENDING_CANCEL:
            self.tell(name, S.ACCEPTED)

    @rule()
    def restart(self) -> None:
        self.guard = RiskGuard(self.limits, self.store)
        for name, order in list(self.known.items()):
            if order.state is S.SUBMITTED:
                self.known[name] = attrs.evolve(order, state=S.UNKNOWN)

    @rule(minutes=st.sampled_from([0, 1, 5, 60]))
    def time_passes(self, minutes: int) -> None:
        self.time += timedelta(minutes=minutes, seconds=1)

    # What must hold

    @invariant()
    def what_is_reserved_is_never_less_than_what_can_happen(self) -> None:
        for symbol in INSTRUMENTS:
            assert self.worst_known(symbol) >= self.worst_true(symbol)


class ExposureLimited(Limited):
    """Positions and their total."""

    limits = Limits(max_position_value=POSITION, max_total_value=TOTAL, identical_rejects=1000)

    @invariant()
    def no_position_can_exceed_its_limit(self) -> None:
        for symbol in INSTRUMENTS:
            assert self.worst_true(symbol) * PRICE <= POSITION

    @invariant()
    def the_total_cannot_exceed_its_limit(self) -> None:
        assert sum(self.worst_true(symbol) for symbol in INSTRUMENTS) * PRICE <= TOTAL


class DayLimited(Limited):
    """What a day may hold."""

    limits = Limits(max_daily_turnover=TURNOVER, max_daily_trades=TRADES, identical_rejects=1000)

    @invariant()
    def no_day_holds_more_entries_than_its_limit(self) -> None:
        trades: dict[object, int] = {}
        turnover: dict[object, Decimal] = {}
        for one in self.truth.values():
            if one.entry and one.fills:
                first = one.fills[0].time.date()
                trades[first] = trades.get(first, 0) + 1
                for fill in one.fills:
                    day = fill.time.date()
                    turnover[day] = turnover.get(day, Decimal(0)) + fill.amount * fill.price
        assert max(trades.values(), default=0) <= TRADES
        assert max(turnover.values(), default=Decimal(0)) <= TURNOVER


class RateLimited(Limited):
    """How often orders may leave; judged in `ask`."""

    limits = Limits(max_order_rate=f"{RATE}/1m", identical_rejects=1000)


class Reducing(Limited):
    """A person who says that nothing may grow, and changes their mind."""

    @rule()
    def a_person_reduces(self) -> None:
        self.guard.reduce(time=self.time, by="ada", reason="enough")

    @precondition(lambda self: self.guard.state is not TradingState.ACTIVE)
    @rule()
    def a_person_resumes(self) -> None:
        self.guard.resume(time=self.time, by="ada")


_SETTINGS = settings(max_examples=200, stateful_step_count=60, deadline=None)

TestExposureIsNeverExceeded = ExposureLimited.TestCase
TestExposureIsNeverExceeded.settings = _SETTINGS
TestDaysAreNeverExceeded = DayLimited.TestCase
TestDaysAreNeverExceeded.settings = _SETTINGS
TestRatesAreNeverExceeded = RateLimited.TestCase
TestRatesAreNeverExceeded.settings = _SETTINGS
TestReducingNeverLetsExposureGrow = Reducing.TestCase
TestReducingNeverLetsExposureGrow.settings = _SETTINGS
