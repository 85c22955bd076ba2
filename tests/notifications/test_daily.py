"""The summary of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from real_trade.model import Fill, Mode, Side
from real_trade.notifications.daily import DailySummary, draw
from real_trade.plugins import AccountView

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def account(time, equity):
    return AccountView(mode=Mode.PAPER, time=time, cash=equity, equity=equity)


def fill(fee, asset="USDT"):
    return Fill(
        trade_id="1",
        symbol="BTC/USDT",
        client_order_id="rt-1",
        exchange_order_id="1",
        side=Side.BUY,
        amount=1,
        price=100,
        fee=fee,
        fee_asset=asset,
        time=START,
    )


def test_a_days_figures_are_told_at_its_hour():
    daily = DailySummary("08:00", ZoneInfo("Asia/Shanghai"))
    assert daily.due(START, "bot") is None
    for hours, equity in ((0, 1000), (5, 1100), (9, 950), (13, 1050)):
        daily.account_updated(account(START + timedelta(hours=hours), equity))
    daily.fill_received(fill("0.5"))
    daily.fill_received(fill("0.25"))
    daily.fill_received(fill("0.001", "BNB"))
    assert daily.due(START + timedelta(hours=13, minutes=59), "bot") is None
    note = daily.due(START + timedelta(hours=14), "bot")
    assert note.title == "bot: the day to 2026-03-02 08:00"
    assert note.text == (
        "equity 1050.00, change +50.00 (+5.00%)\n"
        "between 950.00 and 1100.00\n"
        "3 fills, fees 0.001 BNB, 0.75 USDT"
    )
    assert daily.due(START + timedelta(hours=15), "bot") is None


def test_the_next_day_starts_anew_and_an_empty_one_is_not_told():
    daily = DailySummary("12:00", ZoneInfo("UTC"))
    daily.due(START, "bot")
    daily.account_updated(account(START, Decimal(100)))
    assert daily.due(START + timedelta(hours=2), "bot") is not None
    assert daily.due(START + timedelta(days=1, hours=2), "bot") is None


def test_the_picture_is_a_png_where_matplotlib_is_installed(tmp_path):
    pytest.importorskip("matplotlib")
    curve = [(START + timedelta(minutes=n), 1000.0 + n) for n in range(10)]
    path = draw(curve, tmp_path)
    assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_one_point_is_no_curve(tmp_path):
    assert draw([(START, 1.0)], tmp_path) == ""
