"""Spot on the wire: which path leads where, what it asks for, and what it costs.

Weights: spot documentation, rest-api.md and web-socket-api.md, at each endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from real_trade.paper.events import VenueEvent
from real_trade.simulator.api_socket import ApiSocket, Door
from real_trade.simulator.calls import Call, Endpoint, Security
from real_trade.simulator.errors import ApiError
from real_trade.simulator.faults import Faults
from real_trade.simulator.hub import Hub, StreamSocket
from real_trade.simulator.limits import OrderCounts
from real_trade.simulator.market import MarketData
from real_trade.simulator.messages import MessageFaults
from real_trade.simulator.mishaps import Mishaps
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.sockets import Session, SocketEnd, SocketRules
from real_trade.simulator.spot.account import Account
from real_trade.simulator.spot.events import UserEvents
from real_trade.simulator.spot.exchange import SpotExchange
from real_trade.simulator.spot.lists import Lists
from real_trade.simulator.spot.market_data import PublicData
from real_trade.simulator.spot.streams import SpotStreams
from real_trade.simulator.spot.trading import Trading
from real_trade.simulator.spot.user_data import ListenKeys, ListenKeySocket, SpotApiSocket
from real_trade.simulator.time_units import wants_microseconds
from real_trade.simulator.users import UserStreams

__all__ = ["SpotSurface"]

_GONE = (
    "<html>\r\n<head><title>410 Gone</title></head>\r\n<body>\r\n"
    "<center><h1>410 Gone</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_STREAM_RULES = SocketRules(ping_ms=20_000, pong_ms=60_000, messages_per_s=5)
_API_RULES = SocketRules(ping_ms=20_000, pong_ms=60_000, messages_per_s=0)


class SpotSurface:
    """Everything of spot that clients can reach."""

    name = "spot"
    is_futures = False
    addresses = {"rest": "", "ws": "", "ws_api": "/ws-api/v3"}  # noqa: RUF012 - read only

    def __init__(
        self,
        exchange: SpotExchange,
        market: MarketData,
        schedule: Schedule,
        faults: Faults,
        message_faults: MessageFaults,
        on_gone: Callable[[SocketEnd], None],
    ) -> None:
        self.exchange = exchange
        self.limits = exchange.limits
        self.users = UserStreams(message_faults)
        self._schedule = schedule
        self._on_gone = on_gone
        self._numbers = 0
        self.hub = Hub(message_faults, on_first=self._first, on_last=self._last)
        self.streams = SpotStreams(exchange, market, self.hub, schedule)
        self._events = UserEvents(exchange)
        self._keys = ListenKeys(schedule, f"{exchange.settings.seed}:listen keys")
        self._api_sockets: dict[SpotApiSocket, None] = {}
        trading = Trading(exchange)
        parts = (
            PublicData(exchange, market),
            trading,
            Lists(exchange, trading),
            Account(exchange, trading),
        )
        self.rest, self.methods = _routes(*parts, self)
        self._door = Door(
            methods=self.methods,
            limits=exchange.limits,
            counts=exchange.counts,
            accounts=exchange.accounts,
            faults=faults,
            mishaps=Mishaps(faults, schedule),
            is_futures=False,
            check_time=lambda: exchange.switches.check_time,
        )
        exchange.venue.listen(self._tell)

    def counts(self, account: str) -> OrderCounts:
        """Return the account's unfilled-order counts."""
        return self.exchange.counts(account)

    def owns_socket(self, path: str) -> bool:
        """Return whether a websocket to `path` is spot's."""
        return path in {"/ws", "/stream", "/ws-api/v3"} or path.startswith("/ws/")

    def open_socket(self, path: str, query: str, session: Session, ip: str) -> SocketEnd | None:
        """Open a stream socket, a user data socket of old, or the websocket API."""
        asked = parse_qs(query)
        try:
            micro = wants_microseconds(asked.get("timeUnit", [""])[0])
        except ApiError:
            return None
        common = {**self._common(path, session, ip), "microseconds": micro}
        if path == "/ws-api/v3":
            self.limits.charge(ip, self._schedule.now, 2)
            wanted = asked.get("returnRateLimits", ["true"])[0] != "false"
            end = SpotApiSocket(
                users=self.users,
                door=self._door,
                return_limits=wanted,
                **{**common, "rules": _API_RULES, "on_gone": self._api_gone},
            )
            self._api_sockets[end] = None
            return end
        combined = path == "/stream"
        names = asked.get("streams", [""])[0] if combined else path.removeprefix("/ws").strip("/")
        streams = [name for name in names.split("/") if name]
        if self.exchange.switches.listen_keys_on_spot and len(streams) == 1:
            account = self._owner(streams[0])
            if account:
                return ListenKeySocket(
                    users=self.users,
                    account=account,
                    combined=streams[0] if combined else "",
                    **common,
                )
        return StreamSocket(
            hub=self.hub,
            mishaps=self._door.mishaps,
            combined=combined,
            streams=streams,
            **common,
        )

    def terminate_user_streams(self, account: str) -> int:
        """End the account's user data subscriptions."""
        return sum(end.terminate_account(account) for end in tuple(self._api_sockets))

    def listen_key(self, method: str) -> Callable[[Call], dict[str, Any]]:
        """Return the handler of one of the endpoints that are gone since 2026-02-20."""

        def handle(call: Call) -> dict[str, Any]:
            if not self.exchange.switches.listen_keys_on_spot:
                if call.socket is not None:
                    raise ApiError(-1000, "Unknown method.")
                raise ApiError(-1000, "410 Gone", status=410, page=_GONE)
            if method == "POST":
                call.params.finish()
                return {"listenKey": self._keys.create(call.account)}
            key = call.params.need("listenKey")
            call.params.finish()
            if method == "PUT":
                self._keys.extend(key)
            else:
                self._keys.delete(key)
            return {}

        return handle

    def _common(self, path: str, session: Session, ip: str) -> dict[str, Any]:
        self._numbers += 1
        return {
            "session": session,
            "schedule": self._schedule,
            "path": path,
            "ip": ip,
            "rules": _STREAM_RULES,
            "number": self._numbers,
            "on_gone": self._on_gone,
        }

    def _api_gone(self, end: SocketEnd) -> None:
        self._api_sockets.pop(end, None)  # type: ignore[call-overload]
        self._on_gone(end)

    def _owner(self, key: str) -> str:
        try:
            return self._keys.owner(key)
        except ApiError:
            return ""

    def _first(self, name: str) -> None:
        self.streams.begin(name)

    def _last(self, name: str) -> None:
        self.streams.end(name)

    def _tell(self, event: VenueEvent) -> None:
        account = getattr(event, "account", "")
        if account and self.users.of(account):
            for found in self._events.translate(event):
                self.users.publish(account, found)


