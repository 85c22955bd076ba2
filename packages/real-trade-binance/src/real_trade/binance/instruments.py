"""Binance's filters as an Instrument ("Filters" in the documentation of each market)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Instrument, Market, decimal

__all__ = ["with_filters"]

Filters = Mapping[str, Mapping[str, Any]]
_ZERO = Decimal(0)


def with_filters(instrument: Instrument, info: Mapping[str, Any]) -> Instrument:
    """Return `instrument` with the exact rules that Binance's own description `info` gives."""
    filters = {one["filterType"]: one for one in info["filters"]}
    rules: dict[str, Any] = {
        **_prices(filters),
        **_amounts(filters),
        **_values(filters),
        **_percent(filters),
    }
    return attrs.evolve(
        instrument,
        **rules,
        base_digits=int(info.get("baseAssetPrecision", 8)),
        quote_digits=int(info.get("quoteAssetPrecision", info.get("quotePrecision", 8))),
        active=_is_active(info, instrument.market),
    )


def _prices(filters: Filters) -> dict[str, Decimal]:
    found = filters.get("PRICE_FILTER", {})
    return {
        "price_step": _of(found, "tickSize"),
        "min_price": _of(found, "minPrice"),
        "max_price": _of(found, "maxPrice"),
    }


def _amounts(filters: Filters) -> dict[str, Decimal]:
    lot, market = filters["LOT_SIZE"], filters.get("MARKET_LOT_SIZE", {})
    return {
        "amount_step": _of(lot, "stepSize"),
        "min_amount": _of(lot, "minQty"),
        "max_amount": _of(lot, "maxQty"),
        "market_amount_step": _of(market, "stepSize"),
        "min_market_amount": _of(market, "minQty"),
        "max_market_amount": _of(market, "maxQty"),
    }


def _values(filters: Filters) -> dict[str, Decimal]:
    # Spot has NOTIONAL or the older MIN_NOTIONAL; futures call the figure `notional`.
    found = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    return {
        "min_notional": _of(found, "minNotional") or _of(found, "notional"),
        "max_notional": _of(found, "maxNotional"),
    }


def _percent(filters: Filters) -> dict[str, Decimal]:
    sided = filters.get("PERCENT_PRICE_BY_SIDE")
    if sided is not None:
        # One pair of figures has to serve both sides: the wider, since Binance checks again.
        return {
            "price_up": max(_all(sided, ("bidMultiplierUp", "askMultiplierUp"))),
            "price_down": min(_all(sided, ("bidMultiplierDown", "askMultiplierDown"))),
        }
    found = filters.get("PERCENT_PRICE", {})
    return {
        "price_up": _of(found, "multiplierUp"),
        "price_down": _of(found, "multiplierDown"),
    }


def _is_active(info: Mapping[str, Any], market: Market) -> bool:
    status = info.get("status", info.get("contractStatus"))
    return status == "TRADING" and (
        market is not Market.SPOT or info.get("isSpotTradingAllowed") is not False
    )


def _all(found: Mapping[str, Any], names: Iterable[str]) -> list[Decimal]:
    return [_of(found, name) for name in names]


def _of(found: Mapping[str, Any], name: str) -> Decimal:
    value = found.get(name)
    return _ZERO if value is None else decimal(value, name)
