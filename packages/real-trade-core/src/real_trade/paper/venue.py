"""The venue: several accounts, one matching engine, driven by a tape. No threads, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from real_trade.model import Balance, Bar, Instrument, MarketTrade
from real_trade.model.numbers import decimal
from real_trade.paper.account import AccountKind
from real_trade.paper.bars import BarModel
from real_trade.paper.events import BalanceReason, BalancesChanged, Listener, TradingChanged
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.floor import Floor
from real_trade.paper.ledger import Ledger, PostingKind
from real_trade.paper.lookups import Lookups
from real_trade.paper.operations import Operations
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import SymbolRules, VenueRules
from real_trade.paper.spot import SpotAccount
from real_trade.paper.values import (
    Level,
    ListRequest,
    OrderRequest,
    Quote,
    ReplaceMode,
    ReplaceResult,
    SelfTradePrevention,
    TradingStatus,
    VenueList,
    VenueOrder,
)
from real_trade.runtime import Clock
from real_trade.utils.errors import DataError

__all__ = ["Venue"]


class Venue(Lookups):
    """One exchange: named accounts that trade with each other and with the tape's market.

    Synchronous and single-threaded; the same seed and the same calls give the same results in
    every process. Symbols are unified ("BTC/USDT"). A refusal raises `VenueReject` and changes
    nothing. Listeners get events during the call that causes them; balances come last.

    Args:
        bars: matches on bars alone with these rules (`on_bar`), as Backtrader's own broker does;
            without it, on quotes and trades (`on_quote`, `on_trade`).
        account_kind: makes its accounts: what orders reserve and what fills do.
        self_trade_prevention: for requests that name no mode.
        first_order_id, first_trade_id: where ids begin; trade ids count per symbol.
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
        bars: BarModel | None = None,
        account_kind: AccountKind = SpotAccount,
        first_order_id: int = 1,
        first_trade_id: int = 1,
    ) -> None:
        floor = Floor(
            clock,
            seed,
            venue_rules or VenueRules(),
            self_trade_prevention,
            first_order_id,
            first_trade_id,
        )
        super().__init__(floor)
        self._fees = fees or FeeSchedule()
        self._account_kind = account_kind
        self._operations = Operations(floor, bars)
        for instrument in instruments:
            floor.add_book(instrument, (rules or {}).get(instrument.symbol, SymbolRules()))

    # Accounts

    def open_account(
        self, name: str, balances: Mapping[str, Decimal], *, fees: FeeSchedule | None = None
    ) -> None:
        """Open account `name` and book `balances` as deposits."""
        floor = self._floor
        if name in floor.accounts:
            raise DataError(f"there is an account {name!r} already")
        floor.accounts[name] = self._account_kind(name, fees or self._fees, floor.price_of)
        for asset, amount in balances.items():
            if decimal(amount, asset) > 0:
                self.deposit(name, asset, amount)

    def deposit(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Book a deposit; tells BalancesChanged with its delta."""
        return self._move(account, asset, amount, BalanceReason.DEPOSIT)

    def withdraw(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Take `amount` out of what is free; INSUFFICIENT_BALANCE if there is less."""
        free = self._floor.account(account).ledger.free(asset)
        if amount > free:
            raise VenueReject(
                RejectReason.INSUFFICIENT_BALANCE, f"{amount} {asset} asked, free is {free}"
            )
        return self._move(account, asset, amount, BalanceReason.WITHDRAW)

    def _move(self, name: str, asset: str, amount: Decimal, reason: BalanceReason) -> Balance:
        amount = decimal(amount, f"the amount of {asset}")
        if amount <= 0:
            raise VenueReject(RejectReason.NOT_POSITIVE, f"{amount} {asset} is not positive")
        account, time = self._floor.account(name), self._floor.now()
        if reason is BalanceReason.DEPOSIT:
            kind, delta = PostingKind.DEPOSIT, amount
        else:
            kind, delta = PostingKind.WITHDRAW, -amount
        account.move(time, kind, reason.value, asset, delta)
        account.changed.clear()
        balance = account.ledger.balance(asset)
        self._floor.tell(
            BalancesChanged(
                account=name,
                balances=(balance,),
                reason=reason,
                time=time,
                deltas=((asset, delta),),
            )
        )
        return balance

    def set_can_trade(self, account: str, can_trade: bool) -> None:
        """Allow or forbid new orders of an account."""
        self._floor.account(account).can_trade = can_trade

    def ledger(self, account: str) -> Ledger:
        """Return the account's books; read only."""
        return self._floor.account(account).ledger

    def check(self) -> None:
        """Prove every ledger, and that locked funds are those of the open orders.

        Raises:
            DataError: they are not; the message says where.
        """
        for account in self._floor.accounts.values():
            account.check()

    # Orders

    def place(self, account: str, request: OrderRequest) -> VenueOrder:
        """Take an order, match it, and return it as it stands after that."""
        return self._operations.place(account, request)

    def test(self, account: str, request: OrderRequest) -> None:
        """Check everything that `place` checks, and place nothing."""
        self._operations.test(account, request)

    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_id: str = "",
    ) -> VenueOrder:
        """Cancel an open order by either id (by both, both must match).

        A leg takes its whole list with it.
        """
        order = self._find_order(account, symbol, order_id, client_order_id)
        return self._operations.cancel(order, cancel_id)

    def cancel_all(self, account: str, symbol: str) -> list[VenueOrder]:
        """Cancel all open orders of a symbol; UNKNOWN_ORDER if there are none."""
        return self._operations.cancel_all(account, symbol)

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
        """Cancel one order and place another one of the same symbol.

        Shape and filters of the new order are checked first and raise; what happens to the two
        halves after that is in the result.
        """
        self._operations.check_filters(account, request)
        canceled: VenueOrder | VenueReject
        try:
            canceled = self.cancel(
                account,
                request.symbol,
                order_id=order_id,
                client_order_id=client_order_id,
                cancel_id=cancel_id,
            )
        except VenueReject as refused:
            canceled = refused
            if mode is ReplaceMode.STOP_ON_FAILURE:
                return ReplaceResult(canceled=canceled, placed=None)
        try:
            return ReplaceResult(canceled=canceled, placed=self.place(account, request))
        except VenueReject as refused:
            return ReplaceResult(canceled=canceled, placed=refused)

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
        """Lower an order's amount and keep its place in the queue; both legs of a pair follow.

        The order gets `new_client_order_id`, or a new one of the venue's choice.
        """
        order = self._find_order(account, symbol, order_id, client_order_id)
        return self._operations.amend(order, decimal(amount, "amount"), new_client_order_id)

    def place_list(self, account: str, request: ListRequest) -> VenueList:
        """Take an order list: all of it, or nothing."""
        return self._operations.place_list(account, request)

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
        live = self._find_list(account, list_id, client_list_id)
        return self._operations.cancel_list(live, symbol, cancel_id)

    # Market

    def set_trading(self, symbol: str, status: TradingStatus) -> None:
        """Open or close a symbol; tells TradingChanged."""
        self._floor.book(symbol).status = status
        self._floor.tell(TradingChanged(symbol=symbol, status=status, time=self._floor.now()))

    def set_instrument(self, instrument: Instrument, rules: SymbolRules | None = None) -> None:
        """Add a symbol, or change the filters of one; resting orders stay as they are."""
        book = self._floor.books.get(instrument.symbol)
        if book is None:
            self._floor.add_book(instrument, rules or SymbolRules())
            return
        book.instrument = instrument
        book.rules = rules or book.rules

    # The tape

    def on_quote(self, quote: Quote) -> None:
        """Take the market's displayed depth; resting orders that it crosses fill."""
        book = self._floor.book(quote.symbol)
        if book.status is not TradingStatus.TRADING:
            return
        if book.open:
            self._operations.on_quote(book, quote)
        else:
            book.show(quote)

    def on_trade(self, trade: MarketTrade) -> None:
        """Take a trade of the market: prints it, pulls triggers, fills orders in its way."""
        book = self._floor.book(trade.symbol)
        if book.status is TradingStatus.TRADING:
            self._operations.on_trade(book, trade)

    def on_bar(self, bar: Bar) -> None:
        """Take a closed bar: fills with the rules of Backtrader's own broker (see bars.py).

        A bar that was taken before, or that is longer than others of its symbol, changes nothing.

        Raises:
            DataError: the venue was not opened with `bars`.
        """
        book = self._floor.book(bar.symbol)
        if not self._operations.on_bars:
            raise DataError(
                "this venue matches on quotes and trades, not on bars",
                remedy="open it with bars=BarModel(), or feed the events of a RecordedTape",
            )
        if not book.is_news(bar):
            return
        if book.open and book.status is TradingStatus.TRADING:
            self._operations.on_bar(book, bar)
        else:
            book.last = bar.close

    def expire_due(self) -> None:
        """Expire orders whose `expires_at` has passed. Tape events do so for their symbol."""
        for book in self._floor.books.values():
            self._operations.expire_due(book)

    def next_expiry(self) -> datetime | None:
        """Return the earliest `expires_at` of an open order."""
        times = [
            order.request.expires_at
            for book in self._floor.books.values()
            for order in book.expiring.values()
            if order.request.expires_at is not None
        ]
        return min(times, default=None)

    def depth(self, symbol: str, limit: int) -> tuple[list[Level], list[Level]]:
        """Return bids and asks, best first: the tape's depth and what accounts show."""
        book = self._floor.book(symbol)
        return book.bids.merged(hidden=False)[:limit], book.asks.merged(hidden=False)[:limit]

    # Events

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        self._floor.listeners.append(listener)
