"""Conformance: what an exchange tells by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from real_trade.exchange import StreamingExchange, Subscription
from real_trade.model import (
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    OrderReport,
    OrderState,
    OrderType,
    StreamValue,
    Timeframe,
)
from real_trade.testing.workbench import Workbench, of_order

__all__ = ["StreamCases"]

_ACCOUNT = Subscription(Channel.ACCOUNT)
_PATIENCE_S = 30.0


class StreamCases:
    """Streams. An exchange without any skips these."""

    def test_the_account_tells_of_its_orders(self, bench: Workbench) -> None:
        """Accepted and canceled arrive under the order's own id, as evidence of the stream."""
        with _streaming(bench, _ACCOUNT) as told:
            intent = bench.order()
            bench.exchange.submit(intent)
            assert bench.until(lambda: bool(of_order(told, intent)))
            bench.exchange.cancel(intent.symbol, intent.client_order_id)
            assert bench.until(
                lambda: OrderState.CANCELED in {one.state for one in of_order(told, intent)}
            )

    def test_a_fill_is_told_with_its_trade(self, bench: Workbench) -> None:
        """Each trade of a market order comes by the stream; together they are the order."""
        with _streaming(bench, _ACCOUNT) as told:
            intent = bench.order(type=OrderType.MARKET)
            bench.exchange.submit(intent)
            bench.until(lambda: _filled(told, intent.client_order_id) == intent.amount)
            assert _filled(told, intent.client_order_id) == intent.amount

    def test_bars_rise_and_the_closed_one_comes_once(self, bench: Workbench) -> None:
        """Closed bars follow one another without repeat or gap."""
        timeframe = _quickest(bench)
        with _streaming(bench, Subscription(Channel.BARS, bench.symbol, timeframe)) as told:
            patience = 4.0 * timeframe.seconds + 5
            assert bench.until(lambda: len(_closed(told)) >= 2, patience), "no bars came"
            times = [bar.open_time for bar in _closed(told)]
            expected = [times[0]]
            while len(expected) < len(times):
                expected.append(timeframe.add(expected[-1]))
            assert times == expected

    def test_a_cut_is_told_and_mended(self, bench: Workbench) -> None:
        """LOST, then CONNECTED again, and orders are heard of as before."""
        if bench.cut is None:
            pytest.skip("this workbench cannot cut connections")
        with _streaming(bench, _ACCOUNT) as told:
            bench.cut()
            assert bench.until(
                lambda: _states(told)[-2:] == [ConnectionState.LOST, ConnectionState.CONNECTED],
                _PATIENCE_S,
            )
            intent = bench.order()
            bench.exchange.submit(intent)
            assert bench.until(lambda: bool(of_order(told, intent)))
            bench.finish(intent)

    def test_nothing_comes_after_close(self, bench: Workbench) -> None:
        """A closed stream puts nothing into its sink any more."""
        with _streaming(bench, _ACCOUNT) as told:
            pass
        count = len(told)
        intent = bench.order()
        bench.exchange.submit(intent)
        bench.until(lambda: False, 1.0)
        assert len(told) == count
        bench.finish(intent)


@contextmanager
def _streaming(bench: Workbench, *what: Subscription) -> Iterator[list[StreamValue]]:
    exchange = bench.exchange
    if not isinstance(exchange, StreamingExchange):
        pytest.skip("this exchange has no streams")
    missing = {one.channel for one in what} - exchange.capabilities.channels
    if missing:
        pytest.skip(f"it does not stream {', '.join(one.value for one in missing)}")
    told: list[StreamValue] = []
    handle = exchange.stream(what, told.append)
    try:
        assert bench.until(lambda: ConnectionState.CONNECTED in _states(told), _PATIENCE_S)
        yield told
    finally:
        handle.close()


def _states(told: list[StreamValue]) -> list[ConnectionState]:
    return [one.state for one in list(told) if isinstance(one, ConnectionChanged)]


def _closed(told: list[StreamValue]) -> list[Bar]:
    return [one for one in list(told) if isinstance(one, Bar) and one.closed]


def _filled(told: list[StreamValue], client_order_id: str) -> Decimal:
    trades: dict[str, Decimal] = {}
    for one in list(told):
        if isinstance(one, OrderReport) and one.client_order_id == client_order_id:
            trades |= {fill.trade_id: fill.amount for fill in one.fills}
    return sum(trades.values(), Decimal(0))


def _quickest(bench: Workbench) -> Timeframe:
    offered = bench.exchange.capabilities.timeframes or {Timeframe.M1}
    return min(offered, key=lambda one: one.seconds)
