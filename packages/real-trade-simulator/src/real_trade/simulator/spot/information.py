"""exchangeInfo of spot: limits, symbols and their filters as the venue holds them now."""

from __future__ import annotations

from typing import Any

from real_trade.model import Instrument
from real_trade.paper.rules import SymbolRules
from real_trade.paper.values import TradingStatus
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.texts import written

__all__ = ["exchange_info", "symbol_filters"]

_STP = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]
_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]


def exchange_info(exchange: SpotExchange, call: Call) -> dict[str, Any]:
    """GET /api/v3/exchangeInfo."""
    params = call.params
    symbols = params.symbol_list()
    single = params.symbol() if "symbol" in params else None
    permissions = params.text("permissions")
    show_sets = params.flag("showPermissionSets", True)
    status = params.text("symbolStatus")
    params.finish()
    if sum(one is not None for one in (symbols, single, permissions)) > 1:
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    if status is not None and status not in {"TRADING", "HALT", "BREAK"}:
        raise ApiError(-1122, "Invalid symbolStatus.")
    if single is not None:
        symbols = [single]
    wanted = (
        [exchange.instrument(native) for native in symbols]
        if symbols is not None
        else list(exchange.venue.instruments.values())
    )
    if permissions is not None and "SPOT" not in permissions:
        wanted = []
    rows = [_symbol(exchange, instrument, show_sets) for instrument in wanted]
    limits = (exchange.limits.weight, *exchange.orders_limits, exchange.limits.raw)
    return {
        "timezone": "UTC",
        "serverTime": call.now,
        "rateLimits": [limit.to_json() for limit in limits],
        "exchangeFilters": [],
        "symbols": [row for row in rows if status is None or row["status"] == status],
    }


def _symbol(exchange: SpotExchange, instrument: Instrument, show_sets: bool) -> dict[str, Any]:
    stp = exchange.prevention.value
    return {
        "symbol": instrument.native,
        "status": exchange.status(instrument.symbol).value,
        "baseAsset": instrument.base,
        "baseAssetPrecision": instrument.base_digits,
        "quoteAsset": instrument.quote,
        "quotePrecision": instrument.quote_digits,
        "quoteAssetPrecision": instrument.quote_digits,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": exchange.status(instrument.symbol) is TradingStatus.TRADING,
        "isMarginTradingAllowed": False,
        "filters": symbol_filters(instrument, exchange.rules(instrument.symbol)),
        "permissions": [],
        "permissionSets": [["SPOT"]] if show_sets else [],
        "defaultSelfTradePreventionMode": stp,
        "allowedSelfTradePreventionModes": ["NONE", *_STP],
    }


def symbol_filters(instrument: Instrument, rules: SymbolRules) -> list[dict[str, Any]]:
    """Return the filters of one symbol, from the figures that the venue applies."""
    return [*_price_filters(instrument, rules), *_count_filters(rules)]


def _price_filters(instrument: Instrument, rules: SymbolRules) -> list[dict[str, Any]]:
    up, down = instrument.price_up, instrument.price_down
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": written(instrument.min_price),
            "maxPrice": written(instrument.max_price),
            "tickSize": written(instrument.price_step),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": written(instrument.min_amount),
            "maxQty": written(instrument.max_amount),
            "stepSize": written(instrument.amount_step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": written(instrument.min_market_amount),
            "maxQty": written(instrument.max_market_amount),
            "stepSize": written(instrument.market_amount_step),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{rules.bid_up or up:f}",
            "bidMultiplierDown": f"{rules.bid_down or down:f}",
            "askMultiplierUp": f"{rules.ask_up or up:f}",
            "askMultiplierDown": f"{rules.ask_down or down:f}",
            "avgPriceMins": rules.average_minutes,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": written(instrument.min_notional),
            "applyMinToMarket": rules.notional_of_market,
            "maxNotional": written(instrument.max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": rules.average_minutes,
        },
    ]


def _count_filters(rules: SymbolRules) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"filterType": "ICEBERG_PARTS", "limit": rules.iceberg_parts},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": rules.trailing_min_above,
            "maxTrailingAboveDelta": rules.trailing_max_above,
            "minTrailingBelowDelta": rules.trailing_min_below,
            "maxTrailingBelowDelta": rules.trailing_max_below,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": rules.max_order_lists},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_algo_orders},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": rules.max_amendments},
    ]
    if rules.max_position:
        found.append({"filterType": "MAX_POSITION", "maxPosition": written(rules.max_position)})
    if rules.max_iceberg_orders:
        found.append(
            {
                "filterType": "MAX_NUM_ICEBERG_ORDERS",
                "maxNumIcebergOrders": rules.max_iceberg_orders,
            }
        )
    return found
