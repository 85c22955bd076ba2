"""Comparing what we think with what is: at the start, after every reconnect, and now and then.

The exchange is right about orders and fills; our books follow it. What is not ours is shown and
never touched. Nothing is invented: each difference is a `Finding`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import attrs

from real_trade.exchange import AuthError, Unavailable
from real_trade.model import Balance, Fill, OrderReport, OrderState, Position
from real_trade.orders.entries import Watermark
from real_trade.orders.errands import Outcome
from real_trade.orders.holdings_check import HoldingsCheck
from real_trade.orders.parts import Parts
from real_trade.orders.resolve import Resolver, fills_since
from real_trade.orders.values import Action, Finding, FindingKind, OrderChange
from real_trade.runtime import Lane, Timer
from real_trade.runtime.failpoints import failpoint

__all__ = ["Reconciler"]

_LOG = logging.getLogger("real_trade.orders")
_NOT_YET_KNOWN = {OrderState.SUBMITTED, OrderState.UNKNOWN}
# What the exchange has just taken may not be in its lists yet.
_READS_LAG = timedelta(seconds=15)
_LOOK_TWICE_S = 5.0


@attrs.frozen(kw_only=True)
class _Survey:
    """The exchange's books at one time, of the symbols that were asked about."""

    server_time: datetime
    reports: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    asked: Mapping[str, datetime]
    balances: Mapping[str, Balance] | None = None
    positions: tuple[Position, ...] = ()


