"""What the public sees of each symbol: trades, bars, the book and its update ids."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import attrs

from real_trade.model import MarketTrade, to_ms
from real_trade.paper.events import BookChanged, TradePrinted, VenueEvent
from real_trade.paper.venue import Venue
from real_trade.simulator.candles import Candles
from real_trade.simulator.history import SECOND_MS, UNIT, Candle, History
from real_trade.simulator.symbols import Listing
from real_trade.simulator.texts import to_units

__all__ = ["FIRST_TRADE_ID", "MarketData", "Print", "SymbolMarket"]

_KEPT_TRADES = 2000
_TRADES_BEFORE = 500
FIRST_TRADE_ID = 1_000_000_001


@attrs.frozen(slots=True)
class Print:
    """One public trade, in units of 1e-8."""

    id: int
    price: int
    amount: int
    ms: int
    buyer_is_maker: bool
    buyer_order: int = 0
    seller_order: int = 0

    @property
    def quote(self) -> int:
        """Return price x amount."""
        return self.price * self.amount // UNIT


class SymbolMarket:
    """One symbol's public data."""

    def __init__(self, listing: Listing, candles: Candles, start_ms: int) -> None:
        self.listing = listing
        self.native = listing.instrument.native
        self.symbol = listing.instrument.symbol
        self.candles = candles
        self.update_id = 1_000_000
        self.changed_ms = start_ms
        self.last_id = FIRST_TRADE_ID - 1
        self.prints: deque[Print] = deque(maxlen=_KEPT_TRADES)
        self._fill_before()

    def add(self, trade: MarketTrade, buyer_order: int, seller_order: int) -> Print:
        """Take a trade of now."""
        self.last_id = int(trade.trade_id)
        found = Print(
            self.last_id,
            to_units(trade.price),
            to_units(trade.amount),
            to_ms(trade.time),
            trade.buyer_is_maker,
            buyer_order,
            seller_order,
        )
        self.prints.append(found)
        self.candles.trade(found.ms, found.price, found.amount, taker_buys=not found.buyer_is_maker)
        return found

    def book_changed(self, ms: int) -> None:
        """Count a change of the book."""
        self.update_id += 1
        self.changed_ms = ms

    def _fill_before(self) -> None:
        """Show the newest trades before the start, drawn from the second bars they make up."""
        seconds = self.candles.before(SECOND_MS, 60)
        trades: list[tuple[int, int, int, bool]] = []
        for second in seconds:
            trades.extend(_trades_of(second, to_units(self.listing.instrument.amount_step)))
        first = self.last_id - len(trades[-_TRADES_BEFORE:]) + 1
        for number, (ms, price, amount, maker) in enumerate(trades[-_TRADES_BEFORE:], first):
            self.prints.append(Print(number, price, amount, ms, maker))


def _trades_of(second: Candle, size: int) -> list[tuple[int, int, int, bool]]:
    """Return trades that would have made the bar."""
    count = second.trades
    if not count or not second.volume:
        return []
    corners = [second.open, second.high, second.low, second.close]
    each = max(size, second.volume // count // size * size)
    found, left = [], second.volume
    for number in range(count):
        if left <= 0:
            break
        amount = left if number == count - 1 else min(each, left)
        left -= amount
        price = corners[number * 4 // count] if count > 1 else second.close
        ms = second.start + number * SECOND_MS // count
        found.append((ms, price, amount, number % 2 == 0))
    return found


class MarketData:
    """All symbols of one venue. Listeners hear of trades and of changes to the book."""

    def __init__(
        self,
        venue: Venue,
        listings: Iterable[Listing],
        prices: Mapping[str, Decimal],
        *,
        seed: int,
        start_ms: int,
        accounts_on_tape: bool = True,
    ) -> None:
        self.venue = venue
        self._accounts_on_tape = accounts_on_tape
        self.start_ms = start_ms
        self.symbols: dict[str, SymbolMarket] = {}
        self.by_native: dict[str, SymbolMarket] = {}
        self._on_print: list[Callable[[SymbolMarket, Print], None]] = []
        self._on_book: list[Callable[[SymbolMarket], None]] = []
        for listing in listings:
            price = to_units(prices[listing.instrument.symbol])
            history = _history(listing, seed, start_ms, price)
            one = SymbolMarket(listing, Candles(history), start_ms)
            self.symbols[one.symbol] = self.by_native[one.native] = one
        venue.listen(self._hear)

    def on_print(self, listener: Callable[[SymbolMarket, Print], None]) -> None:
        """Call `listener` with every public trade."""
        self._on_print.append(listener)

    def on_book(self, listener: Callable[[SymbolMarket], None]) -> None:
        """Call `listener` whenever a book changed."""
        self._on_book.append(listener)

    def touch(self, symbol: str, ms: int) -> None:
        """Note that the tape changed the book of `symbol`."""
        one = self.symbols[symbol]
        one.book_changed(ms)
        for listener in self._on_book:
            listener(one)

    def tape_trade(self, trade: MarketTrade) -> None:
        """Take a trade of the tape, before the venue has it."""
        if not self._accounts_on_tape:
            self._print(trade)

    def _print(self, trade: MarketTrade, buyer_order: int = 0, seller_order: int = 0) -> None:
        one = self.symbols[trade.symbol]
        found = one.add(trade, buyer_order, seller_order)
        for listener in self._on_print:
            listener(one, found)

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, TradePrinted):
            if self._accounts_on_tape:
                self._print(event.trade, event.buyer_order_id, event.seller_order_id)
        elif isinstance(event, BookChanged):
            self.touch(event.symbol, to_ms(event.time))


def _history(listing: Listing, seed: int, start_ms: int, price: int) -> History:
    """Return a past that ends at `price`: made twice, since the last day has to move there."""
    instrument = listing.instrument

    def make(today: int) -> History:
        return History(
            f"{seed}:{instrument.native}",
            start_ms=start_ms,
            price=today,
            tick=to_units(instrument.price_step),
            step=to_units(instrument.amount_step),
            daily_volatility=listing.daily_volatility,
            daily_volume=to_units(listing.daily_volume),
            daily_trades=listing.daily_trades,
        )

    return make(price * price // make(price).price_at_start())
