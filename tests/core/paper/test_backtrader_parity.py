"""Fills from bars have the prices of Backtrader's own broker: both run on the same random bars.

All figures are multiples of 1/64, which floats hold exactly, so prices are compared as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import backtrader as bt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_trade.model import (
    Bar,
    Instrument,
    OrderIntent,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
)
from real_trade.paper import BarModel, FeeSchedule, PaperExchange

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYMBOL = "BTC/USDT"

KINDS = {
    bt.Order.Market: OrderType.MARKET,
    bt.Order.Limit: OrderType.LIMIT,
    bt.Order.Stop: OrderType.STOP,
    bt.Order.StopLimit: OrderType.STOP_LIMIT,
    bt.Order.StopTrail: OrderType.TRAILING_STOP,
    bt.Order.StopTrailLimit: OrderType.TRAILING_STOP_LIMIT,
}


class Feed(bt.feed.DataBase):
    """Bars stamped at their end."""

    params = (("bars", ()),)

    def start(self):
        super().start()
        self._rest = iter(self.p.bars)

    def _load(self):
        bar = next(self._rest, None)
        if bar is None:
            return False
        self.lines.datetime[0] = bt.date2num(bar.end_time.replace(tzinfo=None))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = float(getattr(bar, name))
        self.lines.openinterest[0] = 0
        return True


class Buyer(bt.Strategy):
    """Sends each order after the bar at which it was planned, and notes every execution."""

    params = (("plan", ()), ("found", None))

    def next(self):
        for order in self.p.plan:
            if order["at"] == len(self) - 1:
                fields = {key: float(v) for key, v in order["fields"].items() if v is not None}
                send = self.buy if order["side"] is Side.BUY else self.sell
                valid = None if order["valid"] is None else order["valid"].replace(tzinfo=None)
                sent = send(size=1, exectype=order["kind"], valid=valid, **fields)
                sent.addinfo(plan=order["number"])

    def notify_order(self, order):
        if order.status == order.Completed:
            self.p.found[order.info.plan] = (len(self) - 1, D(str(order.executed.price)))


def run_backtrader(bars, plan, **slippage):
    found = {}
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.set_cash(10**9)
    if slippage:
        cerebro.broker.set_slippage_perc(**slippage)
    cerebro.adddata(Feed(bars=bars))
    cerebro.addstrategy(Buyer, plan=plan, found=found)
    cerebro.run()
    return found


def run_paper(bars, plan, model):
    instrument = Instrument(
        symbol=SYMBOL, native="BTCUSDT", base="BTC", quote="USDT", settle="USDT",
        price_step=0, amount_step="0.001",
    )  # fmt: skip
    paper = PaperExchange(
        balances={"USDT": D(10**9), "BTC": D(1000)},
        instruments=[instrument],
        fees=FeeSchedule(),
        bars=model,
    )
    found, booked = {}, 0
    for number, bar in enumerate(bars):
        paper.on_bar(bar)
        fills = paper.fills(SYMBOL, START)
        for fill in fills[booked:]:
            found[int(fill.client_order_id)] = (number, fill.price)
        booked = len(fills)
        for order in plan:
            if order["at"] == number:
                paper.submit(intent_of(order, bar))
    paper.venue.check()
    return found


def intent_of(order, bar):
    fields = order["fields"]
    kind = KINDS[order["kind"]]
    trails = kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}
    offset = None
    if kind is OrderType.TRAILING_STOP_LIMIT:
        offset = (fields["plimit"] - fields["price"]) * order["side"].sign
    limit = "price" if kind is OrderType.LIMIT else "plimit"
    price = None if trails else fields.get(limit)
    return OrderIntent(
        client_order_id=str(order["number"]),
        symbol=SYMBOL,
        side=order["side"],
        type=kind,
        amount=D(1),
        price=price,
        stop_price=fields.get("price") if kind.is_conditional else None,
        trail_amount=fields.get("trailamount"),
        trail_percent=fields.get("trailpercent"),
        limit_offset=offset,
        time_in_force=TimeInForce.GTC if order["valid"] is None else TimeInForce.GTD,
        expires_at=order["valid"],
        created_at=bar.end_time,
    )


quarters = st.integers(-16, 16).map(lambda n: D(n) / 4)
wicks = st.integers(0, 8).map(lambda n: D(n) / 4)
moves = st.lists(st.tuples(quarters, quarters, wicks, wicks), min_size=4, max_size=14)


def bars_of(steps):
    bars, close = [], D(100)
    for number, (gap, move, up, down) in enumerate(steps):
        opened = max(D(20), close + gap)
        close = max(D(20), opened + move)
        bars.append(
            Bar(
                symbol=SYMBOL,
                timeframe=Timeframe.M1,
                open_time=START + timedelta(minutes=number),
                open=opened,
                high=max(opened, close) + up,
                low=min(opened, close) - down,
                close=close,
                volume=D(1000),
            )
        )
    return bars


def order_at(kind, side=Side.BUY, *, number=0, at=0, valid=None, **fields):
    return {
        "number": number,
        "at": at,
        "kind": kind,
        "side": side,
        "valid": valid,
        "fields": fields,
    }


@st.composite
def plans(draw):
    steps = draw(moves)
    bars = bars_of(steps)
    orders = []
    for number in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(bars) - 2))
        kind = draw(st.sampled_from(list(KINDS)))
        fields = fields_of(draw, kind, bars[at].close)
        side = draw(st.sampled_from(list(Side)))
        bars_valid = draw(st.sampled_from([None, None, 1, 2, 3]))
        valid = None if bars_valid is None else bars[at].end_time + bars_valid * MINUTE
        orders.append(order_at(kind, side, number=number, at=at, valid=valid, **fields))
    return bars, orders


def fields_of(draw, kind, close):
    if kind == bt.Order.Market:
        return {}
    fields = {"price": close + draw(quarters)}
    if kind in (bt.Order.StopLimit, bt.Order.StopTrailLimit):
        fields["plimit"] = fields["price"] + draw(quarters)
    if kind in (bt.Order.StopTrail, bt.Order.StopTrailLimit):
        if draw(st.booleans()):
            fields["trailamount"] = D(draw(st.integers(1, 12))) / 4
        else:
            fields["trailpercent"] = D(draw(st.integers(1, 4))) / 64
    return fields


@given(plans())
@settings(max_examples=400, deadline=None)
def test_every_order_type_fills_in_the_bar_and_at_the_price_of_backtraders_broker(planned):
    bars, plan = planned
    assert run_paper(bars, plan, BarModel()) == run_backtrader(bars, plan)


@given(plans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_slippage_is_backtraders_too(planned, slip_open, slip_limit, slip_match, slip_out):
    bars, plan = planned
    plan = [order for order in plan if order["kind"] != bt.Order.StopTrailLimit]
    model = BarModel(
        slip_percent=D(1) / 64,
        slip_open=slip_open,
        slip_limit=slip_limit,
        slip_match=slip_match,
        slip_out=slip_out,
    )
    theirs = run_backtrader(
        bars,
        plan,
        perc=1 / 64,
        slip_open=slip_open,
        slip_limit=slip_limit,
        slip_match=slip_match,
        slip_out=slip_out,
    )
    assert run_paper(bars, plan, model) == theirs


FLAT = [(D(0), D(0), D(0), D(0))]


@pytest.mark.parametrize(
    ("order", "steps", "price"),
    [
        (order_at(bt.Order.Market), [(D(3), D(1), D(0), D(0))], D(103)),
        (order_at(bt.Order.Limit, price=D(98)), [(D(0), D(1), D(0), D(2))], D(98)),
        (order_at(bt.Order.Limit, price=D(98)), [(D(-3), D(1), D(0), D(2))], D(97)),
        (order_at(bt.Order.Stop, price=D(102)), [(D(0), D(1), D(1), D(0))], D(102)),
        (order_at(bt.Order.Stop, price=D(102)), [(D(3), D(1), D(1), D(0))], D(103)),
        (order_at(bt.Order.StopTrail, Side.SELL, price=D(100), trailamount=D(2)),
         [(D(0), D(4), D(0), D(0)), (D(0), D(-3), D(0), D(0))], D(102)),
    ],
)  # fmt: skip
def test_known_fills(order, steps, price):
    bars = bars_of(FLAT + steps)
    assert run_paper(bars, [order], BarModel()) == {0: (len(bars) - 1, price)}
    assert run_backtrader(bars, [order]) == {0: (len(bars) - 1, price)}
