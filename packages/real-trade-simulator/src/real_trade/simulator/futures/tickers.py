"""Trades, bars and tickers of a contract as Binance's JSON.

Of COIN-M, volumes are contracts; what they come to in coins is reckoned at the average price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from real_trade.model import Instrument, Timeframe, to_ms
from real_trade.simulator.candles import next_open
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.words import amount_text, price_text
from real_trade.simulator.history import DAY_MS, HOUR_MS, Candle
from real_trade.simulator.market import MarketData, Print, SymbolMarket
from real_trade.simulator.texts import from_units, units, written

__all__ = ["Figures"]

_INTEREST = "0.00010000"


class Figures:
    """Writes the public figures of one futures market."""

    price = staticmethod(price_text)
    amount = staticmethod(amount_text)

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange

    def trade(self, one: SymbolMarket, trade: Print) -> dict[str, Any]:
        """Return a trade as trades shows it."""
        instrument = one.listing.instrument
        price, amount = from_units(trade.price), from_units(trade.amount)
        value = written(instrument.notional(amount, price))
        found: dict[str, Any] = {
            "id": trade.id,
            "price": price_text(instrument, price),
            "qty": amount_text(instrument, amount),
            "time": trade.ms,
            "isBuyerMaker": trade.buyer_is_maker,
        }
        if instrument.inverse:
            return {**found, "baseQty": value}
        return {**found, "quoteQty": value, "isRPITrade": False}

    def aggregate(self, one: SymbolMarket, trade: Print) -> dict[str, Any]:
        """Return a trade as aggTrades shows it."""
        instrument = one.listing.instrument
        return {
            "a": trade.id,
            "p": price_text(instrument, from_units(trade.price)),
            "q": amount_text(instrument, from_units(trade.amount)),
            "f": trade.id,
            "l": trade.id,
            "T": trade.ms,
            "m": trade.buyer_is_maker,
        }

    def kline(self, one: SymbolMarket, row: Candle, timeframe: Timeframe) -> list[Any]:
        """Return a bar as klines shows it."""
        instrument = one.listing.instrument
        prices = (row.open, row.high, row.low, row.close)
        return [
            row.start,
            *(price_text(instrument, from_units(price)) for price in prices),
            amount_text(instrument, from_units(row.volume)),
            next_open(timeframe, row.start) - 1,
            written(self.value(instrument, row.volume, row.quote)),
            row.trades,
            amount_text(instrument, from_units(row.taker_volume)),
            written(self.value(instrument, row.taker_volume, row.taker_quote)),
            "0",
        ]

    def price_kline(self, row: Candle, timeframe: Timeframe) -> list[Any]:
        """Return a bar of mark or index prices."""
        prices = (row.open, row.high, row.low, row.close)
        seconds = (next_open(timeframe, row.start) - row.start) // 1000
        return [
            row.start,
            *(units(price) for price in prices),
            "0",
            next_open(timeframe, row.start) - 1,
            "0",
            seconds,
            "0",
            "0",
            "0",
        ]

    def value(self, instrument: Instrument, volume: int, quote: int) -> Decimal:
        """Return what a volume came to: quote units, or coins at the average price."""
        if not instrument.inverse:
            return from_units(quote)
        if not quote:
            return Decimal(0)
        average = Decimal(quote) / Decimal(volume)
        return from_units(volume) * instrument.contract_size / average

    def last(self, one: SymbolMarket, now: int) -> dict[str, Any]:
        """Return a symbol's last price."""
        instrument = one.listing.instrument
        found: dict[str, Any] = {
            "symbol": one.native,
            "price": price_text(instrument, from_units(one.candles.last)),
            "time": one.prints[-1].ms if one.prints else now,
        }
        if instrument.inverse:
            found["ps"] = self._exchange.pair(one.symbol)
        return found

    def top(self, one: SymbolMarket, market: MarketData) -> dict[str, Any]:
        """Return a symbol's best prices."""
        instrument = one.listing.instrument
        bids, asks = market.venue.depth(one.symbol, 1)
        found: dict[str, Any] = {
            "symbol": one.native,
            "bidPrice": price_text(instrument, bids[0].price if bids else None),
            "bidQty": amount_text(instrument, bids[0].amount if bids else None),
            "askPrice": price_text(instrument, asks[0].price if asks else None),
            "askQty": amount_text(instrument, asks[0].amount if asks else None),
            "time": one.changed_ms,
            "lastUpdateId": one.update_id,
        }
        if instrument.inverse:
            found["pair"] = self._exchange.pair(one.symbol)
        return found

    def day(self, one: SymbolMarket, now: int) -> dict[str, Any]:
        """Return the statistics of the last 24 hours."""
        instrument, day = one.listing.instrument, one.candles.day()

        def price(value: int) -> str:
            return price_text(instrument, from_units(value))

        change = day.close - day.open
        average = day.quote * 10**8 // day.volume if day.volume else day.close
        total = written(self.value(instrument, day.volume, day.quote))
        found: dict[str, Any] = {
            "symbol": one.native,
            "priceChange": price(change),
            "priceChangePercent": f"{Decimal(change * 100) / day.open:.3f}",
            "weightedAvgPrice": price(average),
            "lastPrice": price(day.close),
            "lastQty": amount_text(
                instrument, from_units(one.prints[-1].amount if one.prints else 0)
            ),
            "openPrice": price(day.open),
            "highPrice": price(day.high),
            "lowPrice": price(day.low),
            "volume": amount_text(instrument, from_units(day.volume)),
            "openTime": now - DAY_MS,
            "closeTime": now,
            "firstId": one.last_id - day.trades + 1,
            "lastId": one.last_id,
            "count": day.trades,
        }
        if instrument.inverse:
            return {**found, "pair": self._exchange.pair(one.symbol), "baseVolume": total}
        return {**found, "quoteVolume": total}

    def mark(self, one: SymbolMarket, now: int) -> dict[str, Any]:
        """Return mark and index price with the funding to come."""
        mark = self._exchange.venue.mark_price(one.symbol)
        if mark is None:  # before the first trade
            return self._first_mark(one, now)
        due = mark.next_funding
        return {
            "markPrice": written(mark.mark),
            "indexPrice": written(mark.index),
            "estimatedSettlePrice": written(mark.index),
            "lastFundingRate": written(mark.funding_rate),
            "interestRate": _INTEREST,
            "nextFundingTime": 0 if due is None else to_ms(due),
        }

    def _first_mark(self, one: SymbolMarket, now: int) -> dict[str, Any]:
        rules, last = self._exchange.venue.futures_rules(one.symbol), units(one.candles.last)
        step = rules.funding_hours * HOUR_MS
        return {
            "markPrice": last,
            "indexPrice": last,
            "estimatedSettlePrice": last,
            "lastFundingRate": written(rules.funding_rate),
            "interestRate": _INTEREST,
            "nextFundingTime": now - now % step + step if step else 0,
        }
