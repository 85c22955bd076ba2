"""What a run looks like while it runs: a live table on a terminal, plain lines elsewhere.

The screen is an observer like any plugin's; the mode stands on every line.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from real_trade.model import Bar, ConnectionChanged, ConnectionState, Fill, Order, OrderState
from real_trade.plugins import API_VERSION, hookimpl

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Books", "LiveScreen", "PlainScreen", "Screen", "make_screen"]

_RECENT = 8


@attrs.frozen(kw_only=True)
class Books:
    """What the account holds, as Backtrader sees it: `position` in amount units, the rest in
    quote."""

    position: float
    cash: float
    equity: float


class Screen:
    """Hears what happens and keeps what there is to show; subclasses show it."""

    REAL_TRADE_API = API_VERSION

    def __init__(self, mode: str, title: str, books: Callable[[], Books]) -> None:
        self.mode = mode
        self.title = title
        self.bars = 0
        self._books = books
        self._cut = False

    def start(self) -> None:
        """Begin to show."""

    def stop(self) -> None:
        """Show no more; the terminal is as it was."""

    def line(self, text: str) -> None:
        """Show one thing that happened."""
        raise NotImplementedError

    def price(self, bar: Bar, books: Books) -> None:
        """Show a new bar with the books."""
        raise NotImplementedError

    @hookimpl
    def bar_closed(self, bar: Bar) -> None:
        """A live bar reached the strategy."""
        self.bars += 1
        self.price(bar, self._books())

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """An order changed."""
        what = f"{order.side.value} {_amount(order)} {order.symbol} {order.intent.type.value}"
        told = f"order {order.client_order_id}  {what}  {order.state.value}"
        if order.state is OrderState.PARTIALLY_FILLED:
            told += f" ({_plain(order.filled)} of {_amount(order)})"
        if order.reason:
            told += f": {order.reason}"
        self.line(told)

    @hookimpl
    def fill_received(self, fill: Fill) -> None:
        """An order filled, in part or whole."""
        self.line(
            f"fill  {fill.client_order_id}  {fill.side.value} {_plain(fill.amount)} at "
            f"{_plain(fill.price)}, fee {_plain(fill.fee)} {fill.fee_asset}"
        )

    @hookimpl
    def connection_changed(self, change: ConnectionChanged) -> None:
        """A stream came or went."""
        if change.state is ConnectionState.LOST:
            self._cut = True
            self.line(f"connection lost: {change.channel.value} {change.detail}".rstrip())
        elif change.state is ConnectionState.CONNECTED and self._cut:
            self.line(f"connection back: {change.channel.value}; catching up")


class PlainScreen(Screen):
    """One line for each thing that happens; for files, pipes and logs."""

    def line(self, text: str) -> None:
        """Write `text` to stderr: stdout belongs to the result."""
        sys.stderr.write(f"[{self.mode}] {text}\n")

    def price(self, bar: Bar, books: Books) -> None:
        """Write the bar's close with the books."""
        self.line(
            f"{bar.end_time:%H:%M:%S} {bar.symbol} {_plain(bar.close)}  "
            f"position {books.position:g}  cash {books.cash:.2f}  equity {books.equity:.2f}"
        )


class LiveScreen(Screen):
    """A table that is drawn anew in place."""

    def __init__(self, mode: str, title: str, books: Callable[[], Books]) -> None:
        super().__init__(mode, title, books)
        from rich.console import Console
        from rich.live import Live

        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._figures: list[tuple[str, str]] = [("price", "waiting for the first bar")]
        self._live: Any = Live(
            console=Console(stderr=True), get_renderable=self._draw, refresh_per_second=4
        )

    def start(self) -> None:
        """Begin to draw."""
        self._live.start()

    def stop(self) -> None:
        """Draw a last time and leave the terminal as it was."""
        self._live.stop()

    def line(self, text: str) -> None:
        """Keep `text` among the recent things."""
        self._recent.append(text)

    def price(self, bar: Bar, books: Books) -> None:
        """Keep the figures for the next drawing."""
        self._figures = [
            ("bar", f"{bar.end_time:%Y-%m-%d %H:%M:%S} UTC"),
            ("price", _plain(bar.close)),
            ("position", f"{books.position:g}"),
            ("cash", f"{books.cash:.2f}"),
            ("equity", f"{books.equity:.2f}"),
            ("live bars", str(self.bars)),
        ]

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        figures = Table.grid(padding=(0, 2))
        for name, value in self._figures:
            figures.add_row(Text(name, style="dim"), Text(value, style="bold"))
        recent = [Text(text, overflow="ellipsis", no_wrap=True) for text in self._recent]
        heading = f"{self.mode.upper()}  {self.title}"
        return Panel(Group(figures, Text(), *recent), title=heading, title_align="left")


def make_screen(mode: str, title: str, books: Callable[[], Books]) -> Screen:
    """Return a table where stderr is a terminal, plain lines elsewhere."""
    kind = LiveScreen if sys.stderr.isatty() else PlainScreen
    return kind(mode, title, books)


def _amount(order: Order) -> str:
    if order.intent.amount is not None:
        return _plain(order.intent.amount)
    return f"for {order.intent.quote_amount}"


def _plain(value: Decimal) -> str:
    """Return a number without zeros at its end and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
