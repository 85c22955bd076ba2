"""Puts one futures market together: listings, tapes, venue, public data, surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs

from real_trade.paper import Tape
from real_trade.simulator.accounts import Accounts
from real_trade.simulator.clock import ScheduleClock
from real_trade.simulator.driver import Driver
from real_trade.simulator.faults import Faults
from real_trade.simulator.futures.exchange import FuturesExchange, FuturesKind, SharedLimits
from real_trade.simulator.futures.listings import FollowingTape, coinm_listings, usdm_listings
from real_trade.simulator.futures.surface import FuturesSurface
from real_trade.simulator.market import MarketData
from real_trade.simulator.messages import MessageFaults
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.symbols import Listing

__all__ = ["FuturesMarket", "World", "open_futures"]


@attrs.frozen(kw_only=True)
class World:
    """What all markets of one simulator share."""

    settings: SimulatorSettings
    accounts: Accounts
    schedule: Schedule
    faults: Faults
    message_faults: MessageFaults
    on_gone: Callable[[SocketEnd], None]
    spot_tape: Callable[[str], Tape]
    first_price: Callable[[Tape], Decimal]
    start_ms: int


@attrs.frozen(kw_only=True)
class FuturesMarket:
    """One futures market that runs."""

    exchange: FuturesExchange
    market: MarketData
    surface: FuturesSurface
    driver: Driver


def open_futures(world: World, tapes: Mapping[str, Tape]) -> list[FuturesMarket]:
    """Return the futures markets that have symbols; `tapes` replace those that follow spot."""
    shared = SharedLimits(world.settings)
    listed = {
        FuturesKind.USDM: usdm_listings(world.settings.usdm_symbols),
        FuturesKind.COINM: coinm_listings(world.settings.coinm_symbols),
    }
    found = [
        _open(world, kind, listings, tapes, shared) for kind, listings in listed.items() if listings
    ]
    for one in found:
        one.exchange.peers.extend(other.exchange for other in found if other is not one)
    return found


def _open(
    world: World,
    kind: FuturesKind,
    listings: list[Listing],
    tapes: Mapping[str, Tape],
    shared: SharedLimits,
) -> FuturesMarket:
    settings = world.settings
    clock = ScheduleClock(world.schedule)
    exchange = FuturesExchange(kind, settings, world.accounts, clock, listings, shared)
    played = {
        one.instrument.symbol: tapes.get(one.instrument.symbol)
        or FollowingTape(one.instrument, world.spot_tape(one.instrument.base + "USDT"))
        for one in listings
    }
    market = MarketData(
        exchange.venue,
        listings,
        {symbol: world.first_price(tape) for symbol, tape in played.items()},
        seed=settings.seed,
        start_ms=world.start_ms,
        accounts_on_tape=settings.switches.accounts_on_tape,
    )
    surface = FuturesSurface(
        exchange, market, world.schedule, world.faults, world.message_faults, world.on_gone
    )
    driver = Driver(exchange.venue, market, played, world.schedule)
    return FuturesMarket(exchange=exchange, market=market, surface=surface, driver=driver)
