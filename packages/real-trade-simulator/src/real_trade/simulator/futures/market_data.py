"""Public market data of futures.

Source: futures documentation, "Market Data". Mark and index price follow the contract's own trades
here, so their bars are the contract's without volume.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from real_trade.model import Instrument, Timeframe
from real_trade.model.numbers import ZERO
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.funding import FundingHistory
from real_trade.simulator.futures.information import exchange_info
from real_trade.simulator.futures.tickers import Figures
from real_trade.simulator.history import DAY_MS, Candle
from real_trade.simulator.market import MarketData, SymbolMarket
from real_trade.simulator.paging import Page
from real_trade.simulator.parameters import Parameters

__all__ = ["PublicData"]

_LONGEST_MS = 200 * DAY_MS
_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


class PublicData:
    """Handlers of the public endpoints."""

    def __init__(self, exchange: FuturesExchange, market: MarketData) -> None:
        self._exchange = exchange
        self._market = market
        self._figures = Figures(exchange)
        self._funding = FundingHistory(exchange, market)

    def ping(self, call: Call) -> dict[str, Any]:  # noqa: ARG002
        """GET ping."""
        return {}

    def time(self, call: Call) -> dict[str, Any]:
        """GET time."""
        return {"serverTime": call.now}

    def info(self, call: Call) -> dict[str, Any]:
        """GET exchangeInfo."""
        return exchange_info(self._exchange, call)

    def depth(self, call: Call) -> dict[str, Any]:
        """GET depth."""
        one = self._symbol(call.params)
        limit = call.params.integer("limit") or 500
        if limit not in _DEPTHS:
            raise ApiError(-4021, f"{limit} is not valid depth limit.")
        bids, asks = self._market.venue.depth(one.symbol, limit)
        price, amount = self._figures.price, self._figures.amount
        instrument = one.listing.instrument
        return {
            "lastUpdateId": one.update_id,
            **self._pair(one, "symbol"),
            "E": call.now,
            "T": one.changed_ms,
            "bids": [[price(instrument, p), amount(instrument, a)] for p, a in bids],
            "asks": [[price(instrument, p), amount(instrument, a)] for p, a in asks],
        }

    def trades(self, call: Call) -> list[dict[str, Any]]:
        """GET trades."""
        one = self._symbol(call.params)
        limit = call.params.limit(500, 1000)
        return [self._figures.trade(one, found) for found in list(one.prints)[-limit:]]

    def old_trades(self, call: Call) -> list[dict[str, Any]]:
        """GET historicalTrades."""
        one = self._symbol(call.params)
        limit = call.params.limit(100, 500)
        from_id = call.params.integer("fromId")
        found = list(one.prints)
        if from_id is not None:
            found = [trade for trade in found if trade.id >= from_id][:limit]
        return [self._figures.trade(one, trade) for trade in found[-limit:]]

    def agg_trades(self, call: Call) -> list[dict[str, Any]]:
        """GET aggTrades: every trade is an aggregate of its own here."""
        params = call.params
        one = self._symbol(params)
        found = Page.read(params).of(one.prints, lambda trade: trade.id, lambda trade: trade.ms)
        return [self._figures.aggregate(one, trade) for trade in found]

    def klines(self, call: Call) -> list[list[Any]]:
        """GET klines."""
        one = self._symbol(call.params)
        rows, timeframe = self._bars(call, one)
        return [self._figures.kline(one, row, timeframe) for row in rows]

    def continuous_klines(self, call: Call) -> list[list[Any]]:
        """GET continuousKlines: by pair and contract type."""
        kind = call.params.need("contractType")
        if kind != "PERPETUAL":
            raise ApiError(-4144, "Invalid pair.")
        one = self._of_pair(call.params)
        rows, timeframe = self._bars(call, one)
        return [self._figures.kline(one, row, timeframe) for row in rows]

    def mark_klines(self, call: Call) -> list[list[Any]]:
        """GET markPriceKlines."""
        rows, timeframe = self._bars(call, self._symbol(call.params))
        return [self._figures.price_kline(row, timeframe) for row in rows]

    def index_klines(self, call: Call) -> list[list[Any]]:
        """GET indexPriceKlines."""
        rows, timeframe = self._bars(call, self._of_pair(call.params))
        return [self._figures.price_kline(row, timeframe) for row in rows]

    def premium(self, call: Call) -> Any:
        """GET premiumIndex."""
        return self._per_symbol(call, lambda one: self._premium(one, call.now))

    def funding_rates(self, call: Call) -> list[dict[str, Any]]:
        """GET fundingRate."""
        params = call.params
        native = params.text("symbol")
        listed = list(self._market.symbols.values()) if native is None else [self._named(native)]
        start, end = params.integer("startTime"), params.integer("endTime")
        limit = params.limit(100, 1000)
        return self._funding.rows(listed, start, end, limit, call.now)

    def funding_info(self, call: Call) -> list[dict[str, Any]]:  # noqa: ARG002
        """GET fundingInfo."""
        venue = self._exchange.venue
        return [
            {
                "symbol": one.native,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": venue.futures_rules(one.symbol).funding_hours,
                "disclaimer": False,
            }
            for one in self._market.symbols.values()
        ]

    def price(self, call: Call) -> Any:
        """GET ticker/price."""
        return self._per_symbol(call, lambda one: self._figures.last(one, call.now))

    def book_ticker(self, call: Call) -> Any:
        """GET ticker/bookTicker."""
        return self._per_symbol(call, lambda one: self._figures.top(one, self._market))

    def day(self, call: Call) -> Any:
        """GET ticker/24hr."""
        for one in self._market.symbols.values():
            one.candles.roll(call.now)
        return self._per_symbol(call, lambda one: self._figures.day(one, call.now))

    def open_interest(self, call: Call) -> dict[str, Any]:
        """GET openInterest: of the accounts here, who are all there are."""
        one = self._symbol(call.params)
        venue = self._exchange.venue
        held = sum(
            (
                position.amount
                for name in self._exchange.accounts.names
                for position in venue.positions(name, one.symbol)
                if position.amount > 0
            ),
            ZERO,
        )
        found: dict[str, Any] = {
            "symbol": one.native,
            "openInterest": self._figures.amount(one.listing.instrument, held),
            "time": call.now,
        }
        if self._exchange.kind.is_inverse:
            found |= {"pair": self._exchange.pair(one.symbol), "contractType": "PERPETUAL"}
        return found

    # Parts

    def _premium(self, one: SymbolMarket, now: int) -> dict[str, Any]:
        return {
            "symbol": one.native,
            **self._pair(one),
            **self._figures.mark(one, now),
            "time": now,
        }

    def _bars(self, call: Call, one: SymbolMarket) -> tuple[list[Candle], Timeframe]:
        """Return the bars that are asked for.

        USDⓈ-M gives the oldest from startTime, COIN-M the newest before endTime.
        """
        params = call.params
        params.need("interval")
        timeframe = params.choice("interval", Timeframe, ApiError(-1120, "Invalid interval."))
        if timeframe is None or timeframe.seconds < 60:
            raise ApiError(-1120, "Invalid interval.")
        start, end = params.integer("startTime"), params.integer("endTime")
        limit = params.limit(500, 1500)
        candles = one.candles
        candles.roll(call.now)
        last = call.now + 1 if end is None else min(end, call.now) + 1
        if start is not None and start >= last:
            return [], timeframe
        if self._exchange.kind.is_inverse and start is not None:
            if last - start > _LONGEST_MS:
                raise ApiError(-1128, "Combination of optional parameters invalid.")
            rows = candles.newest(timeframe, limit, last)
            return [row for row in rows if row.start >= start], timeframe
        if start is None:
            return candles.newest(timeframe, limit, last), timeframe
        first = max(start, candles.first_ms)
        reach = last
        if timeframe is not Timeframe.MONTH1:
            reach = min(last, first + (limit + 1) * timeframe.seconds * 1000)
        return candles.bars(timeframe, first, reach)[:limit], timeframe

    def _per_symbol(self, call: Call, show: Callable[[SymbolMarket], dict[str, Any]]) -> Any:
        """Answer for one symbol, a pair's, or all; COIN-M always with a list."""
        native, pair = call.params.text("symbol"), call.params.text("pair")
        inverse = self._exchange.kind.is_inverse
        if native is not None:
            found = show(self._named(native))
            return [found] if inverse else found
        return [
            show(one)
            for one in self._market.symbols.values()
            if pair is None or self._exchange.pair(one.symbol) == pair
        ]

    def _pair(self, one: SymbolMarket, *also: str) -> dict[str, str]:
        if not self._exchange.kind.is_inverse:
            return {}
        return {**dict.fromkeys(also, one.native), "pair": self._exchange.pair(one.symbol)}

    def _of_pair(self, params: Parameters) -> SymbolMarket:
        pair = params.need("pair")
        for one in self._market.symbols.values():
            if self._exchange.pair(one.symbol) == pair:
                return one
        raise ApiError(-4144, "Invalid pair.")

    def _symbol(self, params: Parameters) -> SymbolMarket:
        return self._named(params.symbol())

    def _named(self, native: str) -> SymbolMarket:
        instrument: Instrument = self._exchange.instrument(native)
        return self._market.symbols[instrument.symbol]
