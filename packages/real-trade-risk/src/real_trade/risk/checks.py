"""The limits that every entry passes, as a table: a name, and what it says of a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from real_trade.model.numbers import ZERO
from real_trade.plugins import Denial
from real_trade.risk.limits import Limits
from real_trade.risk.question import Question, Unpriced, show
from real_trade.risk.volumes import Volumes

__all__ = ["Check", "first_denial", "make_checks"]

Check = Callable[[Question], str]
"""Return why the order is against the limit, with value, limit and remedy; "" if it is not."""


def make_checks(limits: Limits, volumes: Volumes) -> tuple[tuple[str, Check], ...]:
    """Return the checks of the limits that are set, in the order of their cost."""
    table: Mapping[str, Check] = {
        **_PLAIN,
        "max_volume_pct": lambda question: _volume(question, volumes),
    }
    return tuple((name, table[name]) for name in table if getattr(limits, name) is not None)


def first_denial(checks: tuple[tuple[str, Check], ...], question: Question) -> Denial | None:
    """Return the first limit's no, or None. A limit that cannot be checked denies."""
    for name, check in checks:
        try:
            reason = check(question)
        except Unpriced as problem:
            return Denial(code="unpriced", reason=f"{name} cannot be checked: {problem}")
        if reason:
            return Denial(code=name, reason=reason)
    return None


# What may be traded, and when


def _symbol(q: Question) -> str:
    allowed = q.limits.allowed_symbols or frozenset()
    if q.intent.symbol in allowed:
        return ""
    return (
        f"{q.intent.symbol} is not among allowed_symbols ({', '.join(sorted(allowed))}): "
        "add it there to trade it"
    )


def _side(q: Question) -> str:
    allowed = q.limits.allowed_sides or frozenset()
    if q.intent.side in allowed:
        return ""
    names = ", ".join(sorted(side.value for side in allowed))
    return f"entries on side {q.intent.side.value} are not among allowed_sides ({names})"


def _hours(q: Question) -> str:
    windows = q.limits.trading_hours or ()
    local = q.limits.day.local(q.now)
    if any(window.holds(local) for window in windows):
        return ""
    text = "; ".join(str(window) for window in windows)
    return f"{local:%a %H:%M} {q.limits.day.zone} is outside trading_hours ({text})"


# How often


def _order_rate(q: Question) -> str:
    full = q.memory.orders.full(q.now)
    if full is None:
        return ""
    return f"max_order_rate {full.rate} is used up until {full.free_at():%H:%M:%S.%f}Z: send fewer"


def _daily_trades(q: Question) -> str:
    used = q.trades_used
    limit = q.limits.max_daily_trades or 0
    if used < limit:
        return ""
    return f"{used} entries today, open ones included; max_daily_trades is {limit}: wait for a day"


def _turnover(q: Question) -> str:
    limit = q.limits.max_daily_turnover or ZERO
    after = q.turnover_used + q.value
    if after <= limit:
        return ""
    text = f"today's entries, open ones included, would come to {_money(q, after)}"
    return f"{text}, above max_daily_turnover {show(limit)}: send less or wait for a day"


# How much


def _order_value(q: Question) -> str:
    limit = q.limits.max_order_value or ZERO
    if q.value <= limit:
        return ""
    text = f"the order is worth {_money(q, q.value)}, above max_order_value {show(limit)}"
    return f"{text}: {_at_most(q, limit, q.value)}"


def _order_share(q: Question) -> str:
    limit = _of_equity(q, q.limits.max_order_pct)
    if q.settle_value <= limit:
        return ""
    text = f"the order is worth {_settle(q, q.settle_value)}, above {_named(q, 'max_order_pct')}"
    return f"{text}: {_at_most(q, limit, q.settle_value)}"


def _position_value(q: Question) -> str:
    limit = q.limits.max_position_value or ZERO
    if q.position_quote <= limit:
        return ""
    text = f"{_position(q)} would be worth {_money(q, q.position_quote)}"
    return f"{text}, above max_position_value {show(limit)}: send less, or cancel open orders"


def _position_share(q: Question) -> str:
    if q.position_settle <= _of_equity(q, q.limits.max_position_pct):
        return ""
    text = f"{_position(q)} would be worth {_settle(q, q.position_settle)}"
    return f"{text}, above {_named(q, 'max_position_pct')}: send less, or cancel open orders"


def _total_value(q: Question) -> str:
    limit = q.limits.max_total_value or ZERO
    if q.total_quote <= limit:
        return ""
    text = f"{_ALL} would be worth {_money(q, q.total_quote)}"
    return f"{text}, above max_total_value {show(limit)}: close something first"


def _total_share(q: Question) -> str:
    if q.total_settle <= _of_equity(q, q.limits.max_total_pct):
        return ""
    text = f"{_ALL} would be worth {_settle(q, q.total_settle)}"
    return f"{text}, above {_named(q, 'max_total_pct')}: close something first"


def _leverage(q: Question) -> str:
    limit = q.limits.max_leverage or ZERO
    if q.total_settle <= _of_equity(q, limit):
        return ""
    times = q.total_settle / _equity(q)
    return f"{_ALL} would be {times:.2f}x equity, above max_leverage {show(limit)}x: send less"


