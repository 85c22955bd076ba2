"""What anybody may ask the venue: accounts, orders, fills, lists and prices, as they stand."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping
from decimal import Decimal
from types import MappingProxyType

from real_trade.model import Balance, Instrument
from real_trade.paper.floor import Floor
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import SymbolRules
from real_trade.paper.values import ListStatus, TradingStatus, VenueFill, VenueList, VenueOrder
from real_trade.paper.working import LiveList, LiveOrder

__all__ = ["Lookups"]


class Lookups:
    """The reading half of the venue."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    # Accounts

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts' names in the order of their opening."""
        return tuple(self._floor.accounts)

    def balances(self, account: str) -> dict[str, Balance]:
        """Return all assets that are not zero."""
        return self._floor.account(account).ledger.balances()

    def balance(self, account: str, asset: str) -> Balance:
        """Return one asset, zero if there is none."""
        return self._floor.account(account).ledger.balance(asset)

    # Orders

    def order(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return an order, open or not; by client id the newest one that had it."""
        return self._find_order(account, symbol, order_id, client_order_id).snapshot()

    def open_orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]:
        """Return open orders, oldest first."""
        return self._snapshots(self._floor.account(account).open.values(), symbol)

    def orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]:
        """Return all orders, oldest first."""
        return self._snapshots(self._floor.account(account).orders.values(), symbol)

    def _snapshots(self, orders: Iterable[LiveOrder], symbol: str | None) -> list[VenueOrder]:
        if symbol is not None:
            self._floor.book(symbol)
        return [order.snapshot() for order in orders if symbol in {None, order.symbol}]

    def fills(
        self, account: str, symbol: str | None = None, *, order_id: int | None = None
    ) -> list[VenueFill]:
        """Return the account's fills, oldest first."""
        if symbol is not None:
            self._floor.book(symbol)
        owner = self._floor.account(account)
        fills: Iterable[VenueFill] = owner.fills
        if order_id is not None:
            order = owner.orders.get(order_id)
            fills = [] if order is None else order.fills
        return [fill for fill in fills if symbol in {None, fill.symbol}]

    def order_list(
        self, account: str, *, list_id: int | None = None, client_list_id: str | None = None
    ) -> VenueList:
        """Return an order list, by client id the newest one that had it."""
        return self._find_list(account, list_id, client_list_id).snapshot()

    def order_lists(self, account: str, *, only_open: bool = False) -> list[VenueList]:
        """Return order lists, oldest first."""
        return [
            live.snapshot()
            for live in self._floor.account(account).lists.values()
            if not only_open or live.status is ListStatus.EXECUTING
        ]

    def _find_order(
        self, account: str, symbol: str, order_id: int | None, client_order_id: str | None
    ) -> LiveOrder:
        book, owner = self._floor.book(symbol), self._floor.account(account)
        if order_id is not None:
            order = owner.orders.get(order_id)
        else:
            order = owner.by_client_id.get(client_order_id or "")
        matches = order is not None and client_order_id in {None, order.client_order_id}
        if order is None or order.symbol != book.symbol or not matches:
            raise VenueReject(
                RejectReason.UNKNOWN_ORDER,
                f"{account} has no order {order_id or client_order_id!r} of {symbol}",
            )
        return order

    def _find_list(self, account: str, list_id: int | None, client_list_id: str | None) -> LiveList:
        lists = self._floor.account(account).lists
        if list_id is not None:
            live = lists.get(list_id)
        else:
            named = [one for one in lists.values() if one.client_list_id == client_list_id]
            live = named[-1] if named else None
        if live is None or client_list_id not in {None, live.client_list_id}:
            raise VenueReject(
                RejectReason.UNKNOWN_LIST,
                f"{account} has no order list {list_id or client_list_id!r}",
            )
        return live

    # Market

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return the instruments by unified symbol."""
        books = self._floor.books
        return MappingProxyType({symbol: book.instrument for symbol, book in books.items()})

    @property
    def symbols(self) -> KeysView[str]:
        """Return the unified symbols that are traded here."""
        return self._floor.books.keys()

    def rules(self, symbol: str) -> SymbolRules:
        """Return the symbol's limits beyond its instrument."""
        return self._floor.book(symbol).rules

    def trading(self, symbol: str) -> TradingStatus:
        """Return what the symbol allows now."""
        return self._floor.book(symbol).status

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the last traded price, or None before the first."""
        return self._floor.book(symbol).last

    def average_price(self, symbol: str) -> Decimal | None:
        """Return the volume-weighted average price of the last minutes (see SymbolRules)."""
        return self._floor.book(symbol).average

    def best_prices(self, symbol: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the best bid and ask of the market and the accounts together."""
        book = self._floor.book(symbol)
        return book.bids.best_price(), book.asks.best_price()