def _by_symbol(one: int, many: int) -> Callable[[Parameters], int]:
    """Weigh a request by whether it names a symbol."""
    return lambda params: one if params.peek("symbol") else many


def _depth_weight(params: Parameters) -> int:
    text = params.peek("limit")
    limit = int(text) if text.isdigit() else 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def _day_weight(params: Parameters) -> int:
    if params.peek("symbol"):
        return 2
    count = params.peek("symbols").count('"') // 2
    return 80 if not count or count > 100 else 40 if count > 20 else 2


def _trades_weight(params: Parameters) -> int:
    return 5 if params.peek("orderId") else 20


def _test_weight(params: Parameters) -> int:
    return 20 if params.peek("computeCommissionRates") == "true" else 1


def _routes(
    public: PublicData,
    trading: Trading,
    lists: Lists,
    account: Account,
    surface: SpotSurface,
) -> tuple[dict[tuple[str, str], Endpoint], dict[str, Endpoint]]:
    """Return the endpoints by REST route and by websocket API method."""
    key, read, trade = Security.KEY, Security.READ, Security.TRADE
    none = Security.NONE
    rest: dict[tuple[str, str], Endpoint] = {}
    methods: dict[str, Endpoint] = {}

    def add(
        route: str,
        method: str,
        handler: Callable[[Call], Any],
        security: Security = none,
        weight: int | Callable[[Parameters], int] = 1,
        *,
        free: bool = False,
        orders: int = 0,
    ) -> None:
        endpoint = Endpoint(
            name=route or method,
            handler=handler,
            security=security,
            weight=weight,
            free=free,
            orders=orders,
        )
        if route:
            verb, _, path = route.partition(" ")
            rest[verb, path if path.startswith("/sapi") else f"/api/v3{path}"] = endpoint
        if method:
            methods[method] = endpoint

    _add_public(add, public)
    _add_trading(add, trading, lists, trade)
    _add_account(add, account, lists, read)
    for verb, old in (("POST", "start"), ("PUT", "ping"), ("DELETE", "stop")):
        add(f"{verb} /userDataStream", f"userDataStream.{old}", surface.listen_key(verb), key, 2)
    add("", "session.logon", ApiSocket.logon, read, 2)
    add("", "session.status", ApiSocket.status, none, 2)
    add("", "session.logout", ApiSocket.logout, none, 2)
    add("", "session.subscriptions", SpotApiSocket.list_subscriptions, none, 2)
    add("", "userDataStream.subscribe", SpotApiSocket.subscribe_session, none, 2)
    add("", "userDataStream.subscribe.signature", SpotApiSocket.subscribe_signature, read, 2)
    add("", "userDataStream.unsubscribe", SpotApiSocket.unsubscribe, none, 2)
    return rest, methods


