"""The spot exchange behind its protocol: the venue, names, limits, and what reads may see."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from real_trade.model import Instrument, to_ms
from real_trade.paper.events import BalancesChanged, OrderUpdated, VenueEvent
from real_trade.paper.fees import FeeAsset, FeeSchedule
from real_trade.paper.rejects import VenueReject
from real_trade.paper.rules import SymbolRules
from real_trade.paper.values import (
    ListRequest,
    OrderRequest,
    SelfTradePrevention,
    VenueList,
    VenueOrder,
)
from real_trade.paper.venue import Venue
from real_trade.simulator.accounts import DEFAULT_ACCOUNT, Accounts
from real_trade.simulator.clock import ScheduleClock
from real_trade.simulator.errors import ApiError
from real_trade.simulator.limits import Limits, OrderCounts, RateLimit
from real_trade.simulator.market import FIRST_TRADE_ID
from real_trade.simulator.market_exchange import MarketExchange
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.symbols import Listing

__all__ = ["SpotExchange", "find_order"]

_FIRST_ORDER = 10_000_001

Around = Callable[[str, OrderRequest, Callable[[], VenueOrder]], VenueOrder]
"""Wraps the placing of an order: faults change the market around it."""


class Executions:
    """Numbers the events of all orders, as `I` and executionId show them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: VenueEvent) -> None:
        """Count one event."""
        if isinstance(event, OrderUpdated):
            self.count += 1


class SpotExchange(MarketExchange[Venue]):
    """One venue with its accounts, and everything that the protocol adds to it."""

    def __init__(
        self,
        settings: SimulatorSettings,
        accounts: Accounts,
        clock: ScheduleClock,
        listings: list[Listing],
    ) -> None:
        super().__init__(settings, accounts, clock, listings, "ids")
        self.orders_limits = (
            RateLimit("ORDERS", "SECOND", 10, settings.orders_per_10s),
            RateLimit("ORDERS", "DAY", 1, settings.orders_per_day),
        )
        self.limits = Limits(
            RateLimit("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_per_minute),
            RateLimit("RAW_REQUESTS", "MINUTE", 5, 300_000),
            RateLimit("CONNECTIONS", "MINUTE", 5, 300),
        )
        self.fees = FeeSchedule(
            maker=settings.maker_fee,
            taker=settings.taker_fee,
            asset=FeeAsset.RECEIVED,
            discount_asset="BNB" if settings.discount_in_bnb else "",
        )
        self.prevention = SelfTradePrevention.EXPIRE_MAKER
        self._rules = {symbol: SymbolRules() for symbol in self.listings}
        self.venue = self._open_venue()
        self.executions = Executions()
        self._updated: dict[str, int] = {}
        self._counts: dict[str, OrderCounts] = {}
        self.around: Around | None = None
        self.venue.listen(self.executions)
        self.venue.listen(self._hear_trading)
        self.venue.listen(self._count)
        for name in accounts.names:
            balances = settings.balances if name == DEFAULT_ACCOUNT else settings.accounts[name]
            self.venue.open_account(
                name, {asset: amount for asset, amount in balances.items() if amount}
            )

    def _open_venue(self) -> Venue:
        return Venue(
            self.natives.values(),
            self.clock,
            seed=self.settings.seed,
            fees=self.fees,
            rules=self._rules,
            self_trade_prevention=self.prevention,
            first_order_id=_FIRST_ORDER,
            first_trade_id=FIRST_TRADE_ID,
        )

    def rules(self, symbol: str) -> SymbolRules:
        """Return the limits of `symbol` beyond those of its instrument."""
        return self._rules[symbol]

    def set_instrument(self, instrument: Instrument, rules: SymbolRules) -> None:
        """Change the filters of a symbol that trades."""
        self._rules[instrument.symbol] = rules
        self.venue.set_instrument(instrument, rules)

    def counts(self, account: str) -> OrderCounts:
        """Return how many orders of `account` are unfilled."""
        found = self._counts.get(account)
        if found is None:
            found = self._counts[account] = OrderCounts(self.orders_limits)
        return found

    def place(self, account: str, request: OrderRequest) -> VenueOrder:
        """Place an order and count it as unfilled until it fills."""
        now, counts = self.clock.milliseconds(), self.counts(account)
        if not request.client_order_id:
            request = attrs.evolve(request, client_order_id=self.new_id())
        counts.add(now, 1)
        try:
            if self.around is None:
                return self.venue.place(account, request)
            final = request
            return self.around(account, final, lambda: self.venue.place(account, final))
        except VenueReject:
            counts.add(now, -1)
            raise

    def place_list(self, account: str, request: ListRequest) -> VenueList:
        """Place an order list and count its orders as unfilled until they fill."""
        now, counts = self.clock.milliseconds(), self.counts(account)
        orders = tuple(
            order if order.client_order_id else attrs.evolve(order, client_order_id=self.new_id())
            for order in request.orders
        )
        request = attrs.evolve(
            request, orders=orders, client_list_id=request.client_list_id or self.new_id()
        )
        counts.add(now, len(orders))
        try:
            return self.venue.place_list(account, request)
        except VenueReject:
            counts.add(now, -len(orders))
            raise

    def assets(self) -> list[str]:
        """Return all assets there are, in the order of their first symbol."""
        found: dict[str, None] = {}
        for instrument in self.natives.values():
            found.setdefault(instrument.base)
            found.setdefault(instrument.quote)
        return list(found)

    def updated_ms(self, account: str) -> int:
        """Return when the balances of `account` last changed."""
        return self._updated.get(account, self.settings.start_ms)

    def average(self, symbol: str) -> Decimal:
        """Return the average price of the last minutes, or the last price."""
        venue = self.venue
        return venue.average_price(symbol) or venue.last_price(symbol) or Decimal(0)

    def _count(self, event: VenueEvent) -> None:
        """Give an order's place back with its first fill, as the unfilled-order count does."""
        if isinstance(event, BalancesChanged):
            self._updated[event.account] = to_ms(event.time)
        if not isinstance(event, OrderUpdated):
            return
        if event.fill is not None and event.order.filled == event.fill.amount:
            self.counts(event.account).add(self.clock.milliseconds(), -1)


def find_order(
    venue: Venue, account: str, symbol: str, order_id: int | None, client_id: str | None
) -> VenueOrder:
    """Return the order with the id; if both are given, they must be the same order's.

    Raises:
        ApiError: they are not.
        VenueReject: there is no such order.
    """
    if order_id is None:
        return venue.order(account, symbol, client_order_id=client_id)
    found = venue.order(account, symbol, order_id=order_id)
    if client_id is not None and found.client_order_id != client_id:
        raise ApiError(-2039, "Client order ID is not correct for this order ID.")
    return found
