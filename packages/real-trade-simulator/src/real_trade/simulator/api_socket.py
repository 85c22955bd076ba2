"""The websocket API: requests and replies in an envelope, sessions, user data subscriptions.

Source: spot documentation, web-socket-api.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from real_trade.simulator.accounts import Accounts
from real_trade.simulator.calls import Call, Endpoint, Security, check_key, check_time
from real_trade.simulator.errors import ApiError, mandatory
from real_trade.simulator.faults import Faults, Scope
from real_trade.simulator.limits import Limits, OrderCounts
from real_trade.simulator.messages import Message
from real_trade.simulator.mishaps import Mishaps
from real_trade.simulator.parameters import Parameters
from real_trade.simulator.replies import Answer, Reply
from real_trade.simulator.signing import ApiKey, KeyKind, sorted_payload
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.time_units import reply_in_microseconds

__all__ = ["ApiSocket", "Door"]

_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
_ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"


class Door:
    """What all sockets of one market's websocket API share."""

    def __init__(
        self,
        *,
        methods: Mapping[str, Endpoint],
        limits: Limits,
        counts: Callable[[str], OrderCounts],
        accounts: Accounts,
        faults: Faults,
        mishaps: Mishaps,
        is_futures: bool,
        check_time: Callable[[], bool],
    ) -> None:
        self.methods = methods
        self.limits = limits
        self.counts = counts
        self.accounts = accounts
        self.faults = faults
        self.mishaps = mishaps
        self.is_futures = is_futures
        self.check_time = check_time


