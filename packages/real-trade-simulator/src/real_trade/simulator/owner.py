"""What the account's owner and the exchange's operator do by hand: `POST /control/market`.

    {"do": "order", "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    {"do": "cancel", "symbol": "BTCUSDT", "client_order_id": "…"}      or "order_id"
    {"do": "cancel_all", "symbol": "BTCUSDT"}
    {"do": "transfer", "asset": "USDT", "amount": "100"}               negative: withdrawal
    {"do": "trading", "symbol": "BTCUSDT", "status": "HALT"}
    {"do": "filters", "symbol": "BTCUSDT", "set": {"price_step": "0.1"}}
    {"do": "price", "symbol": "BTCUSDT", "price": "90000"}
    {"do": "hold", "symbol": "BTCUSDT", "seconds": 5}
    {"do": "key", "set": {"revoked": true}}
    {"do": "terminate_user_streams"}
    {"do": "switch", "set": {"listen_keys_on_spot": true}}

All take `account`, which is the default account without. `market` sends an action to a futures
market: see `real_trade.simulator.futures.owner`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from real_trade.simulator.by_hand import ByHand, decimal_of
from real_trade.simulator.control import ControlError
from real_trade.simulator.driver import Driver
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.orders import OrderReader
from real_trade.simulator.spot.shapes import queried
from real_trade.simulator.texts import written

__all__ = ["Owner"]

_FILTERS = (
    "price_step",
    "amount_step",
    "min_amount",
    "max_amount",
    "min_notional",
    "max_notional",
    "min_price",
    "max_price",
    "market_amount_step",
    "min_market_amount",
    "max_market_amount",
    "price_up",
    "price_down",
)
_RULES = ("max_orders", "max_algo_orders", "max_order_lists", "max_position", "iceberg_parts")
_KEY = ("can_read", "can_trade_spot", "can_trade_futures", "can_withdraw", "can_transfer", "ip")


class Owner(ByHand[SpotExchange]):
    """The spot market's owner and operator."""

    deeds = (
        "order",
        "cancel",
        "cancel_all",
        "transfer",
        *ByHand.deeds,
        "filters",
        "key",
        "terminate_user_streams",
        "switch",
    )

    def __init__(
        self,
        exchange: SpotExchange,
        driver: Driver,
        schedule: Schedule,
        terminate: Callable[[str], int],
    ) -> None:
        super().__init__(exchange, driver, schedule)
        self._terminate_streams = terminate

    def _order(self, document: dict[str, Any]) -> Any:
        account = self._account(document)
        fields = {k: v for k, v in document.items() if k not in {"do", "account"}}
        params = Parameters.from_json(fields)
        instrument = self._exchange.instrument(params.symbol())
        request = OrderReader(params, instrument).read()
        params.finish()
        return queried(self._exchange.place(account, request), instrument.native)

    def _cancel(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        order = self._exchange.venue.cancel(
            self._account(document),
            instrument.symbol,
            order_id=document.get("order_id"),
            client_order_id=document.get("client_order_id"),
            cancel_id=self._exchange.new_id(),
        )
        return queried(order, instrument.native)

    def _cancel_all(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        orders = self._exchange.venue.cancel_all(self._account(document), instrument.symbol)
        return {"canceled": len(orders)}

    def _transfer(self, document: dict[str, Any]) -> Any:
        venue, account = self._exchange.venue, self._account(document)
        amount, asset = decimal_of(document, "amount"), str(document.get("asset", ""))
        if not asset:
            raise ControlError("a transfer needs 'asset'")
        if amount > 0:
            balance = venue.deposit(account, asset, amount)
        else:
            balance = venue.withdraw(account, asset, -amount)
        return {"asset": asset, "free": written(balance.free), "locked": written(balance.locked)}

    def _filters(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        rules = self._exchange.rules(instrument.symbol)
        given = _settings(document, (*_FILTERS, *_RULES))
        changes: dict[str, Any] = {
            name: str(value) for name, value in given.items() if name in _FILTERS
        }
        limits: dict[str, Any] = {
            name: str(value) if name == "max_position" else int(value)
            for name, value in given.items()
            if name in _RULES
        }
        self._exchange.set_instrument(
            attrs.evolve(instrument, **changes), attrs.evolve(rules, **limits)
        )
        return {"symbol": instrument.native, **given}

    def _key(self, document: dict[str, Any]) -> Any:
        key = self._exchange.accounts.first_key(self._account(document))
        for name, value in _settings(document, (*_KEY, "revoked")).items():
            setattr(key, name, str(value) if name == "ip" else bool(value))
        if key.revoked:
            self._terminate_streams(key.account)
        return {"account": key.account, **{name: getattr(key, name) for name in _KEY}}

    def _terminate_user_streams(self, document: dict[str, Any]) -> Any:
        return {"terminated": self._terminate_streams(self._account(document))}

    def _switch(self, document: dict[str, Any]) -> Any:
        switches = self._exchange.switches
        names = tuple(field.name for field in attrs.fields(type(switches)))
        for name, value in _settings(document, names).items():
            kind = type(getattr(switches, name))
            if not isinstance(value, kind):
                raise ControlError(f"{name!r} must be {kind.__name__}, not {value!r}")
            setattr(switches, name, value)
        return attrs.asdict(switches)


def _settings(document: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    given = document.get("set")
    if not isinstance(given, dict) or not given:
        raise ControlError(f"'set' is an object with one or more of {', '.join(known)}")
    for name in given:
        if name not in known:
            raise ControlError(f"unknown setting {name!r}; known: {', '.join(known)}")
    return given
