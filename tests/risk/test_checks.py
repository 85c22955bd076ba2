"""Each limit: what is within it passes, what is above it is denied in words that help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from real_trade.model import Balance, Mode, OrderState, OrderType, Position, Side
from real_trade.plugins import AccountView

BUY, SELL = Side.BUY, Side.SELL


def test_an_order_above_its_value_is_denied_with_value_limit_and_remedy(world):
    one = world(max_order_value=5000)
    assert one.ask(BUY, 50) is None
    denial = one.ask(BUY, 51)
    assert denial.code == "max_order_value"
    for word in ("5100 USDT", "max_order_value 5000", "send at most 50"):
        assert word in denial.reason


def test_an_order_above_its_share_of_equity_is_denied(world):
    one = world(max_order_pct="10%")
    assert one.ask(BUY, 10) is None
    denial = one.ask(BUY, 10.001)
    assert denial.code == "max_order_pct"
    assert "10.00%" in denial.reason


def test_a_limit_order_counts_at_its_own_price(world):
    one = world(max_order_value=1000)
    assert one.ask(BUY, 11, price="90") is None
    assert one.ask(BUY, 11, price="91").code == "max_order_value"


def test_an_order_by_quote_amount_counts_what_it_spends(world):
    one = world(max_order_value=1000)
    assert one.ask(BUY, None, quote_amount="1000") is None
    assert one.ask(BUY, None, quote_amount="1001").code == "max_order_value"


def test_slippage_makes_a_market_order_worth_more(world):
    one = world(max_order_value=1000, slippage_pct="1%")
    assert one.ask(BUY, 9.9) is None
    assert one.ask(BUY, 10).code == "max_order_value"


def test_S5_a_position_counts_with_orders_that_were_only_sent(world):
    one = world(max_position_value=1000)
    one.send(BUY, 4)
    one.send(BUY, 6, price="100")
    denial = one.ask(BUY, 0.001)
    assert denial.code == "max_position_value"
    assert "1000.1 USDT" in denial.reason


def test_S5_orders_that_were_let_through_but_not_seen_yet_count(world):
    one = world(max_position_value=1000)
    assert one.ask(BUY, 6) is None
    assert one.ask(BUY, 6).code == "max_position_value"


def test_S5_an_unknown_order_counts_in_full_until_it_is_proved_absent(world):
    one = world(max_position_value=1000)
    name = one.send(BUY, 6)
    one.become(name, OrderState.UNKNOWN)
    assert one.ask(BUY, 6).code == "max_position_value"
    one.become(name, OrderState.REJECTED, "it never arrived")
    assert one.ask(BUY, 6) is None


def test_S5_a_cancel_that_is_asked_for_releases_nothing_until_it_is_confirmed(world):
    one = world(max_position_value=1000)
    name = one.send(BUY, 10, price="99")
    one.become(name, OrderState.PENDING_CANCEL)
    assert one.ask(BUY, 1).code == "max_position_value"
    one.become(name, OrderState.CANCELED)
    assert one.ask(BUY, 1) is None


def test_S5_a_canceled_order_whose_fills_are_missing_still_counts(world):
    import attrs

    one = world(max_position_value=1000)
    name = one.send(BUY, 10, price="99")
    one.orders[name] = attrs.evolve(one.orders[name], reported_filled="4")
    one.become(name, OrderState.CANCELED)
    assert one.ask(BUY, 6.001).code == "max_position_value"
    assert one.ask(BUY, 6) is None


def test_S5_a_fill_moves_from_order_to_position_and_counts_once(world):
    one = world(max_position_value=1000)
    name = one.send(BUY, 8)
    one.fill(name, 3)
    assert one.ask(BUY, 2.001).code == "max_position_value"
    one.fill(name)
    assert one.ask(BUY, 2) is None


def test_S5_both_directions_count_on_derivatives(world):
    one = world(market="BTC/USDT:USDT", max_position_value=1000)
    one.trade(BUY, 5)
    one.send(SELL, 12, price="101")  # leads to 7 short at most
    one.send(BUY, 5, price="99")  # leads to 10 long at most
    assert one.ask(BUY, 0.001, price="99").code == "max_position_value"
    assert one.ask(SELL, 3.001, price="100").code == "max_position_value"
    assert one.ask(SELL, 3, price="100") is None


def test_a_position_above_its_share_of_equity_is_denied(world):
    one = world(max_position_pct="30%")
    one.trade(BUY, 20)
    assert one.ask(BUY, 10.001).code == "max_position_pct"
    assert one.ask(BUY, 10) is None


def test_the_total_counts_all_symbols(world):
    one = world(max_total_value=1000)
    one.list("ETH/USDT", 10)
    one.trade(BUY, 5)
    one.send(BUY, 20, symbol="ETH/USDT")
    denial = one.ask(BUY, 30.1, symbol="ETH/USDT")
    assert denial.code == "max_total_value"
    assert one.ask(BUY, 30, symbol="ETH/USDT") is None


def test_the_total_converts_other_quote_assets_or_denies(world):
    one = world(max_total_pct="50%")
    one.list("ETH/BTC", "0.1")
    one.trade(BUY, 10)
    one.positions["ETH/BTC"] = Position(symbol="ETH/BTC", amount="300", entry_price="0.1")
    assert one.ask(BUY, 10.001).code == "max_total_pct"  # 300 ETH at 0.1 BTC at 100 USDT is 3000
    assert one.ask(BUY, 10) is None
    del one.prices["ETH/BTC"]
    one.positions["ETH/EUR"] = Position(symbol="ETH/EUR", amount="1", entry_price="10")
    denial = one.ask(BUY, 1)
    assert denial.code == "unpriced"
    assert "EUR in USDT" in denial.reason


def test_leverage_is_the_total_to_equity(world):
    one = world(market="BTC/USDT:USDT", max_leverage="3x")
    one.trade(SELL, 250)
    assert one.ask(SELL, 50) is None
    assert one.ask(SELL, 1).code == "max_leverage"


def test_inverse_contracts_are_measured_in_the_asset_that_equity_is_in(world):
    one = world(market="BTC/USD:BTC", max_leverage="2x", max_order_value=10_000)
    one.equity = one.cash = Decimal(10)  # bitcoin; one contract is 100 dollars, 1 bitcoin at 100
    assert one.ask(BUY, 101).code == "max_order_value"
    assert one.ask(BUY, 20) is None
    assert one.ask(BUY, 1).code == "max_leverage"


@pytest.mark.parametrize(
    ("side", "price", "passes"),
    [
        (BUY, "102", True),
        (BUY, "102.01", False),
        (BUY, "50", True),
        (SELL, "98", True),
        (SELL, "97.99", False),
        (SELL, "500", True),
    ],
)
def test_S11_a_price_too_far_to_the_worse_side_is_denied(world, side, price, passes):
    one = world(market="BTC/USDT:USDT", max_price_deviation="2%")
    denial = one.ask(side, 1, price=price)
    assert (denial is None) is passes
    if denial is not None:
        assert denial.code == "max_price_deviation"


def test_the_limit_of_a_stop_is_measured_from_its_trigger(world):
    one = world(max_price_deviation="2%")
    stop = {"type": OrderType.STOP_LIMIT, "stop_price": "120"}
    assert one.ask(BUY, 1, price="122", **stop) is None
    assert one.ask(BUY, 1, price="123", **stop).code == "max_price_deviation"


def test_V04_an_enormous_amount_is_denied_in_plain_figures(world):
    denial = world(max_order_value=5000).ask(BUY, "1e30")
    assert denial.code == "max_order_value"
    assert "E+" not in denial.reason


def test_an_amount_above_its_part_of_recent_volume_is_denied(world):
    one = world(max_volume_pct="10%", volume_bars=2)
    waiting = one.ask(BUY, 1)
    assert waiting.code == "unpriced"
    assert "wait" in waiting.reason
    for volume in (1000, 20, 40):
        one.bar(volume)
    assert one.ask(BUY, 3) is None
    denial = one.ask(BUY, 3.001)
    assert denial.code == "max_volume_pct"
    assert "send at most 3" in denial.reason


def test_S13_orders_above_their_rate_are_denied_until_time_has_passed(world):
    one = world(max_order_rate="3/1s")
    for _ in range(3):
        assert one.ask(BUY, 1) is None
        one.pass_time(milliseconds=100)
    denial = one.ask(BUY, 1)
    assert denial.code == "max_order_rate"
    assert "3/1s" in denial.reason
    one.pass_time(milliseconds=700)
    assert one.ask(BUY, 1) is None
    assert one.ask(BUY, 1).code == "max_order_rate"


def test_S13_cancels_above_their_rate_are_denied(world):
    one = world(max_cancel_rate="2/1m")
    name = one.send(BUY, 1)
    for _ in range(2):
        assert one.guard.check_cancel(one.orders[name], one.view()) is None
    assert one.guard.check_cancel(one.orders[name], one.view()).code == "max_cancel_rate"
    one.pass_time(minutes=1)
    assert one.guard.check_cancel(one.orders[name], one.view()) is None


def test_V10_turnover_counts_what_filled_and_what_still_may(world):
    one = world(max_daily_turnover=1000)
    one.trade(BUY, 3)
    one.trade(SELL, 3)  # an exit is not counted
    one.send(BUY, 5, price="99")
    denial = one.ask(BUY, 2.1)
    assert denial.code == "max_daily_turnover"
    one.pass_time(days=1)
    assert one.ask(BUY, 5) is None  # only the open order is carried over


def test_daily_trades_count_entries_that_filled_or_may(world):
    one = world(max_daily_trades=2)
    one.trade(BUY, 1)
    one.trade(SELL, 1)
    waiting = one.send(BUY, 1, price="99")
    assert one.ask(BUY, 1).code == "max_daily_trades"
    one.become(waiting, OrderState.CANCELED)
    one.trade(BUY, 1)
    assert one.ask(BUY, 1).code == "max_daily_trades"
    one.pass_time(hours=14)
    assert one.ask(BUY, 1) is None


def test_a_trade_may_lose_no_more_than_its_limit_at_the_stop(world):
    one = world(max_trade_loss_pct="1%", stop_loss_pct="5%")
    assert one.ask(BUY, 20.001).code == "max_trade_loss_pct"
    assert one.ask(BUY, 20) is None


def test_without_a_stop_all_of_a_trade_may_be_lost(world):
    one = world(max_trade_loss=100)
    denial = one.ask(BUY, 1.001)
    assert denial.code == "max_trade_loss"
    assert "stop_loss_pct" in denial.reason
    assert one.ask(BUY, 1) is None


def test_cash_that_must_stay_counts_all_open_orders(world):
    one = world(min_free_balance=4000)
    one.send(BUY, 30, price="100")
    assert one.ask(BUY, 30.001).code == "min_free_balance"
    assert one.ask(BUY, 30) is None
    share = world(min_free_balance_pct="40%")
    assert share.ask(BUY, 60.1).code == "min_free_balance_pct"
    assert share.ask(BUY, 60) is None


def test_a_derivative_binds_its_margin_only(world):
    one = world(market="BTC/USDT:USDT", min_free_balance=9000)
    one.positions[one.symbol] = Position(symbol=one.symbol, leverage="10")
    assert one.ask(BUY, 100) is None
    assert one.ask(BUY, 1).code == "min_free_balance"


def test_liquidation_must_stay_away_on_derivatives(world):
    one = world(market="BTC/USDT:USDT", min_liquidation_distance="20%")
    assert one.ask(BUY, 476) is None  # 10000 / 47600 less 1 % is just above 20 %
    assert one.ask(BUY, 5).code == "min_liquidation_distance"
    assert world(min_liquidation_distance="20%").ask(BUY, 1000) is None


def test_liquidation_as_the_exchange_tells_it_counts_too(world):
    one = world(market="BTC/USDT:USDT", min_liquidation_distance="20%")
    one.positions[one.symbol] = Position(
        symbol=one.symbol, amount="1", entry_price="100", liquidation_price="85"
    )
    assert "15.00%" in one.ask(BUY, 1).reason
    one.positions[one.symbol] = Position(symbol=one.symbol, leverage="20")
    assert "4.00%" in one.ask(BUY, 1).reason


def test_only_allowed_symbols_and_sides_may_be_entered(world):
    one = world(market="BTC/USDT:USDT", allowed_symbols=["BTC/USDT:USDT"], allowed_sides=["buy"])
    one.list("ETH/USDT:USDT", 10)
    assert one.ask(BUY, 1, symbol="ETH/USDT:USDT").code == "allowed_symbols"
    assert one.ask(SELL, 1).code == "allowed_sides"
    assert one.ask(BUY, 1) is None


def test_entries_are_allowed_in_trading_hours_only(world):
    one = world(trading_hours="Mon-Fri 09:00-10:30")
    assert one.ask(BUY, 1) is None
    one.pass_time(minutes=30)
    denial = one.ask(BUY, 1)
    assert denial.code == "trading_hours"
    assert "Wed 10:30 UTC" in denial.reason


def test_hours_past_midnight_belong_to_the_day_they_began(world):
    one = world(trading_hours="Wed 22:00-02:00")
    assert one.ask(BUY, 1).code == "trading_hours"
    one.pass_time(hours=15, minutes=59)  # Thursday 01:59
    assert one.ask(BUY, 1) is None
    one.pass_time(minutes=1)
    assert one.ask(BUY, 1).code == "trading_hours"


# Bad input


@pytest.mark.parametrize("figure", ["NaN", "Infinity"])
def test_equity_that_is_no_number_cannot_even_be_shown_to_a_guard(figure):
    with pytest.raises(ValueError, match="not finite"):
        AccountView(
            mode=Mode.LIVE, time=datetime(2026, 1, 1, tzinfo=UTC), cash="1", equity=Decimal(figure)
        )


@pytest.mark.parametrize("equity", ["0", "-5"])
def test_equity_of_nothing_denies_what_is_a_share_of_it(world, equity):
    one = world(max_position_pct="30%")
    one.equity = Decimal(equity)
    denial = one.ask(BUY, 1)
    assert denial.code == "unpriced"
    assert equity in denial.reason


@pytest.mark.parametrize("price", ["0", "-1"])
def test_a_price_of_nothing_denies(world, price):
    one = world(max_order_value=5000)
    one.prices[one.symbol] = Decimal(price)
    denial = one.ask(BUY, 1)
    assert denial.code == "unpriced"
    assert "no price" in denial.reason


def test_a_missing_price_denies_and_names_the_limit(world):
    one = world(max_position_pct="30%")
    one.prices.clear()
    denial = one.ask(BUY, 1)
    assert denial.code == "unpriced"
    assert "max_position_pct cannot be checked" in denial.reason


def test_S4_a_price_that_is_too_old_denies(world, start):
    one = world(max_order_value=5000, max_reference_age="30s")
    one.priced_at[one.symbol] = start - timedelta(seconds=30)
    assert one.ask(BUY, 1) is None
    one.priced_at[one.symbol] = start - timedelta(seconds=31)
    denial = one.ask(BUY, 1)
    assert denial.code == "unpriced"
    assert "31 s old" in denial.reason


def test_a_derivative_that_nobody_described_denies_the_total(world):
    one = world(max_total_pct="50%")
    one.positions["X/USDT:USDT"] = Position(symbol="X/USDT:USDT", amount="1", entry_price="1")
    assert "contract of X/USDT:USDT" in one.ask(BUY, 1).reason


def test_live_without_limits_lets_only_exits_through(world):
    one = world(mode=Mode.LIVE)
    one.positions[one.symbol] = Position(symbol=one.symbol, amount="1", entry_price="100")
    assert one.ask(BUY, 1).code == "no_limits"
    assert one.ask(SELL, 1) is None


def test_without_limits_other_modes_pass_everything(world):
    one = world(mode=Mode.BACKTEST)
    one.prices.clear()
    assert one.ask(BUY, "1e9") is None


@pytest.mark.parametrize("mode", list(Mode))
def test_the_verdict_is_the_same_in_every_mode(world, mode):
    one = world(mode=mode, max_position_pct="30%", max_order_value=2000, max_daily_trades=2)
    verdicts = [one.ask(BUY, amount) for amount in (21, 15, 16, 1, 1)]
    assert [verdict and verdict.code for verdict in verdicts] == [
        *("max_order_value", None, "max_position_pct"),
        *(None, "max_daily_trades"),
    ]


# Exits


def everything_forbidden(**market):
    return {
        "max_order_value": 1,
        "max_position_value": 1,
        "max_total_value": 1,
        "max_price_deviation": "0.01%",
        "max_volume_pct": "1%",
        "max_order_rate": "1/1d",
        "max_daily_trades": 1,
        "max_daily_turnover": 1,
        "max_trade_loss": 1,
        "min_free_balance": 10**9,
        "min_liquidation_distance": "99%",
        "allowed_symbols": ["ETH/USDT"],
        "allowed_sides": ["buy"],
        "trading_hours": "00:00-00:01",
        **market,
    }


@pytest.mark.parametrize("market", ["BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC"])
@pytest.mark.parametrize("priced", [True, False])
def test_no_entry_limit_blocks_an_exit(world, market, priced):
    one = world(**everything_forbidden(market=market))
    one.positions[market] = Position(symbol=market, amount="5", entry_price="100")
    if not priced:
        one.prices.clear()
    one.send(SELL, 2)
    one.send(SELL, 3, price="50")
    assert one.ask(BUY, 1) is not None


def test_exits_of_a_short_pass(world):
    one = world(**everything_forbidden(market="BTC/USDT:USDT"))
    one.positions[one.symbol] = Position(symbol=one.symbol, amount="-5", entry_price="100")
    one.send(BUY, 5)


def test_orders_that_together_exceed_the_position_are_entries(world):
    one = world(market="BTC/USDT:USDT", allowed_sides=["buy"])
    one.trade(BUY, 5)
    one.send(SELL, 3, price="110")
    assert one.ask(SELL, 2.001).code == "allowed_sides"
    assert one.ask(SELL, 2) is None
    assert one.ask(SELL, 1).code == "allowed_sides"
    assert one.ask(SELL, 5, reduce_only=True) is None


def test_on_spot_what_is_held_may_be_sold_whoever_bought_it(world):
    one = world(allowed_sides=["buy"])
    one.balances["BTC"] = Balance(asset="BTC", free="2")
    assert one.ask(SELL, 2) is None
    assert one.ask(SELL, 2.001).code == "allowed_sides"
    assert one.ask(SELL, None, quote_amount="100") is None
