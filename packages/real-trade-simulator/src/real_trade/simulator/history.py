"""Prices before the simulator started: bars of every length that agree with each other.

Days are a random walk that ends at the start. A day is split into hours, an hour into minutes, a
minute into seconds, so that the parts add up to the whole exactly; each split is drawn from the
seed, the symbol and its place in time alone, and only when somebody asks. Longer bars are sums.
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

import attrs

from real_trade.runtime.chance import seeded

__all__ = ["DAY_MS", "HOUR_MS", "MINUTE_MS", "SECOND_MS", "UNIT", "Candle", "History"]

UNIT = 10**8
"""Prices and amounts are whole numbers of 1e-8, as many decimals as Binance shows."""

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
_DAYS = 3000
_BENDS = 6
_PARTS = {DAY_MS: (HOUR_MS, 24), HOUR_MS: (MINUTE_MS, 60), MINUTE_MS: (SECOND_MS, 60)}
_CACHED = {DAY_MS: 4000, HOUR_MS: 512, MINUTE_MS: 1024}


@attrs.define(slots=True)
class Candle:
    """One bar in units of 1e-8."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    quote: int = 0
    trades: int = 0
    taker_volume: int = 0
    taker_quote: int = 0

    def join(self, later: Candle) -> None:
        """Extend this bar by one that follows it."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote += later.quote
        self.trades += later.trades
        self.taker_volume += later.taker_volume
        self.taker_quote += later.taker_quote

    def row(self) -> tuple[int, ...]:
        """Return the figures in the order of the fields."""
        return (
            self.start, self.open, self.high, self.low, self.close, self.volume, self.quote,
            self.trades, self.taker_volume, self.taker_quote,
        )  # fmt: skip

    def copy(self, start: int) -> Candle:
        """Return the same figures at `start`."""
        return Candle(
            start, self.open, self.high, self.low, self.close, self.volume, self.quote,
            self.trades, self.taker_volume, self.taker_quote,
        )  # fmt: skip


class History:
    """The past of one symbol, up to `start_ms`.

    Attributes:
        first_ms: the day of the listing: nothing is older.
    """

    def __init__(
        self,
        seed: str,
        *,
        start_ms: int,
        price: int,
        tick: int,
        step: int,
        daily_volatility: float,
        daily_volume: int,
        daily_trades: int,
    ) -> None:
        self._seed = seed
        self.start_ms = start_ms
        self._tick = tick
        self._step = step
        self._today = start_ms - start_ms % DAY_MS
        self.first_ms = self._today - _DAYS * DAY_MS
        self._past = _Past(
            seed, self._today, price, tick, step, daily_volatility, daily_volume, daily_trades
        )
        self._split: dict[int, OrderedDict[int, list[Candle]]] = {
            length: OrderedDict() for length in _PARTS
        }

    def price_at_start(self) -> int:
        """Return the last price before the start."""
        last = self.start_ms - 1
        return self.bars(SECOND_MS, last - last % SECOND_MS, self.start_ms)[-1].close

    def bars(self, length: int, start: int, end: int) -> list[Candle]:
        """Return the bars of `length` that open in [start, end), cut off at the start of trading.

        `length` is a second, minute, hour or day. The last one may be a part, up to `start_ms`.
        """
        end = min(end, self.start_ms)
        at = max(start, self.first_ms)
        at += -at % length
        found = []
        while at < end:
            whole = self._bar(length, at)
            found.append(whole if at + length <= self.start_ms else self._part(length, at))
            at += length
        return found

    def _part(self, length: int, at: int) -> Candle:
        """Return the bar that the start cuts off, made of what lies before."""
        finer = _PARTS[length][0]
        pieces = self.bars(finer, at, self.start_ms)
        whole = pieces[0].copy(at)
        for piece in pieces[1:]:
            whole.join(piece)
        return whole

    def _bar(self, length: int, at: int) -> Candle:
        if length == DAY_MS:
            return self._day(at)
        parent = {HOUR_MS: DAY_MS, MINUTE_MS: HOUR_MS, SECOND_MS: MINUTE_MS}[length]
        start = at - at % parent
        return self._parts(parent, start)[(at - start) // length]

    def _day(self, at: int) -> Candle:
        return self._past.days()[at]

    def _parts(self, length: int, start: int) -> list[Candle]:
        cache = self._split[length]
        found = cache.get(start)
        if found is None:
            whole = self._bar(length, start)
            found = cache[start] = list(self._divide(whole, *_PARTS[length]))
            if len(cache) > _CACHED[length]:
                cache.popitem(last=False)
        else:
            cache.move_to_end(start)
        return found

    def _divide(self, whole: Candle, length: int, count: int) -> Iterator[Candle]:
        """Split a bar into `count` bars that add up to it; some are quiet if it has few trades."""
        chance = seeded(self._seed, length, whole.start)
        quiet: set[int] = set()
        if whole.trades < count:
            quiet.update(chance.sample(range(count - 1), min(count - 1, count - whole.trades)))
        weights = [0.0 if i in quiet else chance.expovariate(1.0) + 0.15 for i in range(count)]
        volumes = _share(whole.volume, weights, self._step)
        path = self._bent(self._bridge(whole, count, chance), whole, volumes)
        for i in sorted(quiet):
            path[i + 1] = path[i]
        highs, lows = self._extremes(whole, path, chance, quiet)
        trades = _share(whole.trades, weights, 1)
        takers = _within(_share(whole.taker_volume, weights, self._step), volumes)
        middles = [(highs[i] + lows[i] + path[i] + path[i + 1]) // 4 for i in range(count)]
        quotes = _quotes(whole.quote, volumes, middles, highs, lows)
        taker_quotes = _quotes(whole.taker_quote, takers, middles, highs, lows)
        for i in range(count):
            yield Candle(
                whole.start + i * length, path[i], highs[i], lows[i], path[i + 1],
                volumes[i], quotes[i], trades[i], takers[i], taker_quotes[i],
            )  # fmt: skip

    def _extremes(
        self, whole: Candle, path: list[int], chance: random.Random, quiet: set[int]
    ) -> tuple[list[int], list[int]]:
        """Return highs and lows around the path; one part has the high, one the low."""
        count = len(path) - 1
        wick = (whole.high - whole.low) / count**0.5 * 0.3
        highs, lows = [], []
        for i, (first, last) in enumerate(pairwise(path)):
            if i in quiet:
                highs.append(first)
                lows.append(first)
                continue
            up = max(first, last) + abs(chance.gauss(0, wick))
            down = min(first, last) - abs(chance.gauss(0, wick))
            highs.append(max(first, last, min(whole.high, self._round(up))))
            lows.append(min(first, last, max(whole.low, self._round(down))))
        loud = [i for i in range(count) if i not in quiet]
        highs[max(loud, key=lambda i: max(path[i], path[i + 1]))] = whole.high
        lows[min(loud, key=lambda i: min(path[i], path[i + 1]))] = whole.low
        return highs, lows

    def _bridge(self, whole: Candle, count: int, chance: random.Random) -> list[int]:
        """Return count + 1 prices from open to close that stay between low and high."""
        steps = [chance.gauss(0, 1) for _ in range(count)]
        total, walk = 0.0, [0.0]
        for step in steps:
            total += step
            walk.append(total)
        scale = (whole.high - whole.low) / count**0.5 * 0.8
        path = []
        for i, value in enumerate(walk):
            line = whole.open + (whole.close - whole.open) * i / count
            price = self._round(line + (value - total * i / count) * scale)
            path.append(max(whole.low, min(whole.high, price)))
        path[0], path[-1] = whole.open, whole.close
        return path

    def _bent(self, path: list[int], whole: Candle, volumes: list[int]) -> list[int]:
        """Bend the path until its volume-weighted price is about that of the whole bar."""
        count = len(path) - 1
        if not whole.volume:
            return path
        target = whole.quote * UNIT // whole.volume
        for _ in range(_BENDS):
            turnover = sum(v * (path[i] + path[i + 1]) for i, v in enumerate(volumes))
            missing = target - turnover // (2 * whole.volume)
            if abs(missing) < self._tick:
                break
            for i in range(1, count):
                bend = missing * 1.5 * math.sin(math.pi * i / count)
                path[i] = max(whole.low, min(whole.high, self._round(path[i] + bend)))
        return path

    def _round(self, price: float) -> int:
        return _on_step(price, self._tick)


@attrs.frozen
class _Past:
    """What decides the days of a symbol."""

    seed: str
    today: int
    price: int
    tick: int
    step: int
    volatility: float
    volume: int
    trades: int

    def days(self) -> Mapping[int, Candle]:
        """Return all days; the same ones for the same past, for they take long to make."""
        return _walk(self)


@lru_cache(maxsize=32)
def _walk(past: _Past) -> Mapping[int, Candle]:
    """Return all days. The walk goes backwards: today opens near the symbol's own price."""
    chance = seeded(past.seed, "days")
    days: dict[int, Candle] = {}
    after = past.price

    def tick(price: float) -> int:
        return _on_step(price, past.tick)

    def amount(value: float) -> int:
        return _on_step(value, past.step)

    scale = 1.0
    for number in range(_DAYS + 1):
        at = past.today - number * DAY_MS
        scale = max(0.4, min(2.5, 1.0 + 0.92 * (scale - 1.0) + chance.gauss(0, 0.15)))
        spread = past.volatility * scale
        move = chance.gauss(0, spread)
        if number == 0:
            opened, closed = after, tick(after * math.exp(move))
        else:
            # Wandering far from today's price is pulled back, so that old prices stay sane.
            pull = 0.002 * math.log(past.price / after)
            opened, closed = tick(after * math.exp(move + pull)), after
        high = tick(max(opened, closed) * math.exp(abs(chance.gauss(0, spread * 0.4))))
        low = tick(min(opened, closed) * math.exp(-abs(chance.gauss(0, spread * 0.4))))
        volume = amount(past.volume * scale * math.exp(chance.gauss(0, 0.25)))
        trades = max(1, int(past.trades * volume / past.volume))
        taker = amount(volume * chance.uniform(0.46, 0.54))
        middle = (opened + high + low + closed) // 4
        high, low = max(high, opened, closed), max(past.tick, min(low, opened, closed))
        days[at] = Candle(
            at, opened, high, low, closed, volume, volume * middle // UNIT, trades,
            taker, taker * middle // UNIT,
        )  # fmt: skip
        after = opened
    return MappingProxyType(days)


