"""What a futures venue takes and gives: requests, positions, margin, algo orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.model import OrderType, Side, TimeInForce
from real_trade.model.numbers import ONE, ZERO, amount_field, optional_amount_field
from real_trade.model.times import optional_time_field
from real_trade.paper.values import OrderRequest, SelfTradePrevention

__all__ = [
    "AccountReason",
    "AlgoOrder",
    "AlgoRequest",
    "AlgoStatus",
    "AssetMargin",
    "FundingPayment",
    "FuturesRequest",
    "MarginType",
    "MarkPrice",
    "OrderOrigin",
    "PositionMode",
    "PositionSide",
    "PositionState",
    "PriceMatch",
    "SymbolSettings",
    "WorkingPrice",
]


class MarginType(Enum):
    """Whether a position stands on the whole wallet or on a part of its own."""

    CROSS = "cross"
    ISOLATED = "isolated"


class PositionMode(Enum):
    """One position for each symbol, or a long and a short one beside each other."""

    ONE_WAY = "one_way"
    HEDGE = "hedge"


class PositionSide(Enum):
    """Which position of a symbol an order is for; BOTH in one-way mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class WorkingPrice(Enum):
    """Which price pulls a trigger."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class PriceMatch(Enum):
    """Which level of the book gives a limit order its price, when it comes in."""

    NONE = "NONE"
    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"

    @property
    def level(self) -> int:
        """Return which level it is, counted from 1."""
        number = self.value.partition("_")[2]
        return int(number) if number else 1

    @property
    def is_opponent(self) -> bool:
        """Whether it is a level of the other side of the book."""
        return self.value.startswith("OPPONENT")


class OrderOrigin(Enum):
    """Who made an order. Fills of orders of the venue's own are Binance's CALCULATED."""

    USER = "user"
    ALGO = "algo"  # the child of an algo order
    LIQUIDATION = "liquidation"
    ADL = "adl"
    DELIVERY = "delivery"

    @property
    def is_forced(self) -> bool:
        """Whether the venue made it, and not the account's owner."""
        return self in {OrderOrigin.LIQUIDATION, OrderOrigin.ADL, OrderOrigin.DELIVERY}


class AlgoStatus(Enum):
    """Where a conditional order of the algo service stands; the names are Binance's."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_open(self) -> bool:
        """Whether it may still be canceled."""
        return self is AlgoStatus.NEW


class AccountReason(Enum):
    """Why an account changed: Binance's ACCOUNT_UPDATE `m`."""

    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    MARGIN_TRANSFER = "MARGIN_TRANSFER"
    MARGIN_TYPE_CHANGE = "MARGIN_TYPE_CHANGE"


@attrs.frozen(kw_only=True)
class FuturesRequest(OrderRequest):
    """An order for a futures venue. `amount` is in base units (linear) or contracts (inverse).

    GTX is `post_only`; GTD comes with `expires_at`.

    Attributes:
        price_match: takes the limit from the book; then `price` must be None.
        origin, algo_id: set by the venue for orders that it makes itself.
    """

    position_side: PositionSide = PositionSide.BOTH
    price_match: PriceMatch = PriceMatch.NONE
    origin: OrderOrigin = OrderOrigin.USER
    algo_id: int | None = None


@attrs.frozen(kw_only=True)
class AlgoRequest:
    """A conditional order as an account asks the algo service for it.

    Attributes:
        type: STOP (Binance STOP_MARKET), STOP_LIMIT (STOP), TAKE_PROFIT (TAKE_PROFIT_MARKET),
            TAKE_PROFIT_LIMIT (TAKE_PROFIT) or TRAILING_STOP (TRAILING_STOP_MARKET).
        amount: None only with `close_position`.
        trigger_price: of all types but the trailing one.
        activation_price, callback_rate: of the trailing one; 0.01 is 1 %.
        close_position: close the whole position once triggered (market types only).
        price_protect: do not trigger while mark and contract price differ by more than
            `FuturesRules.trigger_protect`.
        client_algo_id: unique among open algo orders; "" lets the venue choose one. It becomes the
            child order's client order id.
    """

    symbol: str
    side: Side
    type: OrderType
    amount: Decimal | None = optional_amount_field("amount")
    price: Decimal | None = optional_amount_field("price")
    price_match: PriceMatch = PriceMatch.NONE
    trigger_price: Decimal | None = optional_amount_field("trigger_price")
    activation_price: Decimal | None = optional_amount_field("activation_price")
    callback_rate: Decimal | None = optional_amount_field("callback_rate")
    working_price: WorkingPrice = WorkingPrice.CONTRACT_PRICE
    price_protect: bool = False
    close_position: bool = False
    reduce_only: bool = False
    position_side: PositionSide = PositionSide.BOTH
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: datetime | None = optional_time_field()
    post_only: bool = False
    client_algo_id: str = ""
    self_trade_prevention: SelfTradePrevention | None = None


