"""The only place that turns Backtrader's floats into exact figures, and its orders into intents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import backtrader as bt

from real_trade.model import OrderIntent, OrderType, Side, TimeInForce

__all__ = ["Untranslatable", "exact", "intent_of"]

_TYPES = {
    bt.Order.Market: OrderType.MARKET,
    bt.Order.Limit: OrderType.LIMIT,
    bt.Order.Stop: OrderType.STOP,
    bt.Order.StopLimit: OrderType.STOP_LIMIT,
    bt.Order.StopTrail: OrderType.TRAILING_STOP,
    bt.Order.StopTrailLimit: OrderType.TRAILING_STOP_LIMIT,
}
_ASKED = ("post_only", "reduce_only", "tif", "quote_amount")


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
    kind = _TYPES.get(order.exectype)
    if kind is None:
        name = bt.Order.ExecTypes[order.exectype]
        raise Untranslatable(
            f"{name} orders have no counterpart at an exchange; use Market or Limit"
        )
    force, expires = _validity(order)
    quote = order.info.get("quote_amount")
    trail = kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}
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
    )


def _limit(order: bt.Order, kind: OrderType) -> Decimal | None:
    if kind is OrderType.LIMIT:
        return exact(order.created.price, "price")
    if kind is OrderType.STOP_LIMIT:
        return exact(order.created.pricelimit, "plimit")
    return None


def _stop(order: bt.Order, kind: OrderType) -> Decimal | None:
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
        return exact(order.created.price, "price")
    if kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}:
        return _optional(order.p.price, "price")  # what the trail is measured from
    return None


def _offset(order: bt.Order, kind: OrderType) -> Decimal | None:
    if kind is not OrderType.TRAILING_STOP_LIMIT:
        return None
    sign = 1 if order.isbuy() else -1
    distance = exact(order.p.pricelimit, "plimit") - exact(order.p.price, "price")
    return distance * sign


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
    if not order.valid:  # Backtrader's 0 and DAY: the session that this bar belongs to
        return TimeInForce.GTD, bt.num2date(order.dteos).replace(tzinfo=UTC)
    if isinstance(valid, timedelta) or isinstance(order.valid, float):
        return TimeInForce.GTD, bt.num2date(order.valid).replace(tzinfo=UTC)
    raise Untranslatable(f"valid must be None, a timedelta, a datetime or 0, not {valid!r}")
