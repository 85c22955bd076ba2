"""Fills from bars alone, at the prices of Backtrader's own broker.

The rules follow `backtrader/brokers/bbroker.py` (`_try_exec_*`, `_slip_*`) price by price: a market
order fills at the open, a limit at its limit or a better open, a stop at its trigger or a worse
open, and a trailing stop moves after the close. An order sees only bars that open at or after the
time at which it was accepted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import attrs

from real_trade.model import Bar, OrderType
from real_trade.model.numbers import ONE, ZERO, amount_field, optional_amount_field
from real_trade.paper.working import LiveOrder

__all__ = ["BarModel", "Prices", "decide"]


@attrs.frozen(kw_only=True)
class BarModel:
    """How fills are drawn from bars; the defaults are Backtrader's.

    Attributes:
        slip_percent, slip_fixed: slippage against the trader, as a ratio or in quote units.
        slip_open: whether fills at an open slip as well.
        slip_limit: whether a limit order that would slip past its limit fills at the limit.
        slip_match: whether a price that slips out of the bar is capped at its high or low; if
            not, such an order does not fill.
        slip_out: whether a slipped price may leave the bar.
        spread: the whole spread as a ratio; buys see the bar half of it higher, sells lower.
        volume_part: how much of a bar's volume orders may take, as a ratio; None for no limit.
    """

    slip_percent: Decimal = amount_field("slip_percent", ZERO)
    slip_fixed: Decimal = amount_field("slip_fixed", ZERO)
    slip_open: bool = False
    slip_limit: bool = True
    slip_match: bool = True
    slip_out: bool = False
    spread: Decimal = amount_field("spread", ZERO)
    volume_part: Decimal | None = optional_amount_field("volume_part")

    def prices(self, bar: Bar, *, is_buy: bool) -> Prices:
        """Return the bar as a buyer or a seller sees it."""
        if not self.spread:
            return Prices(bar.open, bar.high, bar.low, bar.close)
        half = self.spread / 2
        factor = ONE + half if is_buy else ONE - half
        return Prices(bar.open * factor, bar.high * factor, bar.low * factor, bar.close * factor)

    def slip(self, price: Decimal, bound: Decimal, *, is_buy: bool, limit: bool) -> Decimal | None:
        """Return `price` worse by the slippage, within `bound` (the high or the low), or None."""
        distance = price * self.slip_percent if self.slip_percent else self.slip_fixed
        if not distance:
            return price
        slipped = price + distance if is_buy else price - distance
        if slipped <= bound if is_buy else slipped >= bound:
            return slipped
        if self.slip_match or (limit and self.slip_limit):
            return slipped if self.slip_out else bound
        return None


class Prices(NamedTuple):
    """A bar's four prices."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def worst(self, *, is_buy: bool) -> Decimal:
        """Return the price that slippage may reach."""
        return self.high if is_buy else self.low


def decide(order: LiveOrder, prices: Prices, model: BarModel) -> Decimal | None:
    """Return the price at which `order` fills in a bar, or None; marks triggers that are hit."""
    kind = order.request.type
    if kind is OrderType.MARKET:
        return _market(order, prices, model)
    if kind is OrderType.LIMIT or (order.triggered and order.limit is not None):
        return _limit(order, prices, model, order.limit or ZERO)
    if order.triggered:
        return _market(order, prices, model)
    if kind in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT} and not order.trails:
        return _take_profit(order, prices, model)
    return _stop(order, prices, model)


def _market(order: LiveOrder, prices: Prices, model: BarModel) -> Decimal | None:
    return _at_open(order, prices, model, prices.worst(is_buy=order.is_buy), limit=False)


def _at_open(
    order: LiveOrder, prices: Prices, model: BarModel, bound: Decimal, *, limit: bool
) -> Decimal | None:
    if not model.slip_open:
        return prices.open
    return model.slip(prices.open, bound, is_buy=order.is_buy, limit=limit)


def _limit(order: LiveOrder, prices: Prices, model: BarModel, limit: Decimal) -> Decimal | None:
    if order.is_buy:
        if limit >= prices.open:
            return _at_open(order, prices, model, min(prices.high, limit), limit=True)
        return limit if limit >= prices.low else None
    if limit <= prices.open:
        # Backtrader bounds the slippage of a sell by its limit, not by the bar's low as well.
        return _at_open(order, prices, model, limit, limit=True)
    return limit if limit <= prices.high else None


def _stop(order: LiveOrder, prices: Prices, model: BarModel) -> Decimal | None:
    stop = order.stop_price
    if stop is None:
        return None
    opened = prices.open >= stop if order.is_buy else prices.open <= stop
    reached = prices.high >= stop if order.is_buy else prices.low <= stop
    if order.becomes_limit:
        order.triggered = reached
        limit = order.limit or ZERO
        if opened:
            return _limit(order, prices, model, limit)
        return _within(order, prices, model, stop, limit) if reached else None
    if opened:
        return _market(order, prices, model)
    if reached:
        bound = prices.worst(is_buy=order.is_buy)
        return model.slip(stop, bound, is_buy=order.is_buy, limit=False)
    return None


def _within(
    order: LiveOrder, prices: Prices, model: BarModel, stop: Decimal, limit: Decimal
) -> Decimal | None:
    """Return the price of a stop-limit that was triggered after the open (`_try_exec_stoplimit`).

    When the bar closed on the far side of the trigger, the limit is sure to have been passed only
    if it allows the trigger price itself, or the close came back to it.
    """
    bound = prices.worst(is_buy=order.is_buy)
    if order.is_buy:
        if limit >= stop:
            return model.slip(stop, bound, is_buy=True, limit=True)
        return limit if prices.open > prices.close and limit >= prices.close else None
    if limit <= stop:
        return model.slip(stop, bound, is_buy=False, limit=True)
    return limit if prices.open <= prices.close and limit <= prices.close else None


def _take_profit(order: LiveOrder, prices: Prices, model: BarModel) -> Decimal | None:
    """Backtrader has no such order: the trigger is a limit's, the fill is at it or the open."""
    stop = order.stop_price
    if stop is None:
        return None
    opened = prices.open <= stop if order.is_buy else prices.open >= stop
    reached = prices.low <= stop if order.is_buy else prices.high >= stop
    if not reached:
        return None
    if order.becomes_limit:
        order.triggered = True
        if opened:
            return _limit(order, prices, model, order.limit or ZERO)
        limit = order.limit or ZERO
        fits = limit >= stop if order.is_buy else limit <= stop
        return stop if fits else None
    if opened:
        return _market(order, prices, model)
    return model.slip(stop, prices.worst(is_buy=order.is_buy), is_buy=order.is_buy, limit=False)
