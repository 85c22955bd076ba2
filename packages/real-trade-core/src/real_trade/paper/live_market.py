"""Market data of another exchange, turned into what the venue takes: quotes and trades."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.model import Bar, Instrument, MarketTrade, Side, Ticker, TopOfBook
from real_trade.model.numbers import ZERO, amount_field
from real_trade.paper.values import Level, Quote
from real_trade.paper.venue import Venue

__all__ = ["BarTracker", "LiveMarket", "PriceModel"]

# More than anybody will ask for: depth that is assumed where the exchange has not told any.
_ENOUGH = Decimal(10) ** 12


@attrs.frozen(kw_only=True)
class PriceModel:
    """What is assumed where the market data do not say it.

    Attributes:
        spread: the whole spread as a ratio, where only last prices are known.
        slippage: how much worse than that a taker fares, as a ratio; also the step from the best
            price to the depth behind it, where only the top of the book is known.
    """

    spread: Decimal = amount_field("spread", Decimal("0.0002"))
    slippage: Decimal = amount_field("slippage", Decimal("0.0001"))

    def from_last(self, instrument: Instrument, price: Decimal, bar: Bar) -> Quote:
        """Return an estimated quote around a last price."""
        away = self.spread / 2 + self.slippage
        bid = instrument.round_price(price * (1 - away), Side.BUY)
        ask = instrument.round_price(price * (1 + away), Side.SELL)
        bids, asks = (Level(bid, _ENOUGH),), (Level(ask, _ENOUGH),)
        return Quote(instrument.symbol, bids, asks, bar.end_time, is_estimate=True)

    def from_top(self, instrument: Instrument, top: TopOfBook) -> Quote:
        """Return the top of the book with assumed depth behind it."""
        bids = self._behind(instrument, Side.BUY, top.bid, top.bid_amount)
        asks = self._behind(instrument, Side.SELL, top.ask, top.ask_amount)
        return Quote(top.symbol, bids, asks, top.time)

    def from_ticker(self, instrument: Instrument, ticker: Ticker) -> Quote:
        """Return a ticker's best prices with assumed depth."""
        bid = instrument.round_price(ticker.bid * (1 - self.slippage), Side.BUY)
        ask = instrument.round_price(ticker.ask * (1 + self.slippage), Side.SELL)
        bids, asks = (Level(bid, _ENOUGH),), (Level(ask, _ENOUGH),)
        return Quote(instrument.symbol, bids, asks, ticker.time, is_estimate=True)

    def _behind(
        self, instrument: Instrument, side: Side, price: Decimal, amount: Decimal
    ) -> tuple[Level, ...]:
        worse = instrument.round_price(price * (1 - side.sign * self.slippage), side)
        if worse == price:
            worse -= side.sign * instrument.price_step
        return Level(price, amount), Level(worse, _ENOUGH)


class BarTracker:
    """Turns the updates of one symbol's bars into the prices that are new in each.

    A forming bar that shows a new high or low must have traded there since the last update. After
    an order was placed the next update's extremes may be older than the order, so they are only
    remembered.
    """

    def __init__(self) -> None:
        self._open_time: object = None
        self._high = self._low = ZERO
        self._volume = ZERO
        self.is_blind = True

    def prices(self, bar: Bar) -> list[Decimal]:
        """Return the prices at which the market has newly traded, the last one last."""
        is_new = bar.open_time != self._open_time
        found = []
        if not self.is_blind:
            nearer_low = bar.close - bar.low < bar.high - bar.close
            extremes = [(bar.high, True), (bar.low, False)]
            for price, is_high in extremes if nearer_low else reversed(extremes):
                seen = self._high if is_high else self._low
                if is_new or (price > seen if is_high else price < seen):
                    found.append(price)
        self._open_time, self._high, self._low = bar.open_time, bar.high, bar.low
        self.is_blind = False
        return [*found, bar.close]


class LiveMarket:
    """Feeds a venue from a live stream, with the best that the stream carries for each symbol.

    Trades tell everything; where there are none, bars tell which prices were traded. The top of the
    book tells what can be taken; where it is not known, it is assumed around the last price.
    """

    def __init__(self, venue: Venue, prices: PriceModel) -> None:
        self._venue = venue
        self._prices = prices
        self._trackers: dict[str, BarTracker] = {}
        self._with_top: set[str] = set()
        self._with_trades: set[str] = set()

    def feed(self, instrument: Instrument, value: Bar | TopOfBook | MarketTrade) -> None:
        """Take one value of the stream."""
        if isinstance(value, TopOfBook):
            self._with_top.add(value.symbol)
            self._venue.on_quote(self._prices.from_top(instrument, value))
        elif isinstance(value, MarketTrade):
            self._with_trades.add(value.symbol)
            self._venue.on_trade(value)
        else:
            self._feed_bar(instrument, value)

    def order_placed(self, symbol: str) -> None:
        """Take note that extremes of the next bar update may be older than an order."""
        self._tracker(symbol).is_blind = True

    def _feed_bar(self, instrument: Instrument, bar: Bar) -> None:
        symbol = bar.symbol
        prices = self._tracker(symbol).prices(bar)
        if symbol not in self._with_trades:
            # Without a book nobody stands in front: a touched price fills. With one, it does not.
            amount = ZERO if symbol in self._with_top else _ENOUGH
            for price in prices:
                self._print(bar, price, amount)
        if symbol not in self._with_top:
            self._venue.on_quote(self._prices.from_last(instrument, bar.close, bar))

    def _print(self, bar: Bar, price: Decimal, amount: Decimal) -> None:
        for seller_takes in (True, False):
            self._venue.on_trade(
                MarketTrade(
                    symbol=bar.symbol,
                    trade_id="",
                    price=price,
                    amount=amount,
                    buyer_is_maker=seller_takes,
                    time=bar.end_time,
                )
            )

    def _tracker(self, symbol: str) -> BarTracker:
        tracker = self._trackers.get(symbol)
        if tracker is None:
            tracker = self._trackers[symbol] = BarTracker()
        return tracker
