"""Orders of a live run: what the exchange tells becomes what the strategy hears."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal

import backtrader as bt
import pytest

from real_trade.exchange import InsufficientFunds, InvalidOrder, OutcomeUnknown, Unavailable
from real_trade.model import AccountUpdate, Balance, Mode, OrderState

D = Decimal
Order = bt.Order


def limit(size, price=100.0):
    return lambda strategy: strategy.buy(size=size, price=price, exectype=Order.Limit)


def fills(exchange, *parts, price="100", start_s=20, every_s=5, **fee):
    """Fill the newest order in parts while the feed waits."""
    for number, part in enumerate(parts):
        exchange.runtime.call_later(
            start_s + number * every_s,
            lambda part=part: exchange.fill(list(exchange.reports)[-1], part, price, **fee),
        )


def on_live(*acts):
    """Do the acts on the first, second, … live bar."""
    waiting = list(acts)

    def on_bar(strategy):
        if strategy.data.is_live_now and waiting:
            act = waiting.pop(0)
            if act is not None:
                strategy.sent.append(act(strategy))

    return on_bar


def test_three_fills_of_a_tenth_complete_an_order_of_three_tenths(kit, exchange):
    fills(exchange, "0.1", "0.1", "0.1")
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(0.3)))
    order = found.last(found.sent[0])
    assert found.told() == ["Submitted", "Accepted", "Partial", "Partial", "Completed"]
    assert (order.executed.size, order.executed.remsize) == (pytest.approx(0.3, abs=1e-15), 0.0)
    assert found.broker.getposition(found.data).size == 0.3
    assert [one.executed.remsize for one in found.raw[2:]] == [0.2, 0.1, 0.0]
    assert found.broker.getcash() == 970.0


def test_selling_what_was_bought_in_parts_closes_the_trade_exactly(kit, exchange):
    fills(exchange, "0.1", "0.1", "0.1", start_s=5)
    fills(exchange, "0.2", "0.1", start_s=70, price="110")
    sell_all = on_live(limit(0.3), lambda s: s.sell(size=0.3, price=110.0, exectype=Order.Limit))
    found = kit.run_live(exchange, seconds=110, on_bar=sell_all)
    assert found.broker.getposition(found.data).size == 0.0
    closed = found.trades[-1]
    assert closed.isclosed
    assert closed.size == 0.0
    assert closed.pnl == pytest.approx(3.0)
    assert found.broker.getcash() == 1003.0


def test_fills_are_told_at_once_and_not_with_the_next_bar(kit, exchange):
    at = []

    class Timed(kit.Recorder):
        def notify_order(self, order):
            super().notify_order(order)
            at.append((order.getstatusname(), exchange.clock.now()))

    fills(exchange, "0.3", start_s=20)
    kit.run_live(exchange, Timed, seconds=100, on_bar=on_live(limit(0.3)))
    told = dict(at)["Completed"]
    assert told - (kit.START + timedelta(minutes=10, seconds=20)) < timedelta(seconds=1)


def test_an_execution_while_the_feed_waits_carries_the_time_of_the_fill(kit, exchange):
    fills(exchange, "0.1", "0.2", start_s=20)
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(0.3)))
    for order, seconds in zip(found.raw[2:], (20, 25), strict=True):
        at = bt.num2date(order.executed.dt).replace(tzinfo=UTC)
        wanted = kit.START + timedelta(minutes=10, seconds=seconds)
        assert abs(at - wanted) < timedelta(milliseconds=1)
    value = found.broker.getvalue()
    assert value == pytest.approx(970 + 0.3 * found.data.close[0])


def test_a_bnb_fee_is_converted_at_its_last_price_and_leaves_cash_alone(kit, runtime):
    bnb = kit.instrument_of("BNB/USDT")
    tape = kit.flat_bars([100] * 30) + kit.flat_bars([500] * 30, symbol="BNB/USDT")
    exchange = kit.FakeExchange(runtime, tape, {"USDT": 1000, "BNB": 2}, [kit.instrument_of(), bnb])
    fills(exchange, "1", fee="0.0002", fee_asset="BNB")
    found = kit.run_live(
        exchange, seconds=100, on_bar=on_live(limit(1)), feeds=("BTC/USDT", "BNB/USDT")
    )
    order = found.last(found.sent[0])
    assert order.executed.comm == pytest.approx(0.1)
    assert found.broker.getcash() == 900.0
    assert found.broker.getposition(found.data).size == 1.0
    assert found.store.books.balance("BNB") == D("1.9998")


def test_a_fee_in_an_asset_without_a_price_is_told(kit, exchange):
    fills(exchange, "1", fee="0.0002", fee_asset="BNB")
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.last(found.sent[0]).executed.comm == 0.0
    assert any("BNB/USDT" in str(note) for note in found.notes)


def test_a_base_fee_in_parts_leaves_the_net_position(kit, exchange):
    fills(exchange, "0.4", "0.6", fee="0.0005", fee_asset="BTC")
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.broker.getposition(found.data).size == 0.999
    assert found.told()[-1] == "Completed"
    assert found.broker.getcash() == 900.0


def test_an_account_update_around_a_fill_does_not_count_it_twice(kit, exchange):
    def fill_and_tell():
        exchange.fill(next(iter(exchange.reports)), "1", "100")
        told = (Balance(asset="USDT", free=900), Balance(asset="BTC", free=1))
        exchange.tell(AccountUpdate(balances=told, time=exchange.clock.now()))

    exchange.runtime.call_later(20, fill_and_tell)
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.broker.getcash() == 900.0
    assert found.store.books.balance("BTC") == 1


def test_a_deposit_shows_in_cash(kit, exchange):
    update = AccountUpdate(
        balances=(Balance(asset="USDT", free=5000),), reason="deposit", time=kit.START
    )
    exchange.runtime.call_later(
        20,
        lambda: exchange.tell(
            AccountUpdate(balances=update.balances, reason="deposit", time=exchange.clock.now())
        ),
    )
    assert kit.run_live(exchange, seconds=100).broker.getcash() == 5000.0


# Cancels


def test_canceling_an_open_limit_order_tells_canceled(kit, exchange):
    acts = on_live(limit(1, 50.0), lambda strategy: strategy.cancel(strategy.sent[0]))
    found = kit.run_live(exchange, seconds=150, on_bar=acts)
    assert found.told() == ["Submitted", "Accepted", "Canceled"]
    assert found.broker.getcash() == 1000.0


def test_canceling_a_partly_filled_order_keeps_what_was_filled(kit, exchange):
    fills(exchange, "0.4")
    acts = on_live(limit(1), lambda strategy: strategy.cancel(strategy.sent[0]))
    found = kit.run_live(exchange, seconds=150, on_bar=acts)
    order = found.last(found.sent[0])
    assert found.told() == ["Submitted", "Accepted", "Partial", "Canceled"]
    assert (order.executed.size, order.executed.remsize) == (0.4, 0.6)
    assert found.broker.getposition(found.data).size == 0.4
    assert found.broker.getcash() == 960.0


def test_a_cancel_before_the_answer_does_not_tell_accepted_first(kit, exchange):
    def act(strategy):
        order = limit(1, 50.0)(strategy)
        strategy.cancel(order)
        return order

    found = kit.run_live(exchange, seconds=150, on_bar=on_live(act))
    assert found.told()[0] == "Submitted"
    assert found.told()[-1] == "Canceled"
    assert exchange.calls.count("submit") == 1


def test_a_cancel_that_comes_after_the_fill_leaves_the_order_completed(kit, exchange):
    def act(strategy):
        exchange.fill(next(iter(exchange.reports)), "1", "100")
        return strategy.cancel(strategy.sent[0])

    found = kit.run_live(exchange, seconds=150, on_bar=on_live(limit(1), act))
    assert found.told(found.sent[0])[-1] == "Completed"
    assert found.broker.getposition(found.data).size == 1.0


# Refusals and doubt


def failing(error):
    def outcome(exchange, intent):
        raise error

    return outcome


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InsufficientFunds("Account has insufficient balance"), "Margin"),
        (InvalidOrder("Filter failure: NOTIONAL"), "Rejected"),
        (Unavailable("down for maintenance"), "Rejected"),
    ],
    ids=["funds", "filter", "unavailable"],
)
def test_a_refusal_is_told_with_the_exchanges_reason(kit, exchange, error, status):
    exchange.outcomes.append(failing(error))
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.told() == ["Submitted", status]
    assert str(error) in found.last(found.sent[0]).info.reason
    assert any(str(error) in str(note) for note in found.notes)
    assert found.broker.getcash() == 1000.0


def test_an_order_whose_answer_was_lost_is_found_and_never_sent_again(kit, exchange):
    def lost(exchange, intent):
        exchange.accept(intent)
        raise OutcomeUnknown("timeout")

    exchange.outcomes.append(lost)
    fills(exchange, "1", start_s=30)
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.told() == ["Submitted", "Accepted", "Completed"]
    assert exchange.calls.count("submit") == 1


def test_a_market_order_that_fills_in_the_answer_is_completed(kit, exchange):
    def at_once(exchange, intent):
        exchange.accept(intent)
        sinks, exchange.sinks = exchange.sinks, []
        told = exchange.fill(intent.client_order_id, intent.amount, "101")
        exchange.sinks = sinks
        return told

    exchange.outcomes.append(at_once)
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(lambda s: s.buy(size=1)))
    assert found.told() == ["Submitted", "Accepted", "Completed"]
    assert found.last(found.sent[0]).executed.price == 101.0
    assert exchange.reports[exchange.intents[0].client_order_id].state is OrderState.FILLED


def test_a_fill_told_twice_is_booked_once(kit, exchange):
    def twice():
        exchange.tell(exchange.fill(next(iter(exchange.reports)), "1", "100"))

    exchange.runtime.call_later(20, twice)
    found = kit.run_live(exchange, seconds=100, on_bar=on_live(limit(1)))
    assert found.told() == ["Submitted", "Accepted", "Completed"]
    assert found.broker.getcash() == 900.0


def test_a_type_that_this_exchange_lacks_is_rejected_and_not_sent(kit, exchange):
    act = on_live(lambda s: s.buy(size=1, price=120, exectype=Order.Stop))
    found = kit.run_live(exchange, seconds=100, on_bar=act)
    assert found.told() == ["Submitted", "Rejected"]
    assert "stop" in found.last(found.sent[0]).info.reason
    assert "submit" not in exchange.calls


def test_reading_cash_value_and_position_asks_the_exchange_nothing(kit, exchange):
    asked = []

    def read(strategy):
        before = list(exchange.calls)
        for _ in range(20):
            strategy.broker.getcash()
            strategy.broker.getvalue()
            strategy.broker.getvalue([strategy.data])
            strategy.broker.getposition(strategy.data)
            strategy.broker.get_fundvalue()
            strategy.broker.get_paper_summary()
        asked.append(exchange.calls[len(before) :])

    kit.run_live(exchange, seconds=100, on_bar=read)
    assert len(asked) >= 5
    assert not any(asked)


def test_live_mode_is_refused_until_its_safeguards_are_there(kit, exchange):
    from real_trade.utils.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="refused"):
        kit.run_live(exchange, mode=Mode.LIVE)
    assert exchange.calls == []


# While the feed catches up


def act_at(number, act):
    def on_bar(strategy):
        if len(strategy) == number:
            strategy.sent.append(act(strategy))

    return on_bar


def test_an_order_on_a_bar_of_history_is_rejected_and_not_sent(kit, exchange):
    found = kit.run_live(exchange, seconds=100, on_bar=act_at(2, limit(1)))
    assert found.told() == ["Submitted", "Rejected"]
    assert "trade_before_live" in found.last(found.sent[0]).info.reason
    assert "submit" not in exchange.calls


def test_an_order_on_a_bar_of_history_goes_out_where_that_is_asked_for(kit, exchange):
    def setup(cerebro, store):
        cerebro.broker.p.trade_before_live = True

    found = kit.run_live(exchange, seconds=100, on_bar=act_at(2, limit(1)), setup=setup)
    assert found.told() == ["Submitted", "Accepted"]


def test_a_position_may_be_sold_while_the_feed_is_behind(kit, exchange):
    fills(exchange, "1", start_s=5)
    exchange.cut(after_s=70, for_s=115)
    behind = []

    def on_bar(strategy):
        if strategy.data.is_live_now and not strategy.sent:
            strategy.sent.append(limit(1)(strategy))

    class Sells(kit.Recorder):
        def notify_data(self, data, status, *args, **kwargs):
            super().notify_data(data, status)
            if status == data.CONNBROKEN:
                behind.append(self.sell(size=1, price=110, exectype=Order.Limit))
                behind.append(self.sell(size=2, price=110, exectype=Order.Limit))

    found = kit.run_live(exchange, Sells, seconds=150, on_bar=on_bar)
    assert found.told(behind[0]) == ["Submitted", "Accepted"]
    assert found.told(behind[1]) == ["Submitted", "Rejected"]
