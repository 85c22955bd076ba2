"""The truth as JSON: every account's orders, fills, balances, as the venue holds them."""

from __future__ import annotations

from typing import Any

from real_trade.model import to_ms
from real_trade.paper.values import VenueFill, VenueOrder
from real_trade.paper.venue import Venue
from real_trade.simulator.spot.words import order_type

__all__ = ["account_ledger"]


def account_ledger(venue: Venue, account: str) -> dict[str, Any]:
    """Return the books of one account; numbers are exact, as text."""
    return {
        "balances": {
            asset: {"free": f"{balance.free:f}", "locked": f"{balance.locked:f}"}
            for asset, balance in venue.balances(account).items()
        },
        "orders": [_order(venue, order) for order in venue.orders(account)],
        "fills": [_fill(venue, fill) for fill in venue.fills(account)],
        "positions": [],
    }


def _order(venue: Venue, order: VenueOrder) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "native": venue.instruments[order.symbol].native,
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "list_id": order.list_id,
        "side": order.side.name,
        "type": order_type(order),
        "status": order.status.value,
        "amount": f"{order.amount:f}",
        "price": None if order.price is None else f"{order.price:f}",
        "stop_price": None if order.stop_price is None else f"{order.stop_price:f}",
        "filled": f"{order.filled:f}",
        "quote_filled": f"{order.quote_filled:f}",
        "created_ms": to_ms(order.created_at),
        "updated_ms": to_ms(order.updated_at),
    }


def _fill(venue: Venue, fill: VenueFill) -> dict[str, Any]:
    return {
        "symbol": fill.symbol,
        "native": venue.instruments[fill.symbol].native,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "side": fill.side.name,
        "price": f"{fill.price:f}",
        "amount": f"{fill.amount:f}",
        "quote_amount": f"{fill.quote_amount:f}",
        "fee": f"{fill.fee:f}",
        "fee_asset": fill.fee_asset,
        "is_maker": fill.is_maker,
        "time_ms": to_ms(fill.time),
    }
