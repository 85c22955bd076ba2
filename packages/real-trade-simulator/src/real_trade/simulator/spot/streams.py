"""Market streams of spot: which there are, when they speak, and what they say.

Source: spot documentation, web-socket-streams.md.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from real_trade.model import Timeframe
from real_trade.simulator.candles import next_open, open_of
from real_trade.simulator.history import Candle
from real_trade.simulator.hub import Hub
from real_trade.simulator.market import MarketData, Print, SymbolMarket
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.market_data import day_ticker
from real_trade.simulator.texts import units, written

__all__ = ["SpotStreams"]

_LEVELS = ("5", "10", "20")
_DEEPEST = 1000
_FAST_MS = 100
_SECOND_MS = 1000

Level = tuple[Decimal, Decimal]
Book = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]


class _Diff:
    """What a depth stream has told so far."""

    def __init__(self, book: Book, update_id: int) -> None:
        self.book = book
        self.update_id = update_id


class SpotStreams:
    """Publishes to the hub: at once, ten times a second, or every second or two."""

    def __init__(
        self, exchange: SpotExchange, market: MarketData, hub: Hub, schedule: Schedule
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._hub = hub
        self._schedule = schedule
        self._diffs: dict[str, _Diff] = {}
        self._tops: dict[str, tuple[Any, ...]] = {}
        self._fast: dict[str, None] = {}
        self._slow: dict[str, None] = {}
        self._klines: dict[str, tuple[SymbolMarket, Timeframe]] = {}
        self._ticking = False
        market.on_print(self._printed)
        market.on_book(self._moved)
        now = schedule.now
        schedule.at(now - now % _SECOND_MS + _SECOND_MS, self._second)

    def begin(self, name: str) -> None:
        """Prepare for the first listener of a stream."""
        one, topic, _ = self._parse(name)
        if one is None:
            if name.startswith("!"):
                self._slow[name] = None
            return
        if topic.startswith("kline_"):
            timeframe = _timeframe(topic)
            if timeframe is not None:
                self._klines[name] = (one, timeframe)
        elif topic.startswith("depth"):
            if topic == "depth":
                self._diffs[name] = _Diff(self._book(one), one.update_id)
            (self._fast if name.endswith("@100ms") else self._slow)[name] = None
            self._tick()
        else:
            self._slow[name] = None

    def end(self, name: str) -> None:
        """Forget a stream that nobody listens to."""
        for known in (self._fast, self._slow, self._klines, self._diffs):
            known.pop(name, None)

    def _printed(self, one: SymbolMarket, trade: Print) -> None:
        lower = one.native.lower()
        now = self._schedule.now
        name = f"{lower}@trade"
        if name in self._hub:
            self._hub.publish(
                name,
                {
                    "e": "trade",
                    "E": now,
                    "s": one.native,
                    "t": trade.id,
                    "p": units(trade.price),
                    "q": units(trade.amount),
                    "T": trade.ms,
                    "m": trade.buyer_is_maker,
                    "M": True,
                },
            )
        name = f"{lower}@aggTrade"
        if name in self._hub:
            self._hub.publish(
                name,
                {
                    "e": "aggTrade",
                    "E": now,
                    "s": one.native,
                    "a": trade.id,
                    "p": units(trade.price),
                    "q": units(trade.amount),
                    "f": trade.id,
                    "l": trade.id,
                    "T": trade.ms,
                    "m": trade.buyer_is_maker,
                    "M": True,
                },
            )

    def _moved(self, one: SymbolMarket) -> None:
        name = f"{one.native.lower()}@bookTicker"
        if name not in self._hub:
            return
        bids, asks = self._market.venue.depth(one.symbol, 1)
        top = (*bids, *asks)
        if not bids or not asks or self._tops.get(name) == top:
            return
        self._tops[name] = top
        self._hub.publish(
            name,
            {
                "u": one.update_id,
                "s": one.native,
                "b": written(bids[0].price),
                "B": written(bids[0].amount),
                "a": written(asks[0].price),
                "A": written(asks[0].amount),
            },
        )

    def _tick(self) -> None:
        """Keep ten ticks a second running while a fast stream has listeners."""
        if not self._ticking and self._fast:
            self._ticking = True
            now = self._schedule.now
            self._schedule.at(now - now % _FAST_MS + _FAST_MS, self._tenth)

    def _tenth(self) -> None:
        self._ticking = False
        for name in tuple(self._fast):
            self._publish(name)
        self._tick()

    def _second(self) -> None:
        now = self._schedule.now
        for one in self._market.symbols.values():
            one.candles.roll(now)
        for name, (one, timeframe) in tuple(self._klines.items()):
            self._kline(name, one, timeframe, now)
        for name in tuple(self._slow):
            self._publish(name)
        self._schedule.at(now - now % _SECOND_MS + _SECOND_MS, self._second)

    def _kline(self, name: str, one: SymbolMarket, timeframe: Timeframe, now: int) -> None:
        """Tell the bar that has just closed; tell the forming one every 2 s, or 1 s for 1s."""
        start = open_of(timeframe, now)
        if start == now - now % _SECOND_MS:
            before = open_of(timeframe, start - 1)
            closed = one.candles.at(timeframe, before)
            self._hub.publish(name, _kline(one, closed, timeframe, now, closed=True))
        elif timeframe is Timeframe.S1 or now // _SECOND_MS % 2 == 0:
            forming = one.candles.forming(timeframe)
            self._hub.publish(name, _kline(one, forming, timeframe, now, closed=False))

    def _publish(self, name: str) -> None:
        one, topic, _ = self._parse(name)
        if one is None:
            self._publish_all(name)
        elif topic == "depth":
            self._diff(name, one)
        elif topic.startswith("depth"):
            self._partial(name, one, int(topic[5:]))
        elif topic in _TICKERS:
            self._hub.publish(name, _TICKERS[topic](self, one))

    def _publish_all(self, name: str) -> None:
        if name == "!miniTicker@arr":
            self._hub.publish(name, [self._mini(one) for one in self._market.symbols.values()])

    def _diff(self, name: str, one: SymbolMarket) -> None:
        told = self._diffs[name]
        if told.update_id == one.update_id:
            return
        book = self._book(one)
        bids, asks = (_changes(was, is_) for was, is_ in zip(told.book, book, strict=True))
        first = told.update_id + 1
        told.book, told.update_id = book, one.update_id
        if bids or asks:
            self._hub.publish(
                name,
                {
                    "e": "depthUpdate",
                    "E": self._schedule.now,
                    "s": one.native,
                    "U": first,
                    "u": one.update_id,
                    "b": bids,
                    "a": asks,
                },
            )

    def _partial(self, name: str, one: SymbolMarket, levels: int) -> None:
        bids, asks = self._market.venue.depth(one.symbol, levels)
        self._hub.publish(
            name,
            {
                "lastUpdateId": one.update_id,
                "bids": [[written(price), written(amount)] for price, amount in bids],
                "asks": [[written(price), written(amount)] for price, amount in asks],
            },
        )

    def _book(self, one: SymbolMarket) -> Book:
        bids, asks = self._market.venue.depth(one.symbol, _DEEPEST)
        return dict(bids), dict(asks)

    def _mini(self, one: SymbolMarket) -> dict[str, Any]:
        day = one.candles.day()
        return {
            "e": "24hrMiniTicker",
            "E": self._schedule.now,
            "s": one.native,
            "c": units(day.close),
            "o": units(day.open),
            "h": units(day.high),
            "l": units(day.low),
            "v": units(day.volume),
            "q": units(day.quote),
        }

    def _day(self, one: SymbolMarket) -> dict[str, Any]:
        bids, asks = self._market.venue.depth(one.symbol, 1)
        top = {
            "bidPrice": written(bids[0].price if bids else None),
            "bidQty": written(bids[0].amount if bids else None),
            "askPrice": written(asks[0].price if asks else None),
            "askQty": written(asks[0].amount if asks else None),
        }
        now = self._schedule.now
        full = day_ticker(one, top, now, mini=False)
        found = {"e": "24hrTicker", "E": now, "s": one.native}
        found.update((short, full[long]) for short, long in _DAY_FIELDS)
        return found

    def _average(self, one: SymbolMarket) -> dict[str, Any]:
        return {
            "e": "avgPrice",
            "E": self._schedule.now,
            "s": one.native,
            "i": "5m",
            "w": written(self._exchange.average(one.symbol)),
            "T": one.prints[-1].ms if one.prints else self._schedule.now,
        }

    def _parse(self, name: str) -> tuple[SymbolMarket | None, str, str]:
        lower, _, rest = name.partition("@")
        topic, _, pace = rest.partition("@")
        # Names are lower case; another spelling is taken and stays silent, as at Binance.
        one = self._market.by_native.get(lower.upper()) if lower == lower.lower() else None
        known = (
            topic in {"trade", "aggTrade", "bookTicker", "depth", *_TICKERS}
            or topic.startswith("kline_")
            or (topic.startswith("depth") and topic[5:] in _LEVELS)
        )
        return (one if known else None), topic, pace


_TICKERS: dict[str, Callable[[SpotStreams, SymbolMarket], dict[str, Any]]] = {
    "miniTicker": SpotStreams._mini,
    "ticker": SpotStreams._day,
    "avgPrice": SpotStreams._average,
}
_DAY_FIELDS = (
    ("p", "priceChange"),
    ("P", "priceChangePercent"),
    ("w", "weightedAvgPrice"),
    ("x", "prevClosePrice"),
    ("c", "lastPrice"),
    ("Q", "lastQty"),
    ("b", "bidPrice"),
    ("B", "bidQty"),
    ("a", "askPrice"),
    ("A", "askQty"),
    ("o", "openPrice"),
    ("h", "highPrice"),
    ("l", "lowPrice"),
    ("v", "volume"),
    ("q", "quoteVolume"),
    ("O", "openTime"),
    ("C", "closeTime"),
    ("F", "firstId"),
    ("L", "lastId"),
    ("n", "count"),
)


def _kline(
    one: SymbolMarket, candle: Candle, timeframe: Timeframe, now: int, *, closed: bool
) -> dict[str, Any]:
    traded = candle.trades > 0
    return {
        "e": "kline",
        "E": now,
        "s": one.native,
        "k": {
            "t": candle.start,
            "T": next_open(timeframe, candle.start) - 1,
            "s": one.native,
            "i": timeframe.value,
            "f": one.last_id - candle.trades + 1 if traded else -1,
            "L": one.last_id if traded else -1,
            "o": units(candle.open),
            "c": units(candle.close),
            "h": units(candle.high),
            "l": units(candle.low),
            "v": units(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": units(candle.quote),
            "V": units(candle.taker_volume),
            "Q": units(candle.taker_quote),
            "B": "0",
        },
    }


def _timeframe(topic: str) -> Timeframe | None:
    try:
        return Timeframe(topic.removeprefix("kline_"))
    except ValueError:
        return None


def _changes(was: dict[Decimal, Decimal], is_: dict[Decimal, Decimal]) -> list[list[str]]:
    found = [
        [written(price), written(amount)]
        for price, amount in is_.items()
        if was.get(price) != amount
    ]
    found.extend([written(price), "0.00000000"] for price in was if price not in is_)
    return found
