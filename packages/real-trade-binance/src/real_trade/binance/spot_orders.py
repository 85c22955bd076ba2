"""Spot orders on the wire: an intent as parameters, replies as reports and fills.

The parameters are Binance's own, not ccxt's unified ones: given a price, ccxt would turn a market
order into one by quote amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from real_trade.binance.words import ORDER_TYPES, STATES, text
from real_trade.exchange import InvalidOrder
from real_trade.model import (
    Evidence,
    Fill,
    Instrument,
    OrderIntent,
    OrderReport,
    OrderType,
    Side,
    TimeInForce,
    decimal,
    from_ms,
)
from real_trade.model.numbers import ZERO

__all__ = [
    "fill_from",
    "oco_parameters",
    "order_type",
    "parameters",
    "report_from",
    "report_of_list",
]

Raw = Mapping[str, Any]

_PROFITS = frozenset({OrderType.LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})

_NATIVE = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
    OrderType.TRAILING_STOP: "STOP_LOSS",
}


def parameters(intent: OrderIntent, instrument: Instrument) -> dict[str, str]:
    """Return the parameters of POST /api/v3/order.

    Raises:
        InvalidOrder: Binance has no such order; nothing was sent.
    """
    found = {
        "symbol": instrument.native,
        "side": intent.side.name,
        "type": _type(intent),
        "newClientOrderId": intent.client_order_id,
        "newOrderRespType": "FULL",
    }
    if intent.quote_amount is not None:
        if intent.type is not OrderType.MARKET:
            raise InvalidOrder("only market orders take an amount in quote units on Binance spot")
        found["quoteOrderQty"] = text(intent.quote_amount)
    elif intent.amount is not None:
        found["quantity"] = text(intent.amount)
    found |= _limit(intent) if intent.type.has_limit else _no_limit(intent)
    found |= _trigger(intent)
    return found


def oco_parameters(
    first: OrderIntent, second: OrderIntent, instrument: Instrument
) -> dict[str, str]:
    """Return the parameters of POST /api/v3/orderList/oco: one leg above the market, one below.

    Binance takes the limit leg as LIMIT_MAKER alone; away from the market, where the list must have
    it, it is the same order.

    Raises:
        InvalidOrder: Binance has no such pair; nothing was sent.
    """
    found = {
        "symbol": instrument.native,
        "side": first.side.name,
        "quantity": text(first.amount or ZERO),
        "listClientOrderId": f"{first.client_order_id[:33]}-l",
        "newOrderRespType": "RESULT",
    }
    for intent in (first, second):
        is_profit = intent.type in _PROFITS
        place = "above" if is_profit is (intent.side is Side.SELL) else "below"
        for name, value in _leg(intent).items():
            found[place + name[0].upper() + name[1:]] = value
    return found


def _leg(intent: OrderIntent) -> dict[str, str]:
    found = {"type": _NATIVE[intent.type], "clientOrderId": intent.client_order_id}
    if intent.type is OrderType.LIMIT:
        if intent.time_in_force is not TimeInForce.GTC or intent.price is None:
            raise InvalidOrder("the limit order of a pair rests until it is canceled")
        return found | {"type": "LIMIT_MAKER", "price": text(intent.price)}
    return (
        found | (_limit(intent) if intent.type.has_limit else _no_limit(intent)) | _trigger(intent)
    )


def _type(intent: OrderIntent) -> str:
    if not intent.post_only:
        return _NATIVE[intent.type]
    if intent.type is not OrderType.LIMIT or intent.time_in_force is not TimeInForce.GTC:
        raise InvalidOrder("only good-till-canceled limit orders can be post-only on Binance spot")
    return "LIMIT_MAKER"


def _limit(intent: OrderIntent) -> dict[str, str]:
    if intent.price is None:
        raise InvalidOrder(f"a {intent.type.value} order needs a price")
    found = {"price": text(intent.price)}
    if not intent.post_only:
        found["timeInForce"] = intent.time_in_force.value
    return found


def _no_limit(intent: OrderIntent) -> dict[str, str]:
    at_once = intent.type is OrderType.MARKET and intent.time_in_force is TimeInForce.IOC
    if intent.time_in_force is not TimeInForce.GTC and not at_once:
        raise InvalidOrder(
            f"a {intent.type.value} order takes no time in force on Binance spot "
            f"({intent.time_in_force.value} was asked for)"
        )
    return {}


def _trigger(intent: OrderIntent) -> dict[str, str]:
    if not intent.type.is_conditional:
        return {}
    found = {} if intent.stop_price is None else {"stopPrice": text(intent.stop_price)}
    if intent.type is not OrderType.TRAILING_STOP:
        if not found:
            raise InvalidOrder(f"a {intent.type.value} order needs a stop price")
        return found
    return found | {"trailingDelta": str(_basis_points(intent))}


def _basis_points(intent: OrderIntent) -> int:
    if intent.trail_percent is None:
        raise InvalidOrder("Binance spot trails by percent only: set trail_percent")
    points = intent.trail_percent * 10000
    if points <= 0 or points != points.to_integral_value():
        raise InvalidOrder(
            f"trail_percent {intent.trail_percent} is no whole number of basis points "
            "(0.0001 is one)"
        )
    return int(points)


def order_type(raw: Raw, name: str) -> OrderType | None:
    """Return the type that Binance calls `name`; None for one this version does not know."""
    if int(raw.get("trailingDelta") or raw.get("d") or 0) > 0:
        return OrderType.TRAILING_STOP if name in {"STOP_LOSS", "TAKE_PROFIT"} else None
    return ORDER_TYPES.get(name)


def report_from(raw: Raw, symbol: str, evidence: Evidence) -> OrderReport:
    """Return the report in a reply to POST, DELETE or GET of an order.

    Raises:
        KeyError, TypeError, ValueError: something mandatory is missing or of the wrong kind.
    """
    # A canceled order's own id is the original one; the other is the cancel's.
    client_order_id = raw.get("origClientOrderId") or raw["clientOrderId"]
    exchange_order_id = str(raw["orderId"])
    side = Side[raw["side"]]
    filled = decimal(raw["executedQty"], "executedQty")
    quote = decimal(raw["cummulativeQuoteQty"], "cummulativeQuoteQty")
    when = raw.get("transactTime") or raw.get("updateTime") or raw["time"]
    fills = raw.get("fills") or ()
    return OrderReport(
        client_order_id=client_order_id,
        symbol=symbol,
        state=STATES[raw["status"]],
        time=from_ms(int(when)),
        evidence=evidence,
        exchange_order_id=exchange_order_id,
        side=side,
        type=order_type(raw, raw["type"]),
        amount=decimal(raw["origQty"], "origQty"),
        price=_unless_zero(raw.get("price")),
        stop_price=_unless_zero(raw.get("stopPrice")),
        filled=filled,
        quote_filled=quote if quote >= 0 else None,  # negative: not known, for old orders
        average_price=quote / filled if filled > 0 and quote > 0 else None,
        fills=tuple(
            Fill(
                trade_id=str(one["tradeId"]),
                symbol=symbol,
                client_order_id=client_order_id,
                exchange_order_id=exchange_order_id,
                side=side,
                amount=one["qty"],
                price=one["price"],
                fee=one["commission"],
                fee_asset=one["commissionAsset"],
                time=from_ms(int(when)),
            )
            for one in fills
        ),
        reason=str(raw.get("expiryReason") or ""),
    )


def report_of_list(raw: Raw, client_order_id: str, symbol: str, evidence: Evidence) -> OrderReport:
    """Return what a list's reply tells of one of its orders; the cancel of one cancels all.

    Raises:
        KeyError, TypeError, ValueError: it is not there, or something in it is of the wrong kind.
    """
    reports = [report_from(one, symbol, evidence) for one in raw["orderReports"]]
    return {one.client_order_id: one for one in reports}[client_order_id]


def fill_from(raw: Raw, symbol: str) -> Fill:
    """Return a fill from a row of GET /api/v3/myTrades, which tells no client order id."""
    return Fill(
        trade_id=str(raw["id"]),
        symbol=symbol,
        client_order_id="",
        exchange_order_id=str(raw["orderId"]),
        side=Side.BUY if raw["isBuyer"] else Side.SELL,
        amount=raw["qty"],
        price=raw["price"],
        fee=raw["commission"],
        fee_asset=raw["commissionAsset"],
        is_maker=bool(raw["isMaker"]),
        time=from_ms(int(raw["time"])),
    )


def _unless_zero(value: Any) -> Decimal | None:
    if value is None:
        return None
    return decimal(value, "price") or None
