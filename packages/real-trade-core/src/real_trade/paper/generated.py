"""A market out of a seed: days, cut into minutes, cut into seconds, cut into trades.

Every level adds up exactly to the one above it, so bars of any length agree with the trades, and
any time can be reached without walking there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

import attrs

from real_trade.model import Bar, Instrument, MarketTrade, Timeframe
from real_trade.model.numbers import amount_field
from real_trade.model.times import EPOCH
from real_trade.paper.candles import Candle, normal, split
from real_trade.paper.tape import TapeEvent, aggregate, coarsen
from real_trade.paper.values import Level, Quote
from real_trade.runtime.chance import seeded

__all__ = ["GeneratedTape", "MarketModel"]

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MINUTES = 1440
_IDS_PER_MINUTE = 1000
_K = TypeVar("_K")
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class MarketModel:
    """What kind of market a seed makes.

    Attributes:
        price: the price at the start's midnight, UTC.
        volatility: a usual day's return, as a ratio.
        turnover: a usual day's volume in quote units.
        spread: the usual spread as a ratio; at least one tick.
        levels: how many levels each side of the book shows; the best one shows about half of a
            minute's volume, the others more.
        gaps_per_day: how often a day, on average, trading stops for minutes.
    """

    price: Decimal = amount_field("price", Decimal(100))
    volatility: float = 0.03
    turnover: Decimal = amount_field("turnover", Decimal(50_000_000))
    spread: float = 0.00002
    levels: int = 10
    gaps_per_day: float = 0.0


class GeneratedTape:
    """A seeded market: volatility clusters, jumps, volume, spread and, if asked for, gaps.

    Args:
        start: the price is the model's at this day's midnight; earlier and later times exist too.
        step_s: seconds between quotes; a divisor of 60.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        start: datetime,
        *,
        model: MarketModel | None = None,
        step_s: int = 1,
    ) -> None:
        if step_s < 1 or 60 % step_s:
            raise ValueError(f"step_s must be a divisor of 60, not {step_s}")
        self._instrument = instrument
        self._model = model or MarketModel()
        self._key = (seed, instrument.symbol)
        self._tick = instrument.price_step or Decimal("0.01")
        self._lot = instrument.amount_step or Decimal("0.00000001")
        self._origin = Timeframe.D1.floor(start)
        self._parts = 60 // step_s
        self._step = timedelta(seconds=step_s)
        self._days = _Days(self._model, self._tick, self._lot, self._key)
        self._minutes: OrderedDict[int, list[Candle | None]] = OrderedDict()
        self._seconds: OrderedDict[tuple[int, int], list[Candle]] = OrderedDict()

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self._instrument

    def first_trade_id(self, time: datetime) -> int:
        """Return an id above all trades before `time`; ids go up, with gaps."""
        return (time - EPOCH) // _MINUTE * _IDS_PER_MINUTE

    # Events

    def events(self, since: datetime, until: datetime | None = None) -> Iterator[TapeEvent]:
        """Return quotes and trades from `since` to before `until` (or without end)."""
        minute = Timeframe.M1.floor(since)
        while until is None or minute < until:
            for event in self._minute_events(minute):
                if event.time >= since and (until is None or event.time < until):
                    yield event
            minute += _MINUTE

    def trades(self, since: datetime, until: datetime) -> Iterator[MarketTrade]:
        """Return the trades alone."""
        for event in self.events(since, until):
            if isinstance(event, MarketTrade):
                yield event

    def _minute_events(self, minute: datetime) -> list[TapeEvent]:
        day, place = self._place(minute)
        candle = self._day_minutes(day)[place]
        if candle is None:
            return []
        chance = seeded(*self._key, "events", day, place)
        usual = max(candle.volume // 2, 4)
        found: list[TapeEvent] = []
        next_id = self.first_trade_id(minute)
        time = minute
        for second in self._minute_seconds(day, place, candle):
            found.append(self._quote(second.open, usual, time, chance))
            if second.volume:
                trades = self._second_trades(second, time, next_id, chance)
                next_id += len(trades)
                found += trades
            time += self._step
        return found

    def _second_trades(
        self, candle: Candle, time: datetime, first_id: int, chance: Random
    ) -> list[TapeEvent]:
        prices = _turns(candle, chance)
        gap = self._step / (len(prices) + 1)
        left = candle.volume
        found: list[TapeEvent] = []
        previous = candle.open
        for place, price in enumerate(prices):
            others = len(prices) - place - 1
            amount = left if not others else max(1, int((left - others) * chance.random() / 2))
            left -= amount
            sells = price < previous or (price == previous and chance.random() < 0.5)
            previous = price
            found.append(
                MarketTrade(
                    symbol=self._instrument.symbol,
                    trade_id=str(first_id + place),
                    price=price * self._tick,
                    amount=amount * self._lot,
                    buyer_is_maker=sells,
                    time=time + gap * (place + 1),
                )
            )
        return found

    def _quote(self, price: int, usual: int, time: datetime, chance: Random) -> Quote:
        tick, lot, draw = self._tick, self._lot, chance.random
        spread = max(1, int(price * self._model.spread * (0.5 + draw())))
        best_bid = price - int(spread * draw())
        best_ask = best_bid + spread
        gap = max(1, spread // 2)
        bids, asks = [], []
        for level in range(self._model.levels):
            size = usual * (level + 1)
            away = level * gap
            bid = best_bid - away
            if bid > 0:
                bids.append(Level(bid * tick, (1 + int(size * draw() * 2)) * lot))
            asks.append(Level((best_ask + away) * tick, (1 + int(size * draw() * 2)) * lot))
        return Quote(self._instrument.symbol, tuple(bids), tuple(asks), time)

    # Bars

    def bars(self, timeframe: Timeframe, since: datetime, until: datetime) -> list[Bar]:
        """Return the bars that open at or after `since`, as far as they are known at `until`.

        The last one is not closed if `until` is within it. Minutes of a gap in trading have none.
        """
        first = timeframe.floor(since)
        if first < since:
            first = timeframe.add(first)
        if timeframe.seconds >= Timeframe.D1.seconds:
            return coarsen(self._day_bars(first, until), timeframe, until)
        if timeframe.seconds >= Timeframe.M1.seconds:
            return coarsen(self._minute_bars(first, until), timeframe, until)
        return self._second_bars(first, until)

    def _day_bars(self, since: datetime, until: datetime) -> Iterator[Bar]:
        day = Timeframe.D1.floor(since)
        while day + _DAY <= until:
            yield self._bar(self._days.candle((day - self._origin) // _DAY), Timeframe.D1, day)
            day += _DAY
        if day < until:
            yield from coarsen(self._minute_bars(day, until), Timeframe.D1, until)

    def _minute_bars(self, since: datetime, until: datetime) -> Iterator[Bar]:
        minute = Timeframe.M1.floor(since)
        while minute + _MINUTE <= until:
            day, place = self._place(minute)
            candle = self._day_minutes(day)[place]
            if candle is not None:
                yield self._bar(candle, Timeframe.M1, minute)
            minute += _MINUTE
        if minute < until:
            yield from aggregate(self.trades(minute, until), self._instrument.symbol, Timeframe.M1)

    def _second_bars(self, since: datetime, until: datetime) -> list[Bar]:
        if self._step != timedelta(seconds=1):
            raise ValueError("bars of seconds need a tape with step_s=1")
        found = []
        second = since
        while second < until:
            day, place = self._place(second)
            candle = self._day_minutes(day)[place]
            if candle is not None:
                one = self._minute_seconds(day, place, candle)[second.second]
                found.append(self._bar(one, Timeframe.S1, second))
            second += self._step
        return found

    def _bar(self, candle: Candle, timeframe: Timeframe, open_time: datetime) -> Bar:
        tick = self._tick
        return Bar(
            symbol=self._instrument.symbol,
            timeframe=timeframe,
            open_time=open_time,
            open=candle.open * tick,
            high=candle.high * tick,
            low=candle.low * tick,
            close=candle.close * tick,
            volume=candle.volume * self._lot,
        )

    # Levels

    def _place(self, time: datetime) -> tuple[int, int]:
        since = time - self._origin
        return since.days, since.seconds // 60

    def _day_minutes(self, day: int) -> list[Candle | None]:
        return _cached(self._minutes, day, 8, self._make_minutes, day)

    def _make_minutes(self, day: int) -> list[Candle | None]:
        chance = seeded(*self._key, "minutes", day)
        missing = self._gaps(chance)
        parts = split(self._days.candle(day), _MINUTES, chance, missing)
        return [None if place in missing else part for place, part in enumerate(parts)]

    def _gaps(self, chance: Random) -> frozenset[int]:
        missing: set[int] = set()
        gaps = self._model.gaps_per_day
        while gaps > 0 and chance.random() < gaps:
            first = chance.randrange(_MINUTES - 60)
            missing.update(range(first, first + chance.randrange(1, 45)))
            gaps -= 1
        return frozenset(missing)

    def _minute_seconds(self, day: int, place: int, candle: Candle) -> list[Candle]:
        return _cached(self._seconds, (day, place), 64, self._make_seconds, day, place, candle)

    def _make_seconds(self, day: int, place: int, candle: Candle) -> list[Candle]:
        chance = seeded(*self._key, "seconds", day, place)
        quiet = frozenset(part for part in range(self._parts) if chance.random() < 0.3)
        if len(quiet) == self._parts:
            quiet = frozenset()
        return split(candle, self._parts, chance, quiet)


class _Days:
    """The days of a market, from its first one on and back."""

    def __init__(
        self, model: MarketModel, tick: Decimal, lot: Decimal, key: tuple[int, str]
    ) -> None:
        self._model = model
        self._key = key
        first = max(1, int(model.price / tick))
        # Chains of (close, mood) for the days after the start and, backwards, of opens before it.
        self._after: list[tuple[int, float]] = [(first, 0.0)]
        self._before: list[tuple[int, float]] = [(first, 0.0)]
        self._floor = max(200, first // 1000)
        usual = model.turnover / (model.price * lot)
        self._usual_volume = max(int(usual), 4 * _MINUTES)

    def candle(self, day: int) -> Candle:
        """Return one day; day 0 is the start's."""
        opened, closed = self._price(day), self._price(day + 1)
        chance = seeded(*self._key, "day", day)
        usual = self._model.volatility
        above, below = abs(normal(chance)), abs(normal(chance))
        high = max(opened, closed) + int(opened * usual * 0.5 * above)
        low = min(opened, closed) - int(opened * usual * 0.5 * below)
        wild = 1.0 + abs(closed - opened) / (opened * usual)
        noise = (1.0 + 0.25 * normal(chance)) ** 2 + 0.1
        volume = max(int(self._usual_volume * wild * noise / 2), 4 * _MINUTES)
        return Candle(opened, high, max(low, min(opened, closed) // 2, 1), closed, volume)

    def _price(self, day: int) -> int:
        chain = self._after if day >= 0 else self._before
        way = "after" if day >= 0 else "before"
        while len(chain) <= abs(day):
            chance = seeded(*self._key, way, len(chain))
            price, mood = chain[-1]
            mood = 0.9 * mood + 0.3 * normal(chance)
            size = self._model.volatility * ((1.0 + 0.4 * mood) ** 2 + 0.2)
            change = normal(chance) * size
            if chance.random() < 0.02:
                change *= 3.0  # a jump
            change = min(max(change, -0.4), 0.6)
            chain.append((max(int(price * (1.0 + change)), self._floor), mood))
        return chain[abs(day)][0]


def _turns(candle: Candle, chance: Random) -> list[int]:
    """Return the prices that trade in a second: open, its extremes in some order, close."""
    extremes = [candle.high, candle.low]
    if chance.random() < 0.5:
        extremes.reverse()
    prices = [candle.open, *extremes, candle.close]
    return [price for place, price in enumerate(prices) if not place or price != prices[place - 1]]


def _cached(
    cache: OrderedDict[_K, _T], key: _K, size: int, make: Callable[..., _T], *arguments: object
) -> _T:
    found = cache.get(key)
    if found is None:
        found = cache[key] = make(*arguments)
        if len(cache) > size:
            cache.popitem(last=False)
    return found
