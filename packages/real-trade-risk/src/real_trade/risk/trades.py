"""Closed trades from fills: what each earned, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import Fill, Instrument, Market, OrderType, Position, Side
from real_trade.model.numbers import ZERO
from real_trade.risk._plain import plain_time, read_time

__all__ = ["ClosedTrade", "TradeBook", "instrument_of"]

_STOPS = frozenset(
    {
        *(OrderType.STOP, OrderType.STOP_LIMIT),
        *(OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT),
    }
)


@attrs.frozen(kw_only=True)
class ClosedTrade:
    """One position from its first fill to flat.

    Attributes:
        side: of the entry.
        profit: net of fees, in units of the settle asset (quote on spot).
        ratio: profit to the value at entry.
        by_stop: whether a stop order closed it.
    """

    symbol: str
    side: Side
    opened_at: datetime
    closed_at: datetime
    profit: Decimal
    ratio: Decimal
    by_stop: bool = False

    def plain(self) -> list[Any]:
        """Return the trade as values that JSON can hold."""
        times = [plain_time(self.opened_at), plain_time(self.closed_at)]
        return [
            *(self.symbol, self.side.value, *times, str(self.profit), str(self.ratio)),
            self.by_stop,
        ]

    @classmethod
    def read(cls, plain: list[Any]) -> ClosedTrade:
        """Return the trade that `plain` wrote."""
        symbol, side, opened, closed, profit, ratio, by_stop = plain
        return cls(
            symbol=symbol,
            side=Side(side),
            opened_at=read_time(opened),
            closed_at=read_time(closed),
            profit=Decimal(profit),
            ratio=Decimal(ratio),
            by_stop=bool(by_stop),
        )


@attrs.define
class _Open:
    """A trade that is under way."""

    position: Position
    opened_at: datetime
    earned: Decimal = ZERO
    invested: Decimal = ZERO


class TradeBook:
    """Turns fills into closed trades, with average entry prices."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def add(self, fill: Fill, instrument: Instrument, kind: OrderType) -> ClosedTrade | None:
        """Book a fill; return the trade that it closed, or None."""
        signed = fill.amount * fill.side.sign
        trade = self._open.get(fill.symbol)
        if trade is None:
            trade = _Open(position=Position(symbol=fill.symbol), opened_at=fill.time)
            self._open[fill.symbol] = trade
        held = trade.position.amount
        closing = min(abs(held), abs(signed)) if held * signed < 0 else ZERO
        opening = abs(signed) - closing
        fee = _fee(fill, instrument)
        if closing:
            part = attrs.evolve(trade.position, amount=closing if held > 0 else -closing)
            trade.earned += part.profit_at(fill.price, instrument)
        trade.earned -= fee * closing / abs(signed)
        after = trade.position.after(signed, fill.price, instrument)
        closed = None
        if closing and closing == abs(held):
            closed = _closed(fill, trade, instrument, by_stop=kind in _STOPS)
            trade = self._open[fill.symbol] = _Open(position=after, opened_at=fill.time)
        if opening:
            trade.earned -= fee * opening / abs(signed)
            trade.invested += instrument.notional(opening, fill.price)
        trade.position = after
        if not after.amount:
            del self._open[fill.symbol]
        return closed

    def plain(self) -> dict[str, list[Any]]:
        """Return what is under way as values that JSON can hold."""
        return {
            symbol: [
                *(str(one.position.amount), str(one.position.entry_price)),
                *(plain_time(one.opened_at), str(one.earned), str(one.invested)),
            ]
            for symbol, one in self._open.items()
        }

    def restore(self, plain: Mapping[str, list[Any]]) -> None:
        """Take back what `plain` returned."""
        for symbol, (amount, entry, opened, earned, invested) in plain.items():
            self._open[symbol] = _Open(
                position=Position(symbol=symbol, amount=amount, entry_price=entry),
                opened_at=read_time(opened),
                earned=Decimal(earned),
                invested=Decimal(invested),
            )


def instrument_of(symbol: str) -> Instrument | None:
    """Return what a spot symbol's name alone tells; None for derivatives, whose contracts differ.

    Steps are unknown, so it is good for arithmetic only.
    """
    base, _, quote = symbol.partition("/")
    if not quote or ":" in quote:
        return None
    return Instrument(
        symbol=symbol,
        native=base + quote,
        base=base,
        quote=quote,
        settle=quote,
        market=Market.SPOT,
        price_step=ZERO,
        amount_step=ZERO,
    )


def _closed(fill: Fill, trade: _Open, instrument: Instrument, *, by_stop: bool) -> ClosedTrade:
    value = trade.invested or instrument.notional(abs(trade.position.amount), fill.price)
    return ClosedTrade(
        symbol=fill.symbol,
        side=Side.BUY if trade.position.amount > 0 else Side.SELL,
        opened_at=trade.opened_at,
        closed_at=fill.time,
        profit=trade.earned,
        ratio=trade.earned / value,
        by_stop=by_stop,
    )


def _fee(fill: Fill, instrument: Instrument) -> Decimal:
    """Return the fee in settle units; one in a third asset has no price here and counts nothing."""
    if not fill.fee or fill.fee_asset in {"", instrument.settle}:
        return fill.fee
    if fill.fee_asset == instrument.base:
        return fill.fee * fill.price
    return fill.fee / fill.price if fill.fee_asset == instrument.quote else ZERO