Add = Callable[..., None]


def _add_public(add: Add, public: PublicData) -> None:
    none = Security.NONE
    add("GET /ping", "ping", public.ping)
    add("GET /time", "time", public.time)
    add("GET /exchangeInfo", "exchangeInfo", public.info, none, 20)
    add("GET /depth", "depth", public.depth, none, _depth_weight)
    add("GET /trades", "trades.recent", public.trades, none, 25)
    add("GET /historicalTrades", "trades.historical", public.old_trades, none, 25)
    add("GET /aggTrades", "trades.aggregate", public.agg_trades, none, 4)
    add("GET /klines", "klines", public.klines, none, 2)
    add("GET /uiKlines", "uiKlines", public.klines, none, 2)
    add("GET /avgPrice", "avgPrice", public.average, none, 2)
    add("GET /ticker/price", "ticker.price", public.price, none, _by_symbol(2, 4))
    add("GET /ticker/bookTicker", "ticker.book", public.book_ticker, none, _by_symbol(2, 4))
    add("GET /ticker/24hr", "ticker.24hr", public.day, none, _day_weight)


def _add_trading(add: Add, trading: Trading, lists: Lists, trade: Security) -> None:
    add("POST /order", "order.place", trading.new_order, trade, 1, free=True, orders=1)
    add("POST /order/test", "order.test", trading.test_order, trade, _test_weight)
    add("DELETE /order", "order.cancel", trading.cancel_order, trade, 1, free=True)
    add("DELETE /openOrders", "openOrders.cancelAll", trading.cancel_all, trade, 1, free=True)
    add(
        "POST /order/cancelReplace",
        "order.cancelReplace",
        trading.cancel_replace,
        trade,
        1,
        free=True,
        orders=1,
    )
    add(
        "PUT /order/amend/keepPriority",
        "order.amend.keepPriority",
        trading.amend,
        trade,
        4,
        free=True,
    )
    add("POST /order/oco", "orderList.place", lists.old_oco, trade, 1, free=True, orders=2)
    add("POST /orderList/oco", "orderList.place.oco", lists.oco, trade, 1, free=True, orders=2)
    add("POST /orderList/oto", "orderList.place.oto", lists.oto, trade, 1, free=True, orders=2)
    add(
        "POST /orderList/otoco", "orderList.place.otoco", lists.otoco, trade, 1, free=True, orders=3
    )
    add("DELETE /orderList", "orderList.cancel", lists.cancel, trade, 1, free=True)


def _add_account(add: Add, account: Account, lists: Lists, read: Security) -> None:
    add("GET /account", "account.status", account.information, read, 20)
    add("GET /account/commission", "account.commission", account.commission, read, 20)
    add("GET /order", "order.status", account.query_order, read, 4)
    add("GET /openOrders", "openOrders.status", account.open_orders, read, _by_symbol(6, 80))
    add("GET /allOrders", "allOrders", account.all_orders, read, 20)
    add("GET /myTrades", "myTrades", account.my_trades, read, _trades_weight)
    add("GET /orderList", "orderList.status", lists.query, read, 4)
    add("GET /openOrderList", "openOrderLists.status", lists.open_lists, read, 6)
    add("GET /allOrderList", "allOrderLists", lists.all_lists, read, 20)
    add("GET /rateLimit/order", "account.rateLimits.orders", account.order_counts, read, 40)
    add("GET /myFilters", "myFilters", account.my_filters, read, 40)
    add("GET /sapi/v1/account/apiRestrictions", "", account.restrictions, read, 1)
    add("GET /sapi/v1/system/status", "", account.system_status, Security.NONE, 1)