def _on_step(value: float, step: int) -> int:
    return max(step, round(value / step) * step)


def _share(total: int, weights: list[float], step: int) -> list[int]:
    """Split `total` by `weights` into whole steps that add up; who has a weight gets a step."""
    shares = [0] * len(weights)
    loud = [i for i, weight in enumerate(weights) if weight]
    if total >= step * len(loud):
        for i in loud:
            shares[i] = step
    left = total - sum(shares)
    scale = left / sum(weights) / step
    for i in loud:
        shares[i] += int(weights[i] * scale) * step
    shares[loud[0]] += total - sum(shares)
    return shares


def _within(parts: list[int], limits: list[int]) -> list[int]:
    """Move what exceeds its limit to where there is room; the sum stays."""
    over = 0
    for i, limit in enumerate(limits):
        if parts[i] > limit:
            over += parts[i] - limit
            parts[i] = limit
    for i, limit in enumerate(limits):
        room = min(over, limit - parts[i])
        parts[i] += room
        over -= room
    return parts


def _quotes(
    total: int, volumes: list[int], middles: list[int], highs: list[int], lows: list[int]
) -> list[int]:
    """Return quote volumes that add up to `total` and lie between low and high where they can."""
    quotes = [v * m // UNIT for v, m in zip(volumes, middles, strict=True)]
    left = total - sum(quotes)
    for i, volume in enumerate(volumes):
        bound = volume * (highs[i] if left > 0 else lows[i]) // UNIT
        room = bound - quotes[i]
        move = max(0, min(left, room)) if left > 0 else min(0, max(left, room))
        quotes[i] += move
        left -= move
    if left:
        largest = max(range(len(volumes)), key=volumes.__getitem__)
        quotes[largest] += left
    return quotes