@attrs.frozen(kw_only=True)
class AlgoOrder:
    """An algo order as it stands now.

    Attributes:
        trigger_price: as it stands now; a trailing one's moves, and is None until it is active.
        order_id: of the child order, once there is one.
        filled, average_price: of the child order.
        reason: why it was rejected or expired, in words.
    """

    account: str
    algo_id: int
    client_algo_id: str
    request: AlgoRequest
    status: AlgoStatus
    trigger_price: Decimal | None
    order_id: int | None
    filled: Decimal
    average_price: Decimal | None
    created_at: datetime
    updated_at: datetime
    triggered_at: datetime | None = None
    reason: str = ""

    @property
    def symbol(self) -> str:
        """Return the unified symbol."""
        return self.request.symbol


@attrs.frozen(kw_only=True)
class PositionState:
    """One position of one account as it stands now; `amount` is signed.

    Profit, margins and notional are in the settle asset.

    Attributes:
        realized: profit since the position's symbol and side were first traded, before fees.
        break_even_price: where closing costs nothing after the fees paid so far to open.
        initial_margin: of the position alone, at mark.
        order_margin: what open orders of this symbol and side need besides.
        isolated_margin: what stands behind an isolated position, unrealized profit included.
        isolated_wallet: the same without unrealized profit; both 0 in cross margin.
        liquidation_price: 0 where no positive price would liquidate it.
        adl_quantile: place in the queue of auto-deleveraging, 0 to 4.
    """

    account: str
    symbol: str
    side: PositionSide
    amount: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    realized: Decimal
    margin_type: MarginType
    leverage: int
    notional: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    order_margin: Decimal
    isolated_margin: Decimal
    isolated_wallet: Decimal
    liquidation_price: Decimal
    bankruptcy_price: Decimal
    max_notional: Decimal
    settle: str
    adl_quantile: int
    updated_at: datetime | None


@attrs.frozen(kw_only=True)
class AssetMargin:
    """One settle asset of one account.

    Attributes:
        wallet: what was deposited, earned and lost; without unrealized profit.
        cross_wallet: the wallet without what isolated positions hold.
        cross_unrealized: profit of cross positions at mark; `unrealized` of all.
        margin_balance: wallet plus unrealized profit.
        initial_margin: `position_margin` and `order_margin`.
        available: what new orders and transfers may use.
    """

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    unrealized: Decimal
    cross_unrealized: Decimal
    margin_balance: Decimal
    position_margin: Decimal
    order_margin: Decimal
    maintenance_margin: Decimal
    available: Decimal
    updated_at: datetime | None = None

    @property
    def initial_margin(self) -> Decimal:
        """Return the initial margin of positions and orders."""
        return self.position_margin + self.order_margin


@attrs.frozen(kw_only=True)
class SymbolSettings:
    """What one account has set for one symbol."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal
    auto_add_margin: bool = False


@attrs.frozen(kw_only=True)
class MarkPrice:
    """Mark and index price of a symbol, with its funding.

    `next_funding` is None where there is none.
    """

    symbol: str
    mark: Decimal
    index: Decimal
    funding_rate: Decimal
    next_funding: datetime | None
    time: datetime


@attrs.frozen(kw_only=True)
class FundingPayment:
    """One funding payment of one position; a negative `amount` was paid, a positive one got."""

    account: str
    symbol: str
    side: PositionSide
    asset: str
    rate: Decimal
    mark_price: Decimal = amount_field("mark_price", ONE)
    amount: Decimal = amount_field("amount", ZERO)
    time: datetime
