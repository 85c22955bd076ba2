"""A futures exchange behind its protocol: the venue, names, limits, and what reads may see."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.model import to_ms
from real_trade.paper.events import VenueEvent
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.futures import AccountChanged, FuturesVenue
from real_trade.paper.rejects import RejectReason
from real_trade.paper.rules import SymbolRules
from real_trade.paper.values import OrderRequest, VenueOrder
from real_trade.simulator.accounts import DEFAULT_ACCOUNT, Accounts
from real_trade.simulator.clock import ScheduleClock
from real_trade.simulator.futures.listings import futures_rules
from real_trade.simulator.limits import Limits, OrderCounts, RateLimit
from real_trade.simulator.market import FIRST_TRADE_ID
from real_trade.simulator.market_exchange import MarketExchange
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.symbols import Listing

__all__ = ["FuturesExchange", "FuturesKind", "SharedLimits"]

_FIRST_ORDERS = {"usdm": 20_000_001, "coinm": 30_000_001}
_RULES = SymbolRules(
    percent_name=RejectReason.PERCENT_PRICE,
    notional_name=RejectReason.MIN_NOTIONAL,
    average_minutes=0,
)


class FuturesKind(Enum):
    """Which of the two futures markets."""

    USDM = "usdm"
    COINM = "coinm"

    @property
    def api(self) -> str:
        """Return what the market's paths begin with."""
        return "fapi" if self is FuturesKind.USDM else "dapi"

    @property
    def is_inverse(self) -> bool:
        """Whether amounts are contracts and profit is in coins."""
        return self is FuturesKind.COINM


class SharedLimits:
    """What USDⓈ-M and COIN-M count together since June 2026: weights, and orders by account."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.orders = (
            RateLimit("ORDERS", "MINUTE", 1, settings.futures_orders_per_minute),
            RateLimit("ORDERS", "SECOND", 10, settings.futures_orders_per_10s),
        )
        self.limits = Limits(
            RateLimit("REQUEST_WEIGHT", "MINUTE", 1, settings.futures_weight_per_minute),
            RateLimit("RAW_REQUESTS", "MINUTE", 5, 300_000),
            RateLimit("CONNECTIONS", "MINUTE", 5, 300),
        )
        self._counts: dict[str, OrderCounts] = {}

    def counts(self, account: str) -> OrderCounts:
        """Return how many orders `account` has sent."""
        found = self._counts.get(account)
        if found is None:
            found = self._counts[account] = OrderCounts(self.orders)
        return found


class FuturesExchange(MarketExchange[FuturesVenue]):
    """One futures venue with its accounts, and everything that the protocol adds to it."""

    def __init__(
        self,
        kind: FuturesKind,
        settings: SimulatorSettings,
        accounts: Accounts,
        clock: ScheduleClock,
        listings: list[Listing],
        shared: SharedLimits,
    ) -> None:
        super().__init__(settings, accounts, clock, listings, f"{kind.value} ids")
        self.kind = kind
        self.shared = shared
        self.limits = shared.limits
        self.fees = FeeSchedule(maker=settings.futures_maker_fee, taker=settings.futures_taker_fee)
        self.peers: list[FuturesExchange] = []
        self._updated: dict[tuple[str, str], int] = {}
        self.venue = FuturesVenue(
            self.natives.values(),
            clock,
            seed=settings.seed,
            fees=self.fees,
            rules=dict.fromkeys(self.listings, _RULES),
            first_order_id=_FIRST_ORDERS[kind.value],
            first_trade_id=FIRST_TRADE_ID,
            futures_rules={one.symbol: futures_rules(one) for one in self.natives.values()},
        )
        self.venue.listen(self._hear)
        for name in accounts.names:
            self.venue.open_account(name, self._funds(name))

    @property
    def assets(self) -> list[str]:
        """Return the assets in which positions are settled."""
        return list(dict.fromkeys(one.settle for one in self.natives.values()))

    def pair(self, symbol: str) -> str:
        """Return the pair of a contract, such as BTCUSD."""
        one = self.listings[symbol].instrument
        return one.base + one.quote

    def counts(self, account: str) -> OrderCounts:
        """Return how many orders `account` has sent, over both futures markets."""
        return self.shared.counts(account)

    def place(self, account: str, request: OrderRequest) -> VenueOrder:
        """Place an order and count it; one that fills keeps its place, unlike on spot."""
        now, counts = self.clock.milliseconds(), self.counts(account)
        if not request.client_order_id:
            request = attrs.evolve(request, client_order_id=self.new_id())
        counts.add(now, 1)
        return self.venue.place(account, request)

    def updated_ms(self, account: str, asset: str) -> int:
        """Return when a wallet last changed; the start counts, when it was filled."""
        return self._updated.get((account, asset), self.settings.start_ms)

    def _funds(self, account: str) -> Mapping[str, Decimal]:
        """Return what an account starts with: its balances in the assets that settle here."""
        settings = self.settings
        given = settings.balances if account == DEFAULT_ACCOUNT else settings.accounts[account]
        return {asset: given[asset] for asset in self.assets if given.get(asset)}

    def _hear(self, event: VenueEvent) -> None:
        self._hear_trading(event)
        if isinstance(event, AccountChanged):
            for one in event.assets:
                self._updated[event.account, one.asset] = to_ms(event.time)
