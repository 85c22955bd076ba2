"""Random order flow of three accounts on two symbols, out of one seed. Run it for a digest."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from datetime import timedelta
from decimal import Decimal
from random import Random

from real_trade.model import Instrument, OrderType, Side, TimeInForce
from real_trade.paper import (
    Book,
    FeeAsset,
    FeeSchedule,
    GeneratedTape,
    Level,
    ListKind,
    ListRequest,
    MarketModel,
    OrderRequest,
    Quote,
    ReplaceMode,
    SelfTradePrevention,
    SymbolRules,
    Venue,
    VenueReject,
    merge,
)
from real_trade.runtime import VirtualClock

D = Decimal
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT")
START = {"USDT": D(20_000), "BTC": D(50), "ETH": D(50), "BNB": D(1)}


def instrument(symbol):
    base, quote = symbol.split("/")
    return Instrument(
        symbol=symbol, native=base + quote, base=base, quote=quote, settle=quote,
        price_step="0.01", amount_step="0.001", min_notional="5",
    )  # fmt: skip


def schedule(fee_asset):
    rates = {"maker": D("0.0007"), "taker": D("0.0011")}
    if fee_asset == "BNB":
        return FeeSchedule(**rates, discount_asset="BNB")
    return FeeSchedule(**rates, asset=FeeAsset(fee_asset))


class Flow:
    def __init__(self, seed, fee_asset, listener=None):
        self.chance = Random(seed)
        self.clock = VirtualClock()
        rules = {symbol: SymbolRules(max_algo_orders=0, max_orders=0) for symbol in SYMBOLS}
        self.venue = Venue(
            [instrument(symbol) for symbol in SYMBOLS], self.clock, seed=seed,
            fees=schedule(fee_asset), rules=rules,
        )  # fmt: skip
        if listener is not None:
            self.venue.listen(listener)
        for name in ("ann", "ben", "cat"):
            self.venue.open_account(name, START)
        start = self.clock.now()
        wild = MarketModel(volatility=0.5)
        tapes = [GeneratedTape(instrument(one), seed, start, model=wild) for one in SYMBOLS]
        self.tape = merge(tapes, start)

    def step(self):
        for _ in range(self.chance.randrange(6)):
            self.tape_event()
        act = self.chance.choice(
            [self.place] * 6 + [self.cancel, self.replace, self.amend, self.list]
        )
        with contextlib.suppress(VenueReject):
            act()

    def tape_event(self):
        event = next(self.tape)
        wait = (event.time - self.clock.now()) / timedelta(seconds=1)
        self.clock.sleep(max(0.0, wait))
        if isinstance(event, Quote):
            self.venue.on_quote(self.thinned(event))
        else:
            self.venue.on_trade(event)

    def thinned(self, quote):
        """Leave so little of the market's depth that accounts meet each other too."""
        keep = self.chance.choice([0, 0, 1, 3])

        def few(levels):
            return tuple(Level(price, D("0.05")) for price, _ in levels[:keep])

        return Quote(quote.symbol, few(quote.bids), few(quote.asks), quote.time)

    def account(self):
        return self.chance.choice(self.venue.accounts)

    def near(self, symbol, spread=60):
        last = self.venue.last_price(symbol) or D(100)
        return last + D(self.chance.randrange(-spread, spread + 1)) / 100

    def request(self, symbol=None, side=None, kind=None, amount=None):
        chance = self.chance
        symbol = symbol or chance.choice(SYMBOLS[:2])
        kind = kind or chance.choice(list(OrderType))
        amount = amount or D(chance.randrange(50, 20_000)) / 1000
        fields = {}
        if kind.has_limit:
            fields["price"] = self.near(symbol)
        if kind is OrderType.LIMIT:
            fields["time_in_force"] = chance.choice(
                [TimeInForce.GTC] * 4 + [TimeInForce.IOC, TimeInForce.FOK]
            )
            fields["post_only"] = (
                fields["time_in_force"] is TimeInForce.GTC and chance.random() < 0.2
            )
            if fields["time_in_force"] is TimeInForce.GTC and chance.random() < 0.2:
                fields["iceberg_amount"] = amount / 2 if amount / 2 % D("0.001") == 0 else amount
        if kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}:
            fields["trail_amount"] = D(chance.randrange(1, 50)) / 100
        elif kind.is_conditional:
            if chance.random() < 0.3:
                fields["trailing_delta"] = chance.randrange(10, 60)
            else:
                fields["stop_price"] = self.near(symbol)
        if kind is OrderType.MARKET and chance.random() < 0.4:
            fields["quote_amount"] = amount * 10
        else:
            fields["amount"] = amount
        return OrderRequest(
            symbol=symbol, side=side or chance.choice(list(Side)), type=kind,
            self_trade_prevention=chance.choice([None, *SelfTradePrevention]), **fields,
        )  # fmt: skip

    def place(self):
        self.venue.place(self.account(), self.request())

    def pick(self, account):
        orders = self.venue.open_orders(account)
        return self.chance.choice(orders) if orders else None

    def cancel(self):
        account = self.account()
        order = self.pick(account)
        if order:
            self.venue.cancel(account, order.symbol, order_id=order.order_id)

    def replace(self):
        account = self.account()
        order = self.pick(account)
        if order:
            self.venue.replace(
                account, self.request(order.symbol, kind=OrderType.LIMIT),
                mode=self.chance.choice(list(ReplaceMode)), order_id=order.order_id,
            )  # fmt: skip

    def amend(self):
        account = self.account()
        order = self.pick(account)
        if order:
            self.venue.amend(
                account, order.symbol, order_id=order.order_id,
                amount=(order.amount / 2).quantize(D("0.001")),
            )  # fmt: skip

    def list(self):
        symbol, side = self.chance.choice(SYMBOLS[:2]), self.chance.choice(list(Side))
        last = self.venue.last_price(symbol)
        if last is None:
            return
        amount = D(self.chance.randrange(50, 5000)) / 1000
        away = D(self.chance.randrange(1, 40)) / 100
        profit, stop = last - side.sign * away, last + side.sign * away
        pair = (
            OrderRequest(
                symbol=symbol, side=side, type=OrderType.LIMIT, amount=amount, price=profit
            ),
            OrderRequest(
                symbol=symbol, side=side, type=OrderType.STOP, amount=amount, stop_price=stop
            ),
        )
        kind = self.chance.choice(list(ListKind))
        working = OrderRequest(
            symbol=symbol, side=side.opposite, type=OrderType.LIMIT, amount=amount,
            price=self.near(symbol),
        )  # fmt: skip
        orders = {
            ListKind.OCO: pair,
            ListKind.OTO: (working, pair[0]),
            ListKind.OTOCO: (working, *pair),
        }[kind]
        self.venue.place_list(self.account(), ListRequest(kind=kind, orders=orders))


