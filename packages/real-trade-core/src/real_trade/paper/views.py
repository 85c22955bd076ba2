"""One paper account as the boundary shows it: spot or futures, balances, positions, updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

import attrs

from real_trade.exchange.base import Capabilities
from real_trade.exchange.errors import ConfigurationError
from real_trade.model import (
    AccountUpdate,
    Balance,
    Channel,
    Instrument,
    Market,
    OrderType,
    Position,
    TimeInForce,
)
from real_trade.model.numbers import ZERO, amount_field, optional_amount_field
from real_trade.paper.events import BalancesChanged, VenueEvent
from real_trade.paper.futures.brackets import INVERSE_BRACKETS, LINEAR_BRACKETS, FuturesRules
from real_trade.paper.futures.events import AccountChanged
from real_trade.paper.futures.values import (
    PositionState,
)
from real_trade.paper.futures.venue import FuturesVenue
from real_trade.paper.venue import Venue

__all__ = ["AccountView", "FuturesModel", "market_of", "open_view"]


@attrs.frozen(kw_only=True)
class FuturesModel:
    """How a paper account trades futures.

    Attributes:
        leverage: of all symbols, in cross margin and one-way mode.
        funding_rate: paid every `funding_hours`; None pays no funding.
    """

    leverage: int = 1
    funding_rate: Decimal | None = optional_amount_field("funding_rate")
    funding_hours: int = 8
    liquidation_fee: Decimal = amount_field("liquidation_fee", Decimal("0.0125"))

    def rules(self, market: Market) -> FuturesRules:
        """Return the venue's rules for it.

        Raises:
            ConfigurationError: no bracket allows the leverage.
        """
        inverse = market is Market.DELIVERY
        rules = FuturesRules(
            brackets=INVERSE_BRACKETS if inverse else LINEAR_BRACKETS,
            default_leverage=self.leverage,
            funding_rate=self.funding_rate or ZERO,
            funding_hours=0 if self.funding_rate is None else self.funding_hours,
            liquidation_fee=self.liquidation_fee,
            min_good_till=0,
        )
        if not 1 <= self.leverage <= rules.max_leverage:
            raise ConfigurationError(
                f"leverage {self.leverage} is not between 1 and {rules.max_leverage}",
                remedy="choose a lower leverage for the paper account",
            )
        return rules


class AccountView(Protocol):
    """What differs between a spot and a futures account on paper."""

    @property
    def venue(self) -> Venue:
        """Return the venue."""

    def capabilities(self, source: Capabilities) -> Capabilities:
        """Return what the venue does natively, and what the source streams."""

    def balances(self, account: str) -> dict[str, Balance]:
        """Return all assets that are not zero."""

    def positions(self, account: str) -> list[Position]:
        """Return open positions."""

    def update(self, event: VenueEvent) -> AccountUpdate | None:
        """Return what an event tells of the account."""


class _SpotView:
    def __init__(self, venue: Venue) -> None:
        self.venue = venue

    def capabilities(self, source: Capabilities) -> Capabilities:
        return _capabilities(source, is_futures=False)

    def balances(self, account: str) -> dict[str, Balance]:
        return self.venue.balances(account)

    def positions(self, account: str) -> list[Position]:  # noqa: ARG002 - spot has none
        return []

    def update(self, event: VenueEvent) -> AccountUpdate | None:
        if not isinstance(event, BalancesChanged):
            return None
        return AccountUpdate(balances=event.balances, reason=event.reason.value, time=event.time)


class _FuturesView:
    """Balances are wallets: free is what new orders may use, the rest stands for positions."""

    def __init__(self, venue: FuturesVenue) -> None:
        self._venue = venue

    @property
    def venue(self) -> Venue:
        return self._venue

    def capabilities(self, source: Capabilities) -> Capabilities:
        return _capabilities(source, is_futures=True)

    def balances(self, account: str) -> dict[str, Balance]:
        found = (self._balance(account, asset) for asset in self._venue.margins(account))
        return {balance.asset: balance for balance in found if balance.total}

    def positions(self, account: str) -> list[Position]:
        return [_position(one) for one in self._venue.positions(account)]

    def update(self, event: VenueEvent) -> AccountUpdate | None:
        if not isinstance(event, AccountChanged):
            return None
        return AccountUpdate(
            balances=tuple(self._balance(event.account, one.asset) for one in event.assets),
            positions=tuple(map(_position, event.positions)),
            reason=event.reason.value.lower(),
            time=event.time,
        )

    def _balance(self, account: str, asset: str) -> Balance:
        margin = self._venue.margin(account, asset)
        free = min(margin.available, margin.wallet)
        return Balance(asset=asset, free=free, locked=margin.wallet - free)


def market_of(instruments: Iterable[Instrument], asked: Market | None) -> Market:
    """Return the one market of an account.

    Raises:
        ConfigurationError: the instruments are of several markets, or not of the one asked for.
    """
    markets = {one.market for one in instruments} or {asked or Market.SPOT}
    if len(markets) > 1 or (asked is not None and asked not in markets):
        names = ", ".join(sorted(market.value for market in markets))
        raise ConfigurationError(
            f"one paper account is for one market, these instruments are of: {names}",
            remedy="open one paper exchange for each market",
        )
    return markets.pop()


def open_view(
    market: Market,
    futures: FuturesModel | None,
    instruments: Iterable[Instrument],
    options: Mapping[str, Any],
) -> AccountView:
    """Open a venue of `market` with `options` of `Venue`, and return its account's view.

    Raises:
        ConfigurationError: options of futures for a spot account.
    """
    if market is Market.SPOT:
        if futures is not None:
            raise ConfigurationError(
                "leverage and funding are for futures, this is a spot account",
                remedy="leave the futures model out, or give the market",
            )
        return _SpotView(Venue(instruments, **options))
    rules = (futures or FuturesModel()).rules(market)
    return _FuturesView(FuturesVenue(instruments, default_rules=rules, **options))


def _capabilities(source: Capabilities, *, is_futures: bool) -> Capabilities:
    return attrs.evolve(
        source,
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        channels=source.channels | {Channel.ACCOUNT},
        post_only=True,
        reduce_only=is_futures,
        quote_amount=not is_futures,
        short=is_futures,
        oco=not is_futures,
        bracket=False,
        lookup_by_client_order_id=True,
        demo=False,
    )


def _position(state: PositionState) -> Position:
    return Position(
        symbol=state.symbol,
        amount=state.amount,
        entry_price=state.entry_price,
        mark_price=state.mark_price,
        liquidation_price=state.liquidation_price or None,
        leverage=Decimal(state.leverage),
    )
