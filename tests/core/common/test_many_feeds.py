"""Several live feeds in one run: bars of one time together, and nobody waits without a reason."""

from __future__ import annotations

from datetime import UTC, timedelta

import backtrader as bt
import pytest

from real_trade.exchange import Unavailable
from real_trade.runtime import VirtualRuntime

ETH = "ETH/USDT"


@pytest.fixture
def both(kit, runtime):
    """Two symbols, an hour of minute bars each."""
    tape = kit.flat_bars([100 + number % 7 for number in range(60)])
    tape += kit.flat_bars([10 + number % 7 for number in range(60)], symbol=ETH)
    return kit.FakeExchange(
        runtime, tape, instruments=[kit.instrument_of(), kit.instrument_of(ETH)]
    )


def delayed(exchange, symbol, by_s):
    """Let the live bars of a symbol come later, or, with None, not at all."""
    send = exchange._send

    def late(bar):
        if bar.symbol != symbol:
            send(bar)
        elif by_s is not None:
            exchange.runtime.call_later(by_s, lambda: send(bar))

    exchange._send = late


def rounds_of(kit, exchange, seconds=400, **options):
    """Run; return delay of next() behind the bar's end and the lengths of both, once LIVE."""
    found = []

    def on_bar(strategy):
        newest = max(data.datetime[0] for data in strategy.datas if len(data))
        end = bt.num2date(newest).replace(tzinfo=UTC)
        behind = (exchange.clock.now() - end).total_seconds()
        found.append((round(behind, 3), *(len(data) for data in strategy.datas)))

    strategy = kit.run_live(
        exchange, seconds=seconds, feeds=(kit.SYMBOL, ETH), on_bar=on_bar, **options
    )
    return found[6:], strategy


def test_bars_of_one_time_reach_next_together_though_one_comes_later(kit, both):
    delayed(both, ETH, by_s=0.2)
    found, strategy = rounds_of(kit, both)
    assert [(first, second) for _, first, second in found] == [
        (number, number) for number in range(7, 7 + len(found))
    ]
    assert {behind for behind, _, _ in found} == {0.25}
    assert not [note for note in strategy.notes if "late" in note]


@pytest.mark.parametrize("slow", ["BTC/USDT", ETH])
def test_a_silent_symbol_holds_the_other_up_once_and_is_told(kit, both, slow):
    delayed(both, slow, by_s=None)
    found, strategy = rounds_of(kit, both, seconds=300)
    assert {behind for behind, _, _ in found} == {0.05}
    assert len(found) >= 3
    late = [note for note in strategy.notes if "late" in note]
    assert len(late) == 1
    assert f"{slow}@1m" in late[0]


def test_patience_can_be_set(kit, both):
    delayed(both, ETH, by_s=2)
    found, strategy = rounds_of(kit, both, options={"patience": 5.0})
    assert {behind for behind, _, _ in found} == {2.05}
    assert not [note for note in strategy.notes if "late" in note]


def test_a_longer_bar_length_does_not_hold_the_shorter_up(kit, runtime):
    tape = kit.flat_bars([100 + number % 7 for number in range(60)])
    exchange = kit.FakeExchange(runtime, tape)
    found = []

    def setup(cerebro, store):
        longer = store.getdata(ccxt_timeframe="1s", historical_limit=1)
        longer.bar_length = type(longer.bar_length).H1
        cerebro.adddata(longer)

    def on_bar(strategy):
        end = bt.num2date(strategy.data.datetime[0]).replace(tzinfo=UTC)
        if strategy.data.is_live_now:
            found.append((exchange.clock.now() - end).total_seconds())

    exchange.capabilities = kit.all_lengths(exchange.capabilities)
    kit.run_live(exchange, seconds=300, setup=setup, on_bar=on_bar)
    assert [round(behind, 3) for behind in found[1:]] == [0.05] * len(found[1:])


def test_no_bar_is_shown_before_the_history_of_every_feed_is_there(kit, both):
    both.history_errors.extend([Unavailable("not now")])
    starts = []

    def on_bar(strategy):
        starts.append(tuple(len(data) for data in strategy.datas))

    found = kit.run_live(both, seconds=200, feeds=(kit.SYMBOL, ETH), on_bar=on_bar)
    assert starts[0] == (1, 1)
    assert all(first == second for first, second in starts)
    assert any("not now" in str(note) for note in found.notes)


def test_a_year_of_waiting_is_not_a_busy_loop(kit):
    runtime = VirtualRuntime(start=kit.START + timedelta(minutes=10))
    exchange = kit.FakeExchange(runtime, kit.flat_bars([100] * 11))
    waits = []

    def setup(cerebro, store):
        wait = store.wait
        store.wait = lambda timeout_s: waits.append(timeout_s) or wait(timeout_s)

    kit.run_live(exchange, seconds=1000, setup=setup)
    assert len(waits) < 2100  # two a second, of half a second each
