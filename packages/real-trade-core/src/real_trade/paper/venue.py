"""The venue: several accounts, one matching engine, driven by a tape. No threads, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from real_trade.model import Balance, Bar, Instrument, MarketTrade
from real_trade.paper.events import Listener
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.ledger import Ledger
from real_trade.paper.rules import SymbolRules, VenueRules
from real_trade.paper.values import (
    Level,
    ListRequest,
    OrderRequest,
    Quote,
    ReplaceMode,
    ReplaceResult,
    SelfTradePrevention,
    TradingStatus,
    VenueFill,
    VenueList,
    VenueOrder,
)
from real_trade.runtime import Clock

__all__ = ["Venue"]


class Venue:
    """One exchange: named accounts that trade with each other and with the tape's market.

    Synchronous and single-threaded; the same seed and the same calls give the same results in
    every process. Symbols are unified ("BTC/USDT"). A refusal raises `VenueReject` and changes
    nothing. Listeners get events during the call that causes them; balances come last.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        clock: Clock,
        *,
        seed: int = 0,
        fees: FeeSchedule | None = None,
        rules: Mapping[str, SymbolRules] | None = None,
        venue_rules: VenueRules | None = None,
        self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER,
        first_order_id: int = 1,
        first_trade_id: int = 1,
    ) -> None: ...

    # Accounts

    def open_account(
        self, name: str, balances: Mapping[str, Decimal], *, fees: FeeSchedule | None = None
    ) -> None:
        """Open account `name` and book `balances` as deposits."""
        raise NotImplementedError

    def deposit(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Book a deposit; tells BalancesChanged with its delta."""
        raise NotImplementedError

    def withdraw(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Take `amount` out of what is free; INSUFFICIENT_BALANCE if there is less."""
        raise NotImplementedError

    def balances(self, account: str) -> dict[str, Balance]:
        """Return all assets that are not zero."""
        raise NotImplementedError

    def balance(self, account: str, asset: str) -> Balance:
        """Return one asset, zero if there is none."""
        raise NotImplementedError

    def ledger(self, account: str) -> Ledger:
        """Return the account's books; read only."""
        raise NotImplementedError

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts' names in the order of their opening."""
        raise NotImplementedError

    def check(self) -> None:
        """Prove every ledger, and that locked funds are those of the open orders.

        Raises:
            DataError: they are not; the message says where.
        """
        raise NotImplementedError

    # Orders

    def place(self, account: str, request: OrderRequest) -> VenueOrder:
        """Take an order, match it, and return it as it stands after that."""
        raise NotImplementedError

    def test(self, account: str, request: OrderRequest) -> None:
        """Check everything that `place` checks, and place nothing."""
        raise NotImplementedError

    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_id: str = "",
    ) -> VenueOrder:
        """Cancel an open order by either id; a leg takes its whole list with it."""
        raise NotImplementedError

    def cancel_all(self, account: str, symbol: str) -> list[VenueOrder]:
        """Cancel all open orders of a symbol; UNKNOWN_ORDER if there are none."""
        raise NotImplementedError

    def replace(
        self,
        account: str,
        request: OrderRequest,
        *,
        mode: ReplaceMode,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_id: str = "",
    ) -> ReplaceResult:
        """Cancel one order and place another one of the same symbol. Raises nothing of its own."""
        raise NotImplementedError

    def amend(
        self,
        account: str,
        symbol: str,
        *,
        amount: Decimal,
        order_id: int | None = None,
        client_order_id: str | None = None,
        new_client_order_id: str = "",
    ) -> VenueOrder:
        """Lower an order's amount and keep its place in the queue."""
        raise NotImplementedError

    def place_list(self, account: str, request: ListRequest) -> VenueList:
        """Take an order list: all of it, or nothing."""
        raise NotImplementedError

    def cancel_list(
        self,
        account: str,
        symbol: str,
        *,
        list_id: int | None = None,
        client_list_id: str | None = None,
        cancel_id: str = "",
    ) -> VenueList:
        """Cancel what is open of a list."""
        raise NotImplementedError

    # Look-ups

    def order(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return an order, open or not; by client id the newest one that had it."""
        raise NotImplementedError

    def open_orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]:
        """Return open orders, oldest first."""
        raise NotImplementedError

    def orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]:
        """Return all orders, oldest first."""
        raise NotImplementedError

    def fills(
        self, account: str, symbol: str | None = None, *, order_id: int | None = None
    ) -> list[VenueFill]:
        """Return the account's fills, oldest first."""
        raise NotImplementedError

    def order_list(
        self,
        account: str,
        *,
        list_id: int | None = None,
        client_list_id: str | None = None,
    ) -> VenueList:
        """Return an order list, by client id the newest one that had it."""
        raise NotImplementedError

    def order_lists(self, account: str, *, only_open: bool = False) -> list[VenueList]:
        """Return order lists, oldest first."""
        raise NotImplementedError

    # Market

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return the instruments by unified symbol."""
        raise NotImplementedError

    def depth(self, symbol: str, limit: int) -> tuple[list[Level], list[Level]]:
        """Return bids and asks, best first: the tape's depth and what accounts show."""
        raise NotImplementedError

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the last traded price, or None before the first."""
        raise NotImplementedError

    def average_price(self, symbol: str) -> Decimal | None:
        """Return the volume-weighted average price of the last minutes (see SymbolRules)."""
        raise NotImplementedError

    def set_trading(self, symbol: str, status: TradingStatus) -> None:
        """Open or close a symbol; tells TradingChanged."""
        raise NotImplementedError

    def set_instrument(self, instrument: Instrument, rules: SymbolRules | None = None) -> None:
        """Add a symbol, or change the filters of one; resting orders stay as they are."""
        raise NotImplementedError

    # The tape

    def on_quote(self, quote: Quote) -> None:
        """Take the market's displayed depth; resting orders that it crosses fill."""
        raise NotImplementedError

    def on_trade(self, trade: MarketTrade) -> None:
        """Take a trade of the market: prints it, pulls triggers, fills orders in its way."""
        raise NotImplementedError

    def on_bar(self, bar: Bar) -> None:
        """Take a closed bar: fills with the rules of Backtrader's own broker (see bars.py)."""
        raise NotImplementedError

    def expire_due(self) -> None:
        """Expire orders whose `expires_at` has passed. Tape events do so for their symbol."""
        raise NotImplementedError

    def next_expiry(self) -> datetime | None:
        """Return the earliest `expires_at` of an open order."""
        raise NotImplementedError

    # Events

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        raise NotImplementedError
