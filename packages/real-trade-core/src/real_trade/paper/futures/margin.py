"""What margin an account has, and what its positions and orders need.

Sources: Binance, "How to calculate cost required to open a position" (initial margin plus open
loss) and "Leverage and margin of USDⓈ-M futures". In one-way mode the orders of both sides share
the margin: initial margin = max(|position + buys|, |position - sells|) / leverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from real_trade.model import Position
from real_trade.model.numbers import ZERO
from real_trade.paper.futures.positions import LivePosition
from real_trade.paper.futures.requests import reduces, side_of
from real_trade.paper.futures.values import AssetMargin, MarginType, PositionSide
from real_trade.paper.ledger import Book
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.working import LiveOrder

if TYPE_CHECKING:
    from real_trade.paper.futures.account import FuturesAccount

__all__ = ["Margin"]


class Margin:
    """The sums over one account's positions and orders, at the mark price."""

    def __init__(self, account: FuturesAccount) -> None:
        self._account = account

    # One position

    def mark(self, position: LivePosition) -> Decimal:
        """Return the mark price, or the entry price before there is one."""
        return self._account.market.mark(position.symbol) or position.entry_price

    def unrealized(self, position: LivePosition) -> Decimal:
        """Return the profit of a position at mark."""
        return position.profit(self.mark(position)) if position.amount else ZERO

    def notional(self, position: LivePosition) -> Decimal:
        """Return the value of a position at mark, in the settle asset."""
        return position.notional(self.mark(position)) if position.amount else ZERO

    def initial(self, position: LivePosition) -> Decimal:
        """Return the initial margin of a position."""
        return self.notional(position) / self._account.leverage(position.symbol)

    def maintenance(self, position: LivePosition) -> Decimal:
        """Return the maintenance margin of a position."""
        notional = self.notional(position)
        return self._account.market.rules(position.symbol).maintenance(notional)

    def is_isolated(self, position: LivePosition) -> bool:
        """Whether a position stands on a wallet of its own."""
        return self._account.margin_type(position.symbol) is MarginType.ISOLATED

    # Orders

    def of_orders(
        self,
        symbol: str,
        side: PositionSide,
        *,
        without: LiveOrder | None = None,
        more: tuple[bool, Decimal] | None = None,
    ) -> Decimal:
        """Return what open orders need beside the position's own initial margin.

        Args:
            without: an order that does not count.
            more: one more order: whether it buys, and its notional.
        """
        position = self._account.position(symbol, side)
        held = self.notional(position) * position.sign
        buys = sells = ZERO
        for order in self._opening(symbol, side):
            if order is without:
                continue
            if order.is_buy:
                buys += self._value(order)
            else:
                sells += self._value(order)
        if more is not None:
            buys, sells = (buys + more[1], sells) if more[0] else (buys, sells + more[1])
        if side is not PositionSide.BOTH:
            larger = abs(held) + (buys if side is PositionSide.LONG else sells)
        else:
            larger = max(abs(held + buys), abs(held - sells))
        return max(ZERO, larger - abs(held)) / self._account.leverage(symbol)

    def _opening(self, symbol: str, side: PositionSide) -> Iterator[LiveOrder]:
        for order in self._account.open.values():
            if order.symbol != symbol or order.waits or reduces(order.request):
                continue
            if side_of(order.request) is side:
                yield order

    def _value(self, order: LiveOrder) -> Decimal:
        instrument = self._account.market.instrument(order.symbol)
        price = order.limit or order.estimate or self._account.market.mark(order.symbol)
        return instrument.notional(order.remaining, price) if price else ZERO

    # One settle asset

    def positions(self, asset: str, *, isolated: bool | None = None) -> list[LivePosition]:
        """Return the open positions that settle in `asset`."""
        return [
            one
            for one in self._account.open_positions()
            if one.instrument.settle == asset and isolated in {None, self.is_isolated(one)}
        ]

    def cross_balance(self, asset: str) -> Decimal:
        """Return cross wallet plus profit of the cross positions."""
        profit = sum(map(self.unrealized, self.positions(asset, isolated=False)), ZERO)
        return self._account.ledger.free(asset) + profit

    def order_margin(self, asset: str, *, without: LiveOrder | None = None) -> Decimal:
        """Return what all open orders need that settle in `asset`."""
        keys = {
            (order.symbol, side_of(order.request)): None
            for order in self._account.open.values()
            if self._account.market.instrument(order.symbol).settle == asset
        }
        found = (self.of_orders(symbol, side, without=without) for symbol, side in keys)
        return sum(found, ZERO)

    def available(self, asset: str, *, without: LiveOrder | None = None) -> Decimal:
        """Return what new orders, isolated margin and withdrawals may use."""
        used = sum(map(self.initial, self.positions(asset, isolated=False)), ZERO)
        return self.cross_balance(asset) - used - self.order_margin(asset, without=without)

    def of(self, asset: str) -> AssetMargin:
        """Return the figures of one asset."""
        account, ledger = self._account, self._account.ledger
        cross, every = self.positions(asset, isolated=False), self.positions(asset)
        unrealized = sum(map(self.unrealized, every), ZERO)
        wallet = account.wallet(asset)
        return AssetMargin(
            asset=asset,
            wallet=wallet,
            cross_wallet=ledger.total(Book.FREE, asset),
            unrealized=unrealized,
            cross_unrealized=sum(map(self.unrealized, cross), ZERO),
            margin_balance=wallet + unrealized,
            position_margin=sum(map(self.initial, every), ZERO),
            order_margin=self.order_margin(asset),
            maintenance_margin=sum(map(self.maintenance, every), ZERO),
            available=max(ZERO, self.available(asset)),
        )

    # New orders

    def check(self, order: LiveOrder, amount: Decimal, price: Decimal) -> None:
        """Refuse an order of `amount` at `price` that the account has not the margin for.

        Raises:
            VenueReject: INSUFFICIENT_MARGIN or MAX_POSITION_AT_LEVERAGE.
        """
        account, symbol = self._account, order.symbol
        instrument = account.market.instrument(symbol)
        side = side_of(order.request)
        more = (order.is_buy, instrument.notional(amount, price))
        before = self.of_orders(symbol, side, without=order)
        need = self.of_orders(symbol, side, without=order, more=more) - before
        if need <= 0:
            return
        self._check_size(order, side, need + before)
        need += self._open_loss(order, amount, price)
        available = self.available(instrument.settle, without=order)
        if need > available:
            raise VenueReject(
                RejectReason.INSUFFICIENT_MARGIN,
                f"the order needs {need} {instrument.settle} of margin, {available} is available",
            )

    def _check_size(self, order: LiveOrder, side: PositionSide, margin: Decimal) -> None:
        account, symbol = self._account, order.symbol
        leverage = account.leverage(symbol)
        size = self.notional(account.position(symbol, side)) + margin * leverage
        limit = account.market.rules(symbol).max_notional(leverage)
        if size > limit:
            raise VenueReject(
                RejectReason.MAX_POSITION_AT_LEVERAGE,
                f"a position of {size} is above {limit}, the most at leverage {leverage}",
            )

    def _open_loss(self, order: LiveOrder, amount: Decimal, price: Decimal) -> Decimal:
        """Return what an order loses as soon as it fills, as its price is worse than the mark."""
        mark = self._account.market.mark(order.symbol)
        if mark is None:
            return ZERO
        signed = amount if order.is_buy else -amount
        made = Position(symbol=order.symbol, amount=signed, entry_price=price)
        instrument = self._account.market.instrument(order.symbol)
        return max(ZERO, -made.profit_at(mark, instrument))
