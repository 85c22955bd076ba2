"""The cache of bars: what it has, what it lacks, and what it does not trust."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from real_trade.model import Timeframe, to_ms
from real_trade.storage.bar_cache import BarCache, Series, Span, join_tables
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import DataError

SERIES = Series("binance", "spot", "BTC/USDT", Timeframe.H1)
HOUR = timedelta(hours=1)


def day(month, number, hour=0):
    return datetime(2026, month, number, hour, tzinfo=UTC)


def bars(span, series=SERIES):
    table = BarTable(symbol=series.symbol, timeframe=series.timeframe)
    time, price = span.start, 100.0
    while time < span.end:
        table.open_ms.append(to_ms(time))
        for column in (table.open, table.high, table.low, table.close):
            column.append(price)
        table.volume.append(1.5)
        time, price = time + HOUR, price + 0.25
    return table


@pytest.fixture
def cache(tmp_path):
    return BarCache(tmp_path, SERIES)


def keep(cache, span):
    for part in cache.missing(span):
        cache.put(part, bars(part))


def test_what_was_kept_is_read_back_and_is_not_missing_any_more(cache, tmp_path):
    span = Span(day(1, 20), day(3, 5))
    assert cache.missing(span) == [
        Span(day(1, 20), day(2, 1)), Span(day(2, 1), day(3, 1)), Span(day(3, 1), day(3, 5)),
    ]  # fmt: skip
    keep(cache, span)
    again = BarCache(tmp_path, SERIES)
    assert again.missing(span) == []
    table = again.read(span)
    assert len(table) == (span.end - span.start) // HOUR
    assert table.gaps() == []
    assert again.read(Span(day(2, 1), day(2, 2))).open_ms[0] == to_ms(day(2, 1))


def test_only_the_end_of_a_month_is_missing_after_its_beginning_was_kept(cache):
    keep(cache, Span(day(1, 1), day(1, 10)))
    wanted = Span(day(1, 3), day(1, 20))
    assert cache.missing(wanted) == [Span(day(1, 10), day(1, 20))]
    keep(cache, wanted)
    assert len(cache.read(Span(day(1, 1), day(1, 20)))) == 19 * 24


def test_an_earlier_part_of_a_month_is_fetched_in_one_piece_with_what_follows(cache):
    keep(cache, Span(day(1, 15), day(2, 1)))
    assert cache.missing(Span(day(1, 10), day(1, 20))) == [Span(day(1, 10), day(2, 1))]


def test_time_without_bars_is_not_asked_for_twice(cache, tmp_path):
    span = Span(day(1, 1), day(2, 1))
    cache.put(span, BarTable(symbol=SERIES.symbol, timeframe=SERIES.timeframe))
    again = BarCache(tmp_path, SERIES)
    assert again.missing(span) == []
    assert len(again.read(span)) == 0


@pytest.mark.parametrize("damage", ["a byte", "gone", "index"])
def test_a_damaged_file_is_told_set_aside_and_missing(cache, tmp_path, damage):
    span = Span(day(1, 1), day(2, 1))
    keep(cache, span)
    file = cache.folder / "2026-01.csv"
    if damage == "a byte":
        data = bytearray(file.read_bytes())
        data[40] ^= 1
        file.write_bytes(data)
    elif damage == "gone":
        file.unlink()
    else:
        (cache.folder / "index.json").write_text("{broken")
    again = BarCache(tmp_path, SERIES)
    assert again.missing(span) == [span]
    assert again.damaged == ["index.json" if damage == "index" else "2026-01.csv"]
    keep(again, span)
    assert len(again.read(span)) == 31 * 24


def test_symbols_lengths_and_markets_do_not_mix(tmp_path):
    folders = {
        BarCache(tmp_path, Series("binance", market, symbol, length)).folder
        for market in ("spot", "future")
        for symbol in ("BTC/USDT", "BTC/USDT:USDT")
        for length in (Timeframe.M1, Timeframe.MONTH1)
    }
    assert len({str(folder).lower() for folder in folders}) == 8


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path):
    (tmp_path / "binance-spot").write_text("a file where a folder should be")
    with pytest.raises(DataError) as caught:
        BarCache(tmp_path, SERIES)
    assert "free some space" in caught.value.remedy


def test_tables_that_overlap_or_are_of_different_symbols_are_not_joined():
    first = bars(Span(day(1, 1), day(1, 2)))
    with pytest.raises(DataError, match="come after later ones"):
        join_tables([first, first])
    with pytest.raises(DataError, match="do not follow"):
        join_tables([first, BarTable(symbol="ETH/USDT", timeframe=Timeframe.H1)])
