"""The shape of a request: what each order type needs, and what it does not take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from real_trade.model import OrderType, TimeInForce
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest

__all__ = ["check_shape"]

_T = OrderType

_NEEDS: Mapping[OrderType, tuple[str, ...]] = MappingProxyType(
    {
        _T.MARKET: (),
        _T.LIMIT: ("price", "amount"),
        _T.STOP: ("amount", "stop_price|trailing_delta"),
        _T.TAKE_PROFIT: ("amount", "stop_price|trailing_delta"),
        _T.STOP_LIMIT: ("price", "amount", "stop_price|trailing_delta"),
        _T.TAKE_PROFIT_LIMIT: ("price", "amount", "stop_price|trailing_delta"),
        _T.TRAILING_STOP: ("amount", "trail_amount|trail_percent"),
        _T.TRAILING_STOP_LIMIT: ("amount", "trail_amount|trail_percent", "price|limit_offset"),
    }
)

_TAKES: Mapping[OrderType, frozenset[str]] = MappingProxyType(
    {
        _T.MARKET: frozenset({"amount", "quote_amount"}),
        _T.LIMIT: frozenset({"amount", "price", "iceberg_amount"}),
        _T.STOP: frozenset({"amount", "stop_price", "trailing_delta"}),
        _T.TAKE_PROFIT: frozenset({"amount", "stop_price", "trailing_delta"}),
        _T.STOP_LIMIT: frozenset(
            {"amount", "price", "stop_price", "trailing_delta", "iceberg_amount"}
        ),
        _T.TAKE_PROFIT_LIMIT: frozenset(
            {"amount", "price", "stop_price", "trailing_delta", "iceberg_amount"}
        ),
        _T.TRAILING_STOP: frozenset({"amount", "stop_price", "trail_amount", "trail_percent"}),
        _T.TRAILING_STOP_LIMIT: frozenset(
            {"amount", "stop_price", "trail_amount", "trail_percent", "price", "limit_offset"}
        ),
    }
)

_FIELDS = (
    "amount",
    "quote_amount",
    "price",
    "stop_price",
    "trailing_delta",
    "trail_amount",
    "trail_percent",
    "limit_offset",
    "iceberg_amount",
)


def check_shape(request: OrderRequest) -> None:
    """Refuse a request that does not make sense, whatever the market.

    Raises:
        VenueReject: MISSING, NOT_ALLOWED, NOT_POSITIVE or ICEBERG_AMOUNT.
    """
    kind = request.type
    for need in _NEEDS[kind]:
        if all(getattr(request, name) is None for name in need.split("|")):
            raise VenueReject(
                RejectReason.MISSING, f"a {kind.value} order needs {need.replace('|', ' or ')}"
            )
    for name in _FIELDS:
        value: Decimal | int | None = getattr(request, name)
        if value is None:
            continue
        if name not in _TAKES[kind]:
            raise VenueReject(RejectReason.NOT_ALLOWED, f"a {kind.value} order takes no {name}")
        if value <= 0 and name != "limit_offset":
            raise VenueReject(RejectReason.NOT_POSITIVE, f"{name} {value} is not positive")
    _check_combinations(request)


def _check_combinations(request: OrderRequest) -> None:
    if request.type is OrderType.MARKET and (request.amount is None) == (
        request.quote_amount is None
    ):
        raise VenueReject(
            RejectReason.MISSING, "a market order needs either amount or quote_amount"
        )
    if request.trail_amount is not None and request.trail_percent is not None:
        raise VenueReject(RejectReason.NOT_ALLOWED, "trail_amount excludes trail_percent")
    if request.post_only and (
        request.type is not OrderType.LIMIT
        or request.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}
    ):
        raise VenueReject(RejectReason.NOT_ALLOWED, "post_only is for limit orders that may rest")
    if (request.time_in_force is TimeInForce.GTD) != (request.expires_at is not None):
        raise VenueReject(RejectReason.MISSING, "GTD and expires_at go together")
    _check_iceberg(request)


def _check_iceberg(request: OrderRequest) -> None:
    iceberg, amount = request.iceberg_amount, request.amount
    if iceberg is None or amount is None:
        return
    if request.time_in_force is not TimeInForce.GTC:
        raise VenueReject(RejectReason.ICEBERG_AMOUNT, "an iceberg order must be GTC")
    if iceberg > amount:
        raise VenueReject(
            RejectReason.ICEBERG_AMOUNT, f"iceberg_amount {iceberg} is above the amount {amount}"
        )
