"""exchangeInfo of futures: limits, contracts and their filters as the venue holds them now."""

from __future__ import annotations

from typing import Any

from real_trade.model import Instrument
from real_trade.paper.values import TradingStatus
from real_trade.simulator.calls import Call
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.words import FuturesType, plain

__all__ = ["exchange_info"]

_NO_END_MS = 4_133_404_800_000
_ONBOARD_MS = 1_569_398_400_000
_TIMES = ["GTC", "IOC", "FOK", "GTX", "GTD"]
_MAX_ORDERS = 200


def exchange_info(exchange: FuturesExchange, call: Call) -> dict[str, Any]:
    """GET exchangeInfo."""
    contracts = [exchange.instrument(native) for native in exchange.natives]
    limits = (exchange.limits.weight, *exchange.shared.orders)
    found: dict[str, Any] = {
        "timezone": "UTC",
        "serverTime": call.now,
        "rateLimits": [limit.to_json() for limit in limits],
        "exchangeFilters": [],
    }
    if not exchange.kind.is_inverse:
        found["futuresType"] = "U_MARGINED"
        found["assets"] = [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in exchange.assets
        ]
    found["symbols"] = [_contract(exchange, one) for one in contracts]
    return found


def _contract(exchange: FuturesExchange, one: Instrument) -> dict[str, Any]:
    rules = exchange.venue.futures_rules(one.symbol)
    status = exchange.status(one.symbol)
    shown = status.value if status is TradingStatus.TRADING else "SETTLING"
    found: dict[str, Any] = {
        "symbol": one.native,
        "pair": exchange.pair(one.symbol),
        "contractType": "PERPETUAL",
        "deliveryDate": _NO_END_MS,
        "onboardDate": _ONBOARD_MS,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.settle,
        "pricePrecision": _digits(one.price_step),
        "quantityPrecision": _digits(one.amount_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": f"{rules.trigger_protect:.4f}",
        "liquidationFee": f"{rules.liquidation_fee:.6f}",
        "marketTakeBound": "0.05",
        "filters": _filters(one),
        "orderTypes": [kind.value for kind in FuturesType],
        "timeInForce": _TIMES,
    }
    if exchange.kind.is_inverse:
        found |= {
            "contractStatus": shown,
            "contractSize": int(one.contract_size),
            "equalQtyPrecision": 4,
        }
    else:
        found |= {"status": shown, "settlePlan": 0}
    return found


def _filters(one: Instrument) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(one.min_price),
            "maxPrice": plain(one.max_price),
            "tickSize": f"{one.price_step:f}",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": plain(one.min_amount),
            "maxQty": plain(one.max_amount),
            "stepSize": f"{one.amount_step:f}",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": plain(one.min_market_amount),
            "maxQty": plain(one.max_market_amount),
            "stepSize": f"{one.market_amount_step:f}",
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": _MAX_ORDERS},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{one.price_up:.4f}",
            "multiplierDown": f"{one.price_down:.4f}",
            "multiplierDecimal": "4",
        },
    ]
    if one.min_notional:
        found.append({"filterType": "MIN_NOTIONAL", "notional": plain(one.min_notional)})
    return found


def _digits(step: Any) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))
