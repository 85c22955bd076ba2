"""What faults make of a request: lost before or after it happened, late, torn, or answered wrong.

The same rules serve REST and the websocket API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import orjson

from real_trade.simulator.distortions import changed, distorted_body
from real_trade.simulator.faults import Faults, Rule, Scope
from real_trade.simulator.limits import Limits
from real_trade.simulator.replies import Answer, Delivery, Later, Reply
from real_trade.simulator.schedule import Schedule

__all__ = ["Mishaps"]

_JSON = ("Content-Type", "application/json;charset=UTF-8")
_HTML = ("Content-Type", "text/html")
_MESSAGES = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: "Too many requests queued.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: (
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown."
    ),
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
    -1015: "Too many new orders.",
    -1016: "This service is no longer available.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -2010: "Account has insufficient balance for requested action.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
}
_STATUS = {-1000: 500, -1001: 500, -1003: 429, -1006: 500, -1007: 408, -1008: 503, -1015: 429}
_UNAUTHORIZED = (-2014, -2015)


class Mishaps:
    """Applies the first rule that is due to one request."""

    def __init__(self, faults: Faults, schedule: Schedule) -> None:
        self._faults = faults
        self._schedule = schedule
        self._remembered: dict[str, Reply] = {}
        self._first_seen: dict[str, int] = {}

    def answer(
        self,
        target: str,
        execute: Callable[[], Reply],
        *,
        limits: Limits | None,
        ip: str,
        cache_key: str,
        facts: Callable[[], Any],
    ) -> Answer:
        """Return the reply to a request that `execute` would answer."""
        now = self._schedule.now
        rule = self._faults.hit(Scope.REQUEST, target, now, facts=facts)
        if rule is None:
            return execute()
        args = rule.args
        if rule.do in {"weight", "ban"}:
            if limits is not None and rule.do == "weight":
                limits.jump(ip, now, args["weight"])
            elif limits is not None:
                limits.ban(ip, now, round(args.get("seconds", 120) * 1000))
            return execute()
        if rule.do == "delay":
            return self._delayed(rule, execute)
        if rule.do == "stale":
            return self._stale(f"{rule.id} {cache_key}", execute)
        if rule.do == "not_found":
            return self._not_found(rule, cache_key, execute)
        if rule.do == "refuse":
            return Reply(0, b"", delivery=Delivery(refuse=True))
        if rule.do == "drop_request":
            return _lost(Reply(0, b""), rule)
        executed = args.get("executed", rule.do not in {"status", "code"})
        reply = execute() if executed else Reply(200, b"{}")
        return _spoiled(rule, reply)

    def _delayed(self, rule: Rule, execute: Callable[[], Reply]) -> Answer:
        delay_ms = round(rule.args["seconds"] * 1000)
        if rule.args.get("before"):
            return Later(self._schedule.now + delay_ms, execute)
        return attrs.evolve(execute(), delivery=Delivery(delay_ms=delay_ms))

    def _stale(self, key: str, execute: Callable[[], Reply]) -> Reply:
        found = self._remembered.get(key)
        if found is None:
            found = self._remembered[key] = execute()
        return found

    def _not_found(self, rule: Rule, key: str, execute: Callable[[], Reply]) -> Reply:
        """Answer -2013 until `seconds` after the first time this was asked."""
        now = self._schedule.now
        first = self._first_seen.setdefault(f"{rule.id} {key}", now)
        if now - first >= round(rule.args.get("seconds", 2) * 1000):
            return execute()
        return _error(-2013, _MESSAGES[-2013], 400, ())


def _spoiled(rule: Rule, reply: Reply) -> Reply:
    args = rule.args
    if rule.do == "drop_response":
        return _lost(reply, rule)
    if rule.do == "reset":
        return attrs.evolve(reply, delivery=Delivery(part=args.get("part", 0.0), reset=True))
    if rule.do == "half_response":
        return attrs.evolve(reply, delivery=Delivery(part=args.get("part", 0.5)))
    if rule.do == "slow":
        return attrs.evolve(reply, delivery=Delivery(bytes_per_s=args.get("bytes_per_s", 100)))
    if rule.do == "status":
        return _with_status(args, reply)
    if rule.do == "code":
        code = args["code"]
        status = args.get("status") or _STATUS.get(code, 401 if code in _UNAUTHORIZED else 400)
        message = args.get("message", _MESSAGES.get(code, "An unknown error occurred."))
        return _error(code, message, status, _retry_after(args))
    if rule.do == "body":
        body, kind = distorted_body(args["body"], reply.body, args)
        return Reply(reply.status, body, (("Content-Type", kind), *reply.headers[1:]))
    if rule.do == "change":
        return _changed(args, reply)
    raise ValueError(f"no such action: {rule.do}")  # the parser knows them all


def _changed(args: Any, reply: Reply) -> Reply:
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return reply  # a page has no fields
    return attrs.evolve(reply, body=orjson.dumps(changed(value, args)))


def _lost(reply: Reply, rule: Rule) -> Reply:
    if rule.args.get("close"):
        return attrs.evolve(reply, delivery=Delivery(part=0.0))
    return attrs.evolve(reply, delivery=Delivery(lost=True))


def _with_status(args: Any, reply: Reply) -> Reply:
    status, kind = args["status"], args.get("body", "json")
    headers = _retry_after(args)
    if "location" in args:
        headers = (*headers, ("Location", args["location"]))
    if kind == "html":
        body, _ = distorted_body("html", reply.body, args)
        return Reply(status, body, (_HTML, *headers))
    if kind == "empty":
        return Reply(status, b"", (_JSON, *headers))
    if kind == "json":
        code = args.get("code", -1000 if status >= 500 else -1003)
        return _error(code, args.get("message", _MESSAGES.get(code, "")), status, headers)
    return Reply(status, kind.encode(), (_JSON, *headers))


def _error(code: int, message: str, status: int, headers: tuple[tuple[str, str], ...]) -> Reply:
    return Reply(status, orjson.dumps({"code": code, "msg": message}), (_JSON, *headers))


def _retry_after(args: Any) -> tuple[tuple[str, str], ...]:
    if "retry_after_s" not in args:
        return ()
    return (("Retry-After", str(args["retry_after_s"])),)
