"""Futures at the venue: linear and inverse contracts, margin, funding, liquidation, algo orders.

`FuturesVenue` is a `Venue`: `place`, `test`, `cancel`, `cancel_all`, `order`, `open_orders`,
`orders`, `fills`, `on_quote`, `on_trade`, `on_bar`, `depth`, `deposit`, `withdraw`, `listen` and
the rest are as there. Orders come as `FuturesRequest` and stand in `VenueOrder.request` as one
(`position_side`, `price_match`, `origin`, `algo_id`); a plain `OrderRequest` is taken too.

`VenueFill.quote_amount` is quote units (linear) or base units (inverse); `fee` is in the settle
asset; `realized_pnl` in it too, before the fee.

    FuturesVenue(instruments, clock, *, seed, fees, rules, venue_rules, self_trade_prevention, bars,
                 first_order_id, first_trade_id,
                 futures_rules: Mapping[str, FuturesRules] | None = None,
                 default_rules: FuturesRules | None = None)

Account settings:

    set_leverage(account, symbol, leverage: int) -> SymbolSettings
    set_margin_type(account, symbol, margin_type: MarginType) -> SymbolSettings
    set_position_mode(account, mode: PositionMode) -> None
    change_margin(account, symbol, amount: Decimal, side=PositionSide.BOTH) -> PositionState
        # signed: a positive amount is put behind an isolated position, a negative one taken out
    settings(account, symbol) -> SymbolSettings
    position_mode(account) -> PositionMode
    futures_rules(symbol) -> FuturesRules

Account state:

    position(account, symbol, side=PositionSide.BOTH) -> PositionState     # also when flat
    positions(account, symbol=None, *, only_open=True) -> list[PositionState]
    margin(account, asset) -> AssetMargin
    margins(account) -> dict[str, AssetMargin]     # settle assets, and others that are not zero
    funding_payments(account, symbol=None) -> list[FundingPayment]

Orders (beyond Venue):

    modify(account, symbol, *, amount, price, order_id=None, client_order_id=None) -> VenueOrder
        # Binance PUT order: limit orders; loses its place in the queue; told as REPLACED
    place_algo(account, request: AlgoRequest) -> AlgoOrder
    cancel_algo(account, *, algo_id=None, client_algo_id=None) -> AlgoOrder
    cancel_all_algos(account, symbol) -> list[AlgoOrder]     # may be empty
    algo_order(account, *, algo_id=None, client_algo_id=None) -> AlgoOrder
    open_algo_orders(account, symbol=None) -> list[AlgoOrder]
    algo_orders(account, symbol=None) -> list[AlgoOrder]

Market and venue operations:

    mark_price(symbol) -> MarkPrice | None     # None before the first price
    set_premium(symbol, premium: Decimal) -> None      # mark = index x (1 + premium)
    set_mark_price(symbol, price: Decimal | None) -> None     # None: follow the tape again
    set_index_price(symbol, price: Decimal | None) -> None
    set_funding_rate(symbol, rate: Decimal) -> None
    settle_funding(symbol, rate: Decimal | None = None) -> list[FundingPayment]   # now
    run_due() -> None     # expiry and funding that time alone has made due; tape events do it too
    next_due() -> datetime | None
    liquidate(account, symbol, side=PositionSide.BOTH) -> VenueOrder     # by force, for faults
    auto_deleverage(account, symbol, side=PositionSide.BOTH, amount=None) -> VenueOrder
    deliver(symbol, price: Decimal | None = None) -> list[VenueOrder]     # a dated contract expires

Client order ids of the venue's own orders: `autoclose-<number>`, `adl_autoclose`,
`settlement_autoclose-<number>`; their `request.origin` is LIQUIDATION, ADL or DELIVERY. Their fills
are told with Execution.TRADE; a protocol shows them as CALCULATED.

Events of an algo order that triggers: AlgoUpdated NEW, TRIGGERING, OrderUpdated NEW of the child
(client order id = client algo id), its fills, AlgoUpdated TRIGGERED, FINISHED. The child of a limit
type that rests: TRIGGERED at once, FINISHED when the child is done.
"""

from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.brackets import (
    INVERSE_BRACKETS,
    LINEAR_BRACKETS,
    Bracket,
    FuturesRules,
    brackets,
)
from real_trade.paper.futures.events import (
    AccountChanged,
    AlgoUpdated,
    AssetChange,
    FundingSettled,
    LiquidationFilled,
    MarginCalled,
    MarkPriceChanged,
    PositionModeChanged,
    SettingsChanged,
)
from real_trade.paper.futures.values import (
    AccountReason,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    AssetMargin,
    FundingPayment,
    FuturesRequest,
    MarginType,
    MarkPrice,
    OrderOrigin,
    PositionMode,
    PositionSide,
    PositionState,
    PriceMatch,
    SymbolSettings,
    WorkingPrice,
)
from real_trade.paper.futures.venue import FuturesVenue

__all__ = [
    "INVERSE_BRACKETS",
    "LINEAR_BRACKETS",
    "AccountChanged",
    "AccountReason",
    "AlgoOrder",
    "AlgoRequest",
    "AlgoStatus",
    "AlgoUpdated",
    "AssetChange",
    "AssetMargin",
    "Bracket",
    "FundingPayment",
    "FundingSettled",
    "FuturesAccount",
    "FuturesRequest",
    "FuturesRules",
    "FuturesVenue",
    "LiquidationFilled",
    "MarginCalled",
    "MarginType",
    "MarkPrice",
    "MarkPriceChanged",
    "OrderOrigin",
    "PositionMode",
    "PositionModeChanged",
    "PositionSide",
    "PositionState",
    "PriceMatch",
    "SettingsChanged",
    "SymbolSettings",
    "WorkingPrice",
    "brackets",
]
