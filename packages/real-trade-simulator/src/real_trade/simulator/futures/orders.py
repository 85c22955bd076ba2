"""Reads futures orders and algo orders out of a request's parameters.

Source: USDⓈ-M futures documentation, "New Order" and "New Algo Order".
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from real_trade.model import Instrument, OrderType, Side, TimeInForce, from_ms
from real_trade.paper.futures import (
    AlgoRequest,
    FuturesRequest,
    PositionSide,
    PriceMatch,
    WorkingPrice,
)
from real_trade.paper.values import SelfTradePrevention
from real_trade.simulator.errors import ApiError, mandatory, not_required
from real_trade.simulator.futures.words import ALGO_TYPES, FuturesType
from real_trade.simulator.parameters import Parameters

__all__ = ["OrderReader"]

_TIMES = frozenset({"GTC", "IOC", "FOK", "GTX", "GTD"})
_PERCENT = Decimal(100)
_LATEST_MS = 253_402_300_799_000


class OrderReader:
    """Reads one order of a contract."""

    def __init__(self, params: Parameters, instrument: Instrument) -> None:
        self._params = params
        self._instrument = instrument

    def kind(self) -> FuturesType:
        """Return the order's type."""
        self._params.need("type")
        found = self._params.choice("type", FuturesType, ApiError(-1116, "Invalid orderType."))
        if found is None:
            raise mandatory("type")
        return found

    def side(self) -> Side:
        """Return the order's side."""
        text = self._params.need("side")
        if text not in {"BUY", "SELL"}:
            raise ApiError(-1117, "Invalid side.")
        return Side[text]

    def order(self) -> FuturesRequest:
        """Return a limit or market order.

        Raises:
            ApiError: a parameter is missing, malformed, or does not belong to the type.
        """
        params, kind, side = self._params, self.kind(), self.side()
        if params.flag("closePosition"):
            raise ApiError(-4136, "Target strategy invalid for orderType " + kind.value + ",true")
        time, post_only = self._time(kind)
        match = self._match(kind)
        return FuturesRequest(
            symbol=self._instrument.symbol,
            side=side,
            type=OrderType.LIMIT if kind is FuturesType.LIMIT else OrderType.MARKET,
            amount=self._amount(),
            price=self._price(kind, match),
            time_in_force=time,
            expires_at=self._good_till(time),
            post_only=post_only,
            reduce_only=self._reduce_only(),
            client_order_id=params.client_id("newClientOrderId") or "",
            self_trade_prevention=self._prevention(),
            position_side=self._position_side(),
            price_match=match,
        )

    def algo(self) -> AlgoRequest:
        """Return a conditional order.

        Raises:
            ApiError: a parameter is missing, malformed, or does not belong to the type.
        """
        params = self._params
        if params.need("algoType") != "CONDITIONAL":
            raise ApiError(-1130, "Data sent for parameter 'algoType' is not valid.")
        return self._conditional("triggerPrice", "clientAlgoId", "activatePrice")

    def old_conditional(self) -> AlgoRequest:
        """Return a conditional order in the words of the order endpoint before the algo service."""
        return self._conditional("stopPrice", "newClientOrderId", "activationPrice")

    def _conditional(self, trigger: str, client: str, activation: str) -> AlgoRequest:
        params, kind, side = self._params, self.kind(), self.side()
        if not kind.is_conditional:
            raise ApiError(-1116, "Invalid orderType.")
        closes = params.flag("closePosition")
        trails = kind is FuturesType.TRAILING_STOP_MARKET
        time, post_only = self._time(kind)
        match = self._match(kind)
        rate = params.number("callbackRate") if trails else None
        if trails and rate is None:
            raise mandatory("callbackRate")
        return AlgoRequest(
            symbol=self._instrument.symbol,
            side=side,
            type=ALGO_TYPES[kind],
            amount=self._amount_unless(closes),
            price=self._price(kind, match),
            price_match=match,
            trigger_price=None if trails else self._positive(trigger, -4006, "Stop price"),
            activation_price=params.number(activation) if trails else None,
            callback_rate=None if rate is None else rate / _PERCENT,
            working_price=params.choice("workingType", WorkingPrice) or WorkingPrice.CONTRACT_PRICE,
            price_protect=self._params.flag("priceProtect"),
            close_position=closes,
            reduce_only=self._reduce_only(),
            position_side=self._position_side(),
            time_in_force=time,
            expires_at=self._good_till(time),
            post_only=post_only,
            client_algo_id=params.client_id(client) or "",
            self_trade_prevention=self._prevention(),
        )

    def _amount(self) -> Decimal:
        self._params.need("quantity")
        return self._positive("quantity", -4003, "Quantity")

    def _amount_unless(self, closes: bool) -> Decimal | None:
        if not closes:
            return self._amount()
        if self._params.number("quantity"):
            raise ApiError(-4137, "Quantity must be zero with closePosition equals true")
        return None

    def _price(self, kind: FuturesType, match: PriceMatch) -> Decimal | None:
        if not kind.has_limit:
            if self._params.number("price"):
                raise not_required("price")
            return None
        if match is not PriceMatch.NONE:
            if "price" in self._params:
                raise not_required("price")
            return None
        return self._positive("price", -4001, "Price")

    def _positive(self, name: str, code: int, word: str) -> Decimal:
        self._params.need(name)
        value = self._params.number(name)
        if not value:
            raise ApiError(code, f"{word} less than zero.")
        return value

    def _time(self, kind: FuturesType) -> tuple[TimeInForce, bool]:
        """Return the time in force, and whether it is GTX."""
        text = self._params.text("timeInForce")
        if text is None:
            if kind is FuturesType.LIMIT:
                raise mandatory("timeInForce")
            return TimeInForce.GTC, False
        if text not in _TIMES:
            raise ApiError(-1115, "Invalid timeInForce.")
        if not kind.has_limit:
            return TimeInForce.GTC, False
        return (TimeInForce.GTC, True) if text == "GTX" else (TimeInForce(text), False)

    def _good_till(self, time: TimeInForce) -> datetime | None:
        if time is not TimeInForce.GTD:
            return None
        self._params.need("goodTillDate")
        stamp = self._params.integer("goodTillDate") or 0
        if stamp >= _LATEST_MS:
            raise ApiError(-5040, "The goodTillDate timestamp is out of range.")
        return from_ms(stamp - stamp % 1000)

    def _match(self, kind: FuturesType) -> PriceMatch:
        found = self._params.choice(
            "priceMatch", PriceMatch, ApiError(-5037, "Invalid price match")
        )
        if found not in {None, PriceMatch.NONE} and not kind.has_limit:
            raise ApiError(
                -5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT"
            )
        return found or PriceMatch.NONE

    def _reduce_only(self) -> bool:
        found = self._params.flag("reduceOnly")
        if found and self._position_side() is not PositionSide.BOTH:
            raise not_required("reduceonly")
        return found

    def _position_side(self) -> PositionSide:
        found = self._params.choice(
            "positionSide", PositionSide, ApiError(-4060, "Invalid position side.")
        )
        return found or PositionSide.BOTH

    def _prevention(self) -> SelfTradePrevention | None:
        return self._params.choice(
            "selfTradePreventionMode",
            SelfTradePrevention,
            ApiError(-5039, "Invalid self trade prevention mode"),
        )