class Reconciler:
    """Compares open orders, fills and holdings, one comparison at a time."""

    def __init__(
        self,
        parts: Parts,
        lane: Lane,
        resolver: Resolver,
        is_own_id: Callable[[str], bool],
        holdings: HoldingsCheck | None = None,
    ) -> None:
        self.is_done = False
        self._holdings = holdings
        self._record = parts.record
        self._exchange = parts.exchange
        self._errands = parts.errands
        self._settings = parts.settings
        self._lane = lane
        self._resolver = resolver
        self._is_own_id = is_own_id
        self._since: dict[str, datetime] = {}
        self._is_running = False
        self._run_again = False
        self._attempt = 0
        self._timer: Timer | None = None
        self._ended_and_listed: set[str] = set()
        self._record.watchers.append(self._watch)

    def restore(self, watermarks: Mapping[str, datetime]) -> None:
        """Look for fills from where the journal's last comparison ended."""
        for order in self._record.tracker.orders.values():
            mark = watermarks.get(order.symbol)
            self._begin(order.symbol, fills_since(order) if mark is None else mark)

    def run(self) -> None:
        """Compare, or compare once more when a comparison is under way."""
        if self._is_running:
            self._run_again = True
            return
        self._is_running = True
        self._stop_timer()
        orders = self._record.tracker.open_orders()
        expected = [one.client_order_id for one in orders if one.state is not OrderState.SUBMITTED]
        ended = {
            name for name, order in self._record.tracker.orders.items() if order.state.is_terminal
        }
        asked = dict(self._since)
        with_holdings = self._holdings is not None and self._holdings.is_needed
        self._errands.run(
            self._lane,
            lambda: self._survey(asked, with_holdings),
            lambda outcome: self._surveyed(expected, ended, outcome),
        )

    def _watch(self, change: OrderChange) -> None:
        order = change.order
        if change.previous is OrderState.CREATED and order.state is OrderState.SUBMITTED:
            self._begin(order.symbol, fills_since(order))

    def _begin(self, symbol: str, since: datetime) -> None:
        self._since[symbol] = min(since, self._since.get(symbol, since))

    def _survey(self, asked: Mapping[str, datetime], with_holdings: bool) -> _Survey:
        server_time = self._exchange.server_time()
        reports = self._exchange.open_orders()
        fills: list[Fill] = []
        overlap = timedelta(seconds=self._settings.overlap_s)
        for symbol, since in asked.items():
            failpoint("c30")
            fills += self._exchange.fills(symbol, since - overlap)
        return _Survey(
            server_time=server_time,
            reports=tuple(reports),
            fills=tuple(fills),
            asked=asked,
            balances=self._exchange.balances() if with_holdings else None,
            positions=tuple(self._exchange.positions()) if with_holdings else (),
        )

    def _surveyed(self, expected: list[str], ended: set[str], outcome: Outcome[_Survey]) -> None:
        self._is_running = False
        if outcome.value is None:
            self._failed(outcome.error)
            return
        survey = outcome.value
        self._take_fills(survey.fills)
        listed = {report.client_order_id for report in survey.reports}
        for report in survey.reports:
            self._take_report(report, ended)
        self._ended_and_listed = ended & listed
        for fill in survey.fills:
            self._tell_foreign(fill)
        self._forget_foreign(survey.reports)
        for name in expected:
            if name not in listed and self._record.order(name).state.is_open:
                self._resolver.ask(name)
        self._advance(survey)
        self._attempt = 0
        failpoint("c31")
        self.is_done = True
        self._go_on(is_suspicious=self._compare_holdings(survey))

    def _compare_holdings(self, survey: _Survey) -> bool:
        if self._holdings is None or survey.balances is None:
            return False
        return self._holdings.look(survey.balances, survey.positions)

    def _take_fills(self, fills: tuple[Fill, ...]) -> None:
        for fill in fills:
            name = self._record.tracker.owner_of(fill)
            known = len(self._record.order(name).fills) if name else 0
            self._record.fill(fill)
            if name and len(self._record.order(name).fills) > known:
                detail = f"fill {fill.trade_id} of order {name}: {fill.amount} at {fill.price}"
                self._find(FindingKind.MISSED_FILL, Action.ADOPT, detail, fill.symbol, name)

    def _take_report(self, report: OrderReport, ended: set[str]) -> None:
        name = self._record.tracker.owner_of(report)
        if not name:
            self._record.report(report)
            self._tell_unknown(report)
            return
        before = self._record.order(name).state
        self._record.report(report)
        after = self._record.order(name).state
        if after is not before:
            detail = f"order {name} was {before.value} and is {after.value}"
            self._find(FindingKind.MISSED_CHANGE, Action.ADOPT, detail, report.symbol, name)
        elif name in ended & self._ended_and_listed:
            # Twice in a row: no list that was late.
            detail = f"order {name} is {after.value} by all we know, and listed as open"
            self._find(FindingKind.MISSED_CHANGE, Action.HALT_SYMBOL, detail, report.symbol, name)

    def _tell_unknown(self, report: OrderReport) -> None:
        name = report.client_order_id
        if self._is_own_id(name):
            detail = (
                f"order {name} on {report.symbol} is ours, and the journal does not know it: the "
                "journal is older than the account"
            )
            self._find(FindingKind.UNJOURNALED_ORDER, Action.HALT, detail, report.symbol, name)
        else:
            shown = name or report.exchange_order_id
            detail = f"order {shown} on {report.symbol} is not ours; it is left alone"
            self._find(FindingKind.FOREIGN_ORDER, Action.IGNORE, detail, report.symbol, name)

    def _tell_foreign(self, fill: Fill) -> None:
        if self._record.tracker.owner_of(fill) or self._may_yet_be_ours(fill):
            return
        name = fill.client_order_id
        if name and self._is_own_id(name):
            detail = (
                f"fill {fill.trade_id} on {fill.symbol} is of our order {name}, and the journal "
                "does not know it: the journal is older than the account"
            )
            self._find(FindingKind.UNJOURNALED_ORDER, Action.HALT, detail, fill.symbol, name)
            return
        detail = (
            f"fill {fill.trade_id} on {fill.symbol} ({fill.side.value} {fill.amount} at "
            f"{fill.price}) is of no order of ours"
        )
        self._find(FindingKind.FOREIGN_FILL, Action.IGNORE, detail, fill.symbol, name)

    def _may_yet_be_ours(self, fill: Fill) -> bool:
        """Return whether an order is on its way or in doubt whose fill this might be."""
        tracker = self._record.tracker
        return any(
            order.state in _NOT_YET_KNOWN and tracker.could_be_of(order, [fill])
            for order in tracker.open_orders()
        )

    def _forget_foreign(self, reports: tuple[OrderReport, ...]) -> None:
        listed = {(report.symbol, report.exchange_order_id) for report in reports}
        foreign = self._record.tracker.foreign_orders
        for name, report in list(foreign.items()):
            if (report.symbol, report.exchange_order_id) not in listed:
                del foreign[name]

    def _advance(self, survey: _Survey) -> None:
        """Move the watermarks on: of symbols without open orders, no more fills can come."""
        failpoint("c32")
        until = survey.server_time - _READS_LAG
        resting = {order.symbol for order in self._record.tracker.open_orders()}
        for symbol, since in survey.asked.items():
            if self._since.get(symbol) != since:
                continue
            if symbol in resting:
                self._since[symbol] = max(since, until)
            else:
                del self._since[symbol]
            self._record.note(Watermark(symbol=symbol, time=max(since, until)))

    def _failed(self, error: Exception | None) -> None:
        _LOG.warning("comparison with the exchange: %s", error)
        if isinstance(error, AuthError):
            detail = f"the exchange refuses the key: {error}"
            self._record.find(Finding(kind=FindingKind.KEY, action=Action.HALT, detail=detail))
        pause = self._settings.pause(self._settings.look_up_after_s, self._attempt)
        asked = error.retry_after_s if isinstance(error, Unavailable) else None
        self._attempt += 1
        self._timer = self._errands.later(max(pause, asked or 0.0), self.run)

    def _go_on(self, *, is_suspicious: bool) -> None:
        if self._run_again:
            self._run_again = False
            self.run()
        elif is_suspicious:
            self._timer = self._errands.later(_LOOK_TWICE_S, self.run)
        elif self._settings.reconcile_every_s > 0:
            self._timer = self._errands.later(self._settings.reconcile_every_s, self.run)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _find(self, kind: FindingKind, action: Action, detail: str, symbol: str, name: str) -> None:
        self._record.find(
            Finding(kind=kind, action=action, detail=detail, symbol=symbol, client_order_id=name)
        )
