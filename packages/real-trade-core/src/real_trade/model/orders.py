"""Orders and what is known of them: the intent, the exchange's reports, the fills."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

import attrs

from real_trade.model.instrument import Side
from real_trade.model.numbers import ZERO, amount_field, optional_amount_field
from real_trade.model.states import OrderState
from real_trade.model.times import optional_time_field, time_field

__all__ = [
    "Evidence",
    "Fill",
    "Order",
    "OrderIntent",
    "OrderReport",
    "OrderType",
    "TimeInForce",
]


class OrderType(Enum):
    """What kind of order.

    STOP and TAKE_PROFIT trigger at `stop_price`; *_LIMIT then rest at `price`.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"
    TRAILING_STOP_LIMIT = "trailing_stop_limit"

    @property
    def is_conditional(self) -> bool:
        """Whether the order waits for a trigger."""
        return self not in {OrderType.MARKET, OrderType.LIMIT}

    @property
    def has_limit(self) -> bool:
        """Whether the order rests at a limit price, at once or once triggered."""
        return self in {
            OrderType.LIMIT,
            OrderType.STOP_LIMIT,
            OrderType.TAKE_PROFIT_LIMIT,
            OrderType.TRAILING_STOP_LIMIT,
        }


class TimeInForce(Enum):
    """How long an order may rest."""

    GTC = "GTC"  # good till canceled
    IOC = "IOC"  # what does not fill at once is canceled
    FOK = "FOK"  # all at once or nothing
    GTD = "GTD"  # good till `expires_at`


@attrs.frozen(kw_only=True)
class OrderIntent:
    """One decision to trade. Immutable; the same intent never makes two exchange orders.

    Attributes:
        client_order_id: ours, unique for ever, written down before it is sent.
        symbol: unified name.
        amount: base units (spot, linear) or contracts (inverse); None only with `quote_amount`.
        price: limit price, where the type has one.
        stop_price: trigger price, where the type has one.
        trail_amount, trail_percent: distance of a trailing stop, in quote units or as a ratio
            (0.01 is 1 %); exactly one on trailing types.
        limit_offset: distance of a trailing stop-limit's limit from its trigger, in quote units.
        quote_amount: spend or receive this much of the quote asset (market orders on spot).
        expires_at: with TimeInForce.GTD.
        created_at: when the strategy decided.
        tags: names with texts that go with the order into the journal, and never to an exchange.
    """

    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    created_at: datetime = time_field()
    amount: Decimal | None = optional_amount_field("amount")
    price: Decimal | None = optional_amount_field("price")
    stop_price: Decimal | None = optional_amount_field("stop_price")
    trail_amount: Decimal | None = optional_amount_field("trail_amount")
    trail_percent: Decimal | None = optional_amount_field("trail_percent")
    limit_offset: Decimal | None = optional_amount_field("limit_offset")
    quote_amount: Decimal | None = optional_amount_field("quote_amount")
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: datetime | None = optional_time_field()
    post_only: bool = False
    reduce_only: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    def tag(self, name: str) -> str:
        """Return the text of a tag, "" if there is none."""
        return dict(self.tags).get(name, "")


class Evidence(Enum):
    """Where a report comes from."""

    REPLY = "reply"
    STREAM = "stream"
    LOOKUP = "lookup"
    LOCAL = "local"  # decided on this side: a denial, a refusal before anything was sent


@attrs.frozen(kw_only=True)
class Fill:
    """One execution: a fact, counted once by (symbol, trade_id).

    `fee` is what was paid, in `fee_asset`; negative for a rebate.
    """

    trade_id: str
    symbol: str
    client_order_id: str
    exchange_order_id: str
    side: Side
    amount: Decimal = amount_field("amount")
    price: Decimal = amount_field("price")
    fee: Decimal = amount_field("fee", ZERO)
    fee_asset: str = ""
    is_maker: bool = False
    realized_pnl: Decimal | None = optional_amount_field("realized_pnl")
    time: datetime = time_field()


@attrs.frozen(kw_only=True)
class OrderReport:
    """What an exchange says of one order at one time.

    `filled` is cumulative. `fills` are those that came with the report, which may be none or some
    of them. `quote_filled` and `average_price` are None where the exchange does not tell.
    """

    client_order_id: str
    symbol: str
    state: OrderState
    time: datetime = time_field()
    evidence: Evidence = Evidence.REPLY
    exchange_order_id: str = ""
    side: Side | None = None
    type: OrderType | None = None
    amount: Decimal | None = optional_amount_field("amount")
    price: Decimal | None = optional_amount_field("price")
    stop_price: Decimal | None = optional_amount_field("stop_price")
    filled: Decimal = amount_field("filled", ZERO)
    quote_filled: Decimal | None = optional_amount_field("quote_filled")
    average_price: Decimal | None = optional_amount_field("average_price")
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    insufficient_funds: bool = False


@attrs.frozen(kw_only=True)
class Order:
    """An order of ours as we know it now: the intent, its state and its fills.

    `reported_filled` is the largest cumulative amount that the exchange has told; when it is above
    `filled`, fills are missing and must be fetched.
    """

    intent: OrderIntent
    state: OrderState = OrderState.CREATED
    exchange_order_id: str = ""
    fills: tuple[Fill, ...] = ()
    reported_filled: Decimal = amount_field("reported_filled", ZERO)
    reason: str = ""
    insufficient_funds: bool = False
    updated_at: datetime | None = optional_time_field()

    @property
    def client_order_id(self) -> str:
        """Return the intent's client order id."""
        return self.intent.client_order_id

    @property
    def symbol(self) -> str:
        """Return the unified symbol."""
        return self.intent.symbol

    @property
    def side(self) -> Side:
        """Return the side."""
        return self.intent.side

    @property
    def filled(self) -> Decimal:
        """Return the sum of the fills' amounts."""
        return sum((fill.amount for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal | None:
        """Return what is left to fill, or None for an order by quote amount."""
        return None if self.intent.amount is None else self.intent.amount - self.filled

    @property
    def cost(self) -> Decimal:
        """Return the sum of amount x price over the fills."""
        return sum((fill.amount * fill.price for fill in self.fills), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Return the arithmetic average price of the fills, or None without fills."""
        filled = self.filled
        return self.cost / filled if filled else None
