"""What every order passes: one account's limits, states and memory, behind the hooks of core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from real_trade.model import Bar, Fill, Instrument, Mode, Order, OrderIntent
from real_trade.model.numbers import ZERO
from real_trade.plugins import AccountView, Denial, hookimpl
from real_trade.risk.breakers import RunawayBreaker
from real_trade.risk.checks import first_denial, make_checks
from real_trade.risk.kill_switch import KillSwitch
from real_trade.risk.limits import Limits
from real_trade.risk.memory import RiskMemory
from real_trade.risk.question import Question, Unpriced
from real_trade.risk.reservations import Reservation
from real_trade.risk.state_store import DamagedState, StateStore
from real_trade.risk.states import Restriction, TradingState
from real_trade.risk.trades import ClosedTrade
from real_trade.risk.volumes import Volumes
from real_trade.utils.logger import get_logger

__all__ = ["RiskGuard"]

_LOG = get_logger("risk")
_S = TradingState


class RiskGuard:
    """The limits of one account. It is a plugin object: `plugins.register("risk", guard)`.

    Only Cerebro's thread calls it. Time comes from what it is told, never from a clock.

    Args:
        limits: none by default; then breakers do not act either, and live refuses entries.
        store: where state outlives the process; nowhere by default, as in a backtest.
        kill_switch: obeyed before everything else.
        on_change: told of every restriction that begins.
    """

    REAL_TRADE_API = (1, 0)

    def __init__(
        self,
        limits: Limits | None = None,
        store: StateStore | None = None,
        *,
        kill_switch: KillSwitch | None = None,
        on_change: Callable[[Restriction], None] | None = None,
    ) -> None:
        self.limits = limits if limits is not None else Limits()
        self._armed = limits is not None
        self.kill_switch = kill_switch if kill_switch is not None else KillSwitch()
        self.last_account: AccountView | None = None
        self._store = store
        self._on_change = on_change
        self._volumes = Volumes(self.limits.volume_bars)
        self._checks = make_checks(self.limits, self._volumes)
        self._runaway = RunawayBreaker(self.limits.runaway)
        self._dirty = False
        self._damage = ""
        self.memory = self._remember()

    # Hooks

    @hookimpl
    def check_order(
        self, intent: OrderIntent, account: AccountView, instrument: Instrument
    ) -> Denial | None:
        """Deny what is against a limit; reserve for what is not, before it is sent."""
        now = self._see(account)
        self.memory.learn(instrument)
        question = Question(intent, account, instrument, self.limits, self.memory, now)
        try:
            denial = self._verdict(question)
        except Unpriced as problem:
            denial = Denial(code="unpriced", reason=str(problem))
        if denial is None:
            self._reserve(question)
        return denial

    @hookimpl
    def check_cancel(self, order: Order, account: AccountView) -> Denial | None:
        """Deny cancels above their rate; the states let every cancel pass."""
        del order
        now = self._see(account)
        full = self.memory.cancels.full(now)
        if full is not None:
            text = f"max_cancel_rate {full.rate} is used up until {full.free_at():%H:%M:%S.%f}Z"
            return Denial(code="max_cancel_rate", reason=f"{text}: cancel less often")
        self.memory.cancels.add(now)
        if self._store is not None:
            self._store.note(self.memory.note("cancel", account.equity))
        return None

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """Count rejects; release what is proved to be over."""
        now = self._time(order.updated_at or order.intent.created_at)
        # Earlier fills may have been booked, and not told, when a process died.
        self._book(order.fills, order)
        repeated = self.memory.rejects.told(order)
        if repeated and self._armed:
            self._restrict("identical_rejects", self.limits.on_rejects, repeated, now)
        released = self.memory.settle(order)
        if released is not None and released.entry and self._store is not None:
            self._store.note(["end", released.client_order_id])

    @hookimpl
    def fill_received(self, fill: Fill, order: Order) -> None:
        """Count a fill once; a trade that it closes may lock what the protections say."""
        self._time(fill.time)
        self._book((fill,), order)

    @hookimpl
    def bar_closed(self, bar: Bar) -> None:
        """Learn the volume; keep what was seen since the last time."""
        self._time(bar.end_time)
        self._volumes.add(bar)
        if self._dirty:
            self._save()

    @hookimpl(optionalhook=True)
    def account_updated(self, account: AccountView) -> None:
        """See equity between orders, so that peaks and falls are not missed."""
        self._see(account)

    # People

    @property
    def state(self) -> TradingState:
        """Return what may leave now."""
        killed = self.kill_switch.state
        if killed is not None and not killed.flatten:
            return _S.HALTED
        held = self.memory.states.state
        return _S.REDUCING if killed is not None and held is _S.ACTIVE else held

    def halt(self, *, time: datetime, by: str, reason: str) -> None:
        """Let nothing leave but cancels, until `resume`."""
        self._restrict("person", _S.HALTED, reason, self._time(time), by=by)

    def reduce(self, *, time: datetime, by: str, reason: str) -> None:
        """Let only leave what reduces a position, until `resume`."""
        self._restrict("person", _S.REDUCING, reason, self._time(time), by=by)

    def resume(self, *, time: datetime, by: str, cause: str | None = None) -> list[Restriction]:
        """Lift all restrictions, or that of one cause; return them.

        Breakers begin anew; after a fall, peak and day's start are what equity is now. The kill
        switch is released by itself.
        """
        now = self._time(time)
        lifted = self.memory.states.lift(cause)
        causes = {one.cause for one in lifted}
        if causes & {"max_drawdown_pct", "max_daily_loss", "max_daily_loss_pct"}:
            self.memory.marks.rebase(now)
        if "identical_rejects" in causes:
            self.memory.rejects.reset()
        if "runaway" in causes:
            self._runaway = RunawayBreaker(self.limits.runaway)
        for one in lifted:
            _LOG.warning("restriction lifted", cause=one.cause, by=by)
        self._save()
        return list(lifted)

    def save(self) -> None:
        """Keep everything now, as at the end of a run."""
        self._save()

    # Verdicts

    def _verdict(self, question: Question) -> Denial | None:
        now = question.now
        runaway = self._runaway.attempted(now)
        if runaway and self._armed:
            self._restrict("runaway", self.limits.on_runaway, runaway, now)
        stopped = self._stopped(question)
        if stopped is not None or question.reduces:
            return stopped
        locked = self._locked(question)
        if locked is not None:
            return locked
        if question.account.mode is Mode.LIVE and not self._checks and not self.limits.configured:
            return Denial(
                code="no_limits",
                reason="no limit is set, and live refuses entries without: set some in [limits]",
            )
        return first_denial(self._checks, question)

    def _stopped(self, question: Question) -> Denial | None:
        state = self.state
        if state is _S.ACTIVE or (state is _S.REDUCING and question.reduces):
            return None
        killed = self.kill_switch.state
        if killed is not None:
            return Denial(
                code="killed",
                reason=f"the kill switch is engaged since {killed.since:%Y-%m-%d %H:%M:%S}Z by "
                f"{killed.by}: {killed.reason}; a person releases it",
            )
        cause = self.memory.states.foremost
        assert cause is not None  # a state other than ACTIVE has one
        if cause.until is not None:
            ends = f"until {cause.until:%Y-%m-%d %H:%M:%S}Z"
        else:
            ends = "until a person resumes"
        what = "nothing but cancels" if state is _S.HALTED else "only what reduces a position"
        return Denial(
            code=state.value, reason=f"{cause.reason} ({cause.cause}): {what} may leave {ends}"
        )

    def _locked(self, question: Question) -> Denial | None:
        now, intent = question.now, question.intent
        for lock in self.memory.locks:
            if lock.covers(intent.symbol, intent.side, now):
                where = lock.symbol or "all symbols"
                reason = f"{lock.reason}: no entries in {where} until {lock.until:%H:%M:%S}Z"
                return Denial(code=lock.code, reason=reason)
        return None

    def _reserve(self, question: Question) -> None:
        intent, entry = question.intent, not question.reduces
        amount = _known(lambda: question.amount)
        unit = _known(lambda: question.unit) if entry else ZERO
        one = Reservation(
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            side=intent.side,
            left=amount,
            unit=unit,
            entry=entry,
            exit_only=question.exit_only,
        )
        self.memory.reservations.reserve(one)
        self.memory.orders.add(question.now)
        if self._store is not None:
            self._store.note(self.memory.order_note(one, question.account.equity))

    # What is seen

    def _see(self, account: AccountView) -> datetime:
        now = self._time(account.time)
        memory = self.memory
        self.last_account = account
        if memory.unproven:
            open_ids = frozenset(order.client_order_id for order in account.open_orders)
            memory.account_for(open_ids)
            self._dirty = True
        if memory.marks.observe(account.equity, now):
            self._dirty = True
        self._trip(now)
        return now

    def _trip(self, now: datetime) -> None:
        limits, marks = self.limits, self.memory.marks
        fall = limits.max_drawdown_pct
        if fall is not None and marks.drawdown >= fall:
            reason = f"equity fell {marks.drawdown:.2%} from its peak {marks.peak:f}"
            self._restrict("max_drawdown_pct", limits.on_drawdown, reason, now)
        for name, used in (
            ("max_daily_loss", marks.day_loss),
            ("max_daily_loss_pct", marks.day_loss_share),
        ):
            limit = getattr(limits, name)
            if limit is not None and used >= limit:
                reason = f"the day's loss is {marks.day_loss:f}, {marks.day_loss_share:.2%}"
                until = limits.day.next_start(now)
                self._restrict(name, limits.on_daily_loss, reason, now, until=until)

    def _book(self, fills: Iterable[Fill], order: Order) -> None:
        fresh = [fill for fill in fills if self.memory.first_fill(fill)]
        for fill in fresh:
            self.memory.count_fill(fill)
            closed = self.memory.close_trade(fill, order)
            if closed is not None:
                self._protect(closed)
        if fresh:
            self._save()

    def _protect(self, closed: ClosedTrade) -> None:
        memory = self.memory
        memory.locks = [lock for lock in memory.locks if lock.until > closed.closed_at]
        equity = memory.marks.last or ZERO
        for protection in self.limits.protections:
            recent = protection.recent(memory.closed, closed.closed_at)
            lock = protection.judge(recent, closed, equity)
            if lock is not None:
                memory.locks.append(lock)
                _LOG.warning("entries locked", cause=lock.code, reason=lock.reason)

    def _restrict(
        self,
        cause: str,
        state: TradingState,
        reason: str,
        now: datetime,
        *,
        until: datetime | None = None,
        by: str = "limit",
    ) -> None:
        one = Restriction(cause=cause, state=state, reason=reason, since=now, until=until, by=by)
        if not self.memory.states.restrict(one):
            return
        _LOG.warning("trading restricted", state=state.value, cause=cause, reason=reason)
        self._save()
        if self._on_change is not None:
            self._on_change(one)

    # Memory

    def _time(self, time: datetime) -> datetime:
        now = self.memory.advance(time)
        if self._damage:
            damage, self._damage = self._damage, ""
            self._restrict("damaged_state", _S.HALTED, damage, now)
        if self.memory.states.expire(now):
            self._save()
        return now

    def _remember(self) -> RiskMemory:
        memory = RiskMemory(self.limits)
        if self._store is None:
            return memory
        try:
            stored = self._store.load()
            if stored is not None:
                memory.restore(stored)
        except DamagedState as error:
            self._damage, memory = f"{error}; {error.remedy}", RiskMemory(self.limits)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self._damage = f"risk state cannot be read: {type(error).__name__} {error}"
            memory = RiskMemory(self.limits)
        else:
            self._store.save(memory.plain())
        return memory

    def _save(self) -> None:
        self._dirty = False
        if self._store is not None:
            self._store.save(self.memory.plain())


def _known(figure: Callable[[], Decimal]) -> Decimal:
    """Return a figure, or 0 where no price is known: then no limit that is set needs it."""
    try:
        return figure()
    except Unpriced:
        return ZERO
