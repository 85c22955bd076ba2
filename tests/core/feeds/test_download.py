"""Downloads: pages, resumption, listing dates, and the bar that is not closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from real_trade.exchange import Unavailable
from real_trade.feeds.download import download
from real_trade.model import Bar, Timeframe
from real_trade.storage.bar_cache import BarCache, Series, Span

SERIES = Series("fake", "spot", "BTC/USDT", Timeframe.H1)
LISTED = datetime(2026, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 2, 3, 5, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Exchange:
    """Gives bars in pages, from its listing to now, the last one open."""

    def __init__(self, page=100):
        self.capabilities = SimpleNamespace(max_bars=page)
        self.asked = []
        self.fails_after = None

    def server_time(self):
        return NOW

    def bars(self, symbol, timeframe, since, limit):
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise Unavailable("no network")
        self.asked.append(since)
        time, found = max(since, LISTED), []
        while time <= NOW and len(found) < limit:
            found.append(self._bar(time))
            time += HOUR
        return found

    def _bar(self, time):
        price = Decimal(time.hour + 1)
        return Bar(
            symbol="BTC/USDT", timeframe=Timeframe.H1, open_time=time, open=price, high=price,
            low=price, close=price, volume=Decimal(1), closed=time + HOUR <= NOW,
        )  # fmt: skip


@pytest.fixture
def exchange():
    return Exchange()


def fetch(exchange, folder, since=LISTED, until=NOW, told=None, stopped=lambda: False):
    progress = (told if told is not None else []).append
    return download(
        exchange, BarCache(folder, SERIES), Span(since, until),
        lambda done, of: progress((done, of)), stopped,
    )  # fmt: skip


def test_every_closed_bar_comes_once_and_none_the_second_time(exchange, tmp_path):
    told = []
    first = fetch(exchange, tmp_path, told=told)
    assert len(first.bars) == first.fetched == (NOW - LISTED) // HOUR
    assert first.bars.gaps() == []
    assert told[0] == (0, first.fetched)
    assert told[-1] == (first.fetched, first.fetched)
    asked = len(exchange.asked)
    second = fetch(exchange, tmp_path)
    assert (second.fetched, len(second.bars)) == (0, first.fetched)
    assert len(exchange.asked) == asked


def test_what_a_failure_interrupts_goes_on_from_there(exchange, tmp_path):
    exchange.fails_after = 3
    with pytest.raises(Unavailable):
        fetch(exchange, tmp_path)
    exchange.fails_after = None
    exchange.asked.clear()
    done = fetch(exchange, tmp_path)
    assert exchange.asked[0] == LISTED + 300 * HOUR
    assert len(done.bars) == (NOW - LISTED) // HOUR
    assert done.fetched == len(done.bars) - 300


def test_a_stop_between_two_pages_keeps_what_is_there(exchange, tmp_path):
    done = fetch(exchange, tmp_path, stopped=lambda: len(exchange.asked) >= 2)
    assert len(done.bars) == 200


def test_time_before_the_listing_is_empty_and_asked_for_once(exchange, tmp_path):
    since = datetime(2025, 11, 5, tzinfo=UTC)
    done = fetch(exchange, tmp_path, since)
    assert len(done.bars) == (NOW - LISTED) // HOUR
    exchange.asked.clear()
    assert fetch(exchange, tmp_path, since).fetched == 0
    assert exchange.asked == []


def test_the_open_bar_is_left_out_and_comes_with_a_later_download(exchange, tmp_path):
    done = fetch(exchange, tmp_path, until=NOW + timedelta(days=3))
    assert done.bars.open_ms[-1] == int((NOW.replace(minute=0) - HOUR).timestamp() * 1000)


def test_a_damaged_file_is_fetched_again_and_told(exchange, tmp_path):
    fetch(exchange, tmp_path)
    (tmp_path / SERIES.folder / "2026-01.csv").write_text("nonsense")
    done = fetch(exchange, tmp_path)
    assert done.damaged == ("2026-01.csv",)
    assert len(done.bars) == (NOW - LISTED) // HOUR