class ApiSocket(SocketEnd):
    """One connection to a websocket API.

    Attributes:
        session_key: whose session this is, after session.logon.
    """

    def __init__(self, *, door: Door, return_limits: bool, **rest: Any) -> None:
        super().__init__(**rest)
        self.session_key: ApiKey | None = None
        self.session_ms = 0
        self.return_limits = return_limits
        self._door = door

    def take(self, text: bytes) -> None:
        """Answer a request."""
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._answer(None, _refused(ApiError(-1135, "Invalid JSON Request")), True, None)
            return
        try:
            number, method, params = _envelope(request)
        except ApiError as error:
            number = request.get("id") if isinstance(request, dict) else None
            number = number if isinstance(number, (int, str)) else None
            self._answer(number, _refused(error), True, None)
            return
        wanted = params.pop("returnRateLimits", self.return_limits)
        endpoint = self._door.methods.get(method)

        def execute() -> Reply:
            return self._execute(endpoint, params)

        answer: Answer
        if self._door.faults.any(Scope.REQUEST):
            answer = self._door.mishaps.answer(
                f"api:{method}",
                execute,
                limits=self._door.limits,
                ip=self.ip,
                cache_key=f"{method} {sorted(params)}",
                facts=lambda: params,
            )
        else:
            answer = execute()
        self.settle(answer, lambda reply: self._answer(number, reply, bool(wanted), endpoint))

    def _answer(self, number: Any, reply: Reply, limits: bool, endpoint: Endpoint | None) -> None:
        try:
            orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            self.deliver(Message(reply.body))  # a fault made it so
            return
        envelope: dict[str, Any] = {"id": number, "status": reply.status}
        name = "result" if reply.status == 200 else "error"
        envelope[name] = orjson.Fragment(reply.body)
        if limits:
            envelope["rateLimits"] = self._limits(endpoint)
        self.send_json(envelope)

    def _limits(self, endpoint: Endpoint | None) -> list[dict[str, Any]]:
        now, door = self._schedule.now, self._door
        found = []
        if endpoint is not None and endpoint.orders and self._account:
            found = door.counts(self._account).to_json(now)
        weight = door.limits.weight
        return [*found, weight.to_json(door.limits.used(self.ip, now))]

    _account = ""

    def _execute(self, endpoint: Endpoint | None, params: dict[str, Any]) -> Reply:
        now, door = self._schedule.now, self._door
        if endpoint is None:
            return _refused(ApiError(-1000, "Unknown method."))
        try:
            read = Parameters.from_json(params)
            weight = endpoint.weight_of(read)
            door.limits.charge(self.ip, now, weight)
            call = self._call(endpoint, params, read)
            self._account = call.account
            value = endpoint.handler(call)
            if self.microseconds:
                value = reply_in_microseconds(value)
            if endpoint.free:
                door.limits.refund(self.ip, now, weight)
            return Reply(200, orjson.dumps(value))
        except ApiError as error:
            return _refused(error, now)

    def _call(self, endpoint: Endpoint, params: dict[str, Any], read: Parameters) -> Call:
        now, door, security = self._schedule.now, self._door, endpoint.security
        call = Call(params=read, now=now, ip=self.ip, socket=self)
        if security is Security.NONE:
            return call
        text = read.text("apiKey")
        signature = read.text("signature")
        if text is None and self.session_key is not None:
            text = self.session_key.key
        elif security.is_signed and text is not None and signature is None:
            raise mandatory("signature")
        if text is None:
            raise mandatory("apiKey")
        key = check_key(door.accounts, text, self.ip, security, futures=door.is_futures)
        call.key, call.account = key, key.account
        if security.is_signed:
            check_time(read, now, enforce=door.check_time())
            if signature is not None and not key.verifies(sorted_payload(params), signature):
                raise ApiError(-1022, "Signature for this request is not valid.")
        return call

    # Sessions: handlers that the surface lists among its methods.

    @staticmethod
    def logon(call: Call) -> dict[str, Any]:
        """session.logon: Ed25519 keys only."""
        call.params.finish()
        socket, key = call.socket, call.key
        if key is None or key.kind is not KeyKind.ED25519:
            kind = "HMAC_SHA256" if key is None or key.kind is KeyKind.HMAC else "RSA"
            raise ApiError(-4056, f"{kind} API key is not supported.")
        socket.session_key, socket.session_ms = key, call.now
        return ApiSocket.status_of(call)

    @staticmethod
    def logout(call: Call) -> dict[str, Any]:
        """session.logout."""
        call.params.finish()
        call.socket.session_key = None
        call.socket.end_session()
        return ApiSocket.status_of(call)

    @staticmethod
    def status(call: Call) -> dict[str, Any]:
        """session.status."""
        call.params.finish()
        return ApiSocket.status_of(call)

    @staticmethod
    def status_of(call: Call) -> dict[str, Any]:
        """Return what the session requests answer."""
        socket: ApiSocket = call.socket
        key = socket.session_key
        return {
            "apiKey": key.key if key else None,
            "authorizedSince": socket.session_ms if key else None,
            "connectedSince": socket.opened_ms,
            "returnRateLimits": socket.return_limits,
            "serverTime": call.now,
            "userDataStream": socket.hears_user_data(),
        }

    def end_session(self) -> None:
        """Do what ends with a session."""

    def hears_user_data(self) -> bool:
        """Return whether the session gets user data."""
        return False


def _envelope(request: Any) -> tuple[Any, str, dict[str, Any]]:
    """Return id, method and parameters of a request."""
    if not isinstance(request, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    number = request.get("id")
    if isinstance(number, bool) or not isinstance(number, (int, str, type(None))):
        raise ApiError(-1135, "JSON sent for parameter 'id' is not valid")
    if isinstance(number, str) and not _ID.fullmatch(number):
        raise ApiError(
            -1100, f"Illegal characters found in parameter 'id'; legal range is '{_ID_RANGE}'."
        )
    method = request.get("method")
    if not isinstance(method, str) or not method:
        raise mandatory("method")
    params = request.get("params") or {}
    if not isinstance(params, dict):
        raise ApiError(-1135, "JSON sent for parameter 'params' is not valid")
    return number, method, dict(params)


def _refused(error: ApiError, now: int = 0) -> Reply:
    body = error.body()
    retry = dict(error.headers).get("Retry-After")
    if retry is not None and "data" not in body:
        body["data"] = {"serverTime": now, "retryAfter": now + int(retry) * 1000}
    return Reply(error.status, orjson.dumps(body))
