"""How much to buy or sell: exact arithmetic, rounded down to the instrument's step."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from real_trade.model import Instrument
from real_trade.model.numbers import ZERO

__all__ = ["average_true_range", "exact", "kelly_share", "risk_size", "round_size"]

_FINEST = Decimal("1e-8")


def exact(value: Any) -> Decimal | None:
    """Return a finite number as it is written, or None: floats come from Backtrader."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    except (TypeError, ValueError, ArithmeticError):
        return None
    return number if number.is_finite() else None


def risk_size(
    *,
    equity: Decimal | None,
    price: Decimal | None,
    risk: Decimal,
    max_position: Decimal,
    stop_distance: Decimal | None = None,
    instrument: Instrument | None = None,
) -> Decimal:
    """Return the amount that risks `risk` of `equity`; 0 where a figure is missing or no figure.

    With `stop_distance`, in quote units, a stop there loses `risk` of equity. Without one, all of
    the position may be lost, so its value is `risk` of equity. It is never worth more than
    `max_position` of equity.
    """
    if equity is None or price is None or equity <= 0 or price <= 0:
        return ZERO
    if stop_distance is not None and stop_distance <= 0:
        return ZERO
    inverse = instrument is not None and instrument.inverse
    contract = instrument.contract_size if instrument is not None else Decimal(1)
    # One unit of amount is worth this in the asset that equity is in, and loses this at the stop.
    worth = contract / price if inverse else contract * price
    loss = worth if stop_distance is None else worth * stop_distance / price
    amount = min(equity * risk / loss, equity * max_position / worth)
    return round_size(amount, price, instrument)


def round_size(amount: Decimal, price: Decimal, instrument: Instrument | None) -> Decimal:
    """Return `amount` rounded down to the step; 0 if the exchange would refuse it as too small."""
    if instrument is None:
        return amount.quantize(_FINEST, rounding=ROUND_DOWN)
    rounded = instrument.round_amount(amount, market_order=True)
    if instrument.max_amount > 0:
        rounded = min(rounded, instrument.round_amount(instrument.max_amount))
    too_small = rounded < max(instrument.min_amount, instrument.min_market_amount)
    if too_small or instrument.quote_value(rounded, price) < instrument.min_notional:
        return ZERO
    return rounded


def kelly_share(profits: Sequence[Decimal]) -> Decimal:
    """Return Kelly's share of equity, W - (1 - W) / R, from past trades; 0 without an edge.

    W is the part of trades that won, R the average win over the average loss
    (J. L. Kelly, "A New Interpretation of Information Rate", 1956).
    """
    wins = [one for one in profits if one > 0]
    losses = [-one for one in profits if one < 0]
    if not wins or not losses:
        return ZERO
    won = Decimal(len(wins)) / (len(wins) + len(losses))
    ratio = (sum(wins, ZERO) / len(wins)) / (sum(losses, ZERO) / len(losses))
    return max(won - (1 - won) / ratio, ZERO)


def average_true_range(
    highs: Sequence[Decimal], lows: Sequence[Decimal], closes: Sequence[Decimal]
) -> Decimal | None:
    """Return the mean true range of all bars but the first, or None with fewer than two.

    A bar's true range is the largest of high - low and the distances of both from the close before.
    """
    if len(closes) < 2:
        return None
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(highs[1:], lows[1:], closes[:-1], strict=True)
    ]
    return sum(ranges, ZERO) / len(ranges)
