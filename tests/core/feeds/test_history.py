"""History by pages: every closed bar once, from an exchange that gives a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import attrs
import pytest

from real_trade.exchange import Unavailable
from real_trade.feeds import fetch_bars
from real_trade.model import Bar, Timeframe

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Paged:
    """An exchange with minute bars that open at the given numbers; the last one still forms."""

    def __init__(self, numbers, page):
        self.capabilities = SimpleNamespace(max_bars=page)
        self.asked = []
        self.known = [
            Bar(
                symbol="BTC/USDT",
                timeframe=Timeframe.M1,
                open_time=START + number * MINUTE,
                open=Decimal(100),
                high=Decimal(100),
                low=Decimal(100),
                close=Decimal(100),
            )
            for number in numbers
        ]
        if self.known:
            self.known[-1] = attrs.evolve(self.known[-1], closed=False)

    def server_time(self):
        return START + 1000 * MINUTE

    def bars(self, symbol, timeframe, since, limit):
        self.asked.append(limit)
        assert limit <= self.capabilities.max_bars
        if since is None:
            return self.known[-limit:]
        return [bar for bar in self.known if bar.open_time >= since][:limit]


def fetched(exchange, since=None, limit=10):
    since = None if since is None else START + since * MINUTE
    bars = fetch_bars(exchange, "BTC/USDT", Timeframe.M1, since, limit)
    assert all(bar.closed for bar in bars)
    return [(bar.open_time - START) // MINUTE for bar in bars]


@pytest.mark.parametrize("page", [1, 2, 3, 7, 19, 20, 100])
def test_all_closed_bars_come_once_whatever_the_page(page):
    exchange = Paged(range(20), page)
    assert fetched(exchange, since=4) == list(range(4, 19))


@pytest.mark.parametrize("page", [1, 4, 100])
def test_the_newest_come_where_no_time_is_named(page):
    assert fetched(Paged(range(20), page), limit=6) == list(range(13, 19))


def test_more_than_there_are_gives_all():
    assert fetched(Paged(range(4), 5), limit=100) == [0, 1, 2]


def test_bars_that_the_exchange_does_not_have_do_not_end_the_fetch():
    numbers = [0, 1, 2, 9, 10, 11, 30, 31, 32]
    assert fetched(Paged(numbers, 3), since=0) == numbers[:-1]


def test_an_exchange_without_bars_gives_none():
    assert fetched(Paged([], 5)) == []
    assert fetched(Paged([], 5), since=3) == []


def test_nothing_newer_gives_none():
    assert fetched(Paged(range(20), 5), since=19) == []


def test_an_error_is_raised_and_not_taken_for_the_end():
    exchange = Paged(range(20), 5)
    give = exchange.bars

    def failing(*args):
        if len(exchange.asked) == 2:
            raise Unavailable("down for maintenance")
        return give(*args)

    exchange.bars = failing
    with pytest.raises(Unavailable, match="maintenance"):
        fetched(exchange, since=0)
