"""Leverage, margin type, position mode and isolated margin: what an account sets, and when not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from real_trade.model.numbers import ZERO
from real_trade.paper.events import VenueEvent
from real_trade.paper.floor import Floor
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.events import PositionModeChanged, SettingsChanged
from real_trade.paper.futures.values import (
    AccountReason,
    MarginType,
    PositionMode,
    PositionSide,
)
from real_trade.paper.ledger import Book
from real_trade.paper.rejects import RejectReason, VenueReject

__all__ = ["Settings"]


class Settings:
    """Changes the settings of accounts, as Binance allows it.

    Args:
        open_algos: whether an account has open algo orders, of a symbol or of any.
    """

    def __init__(self, floor: Floor, open_algos: Callable[[str, str | None], bool]) -> None:
        self._floor = floor
        self._open_algos = open_algos

    def leverage(self, account: FuturesAccount, symbol: str, leverage: int) -> None:
        """Set the leverage of a symbol."""
        rules = account.market.rules(symbol)
        if not 1 <= leverage <= rules.max_leverage:
            raise VenueReject(
                RejectReason.LEVERAGE, f"leverage {leverage} is not 1 to {rules.max_leverage}"
            )
        before = account.leverage(symbol)
        self._check_size(account, symbol, leverage)
        isolated = account.margin_type(symbol) is MarginType.ISOLATED
        if leverage < before and isolated and any(account.open_positions(symbol)):
            raise VenueReject(
                RejectReason.LEVERAGE_ISOLATED,
                f"leverage of an isolated {symbol} position can go up only",
            )
        account.leverages[symbol] = leverage
        asset = account.market.instrument(symbol).settle
        if leverage < before and account.margin.available(asset) < 0:
            account.leverages[symbol] = before
            raise VenueReject(
                RejectReason.LEVERAGE_MARGIN,
                f"the margin is too low for leverage {leverage} of {symbol}",
            )
        self._tell(
            SettingsChanged(
                account=account.name,
                settings=account.states.settings(symbol),
                time=self._floor.now(),
            )
        )

    def _check_size(self, account: FuturesAccount, symbol: str, leverage: int) -> None:
        limit = account.market.rules(symbol).max_notional(leverage)
        for position in account.open_positions(symbol):
            notional = account.margin.notional(position)
            if notional > limit:
                raise VenueReject(
                    RejectReason.MAX_POSITION_AT_LEVERAGE,
                    f"the position of {notional} is above {limit}, the most at {leverage}",
                )

    def margin_type(self, account: FuturesAccount, symbol: str, kind: MarginType) -> None:
        """Set whether a symbol's positions are cross or isolated."""
        account.market.instrument(symbol)
        if account.margin_type(symbol) is kind:
            raise VenueReject(RejectReason.MARGIN_TYPE_SAME, f"{symbol} is {kind.value} already")
        if self._has_orders(account, symbol):
            raise VenueReject(RejectReason.MARGIN_TYPE_ORDERS, f"{symbol} has open orders")
        if any(account.open_positions(symbol)):
            raise VenueReject(RejectReason.MARGIN_TYPE_POSITION, f"{symbol} has a position")
        account.margin_types[symbol] = kind
        sides = (
            (PositionSide.BOTH,)
            if account.mode is PositionMode.ONE_WAY
            else (PositionSide.LONG, PositionSide.SHORT)
        )
        positions = [account.position(symbol, side) for side in sides]
        account.booker.told(AccountReason.MARGIN_TYPE_CHANGE, self._floor.now(), positions)

    def position_mode(self, account: FuturesAccount, mode: PositionMode) -> None:
        """Set one-way or hedge mode, for all symbols."""
        if account.mode is mode:
            raise VenueReject(RejectReason.POSITION_MODE_SAME, f"the mode is {mode.value} already")
        if self._has_orders(account, None):
            raise VenueReject(RejectReason.POSITION_MODE_ORDERS, "there are open orders")
        if any(account.open_positions()):
            raise VenueReject(RejectReason.POSITION_MODE_POSITION, "there are positions")
        account.mode = mode
        self._tell(PositionModeChanged(account=account.name, mode=mode, time=self._floor.now()))

    def _has_orders(self, account: FuturesAccount, symbol: str | None) -> bool:
        orders = any(symbol in {None, order.symbol} for order in account.open.values())
        return orders or self._open_algos(account.name, symbol)

    def change_margin(
        self, account: FuturesAccount, symbol: str, amount: Decimal, side: PositionSide
    ) -> None:
        """Put margin behind an isolated position, or take it out."""
        position = account.position(symbol, side)
        if account.margin_type(symbol) is not MarginType.ISOLATED:
            raise VenueReject(RejectReason.NOT_ISOLATED, f"{symbol} is not isolated")
        if not position.amount:
            raise VenueReject(RejectReason.NO_POSITION, f"there is no {symbol} position")
        if not amount:
            raise VenueReject(RejectReason.NOT_POSITIVE, "the amount is 0")
        asset = position.instrument.settle
        if amount > 0:
            free = min(account.margin.available(asset), account.ledger.total(Book.FREE, asset))
            reason = RejectReason.CROSS_BALANCE
        else:
            profit = min(ZERO, account.margin.unrealized(position))
            free = position.isolated_wallet + profit - account.margin.initial(position)
            reason = RejectReason.ISOLATED_BALANCE
        if abs(amount) > free:
            raise VenueReject(reason, f"{abs(amount)} {asset} asked, {max(ZERO, free)} can move")
        account.booker.isolate(position, amount, self._floor.now())

    def _tell(self, event: VenueEvent) -> None:
        self._floor.tell(event)
