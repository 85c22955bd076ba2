"""Settings of a futures account: leverage, margin type, position mode, margin of a position.

Source: futures documentation, "Trade" and "Account".
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any

import attrs

from real_trade.paper.futures import Bracket, MarginType, PositionMode, PositionSide
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, invalid
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.rejects import refusal
from real_trade.simulator.futures.words import MarginWord, plain

__all__ = ["Controls"]

_SUCCESS = {"code": 200, "msg": "success"}
_MOST_LEVERAGE = 125
_ADD, _REDUCE = 1, 2
_KEPT = 1000


@attrs.frozen
class _MarginMove:
    account: str
    row: dict[str, Any]


class Controls:
    """Handlers of the settings' endpoints."""

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange
        self._venue = exchange.venue
        self._moves: deque[_MarginMove] = deque(maxlen=_KEPT)

    def set_leverage(self, call: Call) -> dict[str, Any]:
        """POST leverage."""
        instrument = self._exchange.instrument(call.params.symbol())
        call.params.need("leverage")
        leverage = call.params.integer("leverage") or 0
        if not 1 <= leverage <= _MOST_LEVERAGE:
            raise ApiError(-4028, f"Leverage {leverage} is not valid")
        try:
            found = self._venue.set_leverage(call.account, instrument.symbol, leverage)
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        most = "maxQty" if self._exchange.kind.is_inverse else "maxNotionalValue"
        return {
            "symbol": instrument.native,
            "leverage": found.leverage,
            most: plain(found.max_notional),
        }

    def set_margin_type(self, call: Call) -> dict[str, Any]:
        """POST marginType."""
        instrument = self._exchange.instrument(call.params.symbol())
        call.params.need("marginType")
        word = call.params.choice("marginType", MarginWord, ApiError(-4139, "Invalid margin type."))
        kind = MarginType.ISOLATED if word is MarginWord.ISOLATED else MarginType.CROSS
        try:
            self._venue.set_margin_type(call.account, instrument.symbol, kind)
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        return dict(_SUCCESS)

    def position_mode(self, call: Call) -> dict[str, Any]:
        """GET positionSide/dual."""
        return {"dualSidePosition": self._venue.position_mode(call.account) is PositionMode.HEDGE}

    def set_position_mode(self, call: Call) -> dict[str, Any]:
        """POST positionSide/dual: both futures markets change together, or neither."""
        call.params.need("dualSidePosition")
        mode = PositionMode.HEDGE if call.params.flag("dualSidePosition") else PositionMode.ONE_WAY
        account = call.account
        try:
            for peer in self._exchange.peers:
                _check_idle(peer, account)
            self._venue.set_position_mode(account, mode)
            for peer in self._exchange.peers:
                peer.venue.set_position_mode(account, mode)
        except VenueReject as reject:
            raise refusal(reject) from None
        return dict(_SUCCESS)

    def move_margin(self, call: Call) -> dict[str, Any]:
        """POST positionMargin."""
        params = call.params
        instrument = self._exchange.instrument(params.symbol())
        side = params.choice("positionSide", PositionSide) or PositionSide.BOTH
        params.need("amount")
        params.need("type")
        amount, kind = params.number("amount") or Decimal(0), params.integer("type")
        if kind not in {_ADD, _REDUCE}:
            raise invalid("type")
        if not amount:
            raise ApiError(-4052, "Amount must be positive.")
        signed = amount if kind == _ADD else -amount
        try:
            self._venue.change_margin(call.account, instrument.symbol, signed, side)
        except VenueReject as reject:
            raise refusal(reject, instrument) from None
        row = {
            "symbol": instrument.native,
            "type": kind,
            "deltaType": "USER_ADJUST",
            "amount": plain(amount),
            "asset": instrument.settle,
            "time": call.now,
            "positionSide": side.value,
        }
        self._moves.append(_MarginMove(call.account, row))
        return {
            "amount": float(amount),
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": kind,
        }

    def margin_history(self, call: Call) -> list[dict[str, Any]]:
        """GET positionMargin/history."""
        native = self._exchange.instrument(call.params.symbol()).native
        kind = call.params.integer("type")
        limit = call.params.limit(500, 1000)
        found = [
            one.row
            for one in self._moves
            if one.account == call.account
            and one.row["symbol"] == native
            and kind in {None, one.row["type"]}
        ]
        return found[-limit:]

    def assets_mode(self, call: Call) -> dict[str, Any]:  # noqa: ARG002
        """GET multiAssetsMargin: the simulator has single-asset mode alone."""
        return {"multiAssetsMargin": False}

    def set_assets_mode(self, call: Call) -> dict[str, Any]:
        """POST multiAssetsMargin: refused but for the mode there is."""
        call.params.need("multiAssetsMargin")
        if call.params.flag("multiAssetsMargin"):
            raise ApiError(-4084, "Method is not allowed currently. Upcoming soon.")
        raise ApiError(-4171, "No need to change multi-assets mode.")

    def symbol_settings(self, call: Call) -> list[dict[str, Any]]:
        """GET symbolConfig."""
        natives = self._natives(call)
        found = []
        for native in natives:
            one = self._venue.settings(call.account, self._exchange.natives[native].symbol)
            crossed = one.margin_type is MarginType.CROSS
            found.append(
                {
                    "symbol": native,
                    "marginType": "CROSSED" if crossed else "ISOLATED",
                    "isAutoAddMargin": one.auto_add_margin,
                    "leverage": one.leverage,
                    "maxNotionalValue": plain(one.max_notional),
                }
            )
        return found

    def brackets(self, call: Call) -> Any:
        """GET leverageBracket by symbol."""
        named = "symbol" in call.params
        found = [{"symbol": native, **self._brackets(native)} for native in self._natives(call)]
        return found[0] if named and not self._exchange.kind.is_inverse else found

    def pair_brackets(self, call: Call) -> list[dict[str, Any]]:
        """GET v1/leverageBracket of COIN-M, which goes by pair."""
        pair = call.params.text("pair")
        natives = {
            self._exchange.pair(one.symbol): one.native for one in self._exchange.natives.values()
        }
        return [
            {"pair": name, **self._brackets(native)}
            for name, native in natives.items()
            if pair in {None, name}
        ]

    def _natives(self, call: Call) -> list[str]:
        native = call.params.text("symbol")
        if native is None:
            return list(self._exchange.natives)
        return [self._exchange.instrument(native).native]

    def _brackets(self, native: str) -> dict[str, Any]:
        inverse = self._exchange.kind.is_inverse
        rules = self._venue.futures_rules(self._exchange.natives[native].symbol)
        return {
            "notionalCoef": 1.0,
            "brackets": [_bracket(one, inverse=inverse) for one in rules.brackets],
        }


def _bracket(one: Bracket, *, inverse: bool) -> dict[str, Any]:
    word = "qty" if inverse else "notional"
    return {
        "bracket": one.number,
        "initialLeverage": one.leverage,
        f"{word}Cap": int(one.cap),
        f"{word}Floor": int(one.floor),
        "maintMarginRatio": float(one.maintenance),
        "cum": float(one.deduction),
    }


def _check_idle(exchange: FuturesExchange, account: str) -> None:
    """Refuse a change of mode while the other market has orders or positions."""
    venue = exchange.venue
    if venue.open_orders(account) or venue.open_algo_orders(account):
        raise VenueReject(RejectReason.POSITION_MODE_ORDERS, f"{account} has open orders")
    if venue.positions(account):
        raise VenueReject(RejectReason.POSITION_MODE_POSITION, f"{account} has open positions")
