"""The futures venue: a `Venue` whose accounts trade contracts on margin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from real_trade.model import Balance, Bar, Instrument, MarketTrade, TimeInForce
from real_trade.model.numbers import decimal
from real_trade.paper.account import Account, PriceOf
from real_trade.paper.bars import BarModel
from real_trade.paper.book import SymbolBook
from real_trade.paper.events import BalanceReason, Execution
from real_trade.paper.fees import FeeSchedule
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.algo import AlgoService
from real_trade.paper.futures.brackets import FuturesRules
from real_trade.paper.futures.controls import Controls
from real_trade.paper.futures.forced import ForcedOrders
from real_trade.paper.futures.market import FuturesMarket
from real_trade.paper.futures.modify import Modifier
from real_trade.paper.futures.requests import futures_request, matched_price, reduces
from real_trade.paper.futures.settings import Settings
from real_trade.paper.futures.values import (
    AccountReason,
    FuturesRequest,
    OrderOrigin,
    WorkingPrice,
)
from real_trade.paper.matching import Matcher
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import SymbolRules, VenueRules
from real_trade.paper.values import (
    ListRequest,
    OrderRequest,
    Quote,
    SelfTradePrevention,
    Status,
    TradingStatus,
    VenueList,
    VenueOrder,
)
from real_trade.runtime import Clock

__all__ = ["FuturesVenue"]


class FuturesVenue(Controls):
    """A venue for linear and inverse contracts; see the package's docstring for all it offers.

    Args:
        futures_rules: brackets and rates by symbol.
        default_rules: for symbols that are not among those; by default ones like Binance's.
        The others are those of `Venue`.
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
        first_order_id: int = 1,
        first_trade_id: int = 1,
        futures_rules: Mapping[str, FuturesRules] | None = None,
        default_rules: FuturesRules | None = None,
    ) -> None:
        super().__init__(
            instruments,
            clock,
            seed=seed,
            fees=fees,
            rules=rules,
            venue_rules=venue_rules,
            self_trade_prevention=self_trade_prevention,
            bars=bars,
            account_kind=self._make_account,
            first_order_id=first_order_id,
            first_trade_id=first_trade_id,
        )
        floor = self._floor
        matcher = Matcher(floor)
        self._market = FuturesMarket(floor, futures_rules or {}, default_rules)
        self._on_bars = bars is not None
        self._forced = ForcedOrders(floor, matcher, on_bars=self._on_bars)
        self._algos = AlgoService(floor, self._market, self._place_child, self._vet_algo)
        self._settings = Settings(floor, self._algos.has_open)
        self._modifier = Modifier(floor, matcher)
        self._moves: deque[tuple[str, Decimal]] = deque()
        self._is_settling = False
        floor.after_trade = self._after_trade

    def _make_account(self, name: str, fees: FeeSchedule, price_of: PriceOf) -> Account:
        return FuturesAccount(name, fees, price_of, self._market, self._floor.tell)

    # Orders

    def place(self, account: str, request: OrderRequest) -> VenueOrder:
        """Take an order, match it, and return it as it stands after that."""
        order = super().place(account, self._ready(account, request))
        self._settle()
        return self._floor.account(account).orders[order.order_id].snapshot()

    def test(self, account: str, request: OrderRequest) -> None:
        """Check everything that `place` checks, and place nothing."""
        super().test(account, self._ready(account, request))

    def place_list(self, account: str, request: ListRequest) -> VenueList:  # noqa: ARG002
        """Refuse: futures have no order lists."""
        raise VenueReject(RejectReason.UNSUPPORTED, f"{account}: futures take no order lists")

    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_id: str = "",
    ) -> VenueOrder:
        """Cancel an open order by either id."""
        order = super().cancel(
            account,
            symbol,
            order_id=order_id,
            client_order_id=client_order_id,
            cancel_id=cancel_id,
        )
        self._settle()
        return order

    def cancel_all(self, account: str, symbol: str) -> list[VenueOrder]:
        """Cancel all open orders of a symbol, algo orders not; UNKNOWN_ORDER if there are none."""
        orders = super().cancel_all(account, symbol)
        self._settle()
        return orders

    def modify(
        self,
        account: str,
        symbol: str,
        *,
        amount: Decimal,
        price: Decimal,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Change amount and price of a resting limit order; it goes to the end of the queue."""
        order = self._find_order(account, symbol, order_id, client_order_id)
        owner = self._futures_account(account)
        self._modifier.modify(owner, order, decimal(amount, "amount"), decimal(price, "price"))
        self._floor.flush()
        self._settle()
        return order.snapshot()

    def _ready(self, account: str, request: OrderRequest) -> FuturesRequest:
        ready = futures_request(request)
        ready = matched_price(ready, self._floor.book(ready.symbol))
        self._check_good_till(ready)
        self._futures_account(account)
        return ready

    def _check_good_till(self, request: FuturesRequest) -> None:
        least = timedelta(seconds=self._market.rules(request.symbol).min_good_till)
        until = request.expires_at
        if request.time_in_force is not TimeInForce.GTD or until is None or self._on_bars:
            return
        if request.origin is OrderOrigin.USER and until < self._floor.now() + least:
            raise VenueReject(
                RejectReason.GOOD_TILL_DATE,
                f"{until.isoformat()} is less than {least.seconds} seconds from now",
            )

    def _place_child(self, account: str, request: OrderRequest) -> VenueOrder:
        ready = matched_price(futures_request(request), self._floor.book(request.symbol))
        return super().place(account, ready)

    def _vet_algo(self, account: str, request: OrderRequest) -> None:
        self._operations.check_filters(account, request)

    # Funds

    def deposit(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Book a transfer into the account."""
        balance = super().deposit(account, asset, amount)
        change = {asset: decimal(amount, asset)}
        owner = self._futures_account(account)
        owner.booker.told(AccountReason.DEPOSIT, self._floor.now(), (), change)
        return balance

    def withdraw(self, account: str, asset: str, amount: Decimal) -> Balance:
        """Take `amount` out of what margin leaves; INSUFFICIENT_BALANCE if there is less."""
        owner = self._futures_account(account)
        available = owner.margin.available(asset)
        if amount > available:
            raise VenueReject(
                RejectReason.INSUFFICIENT_BALANCE,
                f"{amount} {asset} asked, {available} is available",
            )
        balance = super().withdraw(account, asset, amount)
        change = {asset: -decimal(amount, asset)}
        owner.booker.told(AccountReason.WITHDRAW, self._floor.now(), (), change)
        return balance

    # The tape

    def on_quote(self, quote: Quote) -> None:
        """Take the market's displayed depth; resting orders that it crosses fill."""
        self._run_due()
        super().on_quote(quote)
        self._settle()

    def on_trade(self, trade: MarketTrade) -> None:
        """Take a trade of the market: it moves index and mark price too."""
        self._run_due()
        super().on_trade(trade)
        self._settle()

    def on_bar(self, bar: Bar) -> None:
        """Take a closed bar; margin is measured at its worst price for each side, then its close.

        Whether the high or the low came first is not known; the one farther from the close counts
        as earlier.
        """
        self._run_due()
        if bar.symbol in self._floor.books:
            self._market.see(bar.symbol, bar.open)  # fills are at prices of this bar
        super().on_bar(bar)
        ends = sorted((bar.high, bar.low), key=lambda price: abs(price - bar.close), reverse=True)
        for price in (*ends, bar.close):
            self._moves.append((bar.symbol, price))
        self._settle()

    def run_due(self) -> None:
        """Expire and fund what is due by the clock."""
        super().expire_due()
        self._run_due()

    def _run_due(self) -> None:
        """Do what time has made due, but for the expiry of orders, which tape events do."""
        self._algos.expire_due()
        if not self._market.is_due():
            return
        for symbol in self._floor.books:
            times = self._market.times_due(symbol)
            if times > 1 and not self._is_held(symbol):
                times = 1
            for _ in range(times):
                self.settle_funding(symbol)

    def expire_due(self) -> None:
        """Expire orders whose time has passed, and pay funding that is due."""
        self.run_due()

    def next_due(self) -> datetime | None:
        """Return when `run_due` has something to do next."""
        times = [self._market.next_funding(symbol) for symbol in self._floor.books]
        times += [self.next_expiry(), self._algos.next_expiry()]
        return min((time for time in times if time is not None), default=None)

    def set_trading(self, symbol: str, status: TradingStatus) -> None:
        """Open or close a symbol; tells TradingChanged."""
        super().set_trading(symbol, status)
        self._settle()

    def _is_held(self, symbol: str) -> bool:
        owners = map(self._futures_account, self._floor.accounts)
        return any(any(owner.open_positions(symbol)) for owner in owners)

    # What follows from prices

    def _after_trade(self, book: SymbolBook, price: Decimal) -> None:
        """Take a traded price down, and shrink what reduces more than there is left."""
        if not self._on_bars:
            self._moves.append((book.symbol, price))
        for order in list(book.open.values()):
            owner = order.account
            if not isinstance(owner, FuturesAccount) or order.waits or not order.is_working:
                continue
            if not reduces(order.request) or not order.rests:
                continue
            before = order.amount
            if not owner.may_work(order):
                self._floor.end(
                    book,
                    order,
                    Status.EXPIRED,
                    Execution.EXPIRED,
                    reason="reduce only: there is nothing left to reduce",
                )
            elif order.amount != before:
                self._floor.shrink_shown(book, order)

    def _settle(self) -> None:
        """Bring triggers, margins and algo orders up to date with all that has happened."""
        if self._is_settling:
            return
        self._is_settling = True
        try:
            self._watch()
            while self._moves:
                symbol, price = self._moves.popleft()
                if self._market.see(symbol, price):
                    self._tell_mark(symbol)
                    self._see_mark(symbol)
                self._algos.see(symbol, price, WorkingPrice.CONTRACT_PRICE)
                self._watch()
        finally:
            self._is_settling = False

    def _mark_moved(self, symbol: str) -> None:
        self._tell_mark(symbol)
        self._is_settling = True
        try:
            self._see_mark(symbol)
        finally:
            self._is_settling = False
        self._settle()

    def _see_mark(self, symbol: str) -> None:
        mark = self._market.mark(symbol)
        if mark is not None:
            self._algos.see(symbol, mark, WorkingPrice.MARK_PRICE)

    def _watch(self) -> None:
        for account in self._floor.accounts.values():
            if isinstance(account, FuturesAccount):
                self._forced.watch(account)
        self._algos.finish()
        self._floor.flush(BalanceReason.ORDER)
