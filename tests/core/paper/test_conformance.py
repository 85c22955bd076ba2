"""Paper is an exchange: it passes the suite that every exchange passes."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from real_trade.exchange import Capabilities, ExchangeSettings, UnknownSymbol
from real_trade.model import (
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    Instrument,
    Ticker,
    Timeframe,
)
from real_trade.paper import FeeAsset, FeeSchedule, PaperExchange
from real_trade.runtime import VirtualRuntime
from real_trade.testing import ExchangeConformance, Workbench

PRICE = Decimal(60000)
FEE = Decimal("0.001")
BITCOIN = Instrument(
    symbol="BTC/USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.01",
    amount_step="0.00001",
    min_amount="0.00001",
    min_notional=5,
)


class Handle:
    def __init__(self, market, sink):
        self.market, self.sink, self.is_open = market, sink, True

    def add(self, subscriptions):
        for one in subscriptions:
            change = ConnectionChanged(
                channel=one.channel, state=ConnectionState.CONNECTED, time=self.market.clock.now()
            )
            self.sink(change)
            if one.channel is Channel.BARS:
                self.market.runtime.call_later(1, partial(self.tell, one.timeframe))

    def tell(self, timeframe):
        if self.is_open:
            bar = self.market.bars(BITCOIN.symbol, timeframe, None, 2)[0]
            self.sink(bar)
            self.market.runtime.call_later(timeframe.seconds, partial(self.tell, timeframe))

    def close(self):
        self.is_open = False


class Market:
    """Public data of a market that stands still; its account is nobody's business."""

    name = "still"
    capabilities = Capabilities(
        timeframes=frozenset({Timeframe.S1, Timeframe.M1, Timeframe.H1}),
        channels=frozenset({Channel.BARS}),
    )

    def __init__(self, runtime):
        self.runtime = runtime
        self.clock = runtime.clock

    def connect(self):
        """Nothing is behind it."""

    close = connect

    def instruments(self):
        return {BITCOIN.symbol: BITCOIN}

    def server_time(self):
        return self.clock.now()

    def forbidden(self, *arguments):
        raise AssertionError("paper touched the source's account")

    submit = cancel = order = open_orders = fills = balances = positions = forbidden

    def known(self, symbol):
        if symbol != BITCOIN.symbol:
            raise UnknownSymbol(symbol)

    def ticker(self, symbol):
        self.known(symbol)
        return Ticker(
            symbol=symbol, last=PRICE, bid=PRICE - 1, ask=PRICE + 1, time=self.clock.now()
        )

    def bars(self, symbol, timeframe, since, limit):
        self.known(symbol)
        now = self.clock.now()
        first = since or timeframe.add(timeframe.floor(now), 1 - limit)
        opens = [timeframe.add(first, number) for number in range(limit)]
        return [
            Bar(
                symbol=symbol,
                timeframe=timeframe,
                open_time=time,
                open=PRICE,
                high=PRICE + 5,
                low=PRICE - 5,
                close=PRICE,
                volume=1,
                closed=timeframe.add(time) <= now,
            )
            for time in opens
            if time <= now
        ]

    def stream(self, subscriptions, sink):
        handle = Handle(self, sink)
        handle.add(subscriptions)
        return handle


class TestPaper(ExchangeConformance):
    @pytest.fixture
    def bench(self):
        def open_paper(settings):
            return PaperExchange(
                balances={"USDT": Decimal(10000), "BTC": Decimal(1)},
                source=Market(settings.runtime),
                clock=settings.runtime.clock,
                fees=FeeSchedule(maker=FEE, taker=FEE, asset=FeeAsset.RECEIVED),
            )

        bench = Workbench(
            open=open_paper,
            settings=ExchangeSettings(runtime=VirtualRuntime(7)),
            symbol=BITCOIN.symbol,
            name="paper",
            has_network=False,
            bad_keys=None,
        )
        yield bench
        bench.close()
