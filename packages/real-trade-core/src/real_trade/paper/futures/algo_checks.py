"""What an algo order must look like before it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from real_trade.model import Instrument, OrderType, TimeInForce
from real_trade.paper.futures.values import (
    AlgoRequest,
    FuturesRequest,
    PositionSide,
    PriceMatch,
)
from real_trade.paper.rejects import RejectReason, VenueReject

__all__ = ["check_algo", "condition_of"]

_KINDS = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
        OrderType.TRAILING_STOP,
    }
)
# Bounds of Binance's callbackRate, 0.1 to 10 percent.
_LEAST_RATE, _MOST_RATE = Decimal("0.001"), Decimal("0.1")


def check_algo(request: AlgoRequest, others: Sequence[AlgoRequest]) -> None:
    """Refuse what makes no sense, or is there already among the account's open algo orders.

    Raises:
        VenueReject: MISSING, NOT_ALLOWED, CALLBACK_RATE, DUPLICATE_CLIENT_ALGO_ID or
            CLOSE_POSITION_EXISTS.
    """
    if request.type not in _KINDS:
        _refuse(f"a {request.type.value} order is not for the algo service")
    if request.type is OrderType.TRAILING_STOP:
        _check_trailing(request)
    elif request.callback_rate is not None or request.activation_price is not None:
        _refuse("callback_rate and activation_price are for trailing stops")
    elif request.trigger_price is None:
        _miss("trigger_price")
    _check_price(request)
    _check_close(request)
    if (request.time_in_force is TimeInForce.GTD) is not (request.expires_at is not None):
        _miss("expires_at with GTD, and GTD with expires_at")
    _check_others(request, others)


def condition_of(request: AlgoRequest, instrument: Instrument) -> FuturesRequest:
    """Return the ordinary conditional order that has the same shape, for the filters."""
    trails = request.type is OrderType.TRAILING_STOP
    one_way = request.position_side is PositionSide.BOTH
    price = request.price
    if request.type.has_limit and price is None:
        price = request.trigger_price
    return FuturesRequest(
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        amount=request.amount or max(instrument.min_amount, instrument.amount_step),
        price=price,
        stop_price=request.activation_price if trails else request.trigger_price,
        trail_percent=request.callback_rate if trails else None,
        position_side=request.position_side,
        reduce_only=one_way and (request.reduce_only or request.close_position),
        time_in_force=request.time_in_force,
        expires_at=request.expires_at,
    )


def _check_trailing(request: AlgoRequest) -> None:
    rate = request.callback_rate
    if rate is None:
        _miss("callback_rate")
    elif not _LEAST_RATE <= rate <= _MOST_RATE:
        raise VenueReject(
            RejectReason.CALLBACK_RATE, f"callback_rate {rate} is not {_LEAST_RATE} to {_MOST_RATE}"
        )
    if request.trigger_price is not None:
        _refuse("a trailing stop takes an activation_price, no trigger_price")


def _check_price(request: AlgoRequest) -> None:
    matches = request.price_match is not PriceMatch.NONE
    if not request.type.has_limit:
        if request.price is not None or matches:
            _refuse(f"a {request.type.value} order takes no price")
    elif (request.price is None) is not matches:
        _miss("either price or price_match")


def _check_close(request: AlgoRequest) -> None:
    if not request.close_position:
        if request.amount is None:
            _miss("amount")
        return
    if request.amount is not None or request.reduce_only:
        _refuse("close_position excludes amount and reduce_only")
    if request.type not in {OrderType.STOP, OrderType.TAKE_PROFIT}:
        _refuse(f"a {request.type.value} order cannot close the position")


def _check_others(request: AlgoRequest, others: Sequence[AlgoRequest]) -> None:
    for other in others:
        if request.client_algo_id and other.client_algo_id == request.client_algo_id:
            raise VenueReject(
                RejectReason.DUPLICATE_CLIENT_ALGO_ID,
                f"an open algo order has the id {request.client_algo_id!r}",
            )
        same = (other.symbol, other.side, other.position_side, other.type) == (
            request.symbol,
            request.side,
            request.position_side,
            request.type,
        )
        if same and request.close_position and other.close_position:
            raise VenueReject(
                RejectReason.CLOSE_POSITION_EXISTS,
                f"a {request.type.value} order that closes the position is open already",
            )


def _miss(what: str) -> None:
    raise VenueReject(RejectReason.MISSING, f"an algo order needs {what}")


def _refuse(detail: str) -> None:
    raise VenueReject(RejectReason.NOT_ALLOWED, detail)
