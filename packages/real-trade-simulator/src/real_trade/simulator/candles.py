"""Bars of one symbol in every interval, from before the start up to now."""

from __future__ import annotations

from array import array

from real_trade.model import Timeframe, from_ms, to_ms
from real_trade.simulator.history import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    UNIT,
    Candle,
    History,
)

__all__ = ["Candles", "base_length", "next_open", "open_of"]

_KEPT = {SECOND_MS: 10_000, MINUTE_MS: 10_000, HOUR_MS: 2_000, DAY_MS: 1_000}
_COLUMNS = 10
_LONGER = (MINUTE_MS, HOUR_MS, DAY_MS)
_WINDOW_MS = DAY_MS


def base_length(timeframe: Timeframe) -> int:
    """Return the length of the bars that bars of `timeframe` are made of."""
    seconds = timeframe.seconds
    if seconds < 60:
        return SECOND_MS
    if seconds < 3600:
        return MINUTE_MS
    return HOUR_MS if seconds < 86_400 else DAY_MS


def open_of(timeframe: Timeframe, ms: int) -> int:
    """Return the open time of the bar that holds `ms`."""
    if timeframe in {Timeframe.W1, Timeframe.MONTH1}:
        return to_ms(timeframe.floor(from_ms(ms)))
    return ms - ms % (timeframe.seconds * 1000)


def next_open(timeframe: Timeframe, start: int) -> int:
    """Return the open time of the bar after the one that opens at `start`."""
    if timeframe is Timeframe.MONTH1:
        return to_ms(timeframe.add(from_ms(start)))
    return start + timeframe.seconds * 1000


class _Ring:
    """The newest bars of one length, in flat memory: a bar as objects takes five times as much."""

    def __init__(self, length: int, size: int) -> None:
        self._length = length
        self._size = size
        self._rows = array("q", bytes(8 * _COLUMNS * size))

    def get(self, start: int) -> Candle | None:
        """Return the bar that opens at `start`, or None."""
        at = start // self._length % self._size * _COLUMNS
        row = self._rows[at : at + _COLUMNS]
        return Candle(*row) if row[0] == start else None

    def put(self, candle: Candle) -> None:
        """Keep a bar in the place of the oldest."""
        at = candle.start // self._length % self._size * _COLUMNS
        self._rows[at : at + _COLUMNS] = array("q", candle.row())


class Candles:
    """History, what has traded since, and the bars that are forming."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._live = {length: _Ring(length, size) for length, size in _KEPT.items()}
        self.last = history.price_at_start()
        start = history.start_ms
        self._second = self._flat(start - start % SECOND_MS)
        self._window: tuple[int, Candle] | None = None

    @property
    def first_ms(self) -> int:
        """Return when the symbol was listed."""
        return self._history.first_ms

    def before(self, length: int, count: int) -> list[Candle]:
        """Return the last `count` bars of a base length before the start."""
        start = self._history.start_ms
        return self._history.bars(length, start - count * length, start)

    def trade(self, ms: int, price: int, amount: int, *, taker_buys: bool) -> None:
        """Take one trade of now."""
        self.roll(ms)
        second = self._second
        quote = price * amount // UNIT
        if not second.trades:
            second.open = second.high = second.low = price
        elif price > second.high:
            second.high = price
        elif price < second.low:
            second.low = price
        second.close = self.last = price
        second.volume += amount
        second.quote += quote
        second.trades += 1
        if taker_buys:
            second.taker_volume += amount
            second.taker_quote += quote

    def roll(self, now: int) -> None:
        """Close the seconds that have passed; one without trades is flat."""
        while self._second.start + SECOND_MS <= now:
            second = self._second
            self._live[SECOND_MS].put(second)
            for length in _LONGER:
                start = second.start - second.start % length
                forming = self._live[length].get(start)
                if forming is None:
                    forming = second.copy(start)
                else:
                    forming.join(second)
                self._live[length].put(forming)
            self._second = self._flat(second.start + SECOND_MS)

    def bars(self, timeframe: Timeframe, start: int, end: int) -> list[Candle]:
        """Return the bars that open in [start, end), oldest first; the last may be forming."""
        length = base_length(timeframe)
        at = open_of(timeframe, max(start, self.first_ms))
        if at < max(start, self.first_ms):
            at = next_open(timeframe, at)
        last = min(end, self._second.start + 1)
        if timeframe.seconds * 1000 == length:
            return self._base(length, at, last)
        found: list[Candle] = []
        while at < last:
            after = next_open(timeframe, at)
            pieces = self._base(length, at, min(after, self._second.start + SECOND_MS))
            if pieces:
                whole = pieces[0].copy(at)
                for piece in pieces[1:]:
                    whole.join(piece)
                found.append(whole)
            at = after
        return found

    def newest(self, timeframe: Timeframe, count: int, end: int) -> list[Candle]:
        """Return the newest `count` bars that open before `end`."""
        end = min(end, self._second.start + 1)
        start = open_of(timeframe, end - 1)
        if timeframe is Timeframe.MONTH1:
            start = open_of(timeframe, start - (count - 1) * 31 * DAY_MS)
        else:
            start -= (count - 1) * timeframe.seconds * 1000
        return self.bars(timeframe, start, end)[-count:]

    def forming(self, timeframe: Timeframe) -> Candle:
        """Return the bar that now belongs to."""
        start = open_of(timeframe, self._second.start)
        return self.bars(timeframe, start, start + 1)[0]

    def at(self, timeframe: Timeframe, start: int) -> Candle:
        """Return the bar that opens at `start`."""
        return self.bars(timeframe, start, start + 1)[0]

    def day(self) -> Candle:
        """Return one bar over the last 24 hours, to the minute."""
        minute = self._second.start - self._second.start % MINUTE_MS
        if self._window is None or self._window[0] != minute:
            pieces = self._base(MINUTE_MS, minute - _WINDOW_MS + MINUTE_MS, minute)
            whole = pieces[0].copy(pieces[0].start)
            for piece in pieces[1:]:
                whole.join(piece)
            self._window = (minute, whole)
        found = self._window[1].copy(self._window[1].start)
        found.join(self._base(MINUTE_MS, minute, minute + 1)[0])
        return found

    def _base(self, length: int, start: int, end: int) -> list[Candle]:
        began = self._history.start_ms
        found: list[Candle] = []
        if start < began:
            found = self._history.bars(length, start, min(end, began))
        live = self._live[length]
        forming = self._second.start - self._second.start % length
        at = max(start, began - began % length)
        at += -at % length
        while at < end and at <= forming:
            kept = live.get(at)
            if at == forming:
                kept = self._joined(kept, at)
            if kept is not None:
                if found and found[-1].start == at:
                    found[-1] = found[-1].copy(at)
                    found[-1].join(kept)
                else:
                    found.append(kept)
            at += length
        return found

    def _joined(self, kept: Candle | None, at: int) -> Candle:
        if kept is None:
            return self._second.copy(at)
        whole = kept.copy(at)
        whole.join(self._second)
        return whole

    def _flat(self, start: int) -> Candle:
        return Candle(start, self.last, self.last, self.last, self.last)
