"""A feed of one symbol: history, then closed live bars, each once and in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import backtrader as bt

from real_trade.common.bar_lengths import length_of, words_of
from real_trade.common.bar_rows import fill_lines, table_of, write_row
from real_trade.common.copies import LiveClone
from real_trade.common.messages import AskAgain, HistoryLoaded
from real_trade.common.time_zones import zone_of
from real_trade.feeds import Assembler, fetch_bars
from real_trade.model import Bar, ConnectionChanged, ConnectionState, Mode
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["BaseData"]

_RETRY_S = 1.0
_GAP_ATTEMPTS = 3


class BaseData(bt.feed.DataBase):
    """Bars of one symbol. They are stamped with their end, in UTC, as Backtrader's resampler does.

    Live, it tells DELAYED while it catches up, LIVE once the bar in hand is the newest closed one,
    CONNBROKEN when the stream is cut. In a backtest it loads everything at once.

    Args:
        store: whose market it shows.

    Params:
        symbol: unified name, such as BTC/USDT.
        ccxt_timeframe: bar length as text, such as "1h", which is the default.
        timeframe, compression: bar length in Backtrader's words, instead.
        historical_data: bars to run on, instead of asking the exchange (backtest).
        historical_limit: how many bars come before the first live one.
        fromdate: live, history begins there instead.
        backtest: history only.
        qcheck: how long, in seconds, a cycle waits for news; an event ends the wait at once.
        patience: how long, in seconds, a bar waits for those of the same time of other feeds.
    """

    params = (
        ("symbol", "BTC/USDT"),
        ("timeframe", None),
        ("compression", None),
        ("ccxt_timeframe", None),
        ("historical_data", None),
        ("historical_limit", 1000),
        ("backtest", False),
        ("qcheck", 0.5),
        ("patience", 0.5),
    )

    @classmethod
    def from_timeframe_string(cls, text: str, store: BaseStore, **options: Any) -> BaseData:
        """Return a feed with bars of the length that `text` names, such as "1h"."""
        return cls(store, ccxt_timeframe=text, **options)

    def __init__(self, store: BaseStore, **_: Any) -> None:
        super().__init__()
        self.store = store
        self.symbol = self._rt_symbol = self.p.symbol
        self.bar_length = length_of(self.p.ccxt_timeframe, self.p.timeframe, self.p.compression)
        self.p.ccxt_timeframe = self.bar_length.value
        self.p.timeframe, self.p.compression = words_of(self.bar_length)
        self._timeframe, self._compression = self.p.timeframe, self.p.compression
        self.p.name = self._name = f"{self.symbol}@{self.bar_length.value}"
        self._assembler = Assembler(self.bar_length)
        self._barrier = store.barrier
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
        self._check_live()
        self._barrier.join(self)
        self.put_notification(self.DELAYED)
        self.store.subscribe(self.symbol, self.bar_length)

    def _check_live(self) -> None:
        if self.p.todate is not None:
            raise ConfigurationError(
                "todate ends a live feed for good", remedy="leave todate unset, or use backtest"
            )
        if self.p.historical_data is not None:
            raise ConfigurationError(
                "historical_data is for backtests: a live feed asks the exchange for its history",
                remedy="leave historical_data unset, or use backtest",
            )

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

    def clone(self, **options: Any) -> bt.feed.DataClone:
        """Return a copy for `resampledata` and `replaydata`."""
        kind = bt.feed.DataClone if self._is_backtest else LiveClone
        return kind(dataname=self, **options)

    def _check(self, forcedata: Any = None) -> None:
        # Live, a longer bar ends with the bar that completes it, not by the machine's clock.
        if self._is_backtest:
            super()._check(forcedata=forcedata)

    def _gettz(self) -> Any:
        return zone_of(self.p.tz)

    def _gettzinput(self) -> Any:
        return zone_of(self.p.tzinput)

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
        self._barrier.loaded(self)
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
        since = self._assembler.next_open or self._history_since()
        self.store.load_history(self, self.bar_length, since, self.p.historical_limit)

    # What Cerebro asks for

    def haslivedata(self) -> bool:
        """Return whether a bar is ready now."""
        ready = len(self._assembler) > 0 and self._barrier.is_open
        if ready:
            self._barrier.expect(self._assembler.first.end_time)
        return ready

    def do_qcheck(self, onoff: bool, qlapse: float) -> None:
        """Cerebro turns to this feed; how long it may wait, the barrier knows."""
        super().do_qcheck(onoff, qlapse)
        self._barrier.ask(self)

    def _load(self) -> bool | None:
        if self._is_backtest:
            return self._load_row()
        if not self._is_ready():
            self.store.pump()
            self._wait()
        if not self._is_ready():
            return None
        bar = self._assembler.pop()
        self._barrier.deliver(self, bar.end_time)
        self._deliver(bar)
        return True

    def _is_ready(self) -> bool:
        return len(self._assembler) > 0 and self._barrier.is_open

    def _wait(self) -> None:
        """Wait for any news, or for this feed's bar where another feed has one of its time."""
        due = self._next_end()
        while not self._is_ready():
            idle_s, patience_s = self._qcheck, float(self.p.patience)
            left_s = self._barrier.wait_s(self, due, idle_s, patience_s)
            if left_s <= 0 or not self.store.wait(left_s):
                break
            self.store.pump()
            if not self._barrier.has_bar():
                return
        late = None if self._is_ready() else self._barrier.give_up(self, due)
        if late is not None:
            self.store.put_notification(
                f"{self._name} is late: the bar until {late:%Y-%m-%d %H:%M:%S} UTC of other feeds "
                "goes on without it"
            )

    def _next_end(self) -> datetime | None:
        opens = self._assembler.next_open
        return None if opens is None else self.bar_length.add(opens)

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
            rows = fetch_bars(
                self.store.exchange,
                self.symbol,
                self.bar_length,
                self._history_since(),
                self.p.historical_limit,
                until=self._utc(self.p.todate),
            )
        table = table_of(self.symbol, self.bar_length, rows)
        if not len(table):
            raise DataError(f"there are no bars of {self._name}", remedy="check symbol and dates")
        return table

    def _history_since(self) -> datetime | None:
        """Return the open time of the first bar that `fromdate` does not cut off."""
        since = self._utc(self.p.fromdate)
        return None if since is None else self.bar_length.add(self.bar_length.floor(since), -1)

    def _utc(self, time: datetime | None) -> datetime | None:
        """Return a time of the user's in UTC; a naive one is of the feed's zone, as Backtrader
        takes it."""
        if time is None:
            return None
        zone = self._gettz()
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC) if zone is None else zone.localize(time)
        return time.astimezone(UTC)

    def preload(self) -> None:
        """Load all bars at once, where nothing needs to see them one by one."""
        plain = self.p.fromdate is None and self.p.todate is None and self._tzinput is None
        if self._rows is None or self._filters or self._ffilters or not plain:
            super().preload()
            return
        fill_lines(self.lines, self.bar_length, self._rows)
        self._row = len(self._rows)
        self._last()
        self.home()

    def _load_row(self) -> bool:
        rows = self._rows
        if rows is None or self._row >= len(rows):
            return False
        write_row(self.lines, self.bar_length, rows, self._row)
        self._row += 1
        return True
