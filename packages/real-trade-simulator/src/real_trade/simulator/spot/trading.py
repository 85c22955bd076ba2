"""Placing, canceling, replacing and amending single orders on spot.

Source: spot documentation, rest-api.md, "Trading endpoints".
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from real_trade.model import Instrument, OrderType
from real_trade.paper.rejects import VenueReject
from real_trade.paper.values import OrderRequest, ReplaceMode, Status, VenueOrder
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, cancel_rejected, either, invalid
from real_trade.simulator.parameters import Parameters, order_ids
from real_trade.simulator.spot.exchange import SpotExchange, find_order
from real_trade.simulator.spot.orders import OrderReader
from real_trade.simulator.spot.rejects import refusal, refusal_of_amend, refusal_of_cancel
from real_trade.simulator.spot.shapes import amended, canceled, list_reply, placed
from real_trade.simulator.spot.words import ReplyKind
from real_trade.simulator.texts import written

__all__ = ["Trading"]

_FULL = frozenset({OrderType.MARKET, OrderType.LIMIT})


class CancelRestriction(Enum):
    """In which state an order must be for a cancel to touch it."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class Trading:
    """Handlers of the trading endpoints."""

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange

    def new_order(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/order."""
        request, kind = self._read(call.params)
        call.params.finish()
        order = self._place(call, request)
        return self._placed(call, order, kind)

    def test_order(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/order/test."""
        params = call.params
        with_rates = params.flag("computeCommissionRates")
        request, _ = self._read(params)
        params.finish()
        try:
            self._exchange.venue.test(call.account, request)
        except VenueReject as reject:
            raise refusal(reject, request.type) from None
        if not with_rates:
            return {}
        fees = self._exchange.fees
        none = {"maker": "0.00000000", "taker": "0.00000000"}
        return {
            "standardCommissionForOrder": {
                "maker": written(fees.rate(request.symbol, is_maker=True)),
                "taker": written(fees.rate(request.symbol, is_maker=False)),
            },
            "specialCommissionForOrder": none,
            "taxCommissionForOrder": none,
            "discount": self.discount(),
        }

    def discount(self) -> dict[str, Any]:
        """Return what commission replies say of paying in BNB."""
        fees = self._exchange.fees
        return {
            "enabledForAccount": bool(fees.discount_asset),
            "enabledForSymbol": bool(fees.discount_asset),
            "discountAsset": "BNB",
            "discount": written(1 - fees.discount),
        }

    def cancel_order(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v3/order."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        ids = order_ids(params)
        cancel_id = params.client_id("newClientOrderId") or self._exchange.new_id()
        restriction = self._restriction(params)
        params.finish()
        return self._cancel(call, instrument, ids, cancel_id, restriction)

    def cancel_all(self, call: Call) -> list[dict[str, Any]]:
        """DELETE /api/v3/openOrders."""
        exchange = self._exchange
        instrument = exchange.instrument(call.params.symbol())
        call.params.finish()
        open_orders = exchange.venue.open_orders(call.account, instrument.symbol)
        if not open_orders:
            raise cancel_rejected()
        found = []
        lists: set[int] = set()
        for order in open_orders:
            if order.list_id is None:
                cancel_id = exchange.new_id()
                found.append(
                    self._cancel(call, instrument, (order.order_id, None), cancel_id, None)
                )
            elif order.list_id not in lists:
                lists.add(order.list_id)
                found.append(self.cancel_of_list(call, instrument, order.list_id, None, ""))
        return found

    def cancel_of_list(
        self,
        call: Call,
        instrument: Instrument,
        list_id: int | None,
        client_list_id: str | None,
        cancel_id: str,
    ) -> dict[str, Any]:
        """Cancel an order list and return the reply."""
        exchange = self._exchange
        cancel_id = cancel_id or exchange.new_id()
        try:
            done = exchange.venue.cancel_list(
                call.account,
                instrument.symbol,
                list_id=list_id,
                client_list_id=client_list_id,
                cancel_id=cancel_id,
            )
        except VenueReject as reject:
            raise refusal_of_cancel(reject) from None
        reports = [canceled(order, instrument.native, cancel_id) for order in done.orders]
        return list_reply(done, instrument.native, reports)

    def cancel_replace(self, call: Call) -> dict[str, Any]:
        """POST /api/v3/order/cancelReplace."""
        params = call.params
        mode = params.choice("cancelReplaceMode", ReplaceMode)
        if mode is None:
            params.need("cancelReplaceMode")
            raise invalid("cancelReplaceMode")
        order_id = params.integer("cancelOrderId")
        client_id = params.client_id("cancelOrigClientOrderId")
        if order_id is None and client_id is None:
            raise either("cancelOrigClientOrderId", "cancelOrderId")
        cancel_id = params.client_id("cancelNewClientOrderId") or self._exchange.new_id()
        restriction = self._restriction(params)
        params.choice("orderRateLimitExceededMode", _ExceededMode)
        request, kind = self._read(params)
        params.finish()
        instrument = self._exchange.instrument(params.peek("symbol"))
        result: dict[str, Any] = {
            "cancelResult": "SUCCESS",
            "newOrderResult": "NOT_ATTEMPTED",
            "cancelResponse": None,
            "newOrderResponse": None,
        }
        try:
            result["cancelResponse"] = self._cancel(
                call, instrument, (order_id, client_id), cancel_id, restriction
            )
        except ApiError as error:
            result["cancelResult"] = "FAILURE"
            result["cancelResponse"] = error.body()
            if mode is ReplaceMode.STOP_ON_FAILURE:
                raise _replace_failed(result) from None
        try:
            result["newOrderResponse"] = self._placed(call, self._place(call, request), kind)
            result["newOrderResult"] = "SUCCESS"
        except ApiError as error:
            result["newOrderResult"] = "FAILURE"
            result["newOrderResponse"] = error.body()
        if result["cancelResult"] == result["newOrderResult"] == "SUCCESS":
            return result
        raise _replace_failed(result)

    def amend(self, call: Call) -> dict[str, Any]:
        """PUT /api/v3/order/amend/keepPriority."""
        exchange, params = self._exchange, call.params
        instrument = exchange.instrument(params.symbol())
        order_id, client_id = order_ids(params)
        new_id = params.client_id("newClientOrderId") or exchange.new_id()
        params.need("newQty")
        amount = params.number("newQty", instrument.base_digits)
        params.finish()
        if not amount:
            raise ApiError(-1013, "Invalid quantity.")
        try:
            before = find_order(
                exchange.venue, call.account, instrument.symbol, order_id, client_id
            )
            order = exchange.venue.amend(
                call.account,
                instrument.symbol,
                amount=amount,
                order_id=before.order_id,
                new_client_order_id=new_id,
            )
        except VenueReject as reject:
            raise refusal_of_amend(reject) from None
        of_list = None
        if order.list_id is not None:
            of_list = exchange.venue.order_list(call.account, list_id=order.list_id)
        return amended(
            order, instrument.native, before.client_order_id, exchange.executions.count, of_list
        )

    def _read(self, params: Parameters) -> tuple[OrderRequest, ReplyKind | None]:
        instrument = self._exchange.instrument(params.symbol())
        request = OrderReader(params, instrument).read()
        return request, params.choice("newOrderRespType", ReplyKind)

    def _place(self, call: Call, request: OrderRequest) -> VenueOrder:
        exchange = self._exchange
        counts = exchange.counts(call.account)
        counts.check(call.now)
        try:
            order = exchange.place(call.account, request)
        except VenueReject as reject:
            raise refusal(reject, request.type) from None
        return order

    def _placed(self, call: Call, order: VenueOrder, kind: ReplyKind | None) -> dict[str, Any]:
        if kind is None:
            kind = ReplyKind.FULL if order.request.type in _FULL else ReplyKind.ACK
        fills = []
        if kind is ReplyKind.FULL and order.filled:
            fills = self._exchange.venue.fills(call.account, order.symbol, order_id=order.order_id)
        return placed(order, self._exchange.native(order.symbol), kind, fills)

    def _cancel(
        self,
        call: Call,
        instrument: Instrument,
        ids: tuple[int | None, str | None],
        cancel_id: str,
        restriction: CancelRestriction | None,
    ) -> dict[str, Any]:
        venue = self._exchange.venue
        order_id, client_id = ids
        try:
            found = find_order(venue, call.account, instrument.symbol, order_id, client_id)
            if not found.status.is_open:
                raise cancel_rejected()
            if restriction is not None and not _allows(restriction, found.status):
                raise cancel_rejected("Order was not canceled due to cancel restrictions.")
            if found.list_id is not None:
                return self.cancel_of_list(call, instrument, found.list_id, None, cancel_id)
            done = venue.cancel(
                call.account, instrument.symbol, order_id=found.order_id, cancel_id=cancel_id
            )
        except VenueReject as reject:
            raise refusal_of_cancel(reject) from None
        return canceled(done, instrument.native, cancel_id)

    @staticmethod
    def _restriction(params: Parameters) -> CancelRestriction | None:
        return params.choice(
            "cancelRestrictions", CancelRestriction, ApiError(-1145, "Invalid cancelRestrictions")
        )


class _ExceededMode(Enum):
    DO_NOTHING = "DO_NOTHING"
    CANCEL_ONLY = "CANCEL_ONLY"


def _allows(restriction: CancelRestriction, status: Status) -> bool:
    if restriction is CancelRestriction.ONLY_NEW:
        return status is Status.NEW
    return status is Status.PARTIALLY_FILLED


def _replace_failed(result: dict[str, Any]) -> ApiError:
    partial = "SUCCESS" in {result["cancelResult"], result["newOrderResult"]}
    if partial:
        return ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=result)
    return ApiError(-2022, "Order cancel-replace failed.", status=400, data=result)
