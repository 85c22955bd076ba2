"""An account's own data on spot: balances, orders, fills, rates, and its keys' rights.

Source: spot documentation, rest-api.md, "Account Endpoints"; wallet documentation,
"Get API Key Permission" and "System Status".
"""

from __future__ import annotations

from typing import Any

from real_trade.model import to_ms
from real_trade.paper.rejects import VenueReject
from real_trade.paper.values import VenueOrder
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError, mandatory
from real_trade.simulator.paging import Page
from real_trade.simulator.parameters import order_ids
from real_trade.simulator.spot.exchange import SpotExchange, find_order
from real_trade.simulator.spot.information import symbol_filters
from real_trade.simulator.spot.rejects import refusal_of_query
from real_trade.simulator.spot.shapes import my_trade, queried
from real_trade.simulator.spot.trading import Trading
from real_trade.simulator.texts import written

__all__ = ["Account"]

_DAY_MS = 86_400_000


class Account:
    """Handlers of the account endpoints."""

    def __init__(self, exchange: SpotExchange, trading: Trading) -> None:
        self._exchange = exchange
        self._trading = trading

    def information(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/account."""
        omit_zero = call.params.flag("omitZeroBalances")
        call.params.finish()
        exchange = self._exchange
        held = exchange.venue.balances(call.account)
        names = list(held) if omit_zero else list(dict.fromkeys([*exchange.assets(), *held]))
        fees, key = exchange.fees, call.key
        maker, taker = fees.maker, fees.taker
        return {
            "makerCommission": int(maker * 10_000),
            "takerCommission": int(taker * 10_000),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": written(maker),
                "taker": written(taker),
                "buyer": "0.00000000",
                "seller": "0.00000000",
            },
            "canTrade": bool(key and key.can_trade_spot),
            "canWithdraw": bool(key and key.can_withdraw),
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": exchange.updated_ms(call.account),
            "accountType": "SPOT",
            "balances": [
                {
                    "asset": name,
                    "free": written(held[name].free if name in held else None),
                    "locked": written(held[name].locked if name in held else None),
                }
                for name in names
            ],
            "permissions": ["SPOT"],
            "uid": exchange.accounts.user_id(call.account),
        }

    def commission(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/account/commission."""
        instrument = self._exchange.instrument(call.params.symbol())
        call.params.finish()
        fees = self._exchange.fees
        none = dict.fromkeys(("maker", "taker", "buyer", "seller"), "0.00000000")
        return {
            "symbol": instrument.native,
            "standardCommission": {
                **none,
                "maker": written(fees.rate(instrument.symbol, is_maker=True)),
                "taker": written(fees.rate(instrument.symbol, is_maker=False)),
            },
            "specialCommission": none,
            "taxCommission": none,
            "discount": self._trading.discount(),
        }

    def query_order(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/order."""
        params, exchange = call.params, self._exchange
        instrument = exchange.instrument(params.symbol())
        order_id, client_id = order_ids(params)
        params.finish()
        try:
            order = find_order(exchange.venue, call.account, instrument.symbol, order_id, client_id)
            exchange.check_visible(order, call.now)
        except VenueReject as reject:
            raise refusal_of_query(reject) from None
        return queried(order, instrument.native)

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/openOrders."""
        params, exchange = call.params, self._exchange
        symbol = None
        if "symbol" in params:
            symbol = exchange.instrument(params.symbol()).symbol
        params.finish()
        return self._shown(exchange.venue.open_orders(call.account, symbol), call.now)

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/allOrders."""
        params, exchange = call.params, self._exchange
        instrument = exchange.instrument(params.symbol())
        page = Page.read(params, "orderId")
        params.finish()
        _check_span(page)
        found = page.of(
            exchange.venue.orders(call.account, instrument.symbol),
            lambda order: order.order_id,
            lambda order: to_ms(order.created_at),
        )
        return self._shown(found, call.now)

    def my_trades(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/myTrades."""
        params, exchange = call.params, self._exchange
        instrument = exchange.instrument(params.symbol())
        order_id = params.integer("orderId")
        page = Page.read(params)
        params.finish()
        _check_span(page)
        if page.first_id is not None and page.has_times:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        lag = exchange.switches.read_lag_ms
        seen = [
            fill
            for fill in exchange.venue.fills(call.account, instrument.symbol, order_id=order_id)
            if not lag or to_ms(fill.time) + lag <= call.now
        ]
        found = page.of(seen, lambda fill: fill.trade_id, lambda fill: to_ms(fill.time))
        return [my_trade(fill, instrument.native) for fill in found]

    def order_counts(self, call: Call) -> list[dict[str, Any]]:
        """GET /api/v3/rateLimit/order."""
        call.params.finish()
        return self._exchange.counts(call.account).to_json(call.now)

    def my_filters(self, call: Call) -> dict[str, Any]:
        """GET /api/v3/myFilters."""
        exchange = self._exchange
        instrument = exchange.instrument(call.params.symbol())
        call.params.finish()
        return {
            "exchangeFilters": [],
            "symbolFilters": symbol_filters(instrument, exchange.rules(instrument.symbol)),
            "assetFilters": [],
        }

    def restrictions(self, call: Call) -> dict[str, Any]:
        """GET /sapi/v1/account/apiRestrictions."""
        call.params.finish()
        key = call.key
        if key is None:
            raise mandatory("apiKey")
        return {
            "ipRestrict": bool(key.ip),
            "createTime": key.created_ms,
            "enableReading": key.can_read,
            "enableWithdrawals": key.can_withdraw,
            "enableInternalTransfer": key.can_transfer,
            "enableMargin": False,
            "enableFutures": key.can_trade_futures,
            "permitsUniversalTransfer": key.can_transfer,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": True,
            "enableSpotAndMarginTrading": key.can_trade_spot,
            "enablePortfolioMarginTrading": False,
        }

    def system_status(self, call: Call) -> dict[str, Any]:
        """GET /sapi/v1/system/status."""
        call.params.finish()
        return {"status": 0, "msg": "normal"}

    def _shown(self, orders: list[VenueOrder], now: int) -> list[dict[str, Any]]:
        exchange = self._exchange
        return [
            queried(order, exchange.native(order.symbol))
            for order in orders
            if exchange.visible(order, now)
        ]


def _check_span(page: Page) -> None:
    start, end = page.start, page.end
    if start is not None and end is not None:
        if end < start:
            raise ApiError(-1127, "Lookup interval is too big.")
        if end - start > _DAY_MS:
            raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
