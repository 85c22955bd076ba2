"""The venue's refusals in Binance's codes and words.

Source: spot documentation, errors.md ("Filter failures", "Failures during order placement").
"""

from __future__ import annotations

from real_trade.model import OrderType
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.simulator.errors import (
    ApiError,
    cancel_rejected,
    filter_failure,
    mandatory,
    order_rejected,
)

__all__ = ["refusal", "refusal_of_amend", "refusal_of_cancel", "refusal_of_query"]

_R = RejectReason
_MESSAGES = {
    _R.DUPLICATE_CLIENT_ORDER_ID: "Duplicate order sent.",
    _R.DUPLICATE_CLIENT_LIST_ID: "Duplicate order sent.",
    _R.INSUFFICIENT_BALANCE: "Account has insufficient balance for requested action.",
    _R.WOULD_IMMEDIATELY_MATCH: "Order would immediately match and take.",
    _R.WOULD_TRIGGER_IMMEDIATELY: "Order would trigger immediately.",
    _R.MARKET_CLOSED: "Market is closed.",
    _R.CANCEL_ONLY: "Market is closed.",
    _R.CANNOT_TRADE: "This action is disabled on this account.",
    _R.ICEBERG_AMOUNT: "IcebergQty exceeds QTY.",
    _R.LIST_PRICES: "The relationship of the prices for the orders is not correct.",
    _R.NO_REFERENCE_PRICE: "Order book liquidity is less than symbol minimum quantity.",
}
_UNSUPPORTED = frozenset({_R.UNSUPPORTED, _R.NOT_ALLOWED, _R.LIST_ORDERS, _R.IS_LIST_LEG})


def refusal(reject: VenueReject, kind: OrderType | None = None) -> ApiError:
    """Return what Binance answers to a new order that the venue refuses."""
    reason = reject.reason
    if reason.value.isupper():
        return filter_failure(reason.value)
    if reason in _MESSAGES:
        return order_rejected(_MESSAGES[reason])
    if reason is _R.UNKNOWN_SYMBOL:
        return ApiError(-1121, "Invalid symbol.")
    if reason is _R.UNKNOWN_ACCOUNT:
        return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    if reason is _R.NOT_POSITIVE:
        return ApiError(-1013, "Invalid quantity.")
    if reason is _R.MISSING:
        return mandatory("price" if kind is not None and kind.has_limit else "quantity")
    if reason in _UNSUPPORTED:
        return ApiError(-1014, "Unsupported order combination.")
    return refusal_of_cancel(reject)


def refusal_of_cancel(reject: VenueReject) -> ApiError:
    """Return what Binance answers to a cancel that the venue refuses."""
    if reject.reason is _R.UNKNOWN_LIST:
        return cancel_rejected("Unknown order list sent.")
    if reject.reason is _R.UNKNOWN_ORDER:
        return cancel_rejected()
    return refusal(reject)


def refusal_of_query(reject: VenueReject) -> ApiError:
    """Return what Binance answers to a look-up that finds nothing."""
    if reject.reason is _R.UNKNOWN_ORDER:
        return ApiError(-2013, "Order does not exist.")
    if reject.reason is _R.UNKNOWN_LIST:
        return ApiError(-2018, "Order list does not exist.")
    return refusal(reject)


def refusal_of_amend(reject: VenueReject) -> ApiError:
    """Return what Binance answers to an amendment that the venue refuses."""
    if reject.reason is _R.AMEND_NOT_LOWER:
        return ApiError(-2038, "Order amend (quantity increase) is not supported.")
    if reject.reason is _R.AMEND_NO_CHANGE:
        return ApiError(-2038, "The requested action would change no state; rejecting.")
    if reject.reason is _R.UNKNOWN_ORDER:
        return ApiError(-2013, "Order does not exist.")
    return refusal(reject)
