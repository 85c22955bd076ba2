"""Orders that fill in two parts: the fault `partial_fill`.

The matching engine is left alone. What the market shows is changed for a moment: first only a
share of the order's amount, then, a bit later, what the tape shows.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from real_trade.model import Instrument, OrderType, Side, TimeInForce, from_ms
from real_trade.model.numbers import floor_to
from real_trade.paper import Level, OrderRequest, Quote, TapeEvent, VenueOrder
from real_trade.simulator.driver import Driver
from real_trade.simulator.faults import Faults, Scope
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.spot.exchange import SpotExchange

__all__ = ["PartialFills"]

_SHARE = Decimal("0.5")
_WAIT_S = 1.0


@attrs.frozen
class _Watch:
    """A resting order whose first touch will be a part."""

    account: str
    order: VenueOrder
    share: Decimal
    wait_ms: int


class PartialFills:
    """Arranges what the market shows around orders that a rule concerns."""

    def __init__(
        self, exchange: SpotExchange, driver: Driver, faults: Faults, schedule: Schedule
    ) -> None:
        self._exchange = exchange
        self._driver = driver
        self._faults = faults
        self._schedule = schedule
        self._watched: dict[str, list[_Watch]] = {}
        exchange.around = self.around
        driver.before = self._before

    def around(
        self, account: str, request: OrderRequest, place: Callable[[], VenueOrder]
    ) -> VenueOrder:
        """Place an order, in two parts if a rule says so."""
        if not self._faults.any(Scope.ORDER):
            return place()
        instrument = self._exchange.venue.instruments[request.symbol]
        rule = self._faults.hit(
            Scope.ORDER,
            f"order:{instrument.native}",
            self._schedule.now,
            facts=lambda: _facts(account, request),
        )
        if rule is None:
            return place()
        share = Decimal(str(rule.args.get("share", _SHARE)))
        wait_ms = round(rule.args.get("seconds", _WAIT_S) * 1000)
        quote = self._driver.quote(request.symbol)
        amount = self._amount(request, quote)
        part = _part(instrument, amount, share)
        if quote is None or part is None or request.type.is_conditional:
            return place()
        if not _crosses(request, quote):
            order = place()
            if order.status.is_open:
                self._watched.setdefault(request.symbol, []).append(
                    _Watch(account, order, share, wait_ms)
                )
            return order
        rests = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.GTC
        if rests:
            self._driver.show(_thin(quote, request.side, part))
            self._hold(quote, wait_ms)
            return place()
        # What cannot rest gets both parts at once, at two prices.
        self._driver.show(_split(quote, request.side, part, instrument.price_step))
        try:
            return place()
        finally:
            self._driver.show(quote)

    def _before(self, symbol: str, event: TapeEvent) -> None:
        """Let a watched order that the tape is about to fill have its part first."""
        watched = self._watched.get(symbol)
        if not watched:
            return
        for watch in tuple(watched):
            order = self._exchange.venue.order(watch.account, symbol, order_id=watch.order.order_id)
            if not order.status.is_open or order.filled:
                watched.remove(watch)
            elif order.price is not None and _touches(order.side, order.price, event):
                watched.remove(watch)
                self._touch(order, watch, event)
                return

    def _touch(self, order: VenueOrder, watch: _Watch, event: TapeEvent) -> None:
        instrument = self._exchange.venue.instruments[order.symbol]
        part = _part(instrument, order.remaining, watch.share)
        quote = event if isinstance(event, Quote) else self._driver.quote(order.symbol)
        if part is None or quote is None or order.price is None:
            return
        at = Level(order.price, part)
        if order.side is Side.BUY:
            shown = Quote(order.symbol, (), (at,), from_ms(self._schedule.now))
        else:
            shown = Quote(order.symbol, (at,), (), from_ms(self._schedule.now))
        self._driver.show(shown)
        self._hold(quote, watch.wait_ms)

    def _hold(self, quote: Quote, wait_ms: int) -> None:
        self._driver.hold(quote.symbol, wait_ms)
        self._schedule.after(wait_ms, lambda: self._driver.show(quote))

    def _amount(self, request: OrderRequest, quote: Quote | None) -> Decimal:
        if request.amount is not None:
            return request.amount
        levels = () if quote is None else quote.asks if request.side is Side.BUY else quote.bids
        if not levels or request.quote_amount is None:
            return Decimal(0)
        return request.quote_amount / levels[0].price


def _facts(account: str, request: OrderRequest) -> dict[str, str]:
    """Return what a rule's `where` can ask of an order."""
    return {
        "account": account,
        "side": request.side.name,
        "type": request.type.name,
        "client_order_id": request.client_order_id,
    }


def _part(instrument: Instrument, amount: Decimal, share: Decimal) -> Decimal | None:
    """Return the first part, in whole steps and less than all; None if there is no such amount."""
    part = floor_to(amount * share, instrument.amount_step)
    if part <= 0:
        part = instrument.amount_step
    return part if 0 < part < amount else None


def _opposite(quote: Quote, side: Side) -> tuple[Level, ...]:
    return quote.asks if side is Side.BUY else quote.bids


def _crosses(request: OrderRequest, quote: Quote) -> bool:
    levels = _opposite(quote, request.side)
    if not levels:
        return False
    if request.price is None:
        return True
    best = levels[0].price
    return request.price >= best if request.side is Side.BUY else request.price <= best


def _touches(side: Side, price: Decimal, event: TapeEvent) -> bool:
    if isinstance(event, Quote):
        levels = _opposite(event, side)
        if not levels:
            return False
        at = levels[0].price
    else:
        at = event.price
    return at <= price if side is Side.BUY else at >= price


def _with(quote: Quote, side: Side, levels: tuple[Level, ...]) -> Quote:
    if side is Side.BUY:
        return attrs.evolve(quote, asks=levels)
    return attrs.evolve(quote, bids=levels)


def _thin(quote: Quote, side: Side, part: Decimal) -> Quote:
    """Return the depth with so much and no more on the side that the order takes from."""
    best = _opposite(quote, side)[0]
    return _with(quote, side, (Level(best.price, part),))


def _split(quote: Quote, side: Side, part: Decimal, tick: Decimal) -> Quote:
    """Return the depth with so much at the best price and the rest one tick behind."""
    levels = _opposite(quote, side)
    best = levels[0]
    behind = Level(best.price + tick * side.sign, best.amount)
    return _with(quote, side, (Level(best.price, part), behind, *levels[1:]))
