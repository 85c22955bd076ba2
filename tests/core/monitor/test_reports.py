"""Reports out of the store: totals that add up, pages that work offline and cannot be injected."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from real_trade.cli.app import run as real_trade
from real_trade.model import Bar, Mode, Timeframe
from real_trade.monitor import HealthChecker, PerformanceTracker, Reporter
from real_trade.monitor.run_report import RunReport
from real_trade.monitor.trips import round_trips
from real_trade.storage.runs import EquityPoint, FillRow, OrderRow, RunRecord

START = datetime(2026, 1, 30, tzinfo=UTC)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def fill(number, side, amount, price, fee="0", asset="USDT", symbol="BTC/USDT"):
    return FillRow(
        run_id="r",
        symbol=symbol,
        trade_id=str(number),
        client_order_id=f"rt-{number}",
        exchange_order_id=str(number),
        side=side,
        amount=amount,
        price=price,
        fee=fee,
        fee_asset=asset,
        time=START + timedelta(hours=number),
    )


def order(number=1, reason=""):
    return OrderRow(
        run_id="r",
        client_order_id=f"rt-{number}",
        exchange_order_id="1",
        symbol="BTC/USDT",
        side="buy",
        type="market",
        amount=1,
        state="filled",
        reason=reason,
        created_at=START,
        updated_at=START,
    )


def report(fills=(), equity=(), orders=(), bars=(), **run):
    record = RunRecord(
        **(
            {
                "run_id": "r",
                "bot": "mybot",
                "mode": Mode.PAPER,
                "exchange": "binance",
                "market": "spot",
                "symbols": ("BTC/USDT",),
                "timeframe": "1h",
                "strategy": "Mine",
                "started_at": START,
                "heartbeat_at": START,
            }
            | run
        )
    )
    points = [
        EquityPoint(run_id="r", time=START + n * timedelta(days=1), cash=one, equity=one)
        for n, one in enumerate(equity)
    ]
    return RunReport(
        run=record, equity=points, orders=orders, fills=fills, bars=bars, trips=round_trips(fills)
    )


def page_data(html):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(found.group(1))


def test_round_trips_are_first_in_first_out_and_net_of_fees():
    """Buy 2 at 100 (fee 0.2) and 1 at 110; sell 3 at 120 (fee 0.36): 40 - 0.2 - 0.24, 10 - 0.12."""
    trips = round_trips(
        [
            fill(1, "buy", 2, 100, "0.2"),
            fill(2, "buy", 1, 110),
            fill(3, "sell", 3, 120, "0.36"),
        ]
    )
    assert [(trip.amount, trip.entry, trip.exit) for trip in trips] == [
        (2, 100, 120),
        (1, 110, 120),
    ]
    assert [trip.pnl for trip in trips] == [Decimal("39.56"), Decimal("9.88")]


def test_round_trips_of_shorts_and_of_turns():
    trips = round_trips([fill(1, "sell", 1, 100), fill(2, "buy", 3, 90), fill(3, "sell", 2, 95)])
    assert [(trip.side, trip.pnl) for trip in trips] == [("short", 10), ("long", 10)]


def test_a_fee_in_the_base_asset_counts_at_the_fills_price():
    (trip,) = round_trips([fill(1, "buy", 1, 100, "0.001", "BTC"), fill(2, "sell", 1, 100)])
    assert trip.pnl == Decimal("-0.100")


def test_figures_of_a_run():
    made = report(
        fills=[fill(1, "buy", 1, 100, "0.1"), fill(2, "sell", 1, 110, "0.11")],
        equity=[1000, 1010, 990, 1020],
    )
    told = made.as_dict()
    assert told["equity"] == 1020
    assert told["return_pct"] == pytest.approx(2.0)
    assert told["max_drawdown"] == pytest.approx(20 / 1010)
    assert told["fees"] == {"USDT": "0.21"}
    assert (told["trades"], told["net_pnl"]) == (1, pytest.approx(9.79))
    assert told["months"] == pytest.approx({"2026-01": 0.01, "2026-02": 1020 / 1010 - 1})


@pytest.mark.parametrize("equity", [[], [1000], [0, 0], [1000, 1000, 1000]])
def test_u_reports_with_no_trade_or_no_equity_are_still_reports(equity):
    made = report(equity=equity)
    assert json.dumps(Reporter().json_of(made), allow_nan=False)
    assert "trades: 0" in Reporter().text_of(made)
    html = Reporter().generate_html(made)
    assert page_data(html)["figures"]["trades"] == 0


def test_the_page_needs_nothing_from_anywhere():
    html = Reporter().generate_html(report(equity=[1, 2]))
    assert "@@" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    head = html[: html.index("<script>")]
    assert not re.findall(r'(?:src|href)="(?!https://www.tradingview.com/)[^"]+"', head)
    assert "default-src 'none'" in head


def test_h10_hostile_texts_stay_texts():
    made = report(
        strategy=HOSTILE,
        bot=HOSTILE,
        symbols=(HOSTILE,),
        orders=[order(reason=HOSTILE)],
        equity=[1, 2],
    )
    html = Reporter().generate_html(made)
    assert HOSTILE not in html
    assert "<img src=x" not in html
    assert page_data(html)["figures"]["strategy"] == HOSTILE


def test_long_lists_are_cut_and_the_page_says_so():
    made = report(orders=[order(n) for n in range(1500)], equity=[1] * 20_000)
    data = page_data(Reporter().generate_html(made))
    assert len(data["orders"]) == 1000
    assert data["left_out"] == "the newest 1000 of 1500 orders are shown"
    assert len(data["equity"]) <= 5001


def test_fills_are_marked_on_the_candle_they_fell_into():
    bars = [
        Bar(
            symbol="BTC/USDT",
            timeframe=Timeframe.H1,
            open_time=START + timedelta(hours=n),
            open=1,
            high=2,
            low=1,
            close=2,
            volume=1,
            closed=True,
        )
        for n in range(3)
    ]
    data = page_data(Reporter().generate_html(report(fills=[fill(1, "buy", 1, 2)], bars=bars)))
    assert data["marks"] == [[int(bars[1].open_time.timestamp()), "buy", "1 @ 2"]]


def test_infinity_becomes_null():
    class Odd:
        def summary(self):
            return {"ratio": float("inf"), "deep": [float("nan")]}

    assert json.loads(Reporter().generate_json(tracker=Odd())) == {
        "performance": {"ratio": None, "deep": [None]}
    }


def test_text_of_tracker_health_and_summary():
    tracker, health = PerformanceTracker(100), HealthChecker()
    tracker.update(110, START)
    text = Reporter().generate_text(tracker, health, {"bars": 3})
    assert "return pct: 10" in text
    assert "healthy: False" in text
    assert "bars: 3" in text
    assert Reporter().generate_text() == "nothing to report"


def test_a_store_without_a_run_says_so(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert real_trade(["report"]) == 9
    assert "fix:" in capfd.readouterr().err
