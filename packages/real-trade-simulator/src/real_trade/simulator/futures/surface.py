"""A futures market on the wire: which path leads where, what it asks for, and what it costs.

Weights: futures documentation, at each endpoint. Websockets: `futures/streams.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from real_trade.simulator.calls import Call, Endpoint, Security
from real_trade.simulator.faults import Faults
from real_trade.simulator.futures.account import Account
from real_trade.simulator.futures.algos import Algos
from real_trade.simulator.futures.controls import Controls
from real_trade.simulator.futures.exchange import FuturesExchange
from real_trade.simulator.futures.key_calls import KeyCalls
from real_trade.simulator.futures.market_data import PublicData
from real_trade.simulator.futures.trading import Trading
from real_trade.simulator.limits import OrderCounts
from real_trade.simulator.market import MarketData
from real_trade.simulator.messages import MessageFaults
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.sockets import Session, SocketEnd
from real_trade.simulator.spot.user_data import ListenKeys

__all__ = ["FuturesSockets", "FuturesSurface"]

Weight = int | Callable[[Parameters], int]


class FuturesSockets(Protocol):
    """The websockets of one futures market; paths come with the market's prefix."""

    def owns(self, path: str) -> bool:
        """Return whether a websocket to `path` is this market's."""

    def open(self, path: str, query: str, session: Session, ip: str) -> SocketEnd | None:
        """Open a websocket; None if the path leads nowhere."""

    def terminate(self, account: str) -> int:
        """End the account's user data streams; return how many ended."""


class FuturesSurface:
    """Everything of USDⓈ-M or COIN-M that clients can reach.

    Attributes:
        rest: endpoints by method and path, the market's prefix included.
        methods: the same endpoints by the websocket API's method.
        keys: the accounts' listen keys.
        sockets: who opens websockets; None refuses them.
    """

    is_futures = True

    def __init__(
        self,
        exchange: FuturesExchange,
        market: MarketData,
        schedule: Schedule,
        faults: Faults,
        message_faults: MessageFaults,
        on_gone: Callable[[SocketEnd], None],
    ) -> None:
        self.exchange = exchange
        self.market = market
        self.schedule = schedule
        self.faults = faults
        self.message_faults = message_faults
        self.on_gone = on_gone
        self.name = exchange.kind.value
        self.limits = exchange.limits
        prefix, api = f"/{self.name}", exchange.kind.api
        self.addresses = {"rest": prefix, "ws": prefix, "ws_api": f"{prefix}/ws-{api}/v1"}
        routes = _Routes(prefix, api)
        inverse = exchange.kind.is_inverse
        _add_public(routes, PublicData(exchange, market), "v1" if inverse else "v2")
        _add_trading(routes, Trading(exchange, schedule), Algos(exchange))
        controls, account = Controls(exchange), Account(exchange)
        _add_settings(routes, controls, account)
        (_add_coinm if inverse else _add_usdm)(routes, controls, account)
        self.keys = ListenKeys(schedule, f"{exchange.settings.seed}:{self.name} listen keys")
        _add_keys(routes, KeyCalls(self.keys))
        self.rest, self.methods = routes.rest, routes.methods
        self.sockets: FuturesSockets | None = None

    def counts(self, account: str) -> OrderCounts:
        """Return how many orders the account has sent."""
        return self.exchange.counts(account)

    def owns_socket(self, path: str) -> bool:
        """Return whether a websocket to `path` is this market's."""
        return self.sockets is not None and self.sockets.owns(path)

    def open_socket(self, path: str, query: str, session: Session, ip: str) -> SocketEnd | None:
        """Open a websocket; None if the path leads nowhere."""
        return None if self.sockets is None else self.sockets.open(path, query, session, ip)

    def terminate_user_streams(self, account: str) -> int:
        """End the account's user data streams."""
        return 0 if self.sockets is None else self.sockets.terminate(account)


class _Routes:
    """Collects the endpoints of one market."""

    def __init__(self, prefix: str, api: str) -> None:
        self._prefix = prefix
        self._api = api
        self.rest: dict[tuple[str, str], Endpoint] = {}
        self.methods: dict[str, Endpoint] = {}

    def add(
        self,
        route: str,
        handler: Callable[[Call], Any],
        security: Security = Security.NONE,
        weight: Weight = 1,
        *,
        method: str = "",
        orders: int = 0,
    ) -> None:
        """Add `GET /v1/ping` below the market's own path, and as a websocket API method."""
        verb, _, path = route.partition(" ")
        endpoint = Endpoint(
            name=route, handler=handler, security=security, weight=weight, orders=orders
        )
        self.rest[verb, f"{self._prefix}/{self._api}{path}"] = endpoint
        if method:
            self.methods[method] = endpoint


def _add_public(routes: _Routes, public: PublicData, version: str) -> None:
    add, none = routes.add, Security.NONE
    add("GET /v1/ping", public.ping)
    add("GET /v1/time", public.time)
    add("GET /v1/exchangeInfo", public.info)
    add("GET /v1/depth", public.depth, none, _depth_weight, method="depth")
    add("GET /v1/trades", public.trades, none, 5)
    add("GET /v1/historicalTrades", public.old_trades, Security.KEY, 20)
    add("GET /v1/aggTrades", public.agg_trades, none, 20)
    add("GET /v1/klines", public.klines, none, _klines_weight)
    add("GET /v1/continuousKlines", public.continuous_klines, none, _klines_weight)
    add("GET /v1/markPriceKlines", public.mark_klines, none, _klines_weight)
    add("GET /v1/indexPriceKlines", public.index_klines, none, _klines_weight)
    add("GET /v1/premiumIndex", public.premium, none, _by_symbol(1, 10))
    add("GET /v1/fundingRate", public.funding_rates)
    add("GET /v1/fundingInfo", public.funding_info)
    add("GET /v1/ticker/24hr", public.day, none, _by_symbol(1, 40))
    add("GET /v1/ticker/price", public.price, none, _by_symbol(1, 2), method="ticker.price")
    add(
        "GET /v1/ticker/bookTicker",
        public.book_ticker,
        none,
        _by_symbol(2, 5),
        method="ticker.book",
    )
    if version == "v2":
        add("GET /v2/ticker/price", public.price, none, _by_symbol(1, 2))
    add("GET /v1/openInterest", public.open_interest)


