"""The broker on the paper venue: what a strategy is told, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import backtrader as bt
import pytest

from real_trade.paper import FeeAsset, FeeSchedule
from real_trade.utils.errors import ConfigurationError

D = Decimal
NO_FEE = FeeSchedule(maker=D(0), taker=D(0))
RECEIVED = FeeSchedule(maker=D("0.001"), taker=D("0.001"), asset=FeeAsset.RECEIVED)
Order = bt.Order


@pytest.fixture
def bars(kit):
    return kit.flat_bars([100] * 12)


def buy(**options):
    return lambda strategy: strategy.buy(**options)


def sell(**options):
    return lambda strategy: strategy.sell(**options)


def size_of(found):
    return found.broker.getposition(found.data).size


# Exact sizes


def test_three_buys_and_three_sales_of_a_tenth_close_the_trade_exactly(kit, bars):
    plan = {number: buy(size=0.1) for number in (1, 2, 3)}
    plan |= {number: sell(size=0.1) for number in (5, 6, 7)}
    sizes = {}

    def watch(strategy):
        sizes[len(strategy)] = strategy.position.size

    found = kit.run_backtest(bars, fees=NO_FEE, plan=plan, on_bar=watch)
    assert sizes[4] == 0.3
    assert sizes[8] == 0.0
    assert [trade.isclosed for trade in found.trades] == [False, True]
    assert found.trades[-1].size == 0.0
    assert found.broker.getcash() == 100000.0


def test_selling_a_small_part_less_than_all_leaves_that_part(kit, bars):
    plan = {1: buy(size=1.1), 3: sell(size=1.09999999)}
    found = kit.run_backtest(bars, fees=NO_FEE, plan=plan)
    assert size_of(found) == 1e-08


# Fees


def test_a_base_fee_makes_the_position_smaller_and_selling_it_closes_the_trade(kit, bars):
    plan = {1: buy(size=1), 3: lambda strategy: strategy.close()}
    found = kit.run_backtest(bars, fees=RECEIVED, plan=plan)
    bought, sold = (found.last(order) for order in found.sent)
    assert bought.status == Order.Completed
    assert bought.executed.size == 0.999
    assert bought.executed.remsize == 0.0
    assert bought.executed.comm == pytest.approx(0.1, abs=1e-15)
    assert sold.executed.size == -0.999
    assert size_of(found) == 0.0
    closed = found.trades[-1]
    assert closed.isclosed
    assert closed.commission == pytest.approx(0.1 + 0.0999, abs=1e-12)
    assert found.broker.getcash() == float(D(100000) - 100 + D("99.9") - D("0.0999"))


def test_a_base_fee_leaves_cash_exactly_at_the_price_paid(kit, bars):
    found = kit.run_backtest(bars, fees=RECEIVED, plan={1: buy(size=1)})
    assert found.broker.getcash() == 99900.0
    assert size_of(found) == 0.999
    assert found.broker.getvalue() == pytest.approx(99900 + 99.9)


def test_dust_below_one_step_closes_the_trade_and_still_counts_as_value(kit, bars):
    plan = {1: buy(size=1), 3: lambda strategy: strategy.close()}
    found = kit.run_backtest(
        bars, fees=RECEIVED, plan=plan, instrument=kit.instrument_of(amount_step="0.01")
    )
    assert size_of(found) == 0.0
    assert found.trades[-1].isclosed
    assert found.store.books.dust["BTC"] == D("0.009")
    cash = found.broker.getcash()
    assert found.broker.getvalue() == pytest.approx(cash + 0.009 * 100)
    assert found.exchange.balances()["BTC"].total == D("0.009")
    assert found.broker.get_paper_summary()["dust"] == {"BTC": "0.00900000"}


# Refusals: nothing reaches the exchange


class Reached:
    """Counts what the venue is asked."""

    def __init__(self, exchange):
        self.orders = []
        send = exchange.submit

        def submit(intent):
            self.orders.append(intent)
            return send(intent)

        exchange.submit = submit


def refused(kit, bars, act):
    """Do `act` at the second bar; return the order as last told and what reached the venue."""
    reached = []

    def spy(cerebro, store):
        reached.append(Reached(store.exchange))

    found = kit.run_backtest(bars, plan={2: act}, setup=spy)
    order = found.sent[0]
    assert found.told(order)[-1] == "Rejected"
    assert reached[0].orders == []
    assert found.broker.getcash() == 100000.0
    told = found.last(order)
    assert any(told.info.reason in str(note) for note in found.notes)
    return told


BAD = [float("nan"), float("inf"), 0, 0.0, -1, "1", True, None, [1]]


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("size", BAD, ids=repr)
def test_a_size_that_is_no_positive_number_is_rejected(kit, bars, side, size):
    order = refused(
        kit, bars, lambda s: getattr(s.broker, side)(s, s.data, size, exectype=Order.Market)
    )
    assert "size must be" in order.info.reason


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("price", [bad for bad in BAD if bad is not None], ids=repr)
@pytest.mark.parametrize("exectype", [Order.Limit, Order.Stop, Order.StopTrail])
def test_a_price_that_is_no_positive_number_is_rejected(kit, bars, side, exectype, price):
    order = refused(
        kit,
        bars,
        lambda s: getattr(s, side)(size=1, price=price, exectype=exectype, trailamount=1.0),
    )
    assert "price must be" in order.info.reason
    assert order.exectype == exectype


@pytest.mark.parametrize("price", [bad for bad in BAD if bad is not None], ids=repr)
def test_a_second_price_that_is_no_positive_number_is_rejected(kit, bars, price):
    order = refused(kit, bars, buy(size=1, price=100, plimit=price, exectype=Order.StopLimit))
    assert "plimit must be" in order.info.reason


@pytest.mark.parametrize("distance", ["1", True, float("nan"), -1.0], ids=repr)
def test_a_trail_that_is_no_positive_number_is_rejected(kit, bars, distance):
    order = refused(kit, bars, sell(size=1, exectype=Order.StopTrail, trailamount=distance))
    assert "trailamount must be" in order.info.reason


def test_a_trailing_order_without_a_distance_is_rejected(kit, bars):
    order = refused(kit, bars, buy(size=1, exectype=Order.StopTrail))
    assert "trail amount" in order.info.reason


def test_nan_through_the_strategys_own_buy_is_rejected(kit, bars):
    order = refused(kit, bars, buy(size=float("nan")))
    assert "size must be" in order.info.reason


@pytest.mark.parametrize("valid", ["tomorrow", True, -5.0, 1e12], ids=repr)
def test_a_validity_that_is_no_time_is_rejected(kit, bars, valid):
    order = refused(kit, bars, buy(size=1, price=90, exectype=Order.Limit, valid=valid))
    assert "valid must be" in order.info.reason


@pytest.mark.parametrize("exectype", [Order.Close, 99, "market"], ids=repr)
def test_a_type_that_exchanges_do_not_have_is_rejected_and_not_changed(kit, bars, exectype):
    order = refused(kit, bars, buy(size=1, exectype=exectype))
    assert "no counterpart" in order.info.reason
    assert order.exectype == exectype


def test_a_close_order_says_its_name(kit, bars):
    assert "Close" in refused(kit, bars, buy(size=1, exectype=Order.Close)).info.reason


def test_a_child_whose_parent_has_ended_is_rejected(kit, bars):
    def act(strategy):
        return strategy.sell(
            size=1, price=50, exectype=Order.Limit, parent=strategy.sent[0], transmit=True
        )

    found = kit.run_backtest(bars, plan={2: buy(size=1), 5: act})
    assert found.told(found.sent[1]) == ["Submitted", "Rejected"]
    assert "parent" in found.last(found.sent[1]).info.reason


def test_an_order_kept_back_by_transmit_false_is_told_of_once_it_is_transmitted(kit, bars):
    found = kit.run_backtest(bars, plan={2: buy(size=1, transmit=False)})
    assert found.told() == []
    assert found.broker.getcash() == 100000.0


def test_an_order_kept_back_can_be_canceled(kit, bars):
    def act(strategy):
        strategy.cancel(strategy.sent[0])

    found = kit.run_backtest(bars, plan={2: buy(size=1, transmit=False), 3: act})
    assert found.told() == ["Canceled"]


def test_a_child_of_a_refused_parent_is_refused(kit, bars):
    def act(strategy):
        return strategy.buy_bracket(size=1, price=100, stopprice=90, limitprice=110, tif="never")

    found = kit.run_backtest(bars, plan={2: act})
    assert [found.told(order)[-1] for order in found.sent[0]] == ["Rejected"] * 3
    assert "parent was refused" in found.last(found.sent[0][1]).info.reason


def test_an_unknown_time_in_force_is_rejected(kit, bars):
    order = refused(kit, bars, buy(size=1, price=90, exectype=Order.Limit, tif="tomorrow"))
    assert "known: GTC" in order.info.reason


def test_less_than_one_step_is_rejected(kit, bars):
    reason = refused(kit, bars, buy(size=1e-9)).info.reason
    assert "below one step" in reason


def test_an_order_that_costs_more_than_there_is_ends_in_margin(kit, bars):
    found = kit.run_backtest(bars, cash=50, plan={2: buy(size=1)})
    assert found.told() == ["Submitted", "Margin"]
    assert found.last(found.sent[0]).info.reason
    assert found.broker.getcash() == 50.0


# Sizes that are not named


def test_a_buy_without_a_size_spends_a_tenth_of_the_cash_and_a_sale_sells_it_all(kit, bars):
    found = kit.run_backtest(bars, fees=NO_FEE, plan={2: buy(), 5: sell()})
    bought, sold = (found.last(order) for order in found.sent)
    assert bought.executed.size == 100.0
    assert sold.executed.size == -100.0
    assert size_of(found) == 0.0


def test_a_sizer_of_the_user_is_left_alone(kit, bars):
    def setup(cerebro, store):
        cerebro.addsizer(bt.sizers.FixedSize, stake=3)

    found = kit.run_backtest(bars, plan={2: buy()}, setup=setup)
    assert found.last(found.sent[0]).executed.size == 3.0


def test_a_target_of_all_cash_buys_a_fraction(kit, bars):
    found = kit.run_backtest(
        bars, fees=NO_FEE, cash=50, plan={2: lambda s: s.order_target_percent(target=0.5)}
    )
    assert size_of(found) == 0.25


# Before the first bar


@pytest.mark.parametrize("size", [1, None])
def test_an_order_before_the_first_bar_is_a_clear_error(kit, bars, size):
    class Early(kit.Recorder):
        def start(self):
            self.buy(size=size)

    with pytest.raises(ConfigurationError, match="needs a bar") as caught:
        kit.run_backtest(bars, Early)
    assert "next()" in caught.value.remedy


def test_an_order_before_the_first_live_bar_is_a_clear_error(kit, exchange):
    class Early(kit.Recorder):
        def start(self):
            self.buy()

    with pytest.raises(ConfigurationError, match="needs a bar"):
        kit.run_live(exchange, Early)


# Cancels


def test_canceling_a_resting_limit_order_tells_canceled_and_frees_the_cash(kit, bars):
    plan = {
        2: buy(size=900, price=50, exectype=Order.Limit),
        4: lambda strategy: strategy.cancel(strategy.sent[0]),
        6: buy(size=900, price=101, exectype=Order.Limit),
    }
    found = kit.run_backtest(bars, plan=plan)
    assert found.told(found.sent[0]) == ["Submitted", "Accepted", "Canceled"]
    assert found.told(found.sent[2])[-1] == "Completed"


def test_canceling_what_has_ended_tells_nothing_more(kit, bars):
    plan = {2: buy(size=1), 5: lambda strategy: strategy.cancel(strategy.sent[0])}
    found = kit.run_backtest(bars, plan=plan)
    assert found.told(found.sent[0]) == ["Submitted", "Accepted", "Completed"]


def test_open_orders_are_those_that_still_rest(kit, bars):
    open_at = {}

    def watch(strategy):
        open_at[len(strategy)] = [order.ref for order in strategy.broker.open_orders]

    plan = {2: buy(size=1, price=50, exectype=Order.Limit)}
    found = kit.run_backtest(bars, plan=plan, on_bar=watch)
    assert open_at[1] == []
    assert open_at[4] == [found.sent[0].ref]


# What else Backtrader asks of a broker


def test_analyzers_and_observers_of_backtrader_work_on_this_broker(kit, bars):
    def setup(cerebro, store):
        for analyzer in (
            bt.analyzers.TradeAnalyzer, bt.analyzers.DrawDown, bt.analyzers.PyFolio,
            bt.analyzers.PositionsValue, bt.analyzers.TimeReturn,
        ):  # fmt: skip
            cerebro.addanalyzer(analyzer)
        cerebro.addobserver(bt.observers.Broker)
        cerebro.addobserver(bt.observers.Trades)
        cerebro.addwriter(bt.WriterStringIO)

    plan = {2: buy(size=1), 5: lambda strategy: strategy.close()}
    found = kit.run_backtest(bars, plan=plan, setup=setup)
    trades = found.analyzers.tradeanalyzer.get_analysis()
    assert trades.total.closed == 1
    assert trades.pnl.net.total == pytest.approx(-0.2)


def test_history_of_others_cannot_be_replayed_into_an_account(kit, bars):
    found = kit.run_backtest(bars)
    with pytest.raises(NotImplementedError, match="history"):
        found.broker.add_order_history([])
    with pytest.raises(NotImplementedError, match="history"):
        found.broker.set_fund_history([])


def test_a_foreign_feed_may_be_watched_but_not_traded(kit, bars):
    class Watched(bt.feed.DataBase):
        def start(self):
            super().start()
            self.rest = iter(bars)

        def _load(self):
            bar = next(self.rest, None)
            if bar is None:
                return False
            self.lines.datetime[0] = bt.date2num(bar.end_time.replace(tzinfo=None))
            self.lines.close[0] = 7.0
            return True

    def setup(cerebro, store):
        cerebro.adddata(Watched(), name="index")

    found = kit.run_backtest(bars, setup=setup, plan={3: buy(size=1)})
    assert found.told()[-1] == "Completed"
    with pytest.raises(ConfigurationError, match="no feed of this store"):
        kit.run_backtest(bars, setup=setup, plan={3: lambda s: s.buy(data=s.data1, size=1)})


def test_orders_on_a_resampled_copy_trade_the_symbol_behind_it(kit, bars):
    def setup(cerebro, store):
        cerebro.resampledata(cerebro.datas[0], timeframe=bt.TimeFrame.Minutes, compression=3)

    plan = {5: lambda s: s.buy(data=s.data1, size=1)}
    found = kit.run_backtest(bars, setup=setup, plan=plan)
    assert found.told()[-1] == "Completed"
    assert found.broker.getposition(found.data1).size == 1.0
    assert found.broker.getposition(found.data0).size == 1.0
