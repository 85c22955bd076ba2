"""What is done by hand on a futures market: `POST /control/market` with `market`.

{"do": "order", "market": "usdm", "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", …}
{"do": "cancel_all", "market": "usdm", "symbol": "BTCUSDT"}      algo orders too
{"do": "transfer", "market": "usdm", "asset": "USDT", "amount": "100"}
{"do": "trading", "market": "usdm", "symbol": "BTCUSDT", "status": "HALT"}
{"do": "price", "market": "usdm", "symbol": "BTCUSDT", "price": "90000"}
{"do": "hold", "market": "usdm", "symbol": "BTCUSDT", "seconds": 5}
{"do": "mark_price", "market": "usdm", "symbol": "BTCUSDT", "price": "90000"}   without: follow
{"do": "funding", "market": "usdm", "symbol": "BTCUSDT", "rate": "0.001"}       paid now
{"do": "liquidate", "market": "usdm", "symbol": "BTCUSDT", "side": "LONG"}
{"do": "deleverage", "market": "usdm", "symbol": "BTCUSDT", "amount": "0.01"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from real_trade.model import Instrument, MarketTrade, Side, from_ms
from real_trade.paper.futures import PositionSide
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import TradingStatus
from real_trade.simulator.accounts import DEFAULT_ACCOUNT
from real_trade.simulator.control import ControlError
from real_trade.simulator.driver import Driver
from real_trade.simulator.errors import ApiError
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.orders import OrderReader
from real_trade.simulator.futures.shapes import queried
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.texts import written

__all__ = ["FuturesOwner", "known_futures_deeds"]

_OURS = frozenset({"do", "account", "market"})


class FuturesOwner:
    """Does one action after another on one futures market."""

    def __init__(self, exchange: FuturesExchange, driver: Driver, schedule: Schedule) -> None:
        self._exchange = exchange
        self._venue = exchange.venue
        self._driver = driver
        self._schedule = schedule

    def act(self, document: dict[str, Any]) -> Any:
        """Do one action and return what came of it.

        Raises:
            ControlError: there is no such action, or the exchange refuses it.
        """
        action = _DEEDS.get(str(document.get("do")))
        if action is None:
            known = ", ".join(_DEEDS)
            raise ControlError(
                f"unknown action {document.get('do')!r} on futures; known there: {known}"
            )
        try:
            return action(self, document)
        except ApiError as error:
            raise ControlError(f"{error.code} {error.message}") from None
        except VenueReject as reject:
            raise ControlError(str(reject)) from None

    def _order(self, document: dict[str, Any]) -> Any:
        fields = {name: value for name, value in document.items() if name not in _OURS}
        params = Parameters.from_json(fields)
        instrument = self._exchange.instrument(params.symbol())
        request = OrderReader(params, instrument).order()
        return queried(self._exchange.place(self._account(document), request), instrument)

    def _cancel_all(self, document: dict[str, Any]) -> Any:
        account, instrument = self._account(document), self._instrument(document)
        algos = self._venue.cancel_all_algos(account, instrument.symbol)
        try:
            orders = self._venue.cancel_all(account, instrument.symbol)
        except VenueReject as reject:
            if reject.reason is not RejectReason.UNKNOWN_ORDER:
                raise
            orders = []
        return {"canceled": len(orders), "canceled_algos": len(algos)}

    def _transfer(self, document: dict[str, Any]) -> Any:
        account, asset = self._account(document), str(document.get("asset", ""))
        amount = _decimal(document, "amount")
        if asset not in self._exchange.assets:
            known = ", ".join(self._exchange.assets)
            raise ControlError(f"a transfer needs 'asset', one of {known}")
        if amount > 0:
            self._venue.deposit(account, asset, amount)
        else:
            self._venue.withdraw(account, asset, -amount)
        return {"asset": asset, "wallet": written(self._venue.margin(account, asset).wallet)}

    def _trading(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        try:
            status = TradingStatus(document.get("status"))
        except ValueError:
            known = ", ".join(one.value for one in TradingStatus)
            raise ControlError(f"'status' is one of {known}") from None
        self._venue.set_trading(instrument.symbol, status)
        return {"symbol": instrument.native, "status": status.value}

    def _price(self, document: dict[str, Any]) -> Any:
        """Print one trade at a price, as if somebody had swept the book."""
        instrument = self._instrument(document)
        price = instrument.round_price(_decimal(document, "price"), Side.BUY)
        last = self._venue.last_price(instrument.symbol) or price
        self._venue.on_trade(
            MarketTrade(
                symbol=instrument.symbol,
                trade_id="0",
                price=price,
                amount=_decimal(document, "amount", instrument.amount_step),
                buyer_is_maker=price < last,
                time=from_ms(self._schedule.now),
            )
        )
        return {"symbol": instrument.native, "price": written(price)}

    def _hold(self, document: dict[str, Any]) -> Any:
        instrument, seconds = self._instrument(document), _decimal(document, "seconds")
        self._driver.hold(instrument.symbol, round(seconds * 1000))
        return {"symbol": instrument.native, "seconds": float(seconds)}

    def _mark_price(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        price = _decimal(document, "price") if "price" in document else None
        self._venue.set_mark_price(instrument.symbol, price)
        mark = self._venue.mark_price(instrument.symbol)
        return {"symbol": instrument.native, "mark_price": written(mark.mark if mark else None)}

    def _funding(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        rate = _decimal(document, "rate") if "rate" in document else None
        payments = self._venue.settle_funding(instrument.symbol, rate)
        return {"symbol": instrument.native, "payments": len(payments)}

    def _liquidate(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        order = self._venue.liquidate(
            self._account(document), instrument.symbol, self._side(document)
        )
        return queried(order, instrument)

    def _deleverage(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        amount = _decimal(document, "amount") if "amount" in document else None
        order = self._venue.auto_deleverage(
            self._account(document), instrument.symbol, self._side(document), amount
        )
        return queried(order, instrument)

    @staticmethod
    def _side(document: Mapping[str, Any]) -> PositionSide:
        try:
            return PositionSide(document.get("side", "BOTH"))
        except ValueError:
            raise ControlError("'side' is one of BOTH, LONG, SHORT") from None

    def _account(self, document: Mapping[str, Any]) -> str:
        name = str(document.get("account", DEFAULT_ACCOUNT))
        if name not in self._exchange.accounts.names:
            known = ", ".join(self._exchange.accounts.names)
            raise ControlError(f"there is no account {name!r}; known: {known}")
        return name

    def _instrument(self, document: Mapping[str, Any]) -> Instrument:
        return self._exchange.instrument(str(document.get("symbol", "")))


_DEEDS: dict[str, Callable[[FuturesOwner, dict[str, Any]], Any]] = {
    "order": FuturesOwner._order,
    "cancel_all": FuturesOwner._cancel_all,
    "transfer": FuturesOwner._transfer,
    "trading": FuturesOwner._trading,
    "price": FuturesOwner._price,
    "hold": FuturesOwner._hold,
    "mark_price": FuturesOwner._mark_price,
    "funding": FuturesOwner._funding,
    "liquidate": FuturesOwner._liquidate,
    "deleverage": FuturesOwner._deleverage,
}


def known_futures_deeds() -> tuple[str, ...]:
    """Return what can be done by hand on a futures market."""
    return tuple(_DEEDS)


def _decimal(document: Mapping[str, Any], name: str, default: Decimal | None = None) -> Decimal:
    value = document.get(name, default)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ControlError(f"{name!r} must be a number, not {value!r}") from None
    if not number.is_finite():
        raise ControlError(f"{name!r} must be finite, not {value!r}")
    return number
