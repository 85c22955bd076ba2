"""Sizers: what they risk, how they round, and that Backtrader takes them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import backtrader as bt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.model import Instrument, Market
from real_trade.risk import ATRSizer, FixedRatioSizer, KellySizer
from real_trade.risk.sizing import kelly_share, risk_size
from real_trade.utils.errors import ConfigurationError

DAY = date(2026, 1, 1)
STEPPED = Instrument(
    symbol="BTC/USDT",
    native="BTCUSDT",
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.01",
    amount_step="0.001",
    min_notional="5",
)


class Broker:
    def __init__(self, value):
        self.value = value

    def getvalue(self):
        return self.value


class Line(list):
    def __getitem__(self, ago):
        return list.__getitem__(self, len(self) - 1 + ago)


class Data:
    def __init__(self, closes, instrument=None, width=0):
        self.close = Line(closes)
        self.high = Line([close + width for close in closes])
        self.low = Line([close - width for close in closes])
        self.instrument = instrument

    def __len__(self):
        return len(self.close)


def test_a_fixed_ratio_without_a_stop_is_the_position_s_share():
    assert FixedRatioSizer().calc_size(Broker(10_000), Data([100])) == 2.0


def test_with_a_stop_the_size_follows_from_its_distance():
    sizer = FixedRatioSizer(risk_pct=0.02, max_position_pct=1.0)
    assert sizer.calc_size(Broker(10_000), Data([100]), stop_price=95) == 40.0
    assert sizer.calc_size(Broker(10_000), Data([100]), stop_price=99.9) == 100.0  # all of equity


def test_positional_arguments_are_the_seed_s():
    assert FixedRatioSizer(0.1, 0.05).calc_size(Broker(10_000), Data([100])) == 5.0


def test_the_size_is_rounded_down_to_the_instrument_s_step():
    assert FixedRatioSizer().calc_size(Broker(10_000), Data([70_000], STEPPED)) == 0.002


def test_what_would_be_too_small_for_the_exchange_is_nothing():
    assert FixedRatioSizer().calc_size(Broker(249), Data([100], STEPPED)) == 0.0
    assert FixedRatioSizer().calc_size(Broker(250), Data([100], STEPPED)) == 0.05


@pytest.mark.parametrize("value", [0, -5, float("nan"), float("inf"), None])
@pytest.mark.parametrize("sizer", [FixedRatioSizer, KellySizer, ATRSizer])
def test_no_equity_no_size(sizer, value):
    assert sizer().calc_size(Broker(value), Data([100] * 20)) == 0.0


@pytest.mark.parametrize("price", [0, -1, float("nan")])
def test_no_price_no_size(price):
    assert FixedRatioSizer().calc_size(Broker(10_000), Data([price])) == 0.0


@pytest.mark.parametrize("stop", [float("nan"), 100])
def test_a_stop_that_is_none_gives_no_size(stop):
    assert FixedRatioSizer().calc_size(Broker(10_000), Data([100]), stop_price=stop) == 0.0


@pytest.mark.parametrize("options", [{"risk_pct": 2}, {"risk_pct": -0.1}, {"max_position_pct": 3}])
def test_C13_shares_that_are_none_are_refused_at_once(options):
    with pytest.raises(ConfigurationError):
        FixedRatioSizer(**options)


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match="risk_pct"):
        FixedRatioSizer(risk=0.1)
    with pytest.raises(TypeError):
        FixedRatioSizer(0.1, 0.2, 0.3)


@given(
    equity=st.decimals(min_value=1, max_value=10**7, places=2),
    price=st.decimals(min_value="0.01", max_value=10**5, places=2),
    distance=st.none() | st.decimals(min_value="0.01", max_value=10**4, places=2),
)
def test_S10_a_size_never_risks_more_and_is_a_multiple_of_the_step(equity, price, distance):
    risk, most = Decimal("0.02"), Decimal("0.3")
    size = risk_size(
        equity=equity,
        price=price,
        risk=risk,
        max_position=most,
        stop_distance=distance,
        instrument=STEPPED,
    )
    assert size % STEPPED.amount_step == 0
    assert size * price <= equity * most
    assert size * (price if distance is None else distance) <= equity * risk
    # One step more would be too much, unless the exchange would have refused it as too small.
    more = size + STEPPED.amount_step
    too_much = more * price > equity * most or (
        more * (price if distance is None else distance) > equity * risk
    )
    assert too_much or size == 0


def test_inverse_contracts_are_sized_in_the_asset_that_equity_is_in():
    inverse = Instrument(
        symbol="BTC/USD:BTC",
        native="BTCUSD_PERP",
        base="BTC",
        quote="USD",
        settle="BTC",
        market=Market.DELIVERY,
        price_step="0.1",
        amount_step="1",
        contract_size="100",
    )
    size = risk_size(
        equity=Decimal(1),
        price=Decimal(50_000),
        risk=Decimal("0.02"),
        max_position=Decimal(1),
        instrument=inverse,
    )
    assert size == 10  # 1000 dollars of 50,000


def test_kelly_uses_the_risk_share_until_it_has_enough_trades():
    sizer = KellySizer(min_trades=4)
    assert sizer.calc_size(Broker(10_000), Data([100])) == 2.0
    for pnl in (20, 20, 20, -20):
        sizer.record_trade(pnl)
    # W = 3/4, R = 1: K = 1/2, half of it is 1/4
    assert sizer.calc_size(Broker(10_000), Data([100])) == 25.0


def test_kelly_without_an_edge_is_nothing():
    sizer = KellySizer(min_trades=2)
    sizer.record_trade(10)
    sizer.record_trade(-20)
    assert sizer.calc_size(Broker(10_000), Data([100])) == 0.0
    assert kelly_share([Decimal(1)] * 30) == 0  # all wins tell nothing of losses


def test_kelly_is_capped():
    sizer = KellySizer(min_trades=2, fraction=1.0)
    for pnl in (100, 100, 100, -1):
        sizer.record_trade(pnl)
    assert sizer.calc_size(Broker(10_000), Data([100])) == 30.0


def test_kelly_refuses_a_profit_that_is_no_number():
    with pytest.raises(ConfigurationError):
        KellySizer().record_trade(float("nan"))


def test_atr_sizes_by_the_range_of_recent_bars():
    closes = [100] * 15
    sizer = ATRSizer(multiplier=2.0)
    # true range 2 x 2.5 = 5, stop 10 away, 200 at risk
    assert sizer.calc_size(Broker(10_000), Data(closes, width=2.5)) == 20.0
    assert sizer.calc_size(Broker(10_000), Data(closes[:14], width=2.5)) == 0.0
    closes[3] = float("nan")
    assert sizer.calc_size(Broker(10_000), Data(closes, width=2.5)) == 0.0


def test_atr_sees_gaps():
    sizer = ATRSizer(atr_period=1)
    assert sizer.calc_size(Broker(10_000), Data([90, 100], width=0)) == 10.0


# In Backtrader


class Feed(bt.feeds.DataBase):
    """Bars from a list of closes."""

    closes = (100.0,) * 10

    def start(self):
        super().start()
        self._left = list(self.closes)

    def _load(self):
        if not self._left:
            return False
        close = self._left.pop(0)
        count = len(self.closes) - len(self._left)
        self.lines.datetime[0] = bt.date2num(DAY + timedelta(days=count))
        for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close):
            line[0] = close
        self.lines.volume[0] = 1
        return True


class BuyThenSell(bt.Strategy):
    def __init__(self):
        self.sizes = []

    def next(self):
        if len(self) in {2, 6}:
            self.buy()
        if len(self) in {4, 8}:
            self.sell()

    def notify_order(self, order):
        if order.status == order.Completed:
            self.sizes.append(order.executed.size)


def run(sizer, commission=0.0, **options):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(Feed())
    cerebro.addstrategy(BuyThenSell)
    cerebro.addsizer(sizer, **options)
    cerebro.broker.setcash(10_000)
    cerebro.broker.setcommission(commission)
    [strategy] = cerebro.run()
    return strategy.sizes


def test_a_sizer_sizes_backtrader_s_orders_and_sells_what_it_bought():
    assert run(FixedRatioSizer, risk_pct=0.1) == [10.0, -10.0, 10.0, -10.0]


def test_a_sizer_spends_no_more_than_the_cash_with_its_fee():
    sizes = run(FixedRatioSizer, commission=0.001, risk_pct=1.0)
    assert len(sizes) == 4
    assert sizes[0] == pytest.approx(10_000 / 100.1, abs=1e-8)


def test_kelly_learns_from_the_strategy_s_own_trades():
    sizes = run(KellySizer, commission=0.001, min_trades=1)
    assert sizes[:2] == [2.0, -2.0]
    assert len(sizes) == 2  # it lost its fees, so there is no edge, and no second trade


def test_a_feed_of_ours_tells_its_instrument_through_its_store():
    from real_trade.risk.sizers import instrument_of_data

    exchange = SimpleNamespace(instruments=lambda: {"BTC/USDT": STEPPED})
    data = SimpleNamespace(store=SimpleNamespace(exchange=exchange), symbol="BTC/USDT")
    assert instrument_of_data(data) is STEPPED
    assert instrument_of_data(SimpleNamespace()) is None
