"""Conformance: what the exchange is, its instruments, prices and bars."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from real_trade.exchange import Exchange, ExchangeError, OutcomeUnknown, UnknownSymbol
from real_trade.model import Bar, Timeframe
from real_trade.testing.wire import Mishap
from real_trade.testing.workbench import Workbench

__all__ = ["MarketCases"]

_READ_FAILURES = [
    Mishap.NOT_SENT,
    Mishap.LOST_BEFORE,
    Mishap.SERVER_ERROR,
    Mishap.GATEWAY_PAGE,
    Mishap.REDIRECT,
    Mishap.EMPTY,
    Mishap.NOT_JSON,
    Mishap.RATE_LIMIT,
]


class MarketCases:
    """Protocol and market data."""

    def test_it_is_an_exchange_under_its_registered_name(self, bench: Workbench) -> None:
        """Everything that the protocol names is there, and `name` is as registered."""
        missing = [part for part in dir(Exchange) if not part.startswith("_")]
        missing = [part for part in missing if not hasattr(bench.exchange, part)]
        assert not missing, f"the exchange lacks {', '.join(missing)}"
        assert bench.exchange.name == bench.name
        assert bench.name == bench.name.lower()

    def test_connect_and_close_can_be_repeated(self, bench: Workbench) -> None:
        """A second connect changes nothing; after two closes it connects again."""
        exchange = bench.unconnected()
        exchange.connect()
        exchange.connect()
        before = set(exchange.instruments())
        exchange.close()
        exchange.close()
        again = bench.reopen()
        assert before == set(again.instruments())

    def test_server_time_is_aware_and_near(self, bench: Workbench) -> None:
        """The exchange's time is in UTC and within a minute of the clock's."""
        told = bench.exchange.server_time()
        assert told.tzinfo is not None
        assert told.utcoffset() == timedelta(0)
        assert abs(told - bench.clock.now().astimezone(UTC)) < timedelta(minutes=1)

    def test_instruments_have_steps(self, bench: Workbench) -> None:
        """Every instrument is listed under its own symbol and can be rounded to."""
        found = bench.exchange.instruments()
        assert bench.symbol in found
        for symbol, instrument in found.items():
            assert instrument.symbol == symbol
            assert instrument.native
            if instrument.active:
                assert instrument.price_step > 0, f"{symbol} has no price step"
                assert instrument.amount_step > 0, f"{symbol} has no amount step"
            assert instrument.market is bench.settings.market, f"{symbol} is of another market"

    def test_ticker_has_a_price_between_bid_and_ask(self, bench: Workbench) -> None:
        """Bid, ask and last are positive; the bid is not above the ask."""
        ticker = bench.exchange.ticker(bench.symbol)
        assert ticker.symbol == bench.symbol
        assert ticker.last > 0
        assert 0 < ticker.bid <= ticker.ask

    def test_an_unknown_symbol_is_called_so(self, bench: Workbench) -> None:
        """Asking for a symbol that does not exist raises UnknownSymbol."""
        with pytest.raises(UnknownSymbol):
            bench.exchange.ticker("NOSUCH/NOTHING")
        with pytest.raises(UnknownSymbol):
            bench.exchange.bars("NOSUCH/NOTHING", _timeframe(bench), None, 5)

    def test_newest_bars_are_in_order_and_only_the_last_is_open(self, bench: Workbench) -> None:
        """Bars rise without a repeat, lie on the timeframe's grid, and tell which is closed."""
        timeframe = _timeframe(bench)
        bars = bench.exchange.bars(bench.symbol, timeframe, None, 10)
        assert 0 < len(bars) <= 10
        times = [bar.open_time for bar in bars]
        assert times == sorted(set(times))
        assert all(timeframe.floor(time) == time for time in times)
        assert all(bar.closed for bar in bars[:-1])
        assert bars[-1].closed is (bars[-1].end_time <= bench.exchange.server_time())
        for bar in bars:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high

    def test_bars_page_without_gap_or_repeat(self, bench: Workbench) -> None:
        """Asking on from the end of each page gives the same bars as one large page."""
        timeframe = _timeframe(bench)
        newest = [
            bar for bar in bench.exchange.bars(bench.symbol, timeframe, None, 12) if bar.closed
        ]
        start = newest[0].open_time
        whole = bench.exchange.bars(bench.symbol, timeframe, start, len(newest))
        pieces: list[Bar] = []
        while len(pieces) < len(newest):
            page = bench.exchange.bars(bench.symbol, timeframe, start, 4)
            assert page, "a page in the middle is empty"
            pieces += page
            start = page[-1].end_time
        assert [bar.open_time for bar in whole] == [bar.open_time for bar in newest]
        assert [bar.open_time for bar in pieces[: len(newest)]] == [bar.open_time for bar in newest]

    def test_declared_timeframes_are_served(self, bench: Workbench) -> None:
        """What `capabilities` calls a timeframe is answered with bars of that timeframe."""
        for timeframe in bench.exchange.capabilities.timeframes:
            bars = bench.exchange.bars(bench.symbol, timeframe, None, 2)
            assert all(bar.timeframe is timeframe for bar in bars), timeframe.value

    @pytest.mark.parametrize("mishap", _READ_FAILURES, ids=lambda one: one.name.lower())
    def test_a_read_that_fails_says_so(self, bench: Workbench, mishap: Mishap) -> None:
        """A failed read raises, is never an empty answer, and never has an unknown outcome."""
        bench.need_network()
        exchange = bench.reopen()
        with bench.wire.mishap(mishap), pytest.raises(ExchangeError) as caught:
            exchange.ticker(bench.symbol)
        assert not isinstance(caught.value, OutcomeUnknown)


def _timeframe(bench: Workbench) -> Timeframe:
    offered = bench.exchange.capabilities.timeframes
    return Timeframe.M1 if not offered or Timeframe.M1 in offered else min(offered, key=_length)


def _length(timeframe: Timeframe) -> float:
    return float(timeframe.seconds)
