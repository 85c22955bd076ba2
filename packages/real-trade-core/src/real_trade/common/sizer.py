"""The size of an order that names none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import backtrader as bt

from real_trade.common.translate import exact
from real_trade.model import Instrument
from real_trade.model.numbers import ZERO, ceil_to
from real_trade.utils.errors import ConfigurationError

__all__ = ["CashShareSizer", "least_amount"]

# The exchange judges an order's value at its own price, a little later.
_ROOM = Decimal("1.01")


class CashShareSizer(bt.Sizer):
    """Buys for a share of the cash, or the least that the exchange takes; sells the position.

    Backtrader's own default is one unit, which is one whole bitcoin.

    Params:
        share: part of the cash that a buy spends (0.1 is 10 %).
    """

    params = (("share", 0.1),)

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> float:
        position = self.broker.getposition(data)
        if not isbuy and position.size > 0:
            return float(position.size)
        if isbuy and position.size < 0:
            return float(-position.size)
        if not len(data):
            raise ConfigurationError(
                "an order needs a bar, and there is none yet",
                remedy="place orders in next(), not in __init__() or start()",
            )
        if data.close[0] <= 0:
            return 0.0
        price, funds = exact(data.close[0], "price"), Decimal(repr(cash))
        if funds <= 0:
            return 0.0
        instrument = self.broker.instrument(data)
        share = instrument.round_amount(
            funds * exact(self.p.share, "share") / price, market_order=True
        )
        least = least_amount(instrument, price)
        if share >= least:
            return float(share)
        if least * price * (1 + Decimal(repr(comminfo.p.commission))) <= funds:
            return float(least)
        self.broker.store.put_notification(
            f"no order: {cash:g} {instrument.quote} does not pay the least order of "
            f"{instrument.symbol}, which is {least:f} at {price:f}"
        )
        return 0.0


def least_amount(instrument: Instrument, price: Decimal) -> Decimal:
    """Return the smallest amount that the exchange takes by a market order around `price`."""
    step = max(instrument.amount_step, instrument.market_amount_step)
    by_value = ZERO
    if instrument.min_notional > 0:
        by_value = instrument.min_notional * _ROOM / instrument.quote_value(Decimal(1), price)
    least = max(step, instrument.min_amount, instrument.min_market_amount, by_value)
    return ceil_to(least, step)
