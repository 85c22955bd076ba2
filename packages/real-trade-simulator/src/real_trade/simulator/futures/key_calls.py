"""The endpoints of listen keys, which futures still have.

Source: futures documentation, "User Data Streams".
"""

from __future__ import annotations

from typing import Any

from real_trade.simulator.calls import Call
from real_trade.simulator.errors import ApiError
from real_trade.simulator.spot.user_data import ListenKeys

__all__ = ["KeyCalls"]


class KeyCalls:
    """Handlers of listenKey; the key goes by the account, a parameter is not needed."""

    def __init__(self, keys: ListenKeys) -> None:
        self._keys = keys

    def start(self, call: Call) -> dict[str, Any]:
        """POST listenKey: the account's key, extended, or a new one."""
        return {"listenKey": self._keys.create(call.account)}

    def extend(self, call: Call) -> dict[str, Any]:
        """PUT listenKey: another hour."""
        key = self._current(call)
        self._keys.extend(key)
        return {"listenKey": key}

    def stop(self, call: Call) -> dict[str, Any]:
        """DELETE listenKey."""
        self._keys.delete(self._current(call))
        return {}

    def _current(self, call: Call) -> str:
        key = call.params.text("listenKey") or self._keys.current(call.account)
        if key is None or self._keys.owner(key) != call.account:
            raise ApiError(-1125, "This listenKey does not exist.")
        return key
