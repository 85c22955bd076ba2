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

from collections.abc import Mapping
from typing import Any

from real_trade.paper.futures import PositionSide
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.simulator.by_hand import ByHand, decimal_of
from real_trade.simulator.control import ControlError
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.orders import OrderReader
from real_trade.simulator.futures.shapes import queried
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.texts import written

__all__ = ["FuturesOwner"]

_OURS = frozenset({"do", "account", "market"})


class FuturesOwner(ByHand[FuturesExchange]):
    """The owner and operator of one futures market."""

    deeds = (
        "order",
        "cancel_all",
        "transfer",
        *ByHand.deeds,
        "mark_price",
        "funding",
        "liquidate",
        "deleverage",
    )
    where = " on futures"
    known_where = " there"

    def _order(self, document: dict[str, Any]) -> Any:
        fields = {name: value for name, value in document.items() if name not in _OURS}
        params = Parameters.from_json(fields)
        instrument = self._exchange.instrument(params.symbol())
        request = OrderReader(params, instrument).order()
        return queried(self._exchange.place(self._account(document), request), instrument)

    def _cancel_all(self, document: dict[str, Any]) -> Any:
        account, instrument = self._account(document), self._instrument(document)
        algos = self._exchange.venue.cancel_all_algos(account, instrument.symbol)
        try:
            orders = self._exchange.venue.cancel_all(account, instrument.symbol)
        except VenueReject as reject:
            if reject.reason is not RejectReason.UNKNOWN_ORDER:
                raise
            orders = []
        return {"canceled": len(orders), "canceled_algos": len(algos)}

    def _transfer(self, document: dict[str, Any]) -> Any:
        account, asset = self._account(document), str(document.get("asset", ""))
        amount = decimal_of(document, "amount")
        if asset not in self._exchange.assets:
            known = ", ".join(self._exchange.assets)
            raise ControlError(f"a transfer needs 'asset', one of {known}")
        if amount > 0:
            self._exchange.venue.deposit(account, asset, amount)
        else:
            self._exchange.venue.withdraw(account, asset, -amount)
        return {
            "asset": asset,
            "wallet": written(self._exchange.venue.margin(account, asset).wallet),
        }

    def _mark_price(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        price = decimal_of(document, "price") if "price" in document else None
        self._exchange.venue.set_mark_price(instrument.symbol, price)
        mark = self._exchange.venue.mark_price(instrument.symbol)
        return {"symbol": instrument.native, "mark_price": written(mark.mark if mark else None)}

    def _funding(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        rate = decimal_of(document, "rate") if "rate" in document else None
        payments = self._exchange.venue.settle_funding(instrument.symbol, rate)
        return {"symbol": instrument.native, "payments": len(payments)}

    def _liquidate(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        order = self._exchange.venue.liquidate(
            self._account(document), instrument.symbol, self._side(document)
        )
        return queried(order, instrument)

    def _deleverage(self, document: dict[str, Any]) -> Any:
        instrument = self._instrument(document)
        amount = decimal_of(document, "amount") if "amount" in document else None
        order = self._exchange.venue.auto_deleverage(
            self._account(document), instrument.symbol, self._side(document), amount
        )
        return queried(order, instrument)

    @staticmethod
    def _side(document: Mapping[str, Any]) -> PositionSide:
        try:
            return PositionSide(document.get("side", "BOTH"))
        except ValueError:
            raise ControlError("'side' is one of BOTH, LONG, SHORT") from None
