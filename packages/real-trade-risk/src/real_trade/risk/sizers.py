"""Sizers under the seed's names: real `bt.Sizer`s that also answer `calc_size(broker, data)`.

`cerebro.addsizer(FixedRatioSizer, risk_pct=0.02)`, or
`FixedRatioSizer(risk_pct=0.02).calc_size(broker, data)`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import backtrader as bt

from real_trade.model import Instrument
from real_trade.model.numbers import ZERO
from real_trade.risk.sizing import average_true_range, exact, kelly_share, risk_size, round_size
from real_trade.risk.units import share
from real_trade.utils.errors import ConfigurationError

__all__ = ["ATRSizer", "FixedRatioSizer", "KellySizer", "instrument_of_data"]


def instrument_of_data(data: Any) -> Instrument | None:
    """Return the instrument of a feed of ours, or None for another one, whose steps are unknown."""
    found = getattr(data, "instrument", None)
    if isinstance(found, Instrument):
        return found
    exchange = getattr(getattr(data, "store", None), "exchange", None)
    if exchange is None:
        return None
    instrument = exchange.instruments().get(getattr(data, "symbol", ""))
    return instrument if isinstance(instrument, Instrument) else None


class _Sizer(bt.Sizer):
    """What the sizers share: entries by `calc_size`, exits by the whole position."""

    params: Any = ()
    shares: tuple[str, ...] = ()

    def __init__(self, *values: Any, **unknown: Any) -> None:
        # Backtrader has taken the parameters out of the keywords by now.
        names = self.p._getkeys()
        if unknown or len(values) > len(names):
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(names)}, not {unknown or values!r}"
            )
        for name, value in zip(names, values, strict=False):
            setattr(self.p, name, value)
        for name in self.shares:
            share(getattr(self.p, name), name)

    def calc_size(self, broker: Any, data: Any, stop_price: Any = None) -> float:
        """Return how much to enter with; 0 where equity or price is no figure.

        Args:
            broker: anything with `getvalue()`.
            data: a feed; the instrument of ours gives the step.
            stop_price: of the stop, where one is known: the size then loses `risk_pct` there.
        """
        price = exact(data.close[0])
        stop = exact(stop_price)
        distance = None if stop is None or price is None else abs(price - stop)
        if stop_price is not None and stop is None:
            return 0.0
        return float(self._size(exact(broker.getvalue()), price, data, distance))

    def _size(
        self, equity: Decimal | None, price: Decimal | None, data: Any, distance: Decimal | None
    ) -> Decimal:
        raise NotImplementedError

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> float:
        """Return the size of an order that names none: all of the position on the other side."""
        held = self.broker.getposition(data).size
        if held and (held > 0) != isbuy:
            return float(abs(held))
        size = exact(self.calc_size(self.broker, data)) or ZERO
        price, free = exact(data.close[0]), exact(cash)
        if comminfo.stocklike and isbuy and price and free is not None:
            # What cannot be paid, fee included, would be refused.
            fee = exact(comminfo.getcommission(1.0, float(price))) or ZERO
            size = min(size, max(free, ZERO) / (price + fee))
        return float(ZERO if price is None else round_size(size, price, instrument_of_data(data)))

    def _fixed(self, name: str) -> Decimal:
        return share(getattr(self.p, name), name)


class FixedRatioSizer(_Sizer):
    """Risks a fixed share of equity in each trade.

    Params:
        risk_pct: share of equity at risk; without a stop, the share that the position is worth.
        max_position_pct: the most that the position may be worth, as a share of equity.
    """

    params = (("risk_pct", 0.02), ("max_position_pct", 1.0))
    shares = ("risk_pct", "max_position_pct")

    def _size(
        self, equity: Decimal | None, price: Decimal | None, data: Any, distance: Decimal | None
    ) -> Decimal:
        return risk_size(
            equity=equity,
            price=price,
            risk=self._fixed("risk_pct"),
            max_position=self._fixed("max_position_pct"),
            stop_distance=distance,
            instrument=instrument_of_data(data),
        )


class KellySizer(_Sizer):
    """Sizes by Kelly's share of its own closed trades; by `risk_pct` until there are enough.

    As a sizer of a strategy it learns from the strategy's closed trades; elsewhere from
    `record_trade`.

    Params:
        fraction: part of Kelly's share that is used; half of it is the common choice.
        max_position_pct: the most that the position may be worth, as a share of equity.
        min_trades: how many closed trades are enough.
        risk_pct: the position's share of equity until then.
        window: how many of the last trades count.
    """

    params = (
        ("fraction", 0.5),
        ("max_position_pct", 0.3),
        ("min_trades", 20),
        ("risk_pct", 0.02),
        ("window", 200),
    )
    shares = ("fraction", "max_position_pct", "risk_pct")

    def __init__(self, *values: Any, **unknown: Any) -> None:
        super().__init__(*values, **unknown)
        self._profits: list[Decimal] = []

    def record_trade(self, pnl: Any) -> None:
        """Learn what a closed trade earned."""
        profit = exact(pnl)
        if profit is None:
            raise ConfigurationError(f"pnl = {pnl!r}: is no number", remedy="pass trade.pnlcomm")
        self._profits.append(profit)
        del self._profits[: -self.p.window]

    def kelly(self) -> Decimal:
        """Return the share of equity that a position is worth now."""
        profits = self._known()
        if len(profits) < self.p.min_trades:
            return self._fixed("risk_pct")
        return kelly_share(profits) * self._fixed("fraction")

    def _known(self) -> list[Decimal]:
        if self.strategy is None:
            return self._profits
        closed = (
            trade
            for by_id in self.strategy._trades.values()
            for trades in by_id.values()
            for trade in trades
            if trade.isclosed
        )
        recent = sorted(closed, key=lambda trade: trade.dtclose)[-self.p.window :]
        return [profit for trade in recent if (profit := exact(trade.pnlcomm)) is not None]

    def _size(
        self, equity: Decimal | None, price: Decimal | None, data: Any, distance: Decimal | None
    ) -> Decimal:
        del distance
        return risk_size(
            equity=equity,
            price=price,
            risk=self.kelly(),
            max_position=self._fixed("max_position_pct"),
            instrument=instrument_of_data(data),
        )


class ATRSizer(_Sizer):
    """Risks a fixed share of equity at a stop that is some average true ranges away.

    Params:
        risk_pct: share of equity at risk.
        multiplier: how many average true ranges the stop is away.
        atr_period: how many bars the average is over; 0 is returned until they are there.
        max_position_pct: the most that the position may be worth, as a share of equity.
    """

    params = (
        ("risk_pct", 0.02),
        ("multiplier", 2.0),
        ("atr_period", 14),
        ("max_position_pct", 1.0),
    )
    shares = ("risk_pct", "max_position_pct")

    def _size(
        self, equity: Decimal | None, price: Decimal | None, data: Any, distance: Decimal | None
    ) -> Decimal:
        if distance is None:
            width = self.atr(data)
            factor = exact(self.p.multiplier)
            if width is None or factor is None:
                return ZERO
            distance = width * factor
        return risk_size(
            equity=equity,
            price=price,
            risk=self._fixed("risk_pct"),
            max_position=self._fixed("max_position_pct"),
            stop_distance=distance,
            instrument=instrument_of_data(data),
        )

    def atr(self, data: Any) -> Decimal | None:
        """Return the average true range of the last bars, or None until they are there."""
        period = int(self.p.atr_period)
        if len(data) <= period:
            return None
        columns = [
            [exact(line[-ago]) for ago in range(period, -1, -1)]
            for line in (data.high, data.low, data.close)
        ]
        highs, lows, closes = ([x for x in one if x is not None] for one in columns)
        if not len(highs) == len(lows) == len(closes) == period + 1:
            return None
        return average_true_range(highs, lows, closes)
