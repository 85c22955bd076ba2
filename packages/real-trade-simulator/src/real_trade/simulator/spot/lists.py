"""Order lists on spot: OCO, OTO, OTOCO; placing, canceling, looking them up.

Source: spot documentation, rest-api.md, "Order lists".
"""

from __future__ import annotations

from typing import Any

from real_trade.model import Instrument, Side
from real_trade.paper.rejects import VenueReject
from real_trade.paper.values import (
    ListKind,
    ListRequest,
    OrderRequest,
    SelfTradePrevention,
    VenueList,
)
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, either, mandatory
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.orders import OrderReader
from real_trade.simulator.spot.rejects import refusal, refusal_of_query
from real_trade.simulator.spot.shapes import list_head, list_reply, placed
from real_trade.simulator.spot.trading import Trading
from real_trade.simulator.spot.words import ReplyKind, SpotType

__all__ = ["Lists"]

_STOPS = frozenset({SpotType.STOP_LOSS, SpotType.STOP_LOSS_LIMIT})
_PROFITS = frozenset({SpotType.TAKE_PROFIT, SpotType.TAKE_PROFIT_LIMIT})
_LEGS = _STOPS | _PROFITS | {SpotType.LIMIT_MAKER}


class Lists:
    """Handlers of the order list endpoints."""

    def __init__(self, exchange: SpotExchange, trading: Trading) -> None:
        self._exchange = exchange
        self._trading = trading

    def oco(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/orderList/oco."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        shared = OrderReader(params, instrument)
        legs = self._pair(params, instrument, "", shared.side(), shared)
        return self._place(call, instrument, ListKind.OCO, legs)

    def oto(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/orderList/oto."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        prevention = _prevention(params)
        working = self._working(params, instrument, prevention)
        pending = OrderReader(params, instrument, "pending", prevention=prevention).read()
        return self._place(call, instrument, ListKind.OTO, (working, pending))

    def otoco(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/orderList/otoco."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        prevention = _prevention(params)
        working = self._working(params, instrument, prevention)
        shared = OrderReader(params, instrument, "pending")
        legs = self._pair(params, instrument, "pending", shared.side(), shared, prevention)
        return self._place(call, instrument, ListKind.OTOCO, (working, *legs))

    def old_oco(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/order/oco, deprecated: a limit maker and a stop."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        shared = OrderReader(params, instrument)
        side, amount = shared.side(), shared.amount()
        prevention = _prevention(params)
        limit_first = side is Side.SELL
        values = {"limitType": "LIMIT_MAKER", "limitPrice": params.need("price")}
        stop_kind = "STOP_LOSS"
        values["stopStopPrice"] = params.need("stopPrice")
        limit_price = params.text("stopLimitPrice")
        if limit_price is not None:
            stop_kind = "STOP_LOSS_LIMIT"
            values["stopPrice"] = limit_price
            values["stopTimeInForce"] = params.need("stopLimitTimeInForce")
        values["stopType"] = stop_kind
        for ours, theirs in (
            ("limitClientOrderId", "limitClientOrderId"),
            ("limitIcebergQty", "limitIcebergQty"),
            ("stopClientOrderId", "stopClientOrderId"),
            ("stopIcebergQty", "stopIcebergQty"),
        ):
            text = params.text(theirs)
            if text is not None:
                values[ours] = text
        legs = tuple(
            OrderReader(
                Parameters(values.items()), instrument, prefix,
                side=side, amount=amount, prevention=prevention,
            ).read()
            for prefix in (("limit", "stop") if limit_first else ("stop", "limit"))
        )  # fmt: skip
        return self._place(call, instrument, ListKind.OCO, legs)

    def cancel(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v3/orderList."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        list_id = params.integer("orderListId")
        client_id = params.client_id("listClientOrderId")
        cancel_id = params.client_id("newClientOrderId") or ""
        params.finish()
        if list_id is None and client_id is None:
            raise either("orderListId", "listClientOrderId")
        return self._trading.cancel_of_list(call, instrument, list_id, client_id, cancel_id)

    def query(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/orderList."""
        params = call.params
        list_id = params.integer("orderListId")
        client_id = params.client_id("origClientOrderId")
        params.finish()
        if list_id is None and client_id is None:
            raise either("orderListId", "origClientOrderId")
        try:
            found = self._exchange.venue.order_list(
                call.account, list_id=list_id, client_list_id=client_id
            )
        except VenueReject as reject:
            raise refusal_of_query(reject) from None
        return self._head(found)

    def open_lists(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/openOrderList."""
        call.params.finish()
        found = self._exchange.venue.order_lists(call.account, only_open=True)
        return [self._head(one) for one in found]

    def all_lists(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/allOrderList."""
        params = call.params
        from_id = params.integer("fromId")
        start, end = params.integer("startTime"), params.integer("endTime")
        limit = params.limit(500, 1000)
        params.finish()
        found = [
            head
            for head in map(self._head, self._exchange.venue.order_lists(call.account))
            if (from_id is None or head["orderListId"] >= from_id)
            and (start is None or head["transactionTime"] >= start)
            and (end is None or head["transactionTime"] <= end)
        ]
        return found[:limit] if from_id is not None or start is not None else found[-limit:]

    def _head(self, found: VenueList) -> dict[str, Any]:
        return list_head(found, self._exchange.native(found.symbol))

    def _place(
        self,
        call: Call,
        instrument: Instrument,
        kind: ListKind,
        orders: tuple[OrderRequest, ...],
    ) -> dict[str, Any]:
        exchange, params = self._exchange, call.params
        client_id = params.client_id("listClientOrderId") or ""
        reply = params.choice("newOrderRespType", ReplyKind) or ReplyKind.RESULT
        params.finish()
        exchange.counts(call.account).check(call.now, len(orders))
        try:
            done = exchange.place_list(
                call.account, ListRequest(kind=kind, orders=orders, client_list_id=client_id)
            )
        except VenueReject as reject:
            raise refusal(reject) from None
        native = instrument.native
        return list_reply(done, native, [placed(order, native, reply) for order in done.orders])

    def _working(
        self,
        params: Parameters,
        instrument: Instrument,
        prevention: SelfTradePrevention | None,
    ) -> OrderRequest:
        reader = OrderReader(params, instrument, "working", prevention=prevention)
        if reader.kind() not in {SpotType.LIMIT, SpotType.LIMIT_MAKER}:
            raise ApiError(-1116, "Invalid orderType.")
        return reader.read()

    def _pair(
        self,
        params: Parameters,
        instrument: Instrument,
        prefix: str,
        side: Side,
        shared: OrderReader,
        prevention: SelfTradePrevention | None = None,
    ) -> tuple[OrderRequest, OrderRequest]:
        """Read the legs above and below, and judge what may stand where."""
        amount = shared.amount()
        prevention = prevention or _prevention(params)
        names = ("above", "below") if not prefix else (f"{prefix}Above", f"{prefix}Below")
        if prefix and f"{names[1]}Type" not in params:
            raise mandatory(f"{names[1]}Type")
        above, below = (
            OrderReader(params, instrument, name, side=side, amount=amount, prevention=prevention)
            for name in names
        )
        _check_places(side, above.kind(), below.kind())
        return above.read(), below.read()


def _check_places(side: Side, above: SpotType, below: SpotType) -> None:
    for kind in (above, below):
        if kind not in _LEGS:
            raise ApiError(-1158, "Order type not supported in OCO.")
    if above is below is SpotType.LIMIT_MAKER:
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    if side is Side.BUY:
        if above is SpotType.LIMIT_MAKER:
            raise ApiError(-1165, "A limit order in a buy OCO must be below.")
        if below in _STOPS:
            raise ApiError(-1196, "A stop loss order in a buy OCO must be above.")
        if above in _PROFITS:
            raise ApiError(-1198, "A take profit order in a buy OCO must be below.")
        return
    if below is SpotType.LIMIT_MAKER:
        raise ApiError(-1166, "A limit order in a sell OCO must be above.")
    if above in _STOPS:
        raise ApiError(-1197, "A stop loss order in a sell OCO must be below.")
    if below in _PROFITS:
        raise ApiError(-1199, "A take profit order in a sell OCO must be above.")


def _prevention(params: Parameters) -> SelfTradePrevention | None:
    return params.choice("selfTradePreventionMode", SelfTradePrevention)
