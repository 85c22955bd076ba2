"""What a request for a futures venue means: which position it is for, and whether it reduces it."""

from __future__ import annotations

import attrs

from real_trade.model import OrderType
from real_trade.paper.book import SymbolBook
from real_trade.paper.futures.values import FuturesRequest, PositionSide, PriceMatch
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import OrderRequest

__all__ = ["futures_request", "is_forced", "matched_price", "reduces", "side_of"]


def side_of(request: OrderRequest) -> PositionSide:
    """Return which position a request is for."""
    return request.position_side if isinstance(request, FuturesRequest) else PositionSide.BOTH


def reduces(request: OrderRequest) -> bool:
    """Whether a request may only make a position smaller: marked so, or against its side."""
    side = side_of(request)
    if side is PositionSide.BOTH:
        return request.reduce_only
    return (side is PositionSide.LONG) is (request.side.sign < 0)


def is_forced(request: OrderRequest) -> bool:
    """Whether the venue made the order by force: liquidation, deleveraging, delivery."""
    return isinstance(request, FuturesRequest) and request.origin.is_forced


def futures_request(request: OrderRequest) -> FuturesRequest:
    """Return `request` as one for futures."""
    if isinstance(request, FuturesRequest):
        return request
    fields = {one.name: getattr(request, one.name) for one in attrs.fields(OrderRequest)}
    return FuturesRequest(**fields)


def matched_price(request: FuturesRequest, book: SymbolBook) -> FuturesRequest:
    """Return `request` with the limit that its price match takes from the book.

    Raises:
        VenueReject: PRICE_MATCH: it is for limit orders without a price, or there is no such level.
    """
    match = request.price_match
    if match is PriceMatch.NONE:
        return request
    if request.type is not OrderType.LIMIT or request.price is not None or request.post_only:
        raise VenueReject(
            RejectReason.PRICE_MATCH,
            "a price match is for limit orders without a price and without post_only",
        )
    buys = request.side.sign > 0
    side = book.asks if buys is match.is_opponent else book.bids
    levels = side.merged(hidden=False)
    if len(levels) < match.level:
        raise VenueReject(
            RejectReason.PRICE_MATCH, f"the book has {len(levels)} levels, not {match.level}"
        )
    return attrs.evolve(request, price=levels[match.level - 1].price)
