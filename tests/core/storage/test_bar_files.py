"""Bar files: both layouts, every kind of bad row with its line, gaps and repeats."""

from __future__ import annotations

import json
import math
import os
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_trade.model import Timeframe, to_ms
from real_trade.storage.bar_files import describe_gaps, read_bars, write_bars
from real_trade.storage.bar_table import BarTable
from real_trade.utils.errors import DataError

START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = to_ms(START)
HOUR_MS = 3_600_000
BINANCE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def kline(index: int, *, scale: int = 1, close: str = "10.5", volume: str = "3.25") -> str:
    time = (START_MS + index * HOUR_MS) * scale
    end = (START_MS + (index + 1) * HOUR_MS) * scale - 1
    return f"{time},10.00000000,11.00000000,9.50000000,{close},{volume},{end},34.1,7,1.1,12.2,0"


def saved(folder: Path, *lines: str, name: str = "BTCUSDT-1h.csv") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_binance_rows_without_header_in_milliseconds_are_read(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, kline(0), kline(1), kline(2)), "BTC/USDT")
    assert len(table) == 3
    assert table.timeframe is Timeframe.H1
    assert list(table.open_ms) == [START_MS, START_MS + HOUR_MS, START_MS + 2 * HOUR_MS]
    assert next(iter(table)) == (START_MS, 10.0, 11.0, 9.5, 10.5, 3.25)
    assert table.gaps() == []
    assert table.repeated == 0


def test_binance_rows_with_header_in_microseconds_are_read_alike(tmp_path: Path) -> None:
    plain = read_bars(saved(tmp_path, kline(0), kline(1)), "BTC/USDT")
    lines = (BINANCE_HEADER, kline(0, scale=1000), kline(1, scale=1000))
    assert list(read_bars(saved(tmp_path, *lines), "BTC/USDT")) == list(plain)


def test_a_file_that_changes_from_milliseconds_to_microseconds_is_read(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, kline(0), kline(1, scale=1000)), "BTC/USDT")
    assert list(table.open_ms) == [START_MS, START_MS + HOUR_MS]


@pytest.mark.parametrize(
    "times",
    [
        ("2026-01-01", "2026-01-02"),
        ("2026-01-01 00:00", "2026-01-02 00:00"),
        ("2026-01-01 00:00:00", "2026-01-02 00:00:00"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2026-01-01T08:00:00+08:00", "2026-01-02T08:00:00+08:00"),
    ],
)
@pytest.mark.parametrize("interest", ["", ",0"])
def test_backtraders_generic_layout_is_read_as_utc(
    tmp_path: Path, times: tuple[str, str], interest: str
) -> None:
    lines = [f"{time},10,11,9,10.5,3{interest}" for time in times]
    table = read_bars(saved(tmp_path, *lines), "BTC/USDT")
    assert table.timeframe is Timeframe.D1
    assert table.open_ms[0] == START_MS


def test_columns_are_found_by_the_names_in_the_header(tmp_path: Path) -> None:
    lines = ("Date,Open,High,Low,Close,Adj Close,Volume", "2026-01-01,10,11,9,10.5,99,3")
    table = read_bars(saved(tmp_path, *lines), "BTC/USDT", Timeframe.D1)
    assert next(iter(table))[1:] == (10.0, 11.0, 9.0, 10.5, 3.0)


def test_a_zip_with_one_file_is_read_and_one_with_two_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bars.csv", f"{kline(0)}\n{kline(1)}\n")
    assert len(read_bars(path, "BTC/USDT")) == 2
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "x")
    with pytest.raises(DataError, match="2 files in the archive"):
        read_bars(path, "BTC/USDT")


def test_windows_line_ends_blank_lines_quotes_and_a_byte_order_mark_do_no_harm(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bars.csv"
    quoted = ",".join(f'"{cell}"' for cell in kline(1).split(","))
    path.write_bytes(f"\ufeff{kline(0)}\r\n\r\n  \r\n{quoted}\r\n{kline(2)}".encode())
    assert len(read_bars(path, "BTC/USDT")) == 3


def test_a_gap_is_told_with_its_first_places(tmp_path: Path) -> None:
    path = saved(tmp_path, *(kline(index) for index in (0, 1, 4, 5, 7)))
    gaps = read_bars(path, "BTC/USDT").gaps()
    assert [(gap.first, gap.missing) for gap in gaps] == [
        (START + timedelta(hours=2), 2),
        (START + timedelta(hours=6), 1),
    ]
    assert describe_gaps(gaps, places=1) == (
        "3 bars are missing: 2 from 2026-01-01 02:00:00, and 1 more gaps"
    )
    with pytest.raises(DataError, match="3 bars are missing: 2 from 2026-01-01 02:00:00") as raised:
        read_bars(path, "BTC/USDT", on_gap="refuse")
    assert "download" in raised.value.remedy


def test_whole_file_has_no_gap_to_describe(tmp_path: Path) -> None:
    path = saved(tmp_path, kline(0), kline(1))
    assert describe_gaps(read_bars(path, "BTC/USDT", on_gap="refuse").gaps()) == ""


def test_months_of_28_to_31_days_are_no_gaps_and_a_missing_month_is_one(tmp_path: Path) -> None:
    def month(year: int, number: int) -> str:
        return f"{year}-{number:02}-01,10,11,9,10,1"

    whole = [month(2026, number) for number in range(1, 13)] + [month(2027, 1)]
    table = read_bars(saved(tmp_path, *whole), "BTC/USDT")
    assert table.timeframe is Timeframe.MONTH1
    assert table.gaps() == []
    gaps = read_bars(saved(tmp_path, *whole[:3], *whole[4:]), "BTC/USDT").gaps()
    assert [(gap.first.month, gap.missing) for gap in gaps] == [(4, 1)]


def test_weeks_are_inferred(tmp_path: Path) -> None:
    lines = [f"2026-01-{day:02},10,11,9,10,1" for day in (5, 12, 19)]
    assert read_bars(saved(tmp_path, *lines), "BTC/USDT").timeframe is Timeframe.W1


def test_an_identical_repeated_row_is_dropped_and_counted(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, kline(0), kline(1), kline(1), kline(2)), "BTC/USDT")
    assert len(table) == 3
    assert table.repeated == 1
    assert table.gaps() == []


