"""What every market's exchange adds to its venue: names, settings, and what reads may see."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Protocol, TypeVar

from real_trade.model import Instrument, to_ms
from real_trade.paper.events import TradingChanged, VenueEvent
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import TradingStatus, VenueOrder
from real_trade.paper.venue import Venue
from real_trade.runtime.chance import seeded
from real_trade.simulator.accounts import Accounts
from real_trade.simulator.clock import ScheduleClock
from real_trade.simulator.errors import ApiError
from real_trade.simulator.settings import SimulatorSettings, Switches
from real_trade.simulator.symbols import Listing

__all__ = ["MarketExchange"]

_ID_LENGTH = 22
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

V = TypeVar("V", bound=Venue)


class _Dated(Protocol):
    @property
    def created_at(self) -> datetime: ...


class MarketExchange(Generic[V]):
    """One market: its listings and its accounts around a venue, which the subclass opens.

    Attributes:
        listings: what is listed, by symbol.
        natives: the instruments by the name that clients use.
    """

    venue: V

    def __init__(
        self,
        settings: SimulatorSettings,
        accounts: Accounts,
        clock: ScheduleClock,
        listings: list[Listing],
        ids: str,
    ) -> None:
        self.settings = settings
        self.accounts = accounts
        self.clock = clock
        self.listings = {listing.instrument.symbol: listing for listing in listings}
        self.natives = {listing.instrument.native: listing.instrument for listing in listings}
        self._status = dict.fromkeys(self.listings, TradingStatus.TRADING)
        self._chance = seeded(settings.seed, ids)

    @property
    def switches(self) -> Switches:
        """Return the switches in force."""
        return self.settings.switches

    def instrument(self, native: str) -> Instrument:
        """Return the instrument that clients call `native`.

        Raises:
            ApiError: there is none.
        """
        found = self.natives.get(native)
        if found is None:
            raise ApiError(-1121, "Invalid symbol.")
        # The venue's may have changed since: filters do on a running exchange.
        return self.venue.instruments[found.symbol]

    def native(self, symbol: str) -> str:
        """Return what clients call `symbol`."""
        return self.listings[symbol].instrument.native

    def status(self, symbol: str) -> TradingStatus:
        """Return what `symbol` allows now."""
        return self._status[symbol]

    def new_id(self) -> str:
        """Return an id of the kind that Binance makes up when the client gives none."""
        return "".join(self._chance.choices(_ALPHABET, k=_ID_LENGTH))

    def visible(self, order: _Dated, now: int) -> bool:
        """Return whether reads see `order` yet: they may lag behind the matching engine."""
        lag = self.switches.read_lag_ms
        return not lag or now >= to_ms(order.created_at) + lag

    def check_visible(self, order: VenueOrder, now: int) -> None:
        """Refuse a look-up of an order that reads do not see yet."""
        if not self.visible(order, now):
            raise VenueReject(RejectReason.UNKNOWN_ORDER, f"order {order.order_id} is not seen yet")

    def _hear_trading(self, event: VenueEvent) -> None:
        if isinstance(event, TradingChanged):
            self._status[event.symbol] = event.status
