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
    used = q.memory.trades_used(q.intent.client_order_id)
    limit = q.limits.max_daily_trades or 0
    if used < limit:
        return ""
    return f"{used} entries today, open ones included; max_daily_trades is {limit}: wait for a day"


def _turnover(q: Question) -> str:
    used = q.memory.turnover_used(q.intent.client_order_id)
    return _above(
        q.limits.max_daily_turnover,
        used + q.value,
        f"today's entries, open ones included, would come to {{}} {q.instrument.quote}",
        "max_daily_turnover",
        "send less or wait for a day",
    )


# How much


def _order_value(q: Question) -> str:
    return _above(
        q.limits.max_order_value,
        q.value,
        f"the order is worth {{}} {q.instrument.quote}",
        "max_order_value",
        _at_most(q, q.limits.max_order_value or ZERO, q.value),
    )


def _order_share(q: Question) -> str:
    cap = _of_equity(q, q.limits.max_order_pct)
    text = f"the order is worth {{}} {q.instrument.settle}"
    remedy = _at_most(q, cap, q.settle_value)
    return _above(cap, q.settle_value, text, _named(q, "max_order_pct"), remedy)


def _position_value(q: Question) -> str:
    return _above(
        q.limits.max_position_value,
        q.position_quote,
        f"position in {q.intent.symbol} with open orders would be worth {{}} {q.instrument.quote}",
        "max_position_value",
        "send less, or cancel open orders",
    )


def _position_share(q: Question) -> str:
    return _above(
        _of_equity(q, q.limits.max_position_pct),
        q.position_settle,
        f"position in {q.intent.symbol} with open orders would be worth {{}} {q.instrument.settle}",
        _named(q, "max_position_pct"),
        "send less, or cancel open orders",
    )


def _total_value(q: Question) -> str:
    return _above(
        q.limits.max_total_value,
        q.total_quote,
        f"all positions with open orders would be worth {{}} {q.instrument.quote}",
        "max_total_value",
        "close something first",
    )


def _total_share(q: Question) -> str:
    return _above(
        _of_equity(q, q.limits.max_total_pct),
        q.total_settle,
        f"all positions with open orders would be worth {{}} {q.instrument.settle}",
        _named(q, "max_total_pct"),
        "close something first",
    )


def _leverage(q: Question) -> str:
    after = q.total_settle / _equity(q)
    text = "all positions with open orders would be {}x equity"
    return _above(q.limits.max_leverage, after, text, "max_leverage", "send less")


def _free_balance(q: Question) -> str:
    return _below(q, q.limits.min_free_balance, "min_free_balance")


def _free_share(q: Question) -> str:
    floor = _of_equity(q, q.limits.min_free_balance_pct)
    return _below(q, floor, _named(q, "min_free_balance_pct"))


# What it may cost


def _trade_loss(q: Question) -> str:
    return _above(
        q.limits.max_trade_loss,
        q.position_quote * (q.limits.stop_loss_pct or 1),
        _loss_text(q, q.instrument.quote),
        "max_trade_loss",
        _loss_remedy(q),
    )


def _trade_loss_share(q: Question) -> str:
    return _above(
        _of_equity(q, q.limits.max_trade_loss_pct),
        q.position_settle * (q.limits.stop_loss_pct or 1),
        _loss_text(q, q.instrument.settle),
        _named(q, "max_trade_loss_pct"),
        _loss_remedy(q),
    )


def _loss_text(q: Question, asset: str) -> str:
    return f"the position in {q.intent.symbol} could lose {{}} {asset}"


def _loss_remedy(q: Question) -> str:
    if q.limits.stop_loss_pct is None:
        return "without stop_loss_pct all of it may be lost: set one, or send less"
    return f"at its stop, {q.limits.stop_loss_pct:.2%} away: send less"


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


def _equity(q: Question) -> Decimal:
    if q.account.equity <= 0:
        raise Unpriced(f"equity is {show(q.account.equity)}, so no share of it can be taken")
    return q.account.equity


def _of_equity(q: Question, share: Decimal | None) -> Decimal:
    return _equity(q) * (share or ZERO)


def _named(q: Question, name: str) -> str:
    return f"{name} {getattr(q.limits, name):.2%} of equity {show(q.account.equity)}, which is"


def _at_most(q: Question, cap: Decimal, value: Decimal) -> str:
    room = q.instrument.round_amount(q.amount * cap / value) if value else ZERO
    return f"send at most {show(room)}"


def _above(cap: Decimal | None, value: Decimal, text: str, name: str, remedy: str) -> str:
    if cap is None or value <= cap:
        return ""
    return f"{text.format(show(value))}, above {name} {show(cap)}: {remedy}"


def _below(q: Question, floor: Decimal | None, name: str) -> str:
    if floor is None or q.cash_after >= floor:
        return ""
    return (
        f"cash would be {show(q.cash_after)} {q.instrument.settle} once all open orders fill, "
        f"below {name} {show(floor)}: send less, or cancel open orders"
    )


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
