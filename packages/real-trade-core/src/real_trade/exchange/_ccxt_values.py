"""Turns ccxt's unified structures into model values. ccxt was told to keep numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from real_trade.model import (
    Balance,
    Bar,
    Evidence,
    Fill,
    Instrument,
    Market,
    OrderReport,
    OrderState,
    OrderType,
    Position,
    Side,
    Ticker,
    Timeframe,
    decimal,
    from_ms,
)
from real_trade.utils.errors import ConfigurationError

__all__ = [
    "balances_from",
    "bar_from",
    "fill_from",
    "instrument_from",
    "is_of",
    "position_from",
    "report_from",
    "ticker_from",
]

Raw = Mapping[str, Any]
_ZERO = Decimal(0)

_STATES = {
    "open": OrderState.ACCEPTED,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "canceling": OrderState.PENDING_CANCEL,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
_TYPES = {"market": OrderType.MARKET, "limit": OrderType.LIMIT}


def number(value: Any, what: str = "value") -> Decimal | None:
    """Return `value` as an exact number, None for None."""
    return None if value is None or value == "" else decimal(value, what)


def is_of(raw: Raw, market: Market) -> bool:
    """Return whether ccxt's market `raw` belongs to `market`."""
    if market is Market.SPOT:
        return bool(raw.get("spot"))
    settled = raw.get("linear") if market is Market.FUTURE else raw.get("inverse")
    return bool(raw.get("contract") and settled and not raw.get("option"))


def instrument_from(raw: Raw, market: Market, precision_mode: int) -> Instrument:
    """Return the instrument that ccxt's market `raw` describes."""
    limits = raw.get("limits") or {}
    amounts, prices, costs = (limits.get(name) or {} for name in ("amount", "price", "cost"))
    precision = raw["precision"]
    expiry = raw.get("expiry")
    return Instrument(
        symbol=raw["symbol"],
        native=raw["id"],
        base=raw["base"],
        quote=raw["quote"],
        settle=raw.get("settle") or raw["quote"],
        market=market,
        price_step=_step(precision.get("price"), precision_mode, raw["symbol"]),
        amount_step=_step(precision.get("amount"), precision_mode, raw["symbol"]),
        min_price=number(prices.get("min")) or _ZERO,
        max_price=number(prices.get("max")) or _ZERO,
        min_amount=number(amounts.get("min")) or _ZERO,
        max_amount=number(amounts.get("max")) or _ZERO,
        min_notional=number(costs.get("min")) or _ZERO,
        max_notional=number(costs.get("max")) or _ZERO,
        contract_size=number(raw.get("contractSize")) or Decimal(1),
        maker_fee=_text_number(raw.get("maker")),
        taker_fee=_text_number(raw.get("taker")),
        expiry=from_ms(int(expiry)) if expiry else None,
        active=raw.get("active") is not False,
    )


def _text_number(value: Any) -> Decimal | None:
    # ccxt writes standard fees into its own source as floats; their text is what was meant.
    return None if value is None else decimal(str(value))


def _step(value: Any, mode: int, symbol: str) -> Decimal:
    """Return a step from ccxt's precision: mode 2 counts decimal places, 4 gives the step."""
    if value is None:
        return _ZERO
    if mode == 4:
        return decimal(str(value))
    if mode == 2:
        return Decimal(1).scaleb(-int(value))
    raise ConfigurationError(
        f"{symbol} counts significant digits, which an Instrument cannot say",
        remedy="override `instrument` in the exchange's class",
    )


def balances_from(raw: Raw) -> dict[str, Balance]:
    """Return all assets of ccxt's balance structure that are not zero."""
    free, used = raw.get("free") or {}, raw.get("used") or {}
    found = {}
    for asset in free:
        balance = Balance(
            asset=asset,
            free=number(free[asset]) or _ZERO,
            locked=number(used.get(asset)) or _ZERO,
        )
        if balance.total:
            found[asset] = balance
    return found


def position_from(raw: Raw) -> Position:
    """Return a position; ccxt's `contracts` is unsigned."""
    amount = number(raw.get("contracts")) or _ZERO
    return Position(
        symbol=raw["symbol"],
        amount=-amount if raw.get("side") == "short" else amount,
        entry_price=number(raw.get("entryPrice")) or _ZERO,
        mark_price=number(raw.get("markPrice")),
        liquidation_price=number(raw.get("liquidationPrice")),
        leverage=number(raw.get("leverage")),
    )


def bar_from(row: list[Any], symbol: str, timeframe: Timeframe, now: datetime) -> Bar:
    """Return a bar from ccxt's row; it is closed once its end has passed at `now`."""
    open_time = from_ms(int(row[0]))
    return Bar(
        symbol=symbol,
        timeframe=timeframe,
        open_time=open_time,
        open=row[1],
        high=row[2],
        low=row[3],
        close=row[4],
        volume=row[5] if row[5] is not None else _ZERO,
        closed=timeframe.add(open_time) <= now,
    )


def ticker_from(raw: Raw, symbol: str, now: datetime) -> Ticker:
    """Return a ticker; where bid or ask are missing the last price stands for them."""
    last = raw["last"]
    stamp = raw.get("timestamp")
    return Ticker(
        symbol=symbol,
        last=last,
        bid=raw.get("bid") or last,
        ask=raw.get("ask") or last,
        time=from_ms(int(stamp)) if stamp else now,
    )


def fill_from(raw: Raw) -> Fill:
    """Return a fill from ccxt's trade structure; the client order id is not told there."""
    fee = raw.get("fee") or {}
    return Fill(
        trade_id=str(raw["id"]),
        symbol=raw["symbol"],
        client_order_id=str(raw.get("clientOrderId") or ""),
        exchange_order_id=str(raw.get("order") or ""),
        side=Side(raw["side"]),
        amount=raw["amount"],
        price=raw["price"],
        fee=number(fee.get("cost")) or _ZERO,
        fee_asset=fee.get("currency") or "",
        is_maker=raw.get("takerOrMaker") == "maker",
        time=from_ms(int(raw["timestamp"])),
    )


def report_from(
    raw: Raw, symbol: str, client_order_id: str, evidence: Evidence, now: datetime
) -> OrderReport:
    """Return a report from ccxt's order structure."""
    filled = number(raw.get("filled"), "filled") or _ZERO
    stamp = raw.get("lastUpdateTimestamp") or raw.get("timestamp")
    return OrderReport(
        client_order_id=str(raw.get("clientOrderId") or client_order_id),
        symbol=symbol,
        state=_state(raw, filled),
        time=from_ms(int(stamp)) if stamp else now,
        evidence=evidence,
        exchange_order_id=_id(raw),
        side=Side(raw["side"]) if raw.get("side") else None,
        type=_TYPES.get(str(raw.get("type"))),
        amount=number(raw.get("amount"), "amount"),
        price=number(raw.get("price"), "price"),
        stop_price=number(raw.get("stopPrice"), "stop price"),
        filled=filled,
        quote_filled=number(raw.get("cost"), "cost"),
        average_price=number(raw.get("average"), "average price"),
        fills=tuple(fill_from(trade) for trade in raw.get("trades") or ()),
    )


def _id(raw: Raw) -> str:
    if not raw["id"]:
        raise ValueError("the order has no id")
    return str(raw["id"])


def _state(raw: Raw, filled: Decimal) -> OrderState:
    # An answer to a new order may tell its id alone: then it was accepted.
    state = _STATES[raw.get("status") or "open"]
    if state is OrderState.ACCEPTED and filled > 0:
        return OrderState.PARTIALLY_FILLED
    return state
