"""A feed of one symbol: history, then closed live bars, each once and in order."""

from __future__ import annotations

import array
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import backtrader as bt

from real_trade.common.messages import AskAgain, HistoryLoaded
from real_trade.feeds import Assembler
from real_trade.model import Bar, ConnectionChanged, ConnectionState, Mode, Timeframe
from real_trade.model.times import from_ms, to_ms
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["BaseData", "feed_behind"]

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_EPOCH_DAY = 719163.0  # date2num(1970-01-01)
_RETRY_S = 1.0
_GAP_ATTEMPTS = 3

_BACKTRADER = {
    "s": bt.TimeFrame.Seconds,
    "m": bt.TimeFrame.Minutes,
    "h": bt.TimeFrame.Minutes,
    "d": bt.TimeFrame.Days,
    "w": bt.TimeFrame.Weeks,
    "M": bt.TimeFrame.Months,
}


class BaseData(bt.feed.DataBase):
    """Bars of one symbol. They are stamped with their end, in UTC, as Backtrader's resampler does.

    Live, it tells DELAYED while it catches up, LIVE once the bar in hand is the newest closed one,
    CONNBROKEN when the stream is cut. In a backtest it loads everything at once.

    Args:
        store: whose market it shows.

    Params:
        symbol: unified name, such as BTC/USDT.
        ccxt_timeframe: bar length as text, such as "1h".
        historical_data: bars to run on, instead of asking the exchange (backtest).
        historical_limit: how many bars come before the first live one.
        backtest: history only.
        qcheck: how long, in seconds, a cycle waits for news; an event ends the wait at once.
    """

    params = (
        ("symbol", "BTC/USDT"),
        ("ccxt_timeframe", "1h"),
        ("historical_data", None),
        ("historical_limit", 1000),
        ("backtest", False),
        ("qcheck", 0.5),
    )

    @classmethod
    def from_timeframe_string(cls, text: str, store: BaseStore, **options: Any) -> BaseData:
        """Return a feed with bars of the length that `text` names, such as "1h"."""
        return cls(store, ccxt_timeframe=text, **options)

    def __init__(self, store: BaseStore, **_: Any) -> None:
        super().__init__()
        self.store = store
        self.symbol = self._rt_symbol = self.p.symbol
        try:
            self.bar_length = Timeframe.parse(self.p.ccxt_timeframe)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        unit, count = self.bar_length.value[-1], int(self.bar_length.value[:-1])
        self.p.timeframe = self._timeframe = _BACKTRADER[unit]
        self.p.compression = self._compression = count * 60 if unit == "h" else count
        self.p.name = self._name = f"{self.symbol}@{self.bar_length.value}"
        self._assembler = Assembler(self.bar_length)
        self._rows: BarTable | None = None
        self._row = 0
        self._asked = False
        self._stale = False
        self._gap_attempts = 0
        self._told_at: datetime | None = None
        self.last_bar: Bar | None = None

    # Life

    def setenvironment(self, env: bt.Cerebro) -> None:
        """Make the store known to Cerebro, so that its notifications reach `notify_store`."""
        super().setenvironment(env)
        env.addstore(self.store)

    def islive(self) -> bool:
        """Return whether bars come as they happen; Cerebro then neither preloads nor runs at
        once."""
        return not self._is_backtest

    @property
    def _is_backtest(self) -> bool:
        return bool(self.p.backtest) or self.store.mode is Mode.BACKTEST

    def start(self) -> None:
        """Begin: live, ask for history and subscribe; in a backtest, fetch the bars."""
        super().start()
        self.store.start(data=self)
        self._check_symbol()
        if self._is_backtest:
            self._rows = self._backtest_rows()
            return
        if self.p.todate is not None:
            raise ConfigurationError(
                "todate ends a live feed for good", remedy="leave todate unset, or use backtest"
            )
        self.put_notification(self.DELAYED)
        self.store.subscribe(self.symbol, self.bar_length)

    def _check_symbol(self) -> None:
        known = self.store.exchange.instruments()
        if self.symbol not in known:
            near = get_close_matches(self.symbol, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(
                f"the exchange has no symbol {self.symbol!r}{hint}", remedy="check --symbol"
            )
        offered = self.store.exchange.capabilities.timeframes
        if offered and not self._is_backtest and self.bar_length not in offered:
            names = ", ".join(sorted(one.value for one in offered))
            raise ConfigurationError(
                f"the exchange has no bars of {self.bar_length.value} (it has: {names})",
                remedy="check --timeframe",
            )

    # Live: what the store hands over

    def take_connection(self, change: ConnectionChanged) -> None:
        """The stream of bars came or went: what happened meanwhile is fetched."""
        if change.symbols and self.symbol not in change.symbols:
            return
        if change.state is ConnectionState.CONNECTED:
            self.put_notification(self.DELAYED)
            self._assembler.lose()
            self._stale = self._asked  # what is on its way may have been read before the cut
            self._ask()
        elif change.state is ConnectionState.LOST:
            self._assembler.lose()
            self.put_notification(self.CONNBROKEN)
        else:
            self.put_notification(self.DISCONNECTED)

    def take_bar(self, bar: Bar) -> None:
        """A bar came by the stream."""
        if (
            bar.symbol == self.symbol
            and bar.timeframe is self.bar_length
            and self._assembler.live(bar)
        ):
            self._ask()

    def take_history(self, loaded: HistoryLoaded) -> None:
        """History came, or the reason why it did not: then it is asked for again."""
        self._asked = False
        if loaded.error is not None:
            self.store.put_notification(f"history of {self._name}: {loaded.error}; asking again")
            self.store.runtime.call_later(_RETRY_S, lambda: self.store.inbox.put(AskAgain(self)))
            return
        self._told_at = loaded.time
        self._assembler.history(loaded.bars)
        self._tell_gaps()
        if self._stale:
            self._stale = False
            self._assembler.lose()
            self._ask()
            return
        if not self._assembler.has_gap:
            self._gap_attempts = 0
            self._tell_if_live()
            return
        self._gap_attempts += 1
        if self._gap_attempts < _GAP_ATTEMPTS:
            self.store.runtime.call_later(_RETRY_S, lambda: self.store.inbox.put(AskAgain(self)))
            return
        self._gap_attempts = 0
        self._assembler.accept_gap()
        self._tell_gaps()
        if self._assembler.has_gap:
            self._ask()

    def _tell_if_live(self) -> None:
        """After a cut in which nothing closed, the bar in hand is the newest still."""
        bar = self.last_bar
        if bar is not None and not len(self._assembler) and self._is_newest(bar):
            self.put_notification(self.LIVE)

    def _tell_gaps(self) -> None:
        for first, end in self._assembler.take_gaps():
            self.store.put_notification(
                f"{self._name}: the exchange has no bars from {first:%Y-%m-%d %H:%M:%S} to "
                f"{end:%Y-%m-%d %H:%M:%S} UTC; going on"
            )

    def ask_again(self) -> None:
        """Ask for history once more."""
        self._ask()

    def _ask(self) -> None:
        if self._asked:
            return
        self._asked = True
        since = self._assembler.next_open
        self.store.load_history(self, self.bar_length, since, self.p.historical_limit)

    # What Cerebro asks for

    def haslivedata(self) -> bool:
        """Return whether a bar is ready now."""
        return len(self._assembler) > 0

    def _load(self) -> bool | None:
        if self._is_backtest:
            return self._load_row()
        if not len(self._assembler):
            self.store.pump()
        if not len(self._assembler) and self._qcheck > 0:
            self.store.wait(self._qcheck)
            self.store.pump()
        if not len(self._assembler):
            return None
        self._deliver(self._assembler.pop())
        return True

    def _deliver(self, bar: Bar) -> None:
        figures = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        lines = self.lines
        lines.datetime[0] = bt.date2num(bar.end_time.replace(tzinfo=None))
        lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = map(
            float, figures
        )
        lines.openinterest[0] = 0.0
        self.last_bar = bar
        self.store.prices.take_bar(bar)
        if not self.is_live_now and self._is_caught_up(bar):
            self.put_notification(self.LIVE)

    def _is_caught_up(self, bar: Bar) -> bool:
        if not len(self._assembler):
            self.store.pump()  # a newer bar may have come while these were worked through
        return not len(self._assembler) and self._assembler.is_synced and self._is_newest(bar)

    def _is_newest(self, bar: Bar) -> bool:
        told_at = self._told_at
        return told_at is None or self.bar_length.add(bar.open_time, 2) > told_at

    @property
    def is_live_now(self) -> bool:
        """Return whether the bar in hand is the newest closed one."""
        return bool(self._laststatus == self.LIVE)

    def current_bar(self) -> Bar:
        """Return the bar in hand in exact figures."""
        end = bt.num2date(self.lines.datetime[0]).replace(tzinfo=UTC)
        # Day floats hold about ten microseconds, so the nearest second is the true one.
        end = (end + timedelta(milliseconds=500)).replace(microsecond=0)
        lines = self.lines
        return Bar(
            symbol=self.symbol,
            timeframe=self.bar_length,
            open_time=self.bar_length.add(end, -1),
            open=Decimal(repr(lines.open[0])),
            high=Decimal(repr(lines.high[0])),
            low=Decimal(repr(lines.low[0])),
            close=Decimal(repr(lines.close[0])),
            volume=Decimal(repr(lines.volume[0])),
        )

    # Backtest

    def _backtest_rows(self) -> BarTable:
        rows = self.p.historical_data
        if rows is None:
            from real_trade.feeds import fetch_bars

            bars = fetch_bars(
                self.store.exchange,
                self.symbol,
                self.bar_length,
                _utc(self.p.fromdate),
                self.p.historical_limit,
            )
            rows = BarTable.from_bars(self.symbol, self.bar_length, bars)
        elif not isinstance(rows, BarTable):
            rows = BarTable.from_bars(self.symbol, self.bar_length, rows)
        if not len(rows):
            raise DataError(f"there are no bars of {self._name}", remedy="check symbol and dates")
        return rows

    def _end_stamp(self, open_ms: int) -> float:
        """Return the end of the bar that opens then, to the bit as `bt.date2num` has it."""
        if self.bar_length is Timeframe.MONTH1:
            end_ms = to_ms(self.bar_length.add(from_ms(open_ms)))
        else:
            end_ms = open_ms + self.bar_length.seconds * 1000
        if end_ms % _MINUTE_MS:
            return float(bt.date2num(from_ms(end_ms).replace(tzinfo=None)))
        return _EPOCH_DAY + end_ms / _DAY_MS

    def preload(self) -> None:
        """Load all bars at once, where nothing needs to see them one by one."""
        plain = self.p.fromdate is None and self.p.todate is None and self._tzinput is None
        if self._rows is None or self._filters or self._ffilters or not plain:
            super().preload()
            return
        rows, lines = self._rows, self.lines
        stamps = array.array("d", map(self._end_stamp, rows.open_ms))
        columns = (
            (lines.datetime, stamps),
            (lines.open, rows.open),
            (lines.high, rows.high),
            (lines.low, rows.low),
            (lines.close, rows.close),
            (lines.volume, rows.volume),
            (lines.openinterest, array.array("d", bytes(8 * len(rows)))),
        )
        for line, column in columns:
            line.array.frombytes(column.tobytes())
            line.idx = len(rows) - 1
            line.lencount = len(rows)
        self._row = len(rows)
        self._last()
        self.home()

    def _load_row(self) -> bool:
        rows = self._rows
        if rows is None or self._row >= len(rows):
            return False
        index, lines = self._row, self.lines
        self._row += 1
        lines.datetime[0] = self._end_stamp(rows.open_ms[index])
        lines.open[0] = rows.open[index]
        lines.high[0] = rows.high[index]
        lines.low[0] = rows.low[index]
        lines.close[0] = rows.close[index]
        lines.volume[0] = rows.volume[index]
        lines.openinterest[0] = 0.0
        return True


def _utc(time: datetime | None) -> datetime | None:
    """Return a time of the user's in UTC, which is what a naive one means to Backtrader."""
    return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)


def feed_behind(data: Any) -> Any:
    """Return our feed behind `data`, which may be one of Backtrader's resampled copies of it."""
    while not hasattr(data, "_rt_symbol"):
        source = getattr(data.p, "dataname", None)
        if not isinstance(source, bt.feed.AbstractDataBase):
            raise ConfigurationError(
                f"{type(data).__name__} {data._name!r} is no feed of this store",
                remedy="make feeds with store.getdata()",
            )
        data = source
    return data
