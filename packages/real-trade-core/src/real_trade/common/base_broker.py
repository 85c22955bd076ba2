"""Backtrader's broker on the order desk: the same words from every exchange, exact behind them."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import backtrader as bt
from backtrader.order import BuyOrder, SellOrder
from backtrader.position import Position as BtPosition

from real_trade.common.commission import CryptoCommInfo
from real_trade.common.copies import feed_behind
from real_trade.common.executions import Executions, stamp
from real_trade.common.restoring import Restorer
from real_trade.common.sizer import CashShareSizer
from real_trade.common.translate import Untranslatable, check_request, intent_of
from real_trade.common.turn import Turn
from real_trade.model import Fill, Instrument, Mode, OrderIntent, OrderState
from real_trade.orders import OrderChange
from real_trade.utils.errors import ConfigurationError

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["BaseBroker"]

# Backtrader's words for an order, and what each means when it is not said.
_WORDS = {
    "price": None,
    "plimit": None,
    "exectype": None,
    "valid": None,
    "tradeid": 0,
    "oco": None,
    "trailamount": None,
    "trailpercent": None,
    "parent": None,
    "transmit": True,
}
# What an order that is refused for its figures shows in their place.
_NO_FIGURES = {
    "size": 0.0,
    "price": 0.0,
    "plimit": 0.0,
    "valid": None,
    "trailamount": None,
    "trailpercent": None,
}


class BaseBroker(bt.BrokerBase):
    """A broker whose orders go through the store's desk to an exchange, paper or real.

    Reads (`getcash`, `getvalue`, `getposition`) are cached figures; none asks the exchange.

    Args:
        store: whose account it trades.

    Params:
        cash: starting cash in quote units, for backtest and paper.
        base_currency: the quote asset in which cash and value are told.
        commission: fee as a ratio, for backtest and paper (0.001 is 0.1 %).
        trade_before_live: take orders that add risk while the feed still catches up; refused
            otherwise, since they would be decided on bars that are over.
        unprotected: what is done when the exchange refuses the stop of a bracket that has filled:
            `flatten` closes at market and tells, `alert` tells.
    """

    params = (
        ("cash", 10000.0),
        ("base_currency", "USDT"),
        ("commission", 0.001),
        ("paper_trading", True),
        ("trade_before_live", False),
        ("unprotected", "flatten"),
    )

    def __init__(self, store: BaseStore, **_: Any) -> None:
        super().__init__()
        self.store = store
        self.startingcash = self.cash = float(self.p.cash)
        self.comminfo[None] = CryptoCommInfo(commission=self.p.commission)
        self.cerebro: bt.Cerebro | None = None
        self._notifications: deque[bt.Order | None] = deque()
        self._by_id: dict[str, bt.Order] = {}
        self._ids: dict[int, str] = {}
        self.executions = Executions(self.getcommissioninfo)
        self._holdings = self.executions.holdings
        self._restorer = Restorer(self)
        self._turn = Turn(self)
        store.bind_broker(self)

    # What Backtrader reads

    def start(self) -> None:
        """Connect the store and take the account's cash; called by Cerebro before the strategy."""
        super().start()
        self.store.start(broker=self)
        self.startingcash = self.cash = float(self.store.books.cash)
        if self.cerebro is not None:
            self._prepare(self.cerebro)
            bases = {name: one.base for name, one in self.store.exchange.instruments().items()}
            self._holdings.know(self.cerebro.datas, bases, self.store.books.dust)
            self._restore(self.cerebro.datas)
        self.store.begin()

    def _restore(self, feeds: Any) -> None:
        for name, order in self._restorer.orders(feeds).items():
            self._by_id[name] = order
            self._ids[order.ref] = name

    def stop(self) -> None:
        """Stop what the broker started; safe to call again."""
        super().stop()
        self.store.stop()

    def _prepare(self, cerebro: bt.Cerebro) -> None:
        if cerebro.p.cheat_on_open:
            raise ConfigurationError(
                "cheat_on_open trades at the opening of a bar that is over, which no exchange does",
                remedy="leave cheat_on_open out, and place orders in next()",
            )
        if cerebro.sizers.get(None) is None:
            cerebro.addsizer(CashShareSizer)
        if self.store.mode is not Mode.BACKTEST:
            # Else a fill is told with the next bar, up to an hour late.
            cerebro.p.quicknotify = True

    def getcash(self) -> float:
        """Return the quote balance, free and locked."""
        return self.cash

    get_cash = getcash

    def getvalue(self, datas: Any = None) -> float:
        """Return cash plus positions and dust at the last price; with `datas`, those positions
        alone."""
        if datas is not None:
            return self._holdings.value_in(datas)
        return self.cash + self._holdings.value()

    get_value = getvalue

    get_fundvalue = getvalue  # the account is one fund of one share

    def get_fundshares(self) -> float:
        """Return 1: nobody else holds a share."""
        return 1.0

    def getposition(self, data: Any, clone: bool = True) -> BtPosition:
        """Return the position of the data's symbol, by this run's fills."""
        position = self._holdings.position(feed_behind(data)._rt_symbol)
        return position.clone() if clone else position

    def instrument(self, data: Any) -> Instrument:
        """Return the steps and minima of what a feed shows."""
        return self.store.exchange.instruments()[feed_behind(data)._rt_symbol]

    def orderstatus(self, order: bt.Order) -> int:
        """Return the order's status."""
        return int(order.status)

    @property
    def open_orders(self) -> list[bt.Order]:
        """Return the orders that have not ended, oldest first; those of earlier runs too."""
        names = self.store.desk.linked.open_ids() + self._turn.leaving
        return [self._by_id[name] for name in names if name in self._by_id]

    def get_orders_open(self, safe: bool = False) -> list[bt.Order]:
        """Return the orders that have not ended, as Backtrader's own broker does.

        After a restart a strategy finds its orders here, in `start()`: with the `info` that it gave
        them, and `restored`.

        Args:
            safe: copies, which may be changed.
        """
        return [order.clone() if safe else order for order in self.open_orders]

    paper_cash = property(getcash, doc="The cash (the seed's name).")

    @property
    def paper_positions(self) -> dict[str, float]:
        """Return sizes by symbol (the seed's name)."""
        return self._holdings.sizes()

    def get_paper_summary(self) -> dict[str, Any]:
        """Return cash, value, positions and orders in plain values (the seed's name)."""
        return {
            "cash": self.cash,
            "value": self.getvalue(),
            "positions": self.paper_positions,
            "open_orders": len(self.open_orders),
            "dust": {asset: str(amount) for asset, amount in self.store.books.dust.items()},
        }

    def add_order_history(self, orders: Any, notify: bool = False) -> None:
        """Refused: an account at an exchange has its own history."""
        raise NotImplementedError("order history cannot be replayed into an exchange's account")

    def set_fund_history(self, fund: Any) -> None:
        """Refused: an account at an exchange has its own history."""
        raise NotImplementedError("fund history cannot be replayed into an exchange's account")

    # The way out

    def buy(self, owner: Any, data: Any, size: float, **asked: Any) -> bt.Order:
        """Place a buy.

        Args:
            owner: the strategy.
            data: the feed whose symbol is traded.
            size: base units, positive.
            asked: Backtrader's own words (`price plimit exectype valid tradeid oco trailamount
                trailpercent parent transmit`), `post_only`, `reduce_only`, `tif`, `quote_amount`,
                and whatever shall be in the order's `info`.
        """
        return self._place(BuyOrder, asked, owner=owner, data=data, size=size)

    def sell(self, owner: Any, data: Any, size: float, **asked: Any) -> bt.Order:
        """Place a sell; the words are those of `buy`."""
        return self._place(SellOrder, asked, owner=owner, data=data, size=size)

    def _place(self, kind: type[bt.Order], keywords: dict[str, Any], **asked: Any) -> bt.Order:
        data = asked["data"]
        asked |= {word: keywords.pop(word, usual) for word, usual in _WORDS.items()}
        if not len(data):
            raise ConfigurationError(
                "an order needs a bar, and there is none yet",
                remedy="place orders in next(), not in __init__() or start()",
            )
        fault = _unsound(asked, keywords)
        if fault:
            asked |= _NO_FIGURES
        order = kind(pricelimit=asked.pop("plimit"), **asked)
        order.addinfo(**keywords)
        order.addcomminfo(self.getcommissioninfo(data))
        if not fault:
            return self.submit(order)
        self.refuse(order, fault)
        return order

    def submit(self, order: bt.Order) -> bt.Order:
        """Let an order leave; what becomes of it is told in `notify_order`."""
        self._turn.take(order)
        return order

    def translate(self, order: bt.Order) -> OrderIntent | None:
        """Tell that an order is on its way and return it as an intent; None if it is refused."""
        name = self.store.desk.new_client_order_id()
        feed = feed_behind(order.data)
        order.submit(self)
        self.notify(order)
        try:
            intent = intent_of(order, feed._rt_symbol, name, self.store.now(feed))
        except (Untranslatable, ValueError, TypeError) as error:
            self._end_refused(order, str(error))
            return None
        order.addinfo(client_order_id=name)
        self._by_id[name] = order
        self._ids[order.ref] = name
        finest = self._holdings.feeds.get(feed._rt_symbol, feed)
        self.store.before_order(finest if len(finest) else feed)
        return intent

    def name_of(self, order: bt.Order) -> str | None:
        """Return the client order id of an order that was transmitted."""
        return self._ids.get(order.ref)

    def cancel(self, order: bt.Order) -> None:
        """Ask for a cancel; the order has ended when `notify_order` says so.

        With a child of a bracket its parent and the other children end, with one of an OCO group
        the others, as with Backtrader's own broker.
        """
        if self._turn.drop(order):
            return
        name = self._ids.get(order.ref)
        if name is not None and order.alive():
            self._turn.leave()
            self.store.desk.cancel(name)

    def leave(self) -> None:
        """Let the orders of the strategy's turn leave now, rather than when it is over."""
        self._turn.leave()

    def refuse(self, order: bt.Order, reason: str) -> None:
        """Tell that an order was submitted and is rejected."""
        order.submit(self)
        self.notify(order)
        self._end_refused(order, reason)

    def _end_refused(self, order: bt.Order, reason: str) -> None:
        order.addinfo(reason=reason)
        self._note_refusal(order, reason)
        order.reject(self)
        self.notify(order)

    def _note_refusal(self, order: bt.Order, reason: str) -> None:
        self.store.put_notification(f"order {order.ref} refused: {reason}")

    # The way in

    def next(self) -> None:
        """Take in what has come; Cerebro calls this every cycle."""
        if self.cerebro is not None and self.cerebro.runningstrats:
            self._restorer.give_to(self.cerebro.runningstrats[0])
        self._turn.leave()
        self.store.pump()
        self.store.calls.make()
        if self.store.mode is Mode.BACKTEST and self.cerebro is not None:
            self.store.advance(data for data in self._holdings.feeds.values() if len(data))
            if self.store.has_notifications:  # which Cerebro's fast mode does not ask for
                self.cerebro._storenotify()
        # Cerebro ends without telling what is queued, so it ends in a cycle that tells nothing.
        if self.store.is_settled and not self._notifications and self.cerebro is not None:
            self.cerebro.runstop()

    def notify(self, order: bt.Order) -> None:
        """Queue a copy of the order for the strategy: one for each change."""
        self._notifications.append(order.clone())

    def get_notification(self) -> bt.Order | None:
        """Return the next copy, None when there are no more."""
        if not self._notifications or self._restorer.is_waiting:
            return None
        return self._notifications.popleft()

    def order_changed(self, change: OrderChange) -> None:
        """Tell Backtrader what became of an order; called by the desk, on Cerebro's thread."""
        asked = self.store.desk.linked.asked(change.order)
        change = attrs.evolve(change, order=asked)
        order = self._by_id.get(asked.client_order_id)
        if order is None:
            return
        state = asked.state
        if change.order.reason:
            order.addinfo(reason=change.order.reason)
        if change.fills or state in _RESTING:
            self._accepted(order)
        complete = state is OrderState.FILLED
        filled = change.order.filled - sum((fill.amount for fill in change.fills), Decimal(0))
        for number, fill in enumerate(change.fills, start=1):
            filled += fill.amount
            self._execute(order, fill)
            self.executions.remains(order, change.order.intent.amount, filled)
            done = complete and number == len(change.fills)
            self._ended(order, order.Completed, fill.time) if done else self._partial(order)
        ended_at = change.order.updated_at or self.store.now(feed_behind(order.data))
        if complete and not change.fills and order.alive():
            self._ended(order, order.Completed, ended_at)
        elif state in _ENDS and order.alive():
            short = change.order.insufficient_funds
            if state in _REFUSALS:
                self._note_refusal(order, change.order.reason)
            self._ended(order, order.Margin if short else _ENDS[state], ended_at)

    def _accepted(self, order: bt.Order) -> None:
        if order.status in (order.Created, order.Submitted):
            order.accept(self)
            self.notify(order)

    def _partial(self, order: bt.Order) -> None:
        order.partial()  # also when it has ended: its end is told once more after a late fill
        self.notify(order)

    def _ended(self, order: bt.Order, status: int, time: datetime) -> None:
        order.status = status
        order.executed.dt = stamp(time)
        if status == order.Completed:
            order.executed.remsize = 0.0
        self.notify(order)

    def _execute(self, order: bt.Order, fill: Fill) -> None:
        booked = self.store.book(fill)
        self.cash = float(self.store.books.cash)
        self.executions.execute(order, fill, booked)


_RESTING = frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
_REFUSALS = frozenset({OrderState.DENIED, OrderState.REJECTED})
_ENDS = {
    OrderState.DENIED: bt.Order.Rejected,
    OrderState.REJECTED: bt.Order.Rejected,
    OrderState.CANCELED: bt.Order.Canceled,
    OrderState.EXPIRED: bt.Order.Expired,
}


def _unsound(asked: dict[str, Any], keywords: dict[str, Any]) -> str:
    try:
        check_request(asked, keywords.get("quote_amount"))
    except Untranslatable as error:
        return str(error)
    return ""
