"""Whether an order may leave: the run goes on, the feed is up to date, and no guard denies it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from real_trade.model import Balance, Mode, OrderIntent
from real_trade.orders.legs import LEG
from real_trade.plugins import AccountView

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["OrderGate"]


class OrderGate:
    """The desk's guard: asked before every order, in every mode, on Cerebro's thread."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store

    def fault_of(self, intent: OrderIntent) -> str:
        """Return why the order may not leave, or ""."""
        store = self._store
        if store.is_stopping and not intent.tag(LEG):  # a bracket's exits protect what is held
            return "the run is stopping and takes no new orders"
        held_back = store.hold.fault_of(intent, adds_risk=self._adds_risk(intent))
        if held_back:
            return held_back
        if self._is_behind(intent):
            return (
                f"{intent.symbol} is still catching up: an order that adds risk is taken once its "
                "feed is LIVE (trade_before_live=True takes it at once)"
            )
        if store.mode.signs and not store.desk.is_reconciled and self._adds_risk(intent):
            return "the account is still being compared with our books; place it a moment later"
        if not store.plugins.has_guards:
            return ""
        instrument = store.exchange.instruments()[intent.symbol]
        denial = store.plugins.check_order(intent, self.view(intent.created_at), instrument)
        return "" if denial is None else f"{denial.code}: {denial.reason}"

    def view(self, time: datetime) -> AccountView:
        """Return what a guard may know of the account now."""
        store, books = self._store, self._store.books
        equity = books.cash + sum(
            (
                position.amount * price
                for symbol, position in books.positions.items()
                if (price := store.price(symbol)) is not None
            ),
            Decimal(0),
        )
        return AccountView(
            mode=store.mode,
            time=time,
            cash=books.cash,
            equity=equity,
            balances={
                asset: Balance(asset=asset, free=amount)
                for asset, amount in books.balances().items()
            },
            positions=dict(books.positions),
            open_orders=tuple(store.desk.open_orders()),
            reference_prices=store.prices.all(),
        )

    def _is_behind(self, intent: OrderIntent) -> bool:
        """Return whether an order would add risk on bars that are not the newest."""
        store, broker = self._store, self._store.broker
        if store.mode is Mode.BACKTEST or broker is None or broker.p.trade_before_live:
            return False
        feeds = [feed for feed in store.feeds if feed.symbol == intent.symbol]
        if not feeds or any(feed.is_live_now for feed in feeds):
            return False
        return self._adds_risk(intent)

    def _adds_risk(self, intent: OrderIntent) -> bool:
        """Return whether an order may leave a larger position than there is."""
        held = self._store.books.position(intent.symbol).amount
        if intent.amount is None:
            return True
        return held * intent.side.sign >= 0 or intent.amount > abs(held)
