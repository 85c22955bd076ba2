"""Between the venue's words and the boundary's: intents in, reports, fills and errors out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from real_trade.exchange.errors import (
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    Rejected,
    UnknownSymbol,
)
from real_trade.model import (
    Evidence,
    Fill,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    TimeInForce,
)
from real_trade.model.numbers import ZERO
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest, VenueFill, VenueOrder

__all__ = ["fill_of", "rejection_of", "report_of", "request_of"]

_ERRORS: Mapping[RejectReason, type[Rejected]] = MappingProxyType(
    {
        RejectReason.INSUFFICIENT_BALANCE: InsufficientFunds,
        RejectReason.INSUFFICIENT_MARGIN: InsufficientFunds,
        RejectReason.UNKNOWN_ORDER: OrderNotFound,
        RejectReason.DUPLICATE_CLIENT_ORDER_ID: DuplicateOrder,
        RejectReason.UNKNOWN_SYMBOL: UnknownSymbol,
    }
)


def request_of(intent: OrderIntent) -> OrderRequest:
    """Return the venue's request for an intent; a market order's price is left out."""
    has_price = intent.type.has_limit
    has_stop = intent.type.is_conditional
    expires_at = intent.expires_at if intent.time_in_force is TimeInForce.GTD else None
    return OrderRequest(
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        amount=intent.amount,
        quote_amount=intent.quote_amount if intent.type is OrderType.MARKET else None,
        price=intent.price if has_price else None,
        stop_price=intent.stop_price if has_stop else None,
        trail_amount=intent.trail_amount,
        trail_percent=intent.trail_percent,
        limit_offset=intent.limit_offset,
        time_in_force=intent.time_in_force,
        expires_at=expires_at,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        client_order_id=intent.client_order_id,
    )


def report_of(
    order: VenueOrder, evidence: Evidence, fills: Iterable[VenueFill] = ()
) -> OrderReport:
    """Return an order as the boundary tells it."""
    state = order.status.state
    if state is OrderState.EXPIRED and order.insufficient_funds and not order.filled:
        state = OrderState.REJECTED
    return OrderReport(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        state=state,
        time=order.updated_at,
        evidence=evidence,
        exchange_order_id=str(order.order_id),
        side=order.side,
        type=order.request.type,
        amount=order.amount or None,
        price=order.price,
        stop_price=order.stop_price,
        filled=order.filled,
        quote_filled=order.quote_filled,
        average_price=order.average_price,
        fills=tuple(fill_of(fill) for fill in fills),
        reason=order.reason,
        insufficient_funds=order.insufficient_funds,
    )


def fill_of(fill: VenueFill) -> Fill:
    """Return a fill as the boundary tells it."""
    return Fill(
        trade_id=str(fill.trade_id),
        symbol=fill.symbol,
        client_order_id=fill.client_order_id,
        exchange_order_id=str(fill.order_id),
        side=fill.side,
        amount=fill.amount,
        price=fill.price,
        fee=fill.fee or ZERO,
        fee_asset=fill.fee_asset,
        is_maker=fill.is_maker,
        realized_pnl=fill.realized_pnl,
        time=fill.time,
    )


def rejection_of(refused: VenueReject) -> Rejected:
    """Return a refusal as the boundary raises it."""
    kind = _ERRORS.get(refused.reason, InvalidOrder)
    return kind(refused.detail, code=refused.reason.value, remedy=refused.remedy)
