from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from real_trade.exchange import (
    Capabilities,
    ConfigurationError,
    DuplicateOrder,
    Exchange,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    StreamingExchange,
    Subscription,
    Unavailable,
    UnknownSymbol,
)
from real_trade.model import (
    AccountUpdate,
    Bar,
    Channel,
    ConnectionChanged,
    MarketTrade,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Ticker,
    Timeframe,
    TimeInForce,
    TopOfBook,
)
from real_trade.paper import BarModel, FeeAsset, FeeSchedule, PaperExchange, PriceModel
from real_trade.runtime import VirtualClock
from real_trade.utils.errors import DataError

D = Decimal
SYMBOL = "BTC/USDT"
START = datetime(2026, 1, 1, tzinfo=UTC)


def intent(side="buy", kind="market", **fields):
    values = {"client_order_id": "one", "symbol": SYMBOL, "amount": D(1), **fields}
    return OrderIntent(side=Side(side), type=OrderType(kind), created_at=START, **values)


def bar(number, opened, high, low, close, *, volume=1000, closed=True):
    return Bar(
        symbol=SYMBOL,
        timeframe=Timeframe.M1,
        open_time=START + timedelta(minutes=number),
        open=D(opened),
        high=D(high),
        low=D(low),
        close=D(close),
        volume=D(volume),
        closed=closed,
    )


# A backtest: bars are all there is


@pytest.fixture
def backtest(instrument_for):
    paper = PaperExchange(balances={"USDT": D(10_000), "BTC": D(5)}, instruments=[instrument_for()])
    paper.connect()
    paper.on_bar(bar(0, 100, 101, 99, 100))
    return paper


def test_it_is_an_exchange_that_streams(backtest):
    exchange: Exchange = backtest
    assert isinstance(exchange, StreamingExchange)
    assert exchange.name == "paper"
    assert exchange.capabilities.order_types == frozenset(OrderType)


def test_market_order_waits_for_the_next_open_and_sees_no_future(backtest):
    sent = backtest.submit(intent())
    assert (sent.state, sent.filled) == (OrderState.ACCEPTED, 0)
    backtest.on_bar(bar(1, 103, 105, 90, 104))
    (fill,) = backtest.fills(SYMBOL, START)
    assert (fill.price, fill.time) == (103, START + timedelta(minutes=2))
    assert backtest.order(SYMBOL, "one").state is OrderState.FILLED


def test_bar_that_began_before_the_order_cannot_fill_it(backtest):
    backtest.submit(intent())
    hour = Bar(
        symbol=SYMBOL, timeframe=Timeframe.H1, open_time=START, open=50, high=200, low=40, close=100
    )
    backtest.on_bar(hour)
    assert not backtest.fills(SYMBOL, START)


def test_bar_that_is_shown_twice_works_once(backtest):
    backtest.submit(intent("sell", "trailing_stop", trail_amount=D(1)))
    rising = bar(1, 100, 110, 100, 110)
    backtest.on_bar(rising)
    assert backtest.order(SYMBOL, "one").stop_price == 109
    backtest.on_bar(rising)  # its low is below the stop that its own close has set
    assert backtest.order(SYMBOL, "one").state is OrderState.ACCEPTED


def test_longer_bar_of_the_same_time_tells_nothing_new(backtest):
    backtest.submit(intent("sell", "trailing_stop", trail_amount=D(1)))
    for number in range(1, 6):
        backtest.on_bar(bar(number, 99 + number, 100 + number, 99 + number, 100 + number))
    five = Bar(
        symbol=SYMBOL, timeframe=Timeframe.M5, open_time=START + timedelta(minutes=1),
        open=100, high=105, low=100, close=105,
    )  # fmt: skip
    backtest.on_bar(five)
    assert backtest.order(SYMBOL, "one").state is OrderState.ACCEPTED


