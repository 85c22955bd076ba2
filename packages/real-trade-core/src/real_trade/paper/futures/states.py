"""Snapshots of positions, as streams and replies show them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from real_trade.model.numbers import ZERO
from real_trade.paper.futures.positions import LivePosition, bankruptcy_price, liquidation_price
from real_trade.paper.futures.values import MarginType, PositionState, SymbolSettings

if TYPE_CHECKING:
    from real_trade.paper.futures.account import FuturesAccount

__all__ = ["StateMaker"]

_SHOWN = Decimal("1e-8")
_QUANTILES = 4


class StateMaker:
    """Makes the snapshots of one account."""

    def __init__(self, account: FuturesAccount) -> None:
        self._account = account

    def settings(self, symbol: str) -> SymbolSettings:
        """Return what is set for a symbol."""
        leverage = self._account.leverage(symbol)
        return SymbolSettings(
            symbol=symbol,
            margin_type=self._account.margin_type(symbol),
            leverage=leverage,
            max_notional=self._account.market.rules(symbol).max_notional(leverage),
        )

    def position(self, one: LivePosition) -> PositionState:
        """Return a position as it stands."""
        account, margin = self._account, self._account.margin
        settings = self.settings(one.symbol)
        isolated = settings.margin_type is MarginType.ISOLATED
        unrealized = margin.unrealized(one)
        return PositionState(
            account=account.name,
            symbol=one.symbol,
            side=one.side,
            amount=one.amount,
            entry_price=one.entry_price,
            break_even_price=one.break_even,
            mark_price=margin.mark(one),
            unrealized=unrealized,
            realized=one.realized,
            margin_type=settings.margin_type,
            leverage=settings.leverage,
            notional=margin.notional(one) * (one.sign or 1),
            initial_margin=margin.initial(one),
            maintenance_margin=margin.maintenance(one),
            order_margin=margin.of_orders(one.symbol, one.side),
            isolated_margin=one.isolated_wallet + unrealized if isolated else ZERO,
            isolated_wallet=one.isolated_wallet,
            liquidation_price=self.liquidation_price(one),
            bankruptcy_price=self.bankruptcy_price(one, self.backing(one)),
            max_notional=settings.max_notional,
            settle=one.instrument.settle,
            adl_quantile=self._quantile(one, unrealized),
            updated_at=one.updated_at,
        )

    def liquidation_price(self, one: LivePosition) -> Decimal:
        """Return the mark price that liquidates a position; 0 if none does."""
        if not one.amount:
            return ZERO
        account, margin = self._account, self._account.margin
        rules, mark = account.market.rules(one.symbol), margin.mark(one)
        if margin.is_isolated(one):
            found = liquidation_price([one], one.isolated_wallet, rules, mark)
        else:
            asset = one.instrument.settle
            cross = margin.positions(asset, isolated=False)
            others = [other for other in cross if other.symbol != one.symbol]
            wallet = account.ledger.free(asset)
            wallet += sum((margin.unrealized(o) - margin.maintenance(o) for o in others), ZERO)
            legs = [leg for leg in cross if leg.symbol == one.symbol]
            found = liquidation_price(legs, wallet, rules, mark)
        return ZERO if found is None else found.quantize(_SHOWN)

    def backing(self, one: LivePosition) -> Decimal:
        """Return the margin balance behind a position: a cross one's part by maintenance margin."""
        margin = self._account.margin
        if margin.is_isolated(one):
            return one.isolated_wallet + margin.unrealized(one)
        asset = one.instrument.settle
        total = sum(map(margin.maintenance, margin.positions(asset, isolated=False)), ZERO)
        if not total:
            return ZERO
        return margin.cross_balance(asset) * margin.maintenance(one) / total

    def bankruptcy_price(self, one: LivePosition, backing: Decimal) -> Decimal:
        """Return the price at which `backing` is used up; 0 if none is."""
        if not one.amount:
            return ZERO
        found = bankruptcy_price(one, backing, self._account.margin.mark(one))
        return ZERO if found is None else found.quantize(_SHOWN)

    def _quantile(self, one: LivePosition, unrealized: Decimal) -> int:
        """Return 0 without profit, else 1 to 4 by the profit's ratio to the initial margin."""
        initial = self._account.margin.initial(one)
        if unrealized <= 0 or not initial:
            return 0
        return min(_QUANTILES, 1 + int(unrealized / initial))
