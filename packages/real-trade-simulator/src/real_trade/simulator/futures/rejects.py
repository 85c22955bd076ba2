"""The futures venue's refusals in Binance's codes and words.

Source: USDⓈ-M futures documentation, error-code.md.
"""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import Instrument, Side
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest
from real_trade.simulator.errors import ApiError, mandatory

__all__ = ["refusal", "refusal_of_cancel", "refusal_of_query"]

_R = RejectReason
_FILTERS = frozenset({_R.PRICE_FILTER, _R.LOT_SIZE, _R.MARKET_LOT_SIZE, _R.PERCENT_PRICE})
_SAID = {
    _R.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    _R.MAX_NUM_ORDERS: (-2025, "Reach max open order limit."),
    _R.EXCHANGE_MAX_NUM_ORDERS: (-2025, "Reach max open order limit."),
    _R.NOT_POSITIVE: (-4003, "Quantity less than zero."),
    _R.NOT_ALLOWED: (-1106, "Parameter 'price' sent when not required."),
    _R.UNSUPPORTED: (-1116, "Invalid orderType."),
    _R.DUPLICATE_CLIENT_ORDER_ID: (-4116, "ClientOrderId is duplicated."),
    _R.DUPLICATE_CLIENT_ALGO_ID: (-4116, "ClientOrderId is duplicated."),
    _R.INSUFFICIENT_BALANCE: (-2018, "Balance is insufficient."),
    _R.INSUFFICIENT_MARGIN: (-2019, "Margin is insufficient."),
    _R.WOULD_IMMEDIATELY_MATCH: (-5022, ("Due to the order could not be executed as maker, the "
                                        "Post Only order will be rejected.")),
    _R.WOULD_TRIGGER_IMMEDIATELY: (-2021, "Order would immediately trigger."),
    _R.MARKET_CLOSED: (-4108, "Invalid symbol status for opening position."),
    _R.CANCEL_ONLY: (-4108, "Invalid symbol status for opening position."),
    _R.CANNOT_TRADE: (-2015, "Invalid API-key, IP, or permissions for action."),
    _R.NO_REFERENCE_PRICE: (-4131, ("The counterparty's best price does not meet the "
                                   "PERCENT_PRICE filter limit.")),
    _R.UNFILLABLE: (-5021, ("Due to the order could not be filled immediately, the FOK order has "
                           "been rejected.")),
    _R.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    _R.MAX_POSITION_AT_LEVERAGE: (-2027, ("Exceeded the maximum allowable position at current "
                                         "leverage.")),
    _R.MAX_POSITION: (-2027, "Exceeded the maximum allowable position at current leverage."),
    _R.LEVERAGE: (-4028, "Leverage is not valid"),
    _R.LEVERAGE_MARGIN: (-2028, "Leverage is smaller than permitted: insufficient margin balance."),
    _R.LEVERAGE_ISOLATED: (-4161, ("Leverage reduction is not supported in Isolated Margin Mode "
                                  "with open positions")),
    _R.MARGIN_TYPE_SAME: (-4046, "No need to change margin type."),
    _R.MARGIN_TYPE_ORDERS: (-4047, "Margin type cannot be changed if there exists open orders."),
    _R.MARGIN_TYPE_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    _R.NOT_ISOLATED: (-4049, "Add margin only support for isolated position."),
    _R.CROSS_BALANCE: (-4050, "Cross balance insufficient."),
    _R.ISOLATED_BALANCE: (-4051, "Isolated balance insufficient."),
    _R.NO_POSITION: (-4054, "Cannot add position margin: position is 0."),
    _R.POSITION_MODE_SAME: (-4059, "No need to change position side."),
    _R.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    _R.POSITION_MODE_ORDERS: (-4067, ("Position side cannot be changed if there exists open "
                                     "orders.")),
    _R.POSITION_MODE_POSITION: (-4068, ("Position side cannot be changed if there exists "
                                       "position.")),
    _R.GOOD_TILL_DATE: (-5040, ("The goodTillDate timestamp must be greater than the current time "
                               "plus 600 seconds and smaller than 253402300799000.")),
    _R.PRICE_MATCH: (-5037, "Invalid price match"),
    _R.MAX_ALGO_ORDERS: (-4045, "Reach max stop order limit."),
    _R.MAX_NUM_ALGO_ORDERS: (-4045, "Reach max stop order limit."),
    _R.EXCHANGE_MAX_NUM_ALGO_ORDERS: (-4045, "Reach max stop order limit."),
    _R.CALLBACK_RATE: (-2007, "Invalid callBack rate."),
    _R.CLOSE_POSITION_EXISTS: (-4130, ("An open stop or take profit order with GTE and "
                                      "closePosition in the direction is existing.")),
    _R.AMEND_NO_CHANGE: (-5027, "No need to modify the order."),
    _R.UNKNOWN_ORDER: (-2013, "Order does not exist."),
    _R.UNKNOWN_ALGO_ORDER: (-2013, "Order does not exist."),
}  # fmt: skip


def refusal(
    reject: VenueReject, instrument: Instrument | None = None, request: OrderRequest | None = None
) -> ApiError:
    """Return what Binance answers to a request that the venue refuses."""
    reason = reject.reason
    if instrument is not None:
        if reason in {_R.MIN_NOTIONAL, _R.NOTIONAL}:
            least = f"{instrument.min_notional:f}"
            return ApiError(
                -4164,
                f"Order's notional must be no smaller than {least} (unless you choose reduce "
                "only).",
            )
        if request is not None and reason in _FILTERS:
            return _filter(reason, instrument, request)
    if reason is _R.MISSING:
        return mandatory("price" if "price" in reject.detail else "quantity")
    code, text = _SAID.get(reason, (-1013, f"Filter failure: {reason.value}"))
    return ApiError(code, text, status=401 if code == -2015 else 400)


def _filter(reason: RejectReason, instrument: Instrument, request: OrderRequest) -> ApiError:
    """Return which end of a filter an order is beyond."""
    price, amount = request.price or Decimal(0), request.amount or Decimal(0)
    if reason is _R.PRICE_FILTER:
        if instrument.max_price and price > instrument.max_price:
            return ApiError(-4002, "Price greater than max price.")
        if price < instrument.min_price:
            return ApiError(-4013, "Price less than min price.")
        return ApiError(-4014, "Price not increased by tick size.")
    if reason is _R.PERCENT_PRICE:
        if request.side is Side.BUY:
            return ApiError(-4016, "Price is higher than mark price multiplier cap.")
        return ApiError(-4024, "Price is lower than mark price multiplier floor.")
    if amount < max(instrument.min_amount, instrument.amount_step):
        return ApiError(-4004, "Quantity less than min quantity.")
    if instrument.round_amount(amount) != amount:
        return ApiError(-1111, "Precision is over the maximum defined for this asset.")
    return ApiError(-4005, "Quantity greater than max quantity.")


def refusal_of_cancel(reject: VenueReject) -> ApiError:
    """Return what Binance answers to a cancel that the venue refuses."""
    if reject.reason in {_R.UNKNOWN_ORDER, _R.UNKNOWN_ALGO_ORDER}:
        return ApiError(-2011, "Unknown order sent.")
    return refusal(reject)


def refusal_of_query(reject: VenueReject) -> ApiError:
    """Return what Binance answers to a look-up that finds nothing."""
    return refusal(reject)
