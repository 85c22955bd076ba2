"""Why the venue refuses: a typed reason that a protocol can map to its own code and text."""

from __future__ import annotations

from enum import Enum

from real_trade.utils.errors import RealTradeError

__all__ = ["RejectReason", "VenueReject"]


class RejectReason(Enum):
    """Why something was refused. Filters carry the name that Binance gives them."""

    # Filters of a symbol.
    PRICE_FILTER = "PRICE_FILTER"
    PERCENT_PRICE = "PERCENT_PRICE"
    PERCENT_PRICE_BY_SIDE = "PERCENT_PRICE_BY_SIDE"
    LOT_SIZE = "LOT_SIZE"
    MARKET_LOT_SIZE = "MARKET_LOT_SIZE"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    NOTIONAL = "NOTIONAL"
    ICEBERG_PARTS = "ICEBERG_PARTS"
    TRAILING_DELTA = "TRAILING_DELTA"
    MAX_POSITION = "MAX_POSITION"
    MAX_NUM_ORDERS = "MAX_NUM_ORDERS"
    MAX_NUM_ALGO_ORDERS = "MAX_NUM_ALGO_ORDERS"
    MAX_NUM_ICEBERG_ORDERS = "MAX_NUM_ICEBERG_ORDERS"
    MAX_NUM_ORDER_LISTS = "MAX_NUM_ORDER_LISTS"
    MAX_NUM_ORDER_AMENDS = "MAX_NUM_ORDER_AMENDS"
    # Filters of the venue.
    EXCHANGE_MAX_NUM_ORDERS = "EXCHANGE_MAX_NUM_ORDERS"
    EXCHANGE_MAX_NUM_ALGO_ORDERS = "EXCHANGE_MAX_NUM_ALGO_ORDERS"
    # What the request says.
    MISSING = "missing"  # a field that the type needs is not there
    NOT_ALLOWED = "not_allowed"  # a field or combination that the type does not take
    NOT_POSITIVE = "not_positive"
    ICEBERG_AMOUNT = "iceberg_amount"  # above the order's amount, or not with GTC
    LIST_PRICES = "list_prices"  # the legs' prices stand in the wrong order
    LIST_ORDERS = "list_orders"  # legs that do not go together
    UNSUPPORTED = "unsupported"
    # What the venue finds.
    UNKNOWN_SYMBOL = "unknown_symbol"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_LIST = "unknown_list"
    DUPLICATE_CLIENT_ORDER_ID = "duplicate_client_order_id"
    DUPLICATE_CLIENT_LIST_ID = "duplicate_client_list_id"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    WOULD_IMMEDIATELY_MATCH = "would_immediately_match"
    WOULD_TRIGGER_IMMEDIATELY = "would_trigger_immediately"
    MARKET_CLOSED = "market_closed"
    CANCEL_ONLY = "cancel_only"
    NO_REFERENCE_PRICE = "no_reference_price"
    CANNOT_TRADE = "cannot_trade"  # the account is not allowed to
    IS_LIST_LEG = "is_list_leg"  # the operation is not for legs of lists
    AMEND_NOT_LOWER = "amend_not_lower"  # only a lower amount, above what has filled
    AMEND_NO_CHANGE = "amend_no_change"
    UNFILLABLE = "unfillable"  # fill or kill, where the venue refuses it beforehand (-5021)
    # What only venues with margin find; Binance's code follows.
    INSUFFICIENT_MARGIN = "insufficient_margin"  # -2019
    REDUCE_ONLY = "reduce_only"  # -2022: there is nothing that it would reduce
    MAX_POSITION_AT_LEVERAGE = "max_position_at_leverage"  # -2027
    LEVERAGE = "leverage"  # -4028
    LEVERAGE_MARGIN = "leverage_margin"  # -2028: the balance is too low for a lower leverage
    LEVERAGE_ISOLATED = "leverage_isolated"  # -4161
    MARGIN_TYPE_SAME = "margin_type_same"  # -4046
    MARGIN_TYPE_ORDERS = "margin_type_orders"  # -4047
    MARGIN_TYPE_POSITION = "margin_type_position"  # -4048
    NOT_ISOLATED = "not_isolated"  # -4049
    CROSS_BALANCE = "cross_balance"  # -4050
    ISOLATED_BALANCE = "isolated_balance"  # -4051
    NO_POSITION = "no_position"  # -4054
    POSITION_MODE_SAME = "position_mode_same"  # -4059
    POSITION_SIDE = "position_side"  # -4061: does not match the account's mode
    POSITION_MODE_ORDERS = "position_mode_orders"  # -4067
    POSITION_MODE_POSITION = "position_mode_position"  # -4068
    GOOD_TILL_DATE = "good_till_date"  # too soon
    PRICE_MATCH = "price_match"  # -5037: the book has no such level
    UNKNOWN_ALGO_ORDER = "unknown_algo_order"
    DUPLICATE_CLIENT_ALGO_ID = "duplicate_client_algo_id"  # -4116
    MAX_ALGO_ORDERS = "max_algo_orders"  # -4045
    CALLBACK_RATE = "callback_rate"
    CLOSE_POSITION_EXISTS = "close_position_exists"  # -4130


class VenueReject(RealTradeError):
    """The venue refused, and nothing has changed.

    Attributes:
        reason: the typed reason.
        detail: the value that was wrong and what would be right.
    """

    def __init__(self, reason: RejectReason, detail: str, *, remedy: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}", remedy=remedy)
        self.reason = reason
        self.detail = detail
