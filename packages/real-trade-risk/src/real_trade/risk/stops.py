"""Where to stop a loss: at a fixed distance, trailing, or by the average true range."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from real_trade.model import Side
from real_trade.risk.sizing import exact
from real_trade.risk.units import share
from real_trade.utils.errors import ConfigurationError

__all__ = ["ATRStopLoss", "FixedStopLoss", "TrailingStopLoss", "entry_side"]

_SIDES = {"buy": Side.BUY, "long": Side.BUY, "sell": Side.SELL, "short": Side.SELL}


def entry_side(side: Any) -> Side:
    """Return the side of an entry: `Side.BUY`, "buy", "long", and their opposites.

    Raises:
        ConfigurationError: it is none of them.
    """
    found = side if isinstance(side, Side) else _SIDES.get(str(side).lower())
    if found is None:
        raise ConfigurationError(f"side = {side!r}: is no side", remedy='use "buy" or "sell"')
    return found


def _price(value: Any, what: str) -> Decimal:
    number = exact(value)
    if number is None or number <= 0:
        raise ConfigurationError(
            f"{what} = {value!r}: must be a finite number above zero", remedy="wait for a price"
        )
    return number


def _away(price: Decimal, side: Side, distance: Decimal) -> Decimal:
    """Return the price `distance` to the losing side; a long's stop cannot be below zero."""
    return max(price - distance * side.sign, Decimal(0))


class FixedStopLoss:
    """A stop `pct` away from the entry price."""

    def __init__(self, pct: Any = 0.02) -> None:
        self.pct = share(pct, "pct")

    def get_stop_price(self, entry_price: Any, side: Any = "buy") -> float:
        """Return the stop's price for an entry on `side`."""
        price = _price(entry_price, "entry_price")
        return float(_away(price, entry_side(side), price * self.pct))

    def is_hit(self, price: Any, entry_price: Any, side: Any = "buy") -> bool:
        """Return whether `price` is at the stop or beyond."""
        return _beyond(price, self.get_stop_price(entry_price, side), side)


class TrailingStopLoss:
    """A stop that follows the best price since the entry at a distance of `pct`; it never falls
    back."""

    def __init__(self, pct: Any = 0.03) -> None:
        self.pct = share(pct, "pct")
        self._best: Decimal | None = None
        self._side = Side.BUY

    def start(self, entry_price: Any, side: Any = "buy") -> float:
        """Begin at an entry; return the stop's price."""
        self._side, self._best = entry_side(side), _price(entry_price, "entry_price")
        return self.stop_price

    def update(self, price: Any) -> float:
        """Follow a price; return the stop's price."""
        seen, best = _price(price, "price"), self._best
        if best is None:
            raise ConfigurationError("the stop has no entry", remedy="call start first")
        self._best = max(best, seen) if self._side is Side.BUY else min(best, seen)
        return self.stop_price

    @property
    def stop_price(self) -> float:
        """Return the stop's price now."""
        if self._best is None:
            raise ConfigurationError("the stop has no entry", remedy="call start first")
        return float(_away(self._best, self._side, self._best * self.pct))

    def get_stop_price(self, entry_price: Any, side: Any = "buy") -> float:
        """Return the stop's price right after an entry."""
        price = _price(entry_price, "entry_price")
        return float(_away(price, entry_side(side), price * self.pct))

    def is_hit(self, price: Any) -> bool:
        """Return whether `price` is at the stop or beyond."""
        return _beyond(price, self.stop_price, self._side)


class ATRStopLoss:
    """A stop `multiplier` average true ranges away from the entry price."""

    def __init__(self, multiplier: Any = 2.0) -> None:
        factor = exact(multiplier)
        if factor is None or factor <= 0:
            raise ConfigurationError(
                f"multiplier = {multiplier!r}: must be above zero", remedy="use 2.0"
            )
        self.multiplier = factor

    def get_stop_price(self, entry_price: Any, side: Any = "buy", atr: Any = None) -> float:
        """Return the stop's price for an entry on `side`, given the average true range."""
        width = _price(atr, "atr")
        price = _price(entry_price, "entry_price")
        return float(_away(price, entry_side(side), width * self.multiplier))


def _beyond(price: Any, stop: float, side: Any) -> bool:
    seen = _price(price, "price")
    level = Decimal(repr(stop))
    return seen <= level if entry_side(side) is Side.BUY else seen >= level