def test_backtest_may_take_its_history_from_a_source(instrument_for):
    source = Source(instrument_for(), VirtualClock())
    paper = PaperExchange(balances={"USDT": D(1000)}, source=source, bars=BarModel())
    paper.connect()
    for one in paper.bars(SYMBOL, Timeframe.M1, None, 5):
        paper.on_bar(one)
    assert paper.ticker(SYMBOL).last == 100
    paper.submit(intent())
    paper.on_bar(bar(1, 103, 105, 90, 104))
    assert [fill.price for fill in paper.fills(SYMBOL, START)] == [103]
    assert source.ticks == 0


def test_commission_of_a_backtest_is_backtraders_exactly(backtest):
    backtest.submit(intent(amount=D("0.123")))
    backtest.on_bar(bar(1, "103.37", 105, 90, 104))
    (fill,) = backtest.fills(SYMBOL, START)
    assert (fill.fee, fill.fee_asset) == (D("103.37") * D("0.123") * D("0.001"), "USDT")
    assert backtest.balances()["BTC"].total == D("5.123")


def test_account_events_come_as_reports_with_their_fills(backtest):
    got = []
    backtest.stream([Subscription(Channel.ACCOUNT)], got.append)
    backtest.submit(intent(amount=D(2)))
    backtest.on_bar(bar(1, 103, 105, 90, 104))
    assert isinstance(got[0], ConnectionChanged)
    reports = [value for value in got if isinstance(value, OrderReport)]
    assert [report.state for report in reports] == [OrderState.ACCEPTED, OrderState.FILLED]
    assert [fill.price for fill in reports[1].fills] == [103]
    last = [value for value in got if isinstance(value, AccountUpdate)][-1]
    assert {one.asset: one.free for one in last.balances}["BTC"] == 7


def test_nothing_comes_after_a_stream_is_closed(backtest):
    got = []
    handle = backtest.stream([Subscription(Channel.ACCOUNT)], got.append)
    handle.close()
    got.clear()
    backtest.submit(intent())
    assert got == []


def test_buy_that_the_open_made_too_dear_is_rejected_for_funds(backtest):
    backtest.submit(intent(amount=D(99)))
    backtest.on_bar(bar(1, 200, 200, 200, 200))
    report = backtest.order(SYMBOL, "one")
    assert (report.state, report.insufficient_funds) == (OrderState.REJECTED, True)
    assert backtest.balances()["USDT"].free == 10_000


def test_fill_takes_no_more_than_its_part_of_the_volume(instrument_for):
    paper = PaperExchange(
        balances={"USDT": D(10_000)},
        instruments=[instrument_for()],
        bars=BarModel(volume_part=D("0.1")),
    )
    paper.on_bar(bar(0, 100, 100, 100, 100))
    paper.submit(intent(amount=D(3)))
    for number in (1, 2, 3):
        paper.on_bar(bar(number, 100, 100, 100, 100, volume=20))
    assert [fill.amount for fill in paper.fills(SYMBOL, START)] == [2, 1]


def test_stop_that_fills_in_parts_at_a_dearer_price_uses_up_its_own_lock(instrument_for):
    paper = PaperExchange(
        balances={"USDT": D(1_000)},
        instruments=[instrument_for()],
        bars=BarModel(volume_part=D("0.1")),
        fees=FeeSchedule(),
    )
    paper.on_bar(bar(0, 100, 100, 100, 100))
    paper.submit(intent(kind="stop", stop_price=D(100), amount=D(10)))
    paper.on_bar(bar(1, 150, 150, 150, 150, volume=40))
    paper.venue.check()
    assert (paper.balances()["BTC"].free, paper.balances()["USDT"].locked) == (4, 400)
    paper.on_bar(bar(2, 150, 150, 150, 150, volume=40))
    report = paper.order(SYMBOL, "one")
    assert (report.state, report.filled, report.insufficient_funds) == (OrderState.EXPIRED, 4, True)
    assert paper.balances()["USDT"].free == 400
    paper.venue.check()


