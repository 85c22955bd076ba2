"""The account's events on spot, by a signed subscription on the websocket API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from real_trade.binance.quarantine import Quarantine
from real_trade.binance.user_events import SPOT_EVENTS
from real_trade.exchange import Sink
from real_trade.exchange.outcomes import clean
from real_trade.exchange.streams import Link, ReconnectingSocket
from real_trade.exchange.transport import Connector
from real_trade.model import Channel, ConnectionChanged, ConnectionState
from real_trade.runtime import Runtime

__all__ = ["UserStream"]

_SUBSCRIBE = "userDataStream.subscribe.signature"


class UserStream:
    """One account's events.

    Args:
        address: returns the websocket API's address; may block and raise an ExchangeError.
        sign: returns parameters with timestamp, key and signature.
        now: the exchange's time.
        symbol: the unified name of a native one.
        refused: is told the code of a subscription that the exchange refused.
    """

    def __init__(
        self,
        runtime: Runtime,
        connector: Connector,
        sink: Sink,
        *,
        address: Callable[[], str],
        sign: Callable[[], Mapping[str, Any]],
        now: Callable[[], datetime],
        symbol: Callable[[str], str],
        refused: Callable[[int], None],
    ) -> None:
        self.sink = sink
        self.sign = sign
        self.symbol = symbol
        self.refused = refused
        self.quarantine = Quarantine(runtime.clock)
        self._now = now
        self._lane = runtime.lane("user stream")
        self._socket = ReconnectingSocket(
            runtime, connector, address, self._session, self, lane=self._lane
        )

    def start(self) -> None:
        """Start to connect; returns at once."""
        self._socket.start()

    def close(self) -> None:
        """Stop; no value comes after this returns."""
        self._socket.close()
        self._lane.close(0.0)

    # Listener

    def connected(self) -> None:
        """Tell that the account's events can be relied on from now."""
        self._tell(ConnectionState.CONNECTED, "")

    def lost(self, detail: str) -> None:
        """Tell that the account's events cannot be relied on."""
        self._tell(ConnectionState.LOST, detail)

    def gave_up(self, detail: str) -> None:
        """Never comes: attempts are unlimited."""
        self._tell(ConnectionState.CLOSED, detail)

    def _session(self, link: Link) -> _UserSession:
        return _UserSession(link, self)

    def _tell(self, state: ConnectionState, detail: str) -> None:
        self.sink(
            ConnectionChanged(channel=Channel.ACCOUNT, state=state, time=self._now(), detail=detail)
        )


class _UserSession:
    def __init__(self, link: Link, stream: UserStream) -> None:
        self._link = link
        self._stream = stream

    def opened(self) -> None:
        """Subscribe."""
        request = {"id": 1, "method": _SUBSCRIBE, "params": self._stream.sign()}
        self._link.send(orjson.dumps(request).decode())

    def message(self, frame: bytes) -> None:
        """Hand a value to the sink, or deal with the answer to the subscription."""
        stream = self._stream
        try:
            message = orjson.loads(frame)
            event = message.get("event", message)
            kind = event.get("e")
            if kind is None:
                self._answer(message)
                return
            read = SPOT_EVENTS.get(kind)
            if read is None:
                self._other(kind)
                return
            value = read(event, stream.symbol)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # An account event that cannot be read is a gap in the account: have it filled.
            stream.quarantine.add(f"{type(error).__name__}: {error}")
            self._link.fail("an account event could not be read")
            return
        stream.sink(value)

    def _answer(self, message: Mapping[str, Any]) -> None:
        if message.get("status") == 200:
            self._link.ready()
            return
        error = message.get("error") or {}
        self._stream.refused(int(error.get("code", 0)))
        text = clean(str(error.get("msg", "no reason given")))
        self._link.fail(f"the exchange refused the account's events: {text}")

    def _other(self, kind: str) -> None:
        if kind == "serverShutdown":
            self._link.roll("the server shuts down")
        elif kind == "eventStreamTerminated":
            self._link.fail("the exchange ended the account's events")
        else:
            self._stream.quarantine.ignore(kind)
