"""User data on spot: subscriptions on the websocket API, and the listen keys of old.

Source: spot documentation, web-socket-api.md, "User Data Stream requests"; CHANGELOG, 2026-01-21
(listen keys are gone since 2026-02-20: their endpoints answer 410).
"""

from __future__ import annotations

from typing import Any

from real_trade.runtime.chance import seeded
from real_trade.simulator.api_socket import ApiSocket
from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError
from real_trade.simulator.messages import Message
from real_trade.simulator.schedule import Schedule
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.time_units import event_in_microseconds
from real_trade.simulator.users import UserStreams

__all__ = ["ListenKeySocket", "ListenKeys", "SpotApiSocket", "Subscription"]

_MOST_IDS = 1000
_HOUR_MS = 3_600_000
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Subscription:
    """One account's events on one websocket API connection."""

    def __init__(self, socket: SpotApiSocket, number: int, account: str) -> None:
        self.number = number
        self.account = account
        self._socket = socket

    def hear(self, event: Any) -> None:
        """Send an event in its envelope."""
        if self._socket.microseconds:
            event = event_in_microseconds(event)
        self._socket.send_json({"subscriptionId": self.number, "event": event})

    def hear_raw(self, message: Message) -> None:
        """Send bytes as they are."""
        self._socket.deliver(message)

    def cut(self, code: int, reason: str, reset: bool) -> None:
        """End the connection."""
        if reset:
            self._socket.abort()
        else:
            self._socket.close(code, reason)


class SpotApiSocket(ApiSocket):
    """A connection to /ws-api/v3."""

    def __init__(self, *, users: UserStreams, **rest: Any) -> None:
        self._users = users
        self._subscriptions: dict[int, Subscription] = {}
        self._numbers = 0
        super().__init__(**rest)

    def gone(self) -> None:
        """End all subscriptions."""
        for one in self._subscriptions.values():
            self._users.leave(one.account, one)
        self._subscriptions.clear()
        super().gone()

    @staticmethod
    def subscribe_session(call: Call) -> dict[str, Any]:
        """userDataStream.subscribe: for the session's own account."""
        call.params.finish()
        socket: SpotApiSocket = call.socket
        if socket.session_key is None:
            raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return socket._subscribe(socket.session_key.account)

    @staticmethod
    def subscribe_signature(call: Call) -> dict[str, Any]:
        """userDataStream.subscribe.signature: for the account of the key."""
        call.params.finish()
        socket: SpotApiSocket = call.socket
        return socket._subscribe(call.account)

    @staticmethod
    def unsubscribe(call: Call) -> dict[str, Any]:
        """userDataStream.unsubscribe: one subscription, or all."""
        socket: SpotApiSocket = call.socket
        number = call.params.integer("subscriptionId")
        call.params.finish()
        numbers = list(socket._subscriptions) if number is None else [number]
        if not numbers or any(one not in socket._subscriptions for one in numbers):
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for one in numbers:
            socket.terminate(one)
        return {}

    @staticmethod
    def list_subscriptions(call: Call) -> list[dict[str, Any]]:
        """session.subscriptions."""
        call.params.finish()
        return [{"subscriptionId": number} for number in call.socket._subscriptions]

    def terminate(self, number: int) -> None:
        """End one subscription and say so."""
        one = self._subscriptions.pop(number)
        self._users.leave(one.account, one)
        one.hear({"e": "eventStreamTerminated", "E": self._schedule.now})

    def terminate_account(self, account: str) -> int:
        """End all subscriptions to `account`; return how many there were."""
        numbers = [n for n, one in self._subscriptions.items() if one.account == account]
        for number in numbers:
            self.terminate(number)
        return len(numbers)

    def end_session(self) -> None:
        """A logout ends the session's subscriptions."""
        for number in list(self._subscriptions):
            self.terminate(number)

    def hears_user_data(self) -> bool:
        """Return whether any subscription is there."""
        return bool(self._subscriptions)

    def _subscribe(self, account: str) -> dict[str, Any]:
        if any(one.account == account for one in self._subscriptions.values()):
            raise ApiError(-2035, "User Data Stream subscription already active.")
        if self._numbers >= _MOST_IDS:
            raise ApiError(-2042, "Maximum subscription ID reached for this connection.")
        one = Subscription(self, self._numbers, account)
        self._numbers += 1
        self._subscriptions[one.number] = one
        self._users.join(account, one)
        return {"subscriptionId": one.number}


class ListenKeySocket(SocketEnd):
    """A connection to /ws/<listenKey>: events without an envelope."""

    def __init__(self, *, users: UserStreams, account: str, combined: str, **rest: Any) -> None:
        super().__init__(**rest)
        self._users = users
        self._account = account
        self._combined = combined
        users.join(account, self)

    def take(self, text: bytes) -> None:
        """Nothing can be asked for on this socket."""

    def hear(self, event: Any) -> None:
        """Send an event."""
        if self.microseconds:
            event = event_in_microseconds(event)
        if self._combined:
            event = {"stream": self._combined, "data": event}
        self.send_json(event)

    def hear_raw(self, message: Message) -> None:
        """Send bytes as they are."""
        self.deliver(message)

    def cut(self, code: int, reason: str, reset: bool) -> None:
        """End the connection."""
        if reset:
            self.abort()
        else:
            self.close(code, reason)

    def gone(self) -> None:
        """Hear no more."""
        self._users.leave(self._account, self)
        super().gone()


class ListenKeys:
    """Keys that name an account's stream for an hour; the newest of an account stays the same."""

    def __init__(self, schedule: Schedule, seed: str, life_ms: int = _HOUR_MS) -> None:
        self._schedule = schedule
        self._life_ms = life_ms
        self._chance = seeded(seed)
        self._keys: dict[str, tuple[str, int]] = {}

    def create(self, account: str) -> str:
        """Return the account's key, extended, or a new one."""
        found = self.current(account)
        if found is not None:
            self.extend(found)
            return found
        key = "".join(self._chance.choices(_ALPHABET, k=60))
        self._keys[key] = (account, self._schedule.now + self._life_ms)
        return key

    def current(self, account: str) -> str | None:
        """Return the account's key, or None."""
        for key, (owner, until) in self._keys.items():
            if owner == account and until > self._schedule.now:
                return key
        return None

    def extend(self, key: str) -> None:
        """Let the key live for another hour."""
        self._keys[key] = (self.owner(key), self._schedule.now + self._life_ms)

    def delete(self, key: str) -> None:
        """Forget the key."""
        self.owner(key)
        del self._keys[key]

    def owner(self, key: str) -> str:
        """Return whose key it is.

        Raises:
            ApiError: -1125 for a key that does not exist or has expired.
        """
        account, until = self._keys.get(key, ("", 0))
        if until <= self._schedule.now:
            raise ApiError(-1125, "This listenKey does not exist.")
        return account
