"""The only place that turns Backtrader's floats into exact figures, and its orders into intents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import backtrader as bt

from real_trade.model import OrderIntent, OrderType, Side, TimeInForce

__all__ = ["DATA", "INFO", "TRADE", "Untranslatable", "check_request", "exact", "intent_of"]

# Tags of an intent: the feed's name, Backtrader's trade id, and what a strategy put into `info`.
DATA, TRADE, INFO = "data", "trade", "info"
_PLAIN = (str, int, float, bool, type(None))

_TYPES = {
    bt.Order.Market: OrderType.MARKET,
    bt.Order.Limit: OrderType.LIMIT,
    bt.Order.Stop: OrderType.STOP,
    bt.Order.StopLimit: OrderType.STOP_LIMIT,
    bt.Order.StopTrail: OrderType.TRAILING_STOP,
    bt.Order.StopTrailLimit: OrderType.TRAILING_STOP_LIMIT,
}
_TRAILING = frozenset({OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT})
_HALF_MS = timedelta(microseconds=500)


class Untranslatable(ValueError):
    """What the strategy asked for is no order; the text says why."""


def exact(value: object, what: str) -> Decimal:
    """Return a positive, finite number as the shortest decimal that reads the same.

    Raises:
        Untranslatable: NaN, infinite, zero, negative, text or bool.
    """
    if value is None or isinstance(value, (bool, str, bytes)):
        raise Untranslatable(f"{what} must be a number, not {value!r}")
    try:
        number = value if isinstance(value, Decimal) else Decimal(repr(float(cast(Any, value))))
        sound = number.is_finite()
    except (TypeError, ValueError, ArithmeticError):
        raise Untranslatable(f"{what} must be a number, not {value!r}") from None
    if not sound or number <= 0:
        raise Untranslatable(f"{what} must be above zero and finite, not {value!r}")
    return number


def check_request(asked: Mapping[str, Any], quote_amount: object = None) -> None:
    """Check what a strategy passed, before Backtrader's order takes 0 or True for something else.

    Args:
        asked: the arguments of `buy` or `sell` by name.
        quote_amount: how much of the quote asset to spend or receive; the size then says nothing.

    Raises:
        Untranslatable: a figure that the order's type uses is no positive number.
    """
    kind = _kind(asked.get("exectype"))
    if quote_amount is None:
        exact(asked["size"], "size")
    used = [] if kind is OrderType.MARKET else ["price"]
    used += ["plimit"] if kind.is_conditional and kind.has_limit else []
    used += ["trailamount", "trailpercent"] if kind in _TRAILING else []
    for what in used:
        _optional(asked.get(what), what)
    valid = asked.get("valid")
    if isinstance(valid, (bool, str, bytes)) or not isinstance(
        valid, (date, timedelta, int, float, type(None))
    ):
        raise Untranslatable(_bad_validity(valid))


def _kind(exectype: object) -> OrderType:
    kind = _TYPES.get(bt.Order.Market if exectype is None else exectype)
    if kind is None:
        known = range(len(bt.Order.ExecTypes))
        name = bt.Order.ExecTypes[exectype] if exectype in known else repr(exectype)
        raise Untranslatable(
            f"{name} orders have no counterpart at an exchange; use Market or Limit"
        )
    return kind


def intent_of(order: bt.Order, symbol: str, client_order_id: str, now: datetime) -> OrderIntent:
    """Return the intent of a Backtrader order.

    Args:
        order: made by `buy` or `sell`; keywords such as `post_only` are in its `info`.
        symbol: unified name of what it trades.
        client_order_id: ours, new.
        now: the time of the decision.

    Raises:
        Untranslatable: a figure is no figure, or the order's type has no counterpart.
    """
    kind = _kind(order.exectype)
    force, expires = _validity(order)
    quote = order.info.get("quote_amount")
    trail = kind in _TRAILING
    return OrderIntent(
        client_order_id=client_order_id,
        symbol=symbol,
        side=Side.BUY if order.isbuy() else Side.SELL,
        type=kind,
        created_at=now,
        amount=None if quote is not None else exact(abs(order.created.size), "size"),
        quote_amount=None if quote is None else exact(quote, "quote_amount"),
        price=_limit(order, kind),
        stop_price=_stop(order, kind),
        trail_amount=_optional(order.trailamount, "trailamount") if trail else None,
        trail_percent=_optional(order.trailpercent, "trailpercent") if trail else None,
        limit_offset=_offset(order, kind),
        time_in_force=force,
        expires_at=expires,
        post_only=bool(order.info.get("post_only", False)),
        reduce_only=bool(order.info.get("reduce_only", False)),
        tags=_tags(order),
    )


def _tags(order: bt.Order) -> tuple[tuple[str, str], ...]:
    """Return what Backtrader knows of an order and no exchange does, for the journal."""
    told = {name: value for name, value in order.info.items() if isinstance(value, _PLAIN)}
    tags = {
        DATA: str(order.data._name or ""),
        TRADE: str(order.tradeid) if order.tradeid else "",
        INFO: json.dumps(told, sort_keys=True) if told else "",
    }
    return tuple((name, text) for name, text in tags.items() if text)


def _limit(order: bt.Order, kind: OrderType) -> Decimal | None:
    if kind is OrderType.LIMIT:
        return exact(order.created.price, "price")
    if kind is OrderType.STOP_LIMIT:
        return exact(order.created.pricelimit, "plimit")
    return None


def _stop(order: bt.Order, kind: OrderType) -> Decimal | None:
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
        return exact(order.created.price, "price")
    if kind in _TRAILING:  # where it trails from; the last price, unless told
        return _optional(order.p.price or order.p.pricelimit or None, "price")
    return None


def _offset(order: bt.Order, kind: OrderType) -> Decimal | None:
    """Return how far past the trigger the limit is, as `Order.trailadjust` keeps it."""
    if kind is not OrderType.TRAILING_STOP_LIMIT:
        return None
    price = exact(order.p.price or order.p.pricelimit or order.created.pclose, "price")
    limit = exact(order.p.pricelimit or price, "plimit")
    return limit - price if order.isbuy() else price - limit


def _optional(value: object, what: str) -> Decimal | None:
    return None if value is None else exact(value, what)


def _validity(order: bt.Order) -> tuple[TimeInForce, datetime | None]:
    asked = order.info.get("tif")
    if asked is not None:
        try:
            return TimeInForce(str(asked).upper()), None
        except ValueError:
            known = ", ".join(member.value for member in TimeInForce)
            raise Untranslatable(f"tif {asked!r} is unknown (known: {known})") from None
    valid: Any = order.p.valid
    if valid is None:
        return TimeInForce.GTC, None
    # Backtrader's 0 means the session that this bar belongs to.
    until = order.dteos if not order.valid else order.valid
    if not isinstance(until, float):
        raise Untranslatable(_bad_validity(valid))
    try:
        # Day floats hold about ten microseconds, so the nearest millisecond is the true one.
        time = bt.num2date(until) + _HALF_MS
    except (ValueError, OverflowError):
        raise Untranslatable(_bad_validity(valid)) from None
    whole = time.microsecond // 1000 * 1000
    return TimeInForce.GTD, time.replace(microsecond=whole, tzinfo=UTC)


def _bad_validity(valid: object) -> str:
    return f"valid must be None, a timedelta, a datetime, a day number or 0, not {valid!r}"
