"""Orders, fills and lists as Binance's JSON.

Source: spot documentation, rest-api.md, "Trading endpoints" and "Account Endpoints".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from real_trade.model import OrderType, to_ms
from real_trade.paper.values import (
    ListStatus,
    SelfTradePrevention,
    Status,
    VenueFill,
    VenueList,
    VenueOrder,
)
from real_trade.simulator.spot.words import ReplyKind, contingency, expiry_reason, order_type
from real_trade.simulator.texts import milliseconds, written

__all__ = [
    "amended",
    "canceled",
    "list_head",
    "list_reply",
    "my_trade",
    "placed",
    "queried",
]


def placed(
    order: VenueOrder, native: str, kind: ReplyKind, fills: Iterable[VenueFill] = ()
) -> dict[str, Any]:
    """Return the reply to a new order."""
    found: dict[str, Any] = {
        "symbol": native,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": order.client_order_id,
        "transactTime": to_ms(order.updated_at),
    }
    if kind is ReplyKind.ACK:
        return found
    found.update(_figures(order))
    found["workingTime"] = milliseconds(order.working_at)
    if kind is ReplyKind.FULL:
        found["fills"] = [
            {
                "price": written(fill.price),
                "qty": written(fill.amount),
                "commission": written(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    found["selfTradePreventionMode"] = order.self_trade_prevention.value
    found.update(_extras(order))
    return found


def canceled(order: VenueOrder, native: str, cancel_id: str) -> dict[str, Any]:
    """Return the reply to a cancel."""
    found: dict[str, Any] = {
        "symbol": native,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": cancel_id,
        "transactTime": to_ms(order.updated_at),
        **_figures(order),
        "selfTradePreventionMode": order.self_trade_prevention.value,
    }
    found.update(_extras(order))
    return found


def queried(order: VenueOrder, native: str) -> dict[str, Any]:
    """Return an order as look-ups show it."""
    found: dict[str, Any] = {
        "symbol": native,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": order.client_order_id,
        **_figures(order),
        "stopPrice": written(order.stop_price),
        "icebergQty": written(order.request.iceberg_amount),
        "time": to_ms(order.created_at),
        "updateTime": to_ms(order.updated_at),
        "isWorking": order.is_working,
        "workingTime": milliseconds(order.working_at),
        "selfTradePreventionMode": order.self_trade_prevention.value,
    }
    for name, value in _extras(order).items():
        found.setdefault(name, value)
    return found


def amended(
    order: VenueOrder, native: str, was: str, execution_id: int, of_list: VenueList | None
) -> dict[str, Any]:
    """Return the reply to an amendment; `was` is the client order id before it."""
    found: dict[str, Any] = {
        "transactTime": to_ms(order.updated_at),
        "executionId": execution_id,
        "amendedOrder": {
            "symbol": native,
            "orderId": order.order_id,
            "orderListId": _list_id(order),
            "origClientOrderId": was,
            "clientOrderId": order.client_order_id,
            "price": written(order.price),
            "qty": written(order.amount),
            "executedQty": written(order.filled),
            "preventedQty": written(order.prevented_amount),
            "quoteOrderQty": written(order.request.quote_amount),
            "cumulativeQuoteQty": written(order.quote_filled),
            "status": order.status.value,
            "timeInForce": order.request.time_in_force.value,
            "type": order_type(order),
            "side": order.side.name,
            "workingTime": milliseconds(order.working_at),
            "selfTradePreventionMode": order.self_trade_prevention.value,
        },
    }
    if of_list is not None:
        head = list_head(of_list, native)
        for name in ("listStatusType", "transactionTime"):
            del head[name]
        found["listStatus"] = head
    return found


def list_head(of_list: VenueList, native: str) -> dict[str, Any]:
    """Return a list without the reports of its orders."""
    return {
        "orderListId": of_list.list_id,
        "contingencyType": contingency(of_list.kind),
        "listStatusType": "EXEC_STARTED" if of_list.status is ListStatus.EXECUTING else "ALL_DONE",
        "listOrderStatus": of_list.status.value,
        "listClientOrderId": of_list.client_list_id,
        "transactionTime": to_ms(of_list.created_at),
        "symbol": native,
        "orders": [
            {
                "symbol": native,
                "orderId": order.order_id,
                "clientOrderId": order.client_order_id,
            }
            for order in of_list.orders
        ],
    }


def list_reply(of_list: VenueList, native: str, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list with the reports of its orders."""
    found = list_head(of_list, native)
    found["transactionTime"] = to_ms(of_list.updated_at)
    found["orderReports"] = reports
    return found


def my_trade(fill: VenueFill, native: str) -> dict[str, Any]:
    """Return a fill as myTrades shows it."""
    return {
        "symbol": native,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1 if fill.list_id is None else fill.list_id,
        "price": written(fill.price),
        "qty": written(fill.amount),
        "quoteQty": written(fill.quote_amount),
        "commission": written(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": to_ms(fill.time),
        "isBuyer": fill.side.sign > 0,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def _list_id(order: VenueOrder) -> int:
    return -1 if order.list_id is None else order.list_id


def _figures(order: VenueOrder) -> dict[str, Any]:
    return {
        "price": written(order.price if order.request.type.has_limit else None),
        "origQty": written(order.amount),
        "executedQty": written(order.filled),
        "origQuoteOrderQty": written(order.request.quote_amount),
        "cummulativeQuoteQty": written(order.quote_filled),
        "status": order.status.value,
        "timeInForce": order.request.time_in_force.value,
        "type": order_type(order),
        "side": order.side.name,
    }


def _extras(order: VenueOrder) -> dict[str, Any]:
    """Return what only some orders have ("Conditional fields in Order Responses")."""
    found: dict[str, Any] = {}
    request = order.request
    if request.iceberg_amount is not None:
        found["icebergQty"] = written(request.iceberg_amount)
    if request.type not in {OrderType.LIMIT, OrderType.MARKET}:
        found["stopPrice"] = written(order.stop_price)
    if request.trailing_delta is not None:
        found["trailingDelta"] = request.trailing_delta
        found["trailingTime"] = milliseconds(order.trailing_at)
    if request.strategy_id is not None:
        found["strategyId"] = request.strategy_id
    if request.strategy_type is not None:
        found["strategyType"] = request.strategy_type
    if (
        order.self_trade_prevention is not SelfTradePrevention.NONE
        and order.status is Status.EXPIRED_IN_MATCH
    ) or order.prevented_amount:
        found["preventedQuantity"] = written(order.prevented_amount)
    reason = expiry_reason(order)
    if reason:
        found["expiryReason"] = reason
    return found
