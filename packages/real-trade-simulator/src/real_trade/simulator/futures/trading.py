"""Placing, changing, canceling and looking up futures orders.

Source: futures documentation, "Trade".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import orjson

from real_trade.model import Instrument, to_ms
from real_trade.model.numbers import ZERO
from real_trade.paper.futures import AlgoRequest
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import Status, VenueOrder
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, either, illegal
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.orders import OrderReader
from real_trade.simulator.futures.rejects import refusal, refusal_of_cancel, refusal_of_query
from real_trade.simulator.futures.shapes import algo_placed, changed, queried
from real_trade.simulator.futures.words import ReplyKind
from real_trade.simulator.paging import Page
from real_trade.simulator.parameters import Parameters, order_ids
from real_trade.simulator.schedule import Schedule

__all__ = ["ALL_CANCELED", "Trading", "week_page"]

ALL_CANCELED = {"code": 200, "msg": "The operation of cancel all open order is done."}
_BATCH = 5
_BATCH_CANCEL = 10
_WEEK_MS = 7 * 86_400_000


class Trading:
    """Handlers of the order endpoints."""

    def __init__(self, exchange: FuturesExchange, schedule: Schedule) -> None:
        self._exchange = exchange
        self._schedule = schedule
        self._countdowns: dict[tuple[str, str], int] = {}

    def new_order(self, call: Call) -> dict[str, Any]:
        """POST order."""
        return self._new(call.account, call.params, call.now)

    def test_order(self, call: Call) -> dict[str, Any]:
        """POST order/test: everything is checked, nothing is placed."""
        reader, instrument = self._reader(call.params)
        self._refuse_conditional(reader)
        request = reader.order()
        call.params.choice("newOrderRespType", ReplyKind)
        try:
            self._exchange.venue.test(call.account, request)
        except VenueReject as reject:
            raise refusal(reject, instrument, request) from None
        return {}

    def cancel_order(self, call: Call) -> dict[str, Any]:
        """DELETE order."""
        instrument = self._exchange.instrument(call.params.symbol())
        order_id, client_id = order_ids(call.params)
        return self._cancel(call.account, instrument, order_id, client_id)

    def modify_order(self, call: Call) -> dict[str, Any]:
        """PUT order: price and quantity of a limit order; it loses its place in the queue."""
        return self._modify(call.account, call.params)

    def cancel_all(self, call: Call) -> dict[str, Any]:
        """DELETE allOpenOrders."""
        instrument = self._exchange.instrument(call.params.symbol())
        self._cancel_symbol(call.account, instrument.symbol)
        return dict(ALL_CANCELED)

    def countdown(self, call: Call) -> dict[str, Any]:
        """POST countdownCancelAll: cancel everything unless told again in time; 0 stops it."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        params.need("countdownTime")
        length = params.integer("countdownTime") or 0
        key = (call.account, instrument.symbol)
        if length:
            due = self._countdowns[key] = call.now + length
            self._schedule.at(due, lambda: self._run_out(key, due))
        else:
            self._countdowns.pop(key, None)
        return {"symbol": instrument.native, "countdownTime": str(length)}

    def batch(self, call: Call) -> list[dict[str, Any]]:
        """POST batchOrders: up to five; each is taken or refused on its own."""
        return self._each(call, lambda one: self._new(call.account, one, call.now))

    def modify_batch(self, call: Call) -> list[dict[str, Any]]:
        """PUT batchOrders."""
        return self._each(call, lambda one: self._modify(call.account, one))

    def cancel_batch(self, call: Call) -> list[dict[str, Any]]:
        """DELETE batchOrders."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        ids = _json_list(params, "orderIdList")
        names = _json_list(params, "origClientOrderIdList")
        if not ids and not names:
            raise either("orderIdList", "origClientOrderIdList")
        if not all(isinstance(one, int | str) and str(one).isdecimal() for one in ids):
            raise illegal("orderIdList", r"^\[[0-9]{1,20}(,[0-9]{1,20})*\]$")
        wanted: list[tuple[int | None, str | None]] = [(int(one), None) for one in ids]
        wanted += [(None, str(one)) for one in names]
        if len(wanted) > _BATCH_CANCEL:
            raise ApiError(-4082, "Invalid number of batch place orders")
        return [
            _tried(partial(self._cancel, call.account, instrument, number, name))
            for number, name in wanted
        ]

    # Look-ups

    def query_order(self, call: Call) -> dict[str, Any]:
        """GET order."""
        instrument = self._exchange.instrument(call.params.symbol())
        order = self._find(call, instrument)
        return queried(order, instrument)

    def open_order(self, call: Call) -> dict[str, Any]:
        """GET openOrder."""
        instrument = self._exchange.instrument(call.params.symbol())
        order = self._find(call, instrument)
        if not order.status.is_open:
            raise ApiError(-2013, "Order does not exist.")
        return queried(order, instrument)

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        """GET openOrders."""
        exchange, native = self._exchange, call.params.text("symbol")
        symbol = None if native is None else exchange.instrument(native).symbol
        return [
            queried(order, exchange.venue.instruments[order.symbol])
            for order in exchange.venue.open_orders(call.account, symbol)
            if exchange.visible(order, call.now)
        ]

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        """GET allOrders: from orderId, or between two times at most seven days apart."""
        exchange, params = self._exchange, call.params
        instrument = exchange.instrument(params.symbol())
        seen = [
            order
            for order in exchange.venue.orders(call.account, instrument.symbol)
            if exchange.visible(order, call.now)
        ]
        found = week_page(params, "orderId").of(
            seen, lambda order: order.order_id, lambda order: to_ms(order.created_at)
        )
        return [queried(order, instrument) for order in found]

    # Parts

    def _new(self, account: str, params: Parameters, now: int) -> dict[str, Any]:
        reader, instrument = self._reader(params)
        counts = self._exchange.counts(account)
        counts.check(now)
        params.choice("newOrderRespType", ReplyKind)
        if self._refuse_conditional(reader):
            counts.add(now, 1)
            return self._old_conditional(account, reader.old_conditional(), instrument)
        request = reader.order()
        try:
            order = self._exchange.place(account, request)
        except VenueReject as reject:
            raise refusal(reject, instrument, request) from None
        if params.peek("newOrderRespType") != ReplyKind.RESULT.value and not order.reason:
            return changed(_as_acknowledged(order), instrument)
        return changed(order, instrument)

    def _refuse_conditional(self, reader: OrderReader) -> bool:
        """Return whether it is a conditional order, as the endpoint took them of old."""
        if not reader.kind().is_conditional:
            return False
        if not self._exchange.switches.conditional_on_order:
            raise ApiError(
                -4120,
                "Order type not supported for this endpoint. Please use the Algo Order API "
                "endpoints instead.",
            )
        return True

    def _old_conditional(
        self, account: str, request: AlgoRequest, instrument: Instrument
    ) -> dict[str, Any]:
        try:
            placed = self._exchange.venue.place_algo(account, request)
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        found = algo_placed(placed, instrument)
        return {
            "orderId": placed.algo_id,
            "symbol": instrument.native,
            "status": "NEW",
            "clientOrderId": placed.client_algo_id,
            "price": found["price"],
            "origQty": found["quantity"],
            "executedQty": "0",
            "cumQty": "0",
            "type": found["orderType"],
            "origType": found["orderType"],
            "stopPrice": found["triggerPrice"],
            "updateTime": found["updateTime"],
            **{
                name: found[name]
                for name in (
                    "timeInForce", "reduceOnly", "closePosition", "side", "positionSide",
                    "workingType", "priceProtect", "priceMatch", "selfTradePreventionMode",
                    "goodTillDate",
                )
            },
        }  # fmt: skip

    def _modify(self, account: str, params: Parameters) -> dict[str, Any]:
        exchange = self._exchange
        instrument = exchange.instrument(params.symbol())
        order_id, client_id = order_ids(params)
        params.need("side")
        params.need("quantity")
        params.need("price")
        amount, price = params.number("quantity"), params.number("price")
        if not amount:
            raise ApiError(-4003, "Quantity less than zero.")
        if not price:
            raise ApiError(-4001, "Price less than zero.")
        try:
            order = exchange.venue.modify(
                account,
                instrument.symbol,
                amount=amount,
                price=price,
                order_id=order_id,
                client_order_id=client_id,
            )
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        return changed(order, instrument)

    def _cancel(
        self, account: str, instrument: Instrument, order_id: int | None, client_id: str | None
    ) -> dict[str, Any]:
        venue = self._exchange.venue
        try:
            if order_id is not None:
                order = venue.cancel(account, instrument.symbol, order_id=order_id)
            else:
                order = venue.cancel(account, instrument.symbol, client_order_id=client_id)
        except VenueReject as reject:
            raise refusal_of_cancel(reject) from None
        return changed(order, instrument)

    def _cancel_symbol(self, account: str, symbol: str) -> None:
        try:
            self._exchange.venue.cancel_all(account, symbol)
        except VenueReject as reject:
            if reject.reason is not RejectReason.UNKNOWN_ORDER:
                raise refusal(reject) from None

    def _run_out(self, key: tuple[str, str], due: int) -> None:
        if self._countdowns.get(key) == due:
            del self._countdowns[key]
            self._cancel_symbol(*key)

    def _find(self, call: Call, instrument: Instrument) -> VenueOrder:
        exchange = self._exchange
        order_id, client_id = order_ids(call.params)
        try:
            if order_id is not None:
                order = exchange.venue.order(call.account, instrument.symbol, order_id=order_id)
            else:
                order = exchange.venue.order(
                    call.account, instrument.symbol, client_order_id=client_id
                )
            exchange.check_visible(order, call.now)
        except VenueReject as reject:
            raise refusal_of_query(reject) from None
        return order

    def _reader(self, params: Parameters) -> tuple[OrderReader, Instrument]:
        instrument = self._exchange.instrument(params.symbol())
        return OrderReader(params, instrument), instrument

    def _each(
        self, call: Call, act: Callable[[Parameters], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        call.params.need("batchOrders")
        orders = _json_list(call.params, "batchOrders")
        if not orders or len(orders) > _BATCH or not all(isinstance(one, dict) for one in orders):
            raise ApiError(-4082, "Invalid number of batch place orders")
        each = [Parameters.from_json(one) for one in orders]
        return [_tried(partial(act, one)) for one in each]


def _tried(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return act()
    except ApiError as error:
        return error.body()


def week_page(params: Parameters, id_name: str) -> Page:
    """Return which entries are asked for; the times may be at most seven days apart."""
    page = Page.read(params, id_name)
    start, end = page.start, page.end
    if start is not None and end is not None and end - start > _WEEK_MS:
        raise ApiError(-4166, "Search window is restricted to recent 90 days only.")
    return page


def _as_acknowledged(order: VenueOrder) -> VenueOrder:
    """Return an order as it came in: an ACK does not tell what it filled at once."""
    return attrs.evolve(
        order, status=Status.NEW, filled=ZERO, quote_filled=ZERO, updated_at=order.created_at
    )


def _json_list(params: Parameters, name: str) -> list[Any]:
    text = params.text(name)
    if text is None:
        return []
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise illegal(name, r"^\[.*\]$")
    return found