def run(seed, steps, fee_asset, listener=None):
    flow = Flow(seed, fee_asset, listener)
    for _ in range(steps):
        flow.step()
        flow.venue.check()
        assert not crossed(flow.venue)
    return flow.venue


def crossed(venue):
    """Return the symbols in which a resting buy meets a resting sell: there must be none."""
    found = []
    for symbol in SYMBOLS:
        resting = [
            order
            for name in venue.accounts
            for order in venue.open_orders(name, symbol)
            if order.is_working and order.price is not None
        ]
        buys = [order.price for order in resting if order.side is Side.BUY]
        sells = [order.price for order in resting if order.side is Side.SELL]
        if buys and sells and max(buys) >= min(sells):
            found.append(symbol)
    return found


def outside(venue, asset):
    """Return what all accounts and all their counterparties hold together: nothing."""
    ledgers = [venue.ledger(name) for name in venue.accounts]
    return sum((ledger.total(book, asset) for ledger in ledgers for book in Book), D(0))


if __name__ == "__main__":
    digest = hashlib.sha256()
    done = run(int(sys.argv[1]), 400, "BNB", lambda event: digest.update(repr(event).encode()))
    for name in done.accounts:
        digest.update(repr(done.ledger(name).postings).encode())
    print(digest.hexdigest())
