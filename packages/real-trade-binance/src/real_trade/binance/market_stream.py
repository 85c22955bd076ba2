"""Market data by one combined connection: subscribed by message, confirmed, and kept so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

import attrs
import orjson

from real_trade.binance.market_readers import Reader, reader_of, stream_name
from real_trade.binance.quarantine import Quarantine
from real_trade.exchange import Sink, Subscription
from real_trade.exchange.outcomes import clean
from real_trade.exchange.streams import Link, ReconnectingSocket, Reconnection
from real_trade.exchange.transport import Connector
from real_trade.model import Channel, ConnectionChanged, ConnectionState, Instrument
from real_trade.runtime import Runtime

__all__ = ["MarketStream"]

_BATCH = 100
_POLICY = Reconnection(silence_s=120.0)


class MarketStream:
    """All market streams of one account, on one connection.

    Args:
        now: the exchange's time.
        resolve: finds the instrument that a symbol names.
    """

    def __init__(
        self,
        runtime: Runtime,
        connector: Connector,
        url: str,
        sink: Sink,
        *,
        now: Callable[[], datetime],
        resolve: Callable[[str], Instrument],
    ) -> None:
        self.readers: dict[str, Reader] = {}
        self.sink = sink
        self.quarantine = Quarantine(runtime.clock)
        self._now = now
        self._resolve = resolve
        self._symbols: dict[Channel, dict[str, None]] = {}
        self._socket = ReconnectingSocket(
            runtime, connector, lambda: url, self._session, self, policy=_POLICY
        )
        self._talk: _MarketSession | None = None  # on the connection that is open, ready or not

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Subscribe to more; the first ones open the connection."""
        with self._socket.gate:
            fresh = dict(filter(None, map(self._enter, subscriptions)))
            if not fresh:
                return
            if self._talk is not None:
                self._talk.subscribe(list(fresh), lambda: self._tell_of(fresh.values()))
            self._socket.start()

    def close(self) -> None:
        """Stop; no value comes after this returns."""
        self._socket.close()

    # Listener

    def connected(self) -> None:
        """Tell each channel that it can be relied on from now."""
        self._tell(ConnectionState.CONNECTED, "")

    def lost(self, detail: str) -> None:
        """Tell each channel that it cannot be relied on."""
        self._tell(ConnectionState.LOST, detail)

    def gave_up(self, detail: str) -> None:
        """Never comes: attempts are unlimited."""
        self._tell(ConnectionState.CLOSED, detail)

    def talks_by(self, session: _MarketSession) -> None:
        """Use `session` for what is subscribed to from now on."""
        self._talk = session

    def _session(self, link: Link) -> _MarketSession:
        return _MarketSession(link, self)

    def _enter(self, wanted: Subscription) -> tuple[str, Subscription] | None:
        instrument = self._resolve(wanted.symbol)
        one = attrs.evolve(wanted, symbol=instrument.symbol)
        name = stream_name(one, instrument.native)
        if name in self.readers:
            return None
        self.readers[name] = reader_of(one, one.symbol, self._now)
        self._symbols.setdefault(one.channel, {})[one.symbol] = None
        return name, one

    def _tell(self, state: ConnectionState, detail: str) -> None:
        for channel, symbols in self._symbols.items():
            self._put(channel, state, tuple(symbols), detail)

    def _tell_of(self, fresh: Iterable[Subscription]) -> None:
        for one in fresh:
            self._put(one.channel, ConnectionState.CONNECTED, (one.symbol,), "")

    def _put(
        self, channel: Channel, state: ConnectionState, symbols: tuple[str, ...], detail: str
    ) -> None:
        self.sink(
            ConnectionChanged(
                channel=channel, state=state, time=self._now(), symbols=symbols, detail=detail
            )
        )


class _MarketSession:
    """What is said on one connection: SUBSCRIBE in batches, then ask what is subscribed."""

    def __init__(self, link: Link, stream: MarketStream) -> None:
        self._link = link
        self._stream = stream
        self._numbers = count(1)
        self._pending: dict[int, Callable[[Any], None]] = {}

    def opened(self) -> None:
        """Subscribe to everything there is."""
        self._stream.talks_by(self)
        self.subscribe(list(self._stream.readers), self._link.ready)

    def subscribe(self, names: Sequence[str], done: Callable[[], None]) -> None:
        """Subscribe to `names`; `done` is called once the exchange has them all."""
        for first in range(0, len(names), _BATCH):
            self._ask("SUBSCRIBE", lambda _: None, names[first : first + _BATCH])

        def check(listed: Any) -> None:
            missing = set(names) - set(listed)
            if missing:
                self._link.fail(f"the exchange left out {', '.join(sorted(missing)[:5])}")
            else:
                done()

        self._ask("LIST_SUBSCRIPTIONS", check)

    def message(self, frame: bytes) -> None:
        """Hand a value to the sink, or deal with the answer to a request."""
        stream = self._stream
        try:
            message = orjson.loads(frame)
            name = message.get("stream")
            if name is None:
                self._other(message)
                return
            reader = stream.readers.get(name)
            if reader is None:
                self._unknown(name)
                return
            value = reader(message["data"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if stream.quarantine.add(f"{type(error).__name__}: {error}"):
                self._link.fail("too many frames could not be read")
            return
        stream.sink(value)

    def _ask(
        self, method: str, answered: Callable[[Any], None], params: Sequence[str] = ()
    ) -> None:
        number = next(self._numbers)
        self._pending[number] = answered
        request: dict[str, Any] = {"method": method, "id": number}
        if params:
            request["params"] = params
        self._link.send(orjson.dumps(request).decode())

    def _other(self, message: Mapping[str, Any]) -> None:
        if message.get("e") == "serverShutdown":
            self._link.roll("the server shuts down")
        elif "error" in message:
            text = message["error"].get("msg", "")
            self._link.fail(f"the exchange refused a subscription: {clean(str(text))}")
        elif message.get("id") in self._pending:
            self._pending.pop(message["id"])(message.get("result"))
        else:
            self._stream.quarantine.ignore(str(message.get("e", "a message without a kind")))

    def _unknown(self, name: str) -> None:
        if name == "!serverShutdown":
            self._link.roll("the server shuts down")
        else:
            self._stream.quarantine.ignore(name)
