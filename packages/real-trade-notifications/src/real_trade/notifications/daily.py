"""The summary of a day: what the account did, told once at a set hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

from real_trade.model import Fill
from real_trade.notifications.note import Note
from real_trade.plugins import AccountView, Severity

__all__ = ["DailySummary", "draw"]

_MOST_POINTS = 1440
_ZERO = Decimal(0)


@attrs.define
class _Day:
    first: Decimal | None = None
    last: Decimal = _ZERO
    low: Decimal = _ZERO
    high: Decimal = _ZERO
    fills: int = 0
    fees: dict[str, Decimal] = attrs.field(factory=dict)
    curve: list[tuple[datetime, float]] = attrs.field(factory=list)


class DailySummary:
    """Counts what comes in; `due` returns the day's note once its hour has come.

    Args:
        at: the hour, such as "08:00".
        zone: whose clock that is.
        folder: where the picture is drawn; none without one.
    """

    def __init__(self, at: str, zone: ZoneInfo, folder: Path | None = None) -> None:
        hour, minute = at.split(":")
        self._at = timedelta(hours=int(hour), minutes=int(minute))
        self._zone = zone
        self._folder = folder
        self._day = _Day()
        self._next: datetime | None = None

    def account_updated(self, account: AccountView) -> None:
        """Take in the equity."""
        day, equity = self._day, account.equity
        if day.first is None:
            day.first = day.low = day.high = equity
        day.last, day.low, day.high = equity, min(day.low, equity), max(day.high, equity)
        if not day.curve or account.time - day.curve[-1][0] >= timedelta(days=1) / _MOST_POINTS:
            day.curve.append((account.time, float(equity)))

    def fill_received(self, fill: Fill) -> None:
        """Count a fill and its fee."""
        self._day.fills += 1
        before = self._day.fees.get(fill.fee_asset, _ZERO)
        self._day.fees[fill.fee_asset] = before + fill.fee

    def due(self, now: datetime, bot: str) -> Note | None:
        """Return the summary if its hour has come since the last one, else None."""
        if self._next is None:
            self._next = self._after(now)
        if now < self._next:
            return None
        self._next = self._after(now)
        day, self._day = self._day, _Day()
        if day.first is None:
            return None
        return self._note(day, now, bot)

    def _after(self, now: datetime) -> datetime:
        local = now.astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        due = midnight + self._at
        return due if due > local else midnight + timedelta(days=1) + self._at

    def _note(self, day: _Day, now: datetime, bot: str) -> Note:
        assert day.first is not None
        change = day.last - day.first
        share = f" ({change / day.first:+.2%})" if day.first else ""
        fees = ", ".join(f"{amount:f} {asset}" for asset, amount in sorted(day.fees.items()))
        text = (
            f"equity {day.last:.2f}, change {change:+.2f}{share}\n"
            f"between {day.low:.2f} and {day.high:.2f}\n"
            f"{day.fills} fills, fees {fees or 'none'}"
        )
        title = f"{bot}: the day to {now.astimezone(self._zone):%Y-%m-%d %H:%M}"
        picture = "" if self._folder is None else draw(day.curve, self._folder)
        return Note(severity=Severity.INFO, title=title, text=text, key=title, picture=picture)


def draw(curve: list[tuple[datetime, float]], folder: Path) -> str:
    """Draw an equity curve as a PNG and return its path; "" without matplotlib or two points."""
    if len(curve) < 2:
        return ""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    figure = Figure(figsize=(8, 3), dpi=100, layout="tight")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([one for one, _ in curve], [value for _, value in curve], linewidth=1.2)
    axes.set_ylabel("equity")
    axes.grid(visible=True, alpha=0.3)
    figure.autofmt_xdate()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "equity-of-the-day.png"
    figure.savefig(path)
    return str(path)
