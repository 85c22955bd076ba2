"""What orders may still do: reserved before they are sent, released on proof that they are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Order, Side
from real_trade.model.numbers import ZERO

__all__ = ["Load", "Reservation", "Reservations", "Tally"]


@attrs.define(kw_only=True)
class Reservation:
    """One order at its worst.

    Attributes:
        left: how much may still fill.
        unit: the worst value of one unit of amount, in quote units; 0 where nobody knows.
        entry: whether it was let through as an entry, which the day's counts hold.
        exit_only: whether the exchange itself keeps it from enlarging a position.
        traded: whether the day's trades count it already.
    """

    client_order_id: str
    symbol: str
    side: Side
    left: Decimal
    unit: Decimal = ZERO
    entry: bool = False
    exit_only: bool = False
    traded: bool = False

    @property
    def value_left(self) -> Decimal:
        """Return the worst value of what may still fill, in quote units."""
        return self.unit * self.left


@attrs.define
class Load:
    """One symbol: the position and everything that may still change it.

    Reduce-only orders count like others: one that filled unheard has moved the position already.
    """

    position: Decimal = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO

    def worst(self, *, spot: bool) -> Decimal:
        """Return the largest position, of either sign, that can come of it.

        On spot nobody can sell what is not there.
        """
        long = self.position + self.buys
        short = ZERO if spot else self.sells - self.position
        return max(long, short, ZERO)

    def after(self, side: Side, amount: Decimal, *, spot: bool) -> Decimal:
        """Return the largest position on the side that one order more would enlarge."""
        if side is Side.BUY:
            return max(self.position + self.buys + amount, ZERO)
        return ZERO if spot else max(self.sells + amount - self.position, ZERO)


@attrs.define
class Tally:
    """All reservations in sum: the loads by symbol, and what the day's entries may still become.

    `trades` are those that have not filled at all; `turnover` is in quote units.
    """

    loads: dict[str, Load]
    trades: int = 0
    turnover: Decimal = ZERO


class Reservations:
    """Every order that may still fill: those let through here and those found open."""

    def __init__(self) -> None:
        self._by_id: dict[str, Reservation] = {}

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, client_order_id: str) -> Reservation | None:
        """Return the reservation of an order, or None."""
        return self._by_id.get(client_order_id)

    def reserve(self, reservation: Reservation) -> None:
        """Reserve before the order is sent."""
        self._by_id[reservation.client_order_id] = reservation

    def fill(self, client_order_id: str, amount: Decimal) -> Reservation | None:
        """Take a fill off what is left; the order stays until it is proved to be over."""
        one = self._by_id.get(client_order_id)
        if one is not None:
            one.left = max(one.left - amount, ZERO)
        return one

    def settle(self, order: Order) -> Reservation | None:
        """Release an order that is over and whose fills are all known; return it."""
        one = self._by_id.get(order.client_order_id)
        if one is None or not order.state.is_terminal:
            return None
        missing = order.reported_filled - order.filled
        if missing > 0:
            one.left = missing
            return None
        return self._by_id.pop(order.client_order_id)

    def drop(self, client_order_id: str) -> Reservation | None:
        """Forget an order; return what was reserved for it."""
        return self._by_id.pop(client_order_id, None)

    def tally(
        self, open_orders: Iterable[Order], positions: Mapping[str, Decimal], without: str
    ) -> Tally:
        """Return what is reserved by now; the order `without` is not counted.

        An open order that nobody reserved here counts in full: after a restart, or somebody else's.
        """
        told = self._adopt(open_orders, without)
        tally = Tally({symbol: Load(position) for symbol, position in positions.items()})
        loads = tally.loads
        for name, one in self._by_id.items():
            if name == without:
                continue
            load = loads.get(one.symbol)
            if load is None:
                load = loads[one.symbol] = Load()
            left = told.get(name, ZERO)
            if one.left > left:
                left = one.left
            if one.side is Side.BUY:
                load.buys += left
            else:
                load.sells += left
            if one.entry:
                tally.turnover += one.unit * left
                tally.trades += 0 if one.traded else 1
        return tally

    def _adopt(self, open_orders: Iterable[Order], without: str) -> dict[str, Decimal]:
        told = {}
        for order in open_orders:
            intent = order.intent
            name = intent.client_order_id
            if name == without:
                continue
            left = order.remaining if order.fills else intent.amount
            if left is not None:
                told[name] = left
            if name not in self._by_id and left is not None:
                self._by_id[name] = Reservation(
                    client_order_id=name,
                    symbol=intent.symbol,
                    side=intent.side,
                    left=left,
                    traded=bool(order.fills),
                )
        return told
