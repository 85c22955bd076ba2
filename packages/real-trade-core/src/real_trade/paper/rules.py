"""The filters of a symbol and of the venue, each refused under its own name."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.model.numbers import ZERO, amount_field

__all__ = ["SymbolRules", "VenueRules"]


@attrs.frozen(kw_only=True)
class SymbolRules:
    """Limits of one symbol beyond those of its `Instrument`; 0 means "no such limit".

    The defaults are what Binance spot shows for its large pairs (exchangeInfo, 2026).

    Attributes:
        iceberg_parts: how many shown parts an iceberg order may have.
        trailing_*: bounds of `trailing_delta` in hundredths of a percent, above and below the
            price.
        max_position: base units held and on open buys.
        bid_up, bid_down, ask_up, ask_down: PERCENT_PRICE_BY_SIDE, as multiples of the reference
            price; 0 takes the instrument's `price_up` and `price_down`.
        average_minutes: the reference price is the volume-weighted average of so many minutes;
            0 takes the last price.
        notional_of_market: whether the minimum notional concerns market orders, at the reference
            price.
    """

    max_orders: int = 200
    max_algo_orders: int = 5
    max_iceberg_orders: int = 0
    max_order_lists: int = 20
    max_amendments: int = 10
    iceberg_parts: int = 100
    trailing_min_above: int = 10
    trailing_max_above: int = 2000
    trailing_min_below: int = 10
    trailing_max_below: int = 2000
    max_position: Decimal = amount_field("max_position", ZERO)
    bid_up: Decimal = amount_field("bid_up", ZERO)
    bid_down: Decimal = amount_field("bid_down", ZERO)
    ask_up: Decimal = amount_field("ask_up", ZERO)
    ask_down: Decimal = amount_field("ask_down", ZERO)
    average_minutes: int = 5
    notional_of_market: bool = True


@attrs.frozen(kw_only=True)
class VenueRules:
    """Limits over all symbols of an account; 0 means "no such limit"."""

    max_orders: int = 0
    max_algo_orders: int = 0
