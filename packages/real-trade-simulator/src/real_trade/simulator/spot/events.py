"""What an account hears of its own orders and balances.

Source: spot documentation, user-data-stream.md.
"""

from __future__ import annotations

from typing import Any

from real_trade.model import to_ms
from real_trade.paper.events import (
    BalancesChanged,
    Execution,
    ListUpdated,
    OrderUpdated,
    VenueEvent,
)
from real_trade.paper.values import ListStatus, VenueOrder
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.words import contingency, expiry_reason, order_type
from real_trade.simulator.texts import milliseconds, written

__all__ = ["UserEvents"]


class UserEvents:
    """Turns the venue's events into Binance's."""

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange

    def translate(self, event: VenueEvent) -> list[dict[str, Any]]:
        """Return what the account hears of `event`, in order."""
        if isinstance(event, OrderUpdated):
            return [self._execution(event)]
        if isinstance(event, BalancesChanged):
            return self._balances(event)
        if isinstance(event, ListUpdated):
            return [self._list(event)]
        return []

    def _execution(self, event: OrderUpdated) -> dict[str, Any]:
        order, request, fill = event.order, event.order.request, event.fill
        ms = to_ms(event.time)
        canceled = event.execution is Execution.CANCELED
        found: dict[str, Any] = {
            "e": "executionReport",
            "E": ms,
            "s": self._exchange.native(order.symbol),
            "c": event.cancel_id or order.client_order_id if canceled else order.client_order_id,
            "S": order.side.name,
            "o": order_type(order),
            "f": request.time_in_force.value,
            "q": written(order.amount),
            "p": written(order.price if request.type.has_limit else None),
            "P": written(order.stop_price),
            "F": written(request.iceberg_amount),
            "g": -1 if order.list_id is None else order.list_id,
            "C": order.client_order_id if canceled else "",
            "x": event.execution.value,
            "X": order.status.value,
            "r": "NONE",
            "i": order.order_id,
            "l": written(fill.amount if fill else None),
            "z": written(order.filled),
            "L": written(fill.price if fill else None),
            "n": written(fill.fee) if fill else "0",
            "N": fill.fee_asset if fill else None,
            "T": ms,
            "t": fill.trade_id if fill else -1,
            "I": self._exchange.executions.count,
            "w": order.is_working and order.status.is_open,
            "m": fill.is_maker if fill else False,
            "M": fill is not None,
            "O": to_ms(order.created_at),
            "Z": written(order.quote_filled),
            "Y": written(fill.quote_amount if fill else None),
            "Q": written(request.quote_amount),
        }
        if order.working_at is not None:
            found["W"] = milliseconds(order.working_at)
        found["V"] = order.self_trade_prevention.value
        found.update(_conditional(event, order))
        return found

    def _balances(self, event: BalancesChanged) -> list[dict[str, Any]]:
        ms = to_ms(event.time)
        found: list[dict[str, Any]] = [
            {
                "e": "outboundAccountPosition",
                "E": ms,
                "u": ms,
                "B": [
                    {
                        "a": balance.asset,
                        "f": written(balance.free),
                        "l": written(balance.locked),
                    }
                    for balance in event.balances
                ],
            }
        ]
        found.extend(
            {"e": "balanceUpdate", "E": ms, "a": asset, "d": written(amount), "T": ms}
            for asset, amount in event.deltas
        )
        return found

    def _list(self, event: ListUpdated) -> dict[str, Any]:
        one = event.list
        native = self._exchange.native(one.symbol)
        ms = to_ms(event.time)
        started = one.status is ListStatus.EXECUTING
        return {
            "e": "listStatus",
            "E": ms,
            "s": native,
            "g": one.list_id,
            "c": contingency(one.kind),
            "l": "EXEC_STARTED" if started else "ALL_DONE",
            "L": one.status.value,
            "r": "NONE",
            "C": one.client_list_id,
            "T": ms,
            "O": [
                {"s": native, "i": order.order_id, "c": order.client_order_id}
                for order in one.orders
            ],
        }


def _conditional(event: OrderUpdated, order: VenueOrder) -> dict[str, Any]:
    """Return the fields that only some reports have ("Conditional fields in Execution Report")."""
    found: dict[str, Any] = {}
    request = order.request
    if request.trailing_delta is not None:
        found["d"] = request.trailing_delta
        if order.trailing_at is not None:
            found["D"] = milliseconds(order.trailing_at)
    if request.strategy_id is not None:
        found["j"] = request.strategy_id
    if request.strategy_type is not None:
        found["J"] = request.strategy_type
    if event.execution is Execution.TRADE_PREVENTION or order.prevented_amount:
        found["A"] = written(order.prevented_amount)
        found["B"] = written(event.prevented_amount)
        if event.prevented_order_id is not None:
            found["v"] = order.order_id
            found["u"] = event.prevented_order_id
            found["U"] = event.prevented_order_id
            found["pl"] = written(event.prevented_amount)
            found["pL"] = written(event.prevented_price)
            found["pY"] = written(event.prevented_amount * (event.prevented_price or 0))
    reason = expiry_reason(order)
    if reason:
        found["eR"] = reason
    return found
