"""Reads an order out of a request's parameters, in Binance's order of complaints.

Source: spot documentation, rest-api.md, "New order (TRADE)" and "Order lists".
"""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import Instrument, Side, TimeInForce
from real_trade.paper.values import OrderRequest, SelfTradePrevention
from real_trade.simulator.errors import (
    ApiError,
    invalid,
    mandatory,
    not_required,
    order_rejected,
)
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.spot.words import ORDER_TYPES, SpotType

__all__ = ["OrderReader"]

_PLAIN = {"clientOrderId": "newClientOrderId"}
_TIMED = frozenset({SpotType.LIMIT, SpotType.STOP_LOSS_LIMIT, SpotType.TAKE_PROFIT_LIMIT})
_PRICED = _TIMED | {SpotType.LIMIT_MAKER}
_TRIGGERED = frozenset(
    {
        SpotType.STOP_LOSS,
        SpotType.STOP_LOSS_LIMIT,
        SpotType.TAKE_PROFIT,
        SpotType.TAKE_PROFIT_LIMIT,
    }
)
_LEAST_STRATEGY_TYPE = 1_000_000


class OrderReader:
    """Reads one order; `prefix` is that of a list's leg, such as `above` or `pendingBelow`.

    `side` and `amount` are given where a list has them once for several legs.
    """

    def __init__(
        self,
        params: Parameters,
        instrument: Instrument,
        prefix: str = "",
        *,
        side: Side | None = None,
        amount: Decimal | None = None,
        prevention: SelfTradePrevention | None = None,
    ) -> None:
        self._params = params
        self._instrument = instrument
        self._prefix = prefix
        self._side = side
        self._amount = amount
        self._prevention = prevention

    def read(self) -> OrderRequest:
        """Return the order.

        Raises:
            ApiError: a parameter is missing, malformed, or does not belong to the type.
        """
        kind = self.kind()
        side = self._side or self.side()
        self._refuse_pegged()
        time_in_force = self._time_in_force(kind)
        amount, quote_amount = self._amounts(kind)
        price = self._price(kind)
        stop_price, delta = self._trigger(kind)
        params, name = self._params, self._name
        iceberg = params.number(name("icebergQty"), self._instrument.base_digits)
        may_hide = kind in _PRICED and time_in_force is TimeInForce.GTC
        if iceberg and not may_hide:
            raise not_required(name("icebergQty"))
        strategy_type = params.integer(name("strategyType"))
        if strategy_type is not None and strategy_type < _LEAST_STRATEGY_TYPE:
            raise ApiError(-1134, "`strategyType` was less than 1000000.")
        return OrderRequest(
            symbol=self._instrument.symbol,
            side=side,
            type=ORDER_TYPES[kind],
            amount=amount,
            quote_amount=quote_amount,
            price=price,
            stop_price=stop_price,
            trailing_delta=delta,
            iceberg_amount=iceberg or None,
            time_in_force=time_in_force,
            post_only=kind is SpotType.LIMIT_MAKER,
            client_order_id=params.client_id(name("clientOrderId")) or "",
            self_trade_prevention=self._prevention or self._stp(),
            strategy_id=params.integer(name("strategyId")),
            strategy_type=strategy_type,
        )

    def kind(self) -> SpotType:
        """Return the order's type."""
        name = self._name("type")
        self._params.need(name)
        found = self._params.choice(name, SpotType, ApiError(-1116, "Invalid orderType."))
        if found is None:
            raise mandatory(name)
        return found

    def side(self) -> Side:
        """Return the order's side."""
        name = self._name("side")
        text = self._params.need(name)
        if text not in {"BUY", "SELL"}:
            raise ApiError(-1117, "Invalid side.")
        return Side[text]

    def amount(self, field: str = "quantity") -> Decimal:
        """Return the order's quantity, which must be there and positive."""
        name = self._name(field)
        self._params.need(name)
        found = self._params.number(name, self._instrument.base_digits)
        return self._positive(found, name, "quantity")

    def _name(self, field: str) -> str:
        if self._prefix:
            return self._prefix + field[0].upper() + field[1:]
        return _PLAIN.get(field, field)

    def _refuse_pegged(self) -> None:
        for field in ("pegPriceType", "pegOffsetType", "pegOffsetValue"):
            if self._params.text(self._name(field)) is not None:
                raise order_rejected("Pegged orders are not supported for this symbol.")

    def _stp(self) -> SelfTradePrevention | None:
        if self._prefix:
            return None
        return self._params.choice("selfTradePreventionMode", SelfTradePrevention)

    def _time_in_force(self, kind: SpotType) -> TimeInForce:
        name = self._name("timeInForce")
        if kind not in _TIMED:
            if name in self._params:
                raise not_required(name)
            return TimeInForce.GTC
        text = self._params.need(name)
        if text not in {"GTC", "IOC", "FOK"}:
            raise ApiError(-1115, "Invalid timeInForce.")
        return TimeInForce(text)

    def _amounts(self, kind: SpotType) -> tuple[Decimal | None, Decimal | None]:
        if self._amount is not None:
            return self._amount, None
        if self._prefix or kind is not SpotType.MARKET:
            if not self._prefix and "quoteOrderQty" in self._params:
                raise not_required("quoteOrderQty")
            return self.amount(), None
        amount = self._params.number("quantity", self._instrument.base_digits)
        quote = self._params.number("quoteOrderQty", self._instrument.quote_digits)
        if amount is None and quote is None:
            raise ApiError(
                -1102,
                "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
            )
        if amount is not None and quote is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        if amount is not None:
            return self._positive(amount, "quantity", "quantity"), None
        return None, self._positive(quote, "quoteOrderQty", "quoteOrderQty")

    def _price(self, kind: SpotType) -> Decimal | None:
        name = self._name("price")
        if kind not in _PRICED:
            if name in self._params:
                raise not_required(name)
            return None
        self._params.need(name)
        return self._positive(self._params.number(name), name, "price")

    def _trigger(self, kind: SpotType) -> tuple[Decimal | None, int | None]:
        stop, delta = self._name("stopPrice"), self._name("trailingDelta")
        if kind not in _TRIGGERED:
            for name in (stop, delta):
                if name in self._params:
                    raise not_required(name)
            return None, None
        price = self._params.number(stop)
        trailing = self._params.integer(delta)
        if price is None and trailing is None:
            raise ApiError(
                -1102, f"Param '{stop}' or '{delta}' must be sent, but both were empty/null!"
            )
        if price is not None:
            self._positive(price, stop, "stopPrice")
        if trailing == 0:
            raise invalid(delta)
        return price, trailing

    def _positive(self, value: Decimal | None, name: str, word: str) -> Decimal:
        if value is None:
            raise mandatory(name)
        if value <= 0:
            raise ApiError(-1013, f"Invalid {word}.")
        return value
