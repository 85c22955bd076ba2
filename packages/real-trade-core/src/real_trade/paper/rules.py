"""The filters of a symbol and of the venue, each refused under its own name."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.model import Instrument, OrderType, Side
from real_trade.model.numbers import ZERO, amount_field, ceil_to, floor_to
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest

__all__ = ["SymbolRules", "VenueRules", "check_filters"]


@attrs.frozen(kw_only=True)
class SymbolRules:
    """Limits of one symbol beyond those of its `Instrument`; 0 means "no such limit".

    The defaults are what Binance spot shows for its large pairs (exchangeInfo, 2026).

    Attributes:
        iceberg_parts: how many shown parts an iceberg order may have.
        trailing_*: bounds of `trailing_delta` in hundredths of a percent, above and below the
            price.
        max_position: base units held and on open buys.
        bid_up, bid_down, ask_up, ask_down: PERCENT_PRICE_BY_SIDE, as multiples of the reference
            price; 0 takes the instrument's `price_up` and `price_down`.
        average_minutes: the reference price is the volume-weighted average of so many minutes;
            0 takes the last price.
        percent_name: PERCENT_PRICE_BY_SIDE or PERCENT_PRICE, whichever filter the symbol has.
        notional_name: NOTIONAL or MIN_NOTIONAL, whichever filter the symbol has.
        notional_of_market: whether the minimum notional concerns market orders, at the reference
            price.
    """

    max_orders: int = 200
    max_algo_orders: int = 5
    max_iceberg_orders: int = 0
    max_order_lists: int = 20
    max_amendments: int = 10
    iceberg_parts: int = 100
    trailing_min_above: int = 10
    trailing_max_above: int = 2000
    trailing_min_below: int = 10
    trailing_max_below: int = 2000
    max_position: Decimal = amount_field("max_position", ZERO)
    bid_up: Decimal = amount_field("bid_up", ZERO)
    bid_down: Decimal = amount_field("bid_down", ZERO)
    ask_up: Decimal = amount_field("ask_up", ZERO)
    ask_down: Decimal = amount_field("ask_down", ZERO)
    average_minutes: int = 5
    percent_name: RejectReason = RejectReason.PERCENT_PRICE_BY_SIDE
    notional_name: RejectReason = RejectReason.NOTIONAL
    notional_of_market: bool = True


@attrs.frozen(kw_only=True)
class VenueRules:
    """Limits over all symbols of an account; 0 means "no such limit"."""

    max_orders: int = 0
    max_algo_orders: int = 0


def check_filters(
    request: OrderRequest, instrument: Instrument, rules: SymbolRules, reference: Decimal | None
) -> None:
    """Refuse what the symbol's filters do not let pass; `reference` is the average price.

    Raises:
        VenueReject: with the filter's name as reason.
    """
    for name in ("price", "stop_price"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            _check_price(name, price, instrument)
    _check_lot(request, instrument)
    _check_iceberg(request, instrument, rules)
    _check_delta(request, rules)
    if reference is not None and request.price is not None:
        _check_percent(request.side, request.price, instrument, rules, reference)
    _check_notional(request, instrument, rules, reference)


def _check_price(name: str, price: Decimal, instrument: Instrument) -> None:
    low, high, step = instrument.min_price, instrument.max_price, instrument.price_step
    if price < low or 0 < high < price:
        detail = f"{name} {price} is not between {low} and {high or 'any'}"
    elif floor_to(price, step) != price:
        detail = f"{name} {price} is not a multiple of the tick {step}"
    else:
        return
    raise VenueReject(RejectReason.PRICE_FILTER, detail)


def _check_lot(request: OrderRequest, instrument: Instrument) -> None:
    amount = request.amount
    if amount is None:
        return
    _check_amount(
        RejectReason.LOT_SIZE,
        amount,
        instrument.min_amount,
        instrument.max_amount,
        instrument.amount_step,
    )
    if request.type is OrderType.MARKET:
        _check_amount(
            RejectReason.MARKET_LOT_SIZE,
            amount,
            instrument.min_market_amount,
            instrument.max_market_amount,
            instrument.market_amount_step,
        )


def _check_amount(
    reason: RejectReason, amount: Decimal, low: Decimal, high: Decimal, step: Decimal
) -> None:
    if amount < low or 0 < high < amount:
        detail = f"amount {amount} is not between {low} and {high or 'any'}"
    elif floor_to(amount, step) != amount:
        detail = f"amount {amount} is not a multiple of the step {step}"
    else:
        return
    raise VenueReject(reason, detail)


def _check_iceberg(request: OrderRequest, instrument: Instrument, rules: SymbolRules) -> None:
    iceberg, amount = request.iceberg_amount, request.amount
    if iceberg is None or amount is None:
        return
    _check_amount(
        RejectReason.LOT_SIZE,
        iceberg,
        instrument.min_amount,
        instrument.max_amount,
        instrument.amount_step,
    )
    parts = ceil_to(amount / iceberg, Decimal(1))
    if 0 < rules.iceberg_parts < parts:
        raise VenueReject(
            RejectReason.ICEBERG_PARTS,
            f"{amount} in parts of {iceberg} are {parts} parts, above {rules.iceberg_parts}",
        )


def _check_delta(request: OrderRequest, rules: SymbolRules) -> None:
    delta = request.trailing_delta
    if delta is None:
        return
    profit = request.type in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
    if (request.side is Side.BUY) is not profit:
        low, high = rules.trailing_min_above, rules.trailing_max_above
    else:
        low, high = rules.trailing_min_below, rules.trailing_max_below
    if delta < low or 0 < high < delta:
        raise VenueReject(
            RejectReason.TRAILING_DELTA, f"trailing_delta {delta} is not between {low} and {high}"
        )


def _check_percent(
    side: Side, price: Decimal, instrument: Instrument, rules: SymbolRules, reference: Decimal
) -> None:
    if side is Side.BUY:
        up, down = rules.bid_up, rules.bid_down
    else:
        up, down = rules.ask_up, rules.ask_down
    up, down = up or instrument.price_up, down or instrument.price_down
    if (up and price > reference * up) or price < reference * down:
        raise VenueReject(
            rules.percent_name,
            f"price {price} is not between {down} and {up} times the average {reference}",
        )


def _check_notional(
    request: OrderRequest, instrument: Instrument, rules: SymbolRules, reference: Decimal | None
) -> None:
    if request.reduce_only:
        return
    low, high = instrument.min_notional, instrument.max_notional
    value = _notional(request, instrument, rules, reference)
    if value is None or (value >= low and not 0 < high < value):
        return
    raise VenueReject(
        rules.notional_name,
        f"the order is worth {value} {instrument.quote}, not {low} to {high or 'any'}",
    )


def _notional(
    request: OrderRequest, instrument: Instrument, rules: SymbolRules, reference: Decimal | None
) -> Decimal | None:
    if request.quote_amount is not None:
        return request.quote_amount
    price = request.price or request.stop_price
    if price is None:
        price = reference if rules.notional_of_market else None
    if price is None or request.amount is None:
        return None
    return instrument.quote_value(request.amount, price)
