"""Faults of connections: closed, silent, shut down, refused. They act by time, not by message."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import orjson

from real_trade.simulator.distortions import distorted_frame
from real_trade.simulator.faults import Faults, Rule, Scope
from real_trade.simulator.hub import StreamSocket
from real_trade.simulator.messages import Message
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.sockets import SocketEnd

__all__ = ["Outages"]

_SHUTDOWN_MS = 10_000


class Outages:
    """Carries out the rules on `socket:<path>`."""

    def __init__(self, faults: Faults, schedule: Schedule) -> None:
        self._faults = faults
        self._schedule = schedule
        self.sockets: dict[SocketEnd, None] = {}

    def start(self, rule: Rule) -> None:
        """Take a new rule: act at once, after `after_s`, and so often as `times` says."""
        if rule.scope is not Scope.SOCKET or rule.do == "refuse_connections":
            return
        delay_ms = round(rule.when.get("after_s", 0) * 1000)
        self._schedule.after(delay_ms, lambda: self._act(rule, delay_ms))

    def _act(self, rule: Rule, interval_ms: int) -> None:
        if rule not in self._faults:
            return
        rule.seen += 1
        found = [
            end for end in tuple(self.sockets) if fnmatchcase(f"socket:{end.path}", rule.pattern)
        ]
        if found:
            rule.hits += 1
        for end in found:
            self._apply(rule, end)
        if rule.seen < rule.when.get("times", 1) and interval_ms:
            self._schedule.after(interval_ms, lambda: self._act(rule, interval_ms))

    def _apply(self, rule: Rule, end: SocketEnd) -> None:
        args, now = rule.args, self._schedule.now
        if rule.do == "close_sockets":
            if args.get("reset"):
                end.abort()
            else:
                end.close(args.get("code", 1006), args.get("reason", ""))
        elif rule.do == "silence":
            length_ms = round(args.get("seconds", 86_400) * 1000)
            end.silent_until = now + length_ms
            if not args.get("pings", True):
                end.pings = False
                self._schedule.after(length_ms, lambda: _speak(end))
        elif rule.do == "raw":
            end.deliver(Message(distorted_frame(args, b'{"e":"raw"}'), raw=True))
        elif rule.do == "shutdown":
            end.deliver(Message(_shutdown(end, now)))
            delay_ms = round(args.get("seconds", _SHUTDOWN_MS / 1000) * 1000)
            self._schedule.after(delay_ms, lambda: end.close(1001, "Server shutdown"))

    def all(self) -> Iterable[SocketEnd]:
        """Return all open connections."""
        return tuple(self.sockets)


def _speak(end: SocketEnd) -> None:
    end.pings = True


def _shutdown(end: SocketEnd, now: int) -> bytes:
    """Return the event that announces the end, as this kind of connection wraps it."""
    event = {"e": "serverShutdown", "E": now}
    if not isinstance(end, StreamSocket):
        return orjson.dumps({"event": event})
    if end.combined:
        return orjson.dumps({"stream": "!serverShutdown", "data": event})
    return orjson.dumps(event)
