"""The paper exchange: market data of a real one, orders and books of our own venue.

It is an `Exchange` like any other, so nothing above it knows that it is paper. It holds no secret
and calls only the public, reading methods of its source.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from real_trade.exchange import (
    Capabilities,
    ConfigurationError,
    DataError,
    Exchange,
    ExchangeError,
    Sink,
    StreamHandle,
    StreamingExchange,
    Subscription,
    Unavailable,
    UnknownSymbol,
)
from real_trade.model import (
    Balance,
    Bar,
    Channel,
    ConnectionChanged,
    ConnectionState,
    Evidence,
    Fill,
    Instrument,
    Market,
    MarketTrade,
    OrderIntent,
    OrderReport,
    Position,
    StreamValue,
    Ticker,
    Timeframe,
    TopOfBook,
)
from real_trade.paper.bars import BarModel
from real_trade.paper.events import OrderUpdated, VenueEvent
from real_trade.paper.fees import FeeSchedule, usual_fees
from real_trade.paper.live_market import LiveMarket, PriceModel
from real_trade.paper.market_clock import MarketClock
from real_trade.paper.rejects import VenueReject
from real_trade.paper.reports import fill_of, rejection_of, report_of, request_of
from real_trade.paper.rules import SymbolRules
from real_trade.paper.streams import PaperStream
from real_trade.paper.values import ListKind, ListRequest, Quote, VenueOrder
from real_trade.paper.venue import Venue
from real_trade.paper.views import FuturesModel, market_of, open_view
from real_trade.runtime import Clock

__all__ = ["ACCOUNT", "MarketClock", "PaperExchange"]

ACCOUNT = "paper"
# An instrument tells no limits on the number of orders, so paper knows none.
_RULES = SymbolRules(max_orders=0, max_algo_orders=0)


class PaperExchange:
    """One paper account of one market: spot, linear or inverse futures.

    With a `source` it trades on that exchange's market data as they come. Without one, or with
    `bars`, it is a backtest's exchange: `on_bar` is the only market, time is that of the bars, and
    fills have the prices of Backtrader's own broker; a source then serves history alone.

    Thread-safe: the source's stream thread feeds it while the order lane submits. Account events
    reach their sinks while the lock is held; a sink only puts them away.

    Args:
        balances: what the account starts with, by asset.
        instruments: what is traded, where no source tells.
        clock: the runtime's; needed for live data, ignored in a backtest.
        fees: the default is 0.1 %, as Binance charges new accounts: in the received asset on live
            data, in quote and unrounded (as Backtrader's broker does) in a backtest. Futures: 0.02
            and 0.05 % in the settle asset.
        bars: makes it a backtest's exchange, and says how fills are drawn from bars.
        prices: spread and slippage, where the live market data do not tell.
        market: the default is that of the instruments given, or spot.
        futures: leverage, funding and liquidation of a futures account.
    """

    def __init__(
        self,
        *,
        balances: Mapping[str, Decimal],
        source: Exchange | None = None,
        instruments: Iterable[Instrument] = (),
        clock: Clock | None = None,
        fees: FeeSchedule | None = None,
        bars: BarModel | None = None,
        prices: PriceModel | None = None,
        seed: int = 0,
        market: Market | None = None,
        futures: FuturesModel | None = None,
    ) -> None:
        self._source = source
        self._instruments = {one.symbol: one for one in instruments}
        if source is None and not self._instruments:
            raise ConfigurationError("a paper exchange needs a source or instruments")
        if source is None and bars is None:
            bars = BarModel()
        self._market_clock = MarketClock()
        self._on_bars = bars is not None
        if clock is None and not self._on_bars:
            raise ConfigurationError("a paper exchange with live data needs the runtime's clock")
        self._clock: Clock = self._market_clock if clock is None or self._on_bars else clock
        self._prices = prices or PriceModel()
        self._lock = threading.RLock()
        self._sinks: list[Sink] = []
        self._market = market_of(self._instruments.values(), market)
        options = {
            "clock": self._clock,
            "seed": seed,
            "fees": fees or usual_fees(self._market, live=not self._on_bars),
            "rules": dict.fromkeys(self._instruments, _RULES),
            "bars": bars,
        }
        self._view = open_view(self._market, futures, self._instruments.values(), options)
        self._venue = self._view.venue
        self._live = LiveMarket(self._venue, self._prices)
        self._venue.open_account(ACCOUNT, balances)
        self._venue.listen(self._on_event)

    # The boundary: what it is

    @property
    def name(self) -> str:
        """Return `paper`."""
        return "paper"

    @property
    def venue(self) -> Venue:
        """Return the venue behind it: its ledger is the truth that a run is compared with."""
        return self._venue

    @property
    def capabilities(self) -> Capabilities:
        """Return what the venue does natively, and what the source streams."""
        source = Capabilities() if self._source is None else self._source.capabilities
        return self._view.capabilities(source)

    def connect(self) -> None:
        """Load the source's instruments; safe to call again, which takes changed filters over."""
        if self._source is None:
            return
        self._source.connect()
        self._instruments = dict(self._source.instruments())
        with self._lock:
            for symbol in self._venue.symbols:
                if symbol in self._instruments:
                    self._venue.set_instrument(self._instruments[symbol])

    def close(self) -> None:
        """Close the source; safe to call again."""
        if self._source is not None:
            self._source.close()

    # The boundary: market data, passed through

    def server_time(self) -> datetime:
        """Return the venue's time."""
        return self._clock.now()

    def instruments(self) -> dict[str, Instrument]:
        """Return the source's instruments, or those given."""
        return dict(self._instruments)

    def ticker(self, symbol: str) -> Ticker:
        """Return the source's ticker, or in a backtest the last bar's close."""
        if self._source is not None and not self._on_bars:
            return self._source.ticker(symbol)
        with self._lock:
            last = self._venue.last_price(self._known(symbol))
        if last is None:
            raise Unavailable(f"there is no price of {symbol} before its first bar")
        return Ticker(symbol=symbol, last=last, bid=last, ask=last, time=self._clock.now())

    def bars(
        self, symbol: str, timeframe: Timeframe, since: datetime | None, limit: int
    ) -> list[Bar]:
        """Return the source's bars."""
        if self._source is None:
            raise DataError(
                f"no bars of {symbol}: this paper exchange has no source of market data",
                remedy="a backtest reads its bars from a file or a tape",
            )
        return self._source.bars(symbol, timeframe, since, limit)

    # The boundary: the account, answered by the venue

    def balances(self) -> dict[str, Balance]:
        """Return all assets that are not zero."""
        with self._lock:
            return self._view.balances(ACCOUNT)

    def positions(self) -> list[Position]:
        """Return open positions; none on spot."""
        with self._lock:
            return self._view.positions(ACCOUNT)

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Place the order and return it as it stands after matching.

        Raises:
            Rejected: the venue refused, by class as a real exchange would.
            Unavailable: no price is known to trade at.
        """
        return self._placed(
            intent.symbol, lambda: [self._venue.place(ACCOUNT, request_of(intent))]
        )[0]

    def submit_oco(self, first: OrderIntent, second: OrderIntent) -> list[OrderReport]:
        """Place a pair of which one cancels the other; spot alone has them.

        Raises:
            Rejected: the venue refused both.
            Unavailable: no price is known to trade at.
        """
        request = ListRequest(kind=ListKind.OCO, orders=(request_of(first), request_of(second)))
        return self._placed(
            first.symbol, lambda: list(self._venue.place_list(ACCOUNT, request).orders)
        )

    def _placed(self, name: str, place: Callable[[], list[VenueOrder]]) -> list[OrderReport]:
        symbol = self._known(name)
        quote = self._missing_quote(symbol)
        with self._lock:
            if quote is not None and not self._has_price(symbol):
                self._venue.on_quote(quote)
            try:
                orders = place()
            except VenueReject as refused:
                raise rejection_of(refused) from refused
            self._live.order_placed(symbol)
            return [
                report_of(
                    order, Evidence.REPLY, self._venue.fills(ACCOUNT, order_id=order.order_id)
                )
                for order in orders
            ]

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Cancel an open order."""
        with self._lock:
            try:
                order = self._venue.cancel(
                    ACCOUNT, self._known(symbol), client_order_id=client_order_id
                )
            except VenueReject as refused:
                raise rejection_of(refused) from refused
            return report_of(order, Evidence.REPLY)

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """Look one order up, with all its fills."""
        with self._lock:
            self._venue.expire_due()
            try:
                order = self._venue.order(
                    ACCOUNT, self._known(symbol), client_order_id=client_order_id
                )
            except VenueReject as refused:
                raise rejection_of(refused) from refused
            fills = self._venue.fills(ACCOUNT, order_id=order.order_id)
            return report_of(order, Evidence.LOOKUP, fills)

    def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return all open orders, conditional ones too."""
        with self._lock:
            self._venue.expire_due()
            if symbol is not None:
                self._known(symbol)
            orders = self._venue.open_orders(ACCOUNT, symbol)
            return [report_of(order, Evidence.LOOKUP) for order in orders]

    def fills(self, symbol: str, since: datetime) -> list[Fill]:
        """Return the account's fills at or after `since`, oldest first."""
        with self._lock:
            fills = self._venue.fills(ACCOUNT, self._known(symbol))
        return [fill_of(fill) for fill in fills if fill.time >= since]

    # The boundary: streams

    def stream(self, subscriptions: Sequence[Subscription], sink: Sink) -> StreamHandle:
        """Stream the source's market data and the account's events into `sink`."""
        handle = PaperStream(sink, self._attach, self._detach, self._open_source)
        handle.add(subscriptions)
        return handle

    def _open_source(self, subscriptions: Sequence[Subscription], sink: Sink) -> StreamHandle:
        # Each value reaches the venue before the reader.
        source = self._source
        if source is None or not isinstance(source, StreamingExchange):
            raise ConfigurationError(
                "this paper exchange has no streaming source of market data",
                remedy="give it a source that streams, or feed it with on_bar",
            )

        def through(value: StreamValue) -> None:
            self.on_market(value)
            sink(value)

        return source.stream(subscriptions, through)

    def _attach(self, sink: Sink) -> None:
        with self._lock:
            self._sinks.append(sink)
            sink(
                ConnectionChanged(
                    channel=Channel.ACCOUNT,
                    state=ConnectionState.CONNECTED,
                    time=self._clock.now(),
                )
            )

    def _detach(self, sink: Sink) -> None:
        with self._lock:
            if sink in self._sinks:
                self._sinks.remove(sink)

    # The market

    def on_bar(self, bar: Bar) -> None:
        """Take a closed bar of a backtest; fills of it reach the account's sinks at once.

        Raises:
            DataError: it trades on live data, where bars alone do not fill.
        """
        self._known(bar.symbol)
        with self._lock:
            self._market_clock.advance(bar.end_time)
            self._venue.on_bar(bar)

    def on_market(self, value: StreamValue) -> None:
        """Take a value of the source's stream; what concerns no price is ignored."""
        if self._on_bars:
            return
        if isinstance(value, Bar | TopOfBook | MarketTrade) and value.symbol in self._instruments:
            with self._lock:
                self._live.feed(self._instruments[self._known(value.symbol)], value)

    def _known(self, symbol: str) -> str:
        """Return `symbol` once the venue trades it; instruments of a source come on first use."""
        if symbol in self._venue.symbols:
            return symbol
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise UnknownSymbol(
                f"{symbol!r} is not traded here", remedy="see the exchange's instruments"
            )
        if self._market is not Market.SPOT and instrument.market is not self._market:
            raise UnknownSymbol(
                f"{symbol!r} is of the {instrument.market.value} market, "
                f"this paper account of the {self._market.value} market",
                remedy="open one paper exchange for each market",
            )
        with self._lock:
            self._venue.set_instrument(instrument, _RULES)
        return symbol

    def _missing_quote(self, symbol: str) -> Quote | None:
        """Return a quote from the source's ticker while the streams have shown no price yet."""
        if self._source is None or self._on_bars:
            return None
        with self._lock:
            if self._has_price(symbol):
                return None
        try:
            ticker = self._source.ticker(symbol)
        except ExchangeError as error:
            raise Unavailable(
                f"no price of {symbol} is known to trade at: {error}",
                remedy="wait for market data",
            ) from error
        return self._prices.from_ticker(self._instruments[symbol], ticker)

    def _has_price(self, symbol: str) -> bool:
        return any(price is not None for price in self._venue.best_prices(symbol))

    def _on_event(self, event: VenueEvent) -> None:
        if not self._sinks:
            return
        value: StreamValue
        if isinstance(event, OrderUpdated):
            fills = () if event.fill is None else (event.fill,)
            value = report_of(event.order, Evidence.STREAM, fills)
        else:
            update = self._view.update(event)
            if update is None:
                return
            value = update
        for sink in self._sinks:
            sink(value)
