"""Locks after losses, in the order in which trades close."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.model import OrderType, Side
from real_trade.risk import Cooldown, LowProfitSymbols, MaxDrawdown, StoplossGuard
from real_trade.risk.trades import TradeBook

BUY, SELL = Side.BUY, Side.SELL
STOP = {"type": OrderType.STOP, "stop_price": "95"}


def lose(one, percent=5, symbol="BTC/USDT", **exit_order):
    """Buy at 100 and sell lower."""
    one.trade(BUY, 1, symbol=symbol)
    name = one.send(SELL, 1, symbol=symbol, **exit_order)
    one.fill(name, price=100 - percent)


def test_cooldown_locks_the_symbol_for_a_while(world):
    one = world(protections=[Cooldown(stop_duration="10m")])
    one.list("ETH/USDT")
    lose(one, -5)
    denial = one.ask(BUY, 1)
    assert denial.code == "cooldown"
    assert "BTC/USDT until 10:10:00Z" in denial.reason
    assert one.ask(BUY, 1, symbol="ETH/USDT") is None
    one.pass_time(minutes=10)
    assert one.ask(BUY, 1) is None


def test_a_lock_outlives_a_restart(world):
    one = world(protections=[Cooldown(stop_duration="10m")])
    lose(one)
    one.restart()
    assert one.ask(BUY, 1).code == "cooldown"


def test_a_lock_blocks_no_exit(world):
    one = world(protections=[Cooldown(stop_duration="10m")])
    one.trade(BUY, 2)
    one.trade(SELL, 2)
    one.list("ETH/USDT")
    one.trade(BUY, 1, symbol="ETH/USDT")
    one.trade(SELL, 1, symbol="ETH/USDT")


def test_stoploss_guard_locks_everything_after_losses_by_stop(world):
    one = world(protections=[StoplossGuard(trade_limit=2, lookback="1h", stop_duration="30m")])
    one.list("ETH/USDT")
    lose(one, **STOP)
    lose(one)  # closed by the strategy, not by a stop
    assert one.ask(BUY, 1) is None
    lose(one, **STOP)
    assert one.ask(BUY, 1).code == "stoploss_guard"
    assert one.ask(BUY, 1, symbol="ETH/USDT").code == "stoploss_guard"


def test_stoploss_guard_forgets_what_is_older_than_its_lookback(world):
    one = world(protections=[StoplossGuard(trade_limit=2, lookback="1h")])
    lose(one, **STOP)
    one.pass_time(hours=1)
    lose(one, **STOP)
    assert one.ask(BUY, 1) is None


def test_stoploss_guard_counts_over_a_restart(world):
    one = world(protections=[StoplossGuard(trade_limit=2, lookback="1h")])
    lose(one, **STOP)
    one.restart()
    lose(one, **STOP)
    assert one.ask(BUY, 1).code == "stoploss_guard"


def test_trades_older_than_every_lookback_are_forgotten(world):
    one = world(protections=[Cooldown(lookback="1h", stop_duration="1m")])
    for _ in range(5):
        lose(one)
        one.pass_time(hours=2)
    assert len(one.guard.memory.closed) == 1


def test_stoploss_guard_may_lock_one_symbol_or_one_side(world):
    guard = StoplossGuard(trade_limit=1, only_per_symbol=True, only_per_side=True)
    one = world(market="BTC/USDT:USDT", protections=[guard])
    one.list("ETH/USDT:USDT")
    lose(one, symbol="BTC/USDT:USDT", **STOP)
    assert one.ask(BUY, 1).code == "stoploss_guard"
    assert one.ask(SELL, 1) is None
    assert one.ask(BUY, 1, symbol="ETH/USDT:USDT") is None


def test_max_drawdown_locks_after_closed_trades_lost_too_much(world):
    one = world(protections=[MaxDrawdown(max_allowed_drawdown="1%", lookback="1h")])
    one.trade(BUY, 10)
    name = one.send(SELL, 10)
    one.equity = Decimal(9900)
    one.fill(name, price=90)
    assert one.ask(BUY, 1) is None  # exactly 1 % of 10,000
    one.trade(BUY, 1)
    name = one.send(SELL, 1)
    one.equity = Decimal(9890)
    one.ask(SELL, "0.001")
    one.fill(name, price=90)
    assert one.ask(BUY, 1).code == "max_drawdown"


def test_low_profit_symbols_locks_the_symbol_alone(world):
    one = world(protections=[LowProfitSymbols(trade_limit=2, required_profit="1%")])
    one.list("ETH/USDT")
    lose(one, -3)
    lose(one, 2.5)
    denial = one.ask(BUY, 1)
    assert denial.code == "low_profit_symbols"
    assert "0.50%" in denial.reason
    assert one.ask(BUY, 1, symbol="ETH/USDT") is None


def test_profit_that_suffices_locks_nothing(world):
    one = world(protections=[LowProfitSymbols(trade_limit=2, required_profit="1%")])
    lose(one, -3)
    lose(one, 2)
    assert one.ask(BUY, 1) is None


# What a trade earned


def closed_trades(one, fills):
    book, closed = TradeBook(), []
    for side, amount, price, fee in fills:
        name = one.send(side, amount, reduce_only=False)
        fill = one.fill(name, price=price, fee=str(fee), fee_asset="USDT")
        trade = book.add(fill, one.instruments[one.symbol], OrderType.MARKET)
        if trade is not None:
            closed.append(trade)
    return closed


def test_a_trade_earns_what_its_fills_brought_less_fees(world):
    one = world()
    [trade] = closed_trades(
        one, [(BUY, 1, 100, 1), (BUY, 1, 110, 1), (SELL, "0.5", 120, 1), (SELL, "1.5", 130, 1)]
    )
    assert trade.profit == Decimal(41)  # 0.5 x 15 + 1.5 x 25 - 4
    assert trade.side is BUY
    assert trade.ratio == Decimal(41) / 210


def test_crossing_zero_ends_one_trade_and_begins_the_next(world):
    one = world(market="BTC/USDT:USDT")
    first, second = closed_trades(one, [(BUY, 1, 100, 0), (SELL, 3, 110, 3), (BUY, 2, 100, 0)])
    assert (first.side, first.profit) == (BUY, 9)
    assert (second.side, second.profit) == (SELL, 18)


@pytest.mark.parametrize("exit_price", [80, 125])
def test_an_inverse_trade_earns_in_its_base_asset(world, exit_price):
    one = world(market="BTC/USD:BTC")
    [trade] = closed_trades(one, [(BUY, 10, 100, 0), (SELL, 10, exit_price, 0)])
    assert trade.profit == Decimal(1000) * (Decimal(1) / 100 - Decimal(1) / exit_price)
