"""Futures orders, fills and algo orders as Binance's JSON.

Source: futures documentation, "Trade". Since June 2026 replies to placing, changing and canceling
an order have no avgPrice, cumQuote and cumBase any more (integration notice); look-ups have.
"""

from __future__ import annotations

from typing import Any

from real_trade.model import Instrument, to_ms
from real_trade.paper.futures import AlgoOrder, FuturesRequest, PositionSide, PriceMatch
from real_trade.paper.values import VenueFill, VenueOrder
from real_trade.simulator.futures.words import (
    algo_type,
    amount_text,
    order_type,
    plain,
    price_text,
    time_in_force,
)

__all__ = ["algo_placed", "algo_queried", "changed", "position_side", "queried", "user_trade"]


def position_side(order: VenueOrder) -> PositionSide:
    """Return which position an order is for."""
    request = order.request
    return request.position_side if isinstance(request, FuturesRequest) else PositionSide.BOTH


def changed(order: VenueOrder, one: Instrument) -> dict[str, Any]:
    """Return the reply to placing, changing or canceling an order."""
    return {
        **_common(order, one),
        "cumQty": amount_text(one, order.filled),
        "priceMatch": _match(order),
        "selfTradePreventionMode": order.self_trade_prevention.value,
        "goodTillDate": _good_till(order),
    }


def queried(order: VenueOrder, one: Instrument) -> dict[str, Any]:
    """Return an order as look-ups show it."""
    total = "cumBase" if one.inverse else "cumQuote"
    return {
        **_common(order, one),
        "avgPrice": price_text(one, order.average_price),
        total: plain(order.quote_filled),
        "time": to_ms(order.created_at),
        "priceMatch": _match(order),
        "selfTradePreventionMode": order.self_trade_prevention.value,
        "goodTillDate": _good_till(order),
    }


def user_trade(fill: VenueFill, one: Instrument, side: PositionSide) -> dict[str, Any]:
    """Return a fill as userTrades shows it."""
    found: dict[str, Any] = {
        "symbol": one.native,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "side": fill.side.name,
        "price": price_text(one, fill.price),
        "qty": amount_text(one, fill.amount),
        "realizedPnl": plain(fill.realized_pnl),
        "commission": plain(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": to_ms(fill.time),
        "positionSide": side.value,
        "maker": fill.is_maker,
        "buyer": fill.side.sign > 0,
    }
    if one.inverse:
        found |= {
            "pair": one.base + one.quote,
            "marginAsset": one.settle,
            "baseQty": plain(fill.quote_amount),
        }
    else:
        found["quoteQty"] = plain(fill.quote_amount)
    return found


def algo_placed(order: AlgoOrder, one: Instrument) -> dict[str, Any]:
    """Return the reply to a new algo order."""
    request = order.request
    activation, rate = request.activation_price, request.callback_rate
    found = _algo(order, one)
    found["activatePrice"] = "" if activation is None else price_text(one, activation)
    found["callbackRate"] = "" if rate is None else plain(rate * 100)
    return found


def algo_queried(order: AlgoOrder, one: Instrument) -> dict[str, Any]:
    """Return an algo order as look-ups show it."""
    none = price_text(one, None)
    found = {
        **_algo(order, one),
        "actualOrderId": "" if order.order_id is None else str(order.order_id),
        "actualPrice": price_text(one, order.average_price),
        "tpTriggerPrice": none,
        "tpPrice": none,
        "slTriggerPrice": none,
        "slPrice": none,
        "tpOrderType": "",
    }
    if request_rate := order.request.callback_rate:
        found["callbackRate"] = plain(request_rate * 100)
    if order.request.activation_price is not None:
        found["activatePrice"] = price_text(one, order.request.activation_price)
    return found


def _common(order: VenueOrder, one: Instrument) -> dict[str, Any]:
    request = order.request
    kind = order_type(order)
    found: dict[str, Any] = {
        "orderId": order.order_id,
        "symbol": one.native,
        "status": order.status.value,
        "clientOrderId": order.client_order_id,
        "price": price_text(one, order.price if kind == "LIMIT" else None),
        "origQty": amount_text(one, order.amount),
        "executedQty": amount_text(one, order.filled),
        "timeInForce": time_in_force(request.time_in_force, post_only=request.post_only),
        "type": kind,
        "reduceOnly": request.reduce_only,
        "closePosition": False,
        "side": request.side.name,
        "positionSide": position_side(order).value,
        "stopPrice": price_text(one, order.stop_price),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "updateTime": to_ms(order.updated_at),
    }
    if one.inverse:
        found["pair"] = one.base + one.quote
    return found


def _match(order: VenueOrder) -> str:
    request = order.request
    found = request.price_match if isinstance(request, FuturesRequest) else PriceMatch.NONE
    return found.value


def _good_till(order: VenueOrder) -> int:
    until = order.request.expires_at
    return 0 if until is None else to_ms(until)


def _algo(order: AlgoOrder, one: Instrument) -> dict[str, Any]:
    request = order.request
    prevention, until = request.self_trade_prevention, request.expires_at
    trigger = request.trigger_price if order.trigger_price is None else order.trigger_price
    return {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo_type(order),
        "symbol": one.native,
        "side": request.side.name,
        "positionSide": request.position_side.value,
        "timeInForce": time_in_force(request.time_in_force, post_only=request.post_only),
        "quantity": amount_text(one, request.amount),
        "algoStatus": order.status.value,
        "triggerPrice": price_text(one, trigger),
        "price": price_text(one, request.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER" if prevention is None else prevention.value,
        "workingType": request.working_price.value,
        "priceMatch": request.price_match.value,
        "closePosition": request.close_position,
        "priceProtect": request.price_protect,
        "reduceOnly": request.reduce_only,
        "createTime": to_ms(order.created_at),
        "updateTime": to_ms(order.updated_at),
        "triggerTime": 0 if order.triggered_at is None else to_ms(order.triggered_at),
        "goodTillDate": 0 if until is None else to_ms(until),
    }
