"""What changed a futures account's wallets: profit, fees, funding, transfers."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any

import attrs

from real_trade.model import to_ms
from real_trade.paper.events import OrderUpdated, VenueEvent
from real_trade.paper.futures import AccountChanged, AccountReason, FundingSettled
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.words import plain

__all__ = ["Income"]

_KEPT = 10_000
_TRANSFERS = frozenset({AccountReason.DEPOSIT, AccountReason.WITHDRAW})


@attrs.frozen(kw_only=True)
class _Entry:
    account: str
    native: str
    kind: str
    amount: Decimal
    asset: str
    ms: int
    number: int
    trade_id: str = ""


class Income:
    """Hears the venue, and keeps the newest entries."""

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange
        self._entries: deque[_Entry] = deque(maxlen=_KEPT)
        self._count = 0
        exchange.venue.listen(self._hear)

    def rows(
        self,
        account: str,
        *,
        native: str | None,
        kind: str | None,
        start: int | None,
        end: int | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Return entries as Binance's JSON, oldest first."""
        found = [
            one
            for one in self._entries
            if one.account == account
            and native in {None, one.native}
            and kind in {None, one.kind}
            and (start is None or one.ms >= start)
            and (end is None or one.ms <= end)
        ]
        picked = found[-limit:] if start is None else found[:limit]
        inverse = self._exchange.kind.is_inverse
        return [
            {
                "symbol": one.native,
                "incomeType": one.kind,
                "income": plain(one.amount),
                "asset": one.asset,
                "info": one.trade_id or one.kind,
                "time": one.ms,
                "tranId": str(one.number) if inverse else one.number,
                "tradeId": one.trade_id,
            }
            for one in picked
        ]

    def _hear(self, event: VenueEvent) -> None:
        if isinstance(event, OrderUpdated) and event.fill is not None:
            fill = event.fill
            common = (event.account, fill.symbol)
            asset = self._exchange.venue.instruments[fill.symbol].settle
            ms, trade = to_ms(fill.time), str(fill.trade_id)
            if fill.realized_pnl:
                self._add(*common, "REALIZED_PNL", fill.realized_pnl, asset, ms, trade)
            if fill.fee:
                self._add(*common, "COMMISSION", -fill.fee, fill.fee_asset, ms, trade)
        elif isinstance(event, FundingSettled):
            for paid in event.payments:
                self._add(
                    paid.account, paid.symbol, "FUNDING_FEE", paid.amount, paid.asset,
                    to_ms(paid.time),
                )  # fmt: skip
        elif isinstance(event, AccountChanged) and event.reason in _TRANSFERS:
            for one in event.assets:
                self._add(event.account, "", "TRANSFER", one.change, one.asset, to_ms(event.time))

    def _add(
        self,
        account: str,
        symbol: str,
        kind: str,
        amount: Decimal,
        asset: str,
        ms: int,
        trade_id: str = "",
    ) -> None:
        self._count += 1
        self._entries.append(
            _Entry(
                account=account,
                native=self._exchange.native(symbol) if symbol else "",
                kind=kind,
                amount=amount,
                asset=asset,
                ms=ms,
                number=self._count,
                trade_id=trade_id,
            )
        )
