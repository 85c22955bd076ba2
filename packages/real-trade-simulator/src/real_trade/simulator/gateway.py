"""The exchange's front door: one HTTP request in, one reply out; one websocket opened.

Pure and synchronous. Time comes from the schedule, chance from the seed, and whoever stands
around it (a server, or the in-process transport) moves the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

import orjson

from real_trade.simulator.accounts import Accounts
from real_trade.simulator.calls import Call, Endpoint, Security, check_key, check_time
from real_trade.simulator.control import Control
from real_trade.simulator.errors import ApiError, mandatory
from real_trade.simulator.faults import Faults, Scope
from real_trade.simulator.limits import Limits
from real_trade.simulator.mishaps import Mishaps
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.replies import Answer, Reply, Request, json_reply
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.settings import Switches
from real_trade.simulator.signing import signed_part
from real_trade.simulator.sockets import Session, SocketEnd
from real_trade.simulator.surface import Surface
from real_trade.simulator.time_units import reply_in_microseconds, wants_microseconds

__all__ = ["Gateway"]

_NOT_FOUND = Reply(404, b"", (("Content-Type", "text/html"),))
_SERVICE = (("Server", "nginx"),)


class Gateway:
    """All markets behind one address."""

    def __init__(
        self,
        surfaces: Iterable[Surface],
        accounts: Accounts,
        faults: Faults,
        schedule: Schedule,
        switches: Switches,
        control: Control,
        sockets: dict[SocketEnd, None],
    ) -> None:
        self.schedule = schedule
        self.sockets = sockets
        self._surfaces = tuple(surfaces)
        self._accounts = accounts
        self._faults = faults
        self._switches = switches
        self._control = control
        self._mishaps = Mishaps(faults, schedule)
        self._rest: dict[tuple[str, str], tuple[Surface, Endpoint]] = {}
        self._paths: set[str] = set()
        for surface in self._surfaces:
            for route, endpoint in surface.rest.items():
                self._rest[route] = (surface, endpoint)
                self._paths.add(route[1])

    def http(self, request: Request, client_ip: str, now: int) -> Answer:
        """Answer a request that arrives at `now`."""
        self.schedule.run(now)
        if request.path.startswith("/control"):
            return self._control.answer(request)
        route = (request.method, request.path)
        if self._faults.any(Scope.REQUEST):
            return self._mishaps.answer(
                f"{request.method} {request.path}",
                lambda: self._execute(route, request, client_ip),
                limits=self._limits_of(route),
                ip=client_ip,
                cache_key=f"{request.method} {request.path}?{_stable(request.query)}",
                facts=lambda: dict(parse_qsl(f"{request.query}&{_body_text(request)}")),
            )
        return self._execute(route, request, client_ip)

    def open_socket(self, path: str, query: str, session: Session, ip: str) -> SocketEnd | Reply:
        """Open a websocket, or say with an HTTP reply why not."""
        for surface in self._surfaces:
            if not surface.owns_socket(path):
                continue
            now = self.schedule.now
            rule = self._faults.hit(Scope.SOCKET, f"socket:{path}", now, "refuse_connections")
            if rule is not None:
                return Reply(rule.args.get("status", 503), b"")
            if not surface.limits.connect(ip, now):
                return Reply(429, b"Too many connection attempts")
            end = surface.open_socket(path, query, session, ip)
            if end is not None:
                self.sockets[end] = None
                return end
        return _NOT_FOUND

    def forget(self, end: SocketEnd) -> None:
        """Note that a websocket has gone."""
        self.sockets.pop(end, None)

    def _limits_of(self, route: tuple[str, str]) -> Limits | None:
        found = self._rest.get(route)
        return found[0].limits if found else None

    def _execute(self, route: tuple[str, str], request: Request, ip: str) -> Reply:
        found = self._rest.get(route)
        if found is None:
            return self._no_route(request)
        surface, endpoint = found
        now = self.schedule.now
        headers: tuple[tuple[str, str], ...] = ()
        try:
            params = Parameters.from_http(request.query, _body_text(request))
            weight = endpoint.weight_of(params)
            surface.limits.charge(ip, now, weight)
            call = self._call(surface, endpoint, request, params, ip)
            micro = wants_microseconds(request.headers.get("x-mbx-time-unit", ""))
            value = endpoint.handler(call)
            if micro:
                value = reply_in_microseconds(value)
            if endpoint.free:
                surface.limits.refund(ip, now, weight)
            if endpoint.orders:
                headers = surface.counts(call.account).headers(now)
            body, status = orjson.dumps(value), 200
        except ApiError as error:
            if error.page:
                return Reply(error.status, error.page.encode(), (("Content-Type", "text/html"),))
            body, status = orjson.dumps(error.body()), error.status
            headers = error.headers
        return Reply(
            status,
            body,
            (
                ("Content-Type", "application/json;charset=UTF-8"),
                *_SERVICE,
                *surface.limits.headers(ip, now),
                *headers,
            ),
        )

    def _call(
        self, surface: Surface, endpoint: Endpoint, request: Request, params: Parameters, ip: str
    ) -> Call:
        now, security = self.schedule.now, endpoint.security
        call = Call(params=params, now=now, ip=ip)
        if security is Security.NONE:
            return call
        key = check_key(
            self._accounts,
            request.headers.get("x-mbx-apikey", ""),
            ip,
            security,
            futures=surface.is_futures,
        )
        call.key, call.account = key, key.account
        if security.is_signed:
            signature = params.text("signature")
            check_time(params, now, enforce=self._switches.check_time)
            if signature is None:
                raise mandatory("signature")
            payload = signed_part(request.query, _body_text(request))
            if not key.verifies(payload, signature):
                raise ApiError(-1022, "Signature for this request is not valid.")
        return call

    def _no_route(self, request: Request) -> Reply:
        if request.path in self._paths:
            error = ApiError(-1000, f"Request method '{request.method}' is not supported.")
            return json_reply(error.body(), 405)
        return _NOT_FOUND


def _body_text(request: Request) -> str:
    return request.body.decode("utf-8", "replace") if request.body else ""


def _stable(query: str) -> str:
    """Return a query without what differs between two equal requests."""
    drop = ("timestamp=", "signature=", "recvWindow=")
    return "&".join(part for part in query.split("&") if not part.startswith(drop))