def test_a_repeat_across_two_chunks_is_dropped_too(tmp_path: Path) -> None:
    lines = [kline(index) for index in range(4000)]
    path = saved(tmp_path, *(line for line in lines for _ in (1, 2)))
    assert path.stat().st_size > 2 * (256 << 10)
    table = read_bars(path, "BTC/USDT")
    assert (len(table), table.repeated) == (4000, 4000)


BAD_ROWS = {
    "different repeat": (kline(1, close="10.6"), "a second and different bar of 2026-01-01 01:00"),
    "out of order": (kline(0), "rows are out of order"),
    "NaN": (kline(2, close="nan"), "close 'nan' is not a finite number"),
    "infinite": (kline(2, volume="inf"), "volume 'inf' is not a finite number"),
    "text": (kline(2, close="ten"), "close 'ten' is not a finite number"),
    "empty": (kline(2, close=""), "close '' is not a finite number"),
    "underscore": (kline(2, close="1_0"), "close '1_0' is not a finite number"),
    "negative volume": (kline(2, volume="-1"), "volume -1.0 is negative"),
    "close outside": (kline(2, close="12"), "close 12.0 is outside"),
    "short row": (kline(2).rsplit(",", 3)[0], "9 columns where the file's first row has 12"),
    "time in text": ("soon" + kline(2)[13:], "unreadable time 'soon'"),
    "time in seconds": (str(START_MS // 1000 + 7200) + kline(2)[13:], "unreadable time"),
    "half a millisecond": (kline(2, scale=1000).replace("000,", "500,", 1), "unreadable time"),
    "unclosed quote": ('"' + kline(2), "unreadable line"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_refused_with_file_line_value_and_remedy(tmp_path: Path, kind: str) -> None:
    row, message = BAD_ROWS[kind]
    with pytest.raises(DataError) as raised:
        read_bars(saved(tmp_path, kline(0), kline(1), "", row, kline(5)), "BTC/USDT")
    assert message in str(raised.value)
    assert str(raised.value).startswith("BTCUSDT-1h.csv:4: ")
    assert raised.value.remedy


def test_high_below_low_and_prices_of_zero_are_refused(tmp_path: Path) -> None:
    for figures, message in [
        ("10,9,11,10,1", "high 9.0 is below low 11.0"),
        ("0,1,0,1,1", "a price is not positive"),
        ("-2,1,-3,1,1", "a price is not positive"),
    ]:
        path = saved(tmp_path, "2026-01-01,10,11,9,10,1", f"2026-01-02,{figures}")
        with pytest.raises(DataError, match=message):
            read_bars(path, "BTC/USDT")


def test_the_line_of_a_bad_row_is_right_far_into_a_long_file(tmp_path: Path) -> None:
    lines = [BINANCE_HEADER, *(kline(index) for index in range(9000))]
    lines[8500] = kline(8499, close="nan")
    with pytest.raises(DataError, match=r"BTCUSDT-1h\.csv:8501: close 'nan'"):
        read_bars(saved(tmp_path, *lines), "BTC/USDT")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (BINANCE_HEADER.encode() + b"\n", "a header and no bars"),
        (b"open,high,low\n1,2,3\n", "the header has no close, volume column"),
        (b"date,time,open,high,low,close,volume\na,b,1,2,3,4,5\n", "separate columns"),
        (b"1,2,3\n", "3 columns"),
        (b"\xff\xfe\x00bars", "not UTF-8 text"),
        (b"20260101,10,11,9,10,1\n", "unreadable time '20260101'"),
        (b"01/02/2026,10,11,9,10,1\n", "unreadable time '01/02/2026'"),
        (b"2026-13-01,10,11,9,10,1\n", "unreadable time '2026-13-01'"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_bars(path, "BTC/USDT")
    assert message in str(raised.value)
    assert raised.value.remedy


@pytest.mark.parametrize("name", ["none.csv", "folder", "broken.zip"])
def test_a_path_that_cannot_be_read_is_a_data_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.zip").write_text("no archive")
    with pytest.raises(DataError, match="cannot be read"):
        read_bars(tmp_path / name, "BTC/USDT")


def test_a_timeframe_that_the_rows_contradict_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, kline(0), kline(1), kline(2))
    with pytest.raises(DataError, match=r"1:00:00 apart, closer than 1d"):
        read_bars(path, "BTC/USDT", Timeframe.D1)
    with pytest.raises(DataError, match="no two bars are 1m apart"):
        read_bars(path, "BTC/USDT", Timeframe.M1)
    with pytest.raises(DataError, match="one bar does not tell its timeframe"):
        read_bars(saved(tmp_path, kline(0)), "BTC/USDT")
    lines = [f"2026-01-01 00:{minute:02},10,11,9,10,1" for minute in (0, 7, 14)]
    with pytest.raises(DataError, match="0:07:00 apart, which is no known timeframe"):
        read_bars(saved(tmp_path, *lines), "BTC/USDT")


def test_progress_ends_at_the_whole_file(tmp_path: Path) -> None:
    path = saved(tmp_path, *(kline(index) for index in range(6000)))
    told: list[tuple[int, int]] = []
    read_bars(path, "BTC/USDT", progress=lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_row_as_a_bar_has_the_decimals_of_the_file(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, kline(0, close="10.12345678"), kline(1)), "BTC/USDT")
    bar = table.bar(0)
    assert (bar.symbol, bar.timeframe, bar.open_time) == ("BTC/USDT", Timeframe.H1, START)
    assert bar.close == Decimal("10.12345678")
    assert [each.open_time for each in table.bars()] == [START, START + timedelta(hours=1)]


def test_between_cuts_by_open_time(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, *(kline(index) for index in range(6))), "BTC/USDT")
    part = table.between(START + timedelta(hours=2), START + timedelta(hours=4))
    assert list(part.open_ms) == [START_MS + 2 * HOUR_MS, START_MS + 3 * HOUR_MS]
    assert len(table.between(None, START)) == 0
    assert table.between(START + timedelta(minutes=1)).open_ms[0] == START_MS + HOUR_MS


@pytest.mark.parametrize("name", ["bars.csv", "bars.zip"])
@settings(max_examples=30, deadline=None)
@given(
    prices=st.lists(
        st.tuples(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.floats(0, 1e12, allow_nan=False)),
        min_size=2,
        max_size=20,
    )
)
def test_what_is_written_is_read_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, name: str, prices: list[tuple[float, float, float]]
) -> None:
    table = BarTable(symbol="BTC/USDT", timeframe=Timeframe.M1)
    for index, (opened, close, volume) in enumerate(prices):
        table.open_ms.append(START_MS + index * 60_000)
        table.open.append(opened)
        table.high.append(max(opened, close))
        table.low.append(min(opened, close))
        table.close.append(close)
        table.volume.append(volume)
    path = tmp_path_factory.mktemp("written") / name
    write_bars(path, table)
    again = read_bars(path, "BTC/USDT", Timeframe.M1)
    assert list(again) == list(table)
    assert [each.name for each in path.parent.iterdir()] == [name]


def test_written_files_have_binances_twelve_columns(tmp_path: Path) -> None:
    table = read_bars(saved(tmp_path, kline(0), kline(1)), "BTC/USDT")
    write_bars(tmp_path / "out.csv", table)
    first = (tmp_path / "out.csv").read_text().splitlines()[0].split(",")
    assert len(first) == 12
    assert (first[0], first[6]) == (str(START_MS), str(START_MS + HOUR_MS - 1))


def test_a_folder_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    table = BarTable(symbol="BTC/USDT", timeframe=Timeframe.M1)
    with pytest.raises(DataError, match="cannot be written"):
        write_bars(tmp_path / "none" / "out.csv", table)


def test_real_bars_of_binance_survive_a_round_trip(tmp_path: Path) -> None:
    root = Path(os.environ.get("RT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    source = root / "binance" / "klines_spot_BTCUSDT_1h_2026-05.json"
    if not source.exists():
        pytest.skip("the recorded bars are not here")
    candles = json.loads(source.read_text())["candles"]
    lines = [
        ",".join(str(c[key]) for key in ("openTimeMs", "open", "high", "low", "close", "volume"))
        + f",{c['closeTimeMs']},0,0,0,0,0"
        for c in candles
    ]
    table = read_bars(saved(tmp_path, *lines), "BTC/USDT", on_gap="refuse")
    assert (len(table), table.timeframe) == (len(candles), Timeframe.H1)
    assert table.bar(0).close == Decimal(candles[0]["close"])
    assert not math.isnan(sum(table.close))
