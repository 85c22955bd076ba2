"""Who hears an account's events, over whichever socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from real_trade.simulator.messages import Message, MessageFaults

__all__ = ["UserListener", "UserStreams"]


class UserListener(Protocol):
    """One subscription to one account's events."""

    def hear(self, event: Any) -> None:
        """Send one event."""

    def hear_raw(self, message: Message) -> None:
        """Send bytes as they are."""

    def cut(self, code: int, reason: str, reset: bool) -> None:
        """End the connection."""


class UserStreams:
    """Subscriptions by account."""

    def __init__(self, faults: MessageFaults) -> None:
        self._faults = faults
        self._listeners: dict[str, dict[UserListener, None]] = {}

    def join(self, account: str, listener: UserListener) -> None:
        """Let `listener` hear the account's events."""
        self._listeners.setdefault(account, {})[listener] = None

    def leave(self, account: str, listener: UserListener) -> None:
        """Let it hear no more."""
        self._listeners.get(account, {}).pop(listener, None)

    def of(self, account: str) -> tuple[UserListener, ...]:
        """Return who listens to `account`."""
        return tuple(self._listeners.get(account, ()))

    def publish(self, account: str, event: dict[str, Any]) -> None:
        """Send an event to all who listen to `account`."""
        listeners = self._listeners.get(account)
        if not listeners:
            return

        def each(act: Callable[[UserListener], None]) -> None:
            for listener in self.of(account):
                act(listener)

        self._faults.pass_on(
            f"user:{event['e']}",
            event,
            lambda value: each(lambda one: one.hear(value)),
            lambda message: each(lambda one: one.hear_raw(message)),
            lambda code, reason, reset: each(lambda one: one.cut(code, reason, reset)),
        )
