"""The whole exchange, put together: accounts, venues, markets, faults, and the front door."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from real_trade.model import from_ms
from real_trade.paper import GeneratedTape, MarketModel, Quote, Tape
from real_trade.runtime.chance import seeded
from real_trade.simulator.accounts import Accounts
from real_trade.simulator.clock import ScheduleClock
from real_trade.simulator.control import Control, ControlError
from real_trade.simulator.driver import Driver
from real_trade.simulator.faults import Faults
from real_trade.simulator.futures.build import World, open_futures
from real_trade.simulator.futures.ledger import futures_ledger
from real_trade.simulator.futures.owner import FuturesOwner
from real_trade.simulator.gateway import Gateway
from real_trade.simulator.ledger import account_ledger
from real_trade.simulator.market import MarketData
from real_trade.simulator.messages import MessageFaults
from real_trade.simulator.outages import Outages
from real_trade.simulator.owner import Owner
from real_trade.simulator.partial import PartialFills
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.surface import SpotSurface
from real_trade.simulator.surface import Surface
from real_trade.simulator.symbols import Listing, spot_listings
from real_trade.utils.errors import ConfigurationError

__all__ = ["Simulator"]

_LEVELS = 10
_SECOND_MS = 1000


class Simulator:
    """One simulated Binance. Nothing moves but by `gateway` and `schedule`.

    Args:
        tapes: by unified symbol, instead of generated ones: a `RecordedTape` replays what was.

    Attributes:
        gateway: the front door.
        schedule: the exchange's time; run it to let time pass.
        spot: the spot market.
        futures: USDⓈ-M and COIN-M, as far as they have symbols.
    """

    def __init__(
        self, settings: SimulatorSettings, tapes: Mapping[str, Tape] | None = None
    ) -> None:
        self.settings = settings
        start_ms = settings.start_ms
        self.schedule = Schedule(start_ms)
        self.accounts = Accounts(settings)
        self.faults = Faults(seeded(settings.seed, "faults"))
        message_faults = MessageFaults(self.faults, self.schedule)
        self.outages = Outages(self.faults, self.schedule)
        listings = spot_listings(settings.symbols)
        given = dict(tapes or {})
        tapes = {one.instrument.symbol: _tape(one, settings) for one in listings}
        tapes |= {symbol: tape for symbol, tape in given.items() if symbol in tapes}
        prices = {symbol: _first_price(tape, start_ms) for symbol, tape in tapes.items()}
        clock = ScheduleClock(self.schedule)
        self.spot = SpotExchange(settings, self.accounts, clock, listings)
        self.market = MarketData(
            self.spot.venue,
            listings,
            prices,
            seed=settings.seed,
            start_ms=start_ms - start_ms % _SECOND_MS,
            accounts_on_tape=settings.switches.accounts_on_tape,
        )
        self.surface = SpotSurface(
            self.spot, self.market, self.schedule, self.faults, message_faults, self._gone
        )
        self.driver = Driver(self.spot.venue, self.market, tapes, self.schedule)
        self.futures = open_futures(self._world(message_faults), given)
        self.surfaces: tuple[Surface, ...] = (self.surface, *(one.surface for one in self.futures))
        PartialFills(self.spot, self.driver, self.faults, self.schedule)
        self._owner = Owner(self.spot, self.driver, self.schedule, self._terminate)
        self._owners = {
            one.surface.name: FuturesOwner(one.exchange, one.driver, self.schedule)
            for one in self.futures
        }
        control = Control(
            self.faults,
            self.schedule,
            health=self.health,
            ledger=self.ledger,
            act=self._act,
            started=self.outages.start,
        )
        self.gateway = Gateway(
            self.surfaces,
            self.accounts,
            self.faults,
            self.schedule,
            settings.switches,
            control,
            self.outages.sockets,
        )
        self.schedule.run(start_ms)

    def health(self) -> dict[str, Any]:
        """Return what GET /control/health shows."""
        now = self.schedule.now
        return {
            "status": "ok",
            "time_ms": now,
            "running_s": (now - self.settings.start_ms) / 1000,
            "seed": self.settings.seed,
            "symbols": list(self.spot.natives),
            "accounts": list(self.accounts.names),
            "sockets": len(self.gateway.sockets),
            "tape_events": self.driver.events + sum(one.driver.events for one in self.futures),
            "messages": self.surface.hub.published,
            "faults": len(self.faults.to_json()),
        }

    def ledger(self) -> dict[str, Any]:
        """Return what GET /control/ledger shows: every account's books, by market."""
        venue = self.spot.venue
        venue.check()
        for one in self.futures:
            one.exchange.venue.check()
        return {
            "time_ms": self.schedule.now,
            "seed": self.settings.seed,
            "accounts": {
                name: {
                    "spot": account_ledger(venue, name),
                    **{
                        one.surface.name: futures_ledger(one.exchange.venue, name)
                        for one in self.futures
                    },
                }
                for name in self.accounts.names
            },
        }

    def _world(self, message_faults: MessageFaults) -> World:
        settings = self.settings
        return World(
            settings=settings,
            accounts=self.accounts,
            schedule=self.schedule,
            faults=self.faults,
            message_faults=message_faults,
            on_gone=self._gone,
            spot_tape=lambda native: _tape(spot_listings([native])[0], settings),
            first_price=lambda tape: _first_price(tape, settings.start_ms),
            start_ms=settings.start_ms - settings.start_ms % _SECOND_MS,
        )

    def _act(self, document: dict[str, Any]) -> Any:
        """Do something by hand on the market that the document names; spot without."""
        document = dict(document)
        market = document.pop("market", "spot")
        if market == "spot":
            return self._owner.act(document)
        if market not in self._owners:
            known = ", ".join(("spot", *self._owners))
            raise ControlError(f"there is no market {market!r}; known: {known}")
        return self._owners[market].act(document)

    def _terminate(self, account: str) -> int:
        return sum(surface.terminate_user_streams(account) for surface in self.surfaces)

    def _gone(self, end: SocketEnd) -> None:
        self.gateway.forget(end)


def _tape(listing: Listing, settings: SimulatorSettings) -> Tape:
    return GeneratedTape(
        listing.instrument,
        settings.seed,
        from_ms(settings.start_ms),
        model=MarketModel(
            price=listing.price,
            volatility=listing.daily_volatility,
            turnover=listing.price * listing.daily_volume,
            levels=_LEVELS,
        ),
    )


def _first_price(tape: Tape, start_ms: int) -> Decimal:
    """Return where the tape begins, so that the past can end there."""
    for event in tape.events(from_ms(start_ms - start_ms % _SECOND_MS)):
        if not isinstance(event, Quote):
            return event.price
        if event.bids or event.asks:
            return (event.bids or event.asks)[0].price
    raise ConfigurationError(
        f"the tape of {tape.instrument.symbol} has nothing after the start",
        remedy="start the simulator within the time that the tape covers",
    )