def _free_balance(q: Question) -> str:
    limit = q.limits.min_free_balance or ZERO
    return "" if q.cash_after >= limit else _cash(q, f"min_free_balance {show(limit)}")


def _free_share(q: Question) -> str:
    limit = _of_equity(q, q.limits.min_free_balance_pct)
    return "" if q.cash_after >= limit else _cash(q, _named(q, "min_free_balance_pct"))


# What it may cost


def _trade_loss(q: Question) -> str:
    limit = q.limits.max_trade_loss or ZERO
    loss = q.position_quote * (q.limits.stop_loss_pct or 1)
    if loss <= limit:
        return ""
    return _loss(q, _money(q, loss), f"max_trade_loss {show(limit)}")


def _trade_loss_share(q: Question) -> str:
    loss = q.position_settle * (q.limits.stop_loss_pct or 1)
    if loss <= _of_equity(q, q.limits.max_trade_loss_pct):
        return ""
    return _loss(q, _settle(q, loss), _named(q, "max_trade_loss_pct"))


def _deviation(q: Question) -> str:
    price = q.intent.price
    if price is None:
        return ""
    base = q.intent.stop_price if q.intent.stop_price is not None else q.reference
    limit = q.limits.max_price_deviation or ZERO
    away = (price - base) / base * q.intent.side.sign
    if away <= limit:
        return ""
    where = "above" if q.buys else "below"
    return (
        f"price {show(price)} is {away:.2%} {where} {show(base)}, max_price_deviation is "
        f"{limit:.2%}: correct the price"
    )


def _liquidation(q: Question) -> str:
    if q.spot:
        return ""
    floor = q.limits.min_liquidation_distance or ZERO
    position = q.account.positions.get(q.intent.symbol)
    away = _equity(q) / q.total_settle if q.total_settle else Decimal(1)
    if position is not None and position.leverage:
        away = min(away, 1 / position.leverage)
    away -= q.limits.maintenance_margin_pct
    if position is not None and position.amount and position.liquidation_price:
        told = abs(q.reference - position.liquidation_price) / q.reference
        away = min(away, told)
    if away >= floor:
        return ""
    return (
        f"liquidation would be {max(away, ZERO):.2%} away, min_liquidation_distance is "
        f"{floor:.2%}: send less or lower the leverage"
    )


def _volume(q: Question, volumes: Volumes) -> str:
    average = volumes.average(q.intent.symbol)
    limit = q.limits.max_volume_pct or ZERO
    if average is None:
        raise Unpriced(f"no closed bar of {q.intent.symbol} was seen yet: wait for one")
    if q.amount <= average * limit:
        return ""
    room = show(q.instrument.round_amount(average * limit))
    return (
        f"amount {show(q.amount)} {q.instrument.base} is above {limit:.2%} (max_volume_pct) of the "
        f"recent bars' average volume {show(average)}: send at most {room}"
    )


# Words

_ALL = "all positions with open orders"


def _equity(q: Question) -> Decimal:
    if q.account.equity <= 0:
        raise Unpriced(f"equity is {show(q.account.equity)}, so no share of it can be taken")
    return q.account.equity


def _of_equity(q: Question, share: Decimal | None) -> Decimal:
    return _equity(q) * (share or ZERO)


def _named(q: Question, name: str) -> str:
    part: Decimal = getattr(q.limits, name)
    limit = show(_of_equity(q, part))
    return f"{name} {limit}, which is {part:.2%} of equity {show(q.account.equity)}"


def _money(q: Question, value: Decimal) -> str:
    return f"{show(value)} {q.instrument.quote}"


def _settle(q: Question, value: Decimal) -> str:
    return f"{show(value)} {q.instrument.settle}"


def _position(q: Question) -> str:
    return f"the position in {q.intent.symbol} with open orders"


def _at_most(q: Question, cap: Decimal, value: Decimal) -> str:
    room = q.instrument.round_amount(q.amount * cap / value) if value else ZERO
    return f"send at most {show(room)}"


def _loss(q: Question, loss: str, limit: str) -> str:
    if q.limits.stop_loss_pct is None:
        remedy = "without stop_loss_pct all of it may be lost: set one, or send less"
    else:
        remedy = f"at its stop, {q.limits.stop_loss_pct:.2%} away: send less"
    return f"the position in {q.intent.symbol} could lose {loss}, above {limit}; {remedy}"


def _cash(q: Question, limit: str) -> str:
    text = f"cash would be {_settle(q, q.cash_after)} once all open orders fill"
    return f"{text}, below {limit}: send less, or cancel open orders"


_PLAIN: Mapping[str, Check] = {
    "allowed_symbols": _symbol,
    "allowed_sides": _side,
    "trading_hours": _hours,
    "max_order_rate": _order_rate,
    "max_daily_trades": _daily_trades,
    "max_price_deviation": _deviation,
    "max_order_value": _order_value,
    "max_order_pct": _order_share,
    "max_position_value": _position_value,
    "max_position_pct": _position_share,
    "max_total_value": _total_value,
    "max_total_pct": _total_share,
    "max_leverage": _leverage,
    "max_trade_loss": _trade_loss,
    "max_trade_loss_pct": _trade_loss_share,
    "max_daily_turnover": _turnover,
    "min_free_balance": _free_balance,
    "min_free_balance_pct": _free_share,
    "min_liquidation_distance": _liquidation,
}
