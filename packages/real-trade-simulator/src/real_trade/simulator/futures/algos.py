"""Conditional orders: the algo endpoints.

Source: futures documentation, "New Algo Order" and the pages beside it.
"""

from __future__ import annotations

from typing import Any

import attrs

from real_trade.model import to_ms
from real_trade.paper.futures import AlgoOrder
from real_trade.paper.rejects import VenueReject
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, either
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.orders import OrderReader
from real_trade.simulator.futures.rejects import refusal, refusal_of_cancel, refusal_of_query
from real_trade.simulator.futures.shapes import algo_placed, algo_queried
from real_trade.simulator.futures.trading import ALL_CANCELED, week_page
from real_trade.simulator.parameters import Parameters

__all__ = ["Algos"]


class Algos:
    """Handlers of the algo endpoints."""

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange
        self._venue = exchange.venue

    def place(self, call: Call) -> dict[str, Any]:
        """POST algoOrder: no margin is asked for before it triggers."""
        exchange = self._exchange
        instrument = exchange.instrument(call.params.symbol())
        request = OrderReader(call.params, instrument).algo()
        counts = exchange.counts(call.account)
        counts.check(call.now)
        if not request.client_algo_id:
            request = attrs.evolve(request, client_algo_id=exchange.new_id())
        counts.add(call.now, 1)
        try:
            placed = self._venue.place_algo(call.account, request)
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        return algo_placed(placed, instrument)

    def cancel(self, call: Call) -> dict[str, Any]:
        """DELETE algoOrder."""
        number, name = _ids(call.params)
        try:
            gone = self._venue.cancel_algo(call.account, algo_id=number, client_algo_id=name)
        except VenueReject as reject:
            raise refusal_of_cancel(reject) from None
        return {
            "algoId": gone.algo_id,
            "clientAlgoId": gone.client_algo_id,
            "code": "200",
            "msg": "success",
        }

    def cancel_all(self, call: Call) -> dict[str, Any]:
        """DELETE algoOpenOrders."""
        instrument = self._exchange.instrument(call.params.symbol())
        self._venue.cancel_all_algos(call.account, instrument.symbol)
        return dict(ALL_CANCELED)

    def query(self, call: Call) -> dict[str, Any]:
        """GET algoOrder."""
        number, name = _ids(call.params)
        try:
            found = self._venue.algo_order(call.account, algo_id=number, client_algo_id=name)
        except VenueReject as reject:
            raise refusal_of_query(reject) from None
        if not self._exchange.visible(found, call.now):
            raise ApiError(-2013, "Order does not exist.")
        return self._shown(found)

    def open(self, call: Call) -> list[dict[str, Any]]:
        """GET openAlgoOrders."""
        native, number = call.params.text("symbol"), call.params.integer("algoId")
        symbol = None if native is None else self._exchange.instrument(native).symbol
        return [
            self._shown(one)
            for one in self._venue.open_algo_orders(call.account, symbol)
            if self._exchange.visible(one, call.now) and number in {None, one.algo_id}
        ]

    def every(self, call: Call) -> list[dict[str, Any]]:
        """GET allAlgoOrders."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        seen = [
            one
            for one in self._venue.algo_orders(call.account, instrument.symbol)
            if self._exchange.visible(one, call.now)
        ]
        found = week_page(params, "algoId").of(
            seen, lambda one: one.algo_id, lambda one: to_ms(one.created_at)
        )
        return [self._shown(one) for one in found]

    def _shown(self, order: AlgoOrder) -> dict[str, Any]:
        return algo_queried(order, self._venue.instruments[order.symbol])


def _ids(params: Parameters) -> tuple[int | None, str | None]:
    """Return one id; the number wins, as with ordinary orders."""
    number, name = params.integer("algoId"), params.client_id("clientAlgoId")
    if number is None and name is None:
        raise either("algoId", "clientAlgoId")
    return (number, None) if number is not None else (None, name)
