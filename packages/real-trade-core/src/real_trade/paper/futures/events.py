"""What a futures venue tells besides `real_trade.paper.events`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from real_trade.paper.events import MarginEvent
from real_trade.paper.futures.values import (
    AccountReason,
    AlgoOrder,
    FundingPayment,
    MarkPrice,
    PositionMode,
    PositionSide,
    PositionState,
    SymbolSettings,
)
from real_trade.paper.values import VenueOrder

__all__ = [
    "AccountChanged",
    "AlgoUpdated",
    "AssetChange",
    "FundingSettled",
    "LiquidationFilled",
    "MarginCalled",
    "MarkPriceChanged",
    "PositionModeChanged",
    "SettingsChanged",
]


@attrs.frozen(kw_only=True)
class AssetChange:
    """One asset of an AccountChanged; `change` is what came without profit and fees."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


@attrs.frozen(kw_only=True)
class AccountChanged(MarginEvent):
    """Wallets and positions that changed (Binance ACCOUNT_UPDATE).

    Of a fill it comes before the OrderUpdated. Funding of a cross position has no positions in it.
    """

    account: str
    reason: AccountReason
    assets: tuple[AssetChange, ...]
    positions: tuple[PositionState, ...]
    time: datetime
    symbol: str = ""


@attrs.frozen(kw_only=True)
class SettingsChanged(MarginEvent):
    """Leverage of a symbol was set (Binance ACCOUNT_CONFIG_UPDATE)."""

    account: str
    settings: SymbolSettings
    time: datetime


@attrs.frozen(kw_only=True)
class PositionModeChanged(MarginEvent):
    """The account went over to one-way or hedge mode; Binance's streams do not tell it."""

    account: str
    mode: PositionMode
    time: datetime


@attrs.frozen(kw_only=True)
class MarginCalled(MarginEvent):
    """Margin has come close to the maintenance margin (Binance MARGIN_CALL).

    `cross_wallet` is None when an isolated position is concerned.
    """

    account: str
    positions: tuple[PositionState, ...]
    cross_wallet: Decimal | None
    time: datetime


@attrs.frozen(kw_only=True)
class AlgoUpdated(MarginEvent):
    """One thing happened to one algo order (Binance ALGO_UPDATE)."""

    account: str
    order: AlgoOrder
    time: datetime


@attrs.frozen(kw_only=True)
class MarkPriceChanged(MarginEvent):
    """The mark price of a symbol moved."""

    mark: MarkPrice
    time: datetime


@attrs.frozen(kw_only=True)
class FundingSettled(MarginEvent):
    """Funding of a symbol was paid by and to all accounts."""

    symbol: str
    rate: Decimal
    payments: tuple[FundingPayment, ...]
    time: datetime


@attrs.frozen(kw_only=True)
class LiquidationFilled(MarginEvent):
    """A liquidation order is done (Binance forceOrder)."""

    account: str
    order: VenueOrder
    side: PositionSide
    bankruptcy_price: Decimal
    time: datetime
