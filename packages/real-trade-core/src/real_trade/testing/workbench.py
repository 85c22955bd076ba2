"""What an exchange's author gives the conformance suite, and what its tests do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

import attrs
import pytest

from real_trade.exchange import Exchange, ExchangeSettings, OrderNotFound
from real_trade.model import (
    Instrument,
    Market,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    StreamValue,
)
from real_trade.runtime import Clock, SystemClock, VirtualRuntime
from real_trade.testing.wire import Wire

__all__ = ["Workbench"]

_PATIENCE_S = 10.0
_DONE = {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED}


@attrs.define(kw_only=True)
class Workbench:
    """One account to which orders may be sent freely: a simulator's, a double's, a demo's.

    Attributes:
        open: makes the exchange, as `ExchangeSpec.open` does; not connected yet.
        settings: what it is opened with. The suite puts its `Wire` over the transport.
        symbol: what to trade, in the unified spelling.
        name: what `exchange.name` must say.
        distance: how far from the last price a limit order rests without filling, as a ratio.
        has_network: False for an exchange that asks nobody, such as paper; cases of the network
            are then skipped.
        bad_keys: key and secret that the exchange refuses; none where it has no keys.
        cut: ends every stream's connection, as a broken network would; None if that cannot be done.
        step: lets the market go on, where it does not by itself.
        prepare: done to every exchange after it was opened and before it connects.
    """

    open: Callable[[ExchangeSettings], Exchange]
    settings: ExchangeSettings
    symbol: str
    name: str
    distance: Decimal = Decimal("0.03")
    has_network: bool = True
    bad_keys: tuple[str, str] | None = ("conformance-wrong-key", "conformance-wrong-secret")
    cut: Callable[[], None] | None = None
    step: Callable[[], None] | None = None
    prepare: Callable[[Any], None] | None = None
    wire: Wire = attrs.field(init=False)
    _opened: list[Exchange] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        inner = self.settings.transport
        if inner is None and self.has_network:
            from real_trade.exchange.http import PooledTransport

            inner = PooledTransport(SystemClock(), proxy=self.settings.proxy)
        self.wire = Wire(inner)

    # Exchanges

    @property
    def exchange(self) -> Exchange:
        """Return the exchange, opened at the first call and connected."""
        if not self._opened:
            self.reopen()
        return self._opened[0]

    def reopen(self, **changes: Any) -> Exchange:
        """Return one more exchange with some settings changed, connected."""
        made = self.unconnected(**changes)
        made.connect()
        return made

    def unconnected(self, **changes: Any) -> Exchange:
        """Return one more exchange with some settings changed, not connected."""
        transport = self.wire if self.has_network else self.settings.transport
        made = self.open(attrs.evolve(self.settings, **{"transport": transport} | changes))
        if self.prepare is not None:
            self.prepare(made)
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Close every exchange that was opened."""
        for exchange in self._opened:
            exchange.close()
        self._opened.clear()

    @property
    def secrets(self) -> list[str]:
        """Return what must never be seen."""
        both = (self.settings.apikey.reveal(), self.settings.secret.reveal())
        return [one for one in both if one]

    def need_network(self) -> None:
        """Skip the case if the exchange asks nobody."""
        if not self.has_network:
            pytest.skip("this exchange asks nobody")

    # Time

    @property
    def clock(self) -> Clock:
        """Return the runtime's clock."""
        return self.settings.runtime.clock

    def until(self, done: Callable[[], bool], patience_s: float = _PATIENCE_S) -> bool:
        """Let time pass until `done()`, at most `patience_s`; return `done()`."""
        runtime = self.settings.runtime
        if isinstance(runtime, VirtualRuntime) and self.step is None:
            return runtime.clock.run(patience_s, done)
        end = self.clock.monotonic() + patience_s
        while not done() and self.clock.monotonic() < end:
            if self.step is not None:
                self.step()
            self.clock.sleep(0.02)
        return done()

    # Orders

    @property
    def instrument(self) -> Instrument:
        """Return the rules of the traded symbol."""
        return self.exchange.instruments()[self.symbol]

    def new_id(self) -> str:
        """Return a client order id, as long as the exchange takes."""
        longest = self.exchange.capabilities.max_client_order_id
        return f"rt-{self.settings.runtime.token(longest - 3)}"

    def order(self, **changes: Any) -> OrderIntent:
        """Return a limit order to buy the least that is allowed, far below the market."""
        changes = dict(changes)
        side = changes.get("side", Side.BUY)
        kind = changes.get("type", OrderType.LIMIT)
        given: dict[str, Any] = {
            "client_order_id": self.new_id(),
            "symbol": self.symbol,
            "side": side,
            "type": kind,
            "amount": self.amount(),
            "created_at": self.clock.now(),
        }
        if kind.has_limit:
            given["price"] = self.resting_price(side)
        return OrderIntent(**(given | changes))

    def resting_price(self, side: Side) -> Decimal:
        """Return a limit price at which an order of `side` does not fill."""
        away = 1 - self.distance if side is Side.BUY else 1 + self.distance
        return self.instrument.round_price(self.last_price() * away, side)

    def last_price(self) -> Decimal:
        """Return the last price."""
        return self.exchange.ticker(self.symbol).last

    def amount(self) -> Decimal:
        """Return an amount that every rule allows, at a resting price too."""
        instrument = self.instrument
        if instrument.market is Market.DELIVERY:
            return max(instrument.min_amount, instrument.amount_step, Decimal(1))
        worst = self.last_price() * (1 - 2 * self.distance)
        by_value = instrument.min_notional * 2 / (worst * instrument.contract_size)
        least = max(instrument.min_amount * 2, by_value, instrument.amount_step)
        steps = (least / instrument.amount_step).to_integral_value(ROUND_UP)
        return steps * instrument.amount_step

    def settled(self, intent: OrderIntent) -> OrderReport:
        """Wait until an order is over and return what the exchange says of it."""
        self.until(lambda: self._state(intent) in _DONE)
        return self.exchange.order(intent.symbol, intent.client_order_id)

    def finish(self, intent: OrderIntent) -> OrderReport:
        """Cancel an order and return how it ended."""
        self.exchange.cancel(intent.symbol, intent.client_order_id)
        return self.settled(intent)

    def is_known(self, intent: OrderIntent) -> bool:
        """Return whether the exchange has an order, open or over."""
        try:
            self.exchange.order(intent.symbol, intent.client_order_id)
        except OrderNotFound:
            return False
        return True

    def a_while_ago(self) -> datetime:
        """Return a time before anything that the suite did."""
        return self.clock.now() - timedelta(minutes=10)

    def _state(self, intent: OrderIntent) -> OrderState:
        return self.exchange.order(intent.symbol, intent.client_order_id).state


def of_order(values: list[StreamValue], intent: OrderIntent) -> list[OrderReport]:
    """Return the reports of one order among a stream's values."""
    return [
        value
        for value in values
        if isinstance(value, OrderReport) and value.client_order_id == intent.client_order_id
    ]
