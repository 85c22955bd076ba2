"""Moves the market: plays each symbol's tape into the venue as its time comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from real_trade.model import from_ms, to_ms
from real_trade.paper import Quote, Tape, TapeEvent, Venue
from real_trade.simulator.market import MarketData
from real_trade.simulator.schedule import Schedule

__all__ = ["Driver"]

Hook = Callable[[str, TapeEvent], None]


class Driver:
    """Plays tapes by the schedule.

    Attributes:
        before: called before every event of a tape; may change the venue, or hold the symbol.
    """

    def __init__(
        self, venue: Venue, market: MarketData, tapes: Mapping[str, Tape], schedule: Schedule
    ) -> None:
        self._venue = venue
        self._market = market
        self._schedule = schedule
        self._held: dict[str, int] = {}
        self._quotes: dict[str, Quote] = {}
        self.before: Hook | None = None
        self.events = 0
        now = schedule.now
        for symbol, tape in tapes.items():
            # A little of the tape from before the start, so that the book is there at once.
            self._next(symbol, tape.events(from_ms(now - now % 1000)))

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest depth that the tape has shown."""
        return self._quotes.get(symbol)

    def show(self, quote: Quote) -> None:
        """Show another depth than the tape's."""
        self._venue.on_quote(quote)
        self._market.touch(quote.symbol, self._schedule.now)

    def hold(self, symbol: str, length_ms: int) -> None:
        """Keep the market of `symbol` still: what its tape has in the meantime does not happen."""
        self._held[symbol] = self._schedule.now + length_ms

    def is_held(self, symbol: str) -> bool:
        """Return whether the market of `symbol` is kept still."""
        return self._schedule.now < self._held.get(symbol, 0)

    def _next(self, symbol: str, events: Iterator[TapeEvent]) -> None:
        event = next(events, None)
        if event is not None:
            self._wait(symbol, event, events)

    def _wait(self, symbol: str, event: TapeEvent, events: Iterator[TapeEvent]) -> None:
        self._schedule.at(to_ms(event.time), lambda: self._play(symbol, event, events))

    def _play(self, symbol: str, event: TapeEvent, events: Iterator[TapeEvent]) -> None:
        """Play an event and all others that are due."""
        now = self._schedule.now
        following: TapeEvent | None = event
        while following is not None and to_ms(following.time) <= now:
            if not self.is_held(symbol):
                self._one(symbol, following)
            following = next(events, None)
        if following is not None:
            self._wait(symbol, following, events)

    def _one(self, symbol: str, event: TapeEvent) -> None:
        self.events += 1
        if self.before is not None:
            self.before(symbol, event)
            if self.is_held(symbol):
                return
        if isinstance(event, Quote):
            self._quotes[symbol] = event
            self.show(event)
        else:
            self._market.tape_trade(event)
            self._venue.on_trade(event)
