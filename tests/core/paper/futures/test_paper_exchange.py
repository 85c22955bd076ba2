"""The paper exchange on futures, as a client sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from real_trade.exchange import (
    Capabilities,
    ConfigurationError,
    InsufficientFunds,
    InvalidOrder,
    Subscription,
    UnknownSymbol,
)
from real_trade.model import (
    AccountUpdate,
    Bar,
    Channel,
    Market,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Ticker,
    Timeframe,
    TopOfBook,
)
from real_trade.paper import FuturesModel, PaperExchange
from real_trade.runtime import VirtualClock

from .conftest import INVERSE, LINEAR, make_instruments

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
LINEAR_ONE, INVERSE_ONE, QUARTERLY_ONE = make_instruments()


def intent(side, amount, kind="market", **fields):
    values = {"client_order_id": fields.pop("id", "one"), "symbol": LINEAR, **fields}
    return OrderIntent(
        side=Side(side), type=OrderType(kind), amount=D(amount), created_at=START, **values
    )


def bar(number, opened, high, low, close, symbol=LINEAR):
    return Bar(
        symbol=symbol,
        timeframe=Timeframe.H1,
        open_time=START + timedelta(hours=number),
        open=D(opened),
        high=D(high),
        low=D(low),
        close=D(close),
        volume=D(1000),
    )


@pytest.fixture
def backtest():
    paper = PaperExchange(
        balances={"USDT": D(10_000)},
        instruments=[LINEAR_ONE],
        futures=FuturesModel(leverage=10),
    )
    paper.on_bar(bar(0, 50000, 50000, 50000, 50000))
    return paper


def test_capabilities_are_those_of_futures(backtest):
    found = backtest.capabilities
    assert (found.short, found.reduce_only, found.post_only, found.quote_amount) == (
        True,
        True,
        True,
        False,
    )
    spot = PaperExchange(balances={}, source=_Source({}), clock=VirtualClock())
    assert not spot.capabilities.short


def test_short_position_of_a_backtest_earns_when_the_price_falls(backtest):
    backtest.submit(intent("sell", "1"))
    backtest.on_bar(bar(1, 50000, 50000, 49000, 49000))
    (position,) = backtest.positions()
    assert (position.amount, position.entry_price, position.mark_price) == (-1, 50000, 49000)
    assert position.leverage == 10
    balance = backtest.balances()["USDT"]
    assert balance.total == 9975  # 50000 x 0.0005
    backtest.submit(intent("buy", "1", id="two", reduce_only=True))
    backtest.on_bar(bar(2, 49000, 49000, 49000, 49000))
    assert backtest.positions() == []
    assert backtest.balances()["USDT"].total == D("10950.5")
    backtest.venue.check()


def test_order_beyond_the_margin_is_insufficient_funds(backtest):
    with pytest.raises(InsufficientFunds):
        backtest.submit(intent("buy", "2.1"))


def test_reduce_only_without_a_position_is_refused(backtest):
    with pytest.raises(InvalidOrder, match="reduces nothing"):
        backtest.submit(intent("sell", "1", reduce_only=True))


def test_low_of_a_bar_liquidates_though_its_close_is_fine(backtest):
    backtest.submit(intent("buy", "1"))
    backtest.on_bar(bar(1, 50000, 50000, 30000, 50000))
    assert backtest.positions() == []
    assert backtest.balances() == {}
    backtest.venue.check()


def test_stop_and_target_of_a_bracket_leave_no_position(backtest):
    backtest.submit(intent("buy", "0.1"))
    backtest.on_bar(bar(1, 50000, 50000, 50000, 50000))
    backtest.submit(intent("sell", "0.1", "stop", id="stop", stop_price=D(49000), reduce_only=True))
    backtest.submit(intent("sell", "0.1", "limit", id="top", price=D(52000), reduce_only=True))
    backtest.on_bar(bar(2, 50000, 53000, 48000, 50000))
    assert backtest.positions() == []
    states = {backtest.order(LINEAR, one).state for one in ("stop", "top")}
    assert states == {OrderState.FILLED, OrderState.EXPIRED}


def test_funding_is_paid_for_each_interval_only_if_asked_for():
    def paid(**model):
        paper = PaperExchange(
            balances={"USDT": D(10_000)},
            instruments=[LINEAR_ONE],
            futures=FuturesModel(leverage=10, **model),
        )
        for number in range(26):
            paper.on_bar(bar(number, 50000, 50000, 50000, 50000))
            if not number:
                paper.submit(intent("buy", "0.1"))
        return D("9997.5") - paper.balances()["USDT"].total

    assert paid() == 0
    assert paid(funding_rate="0.0001") == D("1.5")  # at 8, 16 and 24 h


def test_inverse_profit_is_in_the_coin():
    paper = PaperExchange(balances={"BTC": D(1)}, instruments=[INVERSE_ONE])
    paper.on_bar(bar(0, 40000, 40000, 40000, 40000, INVERSE))
    paper.submit(intent("buy", "10", symbol=INVERSE))
    paper.on_bar(bar(1, 40000, 50000, 40000, 50000, INVERSE))
    report = paper.order(INVERSE, "one")
    assert report.average_price == 40000
    paper.submit(intent("sell", "10", symbol=INVERSE, id="two"))
    paper.on_bar(bar(2, 50000, 50000, 50000, 50000, INVERSE))
    fees = D(1000) / 40000 * D("0.0005") + D(1000) / 50000 * D("0.0005")
    assert abs(paper.balances()["BTC"].total - (1 + D("0.005") - fees)) < D("1e-12")


def test_live_data_fill_and_tell_wallet_and_position():
    paper = PaperExchange(
        balances={"USDT": D(10_000)},
        source=_Source({LINEAR: LINEAR_ONE}),
        clock=VirtualClock(),
        market=Market.FUTURE,
        futures=FuturesModel(leverage=5),
    )
    paper.connect()
    told: list[object] = []
    paper.stream([Subscription(Channel.ACCOUNT)], told.append)
    report = paper.submit(intent("sell", "0.5"))
    assert report.state is OrderState.FILLED
    (update,) = [one for one in told if isinstance(one, AccountUpdate)]
    assert update.reason == "order"
    assert update.positions[0].amount == D("-0.5")
    reports = [one for one in told if isinstance(one, OrderReport)]
    assert told.index(update) < told.index(reports[-1])
    fee = report.fills[0].price * D("0.5") * D("0.0005")
    assert update.balances[0].total == 10_000 - fee


def test_one_account_is_for_one_market():
    with pytest.raises(ConfigurationError, match="one market"):
        PaperExchange(balances={}, instruments=[LINEAR_ONE, INVERSE_ONE])
    with pytest.raises(ConfigurationError, match="one market"):
        PaperExchange(balances={}, instruments=[LINEAR_ONE], market=Market.SPOT)
    paper = PaperExchange(
        balances={"USDT": D(1)},
        source=_Source({INVERSE: INVERSE_ONE}),
        clock=VirtualClock(),
        market=Market.FUTURE,
    )
    paper.connect()
    with pytest.raises(UnknownSymbol, match="delivery"):
        paper.submit(intent("buy", "1", symbol=INVERSE))


@pytest.mark.parametrize("leverage", [0, 126])
def test_leverage_that_no_bracket_allows_is_refused(leverage):
    with pytest.raises(ConfigurationError, match="leverage"):
        PaperExchange(
            balances={}, instruments=[LINEAR_ONE], futures=FuturesModel(leverage=leverage)
        )


def test_futures_options_on_spot_are_refused():
    with pytest.raises(ConfigurationError, match="spot"):
        PaperExchange(
            balances={},
            source=_Source({}),
            clock=VirtualClock(),
            futures=FuturesModel(),
        )


class _Source:
    """Only what a paper exchange asks of its source here."""

    name = "source"
    capabilities = Capabilities()

    def __init__(self, instruments):
        self._instruments = instruments

    def connect(self):
        """Nothing to load."""

    def instruments(self):
        return self._instruments

    def ticker(self, symbol):
        return Ticker(symbol=symbol, last=D(50000), bid=D(50000), ask=D(50000), time=START)

    def stream(self, subscriptions, sink):
        raise AssertionError(f"not asked to stream {TopOfBook} of {subscriptions} to {sink}")
