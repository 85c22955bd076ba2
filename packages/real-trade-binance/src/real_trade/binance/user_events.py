"""Spot's account events as values (Binance, "User data streams")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from real_trade.binance.spot_orders import order_type
from real_trade.binance.words import STATES
from real_trade.model import (
    AccountUpdate,
    Balance,
    Evidence,
    Fill,
    OrderReport,
    OrderState,
    Side,
    decimal,
    from_ms,
)

__all__ = ["SPOT_EVENTS"]

Raw = Mapping[str, Any]
_FUNDS = frozenset({"INSUFFICIENT_BALANCE", "INSUFFICIENT_BALANCES"})
# An order's own id moves to C when the event is about a request that had an id of its own.
_REQUESTS = frozenset({"CANCELED", "REPLACED"})


def _order(event: Raw, symbol: Callable[[str], str]) -> OrderReport:
    client_order_id = (event["x"] in _REQUESTS and event.get("C")) or event["c"]
    state = STATES[event["X"]]
    filled, quote = decimal(event["z"], "z"), decimal(event["Z"], "Z")
    unified, side = symbol(event["s"]), Side[event["S"]]
    reason = event.get("r", "NONE")
    traded = event["x"] == "TRADE"
    fills = (_fill(event, unified, side, client_order_id),) if traded else ()
    return OrderReport(
        client_order_id=client_order_id,
        symbol=unified,
        state=state,
        time=from_ms(event["T"]),
        evidence=Evidence.STREAM,
        exchange_order_id=str(event["i"]),
        side=side,
        type=order_type(event, event["o"]),
        amount=event["q"],
        price=decimal(event["p"], "p") or None,
        stop_price=decimal(event["P"], "P") or None,
        filled=filled,
        quote_filled=quote,
        average_price=quote / filled if filled > 0 and quote > 0 else None,
        fills=fills,
        reason=_reason(event, reason),
        insufficient_funds=state is OrderState.REJECTED and reason in _FUNDS,
    )


def _fill(event: Raw, symbol: str, side: Side, client_order_id: str) -> Fill:
    return Fill(
        trade_id=str(event["t"]),
        symbol=symbol,
        client_order_id=client_order_id,
        exchange_order_id=str(event["i"]),
        side=side,
        amount=event["l"],
        price=event["L"],
        fee=decimal(event["n"] or "0", "n"),
        fee_asset=event["N"] or "",
        is_maker=event["m"],
        time=from_ms(event["T"]),
    )


def _reason(event: Raw, reason: str) -> str:
    told = str(event.get("eR") or "")
    return told or ("" if reason == "NONE" else reason.lower())


def _balances(event: Raw, symbol: Callable[[str], str]) -> AccountUpdate:  # noqa: ARG001 - a table
    return AccountUpdate(
        balances=tuple(
            Balance(asset=one["a"], free=one["f"], locked=one["l"]) for one in event["B"]
        ),
        reason="order",
        time=from_ms(event["u"]),
    )


def _transfer(event: Raw, symbol: Callable[[str], str]) -> AccountUpdate:  # noqa: ARG001 - a table
    # A change, not a figure: the figure comes beside it in outboundAccountPosition.
    delta = decimal(event["d"], "d")
    return AccountUpdate(
        reason=f"{'deposit' if delta > 0 else 'withdrawal'} {abs(delta)} {event['a']}",
        time=from_ms(event["T"]),
    )


SPOT_EVENTS: dict[str, Callable[[Raw, Callable[[str], str]], OrderReport | AccountUpdate]] = {
    "executionReport": _order,
    "outboundAccountPosition": _balances,
    "balanceUpdate": _transfer,
}
"""What reads each kind of event; the second argument turns a native symbol into a unified one."""