def _add_trading(routes: _Routes, trading: Trading, algos: Algos) -> None:
    add, read, trade = routes.add, Security.READ, Security.TRADE
    add("POST /v1/order", trading.new_order, trade, 0, method="order.place", orders=1)
    add("POST /v1/order/test", trading.test_order, trade, 0)
    add("PUT /v1/order", trading.modify_order, trade, 1, method="order.modify", orders=1)
    add("DELETE /v1/order", trading.cancel_order, trade, method="order.cancel")
    add("GET /v1/order", trading.query_order, read, method="order.status")
    add("GET /v1/openOrder", trading.open_order, read)
    add("GET /v1/openOrders", trading.open_orders, read, _by_symbol(1, 40))
    add("GET /v1/allOrders", trading.all_orders, read, 5)
    add("DELETE /v1/allOpenOrders", trading.cancel_all, trade)
    add("POST /v1/countdownCancelAll", trading.countdown, trade, 10)
    add("POST /v1/batchOrders", trading.batch, trade, 5, orders=5)
    add("PUT /v1/batchOrders", trading.modify_batch, trade, 5, orders=5)
    add("DELETE /v1/batchOrders", trading.cancel_batch, trade)
    add("POST /v1/algoOrder", algos.place, trade, 0, method="algoOrder.place", orders=1)
    add("DELETE /v1/algoOrder", algos.cancel, trade, method="algoOrder.cancel")
    add("GET /v1/algoOrder", algos.query, read)
    add("GET /v1/openAlgoOrders", algos.open, read, _by_symbol(1, 40))
    add("GET /v1/allAlgoOrders", algos.every, read, 5)
    add("DELETE /v1/algoOpenOrders", algos.cancel_all, trade)


def _add_settings(routes: _Routes, controls: Controls, account: Account) -> None:
    add, read, trade = routes.add, Security.READ, Security.TRADE
    add("POST /v1/leverage", controls.set_leverage, trade)
    add("POST /v1/marginType", controls.set_margin_type, trade)
    add("GET /v1/positionSide/dual", controls.position_mode, read, 30)
    add("POST /v1/positionSide/dual", controls.set_position_mode, trade)
    add("POST /v1/positionMargin", controls.move_margin, trade)
    add("GET /v1/positionMargin/history", controls.margin_history, trade)
    add("GET /v1/userTrades", account.trades, read, 5)
    add("GET /v1/income", account.income, read, 30)
    add("GET /v1/commissionRate", account.commission, read, 20)
    add("GET /v1/rateLimit/order", account.order_counts, read)


def _add_usdm(routes: _Routes, controls: Controls, account: Account) -> None:
    add, read, trade = routes.add, Security.READ, Security.TRADE
    add("GET /v1/leverageBracket", controls.brackets, read)
    add("GET /v1/multiAssetsMargin", controls.assets_mode, read, 30)
    add("POST /v1/multiAssetsMargin", controls.set_assets_mode, trade)
    add("GET /v1/symbolConfig", controls.symbol_settings, read, 5)
    add("GET /v1/accountConfig", account.configuration, read, 5)
    add("GET /v1/apiTradingStatus", account.trading_status, read, _by_symbol(1, 10))
    add("GET /v1/feeBurn", account.fee_burn, read, 30)
    add("GET /v2/balance", account.balances, read, 5, method="account.balance")
    add("GET /v3/balance", account.balances, read, 5, method="v2/account.balance")
    add("GET /v2/account", account.account_v2, read, 5, method="account.status")
    add("GET /v3/account", account.account_v3, read, 5, method="v2/account.status")
    add("GET /v2/positionRisk", account.risk, read, 5, method="account.position")
    add("GET /v3/positionRisk", account.risk_v3, read, 5, method="v2/account.position")


def _add_coinm(routes: _Routes, controls: Controls, account: Account) -> None:
    add, read = routes.add, Security.READ
    add("GET /v1/leverageBracket", controls.pair_brackets, read)
    add("GET /v2/leverageBracket", controls.brackets, read)
    add("GET /v1/balance", account.balances, read, method="account.balance")
    add("GET /v1/account", account.account_v1, read, 5, method="account.status")
    add("GET /v1/positionRisk", account.risk, read, method="account.position")


def _add_keys(routes: _Routes, keys: KeyCalls) -> None:
    add, key = routes.add, Security.KEY
    add("POST /v1/listenKey", keys.start, key, method="userDataStream.start")
    add("PUT /v1/listenKey", keys.extend, key, method="userDataStream.ping")
    add("DELETE /v1/listenKey", keys.stop, key, method="userDataStream.stop")


def _by_symbol(one: int, many: int) -> Callable[[Parameters], int]:
    """Weigh a request by whether it names a symbol."""
    return lambda params: one if params.peek("symbol") else many


def _asked(params: Parameters, default: int) -> int:
    text = params.peek("limit")
    return int(text) if text.isdigit() else default


def _depth_weight(params: Parameters) -> int:
    limit = _asked(params, 500)
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def _klines_weight(params: Parameters) -> int:
    limit = _asked(params, 500)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10