def test_books_stay_exact_with_prices_of_many_digits(instrument_for):
    paper = PaperExchange(
        balances={"USDT": D("123456789.123456789")},
        instruments=[instrument_for(price_step="0.00000001", amount_step="0.00000001")],
        bars=BarModel(spread=D("0.000137"), slip_percent=D("0.0001237"), slip_open=True),
        fees=FeeSchedule(taker=D("0.00075123"), asset=FeeAsset.QUOTE, digits=None),
    )
    paper.on_bar(bar(0, "60000.12345678", 60001, 59999, "60000.87654321"))
    for number in range(1, 40):
        fields = {"kind": "market"}
        if number % 3:
            fields = {"kind": "trailing_stop", "trail_percent": D("0.0001234567")}
        side, amount = ("buy", "1.23456789") if number % 2 else ("sell", "0.98765432")
        paper.submit(intent(side, client_order_id=str(number), amount=D(amount), **fields))
        move = D("3.1415926") * (number % 5 - 2)
        price = D("60000.12345678") + move
        paper.on_bar(bar(number, price, price + 40, price - 40, price + move))
        paper.venue.check()
    assert len(paper.fills(SYMBOL, START)) > 20


def test_spread_makes_buys_dearer_and_sells_cheaper(instrument_for):
    paper = PaperExchange(
        balances={"USDT": D(10_000), "BTC": D(5)},
        instruments=[instrument_for()],
        bars=BarModel(spread=D("0.02")),
    )
    paper.on_bar(bar(0, 100, 100, 100, 100))
    paper.submit(intent("buy", client_order_id="b"))
    paper.submit(intent("sell", client_order_id="s"))
    paper.on_bar(bar(1, 100, 100, 100, 100))
    assert [fill.price for fill in paper.fills(SYMBOL, START)] == [101, 99]


def test_order_past_its_date_expires_before_the_bar(backtest):
    backtest.submit(
        intent(
            kind="limit", price=D(99), time_in_force=TimeInForce.GTD,
            expires_at=START + timedelta(seconds=90),
        )
    )  # fmt: skip
    backtest.on_bar(bar(1, 98, 99, 97, 98))
    assert backtest.order(SYMBOL, "one").state is OrderState.EXPIRED


def test_backtest_knows_prices_only_from_its_bars(backtest, instrument_for):
    assert backtest.ticker(SYMBOL).last == 100
    with pytest.raises(DataError):
        backtest.bars(SYMBOL, Timeframe.M1, None, 10)
    fresh = PaperExchange(balances={}, instruments=[instrument_for()])
    with pytest.raises(Unavailable):
        fresh.ticker(SYMBOL)


@pytest.mark.parametrize(
    ("error", "wrong"),
    [
        (InsufficientFunds, {"amount": D(1000)}),
        (InvalidOrder, {"amount": D("0.0001")}),
        (InvalidOrder, {"reduce_only": True}),
        (InvalidOrder, {"kind": "limit", "price": D("100.001")}),
        (UnknownSymbol, {"symbol": "NO/PE"}),
    ],
)
def test_refusals_are_those_of_a_real_exchange(backtest, error, wrong):
    with pytest.raises(error):
        backtest.submit(intent(**wrong))
    assert not backtest.open_orders()


def test_second_open_order_with_an_id_is_a_duplicate(backtest):
    backtest.submit(intent())
    with pytest.raises(DuplicateOrder):
        backtest.submit(intent())


def test_cancel_ends_an_open_order_and_finds_no_other(backtest):
    backtest.submit(intent(kind="limit", price=D(50)))
    assert [report.client_order_id for report in backtest.open_orders(SYMBOL)] == ["one"]
    assert backtest.cancel(SYMBOL, "one").state is OrderState.CANCELED
    with pytest.raises(OrderNotFound):
        backtest.cancel(SYMBOL, "one")
    with pytest.raises(OrderNotFound):
        backtest.order(SYMBOL, "other")


