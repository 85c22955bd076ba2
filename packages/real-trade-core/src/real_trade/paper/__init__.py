"""The venue side: matching against a tape, the venue's own books, and the paper exchange.

It is the other side of `real_trade.orders`, and the two never import each other, so that each can
check the other.
"""

from real_trade.paper.account import Account, AccountKind
from real_trade.paper.bars import BarModel
from real_trade.paper.events import (
    BalanceReason,
    BalancesChanged,
    BookChanged,
    Execution,
    Listener,
    ListUpdated,
    OrderUpdated,
    TradePrinted,
    TradingChanged,
    VenueEvent,
)
from real_trade.paper.exchange import PaperExchange
from real_trade.paper.fees import Fee, FeeAsset, FeeSchedule
from real_trade.paper.generated import GeneratedTape, MarketModel
from real_trade.paper.ledger import Book, Entry, Ledger, Posting, PostingKind
from real_trade.paper.live_market import PriceModel
from real_trade.paper.market_clock import MarketClock
from real_trade.paper.recorded import DepthModel, RecordedTape
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.rules import SymbolRules, VenueRules
from real_trade.paper.spot import SpotAccount
from real_trade.paper.tape import Tape, TapeEvent, aggregate, coarsen, merge
from real_trade.paper.values import (
    Level,
    ListKind,
    ListRequest,
    ListStatus,
    OrderRequest,
    Quote,
    ReplaceMode,
    ReplaceResult,
    SelfTradePrevention,
    Status,
    TradingStatus,
    VenueFill,
    VenueList,
    VenueOrder,
)
from real_trade.paper.venue import Venue
from real_trade.paper.views import FuturesModel

__all__ = [
    "Account",
    "AccountKind",
    "BalanceReason",
    "BalancesChanged",
    "BarModel",
    "Book",
    "BookChanged",
    "DepthModel",
    "Entry",
    "Execution",
    "Fee",
    "FeeAsset",
    "FeeSchedule",
    "FuturesModel",
    "GeneratedTape",
    "Ledger",
    "Level",
    "ListKind",
    "ListRequest",
    "ListStatus",
    "ListUpdated",
    "Listener",
    "MarketClock",
    "MarketModel",
    "OrderRequest",
    "OrderUpdated",
    "PaperExchange",
    "Posting",
    "PostingKind",
    "PriceModel",
    "Quote",
    "RecordedTape",
    "RejectReason",
    "ReplaceMode",
    "ReplaceResult",
    "SelfTradePrevention",
    "SpotAccount",
    "Status",
    "SymbolRules",
    "Tape",
    "TapeEvent",
    "TradePrinted",
    "TradingChanged",
    "TradingStatus",
    "Venue",
    "VenueEvent",
    "VenueFill",
    "VenueList",
    "VenueOrder",
    "VenueReject",
    "VenueRules",
    "aggregate",
    "coarsen",
    "merge",
]
