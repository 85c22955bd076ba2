"""What an order must be before it may leave: possible, rounded, within the instrument's rules."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.exchange import Capabilities
from real_trade.model import Instrument, OrderIntent, OrderReport, OrderType, TimeInForce

__all__ = ["fault_of", "rounded"]


def rounded(intent: OrderIntent, instrument: Instrument) -> OrderIntent:
    """Return the intent on the instrument's steps: amounts down, prices never worse than asked."""
    market = not intent.type.has_limit

    def price(value: Decimal | None) -> Decimal | None:
        return None if value is None else instrument.round_price(value, intent.side)

    amount = intent.amount
    if amount is not None:
        amount = instrument.round_amount(amount, market_order=market)
    return attrs.evolve(
        intent, amount=amount, price=price(intent.price), stop_price=price(intent.stop_price)
    )


def fault_of(
    intent: OrderIntent,
    instrument: Instrument,
    capabilities: Capabilities,
    reference: Decimal | None,
) -> str:
    """Return why the exchange cannot take the order as it is, or ""."""
    return (
        _unsupported(intent, capabilities)
        or _incomplete(intent)
        or _outside(intent, instrument, reference)
    )


def _unsupported(intent: OrderIntent, capabilities: Capabilities) -> str:
    if intent.type not in capabilities.order_types:
        return f"the exchange has no {intent.type.value} orders"
    # An end that the exchange cannot keep, the desk does.
    force = intent.time_in_force
    force = TimeInForce.GTC if force is TimeInForce.GTD else force
    if force not in capabilities.times_in_force:
        return f"the exchange has no time in force {intent.time_in_force.value}"
    for flag in ("post_only", "reduce_only"):
        if getattr(intent, flag) and not getattr(capabilities, flag):
            return f"the exchange has no {flag.replace('_', '-')} orders"
    if intent.quote_amount is not None and not capabilities.quote_amount:
        return "the exchange has no orders by quote amount"
    longest = capabilities.max_client_order_id
    if len(intent.client_order_id) > longest:  # cut short, it would not be found again
        return f"the exchange takes client order ids of {longest} characters; this has more"
    return ""


def _incomplete(intent: OrderIntent) -> str:
    if (intent.amount is None) == (intent.quote_amount is None):
        return "an order needs an amount, or a quote amount, and not both"
    if intent.quote_amount is not None and intent.type is not OrderType.MARKET:
        return "only a market order can be by quote amount"
    if intent.type.has_limit and intent.price is None and intent.limit_offset is None:
        return f"a {intent.type.value} order needs a price"
    trailing = intent.type in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}
    if intent.type.is_conditional and not trailing and intent.stop_price is None:
        return f"a {intent.type.value} order needs a stop price"
    if trailing and (intent.trail_amount is None) == (intent.trail_percent is None):
        return "a trailing order needs a trail amount or a trail percent, and not both"
    if intent.time_in_force is TimeInForce.GTD and intent.expires_at is None:
        return "an order good till a date needs the date"
    return ""


def _outside(intent: OrderIntent, instrument: Instrument, reference: Decimal | None) -> str:
    if not instrument.active:
        return f"{instrument.symbol} is not trading now"
    if intent.amount is None:
        return ""
    price = intent.price or intent.stop_price or reference
    return instrument.fault(
        intent.amount,
        price,
        market_order=not intent.type.has_limit,
        reduce_only=intent.reduce_only,
    )


def mix_up(intent: OrderIntent, report: OrderReport) -> str:
    """Return how an answer speaks of another order than the one that was sent, or ""."""
    pairs = {
        "client order id": (report.client_order_id, intent.client_order_id),
        "symbol": (report.symbol, intent.symbol),
        "side": (report.side or intent.side, intent.side),
    }
    if intent.amount is not None and report.amount is not None:
        pairs["amount"] = (report.amount, intent.amount)
    return "; ".join(
        f"{what} {got} for {sent}" for what, (got, sent) in pairs.items() if got != sent
    )