def test_it_needs_a_source_or_instruments(instrument_for):
    with pytest.raises(ConfigurationError):
        PaperExchange(balances={})
    with pytest.raises(ConfigurationError):
        PaperExchange(balances={}, source=Source(instrument_for(), VirtualClock()))


# Live: another exchange's market data


class Handle:
    def __init__(self):
        self.subscriptions = []
        self.closed = False

    def add(self, subscriptions):
        self.subscriptions += subscriptions

    def close(self):
        self.closed = True


class Source:
    """An exchange whose account nobody may touch."""

    name = "source"
    capabilities = Capabilities(channels=frozenset({Channel.BARS}), max_bars=7)

    def __init__(self, instrument, clock):
        self.instrument = instrument
        self.clock = clock
        self.handle = Handle()
        self.sink = None
        self.ticks = 0
        self.broken = False

    def connect(self):
        pass

    def close(self):
        pass

    def server_time(self):
        return self.clock.now()

    def instruments(self):
        return {self.instrument.symbol: self.instrument}

    def ticker(self, symbol):
        self.ticks += 1
        if self.broken:
            raise Unavailable("no network")
        return Ticker(symbol=symbol, last=100, bid=99, ask=101, time=self.clock.now())

    def bars(self, symbol, timeframe, since, limit):
        return [bar(0, 100, 101, 99, 100)]

    def stream(self, subscriptions, sink):
        self.handle.add(list(subscriptions))
        self.sink = sink
        return self.handle

    def forbidden(self, *arguments):
        raise AssertionError("paper touched the source's account")

    submit = cancel = order = open_orders = fills = balances = positions = forbidden


class Live:
    def __init__(self, instrument, **options):
        self.clock = VirtualClock(START)
        self.source = Source(instrument, self.clock)
        options.setdefault("fees", FeeSchedule())
        self.paper = PaperExchange(
            balances={"USDT": D(10_000), "BTC": D(5)},
            source=self.source,
            clock=self.clock,
            **options,
        )
        self.paper.connect()
        self.got = []
        self.handle = self.paper.stream(
            [Subscription(Channel.BARS, SYMBOL, Timeframe.M1), Subscription(Channel.ACCOUNT)],
            self.got.append,
        )

    def show(self, value):
        self.source.sink(value)

    def top(self, bid, ask, amount="10"):
        self.show(
            TopOfBook(
                symbol=SYMBOL, bid=bid, bid_amount=amount, ask=ask, ask_amount=amount,
                time=self.clock.now(),
            )
        )  # fmt: skip

    def filled(self, client_order_id="one"):
        return self.paper.order(SYMBOL, client_order_id).filled


@pytest.fixture
def live(instrument_for):
    return Live(instrument_for(), prices=PriceModel(spread=D("0.01"), slippage=D(0)))


def test_market_data_pass_through_to_the_reader(live):
    update = bar(0, 100, 101, 99, 100, closed=False)
    live.show(update)
    assert update in live.got
    assert live.source.handle.subscriptions == [Subscription(Channel.BARS, SYMBOL, Timeframe.M1)]
    assert live.paper.bars(SYMBOL, Timeframe.M1, None, 5)[0].close == 100
    assert live.paper.capabilities.max_bars == 7


def test_market_order_fills_at_once_at_the_top_of_the_book(live):
    live.top("100", "100.5")
    report = live.paper.submit(intent())
    assert (report.state, report.average_price) == (OrderState.FILLED, D("100.5"))
    assert [fill.price for fill in report.fills] == [D("100.5")]


def test_market_order_larger_than_the_top_pays_more_for_the_rest(live):
    live.top("100", "100.5", "0.4")
    report = live.paper.submit(intent())
    assert report.state is OrderState.FILLED
    assert [fill.price for fill in report.fills] == [D("100.5"), D("100.51")]


def test_with_bars_alone_a_market_order_pays_the_assumed_spread(live):
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    assert live.paper.submit(intent("buy", client_order_id="b")).average_price == D("100.5")
    assert live.paper.submit(intent("sell", client_order_id="s")).average_price == D("99.5")


