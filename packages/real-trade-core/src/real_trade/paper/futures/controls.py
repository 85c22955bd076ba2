"""What a futures venue offers besides orders: settings, state, algo orders, its own operations."""

from __future__ import annotations

from decimal import Decimal

from real_trade.model.numbers import decimal
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.algo import AlgoService
from real_trade.paper.futures.brackets import FuturesRules
from real_trade.paper.futures.events import FundingSettled, MarkPriceChanged
from real_trade.paper.futures.forced import ForcedOrders
from real_trade.paper.futures.market import FuturesMarket
from real_trade.paper.futures.modify import Modifier
from real_trade.paper.futures.settings import Settings
from real_trade.paper.futures.values import (
    AlgoOrder,
    AlgoRequest,
    AssetMargin,
    FundingPayment,
    MarginType,
    MarkPrice,
    PositionMode,
    PositionSide,
    PositionState,
    SymbolSettings,
)
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import TradingStatus, VenueOrder
from real_trade.paper.venue import Venue

__all__ = ["Controls"]


class Controls(Venue):
    """The part of the futures venue that is not about ordinary orders and the tape."""

    _market: FuturesMarket
    _algos: AlgoService
    _settings: Settings
    _forced: ForcedOrders
    _modifier: Modifier

    def _settle(self) -> None:
        raise NotImplementedError

    def _mark_moved(self, symbol: str) -> None:
        raise NotImplementedError

    def _futures_account(self, name: str) -> FuturesAccount:
        account = self._floor.account(name)
        if not isinstance(account, FuturesAccount):
            raise VenueReject(RejectReason.UNKNOWN_ACCOUNT, f"{name} is no futures account")
        return account

    # Settings

    def set_leverage(self, account: str, symbol: str, leverage: int) -> SymbolSettings:
        """Set the leverage of a symbol; tells SettingsChanged."""
        self._settings.leverage(self._futures_account(account), symbol, leverage)
        return self.settings(account, symbol)

    def set_margin_type(self, account: str, symbol: str, margin_type: MarginType) -> SymbolSettings:
        """Set cross or isolated margin of a symbol without orders and positions."""
        self._settings.margin_type(self._futures_account(account), symbol, margin_type)
        return self.settings(account, symbol)

    def set_position_mode(self, account: str, mode: PositionMode) -> None:
        """Set one-way or hedge mode of an account without orders and positions."""
        self._settings.position_mode(self._futures_account(account), mode)

    def change_margin(
        self,
        account: str,
        symbol: str,
        amount: Decimal,
        side: PositionSide = PositionSide.BOTH,
    ) -> PositionState:
        """Put `amount` behind an isolated position; take it out if it is negative."""
        owner = self._futures_account(account)
        self._settings.change_margin(owner, symbol, decimal(amount, "the margin"), side)
        self._settle()
        return self.position(account, symbol, side)

    def settings(self, account: str, symbol: str) -> SymbolSettings:
        """Return what an account has set for a symbol."""
        return self._futures_account(account).states.settings(symbol)

    def position_mode(self, account: str) -> PositionMode:
        """Return the account's position mode."""
        return self._futures_account(account).mode

    def futures_rules(self, symbol: str) -> FuturesRules:
        """Return brackets and rates of a symbol."""
        return self._market.rules(symbol)

    # State

    def position(
        self, account: str, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> PositionState:
        """Return a position, also a flat one."""
        owner = self._futures_account(account)
        return owner.states.position(owner.position(symbol, side))

    def positions(
        self, account: str, symbol: str | None = None, *, only_open: bool = True
    ) -> list[PositionState]:
        """Return positions in the order in which they were first opened."""
        owner = self._futures_account(account)
        return [
            owner.states.position(one)
            for one in owner.positions.values()
            if symbol in {None, one.symbol} and (one.amount or not only_open)
        ]

    def margin(self, account: str, asset: str) -> AssetMargin:
        """Return wallet and margins of one asset."""
        return self._futures_account(account).margin.of(asset)

    def margins(self, account: str) -> dict[str, AssetMargin]:
        """Return wallet and margins of the settle assets and of all assets that ever moved."""
        owner = self._futures_account(account)
        settle = {book.instrument.settle: None for book in self._floor.books.values()}
        assets = settle | dict.fromkeys(owner.ledger.assets)
        return {asset: owner.margin.of(asset) for asset in assets}

    def funding_payments(self, account: str, symbol: str | None = None) -> list[FundingPayment]:
        """Return the newest funding payments, oldest first."""
        payments = self._futures_account(account).funding
        return [one for one in payments if symbol in {None, one.symbol}]

    # Algo orders

    def place_algo(self, account: str, request: AlgoRequest) -> AlgoOrder:
        """Take a conditional order; it waits apart from the book."""
        live = self._algos.take(self._futures_account(account), request)
        return live.snapshot()

    def cancel_algo(
        self, account: str, *, algo_id: int | None = None, client_algo_id: str | None = None
    ) -> AlgoOrder:
        """Cancel an algo order that has not triggered."""
        live = self._algos.find(account, algo_id, client_algo_id)
        self._algos.cancel(live)
        return live.snapshot()

    def cancel_all_algos(self, account: str, symbol: str) -> list[AlgoOrder]:
        """Cancel all open algo orders of a symbol; there may be none."""
        self._market.instrument(symbol)
        found = self._algos.open(account, symbol)
        for live in found:
            self._algos.cancel(live)
        return [live.snapshot() for live in found]

    def algo_order(
        self, account: str, *, algo_id: int | None = None, client_algo_id: str | None = None
    ) -> AlgoOrder:
        """Return an algo order, open or not."""
        return self._algos.find(account, algo_id, client_algo_id).snapshot()

    def open_algo_orders(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Return algo orders that have not triggered, oldest first."""
        return [live.snapshot() for live in self._algos.open(account, symbol)]

    def algo_orders(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Return all algo orders, oldest first."""
        return [live.snapshot() for live in self._algos.all(account, symbol)]

    # Mark price and funding

    def mark_price(self, symbol: str) -> MarkPrice | None:
        """Return mark and index price with the funding to come; None before the first price."""
        return self._market.shown(symbol)

    def set_premium(self, symbol: str, premium: Decimal) -> None:
        """Let the mark price be index x (1 + premium)."""
        if self._market.set_premium(symbol, decimal(premium, "premium")):
            self._mark_moved(symbol)

    def set_mark_price(self, symbol: str, price: Decimal | None) -> None:
        """Set the mark price by hand; None lets it follow the index again."""
        if self._market.set_mark(symbol, _price(price)):
            self._mark_moved(symbol)

    def set_index_price(self, symbol: str, price: Decimal | None) -> None:
        """Set the index price by hand; None lets it follow the tape again."""
        if self._market.set_index(symbol, _price(price)):
            self._mark_moved(symbol)

    def set_funding_rate(self, symbol: str, rate: Decimal) -> None:
        """Set the rate of the next funding and of those after it."""
        self._market.set_rate(symbol, decimal(rate, "the funding rate"))

    def settle_funding(self, symbol: str, rate: Decimal | None = None) -> list[FundingPayment]:
        """Pay funding of a symbol now: with a positive rate longs pay and shorts get.

        Each pays notional at mark x rate (Binance, "Introduction to funding rates").
        """
        rate = self._market.rate(symbol) if rate is None else decimal(rate, "the funding rate")
        payments = []
        for name in self._floor.accounts:
            payments += self._fund(self._futures_account(name), symbol, rate)
        if self._market.next_funding(symbol) is not None:
            self._market.funded(symbol)
        self._floor.tell(
            FundingSettled(
                symbol=symbol, rate=rate, payments=tuple(payments), time=self._floor.now()
            )
        )
        self._settle()
        return payments

    def _fund(self, account: FuturesAccount, symbol: str, rate: Decimal) -> list[FundingPayment]:
        made = []
        for position in list(account.open_positions(symbol)):
            amount = account.cut(-position.sign * account.margin.notional(position) * rate)
            account.booker.fund(position, amount, self._floor.now())
            payment = FundingPayment(
                account=account.name,
                symbol=symbol,
                side=position.side,
                asset=position.instrument.settle,
                rate=rate,
                mark_price=account.margin.mark(position),
                amount=amount,
                time=self._floor.now(),
            )
            account.funding.append(payment)
            made.append(payment)
        return made

    # The venue's own operations

    def liquidate(
        self, account: str, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> VenueOrder:
        """Liquidate a position by force, whatever its margin."""
        owner = self._futures_account(account)
        order = self._forced.force(owner, owner.position(symbol, side))
        self._settle()
        return order

    def auto_deleverage(
        self,
        account: str,
        symbol: str,
        side: PositionSide = PositionSide.BOTH,
        amount: Decimal | None = None,
    ) -> VenueOrder:
        """Take a position, or `amount` of it, at the mark price as ADL does."""
        owner = self._futures_account(account)
        order = self._forced.deleverage(owner, owner.position(symbol, side), amount)
        self._settle()
        return order

    def deliver(self, symbol: str, price: Decimal | None = None) -> list[VenueOrder]:
        """Settle an expired contract: cancel its orders, close positions at `price`, close it.

        Without `price` the index price is taken.

        Raises:
            VenueReject: NO_REFERENCE_PRICE: no price is known yet.
        """
        price = _price(price) or self._market.index(symbol)
        if price is None:
            raise VenueReject(RejectReason.NO_REFERENCE_PRICE, f"{symbol} has no index price")
        self._algos.expire_symbol(symbol, "the contract is settled")
        orders = []
        for name in self._floor.accounts:
            owner = self._futures_account(name)
            self._forced.cancel_symbol(owner, symbol)
            held = list(owner.open_positions(symbol))
            orders += [self._forced.deliver(owner, position, price) for position in held]
        self.set_trading(symbol, TradingStatus.BREAK)
        return orders

    def _tell_mark(self, symbol: str) -> None:
        mark = self._market.shown(symbol)
        if mark is not None and self._floor.listeners:
            self._floor.tell(MarkPriceChanged(mark=mark, time=self._floor.now()))


def _price(price: Decimal | None) -> Decimal | None:
    if price is None:
        return None
    price = decimal(price, "the price")
    if price <= 0:
        raise VenueReject(RejectReason.NOT_POSITIVE, f"price {price} is not positive")
    return price
