"""Balances, positions, trades, income and rates of a futures account.

Source: futures documentation, "Account" and "Trade".
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from real_trade.model import Instrument, to_ms
from real_trade.model.numbers import ZERO
from real_trade.paper.futures import AssetMargin, MarginType, PositionMode, PositionSide
from real_trade.paper.futures import PositionState as Position
from real_trade.simulator.calls import Call
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.income import Income
from real_trade.simulator.futures.shapes import position_side, user_trade
from real_trade.simulator.futures.trading import week_page
from real_trade.simulator.futures.words import amount_text, plain
from real_trade.simulator.texts import milliseconds, written

__all__ = ["Account"]

_ALIAS = "SimA"


class Account:
    """Handlers of the account endpoints."""

    def __init__(self, exchange: FuturesExchange) -> None:
        self._exchange = exchange
        self._venue = exchange.venue
        self._income = Income(exchange)

    def balances(self, call: Call) -> list[dict[str, Any]]:
        """GET balance."""
        inverse = self._exchange.kind.is_inverse
        return [
            _balance(one, self._exchange.updated_ms(call.account, one.asset), inverse=inverse)
            for one in self._margins(call.account)
        ]

    def account_v3(self, call: Call) -> dict[str, Any]:
        """GET v3/account: positions that are open or have orders."""
        margins = self._margins(call.account)
        held = [one for one in self._positions(call.account) if one.amount or one.order_margin]
        return {
            **_totals(margins),
            "assets": self._assets(call.account),
            "positions": [self._position_v3(one) for one in held],
        }

    def account_v2(self, call: Call) -> dict[str, Any]:
        """GET v2/account of USDⓈ-M: every position there could be."""
        margins = self._margins(call.account)
        return {
            "feeTier": 0,
            "feeBurn": False,
            **self._rights(call),
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
            **_totals(margins),
            "assets": [{**one, "marginAvailable": True} for one in self._assets(call.account)],
            "positions": [self._position_v2(one) for one in self._positions(call.account)],
        }

    def account_v1(self, call: Call) -> dict[str, Any]:
        """GET v1/account of COIN-M."""
        return {
            "feeTier": 0,
            **self._rights(call),
            "assets": self._assets(call.account),
            "positions": [self._position_v2(one) for one in self._positions(call.account)],
        }

    def configuration(self, call: Call) -> dict[str, Any]:
        """GET accountConfig."""
        return {
            "feeTier": 0,
            **self._rights(call),
            "dualSidePosition": self._venue.position_mode(call.account) is PositionMode.HEDGE,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def risk(self, call: Call) -> list[dict[str, Any]]:
        """GET positionRisk of v1 (COIN-M) and v2: every position there could be."""
        return [self._risk(one) for one in self._asked(call)]

    def risk_v3(self, call: Call) -> list[dict[str, Any]]:
        """GET v3/positionRisk: positions that are open or have orders."""
        held = [one for one in self._asked(call) if one.amount or one.order_margin]
        return [self._risk_v3(one) for one in held]

    def trades(self, call: Call) -> list[dict[str, Any]]:
        """GET userTrades."""
        params, venue = call.params, self._venue
        instrument = self._exchange.instrument(params.symbol())
        page = week_page(params, "fromId")
        found = page.of(
            venue.fills(call.account, instrument.symbol, order_id=params.integer("orderId")),
            lambda fill: fill.trade_id,
            lambda fill: to_ms(fill.time),
        )
        sides = {
            order.order_id: position_side(order)
            for order in venue.orders(call.account, instrument.symbol)
        }
        return [user_trade(fill, instrument, sides[fill.order_id]) for fill in found]

    def income(self, call: Call) -> list[dict[str, Any]]:
        """GET income."""
        params = call.params
        native = params.text("symbol")
        if native is not None:
            self._exchange.instrument(native)
        start, end = params.integer("startTime"), params.integer("endTime")
        return self._income.rows(
            call.account,
            native=native,
            kind=params.text("incomeType"),
            start=start,
            end=end,
            limit=params.limit(100, 1000),
        )

    def commission(self, call: Call) -> dict[str, Any]:
        """GET commissionRate."""
        instrument = self._exchange.instrument(call.params.symbol())
        fees = self._exchange.fees
        found = {
            "symbol": instrument.native,
            "makerCommissionRate": plain(fees.rate(instrument.symbol, is_maker=True)),
            "takerCommissionRate": plain(fees.rate(instrument.symbol, is_maker=False)),
        }
        if not self._exchange.kind.is_inverse:
            found["rpiCommissionRate"] = "0.00005"
        return found

    def order_counts(self, call: Call) -> list[dict[str, Any]]:  # noqa: ARG002
        """GET rateLimit/order."""
        return [limit.to_json() for limit in self._exchange.shared.orders]

    def trading_status(self, call: Call) -> dict[str, Any]:
        """GET apiTradingStatus: nobody is restricted by quantitative rules here."""
        return {"indicators": {}, "updateTime": call.now}

    def fee_burn(self, call: Call) -> dict[str, Any]:  # noqa: ARG002
        """GET feeBurn: fees of futures are not paid in BNB here."""
        return {"feeBurn": False}

    # Parts

    def _rights(self, call: Call) -> dict[str, Any]:
        key = call.key
        may = key is not None and key.can_trade_futures
        return {"canTrade": may, "canDeposit": True, "canWithdraw": True, "updateTime": 0}

    def _margins(self, account: str) -> list[AssetMargin]:
        return list(self._venue.margins(account).values())

    def _assets(self, account: str) -> list[dict[str, Any]]:
        return [
            _asset(one, self._exchange.updated_ms(account, one.asset))
            for one in self._margins(account)
        ]

    def _positions(self, account: str, symbol: str | None = None) -> list[Position]:
        hedge = self._venue.position_mode(account) is PositionMode.HEDGE
        sides = list(PositionSide) if hedge else [PositionSide.BOTH]
        symbols = list(self._exchange.listings) if symbol is None else [symbol]
        return [self._venue.position(account, name, side) for name in symbols for side in sides]

    def _asked(self, call: Call) -> list[Position]:
        params, exchange = call.params, self._exchange
        native, pair = params.text("symbol"), params.text("pair")
        symbol = None if native is None else exchange.instrument(native).symbol
        found = self._positions(call.account, symbol)
        return [one for one in found if pair is None or exchange.pair(one.symbol) == pair]

    def _instrument(self, one: Position) -> Instrument:
        return self._venue.instruments[one.symbol]

    def _most(self, one: Position) -> dict[str, str]:
        name = "maxQty" if self._exchange.kind.is_inverse else "maxNotionalValue"
        return {name: plain(one.max_notional)}

    def _position_v2(self, one: Position) -> dict[str, Any]:
        instrument = self._instrument(one)
        found: dict[str, Any] = {
            "symbol": instrument.native,
            "initialMargin": written(one.initial_margin + one.order_margin),
            "maintMargin": written(one.maintenance_margin),
            "unrealizedProfit": written(one.unrealized),
            "positionInitialMargin": written(one.initial_margin),
            "openOrderInitialMargin": written(one.order_margin),
            "leverage": str(one.leverage),
            "isolated": one.margin_type is MarginType.ISOLATED,
            "entryPrice": plain(one.entry_price),
            "breakEvenPrice": plain(one.break_even_price),
            "positionSide": one.side.value,
            "positionAmt": amount_text(instrument, one.amount),
            "updateTime": max(0, milliseconds(one.updated_at)),
        }
        if self._exchange.kind.is_inverse:
            found["maxQty"] = plain(one.max_notional)
        else:
            found["maxNotional"] = plain(one.max_notional)
            found["bidNotional"] = found["askNotional"] = "0"
        return found

    def _position_v3(self, one: Position) -> dict[str, Any]:
        instrument = self._instrument(one)
        return {
            "symbol": instrument.native,
            "positionSide": one.side.value,
            "positionAmt": amount_text(instrument, one.amount),
            "unrealizedProfit": written(one.unrealized),
            "isolatedMargin": written(one.isolated_margin),
            "notional": plain(one.notional),
            "isolatedWallet": plain(one.isolated_wallet),
            "initialMargin": plain(one.initial_margin + one.order_margin),
            "maintMargin": plain(one.maintenance_margin),
            "updateTime": max(0, milliseconds(one.updated_at)),
        }

    def _risk(self, one: Position) -> dict[str, Any]:
        instrument = self._instrument(one)
        found = {
            "symbol": instrument.native,
            "positionAmt": amount_text(instrument, one.amount),
            "entryPrice": plain(one.entry_price),
            "breakEvenPrice": plain(one.break_even_price),
            "markPrice": written(one.mark_price),
            "unRealizedProfit": written(one.unrealized),
            "liquidationPrice": plain(one.liquidation_price),
            "leverage": str(one.leverage),
            **self._most(one),
            "marginType": one.margin_type.value,
            "isolatedMargin": written(one.isolated_margin),
            "isAutoAddMargin": "false",
            "positionSide": one.side.value,
            "updateTime": max(0, milliseconds(one.updated_at)),
        }
        # The example of COIN-M has neither of both; replies do, and ccxt tells the side by it.
        name = "notionalValue" if self._exchange.kind.is_inverse else "notional"
        found[name] = plain(one.notional)
        found["isolatedWallet"] = plain(one.isolated_wallet)
        return found

    def _risk_v3(self, one: Position) -> dict[str, Any]:
        shared = self._position_v3(one)
        del shared["unrealizedProfit"]
        return {
            **shared,
            "entryPrice": plain(one.entry_price),
            "breakEvenPrice": plain(one.break_even_price),
            "markPrice": written(one.mark_price),
            "unRealizedProfit": written(one.unrealized),
            "liquidationPrice": plain(one.liquidation_price),
            "marginAsset": one.settle,
            "positionInitialMargin": plain(one.initial_margin),
            "openOrderInitialMargin": plain(one.order_margin),
            "adl": one.adl_quantile,
            "bidNotional": "0",
            "askNotional": "0",
        }


def _asset(one: AssetMargin, updated_ms: int) -> dict[str, Any]:
    return {
        "asset": one.asset,
        "walletBalance": written(one.wallet),
        "unrealizedProfit": written(one.unrealized),
        "marginBalance": written(one.margin_balance),
        "maintMargin": written(one.maintenance_margin),
        "initialMargin": written(one.initial_margin),
        "positionInitialMargin": written(one.position_margin),
        "openOrderInitialMargin": written(one.order_margin),
        "crossWalletBalance": written(one.cross_wallet),
        "crossUnPnl": written(one.cross_unrealized),
        "availableBalance": written(one.available),
        "maxWithdrawAmount": written(one.available),
        "updateTime": updated_ms,
    }


def _balance(one: AssetMargin, updated_ms: int, *, inverse: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "accountAlias": _ALIAS,
        "asset": one.asset,
        "balance": written(one.wallet),
        "crossWalletBalance": written(one.cross_wallet),
        "crossUnPnl": written(one.cross_unrealized),
        "availableBalance": written(one.available),
        "updateTime": updated_ms,
    }
    if inverse:
        found["withdrawAvailable"] = written(one.available)
    else:
        found["maxWithdrawAmount"] = written(one.available)
        found["marginAvailable"] = True
    return found


def _totals(margins: list[AssetMargin]) -> dict[str, str]:
    """Return the sums over USDT, the only asset that single-asset mode counts."""
    found = {one.asset: one for one in margins}.get("USDT")

    def total(name: str) -> str:
        value: Decimal = ZERO if found is None else getattr(found, name)
        return written(value)

    return {
        "totalInitialMargin": total("initial_margin"),
        "totalMaintMargin": total("maintenance_margin"),
        "totalWalletBalance": total("wallet"),
        "totalUnrealizedProfit": total("unrealized"),
        "totalMarginBalance": total("margin_balance"),
        "totalPositionInitialMargin": total("position_margin"),
        "totalOpenOrderInitialMargin": total("order_margin"),
        "totalCrossWalletBalance": total("cross_wallet"),
        "totalCrossUnPnl": total("cross_unrealized"),
        "availableBalance": total("available"),
        "maxWithdrawAmount": total("available"),
    }
