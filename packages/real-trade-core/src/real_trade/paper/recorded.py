"""A market that was recorded: trades as they are, or bars with a plausible path drawn in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

import attrs

from real_trade.model import Bar, Instrument, MarketTrade, Side, Timeframe
from real_trade.model.numbers import ZERO, amount_field, floor_to
from real_trade.paper.tape import TapeEvent, aggregate, coarsen
from real_trade.paper.values import Level, Quote
from real_trade.utils.errors import DataError

__all__ = ["DepthModel", "RecordedTape"]


@attrs.frozen(kw_only=True)
class DepthModel:
    """The book that is assumed around recorded prices, which do not tell one.

    Attributes:
        spread: as a ratio of the price; at least one tick.
        amount: what the best level shows, in base units; each level behind shows as much more.
        levels: how many levels each side shows, half a spread apart.
        is_locked: no spread at all: both sides trade at the recorded price, as in a backtest.
    """

    spread: Decimal = amount_field("spread", Decimal("0.0001"))
    amount: Decimal = amount_field("amount", Decimal(1))
    levels: int = 10
    is_locked: bool = False


class RecordedTape:
    """Bars or trades of one symbol, oldest first.

    A bar becomes trades at its open, its extremes (the nearer one to the open first: low first in
    a rising bar), its close, and evenly in between; together they make exactly that bar.

    Args:
        record: bars of one timeframe, or trades; all of them are held.
        trades_per_bar: about how many trades a bar is drawn with; at least 4.

    Raises:
        DataError: another symbol, a bar that contradicts itself, or times that go back.
    """

    def __init__(
        self,
        instrument: Instrument,
        record: Iterable[Bar] | Iterable[MarketTrade],
        *,
        depth: DepthModel | None = None,
        trades_per_bar: int = 12,
    ) -> None:
        self._instrument = instrument
        self._depth = depth or DepthModel()
        self._per_leg = max(1, (trades_per_bar - 1) // 3)
        self._record: list[Bar | MarketTrade] = list(record)
        self._times = [_time_of(one) for one in self._record]
        self._check()

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self._instrument

    @property
    def start(self) -> datetime | None:
        """Return the time of the first entry."""
        return self._times[0] if self._times else None

    @property
    def end(self) -> datetime | None:
        """Return the time of the last trade, or the end of the last bar."""
        if not self._record:
            return None
        last = self._record[-1]
        return last.end_time if isinstance(last, Bar) else last.time

    def events(self, since: datetime, until: datetime | None = None) -> Iterator[TapeEvent]:
        """Return the trades from `since` to before `until`, with a quote after each price."""
        quoted: Decimal | None = None
        for trade in self.trades(since, until):
            yield trade
            if trade.price != quoted:
                quoted = trade.price
                yield self._quote(trade)

    def trades(self, since: datetime, until: datetime | None = None) -> Iterator[MarketTrade]:
        """Return the trades alone."""
        for place, one in enumerate(self._record):
            if until is not None and self._times[place] >= until:
                return
            if isinstance(one, MarketTrade):
                if one.time >= since:
                    yield one
            elif one.end_time > since:
                for trade in self._drawn(one, place):
                    if trade.time >= since and (until is None or trade.time < until):
                        yield trade

    def bars(self, timeframe: Timeframe, since: datetime, until: datetime) -> list[Bar]:
        """Return the bars that open at or after `since`, as far as they are known at `until`."""
        first = timeframe.floor(since)
        if first < since:
            first = timeframe.add(first)
        whole: list[Bar] = [
            one
            for one in self._record
            if isinstance(one, Bar)
            and one.timeframe.seconds <= timeframe.seconds
            and first <= one.open_time
            and one.end_time <= until
        ]
        begun = max([first, *(bar.end_time for bar in whole[-1:])])
        rest = list(aggregate(self.trades(begun, until), self._instrument.symbol, timeframe))
        return coarsen([*whole, *rest], timeframe, until)

    # Drawing

    def _drawn(self, bar: Bar, place: int) -> list[MarketTrade]:
        prices = self._path(bar)
        amounts = self._amounts(bar.volume, len(prices))
        gap = (bar.end_time - bar.open_time) / len(prices)
        found, previous = [], bar.open
        for at, price in enumerate(prices):
            found.append(
                MarketTrade(
                    symbol=bar.symbol,
                    trade_id=str(place * 1000 + at + 1),
                    price=price,
                    amount=amounts[at],
                    buyer_is_maker=price < previous,
                    time=bar.open_time + gap * at,
                )
            )
            previous = price
        return found

    def _path(self, bar: Bar) -> list[Decimal]:
        turns = [bar.low, bar.high] if bar.close >= bar.open else [bar.high, bar.low]
        prices = [bar.open]
        for target in [*turns, bar.close]:
            prices += self._leg(prices[-1], target)
        return prices

    def _leg(self, start: Decimal, target: Decimal) -> list[Decimal]:
        """Return the prices from after `start` to `target`, on the tick in between."""
        if start == target:
            return []
        step = (target - start) / self._per_leg
        between: list[Decimal] = []
        for place in range(1, self._per_leg):
            price = floor_to(start + step * place, self._instrument.price_step)
            if min(start, target) < price < max(start, target) and price not in between[-1:]:
                between.append(price)
        return [*between, target]

    def _amounts(self, volume: Decimal, count: int) -> list[Decimal]:
        """Return `count` amounts that sum to `volume`; on the step if there is enough of it."""
        each = floor_to(volume / count, self._instrument.amount_step)
        if not each:
            # Too little for a step each, so the figures are finer than the exchange's.
            each = (volume / count).quantize(Decimal("1e-12"), rounding=ROUND_DOWN)
        amounts = [each] * (count - 1)
        return [*amounts, volume - sum(amounts, ZERO)]

    def _quote(self, trade: MarketTrade) -> Quote:
        depth, instrument = self._depth, self._instrument
        step = instrument.price_step
        if depth.is_locked:
            best = (Level(trade.price, depth.amount),)
            return Quote(trade.symbol, best, best, trade.time)
        half = max(trade.price * depth.spread / 2, step / 2)
        best_bid = instrument.round_price(trade.price - half, Side.BUY)
        best_ask = instrument.round_price(trade.price + half, Side.SELL)
        gap = instrument.round_price(max(half, step), Side.SELL)
        bids = [
            Level(best_bid - gap * level, depth.amount * (level + 1))
            for level in range(depth.levels)
            if best_bid > gap * level
        ]
        asks = [
            Level(best_ask + gap * level, depth.amount * (level + 1))
            for level in range(depth.levels)
        ]
        return Quote(trade.symbol, tuple(bids), tuple(asks), trade.time)

    def _check(self) -> None:
        previous: datetime | None = None
        for one, time in zip(self._record, self._times, strict=True):
            if one.symbol != self._instrument.symbol:
                raise DataError(f"{one.symbol} is on the tape of {self._instrument.symbol}")
            fault = one.fault() if isinstance(one, Bar) else ""
            if fault:
                raise DataError(f"the bar of {one.symbol} at {time} is wrong: {fault}")
            backwards = previous is not None and time < previous
            repeated = time == previous and isinstance(one, Bar)
            if backwards or repeated:
                raise DataError(
                    f"the tape of {one.symbol} goes from {previous} to {time}",
                    remedy="sort the record by time and leave out what is there twice",
                )
            previous = time


def _time_of(one: Bar | MarketTrade) -> datetime:
    return one.open_time if isinstance(one, Bar) else one.time