def test_before_any_stream_a_market_order_takes_the_sources_ticker(live):
    assert live.paper.submit(intent()).average_price == 101
    assert live.source.ticks == 1


def test_without_any_price_nothing_is_sent(live):
    live.source.broken = True
    with pytest.raises(Unavailable):
        live.paper.submit(intent())
    assert not live.paper.open_orders()


def test_limit_order_rests_until_the_market_comes_to_it(live):
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.paper.submit(intent(kind="limit", price=D(98)))
    assert live.filled() == 0
    live.show(bar(0, 100, 101, 99, "99.5", closed=False))
    assert live.filled() == 0
    live.show(bar(0, 100, 101, 98, "98.9", closed=False))
    assert live.filled() == 1
    assert live.paper.order(SYMBOL, "one").average_price == 98


def test_extremes_of_a_bar_from_before_the_order_do_not_fill_it(live):
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.paper.submit(intent(kind="limit", price=D("98.5")))
    live.show(bar(0, 100, 101, 98, "99.5", closed=False))  # its low may be older than the order
    assert live.filled() == 0
    live.show(bar(0, 100, 101, 98, "99.5", closed=False))
    assert live.filled() == 0
    live.show(bar(0, 100, 101, "97.9", "99.5", closed=False))
    assert live.filled() == 1


def test_stop_order_rests_and_fills_after_its_trigger(live):
    live.top("100", "100.5")
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.paper.submit(intent("sell", "stop", stop_price=D(98)))
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.top("97", "97.5")
    live.show(bar(0, 100, 101, "97.2", "97.2", closed=False))
    assert live.paper.order(SYMBOL, "one").average_price == 97


def test_live_trades_move_the_queue_and_pull_triggers(live):
    live.top("100", "100.5", "3")
    live.paper.submit(intent(kind="limit", price=D(100)))

    def trade(number, amount):
        live.show(
            MarketTrade(
                symbol=SYMBOL, trade_id=str(number), price=100, amount=amount,
                buyer_is_maker=True, time=live.clock.now(),
            )
        )  # fmt: skip

    trade(1, 3)
    assert live.filled() == 0
    trade(2, "0.4")
    assert live.filled() == D("0.4")


def test_fill_is_told_before_the_bar_that_made_it(live):
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.paper.submit(intent(kind="limit", price=D(98)))
    live.show(bar(0, 100, 101, 99, 100, closed=False))
    live.got.clear()
    last = bar(0, 100, 101, 97, 99)
    live.show(last)
    kinds = [type(value) for value in live.got]
    assert kinds == [OrderReport, AccountUpdate, Bar]


def test_live_fees_are_charged_as_the_exchange_does(instrument_for):
    live = Live(instrument_for(), fees=FeeSchedule(taker=D("0.001"), asset=FeeAsset.RECEIVED))
    live.top("100", "100")
    live.paper.submit(intent())
    assert live.paper.balances()["BTC"].free == D("5.999")


def test_closed_bars_do_not_fill_by_themselves_on_live_data(live):
    with pytest.raises(DataError, match="bars"):
        live.paper.on_bar(bar(0, 100, 101, 99, 100))


def test_closing_the_stream_closes_the_sources(live):
    live.handle.close()
    assert live.source.handle.closed


def test_market_orders_and_market_data_on_two_threads_keep_the_books(live):
    live.top("100", "100.5")
    stop = threading.Event()

    def feed():
        number = 0
        while not stop.is_set():
            number += 1
            live.top(str(90 + number % 20), str(91 + number % 20))

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        for number in range(300):
            side = "buy" if number % 2 else "sell"
            live.paper.submit(intent(side, amount=D("0.1"), client_order_id=str(number)))
    finally:
        stop.set()
        feeder.join()
    live.paper.venue.check()
    assert len(live.paper.fills(SYMBOL, START)) >= 300
