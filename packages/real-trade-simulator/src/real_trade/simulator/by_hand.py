"""What is done by hand on every market (`POST /control/market`); each adds its own deeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Generic, TypeVar

from real_trade.model import Instrument, MarketTrade, Side, from_ms
from real_trade.paper.rejects import VenueReject
from real_trade.paper.values import TradingStatus
from real_trade.paper.venue import Venue
from real_trade.simulator.accounts import DEFAULT_ACCOUNT
from real_trade.simulator.control import ControlError
from real_trade.simulator.driver import Driver
from real_trade.simulator.errors import ApiError
from real_trade.simulator.market_exchange import MarketExchange
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.texts import written

__all__ = ["ByHand", "Exchange", "decimal_of"]

Exchange = TypeVar("Exchange", bound=MarketExchange[Any])


class ByHand(Generic[Exchange]):
    """Does one action after another on one market.

    Attributes:
        deeds: what can be done; each is done by the method of that name after an underscore.
        where: which market an error speaks of.
        known_where: where the deeds are known.
    """

    deeds: ClassVar[tuple[str, ...]] = ("trading", "price", "hold")
    where: ClassVar[str] = ""
    known_where: ClassVar[str] = ""

    def __init__(self, exchange: Exchange, driver: Driver, schedule: Schedule) -> None:
        self._exchange = exchange
        self._driver = driver
        self._schedule = schedule

    def act(self, document: dict[str, Any]) -> Any:
        """Do one action and return what came of it.

        Raises:
            ControlError: there is no such action, or the exchange refuses it.
        """
        asked = document.get("do")
        if asked not in self.deeds:
            raise ControlError(
                f"unknown action {asked!r}{self.where}; "
                f"known{self.known_where}: {', '.join(self.deeds)}"
            )
        deed: Callable[[dict[str, Any]], Any] = getattr(self, f"_{asked}")
        try:
            return deed(document)
        except ApiError as error:
            raise ControlError(f"{error.code} {error.message}") from None
        except VenueReject as reject:
            raise ControlError(str(reject)) from None

    def _trading(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        try:
            status = TradingStatus(document.get("status"))
        except ValueError:
            known = ", ".join(one.value for one in TradingStatus)
            raise ControlError(f"'status' is one of {known}") from None
        self._exchange.venue.set_trading(instrument.symbol, status)
        return {"symbol": instrument.native, "status": status.value}

    def _price(self, document: dict[str, Any]) -> Any:
        """Print one trade at a price, as if somebody had swept the book."""
        venue: Venue = self._exchange.venue
        instrument = self._instrument(document)
        price = instrument.round_price(decimal_of(document, "price"), Side.BUY)
        last = venue.last_price(instrument.symbol) or price
        venue.on_trade(
            MarketTrade(
                symbol=instrument.symbol,
                trade_id="0",
                price=price,
                amount=decimal_of(document, "amount", instrument.amount_step),
                buyer_is_maker=price < last,
                time=from_ms(self._schedule.now),
            )
        )
        return {"symbol": instrument.native, "price": written(price)}

    def _hold(self, document: dict[str, Any]) -> Any:
        instrument, seconds = self._instrument(document), decimal_of(document, "seconds")
        self._driver.hold(instrument.symbol, round(seconds * 1000))
        return {"symbol": instrument.native, "seconds": float(seconds)}

    def _account(self, document: Mapping[str, Any]) -> str:
        name = str(document.get("account", DEFAULT_ACCOUNT))
        if name not in self._exchange.accounts.names:
            known = ", ".join(self._exchange.accounts.names)
            raise ControlError(f"there is no account {name!r}; known: {known}")
        return name

    def _instrument(self, document: Mapping[str, Any]) -> Instrument:
        return self._exchange.instrument(str(document.get("symbol", "")))


def decimal_of(document: Mapping[str, Any], name: str, default: Decimal | None = None) -> Decimal:
    """Return a finite number of an action.

    Raises:
        ControlError: it is absent, no number or not finite.
    """
    value = document.get(name, default)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ControlError(f"{name!r} must be a number, not {value!r}") from None
    if not number.is_finite():
        raise ControlError(f"{name!r} must be finite, not {value!r}")
    return number
