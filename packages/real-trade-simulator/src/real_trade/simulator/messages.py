"""Messages on their way to websockets, and the faults that meet them there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from real_trade.simulator.distortions import changed, distorted_frame
from real_trade.simulator.faults import Faults, Rule, Scope
from real_trade.simulator.frames import encode
from real_trade.simulator.schedule import Schedule

__all__ = ["Message", "MessageFaults"]


class Message:
    """One message, encoded once for all who get it.

    `raw` bytes go out as they are, without a frame of their own: a fault made them.
    """

    __slots__ = ("_frame", "payload", "raw")

    def __init__(self, payload: bytes, *, raw: bool = False) -> None:
        self.payload = payload
        self.raw = raw
        self._frame: bytes | None = payload if raw else None

    @property
    def frame(self) -> bytes:
        """Return the bytes for the wire."""
        if self._frame is None:
            self._frame = encode(self.payload)
        return self._frame


Send = Callable[[Any], None]
"""Sends a message, given as the value that its JSON will say."""


class MessageFaults:
    """Applies the rules to one kind of message after another."""

    def __init__(self, faults: Faults, schedule: Schedule) -> None:
        self._faults = faults
        self._schedule = schedule
        self._held: dict[str, deque[tuple[int, Any, Send]]] = {}

    @property
    def active(self) -> bool:
        """Whether anything could happen to a message at all."""
        return bool(self._held) or self._faults.any(Scope.MESSAGE)

    def pass_on(
        self,
        target: str,
        value: Any,
        send: Send,
        send_raw: Callable[[Message], None],
        close: Callable[[int, str, bool], None],
    ) -> None:
        """Send `value`, or what the rules make of it."""
        rule = self._faults.hit(Scope.MESSAGE, target, self._schedule.now, facts=lambda: value)
        if rule is None:
            send(value)
        else:
            self._apply(rule, target, value, send, send_raw, close)
        self._release(target)

    def _apply(
        self,
        rule: Rule,
        target: str,
        value: Any,
        send: Send,
        send_raw: Callable[[Message], None],
        close: Callable[[int, str, bool], None],
    ) -> None:
        args = rule.args
        if rule.do == "duplicate":
            for _ in range(1 + args.get("copies", 1)):
                send(value)
        elif rule.do == "delay":
            self._schedule.after(round(args["seconds"] * 1000), lambda: send(value))
        elif rule.do == "reorder":
            # Counted from the next message on: this one's own release is the first.
            held = self._held.setdefault(target, deque())
            held.append((args.get("hold", 1) + 1, value, send))
        elif rule.do == "change":
            send(changed(value, args))
        elif rule.do == "raw":
            send_raw(Message(distorted_frame(args, orjson.dumps(value)), raw=True))
        elif rule.do == "close":
            close(args.get("code", 1006), args.get("reason", ""), args.get("reset", False))

    def _release(self, target: str) -> None:
        held = self._held.get(target)
        if not held:
            return
        waiting: deque[tuple[int, Any, Send]] = deque()
        for left, value, send in held:
            if left <= 1:
                send(value)
            else:
                waiting.append((left - 1, value, send))
        if waiting:
            self._held[target] = waiting
        else:
            del self._held[target]
