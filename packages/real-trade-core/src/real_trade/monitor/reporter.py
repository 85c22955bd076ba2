"""What came of a run, for people and for programs: text, JSON, one HTML file that works offline."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from real_trade.model import Bar
from real_trade.monitor.run_report import RunReport
from real_trade.storage.runs import FillRow

__all__ = ["Reporter"]

_MOST_ROWS = 1000
_MOST_POINTS = 5000
_MOST_BARS = 5000
_MOST_MARKS = 2000


class Reporter:
    """Writes reports; keeps nothing.

    `generate_text` and `generate_json` take a tracker (`summary()`), a health checker (`status()`)
    and a run's summary, each optional; `generate_html` takes a run out of the store.
    """

    def generate_json(
        self,
        tracker: Any = None,
        health: Any = None,
        summary: Mapping[str, Any] | None = None,
    ) -> str:
        """Return one JSON object. Infinity and NaN become null."""
        return json.dumps(_finite(self._parts(tracker, health, summary)), default=str)

    def generate_text(
        self,
        tracker: Any = None,
        health: Any = None,
        summary: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the same as lines that people read."""
        lines: list[str] = []
        for title, part in self._parts(tracker, health, summary).items():
            lines.append(title)
            lines += _lines(part, "  ")
        return "\n".join(lines) or "nothing to report"

    def text_of(self, report: RunReport) -> str:
        """Return a run's figures as lines that people read."""
        return "\n".join(_lines(report.as_dict(), ""))

    def json_of(self, report: RunReport) -> dict[str, Any]:
        """Return a run's figures as plain values; Infinity and NaN are None."""
        made: dict[str, Any] = _finite(report.as_dict())
        return made

    def generate_html(self, report: RunReport) -> str:
        """Return one page that needs nothing from anywhere; long lists are cut, and it says so."""
        here = files("real_trade.monitor")
        vendor = here / "vendor"
        parts = {
            "UPLOT_CSS": (vendor / "uPlot.min.css").read_text(encoding="utf-8"),
            "UPLOT": (vendor / "uPlot.iife.min.js").read_text(encoding="utf-8"),
            "CANDLES": (vendor / "lightweight-charts.standalone.production.js").read_text(
                encoding="utf-8"
            ),
            "PAGE": (here / "page.js").read_text(encoding="utf-8"),
            "DATA": _safe_json(_page_data(report)),
        }
        page = (here / "page.html").read_text(encoding="utf-8")
        for name, text in parts.items():
            page = page.replace(f"@@{name}@@", text, 1)
        return page

    def _parts(
        self, tracker: Any, health: Any, summary: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        if summary:
            parts["run"] = dict(summary)
        if tracker is not None:
            parts["performance"] = tracker.summary()
        if health is not None:
            parts["health"] = health.status()
        return parts


def _lines(part: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for name, value in part.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            lines.append(f"{label}:" if value else f"{label}: none")
            lines += _lines(value, indent + "  ")
        else:
            lines.append(f"{label}: {_shown(value)}")
    return lines


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if math.isfinite(value) else "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value


def _safe_json(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(_finite(value), default=str, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _page_data(report: RunReport) -> dict[str, Any]:
    drawdowns = _thinned(report.drawdowns())
    equity = _thinned(report.equity)
    trips, orders = report.trips[-_MOST_ROWS:], report.orders[:_MOST_ROWS]
    symbol = report.run.symbols[0] if report.run.symbols else ""
    bars = [bar for bar in report.bars if bar.symbol == symbol][-_MOST_BARS:]
    return {
        "figures": report.as_dict(),
        "time": [_seconds(point.time) for point in equity],
        "equity": [float(point.equity) for point in equity],
        "drawdown": [fall for _, fall in drawdowns],
        "bars": [_candle(bar) for bar in bars],
        "marks": _marks(report.fills, bars),
        "trades": [
            [
                _seconds(trip.closed_at),
                trip.symbol,
                trip.side,
                format(trip.amount, "f"),
                format(trip.entry, "f"),
                format(trip.exit, "f"),
                f"{trip.pnl:.2f}",
            ]
            for trip in reversed(trips)
        ],
        "orders": [
            [
                _seconds(order.created_at),
                order.symbol,
                order.side,
                order.type,
                order.amount,
                order.price,
                order.state,
                order.filled,
                order.reason,
            ]
            for order in orders
        ],
        "left_out": _left_out(report),
    }


def _left_out(report: RunReport) -> str:
    told = []
    for what, rows in (("trades", report.trips), ("orders", report.orders)):
        if len(rows) > _MOST_ROWS:
            told.append(f"the newest {_MOST_ROWS} of {len(rows)} {what} are shown")
    return "; ".join(told)


def _thinned(points: Sequence[Any]) -> Sequence[Any]:
    """Return at most 5,000 points, the last among them."""
    step = -(-len(points) // _MOST_POINTS) or 1
    return points if step == 1 else [*points[::step], points[-1]]


def _candle(bar: Bar) -> list[float]:
    prices = (bar.open, bar.high, bar.low, bar.close)
    return [_seconds(bar.open_time), *map(float, prices)]


def _marks(fills: Sequence[FillRow], bars: Sequence[Bar]) -> list[list[Any]]:
    if not bars:
        return []
    symbol, timeframe, first = bars[0].symbol, bars[0].timeframe, bars[0].open_time
    shown = [fill for fill in fills if fill.symbol == symbol and fill.time >= first]
    return [
        [_seconds(timeframe.floor(fill.time)), fill.side, f"{fill.amount} @ {fill.price}"]
        for fill in shown[-_MOST_MARKS:]
    ]


def _seconds(time: datetime) -> int:
    return int(time.timestamp())
