"""A small client of a guard: it asks, sends, and tells what an exchange would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import attrs
import pytest

from real_trade.model import (
    Balance,
    Bar,
    Fill,
    Instrument,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Position,
    Side,
    Timeframe,
)
from real_trade.plugins import AccountView, Denial
from real_trade.risk import Limits, MemoryStateStore, RiskGuard

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday
BUY, SELL = Side.BUY, Side.SELL


def make_instrument(symbol: str = "BTC/USDT", **changes: Any) -> Instrument:
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    market = Market.SPOT if not settle else Market.DELIVERY if settle == base else Market.FUTURE
    values: dict[str, Any] = {
        "symbol": symbol,
        "native": base + quote,
        "base": base,
        "quote": quote,
        "settle": settle or quote,
        "market": market,
        "price_step": "0.01",
        "amount_step": "1" if market is Market.DELIVERY else "0.001",
        "contract_size": "100" if market is Market.DELIVERY else "1",
    }
    return Instrument(**{**values, **changes})


class World:
    """One account with a guard; prices are 100 unless set."""

    def __init__(self, *, market: str = "BTC/USDT", mode: Mode = Mode.PAPER, **limits: Any) -> None:
        self.limits = Limits(**limits)
        self.store = MemoryStateStore()
        self.guard = RiskGuard(self.limits, self.store)
        self.symbol, self.mode, self.time = market, mode, START
        self.cash = self.equity = Decimal(10000)
        self.instruments = {market: make_instrument(market)}
        self.prices: dict[str, Decimal] = {market: Decimal(100)}
        self.priced_at: dict[str, datetime] = {}
        self.positions: dict[str, Position] = {}
        self.balances: dict[str, Balance] = {}
        self.orders: dict[str, Order] = {}
        self._ids, self._trades = count(1), count(1)

    def list(self, symbol: str, price: Any = 100, **changes: Any) -> None:
        self.instruments[symbol] = make_instrument(symbol, **changes)
        self.prices[symbol] = Decimal(price)

    def pass_time(self, **length: Any) -> None:
        self.time += timedelta(**length)

    def view(self) -> AccountView:
        prices = {
            symbol: (price, self.priced_at.get(symbol, self.time))
            for symbol, price in self.prices.items()
        }
        return AccountView(
            mode=self.mode,
            time=self.time,
            cash=self.cash,
            equity=self.equity,
            balances=self.balances,
            positions=self.positions,
            open_orders=tuple(one for one in self.orders.values() if one.state.is_open),
            reference_prices=prices,
        )

    def intent(self, side: Side, amount: Any, **others: Any) -> OrderIntent:
        values: dict[str, Any] = {
            "client_order_id": f"rt-{next(self._ids)}",
            "symbol": self.symbol,
            "side": side,
            "type": OrderType.MARKET if "price" not in others else OrderType.LIMIT,
            "amount": None if amount is None else str(amount),
            "created_at": self.time,
        }
        return OrderIntent(**{**values, **others})

    def ask(self, side: Side, amount: Any, **others: Any) -> Denial | None:
        """Ask only; what is let through stays reserved."""
        intent = self.intent(side, amount, **others)
        return self.guard.check_order(intent, self.view(), self.instruments[intent.symbol])

    def send(self, side: Side, amount: Any, **others: Any) -> str:
        """Ask, and send what is let through; return the order's id."""
        intent = self.intent(side, amount, **others)
        denial = self.guard.check_order(intent, self.view(), self.instruments[intent.symbol])
        assert denial is None, denial
        self.orders[intent.client_order_id] = Order(intent=intent)
        self.become(intent.client_order_id, OrderState.SUBMITTED)
        return intent.client_order_id

    def become(self, name: str, state: OrderState, reason: str = "") -> None:
        order = attrs.evolve(self.orders[name], state=state, reason=reason, updated_at=self.time)
        self.orders[name] = order
        self.guard.order_updated(order)

    def fill(self, name: str, amount: Any = None, price: Any = None, **others: Any) -> Fill:
        """Fill an order, all of it by default; the position changes before the guard hears."""
        order = self.orders[name]
        left = order.remaining
        assert left is not None
        values: dict[str, Any] = {
            "trade_id": str(next(self._trades)),
            "symbol": order.symbol,
            "client_order_id": name,
            "exchange_order_id": "x" + name,
            "side": order.side,
            "amount": left if amount is None else Decimal(str(amount)),
            "price": self.prices[order.symbol] if price is None else Decimal(str(price)),
            "time": self.time,
        }
        fill = Fill(**{**values, **others})
        done = fill.amount == left
        state = OrderState.FILLED if done else OrderState.PARTIALLY_FILLED
        order = attrs.evolve(order, state=state, fills=(*order.fills, fill), updated_at=self.time)
        self.orders[name] = order
        held = self.positions.get(order.symbol) or Position(symbol=order.symbol)
        signed = fill.amount * fill.side.sign
        self.positions[order.symbol] = held.after(
            signed, fill.price, self.instruments[order.symbol]
        )
        self.guard.fill_received(fill, order)
        self.guard.order_updated(order)
        return fill

    def trade(self, side: Side, amount: Any, **others: Any) -> str:
        """Send and fill at once."""
        name = self.send(side, amount, **others)
        self.fill(name)
        return name

    def bar(self, volume: Any, symbol: str = "") -> None:
        price = str(self.prices[symbol or self.symbol])
        self.guard.bar_closed(
            Bar(
                symbol=symbol or self.symbol,
                timeframe=Timeframe.M1,
                open_time=self.time - timedelta(minutes=1),
                open=price,
                high=price,
                low=price,
                close=price,
                volume=str(volume),
            )
        )

    def restart(self) -> None:
        self.guard = RiskGuard(self.limits, self.store)


@pytest.fixture
def world() -> Callable[..., World]:
    return World


@pytest.fixture
def start() -> datetime:
    return START
