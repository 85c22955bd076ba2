"""Public market data of spot over REST and the websocket API.

Source: spot documentation, rest-api.md, "General endpoints" and "Market Data endpoints".
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

from real_trade.model import Instrument, Timeframe
from real_trade.simulator.calls import Call
from real_trade.simulator.candles import next_open
from real_trade.simulator.errors import ApiError, illegal, invalid
from real_trade.simulator.history import DAY_MS, Candle
from real_trade.simulator.market import MarketData, Print, SymbolMarket
from real_trade.simulator.paging import Page
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.information import exchange_info
from real_trade.simulator.texts import units, written

__all__ = ["PublicData", "day_ticker", "kline_row"]

_OLDEST_MS = 0
_ZONES = range(-12 * 60, 14 * 60 + 1)


class TickerType(Enum):
    """How much a ticker tells."""

    FULL = "FULL"
    MINI = "MINI"


class PublicData:
    """Handlers of the public endpoints."""

    def __init__(self, exchange: SpotExchange, market: MarketData) -> None:
        self._exchange = exchange
        self._market = market

    def ping(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/ping."""
        call.params.finish()
        return {}

    def time(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/time."""
        call.params.finish()
        return {"serverTime": call.now}

    def info(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/exchangeInfo."""
        return exchange_info(self._exchange, call)

    def depth(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/depth."""
        one = self._symbol(call.params)
        limit = call.params.limit(100, 5000)
        _ignore_status(call.params)
        call.params.finish()
        bids, asks = self._market.venue.depth(one.symbol, limit)
        return {
            "lastUpdateId": one.update_id,
            "bids": [[written(price), written(amount)] for price, amount in bids],
            "asks": [[written(price), written(amount)] for price, amount in asks],
        }

    def trades(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/trades."""
        one = self._symbol(call.params)
        limit = call.params.limit(500, 1000)
        call.params.finish()
        return [_trade(found) for found in list(one.prints)[-limit:]]

    def old_trades(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/historicalTrades."""
        one = self._symbol(call.params)
        limit = call.params.limit(500, 1000)
        from_id = call.params.integer("fromId")
        call.params.finish()
        found = list(one.prints)
        if from_id is None:
            return [_trade(trade) for trade in found[-limit:]]
        return [_trade(trade) for trade in found if trade.id >= from_id][:limit]

    def agg_trades(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/aggTrades: every trade is an aggregate of its own here."""
        params = call.params
        one = self._symbol(params)
        page = Page.read(params)
        params.finish()
        if page.first_id is not None and page.has_times:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        found = page.of(one.prints, lambda trade: trade.id, lambda trade: trade.ms)
        return [agg_trade(trade) for trade in found]

    def klines(self, call: Call) -> list[list[Any]]:
        """GET /api/v3/klines and uiKlines: the oldest from startTime, else the newest."""
        params = call.params
        one = self._symbol(params)
        params.need("interval")
        timeframe = params.choice("interval", Timeframe, ApiError(-1120, "Invalid interval."))
        start, end = params.integer("startTime"), params.integer("endTime")
        zone = _zone(params.text("timeZone"))
        limit = params.limit(500, 1000)
        params.finish()
        if timeframe is None:
            raise ApiError(-1120, "Invalid interval.")
        if zone:
            raise invalid("timeZone")
        candles = one.candles
        candles.roll(call.now)
        last = call.now + 1 if end is None else min(end, call.now) + 1
        if start is None:
            rows = candles.newest(timeframe, limit, last)
        elif start >= last:
            rows = []
        else:
            rows = _from(candles.bars, timeframe, max(start, candles.first_ms), last, limit)
        return [kline_row(row, timeframe) for row in rows]

    def average(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/avgPrice."""
        one = self._symbol(call.params)
        call.params.finish()
        return {
            "mins": 5,
            "price": written(self._exchange.average(one.symbol)),
            "closeTime": one.prints[-1].ms if one.prints else call.now,
        }

    def price(self, call: Call) -> Any:
        """GET /api/v3/ticker/price."""
        return self._per_symbol(
            call, lambda one: {"symbol": one.native, "price": units(one.candles.last)}
        )

    def book_ticker(self, call: Call) -> Any:
        """GET /api/v3/ticker/bookTicker."""
        return self._per_symbol(call, self._top)

    def day(self, call: Call) -> Any:
        """GET /api/v3/ticker/24hr."""
        kind = call.params.choice("type", TickerType, ApiError(-1139, "Invalid ticker type."))
        for one in self._market.symbols.values():
            one.candles.roll(call.now)
        mini = kind is TickerType.MINI
        return self._per_symbol(call, lambda one: day_ticker(one, self._top(one), call.now, mini))

    def _top(self, one: SymbolMarket) -> dict[str, Any]:
        bids, asks = self._market.venue.depth(one.symbol, 1)
        return {
            "symbol": one.native,
            "bidPrice": written(bids[0].price if bids else None),
            "bidQty": written(bids[0].amount if bids else None),
            "askPrice": written(asks[0].price if asks else None),
            "askQty": written(asks[0].amount if asks else None),
        }

    def _per_symbol(self, call: Call, show: Callable[[SymbolMarket], dict[str, Any]]) -> Any:
        """Answer for one symbol, for a list of them, or for all."""
        params = call.params
        symbols = params.symbol_list()
        single = params.symbol() if "symbol" in params else None
        _ignore_status(params)
        params.finish()
        if single is not None and symbols is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        if single is not None:
            return show(self._named(single))
        if symbols is not None:
            return [show(self._named(native)) for native in symbols]
        return [show(one) for one in self._market.symbols.values()]

    def _symbol(self, params: Parameters) -> SymbolMarket:
        return self._named(params.symbol())

    def _named(self, native: str) -> SymbolMarket:
        instrument: Instrument = self._exchange.instrument(native)
        return self._market.symbols[instrument.symbol]


def agg_trade(trade: Print) -> dict[str, Any]:
    """Return a trade as aggTrades shows it."""
    return {
        "a": trade.id,
        "p": units(trade.price),
        "q": units(trade.amount),
        "f": trade.id,
        "l": trade.id,
        "T": trade.ms,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def kline_row(candle: Candle, timeframe: Timeframe) -> list[Any]:
    """Return a bar as klines shows it."""
    return [
        candle.start,
        units(candle.open),
        units(candle.high),
        units(candle.low),
        units(candle.close),
        units(candle.volume),
        next_open(timeframe, candle.start) - 1,
        units(candle.quote),
        candle.trades,
        units(candle.taker_volume),
        units(candle.taker_quote),
        "0",
    ]


def day_ticker(one: SymbolMarket, top: dict[str, Any], now: int, mini: bool) -> dict[str, Any]:
    """Return the statistics of the last 24 hours."""
    day = one.candles.day()
    figures = {
        "openPrice": units(day.open),
        "highPrice": units(day.high),
        "lowPrice": units(day.low),
        "lastPrice": units(day.close),
        "volume": units(day.volume),
        "quoteVolume": units(day.quote),
        "openTime": now - DAY_MS,
        "closeTime": now,
        "firstId": one.last_id - day.trades + 1,
        "lastId": one.last_id,
        "count": day.trades,
    }
    if mini:
        return {"symbol": one.native, **figures}
    change = day.close - day.open
    average = day.quote * 10**8 // day.volume if day.volume else day.close
    last = one.prints[-1].amount if one.prints else 0
    return {
        "symbol": one.native,
        "priceChange": units(change),
        "priceChangePercent": f"{Decimal(change * 100) / day.open:.3f}",
        "weightedAvgPrice": units(average),
        "prevClosePrice": units(day.open),
        "lastPrice": figures.pop("lastPrice"),
        "lastQty": units(last),
        "bidPrice": top["bidPrice"],
        "bidQty": top["bidQty"],
        "askPrice": top["askPrice"],
        "askQty": top["askQty"],
        **figures,
    }


def _trade(trade: Print) -> dict[str, Any]:
    return {
        "id": trade.id,
        "price": units(trade.price),
        "qty": units(trade.amount),
        "quoteQty": units(trade.quote),
        "time": trade.ms,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def _from(
    bars: Callable[[Timeframe, int, int], list[Candle]],
    timeframe: Timeframe,
    start: int,
    end: int,
    limit: int,
) -> list[Candle]:
    """Return the first `limit` bars from `start` without making those after them."""
    reach = start + (limit + 1) * timeframe.seconds * 1000
    if timeframe is Timeframe.MONTH1:
        reach = end
    return bars(timeframe, start, min(end, reach))[:limit]


def _ignore_status(params: Parameters) -> None:
    status = params.text("symbolStatus")
    if status is not None and status not in {"TRADING", "HALT", "BREAK"}:
        raise ApiError(-1122, "Invalid symbolStatus.")


def _zone(text: str | None) -> int:
    """Return a time zone such as -1:00, 05:45, 0 or 4 in minutes."""
    if text is None:
        return 0
    hours, _, minutes = text.partition(":")
    try:
        found = abs(int(hours)) * 60 + int(minutes or 0)
    except ValueError:
        raise illegal("timeZone", r"^[+-]?[0-9]{1,2}(:[0-9]{2})?$") from None
    found = -found if hours.startswith("-") else found
    if found not in _ZONES:
        raise invalid("timeZone")
    return found
