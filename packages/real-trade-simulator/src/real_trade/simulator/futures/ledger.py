"""The truth about one futures account as JSON: orders, fills, wallets and positions."""

from __future__ import annotations

from typing import Any

from real_trade.model import to_ms
from real_trade.paper.futures import AlgoOrder, FuturesVenue, PositionState
from real_trade.simulator.futures.words import algo_type
from real_trade.simulator.ledger import account_ledger

__all__ = ["futures_ledger"]


def futures_ledger(venue: FuturesVenue, account: str) -> dict[str, Any]:
    """Return the books of one account; numbers are exact, as text."""
    return {
        **account_ledger(venue, account),
        "wallets": {
            asset: {
                "wallet": f"{margin.wallet:f}",
                "unrealized": f"{margin.unrealized:f}",
                "available": f"{margin.available:f}",
            }
            for asset, margin in venue.margins(account).items()
        },
        "positions": [_position(venue, one) for one in venue.positions(account)],
        "algo_orders": [_algo(venue, one) for one in venue.algo_orders(account)],
    }


def _position(venue: FuturesVenue, one: PositionState) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "native": venue.instruments[one.symbol].native,
        "side": one.side.value,
        "amount": f"{one.amount:f}",
        "entry_price": f"{one.entry_price:f}",
        "unrealized": f"{one.unrealized:f}",
        "realized": f"{one.realized:f}",
        "margin_type": one.margin_type.value,
        "leverage": one.leverage,
    }


def _algo(venue: FuturesVenue, one: AlgoOrder) -> dict[str, Any]:
    trigger = one.trigger_price
    return {
        "symbol": one.symbol,
        "native": venue.instruments[one.symbol].native,
        "algo_id": one.algo_id,
        "client_algo_id": one.client_algo_id,
        "side": one.request.side.name,
        "type": algo_type(one),
        "status": one.status.value,
        "trigger_price": None if trigger is None else f"{trigger:f}",
        "order_id": one.order_id,
        "created_ms": to_ms(one.created_at),
        "updated_ms": to_ms(one.updated_at),
    }
